//! How peers that are servers prove it, with keys of the cluster's secret: in clear, or as they seal their link.

use tinyrealm_core::node::cluster::{
    ClusterKey, ClusterSecret, ClusterSecrets, Side, Transcript, Way,
};
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use tinyrealm_core::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use tinyrealm_core::protocol::{Nonce, ServerKind, decode};

use crate::hosts::Host;
use crate::script::{Voice, frame};

fn secret() -> ClusterSecret {
    ClusterSecret::new(&[9; 32]).expect("32 bytes")
}

/// What all servers of the suite have their keys from; so their links stand.
pub fn secrets(way: Way) -> ClusterSecrets {
    ClusterSecrets::of(secret()).on(way)
}

/// The suite's world that dials is this one.
pub(crate) const WORLD_ID: u16 = 1;

/// The key of a world.
pub(crate) fn key(id: u16) -> ClusterKey {
    secret().key_of(ServerKind::WORLD, id)
}

/// Which server a peer is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// The world of this id, which has connected to a Main.
    World(u16),
    /// The Main that a world has connected to.
    Main,
}

/// What every peer's nonce is.
const NONCE: Nonce = Nonce([3; 16]);

fn transcript(id: u16, dialer_nonce: Nonce, listener_nonce: Nonce) -> Transcript {
    let (dialer, listener) = (ServerKind::WORLD, ServerKind::MAIN);
    Transcript { dialer, listener, id, dialer_nonce, listener_nonce }
}

/// What a Main answers to the world whose frames these are.
pub fn challenge(frames: &[&[u8]]) -> Vec<u8> {
    let _: ClusterHello = decode(&frames[0][4..]).expect("a ClusterHello");
    frame(&ClusterChallenge { version: 2, nonce: NONCE })
}

/// What it answers to the world's proof.
pub fn ack(frames: &[&[u8]]) -> Vec<u8> {
    let shown: ClusterProof = decode(&frames[1][4..]).expect("a ClusterProof");
    let proof = key(WORLD_ID).proof(Side::Listener, &transcript(WORLD_ID, shown.nonce, NONCE));
    frame(&ClusterAck { proof })
}

fn hello() -> Vec<u8> {
    let (versions, kind) = (Versions::OURS, ServerKind::WORLD);
    frame(&ClusterHello { versions, kind, id: WORLD_ID, nonce: NONCE })
}

fn proof(frames: &[&[u8]], id: u16) -> Vec<u8> {
    let challenge: ClusterChallenge = decode(&frames[0][4..]).expect("a ClusterChallenge");
    let proof = key(id).proof(Side::Dialer, &transcript(id, NONCE, challenge.nonce));
    frame(&ClusterProof { id, nonce: NONCE, proof, former_proof: None })
}

/// A peer proves in clear what it claims. Answers how many frames it has heard meanwhile that are not for what the link is for.
pub(crate) fn prove(
    claim: Claim,
    host: &mut impl Host,
    (peer, voice): (usize, &mut Voice),
    place: &dyn Fn() -> String,
) -> usize {
    const FRAMES: usize = 2;
    match claim {
        Claim::World(id) => {
            host.send(peer, &hello());
            voice.await_more(host, peer, 1, place);
            host.send(peer, &proof(&voice.frames(host.received(peer)), id));
            voice.await_more(host, peer, 1, place);
        }
        Claim::Main => {
            for answer in [challenge, ack] as [fn(&[&[u8]]) -> Vec<u8>; FRAMES] {
                voice.await_more(host, peer, 1, place);
                host.send(peer, &answer(&voice.frames(host.received(peer))));
            }
        }
    }
    FRAMES
}

/// Overwrites the challenge that a peer has heard first of all, and the proof behind it.
pub fn blank_challenge(stream: &mut [u8]) {
    const CHALLENGE_BYTES: usize = 6 + 1 + 16;
    blank(stream, ClusterChallenge::OPCODE.0, 1 + 16);
    if let Some(behind) = stream.get_mut(CHALLENGE_BYTES..) {
        blank(behind, ClusterAck::OPCODE.0, 32);
    }
}

fn blank(stream: &mut [u8], opcode: i32, bytes: usize) {
    if stream.get(2..6) == Some(&opcode.to_le_bytes()[..])
        && let Some(body) = stream.get_mut(6..6 + bytes)
    {
        body.fill(0);
    }
}

//! The proof of the cluster secret, as peers that are servers give it.

use tinyrealm_core::node::cluster::{
    ClusterKey, ClusterSecret, ClusterSecrets, Side, Transcript, Way,
};
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use tinyrealm_core::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use tinyrealm_core::protocol::{Nonce, ServerKind, decode};

use crate::script::{Act, Heard, frame};

fn secret() -> ClusterSecret {
    ClusterSecret::new(&[9; 32]).expect("32 bytes")
}

/// What all servers of the suite have their keys from. The scripts' peers speak in clear.
pub fn secrets() -> ClusterSecrets {
    ClusterSecrets::of(secret()).on(Way::Clear)
}

/// The suite's world that dials is this one.
const WORLD_ID: u16 = 1;

fn key(id: u16) -> ClusterKey {
    secret().key_of(ServerKind::WORLD, id)
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

fn proof(heard: &Heard, peer: usize, id: u16) -> Vec<u8> {
    let challenge: ClusterChallenge =
        decode(&heard.frames(peer)[0][4..]).expect("a ClusterChallenge");
    let proof = key(id).proof(Side::Dialer, &transcript(id, NONCE, challenge.nonce));
    frame(&ClusterProof { id, nonce: NONCE, proof, former_proof: None })
}

/// The new peer `PEER` connects to Main and proves that it is world `ID`.
pub fn proven_world<const PEER: usize, const ID: u16>() -> [Act; 5] {
    let hello = ClusterHello {
        versions: Versions::OURS,
        kind: ServerKind::WORLD,
        id: WORLD_ID,
        nonce: NONCE,
    };
    [
        Act::Connect,
        Act::Say(PEER, frame(&hello)),
        Act::Await(PEER, 1),
        Act::Answer(PEER, |heard| proof(heard, PEER, ID)),
        Act::Await(PEER, 1),
    ]
}

/// Peer `PEER`, which a world has just connected to, proves that it is Main; the world has said its
/// proof and its registration then.
pub fn proven_main<const PEER: usize>() -> [Act; 5] {
    [
        Act::Await(PEER, 1),
        Act::Answer(PEER, |heard| challenge(&heard.frames(PEER))),
        Act::Await(PEER, 1),
        Act::Answer(PEER, |heard| ack(&heard.frames(PEER))),
        Act::Await(PEER, 1),
    ]
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

//! The proof of the cluster secret, as peers that are servers give it.

use tinyrealm_core::node::cluster::{ClusterSecret, Side, Transcript};
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use tinyrealm_core::protocol::listener_to_dialer::ClusterChallenge;
use tinyrealm_core::protocol::{Nonce, ServerKind, decode};

use crate::script::{Act, Heard, frame};

/// What all servers of the suite share.
pub fn secret() -> ClusterSecret {
    ClusterSecret::new(&[9; 32]).expect("32 bytes")
}

/// What every peer's nonce is.
const NONCE: Nonce = Nonce([3; 16]);

fn transcript(dialer_nonce: Nonce, listener_nonce: Nonce) -> Transcript {
    let (dialer, listener) = (ServerKind::WORLD, ServerKind::MAIN);
    Transcript { dialer, listener, dialer_nonce, listener_nonce }
}

/// What a Main answers to the world whose frames these are.
pub fn challenge(frames: &[&[u8]]) -> Vec<u8> {
    let hello: ClusterHello = decode(&frames[0][4..]).expect("a ClusterHello");
    let proof = secret().proof(Side::Listener, &transcript(hello.nonce, NONCE));
    frame(&ClusterChallenge { version: 2, nonce: NONCE, proof })
}

fn proof(heard: &Heard, peer: usize) -> Vec<u8> {
    let challenge: ClusterChallenge =
        decode(&heard.frames(peer)[0][4..]).expect("a ClusterChallenge");
    let proof = secret().proof(Side::Dialer, &transcript(NONCE, challenge.nonce));
    frame(&ClusterProof { nonce: NONCE, proof })
}

/// The new peer `PEER` connects to Main and proves that it is a world.
pub fn proven_world<const PEER: usize>() -> [Act; 4] {
    let hello = ClusterHello { versions: Versions::OURS, kind: ServerKind::WORLD, nonce: NONCE };
    [
        Act::Connect,
        Act::Say(PEER, frame(&hello)),
        Act::Await(PEER, 1),
        Act::Answer(PEER, |heard| proof(heard, PEER)),
    ]
}

/// Peer `PEER`, which a world has just connected to, proves that it is Main; the world has said its
/// proof and its registration then.
pub fn proven_main<const PEER: usize>() -> [Act; 3] {
    [
        Act::Await(PEER, 1),
        Act::Answer(PEER, |heard| challenge(&heard.frames(PEER))),
        Act::Await(PEER, 2),
    ]
}

/// Overwrites the version, the nonce and the proof of a challenge that a peer has heard first of all.
pub fn blank_challenge(stream: &mut [u8]) {
    let opcode = ClusterChallenge::OPCODE.0.to_le_bytes();
    if stream.get(2..6) == Some(&opcode[..])
        && let Some(body) = stream.get_mut(6..6 + 1 + 16 + 32)
    {
        body.fill(0);
    }
}

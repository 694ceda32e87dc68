//! The scripts of the suite, by the role of the node.

pub mod client;
pub mod main;
pub mod world;

use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, Opcode, write_frame};

use crate::nodes::{NET, PACKET_BURST};
use crate::script::{Act, frame, raw_frame};

/// An opcode that no link has.
const UNKNOWN: i32 = 0x7F01;

/// A frame with an opcode that no link has, and a body of so many bytes.
fn unknown(body_bytes: usize) -> Vec<u8> {
    let mut out = vec![0; body_bytes + 2];
    write_frame(&mut out, Opcode(UNKNOWN), &vec![0xAB; body_bytes - 4]).expect("it fits");
    out
}

/// `count` pings in one piece.
fn pings(count: u32) -> Vec<u8> {
    (0..count).flat_map(|nonce| frame(&Ping { nonce })).collect()
}

/// Frames that break the rules of every link, whatever has been said before.
fn broken_frames() -> Vec<Vec<u8>> {
    let limit = NET.frame_limit_bytes;
    // One more than the most of all would be "GE": the beginning of a WebSocket.
    let mut frames: Vec<Vec<u8>> = [0, 1, 3, limit + 1, FRAME_LIMIT_MAX_BYTES + 2, u16::MAX]
        .map(|body_bytes| body_bytes.to_le_bytes().to_vec())
        .into();
    // A Ping without its payload, with half of a varint, with bytes left over, with a number that is
    // too large; a Bye with a reason that is too large.
    frames.extend([
        raw_frame(&[2, 0, 0, 0]),
        raw_frame(&[2, 0, 0, 0, 0x80]),
        raw_frame(&[2, 0, 0, 0, 5, 5]),
        raw_frame(&[2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
        raw_frame(&[4, 0, 0, 0, 0xFF, 0xFF, 0x7F]),
    ]);
    frames
}

/// What every link tolerates, and how: unknown opcodes up to the limit, frames of all splits. Ends with
/// the peer open; says 70 frames.
fn tolerated(peer: usize) -> Vec<Act> {
    vec![
        Act::Say(peer, [unknown(4), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Say(peer, [unknown(usize::from(NET.frame_limit_bytes)), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Trickle(peer, [unknown(6), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Say(peer, pings(64)),
        Act::Await(peer, 64),
    ]
}

/// A new peer that breaks the rules right away, each in its way.
fn rude_strangers(first: usize) -> Vec<Act> {
    let breaks = broken_frames().into_iter().enumerate();
    let acts = breaks.flat_map(|(number, bytes)| {
        let peer = first + number;
        [Act::Connect, Act::Say(peer, bytes), Act::AwaitEnd(peer)]
    });
    acts.collect()
}

/// A new peer that says one frame more than it may at once.
fn flood(peer: usize) -> Vec<Act> {
    vec![
        Act::Connect,
        Act::Say(peer, pings(u32::from(PACKET_BURST))),
        Act::Await(peer, usize::from(PACKET_BURST)),
        Act::Say(peer, pings(2)),
        Act::AwaitEnd(peer),
    ]
}

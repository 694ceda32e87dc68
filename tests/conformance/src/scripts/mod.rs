//! The scripts of the suite, by the role of the node.

pub mod client;
pub mod main;
pub mod world;

use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::session::limits::STRANGER_BURST;
use tinyrealm_core::wire::ws::FrameKind;
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, Opcode, write_frame};

use crate::nodes::{NET, PACKET_BURST};
use crate::script::{Act, frame, raw_frame};
use crate::web::{masked, messages, piece, with_first};

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
    let limit = NET.frame_limit_bytes as u16;
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

/// What WebSockets may not say, whatever has been said before.
fn broken_web_socket_frames() -> Vec<Vec<u8>> {
    let limit = NET.frame_limit_bytes as u16;
    let [high, low] = (limit + 1).to_be_bytes();
    let ping = messages(&pings(1));
    vec![
        // No mask, a bit and an opcode that nobody has, a Ping that is too long, and one in pieces.
        vec![0x82, 4, 1, 0, 0, 0],
        with_first(0x40, ping.clone()),
        with_first(0x01, ping.clone()),
        [&[0x89, 0xFE, 0, 126][..], &[0; 4 + 126]].concat(),
        piece(FrameKind::Ping, b""),
        // The end of no message, and a message within a message.
        masked(FrameKind::Continuation, b"1"),
        [piece(FrameKind::Binary, b"12"), ping].concat(),
        // One byte over the limit, and the most that a header can say.
        vec![0x82, 0xFE, high, low, 0, 0, 0, 0],
        [&[0x82, 0xFF][..], &[0xFF; 8], &[0; 4]].concat(),
        // Closed with half a code, with one that nobody may say, for no reason in UTF-8.
        masked(FrameKind::Close, &[3]),
        masked(FrameKind::Close, &[3, 237]),
        masked(FrameKind::Close, &[3, 232, 0xFF]),
        masked(FrameKind::Text, b"hello"),
        // Messages that are no frames of ours.
        masked(FrameKind::Binary, b""),
        masked(FrameKind::Binary, &[1, 2, 3]),
    ]
}

/// What a WebSocket may say, and few do: a message in pieces with Pings between, byte by byte, too.
fn tolerated_web_socket(peer: usize) -> Vec<Act> {
    let ping = frame(&Ping { nonce: 7 });
    let [first, second, third] = [&ping[2..3], &[], &ping[3..]];
    let pieces = [
        piece(FrameKind::Binary, first),
        masked(FrameKind::Ping, &[0xA5; 125]),
        piece(FrameKind::Continuation, second),
        masked(FrameKind::Pong, b"nobody asked"),
        masked(FrameKind::Continuation, third),
    ]
    .concat();
    vec![
        Act::Say(peer, pieces.clone()),
        Act::Await(peer, 2),
        Act::Trickle(peer, pieces),
        Act::Await(peer, 2),
        Act::Say(peer, messages(&unknown(NET.frame_limit_bytes as usize))),
        Act::Say(peer, messages(&pings(AT_ONCE))),
        Act::Await(peer, AT_ONCE as usize),
    ]
}

/// So many frames, and what comes before them, are a stranger's burst at most.
const AT_ONCE: u32 = 20;

/// What every link tolerates, and how: unknown opcodes up to the limit, frames of all splits. Ends with
/// the peer open; says few enough frames for a stranger.
fn tolerated(peer: usize) -> Vec<Act> {
    vec![
        Act::Say(peer, [unknown(4), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Say(peer, [unknown(NET.frame_limit_bytes as usize), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Trickle(peer, [unknown(6), pings(1)].concat()),
        Act::Await(peer, 1),
        Act::Say(peer, pings(AT_ONCE)),
        Act::Await(peer, AT_ONCE as usize),
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

/// New peers that become WebSockets, or not quite, and break the rules right away, each in its way.
fn rude_web_sockets(first: usize) -> Vec<Act> {
    let mut acts = vec![
        Act::Connect,
        Act::Say(first, b"GET / HTTP/1.0\r\n\r\n".to_vec()),
        Act::AwaitEnd(first),
        Act::Connect,
        Act::Say(first + 1, b"GET /".to_vec()),
        Act::Shut(first + 1),
        Act::AwaitEnd(first + 1),
    ];
    for (number, bytes) in broken_web_socket_frames().into_iter().enumerate() {
        let peer = first + 2 + number;
        acts.extend([Act::Connect, Act::Open(peer), Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    acts
}

/// A new peer that says one frame more than it may at once.
fn flood(peer: usize) -> Vec<Act> {
    let burst = PACKET_BURST.min(STRANGER_BURST);
    vec![
        Act::Connect,
        Act::Say(peer, pings(u32::from(burst))),
        Act::Await(peer, usize::from(burst)),
        Act::Say(peer, pings(2)),
        Act::AwaitEnd(peer),
    ]
}

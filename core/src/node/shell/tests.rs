//! A packet's way through the shell, under a role that only looks on.

mod calls;
#[cfg(feature = "websocket")]
mod dialed;
mod frames;
#[cfg(feature = "websocket")]
mod opening;
#[cfg(feature = "websocket")]
mod web_socket;
mod writes;

use super::*;
use crate::node::testing::{
    Asked, BENCH_CONFIG, Bench, Recorder, Said, Seen, Sizes, address_of, frame_of, with_recorder,
};
use crate::protocol::either_way::{Bye, Error, Ping, Pong};
use crate::session::{LinkTag, SessionState, Trust};
use crate::wire::Opcode;

/// What a buffer holds besides a WebSocket's longest message: a control frame between its pieces.
#[cfg(feature = "websocket")]
const BESIDE_BYTES: usize = 131;

/// Runs `test` at a bench whose peers are known from the start.
fn with_clients(test: impl FnOnce(&mut Bench<'_, Recorder>)) {
    with_recorder(Sizes::ALL, BENCH_CONFIG, Recorder::trusting(Trust::Client), test);
}

/// A frame with `opcode` and `payload_bytes` of payload.
fn frame(opcode: Opcode, payload_bytes: usize) -> std::vec::Vec<u8> {
    let mut bytes = std::vec![0; 6 + payload_bytes];
    crate::wire::write_frame(&mut bytes, opcode, &std::vec![7; payload_bytes]).unwrap();
    bytes
}

impl Bench<'_, Recorder> {
    /// What the role has seen since it was looked at last.
    fn seen(&mut self) -> std::vec::Vec<Seen> {
        self.turn(|node, turn| node.act(turn, |watched, _| core::mem::take(&mut watched.role.seen)))
    }
}

//! The protocol core of Tinyrealm: frames, sessions, rooms, chat, and the five roles of a realm, as state
//! machines that do no I/O.
//!
//! Purpose: everything that a realm's servers, its devices and its clients have in common, once. It allocates
//! nothing, reads no clock, draws no randomness and can't panic, so the same code is a server on tokio
//! (`tinyrealm-std`), a board (`tinyrealm-smoltcp`) and a web page (`tinyrealm-web-client`).
//!
//! | you want to | begin at |
//! |---|---|
//! | make a game | [`node::world::Game`], and [`protocol!`] for messages of its own |
//! | write its client | [`mod@node::client`], [`net::RealmMemory`] |
//! | speak a protocol of your own, without a realm | [`protocol!`], [`net`] |
//! | write a driver for another network | [`node`], whose head is the driver's loop |
//! | know what is on the wire | [`wire`], [`mod@protocol`], [`protocol::schema`] |
//!
//! Contract: time and randomness come in with each call ([`entropy::Turn`]); bytes, deadlines and requests come
//! out by `poll_*`. Nothing waits, nothing is told later than in the call that caused it.
//!
//! Bounds: whatever the storage has that is lent to a node ([`node::NodeMemory`] for arrays, slices otherwise).
//! What does not fit is an answer, [`wire::Full`] or a refusal with a code, and never a panic.
//!
//! A message is a struct; its frame is bytes, and what a driver reads is cut into frames again:
//!
//! ```
//! use tinyrealm_core::protocol::client_to_world::Move;
//! use tinyrealm_core::protocol::{Direction, Position, encode_frame};
//! use tinyrealm_core::wire::{Framed, Full, PacketFramer};
//!
//! let step = Move { pos: Position { x: 1_500, y: -1_000, z: 0 }, dir: Direction(0) };
//! let mut bytes = [0; 32];
//! let length = encode_frame(&step, &mut bytes)?;
//! let Framed::Frame { frame, rest } = PacketFramer::new(512).next_frame(&bytes[..length]) else {
//!     panic!("a whole frame")
//! };
//! assert_eq!((frame.opcode, rest), (Move::OPCODE, &[][..]));
//! # Ok::<(), Full>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing
    )
)]

#[cfg(test)]
extern crate std;

mod log;

pub mod backoff;
pub mod broadcast;
pub mod config;
pub mod dispatch;
pub mod entropy;
pub mod net;
pub mod node;
pub mod protocol;
pub mod rate_limited_log;
#[cfg(feature = "secure")]
pub mod secure;
pub mod session;
pub mod stats;
pub mod storage;
pub mod time;
pub mod timer;
pub mod wire;

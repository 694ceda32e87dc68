//! Tinyrealm on a microcontroller's network.
//!
//! Purpose: [`engine`] turns what sockets do into calls of a node and back, one turn at a time, without
//! waiting for anything. What a socket is, a [`bank`] says: embassy-net's (`embassy`), plain smoltcp's
//! (`poll`), the channels of a serial line (`serial`), each with its driver, or any byte stream (`stream`), whose driver is three lines:
//! a turn, the end if the engine is finished, and the wait until the stream has changed or the next turn
//! is due.
//!
//! Contract: the same node, the same bytes, whatever the bank. Whole frames are written, so no rest of
//! a cut frame has to be kept in the node's memory; a partial frame stays in its socket while the node
//! has no buffer for it. Nothing of smoltcp or embassy appears in a signature that a role sees.
//!
//! Bounds: one link a socket; a turn looks at every link, of which a device has a dozen.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod bank;
#[cfg(feature = "embassy")]
pub mod embassy;
pub mod engine;
#[cfg(feature = "poll")]
pub mod poll;
#[cfg(feature = "serial")]
pub mod serial;
#[cfg(feature = "saves")]
pub mod store;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(any(feature = "embassy", feature = "poll"))]
mod tcp_state;

pub use bank::{SocketBank, SocketState};
pub use engine::{Engine, Link};

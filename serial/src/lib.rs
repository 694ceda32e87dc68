//! Eight connections over one serial line, between a board and a desktop.
//!
//! Purpose: a UART carries bytes, loses some and makes others of them. [`Mux`] makes connections of that which are as good as TCP's:
//! what one end accepts the other gets, once and in order, or both hear that the connection has ended. A channel that
//! nobody reads holds up no other one, and whichever end begins anew, the other notices.
//!
//! Contract: sans-IO. Bytes of the line go in by [`Mux::received`] and come out by [`Mux::to_send`]; the time is an argument, in
//! milliseconds that may wrap. No allocation, no panic, nothing that waits. What stands on the line is in PROTOCOL.md, "Serial lines".
//!
//! Bounds: [`CHANNELS_MAX`] channels; two buffers a channel, which the caller lends; two frames.
//!
//! ```
//! use tinyrealm_serial::{Channel, ChannelState, End, Mux, Options};
//!
//! let (mut channels, mut more) = ([Channel::IDLE; 2], [Channel::IDLE; 8]);
//! let (mut bytes, mut more_bytes) = ([0; 2 * 2 * 64], [0; 8 * 2 * 64]);
//! let options = |end, epoch| Options { end, listeners: 1, baud: 115_200, epoch };
//! let mut board = Mux::new(options(End::Board, 7), &mut channels, &mut bytes);
//! let mut desktop = Mux::new(options(End::Desktop, 9), &mut more, &mut more_bytes);
//! let mut talk = |board: &mut Mux, desktop: &mut Mux| {
//!     for _ in 0..20 {
//!         for bytes in [desktop.to_send(0).to_vec()] {
//!             desktop.sent(bytes.len());
//!             board.received(&bytes, 0);
//!         }
//!         for bytes in [board.to_send(0).to_vec()] {
//!             board.sent(bytes.len());
//!             desktop.received(&bytes, 0);
//!         }
//!     }
//! };
//! board.listen(0);
//! talk(&mut board, &mut desktop);
//! assert!(desktop.open(0, [10, 0, 0, 1, 0, 80], 0));
//! talk(&mut board, &mut desktop);
//! board.accept(0);
//! board.send(0, b"hello", 0);
//! talk(&mut board, &mut desktop);
//! assert_eq!(desktop.state(0), ChannelState::Open);
//! assert_eq!(desktop.held(0), b"hello");
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod channel;
mod frame;
mod link;
mod mux;
mod stream;

pub use channel::{Channel, ChannelState};
pub use frame::{ADDRESS_BYTES, CHANNELS_MAX, DATA_MAX_BYTES, ENCODED_MAX_BYTES, End, VERSION};
pub use link::{CALL_INTERVAL_MS, PROBE_AFTER_MS, SILENCE_MS};
pub use mux::{IN_FLIGHT_MAX_BYTES, Mux, Options, Stats};

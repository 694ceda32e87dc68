//! WebSocket (RFC 6455), without any I/O: the other transport of the same frame bodies.
//!
//! Purpose: one binary message is one body, `[opcode: i32 LE][payload]`. [`handshake`] turns an HTTP
//! request into a connection, [`header`] reads and writes frame headers, [`mask`] is the XOR that
//! clients put over their payloads, [`mask_keys`] what they do it with, [`assembly`] makes messages of
//! frames, [`close`] says why a connection ends, and [`reframe`] makes messages of bodies and of
//! stream frames.
//!
//! Contract: either side of a connection; functions over the caller's slices and small state whose
//! all-zero bits are the beginning. No extension is spoken, text messages are refused. What a peer
//! does wrong is answered with the [`CloseCode`] that it is to be told.
//!
//! Words: a *frame* is RFC 6455's here; one or more of them are a *message*.
//!
//! ```
//! use tinyrealm_core::wire::ws::{Assembly, Rules, Side, Step, reframe_into};
//! use tinyrealm_core::wire::{Opcode, write_frame};
//! let mut stream_frame = [0; 16];
//! let used = write_frame(&mut stream_frame, Opcode(0x2001), b"hi").unwrap();
//! // What a client sends, masked…
//! let mut sent = [0; 32];
//! let message = reframe_into(&stream_frame[..used], &mut sent, Some([1, 2, 3, 4])).unwrap();
//! // …and how a server reads it.
//! let rules = Rules { side: Side::Server, limit_bytes: 512 };
//! let mut assembly = Assembly::default();
//! let step = assembly.step(&mut sent[..message.written_bytes], rules);
//! let Step::Message(body) = step else { panic!() };
//! assert_eq!(sent[body], stream_frame[2..used]);
//! ```

use core::ops::Range;

pub mod assembly;
pub mod close;
pub mod handshake;
pub mod header;
pub mod mask;
pub mod mask_keys;
pub mod reframe;

pub use assembly::{Assembly, MESSAGE_LIMIT_MAX_BYTES, Rules, Step, WholeMessage, buffer_bytes};
pub use close::{Close, CloseCode};
pub use header::{FrameHeader, FrameKind, MaskKey, ParsedHeader, Side};
pub use mask::{apply_mask, copy_masked};
pub use mask_keys::MaskKeys;
pub use reframe::{Reframed, reframe_into, write_frame, write_message};

/// The longest payload of a control frame.
pub const CONTROL_PAYLOAD_MAX_BYTES: usize = 125;

/// The sub-protocol of this wire, as it is offered and chosen in handshakes.
pub const SUB_PROTOCOL: &str = "tinyrealm.v2";

/// Moves the bytes at `from` to `to`, if both lie within `bytes`. The only place that does, and not
/// inlined: so the compiler sees that it can't panic.
#[inline(never)]
fn move_within(bytes: &mut [u8], from: Range<usize>, to: usize) {
    let Some(moved_bytes) = bytes.get(from.clone()).map(<[u8]>::len) else { return };
    if bytes.len().checked_sub(moved_bytes).is_some_and(|most| to <= most) {
        bytes.copy_within(from.start..from.start + moved_bytes, to);
    }
}

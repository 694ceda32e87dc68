//! Broadcasting: what is said once and heard by many.
//!
//! Purpose: [`ring`] is the one copy of what a room says, with a cursor a member; [`rings`] keeps a
//! second one while members are WebSockets, whose frames have another prefix, so that neither kind
//! costs a copy a member.
//!
//! Contract: appended once, published at once, in the same order on both.
//!
//! ```
//! use tinyrealm_core::broadcast::{BroadcastRings, FrameClass, RingBytes, Window};
//! use tinyrealm_core::wire::{Framing, Opcode, write_frame};
//! let mut bytes = [0; 64];
//! let mut all = RingBytes::new(&mut bytes, &mut [], 1);
//! let mut rings = BroadcastRings::EMPTY;
//! let cursor = rings.enter(Framing::Stream);
//! let encode = |room: &mut [u8]| write_frame(room, Opcode(1), b"hi");
//! rings.append(&mut all, 0, FrameClass::Counted, 8, encode).unwrap();
//! rings.publish();
//! let Window::Slices([first, ..]) = rings.window(&all, 0, &cursor) else { panic!() };
//! assert_eq!(first, [6, 0, 1, 0, 0, 0, b'h', b'i']);
//! ```

mod cursor;
pub mod ring;
pub mod rings;
mod window;

pub use cursor::Cursor;
pub use ring::{BroadcastRing, FrameClass};
pub use rings::{BroadcastRings, Positions, RingBytes};
pub use window::{Advanced, Window};

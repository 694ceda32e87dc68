//! The wire format: bytes to frames and back, without any I/O.
//!
//! Purpose: one idea a file. [`header`] is the stream prefix, [`frame`] the body that is the same on
//! every transport, [`framer`] cuts frames out of received bytes, [`reader`] and [`writer`] are the
//! bounds- and endian-safe cursors under them, [`opcode`] the bands, [`ws`] the same bodies as
//! WebSocket messages, [`framing`] the choice between the two.
//!
//! Contract: nothing here keeps state between calls, allocates, or can panic.
//!
//! ```
//! use tinyrealm_core::wire::{Framed, Opcode, PacketFramer, write_frame};
//! let mut bytes = [0; 16];
//! let used = write_frame(&mut bytes, Opcode(0x0002), b"hi").unwrap();
//! let framer = PacketFramer::new(512);
//! let Framed::Frame { frame, rest } = framer.next_frame(&bytes[..used]) else { panic!() };
//! assert_eq!((frame.opcode, frame.payload, rest), (Opcode(0x0002), &b"hi"[..], &b""[..]));
//! ```

pub mod frame;
pub mod framer;
pub mod framing;
pub mod header;
pub mod opcode;
pub mod reader;
pub mod writer;
pub mod ws;

pub use frame::{Frame, NetFrameV1, write_frame};
pub use framer::{FrameError, Framed, PacketFramer};
pub use framing::Framing;
pub use header::{FRAME_LIMIT_MAX_BYTES, PacketHeader};
pub use opcode::Opcode;
pub use reader::{BinaryReader, EndOfInput};
pub use writer::{
    BinaryWriter, Full, VARINT_U16_MAX_BYTES, VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES,
};

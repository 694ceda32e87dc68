//! NetFrameV1, the frame body: `[opcode: i32 LE][payload: 0..n bytes]`, identical on every transport.
//!
//! Purpose: the one layout that every peer agrees on, whether the transport marks message ends
//! itself (WebSocket) or needs the [`PacketHeader`] before it (TCP, UART).
//!
//! Contract: parsing borrows; building writes into the caller's slice. Neither allocates.
//!
//! ```
//! use tinyrealm_core::wire::{NetFrameV1, Opcode};
//! let mut body = [0; 7];
//! assert_eq!(NetFrameV1::build(&mut body, Opcode(0x2001), b"abc"), Ok(7));
//! let frame = NetFrameV1::parse(&body).unwrap();
//! assert_eq!((frame.opcode, frame.payload), (Opcode(0x2001), &b"abc"[..]));
//! assert!(NetFrameV1::parse(&body[..3]).is_none());
//! ```

use super::header::{FRAME_LIMIT_MAX_BYTES, PacketHeader};
use super::opcode::{OPCODE_BYTES, Opcode};
use super::writer::{BinaryWriter, Full};

/// A parsed body: the opcode and a view of its payload.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// What the payload is.
    pub opcode: Opcode,
    /// The encoded message.
    pub payload: &'a [u8],
}

/// The frame body of version 1, as functions over slices.
pub struct NetFrameV1;

impl NetFrameV1 {
    /// Splits a whole body; `None` if it is shorter than an opcode.
    #[inline]
    pub fn parse(body: &[u8]) -> Option<Frame<'_>> {
        let (opcode, payload) = body.split_first_chunk::<OPCODE_BYTES>()?;
        Some(Frame { opcode: Opcode(i32::from_le_bytes(*opcode)), payload })
    }

    /// Writes a body into `destination` and answers its length.
    ///
    /// # Errors
    /// [`Full`] if `destination` is shorter than [`Self::body_bytes`]; its content is then undefined.
    #[inline]
    pub fn build(destination: &mut [u8], opcode: Opcode, payload: &[u8]) -> Result<usize, Full> {
        let mut writer = BinaryWriter::new(destination);
        writer.i32_le(opcode.0)?;
        writer.bytes(payload)?;
        Ok(writer.written())
    }

    /// Bytes of a body with `payload_bytes` of payload.
    pub const fn body_bytes(payload_bytes: usize) -> usize {
        payload_bytes.saturating_add(OPCODE_BYTES)
    }
}

/// Writes a stream frame, `[len][opcode][payload]`, into `destination` and answers its length.
///
/// # Errors
/// [`Full`] if it does not fit, or if the body would be over [`FRAME_LIMIT_MAX_BYTES`].
#[inline]
pub fn write_frame(destination: &mut [u8], opcode: Opcode, payload: &[u8]) -> Result<usize, Full> {
    let body_bytes = NetFrameV1::body_bytes(payload.len());
    if body_bytes > usize::from(FRAME_LIMIT_MAX_BYTES) {
        return Err(Full);
    }
    let (header, rest) =
        destination.split_first_chunk_mut::<{ PacketHeader::BYTES }>().ok_or(Full)?;
    *header = PacketHeader { body_bytes: body_bytes as u16 }.encode();
    Ok(PacketHeader::BYTES + NetFrameV1::build(rest, opcode, payload)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let mut bytes = [0xEE; 9];
        assert_eq!(write_frame(&mut bytes, Opcode(0x0102_0304), b"xyz"), Ok(9));
        assert_eq!(bytes, [7, 0, 4, 3, 2, 1, b'x', b'y', b'z']);
    }

    #[test]
    fn both_sides_of_the_size_limit() {
        let limit = usize::from(FRAME_LIMIT_MAX_BYTES);
        let payload = [0; 20_000];
        let mut out = [0; 20_000];
        let most = &payload[..limit - OPCODE_BYTES];
        assert_eq!(write_frame(&mut out, Opcode(1), most), Ok(limit + PacketHeader::BYTES));
        let over = &payload[..limit - OPCODE_BYTES + 1];
        assert_eq!(write_frame(&mut out, Opcode(1), over), Err(Full));
    }

    #[test]
    fn both_sides_of_the_destination() {
        assert_eq!(write_frame(&mut [0; 8], Opcode(1), b"ab"), Ok(8));
        for short in 0..8 {
            assert_eq!(write_frame(&mut [0; 8][..short], Opcode(1), b"ab"), Err(Full));
        }
    }
}

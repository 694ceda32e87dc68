//! The stream prefix: `[len: u16 LE]`, the number of body bytes that follow.
//!
//! Purpose: TCP, UART and other byte streams need to know where a body ends; message transports
//! (WebSocket) do not carry this header.
//!
//! Bounds: `4 ≤ len ≤` the link's frame limit, which itself stays below `0x4547`.
//!
//! ```
//! use tinyrealm_core::wire::PacketHeader;
//! let header = PacketHeader { body_bytes: 6 };
//! assert_eq!(header.encode(), [6, 0]);
//! assert_eq!(PacketHeader::decode(&[6, 0, 9]), Some(header));
//! assert_eq!(PacketHeader::decode(&[6]), None);
//! ```

use super::opcode::OPCODE_BYTES;

/// The first two bytes of an HTTP request, `GE`, read as a little-endian length.
const HTTP_GET_AS_LENGTH: u16 = u16::from_le_bytes(*b"GE");

/// The largest body that any stream may carry. One below "GE" as a length (0x4547 = 17,735), so that
/// the first bytes of a connection tell an HTTP upgrade from a frame on the same port.
pub const FRAME_LIMIT_MAX_BYTES: u16 = HTTP_GET_AS_LENGTH - 1;

/// The smallest body: an opcode without payload.
pub const FRAME_LIMIT_MIN_BYTES: u16 = OPCODE_BYTES as u16;

/// The length prefix of a stream frame.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct PacketHeader {
    /// Bytes of the body that follows: opcode and payload.
    pub body_bytes: u16,
}

impl PacketHeader {
    /// Bytes of the prefix itself.
    pub const BYTES: usize = 2;

    /// Reads the prefix at the start of `input`; `None` if it has not arrived whole.
    #[inline]
    pub const fn decode(input: &[u8]) -> Option<Self> {
        match input {
            [low, high, ..] => Some(Self { body_bytes: u16::from_le_bytes([*low, *high]) }),
            _ => None,
        }
    }

    /// The prefix as bytes.
    #[inline]
    pub const fn encode(self) -> [u8; Self::BYTES] {
        self.body_bytes.to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_legal_length_begins_like_an_http_request() {
        assert_eq!(HTTP_GET_AS_LENGTH, 17_735);
        for len in FRAME_LIMIT_MIN_BYTES..=FRAME_LIMIT_MAX_BYTES {
            assert_ne!(PacketHeader { body_bytes: len }.encode(), *b"GE");
        }
    }
}

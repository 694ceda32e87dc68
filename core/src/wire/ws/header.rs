//! The header of a frame: `[FIN · reserved · opcode][MASK · length 7][length 0|16|64 BE][key 0|4]`.
//!
//! Purpose: [`FrameHeader::parse`] tells from the bytes of a header alone whether its frame may be,
//! before anything of the payload is waited for; [`FrameHeader::write`] writes the shortest header.
//!
//! Contract: refused with [`CloseCode::PROTOCOL_ERROR`] are reserved bits and opcodes, a mask that
//! the other side has to use and does not, or the other way round, a control frame that is cut or
//! over 125 bytes, and a length that is not written in the shortest way or has its top bit set.
//!
//! Bounds: 2 to 14 bytes.
//!
//! ```
//! use tinyrealm_core::wire::ws::{FrameHeader, FrameKind, ParsedHeader, Side};
//! let header =
//!     FrameHeader { is_final: true, kind: FrameKind::Binary, mask: None, payload_bytes: 256 };
//! let mut bytes = [0; 4];
//! assert_eq!(header.write(&mut bytes), Ok(4));
//! assert_eq!(bytes, [0x82, 0x7E, 0x01, 0x00]); // RFC 6455, 5.7
//! let parsed = FrameHeader::parse(&bytes, Side::Client);
//! assert_eq!(parsed, ParsedHeader::Whole { header, header_bytes: 4 });
//! let partial = FrameHeader::parse(&bytes[..3], Side::Client);
//! assert_eq!(partial, ParsedHeader::Partial { header_bytes: 4 });
//! ```

use super::CONTROL_PAYLOAD_MAX_BYTES;
use super::close::CloseCode;
use crate::wire::{BinaryWriter, Full};

/// The longest header: a 64-bit length and a key.
pub const HEADER_MAX_BYTES: usize = START_BYTES + size_of::<u64>() + MASK_BYTES;

/// The longest control frame, masked.
pub const CONTROL_FRAME_MAX_BYTES: usize = START_BYTES + MASK_BYTES + CONTROL_PAYLOAD_MAX_BYTES;

/// What a payload is XORed with.
pub type MaskKey = [u8; MASK_BYTES];

const MASK_BYTES: usize = 4;
const START_BYTES: usize = 2;

const FINAL_BIT: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const OPCODE_BITS: u8 = 0x0F;
const CONTROL_BIT: u8 = 0x08;
const MASK_BIT: u8 = 0x80;

/// Up to here the length stands in the second byte.
const LENGTH_7_MAX: usize = 125;
const LENGTH_16_MARK: u8 = 126;
const LENGTH_64_MARK: u8 = 127;

/// Which side of the connection we are: a client masks what it sends, a server does not.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Side {
    /// We have accepted the connection.
    Server,
    /// We have opened the connection.
    Client,
}

/// What a frame carries: the opcode of RFC 6455.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// The next piece of a message.
    Continuation = 0,
    /// A text message, or its first piece.
    Text = 1,
    /// A binary message, or its first piece.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// A question whether the peer is there.
    Ping = 9,
    /// The answer to it.
    Pong = 10,
}

impl FrameKind {
    const fn of_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Continuation),
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    /// Whether it may stand between the pieces of a message, and is short and whole itself.
    pub const fn is_control(self) -> bool {
        self as u8 & CONTROL_BIT != 0
    }
}

/// The header of a frame.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Whether its message ends with this frame.
    pub is_final: bool,
    /// What the frame carries.
    pub kind: FrameKind,
    /// What the payload is masked with, if it is.
    pub mask: Option<MaskKey>,
    /// Bytes of the payload; a length over what this machine can address is `usize::MAX`.
    pub payload_bytes: usize,
}

/// What [`FrameHeader::parse`] found at the start of its input.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ParsedHeader {
    /// A header that may be.
    Whole {
        /// The header.
        header: FrameHeader,
        /// Its bytes; the payload begins behind them.
        header_bytes: usize,
    },
    /// The beginning of a header.
    Partial {
        /// Bytes that the header has at least, what is there included; exact once two are there.
        header_bytes: usize,
    },
    /// No frame of the other side may begin like this.
    Invalid(CloseCode),
}

impl FrameHeader {
    /// Reads the header at the start of `input`, as `side` receives it.
    #[inline]
    pub fn parse(input: &[u8], side: Side) -> ParsedHeader {
        let mask_bytes = if matches!(side, Side::Server) { MASK_BYTES } else { 0 };
        let Some(([first, second], rest)) = input.split_first_chunk::<START_BYTES>() else {
            return ParsedHeader::Partial { header_bytes: START_BYTES + mask_bytes };
        };
        let short = second & !MASK_BIT;
        let kind = FrameKind::of_bits(first & OPCODE_BITS);
        let is_final = first & FINAL_BIT != 0;
        let is_whole_and_short = is_final && usize::from(short) <= CONTROL_PAYLOAD_MAX_BYTES;
        let refused = ParsedHeader::Invalid(CloseCode::PROTOCOL_ERROR);
        let kind = match kind {
            Some(kind) if !kind.is_control() || is_whole_and_short => kind,
            _ => return refused,
        };
        let is_masked = second & MASK_BIT != 0;
        if first & RESERVED_BITS != 0 || is_masked != (mask_bytes > 0) {
            return refused;
        }
        let Ok(length) = Length::parse(short, rest) else { return refused };
        let header_bytes = START_BYTES + length.bytes + mask_bytes;
        let Some(payload_bytes) = length.value else {
            return ParsedHeader::Partial { header_bytes };
        };
        let mask = rest.get(length.bytes..).and_then(<[u8]>::first_chunk::<MASK_BYTES>).copied();
        if is_masked && mask.is_none() {
            return ParsedHeader::Partial { header_bytes };
        }
        let mask = mask.filter(|_| is_masked);
        let header = Self { is_final, kind, mask, payload_bytes };
        ParsedHeader::Whole { header, header_bytes }
    }

    /// The header of a whole binary message.
    #[inline]
    pub const fn message(payload_bytes: usize, mask: Option<MaskKey>) -> Self {
        Self { is_final: true, kind: FrameKind::Binary, mask, payload_bytes }
    }

    /// Bytes that [`Self::write`] writes.
    #[inline]
    pub const fn bytes(self) -> usize {
        let length = match self.payload_bytes {
            0..=LENGTH_7_MAX => 0,
            126..=0xFFFF => size_of::<u16>(),
            _ => size_of::<u64>(),
        };
        START_BYTES + length + if self.mask.is_some() { MASK_BYTES } else { 0 }
    }

    /// Writes the header, with its length in the shortest way, and answers its bytes.
    ///
    /// # Errors
    /// [`Full`] if `destination` is shorter than [`Self::bytes`]; its content is then undefined.
    #[inline]
    pub fn write(self, destination: &mut [u8]) -> Result<usize, Full> {
        let mut writer = BinaryWriter::new(destination);
        let first = self.kind as u8 | if self.is_final { FINAL_BIT } else { 0 };
        let masked = if self.mask.is_some() { MASK_BIT } else { 0 };
        match self.payload_bytes {
            short @ 0..=LENGTH_7_MAX => writer.bytes(&[first, masked | short as u8])?,
            medium @ 126..=0xFFFF => {
                let [high, low] = (medium as u16).to_be_bytes();
                writer.bytes(&[first, masked | LENGTH_16_MARK, high, low])?;
            }
            long => {
                writer.bytes(&[first, masked | LENGTH_64_MARK])?;
                writer.bytes(&(long as u64).to_be_bytes())?;
            }
        }
        if let Some(mask) = self.mask {
            writer.bytes(&mask)?;
        }
        Ok(writer.written())
    }
}

/// The length of a payload.
struct Length {
    /// Bytes that it takes behind the first two.
    bytes: usize,
    /// `None` if it has not arrived whole.
    value: Option<usize>,
}

/// It could be shorter, or has its top bit set.
struct WrongLength;

impl Length {
    #[inline]
    fn parse(short: u8, rest: &[u8]) -> Result<Self, WrongLength> {
        let (bytes, value, least) = match short {
            LENGTH_16_MARK => {
                let value = rest.first_chunk().map(|bytes| u64::from(u16::from_be_bytes(*bytes)));
                (size_of::<u16>(), value, LENGTH_7_MAX as u64 + 1)
            }
            LENGTH_64_MARK => {
                let value = rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
                (size_of::<u64>(), value, u64::from(u16::MAX) + 1)
            }
            short => (0, Some(u64::from(short)), 0),
        };
        match value {
            Some(value) if value < least || value > i64::MAX as u64 => Err(WrongLength),
            value => {
                let value = value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
                Ok(Self { bytes, value })
            }
        }
    }
}

#[cfg(test)]
mod tests;

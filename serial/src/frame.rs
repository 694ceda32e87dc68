//! Frames: what stands between two zeros of the line.
//!
//! ```text
//! [kind << 4 | channel][link: 2][number][body][crc: 2]
//! ```
//! Numbers are little-endian. All of that is COBS, so that it has no zero, and a zero ends it. The check is CRC-16/IBM-SDLC, the FCS-16
//! of RFC 1662: unlike others of 16 bits it begins with ones, so a zero too many in front is seen, too.

use cobs::{DecodeResult, DecoderState};
use crc::{CRC_16_IBM_SDLC, Crc, NoTable};

/// The version of this protocol.
pub const VERSION: u8 = 1;
/// Channels of a line.
pub const CHANNELS_MAX: usize = 8;
/// Bytes that one frame carries: a frame takes 11 ms at 115,200 baud, and whoever waits for the line waits no longer.
pub const DATA_MAX_BYTES: usize = 120;
/// Bytes of an address: IPv4 and port, both as on the network.
pub const ADDRESS_BYTES: usize = 6;

const HEAD_BYTES: usize = 4;
const CRC_BYTES: usize = 2;
/// The longest frame, in clear.
const RAW_MAX_BYTES: usize = HEAD_BYTES + 2 + DATA_MAX_BYTES + CRC_BYTES;
/// The longest frame on the line, with the zero before it and the zero behind it.
pub const ENCODED_MAX_BYTES: usize = cobs::max_encoding_length(RAW_MAX_BYTES) + 2;

/// As a loop: a table would be half a kilobyte, and the line is slower than either.
const CRC: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_IBM_SDLC);

/// Which end of the line somebody is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The one that a node runs at.
    Board,
    /// The one that has a network.
    Desktop,
}

/// What an end says of itself.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Greeting {
    pub(crate) end: End,
    pub(crate) channels: u8,
    /// Of them, those that the desktop opens: the first ones. The board opens the others.
    pub(crate) listeners: u8,
}

/// One frame; `link` of a greeting is its sender's epoch, of all others the sum of both ends'.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame<'f> {
    pub(crate) channel: u8,
    pub(crate) link: u16,
    /// Which connection of its channel; of a greeting the version.
    pub(crate) number: u8,
    pub(crate) body: Body<'f>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Body<'f> {
    /// Asks for a Welcome.
    Hello(Greeting),
    /// Answers a Hello of this epoch.
    Welcome { greeting: Greeting, heard: u16 },
    /// Begins a connection. The address is who comes, or where to.
    Open { window: u16, address: [u8; ADDRESS_BYTES] },
    /// Bytes of the stream, from this offset on.
    Data { offset: u16, bytes: &'f [u8] },
    /// All before `next` has come, and there is room for so much behind it.
    Ack { next: u16, window: u16 },
    /// The same, and something behind it has come that is of no use: send again from there.
    Again { next: u16, window: u16 },
    /// The stream ends at this offset, which it takes one of.
    Close { offset: u16 },
    /// Gives the connection up; asks for a Gone.
    Reset,
    /// There is no such connection, or no longer.
    Gone,
}

impl Body<'_> {
    const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 1,
            Self::Welcome { .. } => 2,
            Self::Open { .. } => 3,
            Self::Data { .. } => 4,
            Self::Ack { .. } => 5,
            Self::Again { .. } => 6,
            Self::Close { .. } => 7,
            Self::Reset => 8,
            Self::Gone => 9,
        }
    }
}

/// Bytes in a place of fixed size; what does not fit is left out.
struct Writer<'w> {
    place: &'w mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let free = self.place.get_mut(self.length..).unwrap_or_default();
        for (place, byte) in free.iter_mut().zip(bytes) {
            *place = *byte;
            self.length += 1;
        }
    }

    fn written(&self) -> &[u8] {
        self.place.get(..self.length).unwrap_or_default()
    }

    fn put_greeting(&mut self, greeting: Greeting) {
        let end = match greeting.end {
            End::Board => 0,
            End::Desktop => 1,
        };
        self.put(&[end, greeting.channels, greeting.listeners]);
    }
}

/// Writes a frame as it stands on the line, without zeros around it; answers its length.
pub(crate) fn encode(frame: &Frame<'_>, place: &mut [u8]) -> usize {
    let mut raw = [0; RAW_MAX_BYTES];
    let mut writer = Writer { place: &mut raw, length: 0 };
    writer.put(&[frame.body.kind() << 4 | frame.channel & 0x0F]);
    writer.put(&frame.link.to_le_bytes());
    writer.put(&[frame.number]);
    match frame.body {
        Body::Hello(greeting) => writer.put_greeting(greeting),
        Body::Welcome { greeting, heard } => {
            writer.put_greeting(greeting);
            writer.put(&heard.to_le_bytes());
        }
        Body::Open { window, address } => {
            writer.put(&window.to_le_bytes());
            writer.put(&address);
        }
        Body::Data { offset, bytes } => {
            writer.put(&offset.to_le_bytes());
            writer.put(bytes);
        }
        Body::Ack { next, window } | Body::Again { next, window } => {
            writer.put(&next.to_le_bytes());
            writer.put(&window.to_le_bytes());
        }
        Body::Close { offset } => writer.put(&offset.to_le_bytes()),
        Body::Reset | Body::Gone => {}
    }
    let check = CRC.checksum(writer.written());
    writer.put(&check.to_le_bytes());
    cobs::try_encode(writer.written(), place).unwrap_or(0)
}

/// Cuts what comes into frames.
pub(crate) struct Receiver {
    bytes: [u8; RAW_MAX_BYTES],
    length: usize,
    cobs: DecoderState,
    is_broken: bool,
}

/// What a byte has ended.
pub(crate) enum Received {
    /// Nothing yet.
    Nothing,
    /// A frame, which is to be had by [`Receiver::frame`].
    Whole,
    /// Something that is none.
    Broken,
}

impl Receiver {
    pub(crate) const NEW: Self =
        Self { bytes: [0; RAW_MAX_BYTES], length: 0, cobs: DecoderState::Idle, is_broken: false };

    pub(crate) fn push(&mut self, byte: u8) -> Received {
        if matches!(self.cobs, DecoderState::Idle) {
            self.length = 0;
            self.is_broken = false;
        }
        match self.cobs.feed(byte) {
            Ok(DecodeResult::NoData) => Received::Nothing,
            Ok(DecodeResult::DataContinue(decoded)) => {
                match self.bytes.get_mut(self.length) {
                    Some(place) => *place = decoded,
                    None => self.is_broken = true,
                }
                self.length = (self.length + 1).min(RAW_MAX_BYTES);
                Received::Nothing
            }
            Ok(DecodeResult::DataComplete) if !self.is_broken && self.frame().is_some() => {
                Received::Whole
            }
            Ok(DecodeResult::DataComplete) | Err(_) => Received::Broken,
        }
    }

    /// The frame that the last byte has ended.
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        decode(self.bytes.get(..self.length)?)
    }
}

fn decode(raw: &[u8]) -> Option<Frame<'_>> {
    let (checked, check) = raw.split_last_chunk::<CRC_BYTES>()?;
    if CRC.checksum(checked) != u16::from_le_bytes(*check) {
        return None;
    }
    let ([first, low, high, number], body) = checked.split_first_chunk::<HEAD_BYTES>()?;
    let body = decode_body(first >> 4, body)?;
    let channel = first & 0x0F;
    let frame = Frame { channel, link: u16::from_le_bytes([*low, *high]), number: *number, body };
    (usize::from(channel) < CHANNELS_MAX).then_some(frame)
}

fn decode_body(kind: u8, body: &[u8]) -> Option<Body<'_>> {
    Some(match (kind, body) {
        (1, [end, channels, listeners]) => Body::Hello(greeting(*end, *channels, *listeners)?),
        (2, [end, channels, listeners, low, high]) => Body::Welcome {
            greeting: greeting(*end, *channels, *listeners)?,
            heard: u16::from_le_bytes([*low, *high]),
        },
        (3, [low, high, address @ ..]) => Body::Open {
            window: u16::from_le_bytes([*low, *high]),
            address: address.try_into().ok()?,
        },
        (4, [low, high, bytes @ ..]) => {
            Body::Data { offset: u16::from_le_bytes([*low, *high]), bytes }
        }
        (5, [a, b, c, d]) => {
            Body::Ack { next: u16::from_le_bytes([*a, *b]), window: u16::from_le_bytes([*c, *d]) }
        }
        (6, [a, b, c, d]) => {
            Body::Again { next: u16::from_le_bytes([*a, *b]), window: u16::from_le_bytes([*c, *d]) }
        }
        (7, [low, high]) => Body::Close { offset: u16::from_le_bytes([*low, *high]) },
        (8, []) => Body::Reset,
        (9, []) => Body::Gone,
        _ => return None,
    })
}

const fn greeting(end: u8, channels: u8, listeners: u8) -> Option<Greeting> {
    let end = match end {
        0 => End::Board,
        1 => End::Desktop,
        _ => return None,
    };
    Some(Greeting { end, channels, listeners })
}

#[cfg(test)]
mod tests;

//! What all messages have in common: an opcode, an encoding, a way in and a way out.
//!
//! ```
//! use tinyrealm_core::protocol::{Dispatched, decode, either_way::Ping};
//! assert_eq!(decode(&[5]), Some(Ping { nonce: 5 }));
//! assert_eq!(decode::<Ping>(&[5, 0]), None); // bytes left over
//! ```

use serde::Deserialize;

use super::decoder::Decoder;
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{BinaryWriter, Frame, Framing, Full, Opcode};

/// A message of some link.
pub trait Message {
    /// What a frame with this message carries in front.
    const OPCODE: Opcode;
    /// The message's name, for logs and documentation.
    const NAME: &'static str;

    /// Writes the payload, in the codec of the message's protocol.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    fn encode_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<(), Full>;
}

/// What became of a received frame.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Dispatched {
    /// It reached its handler.
    Handled,
    /// This direction has no such opcode. Never a reason to disconnect.
    Unknown,
    /// The payload does not decode, or has bytes left over: a protocol violation.
    Malformed,
}

/// Why a message was not sent. Nothing of it was.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SendError {
    /// There is no such session, or it is closing.
    Closed,
    /// There is no room now: backpressure.
    Full,
    /// It is over the frame limit: there will never be room.
    TooLong,
}

impl SendError {
    /// Whether somebody who is there lacks the message now.
    pub(crate) const fn is_loss(self) -> bool {
        matches!(self, Self::Full | Self::TooLong)
    }
}

/// Somewhere that frames can be sent to: a session, a socket's queue, a test's vector.
pub trait FrameSink {
    /// Encodes `message` and takes it over.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError>;
}

impl<S: FrameSink> FrameSink for &mut S {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        (**self).send(message)
    }
}

/// Decodes a whole payload; `None` if it does not fit the message exactly.
#[inline]
pub fn decode<'a, M: Deserialize<'a>>(payload: &'a [u8]) -> Option<M> {
    let mut decoder = Decoder::new(payload);
    let message = M::deserialize(&mut decoder).ok()?;
    decoder.rest().is_empty().then_some(message)
}

impl<'a> Frame<'a> {
    /// The frame as this message, if it is one: its opcode is that, and its payload fits exactly.
    pub fn read<M: Message + Deserialize<'a>>(self) -> Option<M> {
        if self.opcode == M::OPCODE { decode(self.payload) } else { None }
    }
}

/// Decodes the start of a payload: a message's first fields.
#[inline]
pub fn take<'a, M: Deserialize<'a>>(payload: &'a [u8]) -> Option<M> {
    M::deserialize(&mut Decoder::new(payload)).ok()
}

/// Decodes the first value of several that stand one behind the other, and answers what is behind it.
#[cfg(feature = "moving")]
pub(crate) fn take_first<'a, M: Deserialize<'a>>(payload: &'a [u8]) -> Option<(M, &'a [u8])> {
    let mut decoder = Decoder::new(payload);
    let first = M::deserialize(&mut decoder).ok()?;
    Some((first, decoder.rest()))
}

/// Whatever writes one body to the start of a buffer and answers its length. Not a type parameter: what
/// sends bodies is a trait object itself.
pub type Encode<'e> = &'e dyn Fn(&mut [u8]) -> Result<usize, Full>;

/// Encodes `message` as a stream frame at the start of `out` and answers the frame's length.
///
/// # Errors
/// [`Full`] if it does not fit; the content of `out` is then undefined.
#[inline]
pub fn encode_frame<M: Message>(message: &M, out: &mut [u8]) -> Result<usize, Full> {
    Framing::Stream.write(out, |body| encode_body(message, body))
}

/// Encodes `message` as a frame body, `[opcode][payload]`, at the start of `out` and answers its
/// length.
///
/// # Errors
/// [`Full`] if it does not fit; the content of `out` is then undefined.
#[inline]
pub fn encode_body<M: Message>(message: &M, out: &mut [u8]) -> Result<usize, Full> {
    body_of(|writer| message.encode_payload(writer).map(|()| M::OPCODE), out)
}

/// `encode` writes the payload, and answers the opcode.
#[inline]
pub(super) fn body_of(
    encode: impl FnOnce(&mut BinaryWriter<'_>) -> Result<Opcode, Full>,
    out: &mut [u8],
) -> Result<usize, Full> {
    let (head, payload) = out.split_first_chunk_mut::<OPCODE_BYTES>().ok_or(Full)?;
    let mut writer = BinaryWriter::new(payload);
    *head = encode(&mut writer)?.0.to_le_bytes();
    Ok(OPCODE_BYTES + writer.written())
}

/// One direction of a link, as data.
#[derive(Debug)]
pub struct LinkSchema {
    /// The direction's module.
    pub name: &'static str,
    /// Its messages, by rising opcode.
    pub messages: &'static [MessageSchema],
}

/// One message, as data.
#[derive(Debug)]
pub struct MessageSchema {
    /// The struct's name.
    pub name: &'static str,
    /// The stub's and the proxy's method.
    pub method: &'static str,
    /// The opcode.
    pub opcode: Opcode,
    /// The fields in wire order.
    pub fields: &'static [FieldSchema],
}

/// One field of a message, as data.
#[derive(PartialEq, Eq, Debug)]
pub struct FieldSchema {
    /// The field's name.
    pub name: &'static str,
    /// Its Rust type, as written in the definition.
    pub type_name: &'static str,
}

impl LinkSchema {
    #[allow(clippy::indexing_slicing, reason = "evaluated in const only")]
    /// Whether each opcode is above the one before; `protocol!` demands it.
    pub const fn opcodes_rise(&self) -> bool {
        let mut next = 1;
        while next < self.messages.len() {
            if self.messages[next].opcode.0 <= self.messages[next - 1].opcode.0 {
                return false;
            }
            next += 1;
        }
        true
    }
}

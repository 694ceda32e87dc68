//! How a message becomes a payload, and back: a parameter of [`protocol!`](crate::protocol!).
//!
//! Purpose: the realm's own links speak [`Postcard`]. A game that talks to a server of another kind
//! names another codec in its definition: [`Raw`], or one of its own, which is a type with these two
//! traits for the messages that it can encode.
//!
//! Contract: a payload decodes whole or not at all; bytes left over make it malformed.
//!
//! ```
//! use tinyrealm_core::protocol::{DecodePayload, EncodePayload, Postcard};
//! use tinyrealm_core::wire::BinaryWriter;
//! let mut out = [0; 8];
//! let mut writer = BinaryWriter::new(&mut out);
//! Postcard::encode(&(1u8, 300u16), &mut writer).unwrap();
//! assert_eq!(writer.written(), 3);
//! assert_eq!(Postcard::decode(&out[..3]), Some((1u8, 300u16)));
//! ```

use serde::{Deserialize, Serialize};

use super::{Dispatched, decode};
use crate::wire::{BinaryWriter, Full};

/// Writes messages of type `M`.
pub trait EncodePayload<M> {
    /// Writes `message` as a payload.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    fn encode(message: &M, writer: &mut BinaryWriter<'_>) -> Result<(), Full>;
}

/// Reads messages of type `M`, which may borrow from the payload.
pub trait DecodePayload<'p, M> {
    /// Reads a whole payload; `None` if it does not fit the message exactly.
    fn decode(payload: &'p [u8]) -> Option<M>;
}

/// Decodes a payload and hands the message over, if it is one.
///
/// A function a message on devices: in one function for all of a link's, the stack had room for each of
/// them at once.
#[doc(hidden)]
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub fn hand_over<'p, C: DecodePayload<'p, M>, M>(
    payload: &'p [u8],
    take: impl FnOnce(M),
) -> Dispatched {
    match C::decode(payload) {
        Some(message) => {
            take(message);
            Dispatched::Handled
        }
        None => Dispatched::Malformed,
    }
}

/// serde's structs in `postcard` format; what a definition has that names no codec.
#[derive(Debug)]
pub enum Postcard {}

impl<M: Serialize> EncodePayload<M> for Postcard {
    #[inline]
    fn encode(message: &M, writer: &mut BinaryWriter<'_>) -> Result<(), Full> {
        writer.postcard(message)
    }
}

impl<'p, M: Deserialize<'p>> DecodePayload<'p, M> for Postcard {
    #[inline]
    fn decode(payload: &'p [u8]) -> Option<M> {
        decode(payload)
    }
}

/// The payload is the message: each message has one field, of type `&[u8]`.
#[derive(Debug)]
pub enum Raw {}

/// A message that is its payload; `protocol!` makes it one for the codec [`Raw`].
pub trait RawMessage {
    /// The bytes that it is.
    fn payload(&self) -> &[u8];
}

impl<M: RawMessage> EncodePayload<M> for Raw {
    #[inline]
    fn encode(message: &M, writer: &mut BinaryWriter<'_>) -> Result<(), Full> {
        writer.bytes(message.payload())
    }
}

impl<'p, M: From<&'p [u8]>> DecodePayload<'p, M> for Raw {
    #[inline]
    fn decode(payload: &'p [u8]) -> Option<M> {
        Some(M::from(payload))
    }
}

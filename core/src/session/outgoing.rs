//! `Outgoing`: what is appended to a session's queue, and how it stands there.
//!
//! Contract: [`Outgoing::write`] writes all of it to the start of a buffer, or fails; it may be asked again
//! with a larger one.

use crate::protocol::Packet;
#[cfg(feature = "websocket")]
use crate::wire::ws::{MaskKey, write_message};
use crate::wire::{Framing, Full};

/// Bytes that a queue takes at once; see the [module](self).
pub(super) enum Outgoing<'o> {
    /// As they are: what was framed before.
    Bytes(&'o [u8]),
    /// One frame of this framing.
    Packet(Framing, &'o dyn Packet),
    /// The same behind a position, as [held packets](super::held_packets) have one at the front of a buffer.
    Behind(u32, Framing, &'o dyn Packet),
    /// One message of a client's WebSocket.
    #[cfg(feature = "websocket")]
    Masked(MaskKey, &'o dyn Packet),
}

impl Outgoing<'_> {
    /// Writes it to the start of `room` and answers its bytes.
    pub(super) fn write(&self, room: &mut [u8]) -> Result<usize, Full> {
        match self {
            Self::Bytes(bytes) => {
                room.get_mut(..bytes.len()).ok_or(Full)?.copy_from_slice(bytes);
                Ok(bytes.len())
            }
            Self::Behind(position, framing, packet) => {
                let (place, room) = room.split_first_chunk_mut().ok_or(Full)?;
                *place = position.to_le_bytes();
                Ok(place.len() + framing.write(room, |body| packet.write_body(body))?)
            }
            Self::Packet(framing, packet) => framing.write(room, |body| packet.write_body(body)),
            #[cfg(feature = "websocket")]
            Self::Masked(key, packet) => {
                write_message(room, Some(*key), |body| packet.write_body(body))
            }
        }
    }
}

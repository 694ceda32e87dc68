//! `Packet`: a message of whatever type, on its way into a queue.
//!
//! Purpose: what queues messages takes a trait object, and is compiled once and not once a message: a
//! device feels it. A message costs one table of four words, a closure six.
//!
//! Contract: every [`Message`] is one, and so is a [`Frame`], whose payload is encoded already.

use super::message::{Message, body_of};
use crate::wire::{BinaryWriter, Frame, Full, Opcode};

/// What a frame body is written of; see the [module](self).
pub(crate) trait Packet {
    /// Writes the payload, and answers the opcode that stands in front: one call, and one word of the table.
    fn write_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<Opcode, Full>;
}

impl<M: Message> Packet for M {
    fn write_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<Opcode, Full> {
        self.encode_payload(writer)?;
        Ok(M::OPCODE)
    }
}

impl Packet for Frame<'_> {
    fn write_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<Opcode, Full> {
        writer.bytes(self.payload)?;
        Ok(self.opcode)
    }
}

impl dyn Packet + '_ {
    /// Writes the body, `[opcode][payload]`, to the start of `out` and answers its length.
    pub(crate) fn write_body(&self, out: &mut [u8]) -> Result<usize, Full> {
        body_of(|writer| self.write_payload(writer), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::either_way::Ping;

    #[test]
    fn a_message_and_its_frame_are_the_same_body() {
        let message: &dyn Packet = &Ping { nonce: 5 };
        let frame: &dyn Packet = &Frame { opcode: Ping::OPCODE, payload: &[5] };
        for packet in [message, frame] {
            let mut out = [0xEE; 6];
            assert_eq!((packet.write_body(&mut out), out), (Ok(5), [2, 0, 0, 0, 5, 0xEE]));
            assert_eq!(packet.write_body(&mut [0; 5]), Ok(5));
            for short in 0..5 {
                assert_eq!(packet.write_body(&mut [0; 5][..short]), Err(Full));
            }
        }
    }
}

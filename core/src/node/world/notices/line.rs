//! `NoticeLine`: notices that wait, over borrowed bytes.

use core::cell::Cell;

use super::NOTICE_HEAD_BYTES;
use crate::protocol::{Message, RoomId, SendError, encode_body};
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{Frame, NetFrameV1};

/// In front of each that waits, with its opcode: its room and its length.
const HEAD_BYTES: usize = NOTICE_HEAD_BYTES - OPCODE_BYTES;

/// The notices of a world that wait; of no bytes if nobody wants any.
#[derive(Debug)]
pub(in super::super) struct NoticeLine<'a> {
    bytes: &'a mut [u8],
    /// Where the first begins.
    start: usize,
    /// Where the last ends.
    end: usize,
}

impl<'a> NoticeLine<'a> {
    pub(in super::super) const NONE: Self = Self::new(&mut []);

    pub(super) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, start: 0, end: 0 }
    }

    pub(in super::super) fn add<M: Message>(
        &mut self,
        room: u16,
        message: &M,
    ) -> Result<(), SendError> {
        if self.bytes.is_empty() {
            return Err(SendError::Closed);
        }
        if self.put(room, message).is_none() {
            self.close_gap();
            let refusal = if self.end == 0 { SendError::TooLong } else { SendError::Full };
            self.put(room, message).ok_or(refusal)?;
        }
        Ok(())
    }

    /// Writes it behind the others, if it fits there.
    fn put<M: Message>(&mut self, room: u16, message: &M) -> Option<()> {
        let free = self.bytes.get_mut(self.end..)?;
        let (room_bytes, rest) = free.split_first_chunk_mut()?;
        let (length_bytes, body) = rest.split_first_chunk_mut()?;
        let length = encode_body(message, body).ok()?;
        *room_bytes = room.to_le_bytes();
        *length_bytes = u32::try_from(length).ok()?.to_le_bytes();
        self.end += HEAD_BYTES + length;
        Some(())
    }

    /// Moves those that wait to the front.
    fn close_gap(&mut self) {
        let bytes = Cell::from_mut(&mut *self.bytes).as_slice_of_cells();
        let waiting = bytes.get(self.start..self.end).unwrap_or_default();
        bytes.iter().zip(waiting).for_each(|(to, from)| to.set(from.get()));
        (self.start, self.end) = (0, waiting.len());
    }

    pub(super) fn next(&mut self) -> Option<(RoomId, Frame<'_>)> {
        let waiting = self.bytes.get(self.start..self.end)?;
        let (room, rest) = waiting.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        let frame = NetFrameV1::parse(rest.get(..length)?)?;
        self.start += HEAD_BYTES + length;
        Some((RoomId(u16::from_le_bytes(*room)), frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::world_to_client::EventBroadcast;
    use crate::protocol::{Bytes, MemberNumber, decode};
    use crate::wire::opcode::{GAME, Opcode};
    use crate::wire::{BinaryWriter, Full};

    const DATA: [u8; 250] = [7; 250];

    const LINE_BYTES: usize = 4_096;

    fn notice(request: u32, bytes: usize) -> EventBroadcast<'static> {
        let data = Bytes::new(&DATA[..bytes]).unwrap();
        EventBroadcast { number: MemberNumber::GAME, request, kind: 1, data }
    }

    fn next(line: &mut NoticeLine<'_>) -> Option<(u16, u32)> {
        let (room, frame) = line.next()?;
        let message = decode::<EventBroadcast<'_>>(frame.payload).unwrap();
        Some((room.0, message.request))
    }

    #[test]
    fn they_come_out_in_order_each_once_however_many() {
        let mut bytes = [0; LINE_BYTES];
        let mut line = NoticeLine::new(&mut bytes);
        let (mut put, mut taken) = (0, 0);
        for round in 0..400_u32 {
            for _ in 0..=round % 3 {
                line.add(put as u16 % 5, &notice(put, (put * 7 % 250) as usize)).unwrap();
                put += 1;
            }
            while taken + round % 5 < put {
                assert_eq!(next(&mut line), Some((taken as u16 % 5, taken)));
                taken += 1;
            }
        }
        assert!(put > 700);
    }

    #[test]
    fn both_sides_of_a_full_line() {
        let mut bytes = [0; LINE_BYTES];
        let mut line = NoticeLine::new(&mut bytes);
        let mut put = 0;
        while line.add(1, &notice(put, 100)).is_ok() {
            put += 1;
        }
        assert_eq!(line.add(1, &notice(put, 100)), Err(SendError::Full));
        assert!(line.end > LINE_BYTES - 128);
        assert_eq!(next(&mut line), Some((1, 0)));
        assert_eq!(line.add(2, &notice(put, 100)), Ok(()), "what was taken has left its place");
        assert_eq!(line.add(2, &notice(put, 100)), Err(SendError::Full));
        for request in 1..put {
            assert_eq!(next(&mut line), Some((1, request)));
        }
        assert_eq!((next(&mut line), next(&mut line)), (Some((2, put)), None));
    }

    #[test]
    fn both_sides_of_the_longest_notice() {
        #[derive(Debug)]
        struct Long(usize);
        impl Message for Long {
            const OPCODE: Opcode = GAME.server_to_client.at(1);
            const NAME: &'static str = "Long";
            fn encode_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<(), Full> {
                (0..self.0).try_for_each(|_| writer.u8(1))
            }
        }
        let most = LINE_BYTES - NOTICE_HEAD_BYTES;
        let mut bytes = [0; LINE_BYTES];
        let mut line = NoticeLine::new(&mut bytes);
        assert_eq!(line.add(3, &Long(most + 1)), Err(SendError::TooLong));
        assert_eq!(line.add(3, &Long(most)), Ok(()));
        assert_eq!(line.add(3, &Long(0)), Err(SendError::Full));
        let (room, frame) = line.next().unwrap();
        assert_eq!((room, frame.payload.len()), (RoomId(3), most));
        assert_eq!(line.next(), None);
        assert_eq!(line.add(3, &Long(most + 1)), Err(SendError::TooLong));
    }

    #[test]
    fn nobody_is_told_where_nobody_listens() {
        let mut line = NoticeLine::NONE;
        assert_eq!(line.add(0, &notice(0, 1)), Err(SendError::Closed));
        assert_eq!(next(&mut line), None);
    }
}

//! `Envelope`: records that are the messages of a WebSocket, piece by piece.
//!
//! Contract: what stands around a record is read as of any WebSocket, and unmasked; control frames may stand between its
//! pieces. A message of text is refused, and an empty piece, of which no byte could wait.
//!
//! Bounds: one header; what it announces has to fit behind what is there.

use super::Gathered;
use crate::session::Signal;
use crate::wire::ws::header::HEADER_MAX_BYTES;
use crate::wire::ws::{Close, CloseCode, FrameHeader, FrameKind, ParsedHeader, Side, apply_mask};

/// How far the piece of a message has come that is under way.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Envelope {
    head: [u8; HEADER_MAX_BYTES],
    head_bytes: u8,
    /// A message has begun, and not ended.
    is_message: bool,
    /// So many bytes of the piece are here.
    have: u16,
}

/// A piece whose header is whole.
#[derive(Copy, Clone)]
struct Piece {
    header: FrameHeader,
    payload_bytes: usize,
}

impl Envelope {
    pub(super) const VACANT: Self =
        Self { head: [0; HEADER_MAX_BYTES], head_bytes: 0, is_message: false, have: 0 };

    /// Moves what belongs to the record from `input` behind the `have` bytes of `buffer`, but leaves its last byte. Answers
    /// it when it is whole.
    pub(super) fn take<'b>(
        &mut self,
        side: Side,
        (buffer, have): (&'b mut [u8], &mut u16),
        input: &mut &[u8],
    ) -> Gathered<'b> {
        loop {
            let piece = match self.piece(side, input) {
                Ok(Some(piece)) => piece,
                Ok(None) => return Gathered::Part,
                Err(code) => return Gathered::Broke(code),
            };
            let start = usize::from(*have);
            let Some(place) = buffer.get_mut(start..start + piece.payload_bytes) else {
                return Gathered::Broke(CloseCode::MESSAGE_TOO_BIG);
            };
            let ends_record = piece.header.is_final && !piece.header.kind.is_control();
            if !self.fill(piece, place, input, usize::from(ends_record)) {
                return Gathered::Part;
            }
            (self.head_bytes, self.have) = (0, 0);
            if piece.header.kind.is_control() {
                let payload = (start, start + piece.payload_bytes);
                return Gathered::Control(piece.header.kind, payload);
            }
            self.is_message = !piece.header.is_final;
            *have += piece.payload_bytes as u16;
            if ends_record {
                let record = buffer.get_mut(super::RECORD_PREFIX_BYTES..usize::from(*have));
                return record.map_or(Gathered::Invalid, Gathered::Whole);
            }
        }
    }

    /// The piece that is under way, once its header is whole.
    fn piece(&mut self, side: Side, input: &mut &[u8]) -> Result<Option<Piece>, CloseCode> {
        loop {
            let head = self.head.get(..usize::from(self.head_bytes)).unwrap_or_default();
            match FrameHeader::parse(head, side) {
                ParsedHeader::Whole { header, .. } => return self.checked(header).map(Some),
                ParsedHeader::Invalid(code) => return Err(code),
                ParsedHeader::Partial { .. } => {}
            }
            let Some((first, rest)) = input.split_first() else { return Ok(None) };
            let place = self.head.get_mut(usize::from(self.head_bytes));
            *place.ok_or(CloseCode::PROTOCOL_ERROR)? = *first;
            self.head_bytes += 1;
            *input = rest;
        }
    }

    fn checked(&self, header: FrameHeader) -> Result<Piece, CloseCode> {
        let FrameHeader { kind, payload_bytes, .. } = header;
        let is_in_order = match kind {
            FrameKind::Binary => !self.is_message,
            FrameKind::Continuation => self.is_message,
            FrameKind::Text => return Err(CloseCode::UNSUPPORTED_DATA),
            FrameKind::Close | FrameKind::Ping | FrameKind::Pong => true,
        };
        if !is_in_order || (payload_bytes == 0 && !kind.is_control()) {
            return Err(CloseCode::PROTOCOL_ERROR);
        }
        if payload_bytes > usize::from(u16::MAX) {
            return Err(CloseCode::MESSAGE_TOO_BIG);
        }
        Ok(Piece { header, payload_bytes })
    }

    /// Fills `place` with what comes of the piece, and answers whether it is all of it. Of the last bytes, `left` stay in the
    /// input.
    fn fill(&mut self, piece: Piece, place: &mut [u8], input: &mut &[u8], left: usize) -> bool {
        let have = usize::from(self.have);
        let missing = place.len().saturating_sub(have);
        let count = missing.min(input.len());
        let (Some(room), Some(bytes)) = (place.get_mut(have..have + count), input.get(..count))
        else {
            return false;
        };
        room.copy_from_slice(bytes);
        if let Some(key) = piece.header.mask {
            apply_mask(room, key, have);
        }
        let is_whole = count == missing;
        let taken = if is_whole { count - left.min(count) } else { count };
        *input = input.get(taken..).unwrap_or_default();
        self.have += count as u16;
        is_whole
    }
}

/// What a control frame says.
pub(super) fn signal_of(kind: FrameKind, payload: &[u8]) -> Signal<'_> {
    match kind {
        FrameKind::Ping => Signal::Ping(payload),
        FrameKind::Close => match Close::parse(payload) {
            Ok(close) => Signal::Close(close.code),
            Err(code) => Signal::Broken(code),
        },
        _ => Signal::Pong,
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::wire::ws::write_frame;

    const RECORD: &[u8] = b"a record of thirty-one bytes...";

    fn frame(side: Side, is_final: bool, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
        let mask = (side == Side::Server).then_some([1, 2, 3, 4]);
        let mut out = vec![0; payload.len() + HEADER_MAX_BYTES];
        let used = write_frame(&mut out, kind, mask, payload).unwrap();
        out.truncate(used);
        if !is_final {
            out[0] &= 0x7F;
        }
        out
    }

    #[derive(PartialEq, Eq, Debug)]
    enum Heard {
        Record(Vec<u8>),
        Control(FrameKind, Vec<u8>),
        Broke(CloseCode),
    }

    /// What comes of this input, however it is cut; and how much of it is left.
    fn heard(side: Side, parts: &[&[u8]], buffer_bytes: usize) -> (Vec<Heard>, usize) {
        let (mut envelope, mut buffer) = (Envelope::VACANT, vec![0; buffer_bytes]);
        let (mut have, mut heard) = (2, Vec::new());
        let mut input = Vec::new();
        for part in parts {
            input.extend_from_slice(part);
            loop {
                let mut rest = &input[..];
                let gathered = envelope.take(side, (&mut buffer, &mut have), &mut rest);
                let taken = input.len() - rest.len();
                let found = match gathered {
                    Gathered::Part => None,
                    Gathered::Whole(record) => Some(Heard::Record(record.to_vec())),
                    Gathered::Control(kind, (start, end)) => {
                        Some(Heard::Control(kind, buffer[start..end].to_vec()))
                    }
                    Gathered::Broke(code) => Some(Heard::Broke(code)),
                    Gathered::Invalid => panic!("no record"),
                };
                input.drain(..taken);
                let Some(found) = found else { break };
                if matches!(found, Heard::Record(_)) {
                    // All of it is heard: its last byte goes, and the next one begins.
                    (envelope, have) = (Envelope::VACANT, 2);
                    input.drain(..1);
                }
                let is_over = matches!(found, Heard::Broke(_));
                heard.push(found);
                if is_over {
                    return (heard, input.len());
                }
            }
        }
        (heard, input.len())
    }

    /// Two records, one of them in pieces with a question between, cut anywhere.
    #[test]
    fn records_come_out_of_messages_however_they_are_cut() {
        for side in [Side::Server, Side::Client] {
            let stream = [
                frame(side, false, FrameKind::Binary, &RECORD[..9]),
                frame(side, true, FrameKind::Ping, b"there?"),
                frame(side, false, FrameKind::Continuation, &RECORD[9..10]),
                frame(side, true, FrameKind::Continuation, &RECORD[10..]),
                frame(side, true, FrameKind::Binary, RECORD),
            ]
            .concat();
            let expected = [
                Heard::Control(FrameKind::Ping, b"there?".to_vec()),
                Heard::Record(RECORD.to_vec()),
                Heard::Record(RECORD.to_vec()),
            ];
            for first in 0..stream.len() {
                let second = first + (stream.len() - first) / 2;
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                let (heard, left) = heard(side, &parts, 40);
                assert_eq!((&heard[..], left), (&expected[..], 0), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn what_no_record_can_stand_in_is_refused() {
        let side = Side::Server;
        let piece = |is_final, kind, payload: &[u8]| frame(side, is_final, kind, payload);
        let too_long = [7; 200];
        for (stream, code) in [
            (piece(true, FrameKind::Text, RECORD), CloseCode::UNSUPPORTED_DATA),
            (piece(true, FrameKind::Binary, b""), CloseCode::PROTOCOL_ERROR),
            (piece(true, FrameKind::Continuation, RECORD), CloseCode::PROTOCOL_ERROR),
            (frame(Side::Client, true, FrameKind::Binary, RECORD), CloseCode::PROTOCOL_ERROR),
            (piece(true, FrameKind::Binary, &too_long), CloseCode::MESSAGE_TOO_BIG),
            (
                [piece(false, FrameKind::Binary, RECORD), piece(true, FrameKind::Binary, RECORD)]
                    .concat(),
                CloseCode::PROTOCOL_ERROR,
            ),
        ] {
            let (heard, _) = heard(side, &[&stream], 40);
            assert_eq!(heard, [Heard::Broke(code)], "{stream:02x?}");
        }
        // Both sides of what fits.
        let whole = piece(true, FrameKind::Binary, RECORD);
        assert_eq!(heard(side, &[&whole], 2 + RECORD.len()).0, [Heard::Record(RECORD.to_vec())]);
        let code = CloseCode::MESSAGE_TOO_BIG;
        assert_eq!(heard(side, &[&whole], 1 + RECORD.len()).0, [Heard::Broke(code)]);
    }
}

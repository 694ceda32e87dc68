//! `Transmit`: what one session has to get now, as slices for one vectored write.

use crate::session::SessionKey;
#[cfg(feature = "websocket")]
use crate::wire::ws::{FrameHeader, ParsedHeader, Side};
use crate::wire::{Framing, Full, PacketHeader};

/// The most slices of one transmission: two of private packets, three of a broadcast ring (its wrap,
/// and the gap where the member's own move is left out).
pub const TRANSMIT_SLICES: usize = 5;

/// Bytes for one session, in order, borrowed from the node.
#[derive(Debug)]
pub struct Transmit<'n> {
    key: SessionKey,
    framing: Framing,
    slices: [&'n [u8]; TRANSMIT_SLICES],
}

impl<'n> Transmit<'n> {
    pub(super) const fn new(
        key: SessionKey,
        framing: Framing,
        private: [&'n [u8]; 2],
        ring: [&'n [u8]; 3],
    ) -> Self {
        let [first, second] = private;
        let [third, fourth, fifth] = ring;
        Self { key, framing, slices: [first, second, third, fourth, fifth] }
    }

    /// For examples and tests of drivers: private packets, and up to three parts of a ring.
    #[doc(hidden)]
    pub fn test_only(framing: Framing, private: &'n [u8], ring: &[&'n [u8]]) -> Self {
        let mut slices: [&[u8]; TRANSMIT_SLICES] = [&[]; TRANSMIT_SLICES];
        for (slice, part) in slices.iter_mut().zip([private, &[]].iter().chain(ring)) {
            *slice = part;
        }
        Self { key: SessionKey::DANGLING, framing, slices }
    }

    /// Whose bytes they are.
    pub const fn key(&self) -> SessionKey {
        self.key
    }

    /// The slices, in order; some are empty.
    pub const fn slices(&self) -> &[&'n [u8]; TRANSMIT_SLICES] {
        &self.slices
    }

    /// All slices together, in bytes.
    pub fn bytes(&self) -> usize {
        self.slices.iter().map(|slice| slice.len()).sum()
    }

    /// The most bytes up to `room` that end where a frame ends. A driver that knows how much its
    /// transport takes cuts there, and no rest of a frame has to be kept for it. Only for sessions
    /// that were always cut so: a stream's first slice has to begin where a frame begins. The private
    /// bytes of a WebSocket are cut anywhere, because the answer to its handshake is no frame.
    pub fn whole_frames(&self, room: usize) -> usize {
        let total = self.bytes();
        if total <= room {
            return total;
        }
        let uncut_from = self.uncut_from();
        if room <= uncut_from {
            return room;
        }
        let (mut fits, mut end) = (uncut_from, uncut_from);
        while end <= room {
            fits = end;
            let Some(frame_bytes) = self.frame_at(end) else {
                break;
            };
            end += frame_bytes;
        }
        fits
    }

    /// Where the bytes begin that may be cut between frames only.
    const fn uncut_from(&self) -> usize {
        match self.framing {
            Framing::Stream => 0,
            #[cfg(feature = "websocket")]
            Framing::Message => {
                let [first, second, ..] = self.slices;
                first.len() + second.len()
            }
        }
    }

    /// Bytes of the frame that begins at `offset`, with its prefix; `None` behind the last one.
    pub(crate) fn frame_at(&self, offset: usize) -> Option<usize> {
        let prefix = [self.byte(offset)?, self.byte(offset + 1)?];
        match self.framing {
            Framing::Stream => {
                let header = PacketHeader::decode(&prefix)?;
                Some(PacketHeader::BYTES + usize::from(header.body_bytes))
            }
            #[cfg(feature = "websocket")]
            Framing::Message => {
                let [first, second] = prefix;
                let length = [2, 3].map(|place| self.byte(offset + place).unwrap_or(0));
                match FrameHeader::parse(&[first, second, length[0], length[1]], Side::Client) {
                    ParsedHeader::Whole { header, header_bytes } => {
                        Some(header_bytes + header.payload_bytes)
                    }
                    ParsedHeader::Partial { .. } | ParsedHeader::Invalid(_) => None,
                }
            }
        }
    }

    /// Copies `count` bytes from `offset` on to the start of `out`, and answers `count`.
    pub(crate) fn copy_into(
        &self,
        offset: usize,
        count: usize,
        out: &mut [u8],
    ) -> Result<usize, Full> {
        let mut place = out.get_mut(..count).ok_or(Full)?;
        let mut skip = offset;
        for slice in &self.slices {
            let part = slice.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(slice.len());
            let (now, later) = place.split_at_mut(part.len().min(place.len()));
            now.copy_from_slice(part.get(..now.len()).unwrap_or_default());
            place = later;
        }
        if place.is_empty() { Ok(count) } else { Err(Full) }
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        let mut left = offset;
        for slice in &self.slices {
            match slice.get(left) {
                Some(byte) => return Some(*byte),
                None => left -= slice.len(),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_frames_wherever_the_slices_end() {
        let stream = b"\x04\x00abcd\x05\x00vwxyz\x04\x00efgh";
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                let transmit = Transmit::test_only(Framing::Stream, b"", &parts);
                for room in 0..=stream.len() + 1 {
                    let expected = match room {
                        0..=5 => 0,
                        6..=12 => 6,
                        13..=18 => 13,
                        _ => 19,
                    };
                    assert_eq!(transmit.whole_frames(room), expected);
                }
            }
        }
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn private_bytes_of_a_web_socket_are_cut_anywhere() {
        let transmit = Transmit::test_only(Framing::Message, b"abc", &[b"\x82\x04abcd"]);
        let counts = [0, 1, 2, 3, 4, 8, 9, 10].map(|room| transmit.whole_frames(room));
        assert_eq!(counts, [0, 1, 2, 3, 3, 3, 9, 9]);
    }

    #[cfg(feature = "websocket")]
    #[test]
    fn messages_have_prefixes_of_their_own() {
        let long = [&[0x82, 126, 0, 200][..], &[7; 200]].concat();
        let ring: [&[u8]; 3] = [b"\x82\x04abcd", &long, b"\x82\x04efgh"];
        let transmit = Transmit::test_only(Framing::Message, b"", &ring);
        let counts = [5, 6, 209, 210, 215, 216].map(|room| transmit.whole_frames(room));
        assert_eq!(counts, [0, 6, 6, 210, 210, 216]);
    }

    #[test]
    fn copies_what_lies_across_slices() {
        let stream = b"\x04\x00abcd\x05\x00vwxyz";
        for first in 0..stream.len() {
            let transmit =
                Transmit::test_only(Framing::Stream, b"", &[&stream[..first], &stream[first..]]);
            for (offset, count) in [(0, 13), (2, 4), (8, 5), (12, 1), (13, 0)] {
                let mut out = [0; 16];
                assert_eq!(transmit.copy_into(offset, count, &mut out), Ok(count));
                assert_eq!(out[..count], stream[offset..offset + count]);
            }
            assert_eq!(transmit.copy_into(9, 5, &mut [0; 16]), Err(Full), "behind the end");
            assert_eq!(transmit.copy_into(0, 4, &mut [0; 3]), Err(Full), "no room");
        }
    }
}

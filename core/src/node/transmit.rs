//! `Transmit`: what one session has to get now, as slices for one vectored write.

use crate::session::SessionKey;
use crate::wire::PacketHeader;

/// The most slices of one transmission: two of private packets, three of a broadcast ring (its wrap,
/// and the gap where the member's own move is left out).
pub const TRANSMIT_SLICES: usize = 5;

/// Bytes for one session, in order, borrowed from the node.
#[derive(Debug)]
pub struct Transmit<'n> {
    key: SessionKey,
    slices: [&'n [u8]; TRANSMIT_SLICES],
}

impl<'n> Transmit<'n> {
    pub(super) const fn new(key: SessionKey, private: [&'n [u8]; 2], ring: [&'n [u8]; 3]) -> Self {
        let [first, second] = private;
        let [third, fourth, fifth] = ring;
        Self { key, slices: [first, second, third, fourth, fifth] }
    }

    /// For examples and tests of drivers.
    #[doc(hidden)]
    pub fn test_only(parts: &[&'n [u8]]) -> Self {
        let mut slices: [&[u8]; TRANSMIT_SLICES] = [&[]; TRANSMIT_SLICES];
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = part;
        }
        Self { key: SessionKey::DANGLING, slices }
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
    /// that were always cut so: the first slice has to begin where a frame begins.
    pub fn whole_frames(&self, room: usize) -> usize {
        let total = self.bytes();
        if total <= room {
            return total;
        }
        let mut fits = 0;
        let mut end = 0;
        while end <= room {
            fits = end;
            let Some(frame_bytes) = self.frame_at(end) else {
                break;
            };
            end += frame_bytes;
        }
        fits
    }

    fn frame_at(&self, offset: usize) -> Option<usize> {
        let header = PacketHeader::decode(&[self.byte(offset)?, self.byte(offset + 1)?])?;
        Some(PacketHeader::BYTES + usize::from(header.body_bytes))
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
                let transmit = Transmit::test_only(&parts);
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
}

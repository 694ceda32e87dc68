//! `Speech`: what players say and how they move, so that every message can be recognised.
//!
//! An event's data is `[uid: u64 LE][number: u32 LE]` and a filler whose bytes and length follow from
//! the number; a move's position carries its number in `x`, and the rest follows from it.

use tinyrealm_core::protocol::{Bytes, Direction, EVENT_MAX_BYTES, MemberState, Position, Uid};

const UID_BYTES: usize = 8;
const HEAD_BYTES: usize = UID_BYTES + 4;

/// One event: who says it, and the how manieth of its sayings it is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Speech {
    pub(crate) uid: Uid,
    pub(crate) number: u32,
}

impl Speech {
    /// Its filler: most are short, some as long as an event may be.
    const fn filler_bytes(self) -> usize {
        match self.number % 16 {
            0 => EVENT_MAX_BYTES - HEAD_BYTES,
            1 => 100,
            rest => rest as usize,
        }
    }

    pub(crate) const fn kind(self) -> u16 {
        self.number as u16
    }

    /// Its data, written into `out`.
    pub(crate) fn encode(
        self,
        out: &mut [u8; EVENT_MAX_BYTES],
    ) -> Option<Bytes<'_, EVENT_MAX_BYTES>> {
        out[..UID_BYTES].copy_from_slice(&self.uid.0.to_le_bytes());
        out[UID_BYTES..HEAD_BYTES].copy_from_slice(&self.number.to_le_bytes());
        let end = HEAD_BYTES + self.filler_bytes();
        out[HEAD_BYTES..end].fill(self.number as u8);
        Bytes::new(&out[..end])
    }

    /// What `data` says; `None` if it is not, byte by byte, what a player would have said.
    pub(crate) fn decode(kind: u16, data: &[u8]) -> Option<Self> {
        let (uid, rest) = data.split_first_chunk::<UID_BYTES>()?;
        let (number, filler) = rest.split_first_chunk::<4>()?;
        let speech =
            Self { uid: Uid(u64::from_le_bytes(*uid)), number: u32::from_le_bytes(*number) };
        let is_whole = kind == speech.kind()
            && filler.len() == speech.filler_bytes()
            && filler.iter().all(|byte| *byte == speech.number as u8);
        is_whole.then_some(speech)
    }
}

/// Where the `number`th move of `uid` leads.
pub(crate) const fn place_of(uid: Uid, number: i32) -> (Position, Direction) {
    let mixed = (uid.0 as u32 ^ number as u32).wrapping_mul(0x9E37_79B1);
    (Position { x: number, y: uid.0 as i32, z: mixed as i32 }, Direction((mixed >> 16) as u16))
}

/// The number of the move that led there; 0 for somebody who has not moved since it came in, `None`
/// for a place that nobody would have moved to.
pub(crate) fn number_of(state: &MemberState) -> Option<i32> {
    if (state.pos, state.dir) == (Position::ORIGIN, Direction(0)) {
        return Some(0);
    }
    let number = state.pos.x;
    (number > 0 && (state.pos, state.dir) == place_of(state.uid, number)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_recognised_and_nothing_else() {
        for number in 0..40 {
            let speech = Speech { uid: Uid(7), number };
            let mut out = [0; EVENT_MAX_BYTES];
            let data = speech.encode(&mut out).unwrap().as_slice().to_vec();
            assert_eq!(Speech::decode(speech.kind(), &data), Some(speech));
            assert_eq!(Speech::decode(speech.kind(), &data[1..]), None);
            assert_eq!(Speech::decode(speech.kind() + 1, &data), None);
        }
    }

    #[test]
    fn places_tell_their_number() {
        let uid = Uid(7);
        let (pos, dir) = place_of(uid, 12);
        assert_eq!(number_of(&MemberState { uid, pos, dir, ..MemberState::default() }), Some(12));
        assert_eq!(
            number_of(&MemberState { uid: Uid(8), pos, dir, ..MemberState::default() }),
            None
        );
        assert_eq!(number_of(&MemberState { uid, ..MemberState::default() }), Some(0));
    }
}

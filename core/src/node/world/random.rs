//! `RoomRandom`: a room's random numbers, from a seed.
//!
//! Purpose: a room can be played again. The same game with the same seed, and the same members, inputs and ticks
//! in the same order, says the same.
//!
//! Contract: SplitMix64 (Steele, Lea and Flood, 2014) of the seed and the count of what was drawn, so that the seed
//! stays readable. It is no secret: who has seen two numbers can tell the others. What nobody may guess
//! (cards, where treasure lies) is to be drawn by `room.secret_u32()`, which can't be played again.
//!
//! Bounds: twelve bytes a room; behind 2^32 numbers the first comes again.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The random numbers of one room; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct RoomRandom {
    /// In halves, so that a room is not aligned to eight bytes.
    seed: [u32; 2],
    drawn: u32,
}

impl RoomRandom {
    /// Of a room that was not opened yet: all-zero bits.
    pub(super) const UNSEEDED: Self = Self::new(0);

    pub(super) const fn new(seed: u64) -> Self {
        Self { seed: [seed as u32, (seed >> 32) as u32], drawn: 0 }
    }

    /// Those of a room that goes on here: so many were drawn before.
    #[cfg(feature = "moving")]
    pub(super) const fn behind(seed: u64, drawn: u32) -> Self {
        Self { drawn, ..Self::new(seed) }
    }

    #[cfg(feature = "moving")]
    pub(super) const fn drawn(&self) -> u32 {
        self.drawn
    }

    pub(super) const fn seed(&self) -> u64 {
        let [low, high] = self.seed;
        low as u64 | (high as u64) << 32
    }

    pub(super) const fn next_u32(&mut self) -> u32 {
        self.drawn = self.drawn.wrapping_add(1);
        let sum = self.seed().wrapping_add(GAMMA.wrapping_mul(self.drawn as u64));
        let sum = (sum ^ (sum >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let sum = (sum ^ (sum >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((sum ^ (sum >> 31)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The upper halves of what the authors' own code answers for this seed.
    #[test]
    fn it_is_splitmix64() {
        let mut random = RoomRandom::new(1_234_567);
        let expected: [u64; 5] = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        for number in expected {
            assert_eq!(random.next_u32(), (number >> 32) as u32);
        }
        assert_eq!(random.seed(), 1_234_567);
    }

    #[test]
    fn seeds_differ_in_either_half() {
        let first = |seed| RoomRandom::new(seed).next_u32();
        assert!(first(1) != first(2) && first(1) != first(1 << 32) && first(u64::MAX) != first(0));
        assert_eq!(RoomRandom::new(u64::MAX - 7).seed(), u64::MAX - 7);
    }
}

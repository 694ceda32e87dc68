//! Randomness from a seed (SplitMix64), and the entropy that all hosts give their nodes.

use tinyrealm_core::entropy::Entropy;

/// A seeded generator.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The generator of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// True `per_mille` times of a thousand.
    pub const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }
}

/// The same bytes on every host. Requests of one length have a sequence of their own, so that a
/// driver's own draws (a port: two bytes) do not shift the node's.
#[derive(Clone, Debug, Default)]
pub struct SameBytes {
    draws: [u8; 32],
}

impl Entropy for SameBytes {
    fn fill(&mut self, bytes: &mut [u8]) {
        let draws = &mut self.draws[bytes.len().min(31)];
        *draws = draws.wrapping_add(1);
        let mut random = Random::new(u64::from(*draws) << 8 | bytes.len() as u64);
        bytes.fill_with(|| random.next() as u8);
    }
}

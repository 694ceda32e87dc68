//! `Random`: numbers from a seed (SplitMix64), so that a run can be repeated.

/// The numbers that follow from one seed.
#[derive(Copy, Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, below `limit`, which is not 0.
    ///
    /// ```
    /// use tinyrealm_qemu::random::Random;
    /// let (mut one, mut other) = (Random::new(7), Random::new(7));
    /// assert!((0..100).all(|_| one.below(6) == other.below(6)));
    /// ```
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

//! `Random`: every accident of a bench, and of the simulator, from one number.
//!
//! Purpose: the network's faults, what random players do, and the randomness that the core asks for.
//!
//! Bounds: not for secrets. The generator is SplitMix64: 2⁶⁴ draws before it repeats.
//!
//! ```
//! use tinyrealm_testing::Random;
//! let (mut one, mut same) = (Random::new(7), Random::new(7));
//! assert_eq!(one.below(1_000), same.below(1_000));
//! assert!(one.between(-5, 5).abs() <= 5);
//! ```

use tinyrealm_core::entropy::Entropy;

/// A seeded generator: the same seed draws the same numbers. It is not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The same seed draws the same numbers in the same order.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: i32, high: i32) -> i32 {
        let count = high as i64 - low as i64 + 1;
        (low as i64 + self.below(count as u64) as i64) as i32
    }

    /// A number of this range, both ends included.
    pub const fn within(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Another generator, so that what draws from it does not shift what draws from this one.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    /// Yes, `permille` times in a thousand.
    pub const fn chance(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille as u64
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len() as u64) as usize).copied()
    }

    /// One of `choices`, each as often as its weight says.
    pub fn pick_weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> Option<T> {
        let sum = choices.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = self.below(sum);
        for (choice, weight) in choices {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return Some(*choice),
            }
        }
        None
    }
}

impl Entropy for Random {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

//! `Random`: every decision of a simulation, from one number.
//!
//! Purpose: delays, faults, what players do, and the entropy that the core asks for. Two runs with
//! the same seed draw the same numbers in the same order.
//!
//! Bounds: not for secrets. The generator is SplitMix64: 2⁶⁴ draws before it repeats.

use tinyrealm_core::entropy::Entropy;

/// A seeded generator; see the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Another generator, so that what draws from it does not shift what draws from this one.
    pub(crate) const fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    /// A number below `bound`; 0 if there is none.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Yes, `permille` times in a thousand.
    pub(crate) const fn chance(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille as u64
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len() as u64) as usize).copied()
    }

    /// One of `choices`, each as often as its weight says.
    pub(crate) fn pick_weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> Option<T> {
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

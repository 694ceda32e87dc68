//! `Backoff`: how long to wait before the next attempt.
//!
//! Purpose: a world looking for its Main, a client looking for either: each failure doubles the
//! wait, and half of it is random, so that a thousand peers of a restarted server do not all return
//! in the same millisecond.
//!
//! Contract: the n-th delay lies in `[d/2, d]` with `d = min(first · 2ⁿ, most)`.
//!
//! ```
//! use tinyrealm_core::backoff::Backoff;
//! let mut backoff = Backoff::new(100, 1_000);
//! assert_eq!(backoff.next_delay_ms(0), 50); // d = 100
//! assert_eq!(backoff.next_delay_ms(u32::MAX), 200); // d = 200
//! backoff.reset();
//! assert_eq!(backoff.attempts(), 0);
//! ```

/// Exponential back-off with jitter; see the [module](self).
#[derive(Clone, Debug)]
pub struct Backoff {
    first_ms: u32,
    most_ms: u32,
    attempts: u8,
}

impl Backoff {
    /// Delays that start around `first_ms` and grow to at most `most_ms`.
    pub const fn new(first_ms: u32, most_ms: u32) -> Self {
        Self { first_ms, most_ms, attempts: 0 }
    }

    /// Failures since the last [`Backoff::reset`], up to 255.
    pub const fn attempts(&self) -> u8 {
        self.attempts
    }

    /// Counts a failure and answers how long to wait, given any random number.
    pub fn next_delay_ms(&mut self, random: u32) -> u32 {
        let doubled = u64::from(self.first_ms) << self.attempts.min(31);
        let whole = doubled.min(u64::from(self.most_ms));
        self.attempts = self.attempts.saturating_add(1);
        let half = whole / 2;
        let jitter = ((whole - half) * u64::from(random)).div_ceil(u64::from(u32::MAX));
        (half + jitter) as u32
    }

    /// Forgets the failures: the peer is there.
    pub const fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_delay_lies_in_its_window(first in 1u32..10_000, most in 1u32..100_000, randoms in prop::collection::vec(any::<u32>(), 1..300)) {
            let mut backoff = Backoff::new(first, most);
            for (attempt, random) in randoms.into_iter().enumerate() {
                let whole = (u64::from(first) << attempt.min(31)).min(u64::from(most));
                let delay = u64::from(backoff.next_delay_ms(random));
                prop_assert!(whole / 2 <= delay && delay <= whole);
            }
        }
    }
}

//! How much a peer may say: packets a second.
//!
//! ```
//! use tinyrealm_core::session::TokenBucket;
//! use tinyrealm_core::time::Instant;
//! let mut bucket = TokenBucket::full(2, Instant::ZERO);
//! let now = Instant::ZERO;
//! assert!(bucket.take(10, 2, now) && bucket.take(10, 2, now) && !bucket.take(10, 2, now));
//! assert!(bucket.take(10, 2, now.after_ms(100))); // ten a second
//! ```

use crate::time::{Instant, Stamp};

/// A token bucket: `burst` at once, `rate_per_second` in the long run.
#[derive(Copy, Clone, Debug)]
pub struct TokenBucket {
    filled_at: Stamp,
    /// In thousandths of a token, so that a millisecond earns exactly `rate_per_second` of them.
    level_milli: u32,
}

const TOKEN_MILLI: u32 = 1_000;

impl TokenBucket {
    /// A bucket without tokens: all-zero bits.
    pub const EMPTY: Self = Self { filled_at: Stamp::ZERO, level_milli: 0 };

    /// A bucket with `burst` tokens.
    pub const fn full(burst: u16, now: Instant) -> Self {
        Self { filled_at: now.stamp(), level_milli: burst as u32 * TOKEN_MILLI }
    }

    /// Takes one token; `false` if there is none.
    #[inline]
    pub fn take(&mut self, rate_per_second: u16, burst: u16, now: Instant) -> bool {
        let earned = self.filled_at.age_ms(now).saturating_mul(u32::from(rate_per_second));
        let most = u32::from(burst) * TOKEN_MILLI;
        self.filled_at = now.stamp();
        self.level_milli = self.level_milli.saturating_add(earned).min(most);
        match self.level_milli.checked_sub(TOKEN_MILLI) {
            Some(left) => {
                self.level_milli = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_keeps_the_rate_over_a_minute() {
        for rate in [1, 3, 7, 250, 999, 1_000, 30_000] {
            let mut bucket = TokenBucket::full(5, Instant::ZERO);
            let mut taken = 0u32;
            for ms in 0..60_000 {
                while bucket.take(rate, 5, Instant::from_millis(ms)) {
                    taken += 1;
                }
            }
            // A burst of five, refilled every millisecond, passes at most 5,000 a second.
            let fair = u32::from(rate.min(5_000)) * 60;
            assert!(taken.abs_diff(fair) <= 5, "{rate}: {taken}");
        }
    }
}

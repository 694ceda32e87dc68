//! How much a peer may say: packets a second.
//!
//! ```
//! use tinyrealm_core::session::TokenBucket;
//! use tinyrealm_core::time::Instant;
//! let mut bucket = TokenBucket::FULL;
//! let now = Instant::ZERO;
//! assert!(bucket.take(10, 2, now) && bucket.take(10, 2, now) && !bucket.take(10, 2, now));
//! assert!(bucket.take(10, 2, now.after_ms(100))); // ten a second
//! ```

use crate::time::Instant;

/// A token bucket: `burst` at once, `rate_per_second` in the long run.
///
/// It is kept as the one point in time when it will be full again (the generic cell rate algorithm, ITU-T
/// I.371), which is right however long nobody asks.
#[derive(Copy, Clone, Debug)]
pub struct TokenBucket {
    /// In nanoseconds of the clock, so that no rate loses anything by rounding. Two halves, the lower one
    /// first: a session has no room for the alignment of a `u64`.
    full_at_ns: [u32; 2],
}

/// What a peer may say at once that has not shown who it is, unless `packet_burst` is less: a greeting, and what
/// follows it in the same segment.
pub const STRANGER_BURST: u16 = 32;

const SECOND_NS: u32 = 1_000_000_000;

impl TokenBucket {
    /// A full bucket: all-zero bits.
    pub const FULL: Self = Self { full_at_ns: [0; 2] };

    /// Takes one token; `false` if there is none. A rate of 0 is taken for 1.
    #[inline]
    pub fn take(&mut self, rate_per_second: u16, burst: u16, now: Instant) -> bool {
        let [low, high] = self.full_at_ns;
        let token_ns =
            u64::from(SECOND_NS.checked_div(u32::from(rate_per_second)).unwrap_or(SECOND_NS));
        let now_ns = now.micros().saturating_mul(1_000);
        let full_at_ns =
            (u64::from(high) << 32 | u64::from(low)).max(now_ns).saturating_add(token_ns);
        if full_at_ns - now_ns > token_ns * u64::from(burst) {
            return false;
        }
        self.full_at_ns = [full_at_ns as u32, (full_at_ns >> 32) as u32];
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;
    use crate::time::testing::start;

    #[test]
    fn a_bucket_is_full_again_after_any_pause() {
        for pause_ms in [500, Stamp::REACH_MS, Stamp::REACH_MS + 1, u32::MAX] {
            let mut bucket = TokenBucket::FULL;
            let mut now = start();
            for _ in 0..4 {
                assert_eq!(
                    [(); 6].map(|()| bucket.take(10, 5, now)),
                    [true, true, true, true, true, false]
                );
                assert!(!bucket.take(10, 5, now.after_ms(99)));
                now = now.after_ms(pause_ms);
            }
        }
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut bucket = TokenBucket::FULL;
        assert!(bucket.take(1, 1, Instant::from_micros(u64::MAX)));
    }

    #[test]
    fn a_bucket_keeps_the_rate_over_a_minute() {
        for rate in [1, 3, 7, 250, 999, 1_000, 30_000] {
            let mut bucket = TokenBucket::FULL;
            let mut taken = 0u32;
            for ms in 0..60_000 {
                while bucket.take(rate, 5, start().after_ms(ms)) {
                    taken += 1;
                }
            }
            // A burst of five, refilled every millisecond, passes at most 5,000 a second.
            let fair = u32::from(rate.min(5_000)) * 60;
            assert!(taken.abs_diff(fair) <= 5, "{rate}: {taken}");
        }
    }
}

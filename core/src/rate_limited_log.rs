//! `RateLimitedLog`: one line a second of what may happen a thousand times.
//!
//! ```
//! use tinyrealm_core::rate_limited_log::RateLimitedLog;
//! use tinyrealm_core::time::Instant;
//! let mut log = RateLimitedLog::default();
//! assert_eq!(log.admit(Instant::from_millis(5)), Some(1));
//! assert_eq!(log.admit(Instant::from_millis(6)), None);
//! assert_eq!(log.admit(Instant::from_millis(1_005)), Some(2)); // and how many it stands for
//! ```

use crate::time::Instant;

/// Lets one line a second through, and counts those that it stands for.
#[derive(Copy, Clone, Debug, Default)]
pub struct RateLimitedLog {
    /// No stamp: there may be nothing to log for as long as it likes.
    quiet_until: Instant,
    held_back: u32,
}

const LOG_INTERVAL_MS: u32 = 1_000;

impl RateLimitedLog {
    /// Whether this one may be logged, and if so, how many it stands for.
    pub const fn admit(&mut self, now: Instant) -> Option<u32> {
        self.held_back = self.held_back.saturating_add(1);
        if now.micros() < self.quiet_until.micros() {
            return None;
        }
        self.quiet_until = now.after_ms(LOG_INTERVAL_MS);
        Some(core::mem::replace(&mut self.held_back, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;

    #[test]
    fn a_line_is_written_after_any_silence() {
        for silence_ms in [LOG_INTERVAL_MS, Stamp::REACH_MS, Stamp::REACH_MS + 1, u32::MAX] {
            for times in 1..=3 {
                let mut log = RateLimitedLog::default();
                let mut now = crate::time::testing::start();
                assert_eq!(log.admit(now), Some(1));
                assert_eq!(log.admit(now.after_ms(LOG_INTERVAL_MS - 1)), None);
                for _ in 0..times {
                    now = now.after_ms(silence_ms);
                }
                assert_eq!(log.admit(now), Some(2), "{silence_ms} ms, {times} times");
            }
        }
    }
}

//! `LimitedLines`: lines of the log of one kind: some at once, and so many a second in the long run.
//!
//! Contract: a line before the next one says how many were left out.

use crate::log;
use crate::session::TokenBucket;
use crate::time::Instant;

/// See the [module](self).
#[derive(Copy, Clone, Debug)]
pub(crate) struct LimitedLines {
    per_second: u16,
    at_once: u16,
    left: TokenBucket,
    left_out: u32,
}

impl LimitedLines {
    pub(crate) const fn new(per_second: u16, at_once: u16) -> Self {
        Self { per_second, at_once, left: TokenBucket::FULL, left_out: 0 }
    }

    /// Whether one more may be written. If some were left out before, that is.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        let left_out = self.next(now);
        if let Some(lines @ 1..) = left_out {
            log::info!("{} lines like the next one were left out", lines);
        }
        left_out.is_some()
    }

    fn next(&mut self, now: Instant) -> Option<u32> {
        if self.left.take(self.per_second, self.at_once, now) {
            return Some(core::mem::take(&mut self.left_out));
        }
        self.leave_out();
        None
    }

    /// One more is not written.
    pub(crate) const fn leave_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_what_one_kind_may_write() {
        let now = crate::time::testing::start();
        for (per_second, at_once) in [(1, 16), (200, 50_000)] {
            let mut lines = LimitedLines::new(per_second, at_once);
            for _ in 0..at_once {
                assert_eq!(lines.next(now), Some(0));
            }
            let next_ms = 1_000 / u32::from(per_second);
            assert_eq!([(); 3].map(|()| lines.next(now.after_ms(next_ms - 1))), [None; 3]);
            assert_eq!(lines.next(now.after_ms(next_ms)), Some(3));
            assert_eq!(lines.next(now.after_ms(next_ms)), None);
        }
    }
}

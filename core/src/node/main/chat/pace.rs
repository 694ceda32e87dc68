//! `Pace`: something that is done at once after a pause, and then at most once an interval.
//!
//! ```text
//!   wanted:   x        x x x   x x        x
//!   done:     x        x    x    x        x
//!                      |─────|─────|   intervals
//! ```
//! A lone message waits for nothing, and what comes in crowds goes together.

use crate::time::Instant;

/// When it is done next, and when it was last; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    pub(super) const NEW: Self = Self { last: None, due: None };

    /// There is something to do, `interval_ms` after the last time at the earliest.
    pub(super) fn want(&mut self, now: Instant, interval_ms: u32) {
        let earliest = self.last.map_or(now, |last| last.after_ms(interval_ms));
        self.want_at(earliest.max(now));
    }

    /// There is something to do at this time, or earlier if it is due then.
    pub(super) fn want_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |earlier| earlier.min(at)));
    }

    /// When it is due, if there is something to do.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|at| at <= now)
    }

    /// It is done.
    pub(super) const fn done(&mut self, now: Instant) {
        *self = Self { last: Some(now), due: None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_waits_for_nothing_and_the_rest_for_each_other() {
        let mut pace = Pace::NEW;
        let at = |ms| crate::time::testing::start().after_ms(ms);
        assert!(!pace.is_due(at(100)), "there is nothing to do");
        pace.want(at(100), 20);
        assert!(pace.is_due(at(100)));
        pace.done(at(100));
        pace.want(at(101), 20);
        pace.want(at(110), 20);
        assert!(!pace.is_due(at(119)) && pace.is_due(at(120)));
        pace.done(at(120));
        assert_eq!(pace.due(), None);
        pace.want(at(200), 20);
        assert!(pace.is_due(at(200)), "after a pause");
        pace.done(at(200));
        pace.want(at(200), 0);
        assert!(pace.is_due(at(200)), "without an interval, at once");
    }
}

//! `Ticks`: when a game's ticks are due, and which number they have.
//!
//! Contract: tick `n` is due `n` intervals after the first one began, so ticks don't drift however late each of
//! them comes. A node that was kept from its ticks makes up for them by one: the newest that is due, with all the
//! time that has passed. Its number says how many intervals those were; none comes twice. The rooms of a world
//! tick together, by one clock: the numbers are the world's, and `elapsed_ms` adds up to its clock exactly.
//!
//! Ticks stop while nobody wants them. When they go on, the numbers do too, and time begins anew.

use crate::time::Instant;

/// A tick of a game's.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Tick {
    /// Which one: each is above the one before, by more than 1 where some were left out.
    pub number: u64,
    /// Milliseconds since the one before, or since ticks began: after a long stall that is all of it.
    pub elapsed_ms: u32,
}

/// The ticks of a world; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub(super) struct Ticks {
    /// The number of the newest tick.
    number: u64,
    /// When the newest tick came, or ticks began.
    told_at: Instant,
    /// When the next one is due; none while they stop.
    next_at: Option<Instant>,
}

impl Ticks {
    /// Ticks that have not begun.
    pub(super) const STOPPED: Self = Self { number: 0, told_at: Instant::ZERO, next_at: None };

    pub(super) const fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// Begins with the first who wants them, and stops with the last.
    pub(super) fn adjust(&mut self, now: Instant, interval_ms: u32, is_wanted: bool) {
        if !is_wanted {
            self.next_at = None;
        } else if self.next_at.is_none() {
            self.told_at = now;
            self.next_at = Some(now.after_ms(interval_ms));
        }
    }

    /// The tick that is due now, if one is.
    pub(super) fn take_due(&mut self, now: Instant, interval_ms: u32) -> Option<Tick> {
        let due_at = self.next_at.filter(|at| *at <= now)?;
        let left_out = now.ms_since(due_at).checked_div(interval_ms)?;
        self.number += u64::from(left_out) + 1;
        self.next_at =
            Some(due_at.after_ms(left_out.saturating_mul(interval_ms)).after_ms(interval_ms));
        // Of whole milliseconds, so that no fraction is lost from tick to tick.
        let elapsed_ms = now.millis().saturating_sub(self.told_at.millis());
        self.told_at = now;
        Some(Tick {
            number: self.number,
            elapsed_ms: u32::try_from(elapsed_ms).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::testing::start;
    use proptest::prelude::*;

    const INTERVAL_MS: u32 = 100;

    fn begun() -> Ticks {
        let mut ticks = Ticks::STOPPED;
        ticks.adjust(start(), INTERVAL_MS, true);
        ticks
    }

    fn after_ms(ticks: &mut Ticks, ms: u32) -> Option<(u64, u32)> {
        let tick = ticks.take_due(start().after_ms(ms), INTERVAL_MS);
        tick.map(|tick| (tick.number, tick.elapsed_ms))
    }

    #[test]
    fn both_sides_of_when_a_tick_is_due() {
        let ticks = &mut begun();
        assert_eq!(after_ms(ticks, INTERVAL_MS - 1), None);
        assert_eq!(after_ms(ticks, INTERVAL_MS), Some((1, INTERVAL_MS)));
        assert_eq!(after_ms(ticks, 2 * INTERVAL_MS - 1), None);
    }

    #[test]
    fn lateness_is_not_added_up() {
        let ticks = &mut begun();
        for number in 1..1_000 {
            let late_ms = number * 37 % INTERVAL_MS;
            let (told, _) = after_ms(ticks, number * INTERVAL_MS + late_ms).unwrap();
            assert_eq!(told, u64::from(number));
            assert_eq!(ticks.next_at(), Some(start().after_ms((number + 1) * INTERVAL_MS)));
        }
    }

    #[test]
    fn a_stall_is_made_up_for_by_one_tick_with_all_its_time() {
        let ticks = &mut begun();
        assert_eq!(after_ms(ticks, 2 * INTERVAL_MS - 1), Some((1, 199)));
        assert_eq!(after_ms(ticks, 8 * INTERVAL_MS + 50), Some((8, 651)));
        assert_eq!(after_ms(ticks, 8 * INTERVAL_MS + 50), None);
        assert_eq!(after_ms(ticks, 9 * INTERVAL_MS), Some((9, 50)));
        let month_ms = 30 * 24 * 3_600_000;
        let number = u64::from(month_ms / INTERVAL_MS);
        assert_eq!(after_ms(ticks, month_ms), Some((number, month_ms - 900)));
    }

    #[test]
    fn a_clock_beyond_all_bounds_is_one_tick_too() {
        let ticks = &mut begun();
        let end = Instant::from_micros(u64::MAX);
        assert_eq!(ticks.take_due(end, INTERVAL_MS).map(|tick| tick.elapsed_ms), Some(u32::MAX));
        assert_eq!(ticks.take_due(end, 0), None);
    }

    #[test]
    fn numbers_go_on_behind_a_pause_and_its_time_does_not_count() {
        let ticks = &mut begun();
        assert_eq!(after_ms(ticks, INTERVAL_MS), Some((1, INTERVAL_MS)));
        ticks.adjust(start(), INTERVAL_MS, false);
        assert_eq!((ticks.next_at(), after_ms(ticks, 5_000)), (None, None));
        ticks.adjust(start().after_ms(5_010), INTERVAL_MS, true);
        ticks.adjust(start().after_ms(5_050), INTERVAL_MS, true);
        assert_eq!(after_ms(ticks, 5_110), Some((2, INTERVAL_MS)));
    }

    proptest! {
        #[test]
        fn numbers_rise_and_times_add_up(steps in prop::collection::vec(0_u64..700_000, 1..200)) {
            let ticks = &mut begun();
            let (mut now, mut number, mut elapsed_ms) = (start(), 0, 0);
            for step in steps {
                now = Instant::from_micros(now.micros() + step);
                let Some(tick) = ticks.take_due(now, INTERVAL_MS) else { continue };
                prop_assert!(tick.number > number);
                number = tick.number;
                elapsed_ms += u64::from(tick.elapsed_ms);
                prop_assert_eq!(elapsed_ms, now.millis() - start().millis());
                prop_assert_eq!(u64::from(now.ms_since(start()) / INTERVAL_MS), number);
            }
        }
    }
}

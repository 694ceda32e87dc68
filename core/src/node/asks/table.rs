//! The open questions of one side, in four places.

use super::ASKS_MAX;
use crate::time::{Instant, Stamp};
use crate::wire::Full;

/// One question; vacant with number 0.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Open {
    number: u32,
    until: Stamp,
}

impl Open {
    const VACANT: Self = Self { number: 0, until: Stamp::ZERO };

    fn is_due(&self, now: Instant) -> bool {
        self.number != 0 && self.until.upcoming(now) <= now
    }
}

/// Questions under way; see the [module](super).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asks {
    last: u32,
    open: [Open; ASKS_MAX],
}

impl Asks {
    /// None: all-zero bits.
    pub(crate) const NONE: Self = Self { last: 0, open: [Open::VACANT; ASKS_MAX] };

    /// A question of our own begins; answers its number, and when it has had its time: never before the next
    /// millisecond.
    pub(crate) fn begin(&mut self, now: Instant, timeout_ms: u32) -> Result<(u32, Instant), Full> {
        let number = self.free_number();
        let place = self.open.iter_mut().find(|open| open.number == 0).ok_or(Full)?;
        *place = Open { number, until: now.stamp_after_ms(timeout_ms.max(1)) };
        self.last = number;
        Ok((number, place.until.upcoming(now)))
    }

    /// The number behind the last one: never 0, and none that is open.
    fn free_number(&self) -> u32 {
        let mut number = self.last;
        loop {
            number = if number == u32::MAX { 1 } else { number + 1 };
            if !self.has(number) {
                return number;
            }
        }
    }

    /// A question of the other side's comes; one that has had its time gives way. `Ok(false)` if it is open already,
    /// or has no number.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        number: u32,
        timeout_ms: u32,
    ) -> Result<bool, Full> {
        if number == 0 || self.has(number) {
            return Ok(false);
        }
        let is_free = |open: &&mut Open| open.number == 0 || open.is_due(now);
        let place = self.open.iter_mut().find(is_free).ok_or(Full)?;
        *place = Open { number, until: now.stamp_after_ms(timeout_ms) };
        Ok(true)
    }

    /// Whether a question is open.
    pub(crate) fn has(&self, number: u32) -> bool {
        number != 0 && self.open.iter().any(|open| open.number == number)
    }

    /// Ends a question; whether it was open.
    pub(crate) fn take(&mut self, number: u32) -> bool {
        let was_open = self.has(number);
        for open in self.open.iter_mut().filter(|open| open.number == number) {
            *open = Open::VACANT;
        }
        was_open
    }

    /// Ends one question that has had its time.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<u32> {
        let number = self.open.iter().find(|open| open.is_due(now))?.number;
        self.take(number).then_some(number)
    }

    /// Ends all of them; answers their numbers.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = u32> + use<> {
        let open = self.open;
        // Most have none: memory that was never written stays so.
        if open != [Open::VACANT; ASKS_MAX] {
            self.open = [Open::VACANT; ASKS_MAX];
        }
        open.into_iter().map(|open| open.number).filter(|number| *number != 0)
    }

    /// When the next of them has had its time.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        let open = self.open.iter().filter(|open| open.number != 0);
        open.map(|open| open.until.upcoming(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::testing::start;
    use std::vec::Vec;

    fn numbers(asks: &mut Asks) -> Vec<u32> {
        asks.take_all().collect()
    }

    #[test]
    fn both_sides_of_how_many_are_open() {
        let (mut asks, now) = (Asks::NONE, start());
        for number in 1..=ASKS_MAX as u32 {
            assert_eq!(asks.begin(now, 5).map(|(number, _)| number), Ok(number));
        }
        assert_eq!(asks.begin(now, 5), Err(Full));
        assert!(asks.take(2) && !asks.take(2) && !asks.take(0) && !asks.take(99));
        assert_eq!(asks.begin(now, 5), Ok((5, now.after_ms(5))));
        assert_eq!(numbers(&mut asks), [1, 5, 3, 4]);
        assert!(numbers(&mut asks).is_empty());
    }

    #[test]
    fn numbers_wrap_past_none_and_past_those_that_are_open() {
        let mut asks = Asks { last: u32::MAX - 2, ..Asks::NONE };
        let now = start();
        assert_eq!(asks.hear(now, 2, 1_000), Ok(true));
        let mut begin = || asks.begin(now, 5).map(|(number, _)| number);
        assert_eq!([begin(), begin(), begin()], [Ok(u32::MAX - 1), Ok(u32::MAX), Ok(1)]);
        assert!(asks.take(u32::MAX));
        assert_eq!(asks.begin(now, 5).map(|(number, _)| number), Ok(3));
    }

    #[test]
    fn both_sides_of_a_time_out() {
        let (mut asks, now) = (Asks::NONE, start());
        assert_eq!(asks.begin(now, 20), Ok((1, now.after_ms(20))));
        assert_eq!(asks.begin(now, 10), Ok((2, now.after_ms(10))));
        assert_eq!(asks.next_due(now), Some(now.after_ms(10)));
        assert_eq!(asks.take_due(now.after_ms(9)), None);
        assert_eq!(asks.take_due(now.after_ms(10)), Some(2));
        assert_eq!(asks.take_due(now.after_ms(10)), None);
        assert_eq!(asks.take_due(now.after_ms(20)), Some(1));
        assert_eq!(asks.next_due(now), None);
        assert_eq!(asks.begin(now, 0), Ok((3, now.after_ms(1))), "never at once");
    }

    #[test]
    fn what_has_had_its_time_gives_way_to_what_comes() {
        let (mut asks, now) = (Asks::NONE, start());
        for number in 1..=ASKS_MAX as u32 {
            assert_eq!(asks.hear(now, number, 10), Ok(true));
        }
        assert_eq!(asks.hear(now, 1, 10), Ok(false), "open already");
        assert_eq!(asks.hear(now, 0, 10), Ok(false), "no number");
        assert_eq!(asks.hear(now.after_ms(9), 9, 10), Err(Full));
        assert_eq!(asks.hear(now.after_ms(10), 9, 10), Ok(true));
        assert!(asks.has(9) && !asks.has(1));
    }
}

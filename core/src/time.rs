//! Time as the core sees it: an argument.
//!
//! Purpose: [`Instant`] is a point on the driver's monotonic clock in microseconds; [`Stamp`] is its
//! four-byte form for fields of which there are thousands.
//!
//! Contract: the core never reads a clock. Arithmetic saturates, so no order of calls can overflow.
//!
//! Bounds: an `Instant` lasts 584,000 years. A `Stamp` compares correctly for [`Stamp::REACH_MS`], 24
//! days: it is for what a timer ends before that, and no configured timeout is longer. What may lie
//! untouched for as long as it likes (when something was last logged, said, earned) is an `Instant`.
//!
//! ```
//! use tinyrealm_core::time::Instant;
//! let start = Instant::from_millis(1_000);
//! let later = start.after_ms(250);
//! assert_eq!(later.ms_since(start), 250);
//! assert_eq!(start.ms_since(later), 0); // saturates
//! assert_eq!(start.stamp().age_ms(later), 250);
//! ```

/// A point on the driver's monotonic clock, in microseconds since a start of its choice.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Instant {
    micros: u64,
}

impl Instant {
    /// The clock's start.
    pub const ZERO: Self = Self { micros: 0 };

    /// A point `micros` microseconds after the clock's start.
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// A point `millis` milliseconds after the clock's start.
    pub const fn from_millis(millis: u64) -> Self {
        Self { micros: millis.saturating_mul(1_000) }
    }

    /// Microseconds since the clock's start.
    pub const fn micros(self) -> u64 {
        self.micros
    }

    /// Whole milliseconds since the clock's start.
    pub const fn millis(self) -> u64 {
        self.micros / 1_000
    }

    /// This point, `ms` milliseconds later.
    pub const fn after_ms(self, ms: u32) -> Self {
        Self { micros: self.micros.saturating_add(ms as u64 * 1_000) }
    }

    /// Whole milliseconds from `earlier` to here; 0 if `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> u32 {
        let ms = self.micros.saturating_sub(earlier.micros) / 1_000;
        if ms > u32::MAX as u64 { u32::MAX } else { ms as u32 }
    }

    /// The four-byte form.
    pub const fn stamp(self) -> Stamp {
        Stamp { wrapped_ms: self.millis() as u32 }
    }

    /// The four-byte form of the point `ms` milliseconds later, or of the furthest that it reaches.
    pub const fn stamp_after_ms(self, ms: u32) -> Stamp {
        self.after_ms(if ms > Stamp::REACH_MS { Stamp::REACH_MS } else { ms }).stamp()
    }
}

/// An [`Instant`] in milliseconds, wrapped to 32 bits.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    wrapped_ms: u32,
}

impl Stamp {
    /// The clock's start; also the all-zero value of an empty slot.
    pub const ZERO: Self = Self { wrapped_ms: 0 };

    /// How far from now a stamp may lie, on either side.
    pub const REACH_MS: u32 = u32::MAX / 2;

    /// Milliseconds from this stamp to `now`; 0 if the stamp lies in the future.
    pub const fn age_ms(self, now: Instant) -> u32 {
        let age = (now.millis() as u32).wrapping_sub(self.wrapped_ms);
        if age > Self::REACH_MS { 0 } else { age }
    }

    /// The instant of this stamp, if it lies after `now`; else `now`.
    pub const fn upcoming(self, now: Instant) -> Instant {
        let ahead = self.wrapped_ms.wrapping_sub(now.millis() as u32);
        if ahead > Self::REACH_MS {
            now
        } else {
            Instant::from_millis(now.millis()).after_ms(ahead)
        }
    }

    /// The instant `ms` milliseconds after this stamp, seen from `now`.
    pub const fn after_ms(self, ms: u32, now: Instant) -> Instant {
        let age = self.age_ms(now);
        let stamped = Instant::from_millis(now.millis().saturating_sub(age as u64));
        stamped.after_ms(ms)
    }
}

/// Where the clocks of tests start: at a few seconds, or where `TINYREALM_CLOCK_START` says, just before
/// some number of bits is full, so that whatever keeps a time in fewer of them shows it.
#[cfg(test)]
pub(crate) mod testing {
    use super::Instant;
    use crate::timer::TICK_MS;

    /// How long before the wrap: a test's first sessions begin on one side, and end on the other.
    const BEFORE_TICKS: u64 = 2;

    /// The start, on a tick of the wheel, so that timeouts of whole ticks are exact.
    pub(crate) fn start() -> Instant {
        let tick_ms = u64::from(TICK_MS);
        let wrap_ms = match std::env::var("TINYREALM_CLOCK_START").as_deref() {
            Err(_) => return Instant::from_millis(1_000 * tick_ms),
            Ok("micros") => (1 << 32) / 1_000,
            Ok("half-stamp") => 1 << 31,
            Ok("stamp") => 1 << 32,
            Ok("half-wheel") => tick_ms << 31,
            Ok("wheel") => tick_ms << 32,
            Ok(other) => panic!(
                "TINYREALM_CLOCK_START is micros, half-stamp, stamp, half-wheel or wheel, not {other}"
            ),
        };
        Instant::from_millis((wrap_ms / tick_ms - BEFORE_TICKS) * tick_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_survive_the_wrap_of_their_32_bits() {
        let before = Instant::from_millis(u64::from(u32::MAX) - 5);
        let after = before.after_ms(20);
        assert_eq!(before.stamp().age_ms(after), 20);
        assert_eq!(after.stamp().age_ms(before), 0);
        assert_eq!(before.stamp().after_ms(100, after), before.after_ms(100));
    }

    #[test]
    fn both_sides_of_a_stamp_s_reach() {
        let now = testing::start();
        let furthest = now.stamp_after_ms(Stamp::REACH_MS);
        assert_eq!(furthest.upcoming(now).millis(), now.after_ms(Stamp::REACH_MS).millis());
        assert_eq!(now.stamp_after_ms(u32::MAX), furthest, "no further");
        assert_eq!(now.stamp().age_ms(now.after_ms(Stamp::REACH_MS)), Stamp::REACH_MS);
        assert_eq!(now.stamp().age_ms(now.after_ms(Stamp::REACH_MS + 1)), 0, "beyond its reach");
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Instant::from_micros(u64::MAX);
        assert_eq!(end.after_ms(1), end);
        assert_eq!(end.ms_since(Instant::ZERO), u32::MAX);
    }
}

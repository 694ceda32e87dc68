//! `Settling`: how long bots wait at their end for what is on its way.
//!
//! Contract: as long as something comes; [`SILENCE_LIMIT_MS`] without anything are its end, and so are [`LIMIT_MS`] in all.

use tinyrealm_core::time::Instant;

const SILENCE_LIMIT_MS: u32 = 4_000;
const LIMIT_MS: u32 = 60_000;

/// What has come, and when; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub(super) struct Settling {
    heard: u64,
    heard_at: Instant,
    began_at: Instant,
}

impl Settling {
    pub(super) const fn begin(now: Instant) -> Self {
        Self { heard: 0, heard_at: now, began_at: now }
    }

    /// Whether nobody waits any more, when so much has come in all.
    pub(super) fn is_over(&mut self, heard: u64, now: Instant) -> bool {
        if heard != self.heard {
            (self.heard, self.heard_at) = (heard, now);
        }
        let is_beyond = |began: Instant, limit_ms| began.after_ms(limit_ms) <= now;
        is_beyond(self.heard_at, SILENCE_LIMIT_MS) || is_beyond(self.began_at, LIMIT_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Instant = Instant::from_micros(1_000_000);

    #[test]
    fn silence_has_two_sides() {
        let mut settling = Settling::begin(BEGIN);
        assert!(!settling.is_over(0, BEGIN.after_ms(SILENCE_LIMIT_MS - 1)));
        assert!(settling.is_over(0, BEGIN.after_ms(SILENCE_LIMIT_MS)));
        assert!(!settling.is_over(1, BEGIN.after_ms(SILENCE_LIMIT_MS)));
        assert!(!settling.is_over(1, BEGIN.after_ms(2 * SILENCE_LIMIT_MS - 1)));
        assert!(settling.is_over(1, BEGIN.after_ms(2 * SILENCE_LIMIT_MS)));
    }

    #[test]
    fn what_never_ends_has_an_end() {
        let mut settling = Settling::begin(BEGIN);
        for second in 1..LIMIT_MS / 1_000 {
            assert!(!settling.is_over(second.into(), BEGIN.after_ms(second * 1_000)), "{second}");
        }
        assert!(settling.is_over(u64::MAX, BEGIN.after_ms(LIMIT_MS)));
    }
}

//! `Watch`: whether the peer is still there.
//!
//! ```text
//!            silent for ping_interval_ms: Ask
//!   Hearing ─────────────────────────────────► Asked ── silent for the rest: Lost
//!      ▲                                         │
//!      └───────────── anything comes ────────────┘
//! ```

use std::time::{Duration, Instant};

use super::options::KeepAlive;

/// What a read that has waited in vain means.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// It was woken too early.
    Nothing,
    /// The peer is to be asked whether it is there.
    Ask,
    /// It has not answered.
    Lost(String),
}

/// Where the [module](self)'s diagram stands, and since when.
#[derive(Debug)]
pub(super) struct Watch {
    keep_alive: Option<KeepAlive>,
    since: Instant,
    has_asked: bool,
}

impl Watch {
    pub(super) fn begin(keep_alive: Option<KeepAlive>, now: Instant) -> Self {
        Self { keep_alive, since: now, has_asked: false }
    }

    /// How long the next read may wait; `None` for ever.
    pub(super) fn patience(&self) -> Option<Duration> {
        let KeepAlive { ping_interval_ms, idle_timeout_ms } = self.keep_alive?;
        let ms = if self.has_asked {
            idle_timeout_ms.saturating_sub(ping_interval_ms)
        } else {
            ping_interval_ms
        };
        // A socket takes no time of zero.
        Some(Duration::from_millis(u64::from(ms.max(1))))
    }

    /// Something has come; answers whether the next read may wait for another time than this one.
    pub(super) fn hear(&mut self, now: Instant) -> bool {
        self.since = now;
        std::mem::take(&mut self.has_asked)
    }

    /// A read has waited in vain.
    pub(super) fn look(&mut self, now: Instant) -> Due {
        let Some(KeepAlive { idle_timeout_ms, .. }) = self.keep_alive else { return Due::Nothing };
        if self.patience().is_none_or(|patience| now.duration_since(self.since) < patience) {
            return Due::Nothing;
        }
        self.since = now;
        if self.has_asked {
            return Due::Lost(format!("the peer was silent for {idle_timeout_ms} ms"));
        }
        self.has_asked = true;
        Due::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP_ALIVE: KeepAlive = KeepAlive { ping_interval_ms: 100, idle_timeout_ms: 250 };

    #[test]
    fn both_sides_of_each_limit() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::begin(Some(KEEP_ALIVE), start);
        assert_eq!(watch.patience(), Some(Duration::from_millis(100)));
        assert_eq!((watch.look(at(99)), watch.look(at(100))), (Due::Nothing, Due::Ask));
        assert_eq!(watch.patience(), Some(Duration::from_millis(150)));
        assert_eq!(watch.look(at(249)), Due::Nothing);
        assert!(matches!(watch.look(at(250)), Due::Lost(_)));
    }

    #[test]
    fn what_is_heard_begins_anew() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::begin(Some(KEEP_ALIVE), start);
        assert_eq!(watch.look(at(100)), Due::Ask);
        assert!(watch.hear(at(200)) && !watch.hear(at(210)));
        assert_eq!((watch.look(at(309)), watch.look(at(310))), (Due::Nothing, Due::Ask));
    }

    #[test]
    fn a_machine_that_has_slept_asks_before_it_gives_up() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut watch = Watch::begin(Some(KEEP_ALIVE), start);
        assert_eq!(watch.look(at(100_000)), Due::Ask);
        assert_eq!(watch.look(at(100_149)), Due::Nothing);
    }

    #[test]
    fn without_limits_nobody_is_asked() {
        let start = Instant::now();
        let mut watch = Watch::begin(None, start);
        assert_eq!(
            (watch.patience(), watch.look(start + Duration::from_secs(99))),
            (None, Due::Nothing)
        );
    }
}

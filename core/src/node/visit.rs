//! `Visit`: what one hello, and all that comes of it, is called in the logs of every server.
//!
//! Purpose: a Main draws it when somebody says hello, and the ids of all keys that it hands out for that user then begin with it.
//! So a world knows it from the ticket, and no link says a byte more.
//!
//! Contract: who says hello anew makes another visit. It is no secret, and proves nothing.

use core::fmt;

use crate::node::limited_lines::LimitedLines;
use crate::protocol::{KeyId, Uid};
use crate::session::{PeerAddress, TokenBucket};
use crate::time::Instant;

const VISIT_BYTES: usize = 6;

/// See the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Visit(pub(crate) [u8; VISIT_BYTES]);

impl Visit {
    /// Of whom no visit is known.
    pub(crate) const NONE: Self = Self([0; VISIT_BYTES]);

    /// The id of one of its keys; all of it is random where no visit is known.
    pub(crate) const fn key_id(self, random: [u8; 8]) -> KeyId {
        let Self([a, b, c, d, e, f]) = self;
        let [.., g, h] = random;
        match self.is_none() {
            true => KeyId(random),
            false => KeyId([a, b, c, d, e, f, g, h]),
        }
    }

    const fn is_none(self) -> bool {
        matches!(self.0, [0, 0, 0, 0, 0, 0])
    }

    /// Whose key has this id.
    #[cfg(any(test, feature = "log"))]
    pub(crate) const fn of(key_id: KeyId) -> Self {
        let [a, b, c, d, e, f, ..] = key_id.0;
        Self([a, b, c, d, e, f])
    }
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whom a line is about, as far as that is known.
#[derive(Copy, Clone, Debug)]
pub(crate) struct About {
    /// [`Visit::NONE`] if it is not.
    pub(crate) visit: Visit,
    /// [`Uid::NOBODY`] if it is not.
    pub(crate) uid: Uid,
    /// Where its connection comes from.
    pub(crate) from: Option<PeerAddress>,
}

#[cfg(feature = "log")]
impl log::kv::Source for About {
    fn visit<'kvs>(
        &'kvs self,
        fields: &mut dyn log::kv::VisitSource<'kvs>,
    ) -> Result<(), log::kv::Error> {
        use log::kv::{Key, Value};
        if !self.visit.is_none() {
            fields.visit_pair(Key::from_str("visit"), Value::from_display(&self.visit))?;
        }
        if self.uid != Uid::NOBODY {
            fields.visit_pair(Key::from_str("user"), Value::from(self.uid.0))?;
        }
        if let Some(from) = &self.from {
            fields.visit_pair(Key::from_str("from"), Value::from_display(from))?;
        }
        Ok(())
    }
}

/// The lines about visits that one node writes.
///
/// Contract: a user who makes many of them hides no other; nor do strangers who are refused.
///
/// Bounds: so many that all users of a Main may come at once, and in the long run [`LINES_PER_SECOND`].
#[derive(Debug)]
pub(crate) struct VisitLog {
    lines: LimitedLines,
    refusals: LimitedLines,
}

const LINES_PER_SECOND: u16 = 200;
const LINES_AT_ONCE: u16 = 60_000;
const REFUSALS_PER_SECOND: u16 = 1;
const REFUSALS_AT_ONCE: u16 = 16;
const OF_ONE_PER_SECOND: u16 = 2;
const OF_ONE_AT_ONCE: u16 = 64;

impl VisitLog {
    pub(crate) const NEW: Self = Self {
        lines: LimitedLines::new(LINES_PER_SECOND, LINES_AT_ONCE),
        refusals: LimitedLines::new(REFUSALS_PER_SECOND, REFUSALS_AT_ONCE),
    };

    /// What has become of a user, who has so much `left` of its own.
    pub(crate) fn tell(
        &mut self,
        now: Instant,
        left: &mut TokenBucket,
        about: &About,
        text: fmt::Arguments<'_>,
    ) {
        if self.admits(now, left) {
            write(about, text);
        }
    }

    fn admits(&mut self, now: Instant, left: &mut TokenBucket) -> bool {
        if left.take(OF_ONE_PER_SECOND, OF_ONE_AT_ONCE, now) {
            return self.lines.admit(now);
        }
        self.lines.leave_out();
        false
    }

    /// Why somebody is refused.
    pub(crate) fn refuse(&mut self, now: Instant, about: &About, text: fmt::Arguments<'_>) {
        if self.refusals.admit(now) {
            write(about, text);
        }
    }
}

fn write(about: &About, text: fmt::Arguments<'_>) {
    #[cfg(feature = "log")]
    crate::log::with_fields(about, text);
    #[cfg(not(feature = "log"))]
    let _ = (about.visit, about.uid, about.from, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::testing::start;

    /// Both sides of what there is of one user, who hides no other; and whoever is refused hides nobody who is not.
    #[test]
    fn nobody_hides_another() {
        let (mut log, now) = (VisitLog::NEW, start());
        let mut busy = TokenBucket::FULL;
        for _ in 0..OF_ONE_AT_ONCE {
            assert!(log.admits(now, &mut busy));
        }
        for _ in 0..1_000 {
            assert!(!log.admits(now.after_ms(499), &mut busy));
            log.refusals.admit(now);
        }
        assert!(!log.refusals.admit(now.after_ms(999)) && log.refusals.admit(now.after_ms(1_000)));
        assert!(log.admits(now.after_ms(499), &mut TokenBucket::FULL.clone()));
        assert!(log.admits(now.after_ms(500), &mut busy));
        assert!(!log.admits(now.after_ms(500), &mut busy));
    }

    #[test]
    fn every_key_of_a_visit_tells_it() {
        let visit = Visit([0x0A, 2, 3, 4, 5, 0xF6]);
        for random in [[0; 8], [7; 8], [255; 8]] {
            assert_eq!(Visit::of(visit.key_id(random)), visit);
        }
        assert_ne!(visit.key_id([1; 8]), visit.key_id([2; 8]));
        assert_eq!(Visit::NONE.key_id([7; 8]), KeyId([7; 8]));
        assert_eq!(std::format!("{visit}"), "0a02030405f6");
    }
}

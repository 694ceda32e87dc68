//! `Journal`: what the log is told of logins: whose, from where, and what became of it.
//!
//! Contract: never a password or a token. Each kind of answer has a few lines at once and one a second
//! in the long run, and a line before them says how many were left out: a flood of one kind silences no other.

use super::LoginStats;
use crate::log;
use crate::protocol::LoginDenial;
use crate::session::{PeerAddress, TokenBucket};
use crate::time::Instant;

const LINES_PER_SECOND: u16 = 1;
const LINES_AT_ONCE: u16 = 16;

/// The lines that one kind of answer may write.
#[derive(Copy, Clone, Debug)]
struct Lines {
    left: TokenBucket,
    left_out: u32,
}

impl Lines {
    const FULL: Self = Self { left: TokenBucket::FULL, left_out: 0 };

    /// Whether there is one more; if so, how many were left out before.
    fn next(&mut self, now: Instant) -> Option<u32> {
        if self.left.take(LINES_PER_SECOND, LINES_AT_ONCE, now) {
            return Some(core::mem::take(&mut self.left_out));
        }
        self.left_out = self.left_out.saturating_add(1);
        None
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Journal {
    granted: Lines,
    denied: [Lines; LoginStats::DENIALS],
}

impl Journal {
    pub(super) const NEW: Self =
        Self { granted: Lines::FULL, denied: [Lines::FULL; LoginStats::DENIALS] };

    pub(super) fn granted(&mut self, now: Instant, id: &str, from: PeerAddress) {
        if let Some(left_out) = self.granted.next(now) {
            say_left_out(left_out);
            log::info!("{:?} has logged in from {}", id, from);
        }
    }

    pub(super) fn denied(
        &mut self,
        now: Instant,
        id: &str,
        from: PeerAddress,
        reason: LoginDenial,
    ) {
        let place = usize::from(reason.0).wrapping_sub(1);
        let Some(left_out) = self.denied.get_mut(place).and_then(|lines| lines.next(now)) else {
            return;
        };
        say_left_out(left_out);
        log::warning!("refused a login as {:?} from {}: {}", id, from, reason.name());
    }
}

fn say_left_out(lines: u32) {
    if lines > 0 {
        log::info!("{} lines like the next one were left out", lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_what_one_kind_may_write() {
        let now = crate::time::testing::start();
        let mut lines = Lines::FULL;
        for _ in 0..LINES_AT_ONCE {
            assert_eq!(lines.next(now), Some(0));
        }
        assert_eq!([(); 3].map(|()| lines.next(now.after_ms(999))), [None; 3]);
        assert_eq!(lines.next(now.after_ms(1_000)), Some(3));
        assert_eq!(lines.next(now.after_ms(1_000)), None);
    }
}

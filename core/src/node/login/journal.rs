//! `Journal`: what the log is told of logins: whose, from where, and what became of it.
//!
//! Contract: never a password or a token. Each kind of answer has a few lines at once and one a second
//! in the long run, and a line before them says how many were left out: a flood of one kind silences no other.

use super::LoginStats;
use crate::log;
use crate::node::limited_lines::LimitedLines;
use crate::protocol::LoginDenial;
use crate::session::PeerAddress;
use crate::time::Instant;

const LINES_PER_SECOND: u16 = 1;
const LINES_AT_ONCE: u16 = 16;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Journal {
    granted: LimitedLines,
    denied: [LimitedLines; LoginStats::DENIALS],
}

impl Journal {
    pub(super) const NEW: Self = {
        let lines = LimitedLines::new(LINES_PER_SECOND, LINES_AT_ONCE);
        Self { granted: lines, denied: [lines; LoginStats::DENIALS] }
    };

    pub(super) fn granted(&mut self, now: Instant, id: &str, from: PeerAddress) {
        if self.granted.admit(now) {
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
        if self.denied.get_mut(place).is_some_and(|lines| lines.admit(now)) {
            log::warning!("refused a login as {:?} from {}: {}", id, from, reason.name());
        }
    }
}

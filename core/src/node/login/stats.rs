//! `LoginStats`: what a login server has been through.

use crate::protocol::LoginDenial;
use crate::stats::Count;

/// Counters of one login server, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct LoginStats {
    /// Logins that were asked for.
    pub attempts: u32,
    /// Logins that got a token.
    pub granted: u32,
    /// Logins denied, by reason: `denied[reason - 1]`.
    pub denied: [u32; LoginDenial::ALL.len()],
    /// Tokens, and keys of devices, that Mains have asked about.
    pub verifies: u32,
    /// Those that were good.
    pub verified: u32,
}

impl LoginStats {
    /// Reasons for which a login may be denied.
    pub(super) const DENIALS: usize = LoginDenial::ALL.len();

    /// Logins denied for `reason`.
    pub fn denied_for(&self, reason: LoginDenial) -> u32 {
        let place = usize::from(reason.0).checked_sub(1);
        place.and_then(|place| self.denied.get(place)).copied().unwrap_or(0)
    }

    pub(super) fn count_denied(&mut self, reason: LoginDenial) {
        let place = usize::from(reason.0).wrapping_sub(1);
        if let Some(count) = self.denied.get_mut(place) {
            count.count();
        }
    }
}

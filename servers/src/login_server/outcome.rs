//! What a login server's threads tell: their node, and the log.

use tinyrealm_core::node::login::{
    LoginKey, LoginOutcome, RevocationPage, VerifyKey, VerifyOutcome,
};
use tinyrealm_core::protocol::Revision;
use tinyrealm_core::rate_limited_log::RateLimitedLog;
use tinyrealm_std::Clock;

use crate::accounts::StoreError;

/// What has become of a job.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Login(LoginKey, LoginOutcome),
    Verify(VerifyKey, VerifyOutcome),
    Revocations(Option<Box<RevocationPage>>),
    /// Somebody has changed the accounts.
    Revision(Revision),
}

/// Whoever asks while the store fails writes no line each.
pub(super) struct Complaints {
    clock: Clock,
    lines: RateLimitedLog,
}

impl Complaints {
    pub(super) fn start() -> Self {
        Self { clock: Clock::start(), lines: RateLimitedLog::default() }
    }

    pub(super) fn log(&mut self, what: &str, error: &StoreError) {
        if let Some(count) = self.lines.admit(self.clock.now()) {
            tracing::error!("{what}: {error} ({count} since the last line)");
        }
    }
}

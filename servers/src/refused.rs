//! `Refused`: a server that refuses one of this process, and why, in words.

use serde::Serialize;
use tinyrealm_core::node::cluster::Refusals;
use tinyrealm_core::protocol::ErrorCode;

/// As many refusals in a row are hopeless.
const REFUSALS_MOST: u8 = 5;

/// A server that refuses this one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refused {
    /// Who, as `Main at 127.0.0.1:7000`.
    pub(crate) by: String,
    pub(crate) reason: &'static str,
    pub(crate) times: u8,
}

impl Refused {
    /// By this server, if it does.
    pub(crate) fn of(by: &str, address: &str, refusals: Refusals) -> Option<Self> {
        let (reason, times) = refusals.last()?;
        Some(Self { by: format!("{by} at {address}"), reason: words_for(reason), times })
    }

    pub(crate) const fn is_hopeless(&self) -> bool {
        self.times >= REFUSALS_MOST
    }

    pub(crate) fn line(&self) -> String {
        format!("{} refuses this server: {}", self.by, self.reason)
    }
}

const fn words_for(reason: ErrorCode) -> &'static str {
    match reason {
        ErrorCode::BAD_PROOF => "the keys of the two differ (BAD_PROOF)",
        ErrorCode::NOT_YOURS => "the id or the region is not this server's (NOT_YOURS)",
        ErrorCode::REPLACED => "another server has its id (REPLACED)",
        ErrorCode::BAD_VERSION => "the two speak no version in common (BAD_VERSION)",
        ErrorCode::NOT_SEALED => "the link has to be sealed (NOT_SEALED)",
        _ => "it is a server of another kind",
    }
}

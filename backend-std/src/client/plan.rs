//! `Plan`: where a session goes, and how.

use std::time::{Duration, Instant};

use tinyrealm_core::net::NetSessionId;

use super::NetOptions;

/// Where a session goes, and how.
pub(super) struct Plan {
    pub(super) id: NetSessionId,
    pub(super) url: String,
    pub(super) options: NetOptions,
    pub(super) sub_protocols: Vec<String>,
    pub(super) headers: Vec<(String, String)>,
    #[cfg(feature = "tls")]
    pub(super) trust: crate::trust::Trust,
}

impl Plan {
    /// When a connection that is closed now has to be over.
    pub(super) fn close_deadline(&self) -> Instant {
        Instant::now() + Duration::from_millis(u64::from(self.options.close_timeout_ms))
    }
}

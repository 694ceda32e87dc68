//! `[main.relay]`: worlds that are reached through Main.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

/// Fewer bytes a second than this would not carry a room.
const LEAST_BYTES_PER_SECOND: u32 = 1_024;

/// `[main.relay]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RelaySettings {
    /// Connections that Main passes on to worlds which seal their clients, from pages that may reach them by TLS alone; 0: it
    /// passes on none.
    pub(crate) connections: u16,
    /// Those of one address (an IPv4 address, an IPv6 /64).
    pub(crate) connections_per_address: u16,
    /// Bytes a second of one connection, each way, in the long run; at once as many.
    pub(crate) bytes_per_second: u32,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self { connections: 64, connections_per_address: 16, bytes_per_second: 64 * 1_024 }
    }
}

impl RelaySettings {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.connections_per_address > 0,
            "main.relay.connections_per_address must be at least 1"
        );
        ensure!(
            self.bytes_per_second >= LEAST_BYTES_PER_SECOND,
            "main.relay.bytes_per_second must be at least {LEAST_BYTES_PER_SECOND}"
        );
        Ok(())
    }
}

//! `[http]`: the page, the health and the figures of a realm.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::with_port;

/// Whether there is an HTTP port.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HttpService {
    /// There is.
    On,
    /// There is none.
    Off,
}

/// `[http]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HttpSettings {
    /// Whether `up` serves the live page: `on` or `off`.
    pub(crate) service: HttpService,
    /// Where it is.
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Connections at once; further ones wait.
    pub(crate) connections: u16,
    /// Accounts that are kept for the page's visitors, where accounts are needed; 0 for none.
    pub(crate) visitors: u16,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            service: HttpService::On,
            listen: SocketAddr::from(([127, 0, 0, 1], 7_080)),
            port: None,
            connections: 64,
            visitors: 256,
        }
    }
}

impl HttpSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }
}

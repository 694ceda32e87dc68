//! `[http]`: the page, the health and the figures of a realm.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::listen::with_port;
use super::net::NetSettings;

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
    /// The folder of a game's own page, with an `index.html`; empty for the live page.
    pub(crate) page: String,
    /// Where it is.
    #[serde(deserialize_with = "super::listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Connections at once; half as many may watch the figures.
    pub(crate) connections: u16,
    /// Connections of one address (an IPv4 address, an IPv6 /64), unless it is a trusted proxy's.
    pub(crate) connections_per_address: u16,
    /// How long a peer may take for the head of a request, and for the next one.
    pub(crate) head_timeout_ms: u32,
    /// How long a peer may take nothing of what it is sent.
    pub(crate) stall_timeout_ms: u32,
    /// Accounts that are kept for the page's visitors, where accounts are needed; 0 for none.
    pub(crate) visitors: u16,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            service: HttpService::On,
            page: String::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 7_080)),
            port: None,
            connections: 1_024,
            connections_per_address: 64,
            head_timeout_ms: 10_000,
            stall_timeout_ms: 10_000,
            visitors: 256,
        }
    }
}

/// `[admin]`: the operator's own entrance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminSettings {
    /// Where `up` tells its health and its figures.
    #[serde(deserialize_with = "super::listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7_081)), port: None }
    }
}

impl AdminSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }
}

impl HttpSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }

    /// The origins of the page, where they are known beforehand.
    pub(crate) fn origins(&self, net: &NetSettings) -> Vec<String> {
        let address = self.address();
        if address.port() == 0 || address.ip().is_unspecified() {
            return Vec::new();
        }
        let mut hosts = vec![address.to_string()];
        if address.ip().is_loopback() {
            hosts.push(format!("localhost:{}", address.port()));
        }
        hosts.extend(net.hosts.iter().map(|host| format!("{host}:{}", address.port())));
        let schemes: &[&str] = if net.tls.is_on() { &["http", "https"] } else { &["http"] };
        let own = schemes.iter().flat_map(|scheme| hosts.iter().map(move |host| (scheme, host)));
        let mut origins: Vec<_> = own.map(|(scheme, host)| format!("{scheme}://{host}")).collect();
        // At a proxy's own port.
        for host in &net.hosts {
            origins.extend(["https", "http"].map(|scheme| format!("{scheme}://{host}")));
        }
        origins
    }
}

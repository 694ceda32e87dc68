//! `[http]`: the page, the health and the figures of a realm.

use std::net::SocketAddr;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use super::listen::{listen_address, with_port};
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminSettings {
    /// Where a server tells its health and its figures; empty: at 127.0.0.1, 81 ports behind its own.
    pub(crate) listen: AdminListen,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// A file with what the operator's programs name; needed where others than this machine come in.
    pub(crate) token_file: String,
}

/// Servers of one machine have ports a hundred apart.
const PORTS_BEHIND: u16 = 81;

impl AdminSettings {
    /// Where to listen beside a server that listens there, all things considered.
    pub(crate) fn address(&self, server: SocketAddr) -> SocketAddr {
        let beside = match server.port() {
            // A free one beside a free one.
            0 => 0,
            port => port.checked_add(PORTS_BEHIND).unwrap_or(0),
        };
        let listen = self.listen.0.unwrap_or(SocketAddr::from(([127, 0, 0, 1], beside)));
        with_port(listen, self.port)
    }
}

/// An address, or none that is said.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct AdminListen(Option<SocketAddr>);

impl Serialize for AdminListen {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = self.0.map(|address| address.to_string()).unwrap_or_default();
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for AdminListen {
    fn deserialize<D: serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        let text = String::deserialize(text)?;
        match text.as_str() {
            "" => Ok(Self(None)),
            text => listen_address(text.into_deserializer()).map(Some).map(Self),
        }
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

//! `[net]`: the limits of all servers' sessions, and whom they believe.

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::wire::ws::handshake::EVERY_ORIGIN;
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, PacketHeader};
use tinyrealm_std::driver::tls::ServerTls;
use tinyrealm_std::memory::NodeSizes;
use tinyrealm_std::proxies::TrustedProxies;

use crate::link_limits::LinkLimits;

/// `[net]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NetSettings {
    /// The largest frame body that a peer may send: up to 1 MiB on WebSockets; on streams 17,734 bytes,
    /// whatever is said here.
    pub(crate) frame_limit_bytes: u32,
    /// How long a new peer may take to prove who it is.
    pub(crate) greeting_timeout_ms: u32,
    /// After this much silence a peer is asked whether it is there.
    pub(crate) ping_interval_ms: u32,
    /// After this much silence a peer is closed.
    pub(crate) idle_timeout_ms: u32,
    /// How long a closing peer may take to read the last packets.
    pub(crate) drain_timeout_ms: u32,
    /// Frames a second that a client may send in the long run.
    pub(crate) packets_per_second: u16,
    /// Frames that a client may send at once.
    pub(crate) packet_burst: u16,
    /// Connections that one address (an IPv4 address, an IPv6 /64) may hold.
    pub(crate) connections_per_address: u16,
    /// Connections that one address may open a second in the long run; at once as many as it may hold.
    pub(crate) openings_per_second: u16,
    /// Buffers that the private packets of one client's session may hold.
    pub(crate) send_buffers_per_session: u16,
    /// Buffers that the packets of one link to a server may hold.
    pub(crate) send_buffers_per_server: u16,
    /// The kernel's send buffer of one connection; 0 for the system's own choice.
    pub(crate) socket_send_buffer_bytes: u32,
    /// Origins of the pages that may open a WebSocket, like `https://example.org`; `*`: all may; none:
    /// those of the host that they ask, and for `up` its own page. With `--set` and in the environment
    /// there are commas between them.
    pub(crate) origins: Vec<String>,
    /// Names by which browsers find this server, besides addresses, `localhost` and what `world.advertise` says. With
    /// commas as `origins`.
    pub(crate) hosts: Vec<String>,
    /// Networks or addresses of proxies that say whom they speak for, like `10.0.0.0/8`: by a PROXY
    /// header, or by X-Forwarded-For or Forwarded. With commas as `origins`.
    pub(crate) trusted_proxies: Vec<String>,
    /// TLS on the ports of clear text.
    pub(crate) tls: TlsSettings,
    /// Who this process' servers are by TLS, once it is known.
    #[serde(skip)]
    pub(crate) identity: Option<ServerTls>,
    /// Where those who run hear of other limits.
    #[serde(skip)]
    pub(crate) changes: LinkLimits,
}

/// `[net.tls]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// A file with the server's certificate and those that vouch for it, its own first, as PEM; empty: there is no TLS.
    /// It is read again when it changes, and at SIGHUP.
    pub(crate) certificate: String,
    /// A file with the certificate's key, as PEM, which only its owner may read.
    pub(crate) key: String,
    /// Refuse clients in clear that are neither on this machine nor come by one of `trusted_proxies`.
    pub(crate) require: bool,
}

impl TlsSettings {
    /// Whether there is TLS.
    pub(crate) const fn is_on(&self) -> bool {
        !self.certificate.is_empty()
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.certificate.is_empty() == self.key.is_empty(),
            "net.tls.certificate and net.tls.key belong together: set both, or neither"
        );
        ensure!(
            self.is_on() || !self.require,
            "net.tls.require needs net.tls.certificate and net.tls.key"
        );
        Ok(())
    }
}

impl Default for NetSettings {
    fn default() -> Self {
        let net = NetConfig::SERVER;
        Self {
            frame_limit_bytes: net.frame_limit_bytes,
            greeting_timeout_ms: net.greeting_timeout_ms,
            ping_interval_ms: net.ping_interval_ms,
            idle_timeout_ms: net.idle_timeout_ms,
            drain_timeout_ms: net.drain_timeout_ms,
            packets_per_second: net.packets_per_second,
            packet_burst: net.packet_burst,
            connections_per_address: net.connections_per_address,
            openings_per_second: net.openings_per_second,
            send_buffers_per_session: net.send_buffers_per_session,
            send_buffers_per_server: net.send_buffers_per_server,
            socket_send_buffer_bytes: 128 * 1024,
            origins: Vec::new(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            tls: TlsSettings::default(),
            identity: None,
            changes: LinkLimits::default(),
        }
    }
}

impl NetSettings {
    /// A server's node, with buffers that hold the longest frame of a stream while it is partial, and a few
    /// for what only WebSockets carry.
    pub(crate) fn node_sizes(&self) -> NodeSizes {
        let longest_bytes = self.frame_limit_bytes as usize;
        let stream_bytes = longest_bytes.min(usize::from(FRAME_LIMIT_MAX_BYTES));
        let has_long = longest_bytes > stream_bytes;
        NodeSizes {
            buffer_bytes: NodeSizes::SERVER.buffer_bytes.max(PacketHeader::BYTES + stream_bytes),
            long_frame_bytes: if has_long { longest_bytes } else { 0 },
            ..NodeSizes::SERVER
        }
    }

    /// Whom the driver believes. The texts are checked with the configuration.
    pub(crate) fn trusted(&self) -> TrustedProxies {
        let trusted = TrustedProxies::parse(self.trusted_proxies.iter().map(String::as_str));
        trusted.unwrap_or_default()
    }

    /// As the core has it. The texts are leaked: a process has one configuration.
    pub(crate) fn to_core(&self) -> NetConfig {
        let leak = |texts: &[String]| -> &'static [&'static str] {
            texts.iter().map(|text| &*text.clone().leak()).collect::<Vec<_>>().leak()
        };
        NetConfig { origins: leak(&self.origins), hosts: leak(&self.hosts), ..self.limits() }
    }

    /// As the core has it, but for whom it names.
    pub(crate) const fn limits(&self) -> NetConfig {
        NetConfig {
            frame_limit_bytes: self.frame_limit_bytes,
            greeting_timeout_ms: self.greeting_timeout_ms,
            ping_interval_ms: self.ping_interval_ms,
            idle_timeout_ms: self.idle_timeout_ms,
            drain_timeout_ms: self.drain_timeout_ms,
            packets_per_second: self.packets_per_second,
            packet_burst: self.packet_burst,
            connections_per_address: self.connections_per_address,
            openings_per_second: self.openings_per_second,
            send_buffers_per_session: self.send_buffers_per_session,
            send_buffers_per_server: self.send_buffers_per_server,
            ..NetConfig::SERVER
        }
    }

    /// These settings with the times and limits of `other`, which count at once when they change: [`LinkLimits`] tells those who run.
    #[must_use]
    pub(crate) fn with_limits_of(&self, other: &Self) -> Self {
        Self {
            greeting_timeout_ms: other.greeting_timeout_ms,
            ping_interval_ms: other.ping_interval_ms,
            idle_timeout_ms: other.idle_timeout_ms,
            drain_timeout_ms: other.drain_timeout_ms,
            packets_per_second: other.packets_per_second,
            packet_burst: other.packet_burst,
            connections_per_address: other.connections_per_address,
            openings_per_second: other.openings_per_second,
            send_buffers_per_session: other.send_buffers_per_session,
            send_buffers_per_server: other.send_buffers_per_server,
            ..self.clone()
        }
    }

    /// Whether what other servers say to this one gets through.
    pub(crate) fn ensure_hears(&self, role: &str, least_bytes: usize) -> anyhow::Result<()> {
        ensure!(
            self.frame_limit_bytes as usize >= least_bytes,
            "net.frame_limit_bytes is {}, but what other servers say to {role} has up to {least_bytes} bytes: set \
             it to {least_bytes} at least",
            self.frame_limit_bytes
        );
        Ok(())
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        self.tls.validate()?;
        if let Some(problem) = self.limits().problem() {
            bail!("net.{problem}");
        }
        if let Err(text) = TrustedProxies::parse(self.trusted_proxies.iter().map(String::as_str)) {
            bail!(
                "net.trusted_proxies: {text:?} is no network; write an address, or a network as \
                 10.0.0.0/8"
            );
        }
        if let Some(host) = self.hosts.iter().find(|host| host.contains([':', '/', ' '])) {
            bail!("net.hosts: {host:?} is no name; write it as game.example");
        }
        for origin in &self.origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            ensure!(
                origin == EVERY_ORIGIN
                    || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' '])),
                "net.origins: {origin:?} is no origin; write https://host, https://host:port, or \
                 {EVERY_ORIGIN} for all"
            );
        }
        Ok(())
    }
}

//! `Door`: who is let in at a listener, and how they have to speak.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tinyrealm_std::driver::tls::ServerTls;
use tinyrealm_std::proxies::TrustedProxies;

use super::host_of;
use crate::config::HttpSettings;
use crate::config::net::NetSettings;
use crate::shares::Shares;

/// Who is let in at a listener.
pub(crate) struct Door {
    pub(super) connections: Arc<Shares>,
    pub(super) streams: Arc<Shares>,
    pub(super) head_timeout: Duration,
    pub(super) stall_timeout: Duration,
    hosts: Vec<String>,
    pub(super) trusted: TrustedProxies,
    /// Who we are by TLS, and whether others have to speak it.
    pub(super) identity: Option<ServerTls>,
    requires_tls: bool,
}

impl Door {
    pub(crate) fn new(settings: &HttpSettings, net: &NetSettings) -> Self {
        let (whole, of_address) = (settings.connections, settings.connections_per_address);
        Self {
            connections: Shares::new(whole, of_address),
            streams: Shares::new((whole / 2).max(1), (of_address / 2).max(1)),
            head_timeout: Duration::from_millis(settings.head_timeout_ms.into()),
            stall_timeout: Duration::from_millis(settings.stall_timeout_ms.into()),
            hosts: net.hosts.clone(),
            trusted: net.trusted(),
            identity: net.identity.clone(),
            requires_tls: net.tls.require,
        }
    }

    /// Whether who comes from there in clear is answered.
    pub(super) fn lets_speak(&self, peer: IpAddr) -> bool {
        !self.requires_tls || self.trusted.is_near(peer)
    }

    /// Whether the request is for us, whatever name leads here.
    pub(super) fn is_ours(&self, authority: &str) -> bool {
        let host = host_of(authority);
        host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

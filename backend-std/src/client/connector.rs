//! `NetTcpConnector` and `NetWsConnector`: they make sessions.
//!
//! ```
//! use tinyrealm_core::net::{NetConnector, NetSession, UrlError};
//! use tinyrealm_std::client::NetTcpConnector;
//! let connector = NetTcpConnector::default();
//! let session = connector.create_session("tcp://localhost:7000").unwrap();
//! assert_eq!(session.url(), "tcp://localhost:7000");
//! assert_eq!(connector.create_session("tcp://localhost").err(), Some(UrlError::Port));
//! assert_eq!(connector.create_session("ws://localhost").err(), Some(UrlError::Scheme));
//! ```

use std::sync::atomic::{AtomicU32, Ordering};

use tinyrealm_core::net::{NetConnector, NetSessionId, NetUrl, UrlError};
use tinyrealm_core::wire::ws::SUB_PROTOCOL;

use super::options::NetOptions;
use super::plan::Plan;
use super::session::ThreadedSession;
use super::stream::Stream;
use super::transport::Transport;
use super::web_socket::WebSocket;
#[cfg(feature = "tls")]
use crate::trust::Trust;

/// A session that speaks stream frames.
pub type NetTcpClient = ThreadedSession<Stream>;
/// A session that speaks WebSocket.
pub type NetWsClient = ThreadedSession<WebSocket>;

/// Sessions are numbered in the order in which they are made, whoever makes them.
static NEXT_ID: AtomicU32 = AtomicU32::new(1);

/// Makes sessions for `tcp://host:port`, and for `tls://host:port` with the feature `tls`.
#[derive(Clone, Debug, Default)]
pub struct NetTcpConnector {
    /// The settings of its sessions.
    pub options: NetOptions,
    /// Who vouches for the servers of `tls://`.
    #[cfg(feature = "tls")]
    pub trust: Trust,
}

/// Makes sessions for `ws://host:port/path`, and for `wss://` with the feature `tls`.
#[derive(Clone, Debug)]
pub struct NetWsConnector {
    /// The settings of its sessions.
    pub options: NetOptions,
    /// What is offered to the server, the dearest first; without any it is not asked for one. It may
    /// choose one, which is the session's [`sub_protocol`](ThreadedSession::sub_protocol), or none.
    pub sub_protocols: Vec<String>,
    /// Further headers of the request, by name and value: a cookie, an authorization.
    pub headers: Vec<(String, String)>,
    /// Who vouches for the servers of `wss://`.
    #[cfg(feature = "tls")]
    pub trust: Trust,
}

/// Offers the sub-protocol of the realm.
impl Default for NetWsConnector {
    fn default() -> Self {
        Self {
            options: NetOptions::DEFAULT,
            sub_protocols: vec![SUB_PROTOCOL.to_owned()],
            headers: Vec::new(),
            #[cfg(feature = "tls")]
            trust: Trust::default(),
        }
    }
}

fn plan<T: Transport>(url: &str, options: &NetOptions) -> Result<Plan, UrlError> {
    let parsed = NetUrl::parse(url)?;
    if !T::SCHEMES.contains(&parsed.scheme) {
        return Err(UrlError::Scheme);
    }
    if parsed.port.is_none() {
        return Err(UrlError::Port);
    }
    let id = NetSessionId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
    let frame_limit_bytes = T::frame_limit(options.frame_limit_bytes);
    let options = NetOptions { frame_limit_bytes, ..options.clone() };
    Ok(Plan {
        id,
        url: url.to_owned(),
        options,
        sub_protocols: Vec::new(),
        headers: Vec::new(),
        #[cfg(feature = "tls")]
        trust: Trust::default(),
    })
}

impl NetConnector for NetTcpConnector {
    type Session = NetTcpClient;

    fn create_session(&self, url: &str) -> Result<NetTcpClient, UrlError> {
        Ok(ThreadedSession::new(Plan {
            #[cfg(feature = "tls")]
            trust: self.trust.clone(),
            ..plan::<Stream>(url, &self.options)?
        }))
    }
}

impl NetConnector for NetWsConnector {
    type Session = NetWsClient;

    fn create_session(&self, url: &str) -> Result<NetWsClient, UrlError> {
        Ok(ThreadedSession::new(Plan {
            sub_protocols: self.sub_protocols.clone(),
            headers: self.headers.clone(),
            #[cfg(feature = "tls")]
            trust: self.trust.clone(),
            ..plan::<WebSocket>(url, &self.options)?
        }))
    }
}

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

use super::options::NetOptions;
use super::session::{Plan, ThreadedSession};
use super::stream::Stream;
use super::transport::Transport;
use super::web_socket::WebSocket;

/// A session that speaks stream frames.
pub type NetTcpClient = ThreadedSession<Stream>;
/// A session that speaks WebSocket.
pub type NetWsClient = ThreadedSession<WebSocket>;

/// Sessions are numbered in the order in which they are made, whoever makes them.
static NEXT_ID: AtomicU32 = AtomicU32::new(1);

/// Makes sessions for `tcp://host:port`.
#[derive(Clone, Debug, Default)]
pub struct NetTcpConnector {
    /// The settings of its sessions.
    pub options: NetOptions,
}

/// Makes sessions for `ws://host:port/path`, and for `wss://` with the feature `tls`.
#[derive(Clone, Debug, Default)]
pub struct NetWsConnector {
    /// The settings of its sessions.
    pub options: NetOptions,
}

fn session<T: Transport>(url: &str, options: &NetOptions) -> Result<ThreadedSession<T>, UrlError> {
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
    Ok(ThreadedSession::new(Plan { id, url: url.to_owned(), options }))
}

impl NetConnector for NetTcpConnector {
    type Session = NetTcpClient;

    fn create_session(&self, url: &str) -> Result<NetTcpClient, UrlError> {
        session(url, &self.options)
    }
}

impl NetConnector for NetWsConnector {
    type Session = NetWsClient;

    fn create_session(&self, url: &str) -> Result<NetWsClient, UrlError> {
        session(url, &self.options)
    }
}

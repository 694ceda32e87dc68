//! `AnyConnector`: the transport is the address's choice, at run time.
//!
//! ```
//! use tinyrealm_core::net::{NetConnector, UrlError};
//! use tinyrealm_std::client::{AnyConnector, AnySession};
//! let connector = AnyConnector::default();
//! let session = connector.create_session("tcp://localhost:7000").unwrap();
//! assert!(matches!(session, AnySession::Tcp(_)));
//! let session = connector.create_session("ws://localhost:7000").unwrap();
//! assert!(matches!(session, AnySession::Ws(_)));
//! assert_eq!(connector.create_session("http://localhost").err(), Some(UrlError::Scheme));
//! ```

use tinyrealm_core::net::{
    CloseCode, NetConnector, NetHandler, NetOutbound, NetSession, NetSessionId, NetState, NetUrl,
    UrlError,
};
use tinyrealm_core::protocol::{Encode, SendError};

use super::connector::{NetTcpClient, NetTcpConnector, NetWsClient, NetWsConnector};
use super::session::ThreadedHandle;
use super::stream::Stream;
use super::transport::Transport;
use super::web_socket::WebSocket;

/// Makes sessions for `tcp://` and `ws://`, and with the feature `tls` for `tls://` and `wss://`.
#[derive(Clone, Debug, Default)]
pub struct AnyConnector {
    /// Makes those of streams.
    pub tcp: NetTcpConnector,
    /// Makes those of WebSockets.
    pub ws: NetWsConnector,
}

/// A session of either transport.
pub enum AnySession {
    /// It speaks stream frames.
    Tcp(NetTcpClient),
    /// It speaks WebSocket.
    Ws(NetWsClient),
}

/// The sending half of an [`AnySession`].
#[derive(Clone)]
pub enum AnyHandle {
    /// Of a stream.
    Tcp(ThreadedHandle<Stream>),
    /// Of a WebSocket.
    Ws(ThreadedHandle<WebSocket>),
}

impl NetConnector for AnyConnector {
    type Session = AnySession;

    fn create_session(&self, url: &str) -> Result<AnySession, UrlError> {
        if Stream::SCHEMES.contains(&NetUrl::parse(url)?.scheme) {
            return self.tcp.create_session(url).map(AnySession::Tcp);
        }
        self.ws.create_session(url).map(AnySession::Ws)
    }
}

/// The same call on whichever it is.
macro_rules! either {
    ($Either:ident, $this:expr, $it:ident => $call:expr) => {
        match $this {
            $Either::Tcp($it) => $call,
            $Either::Ws($it) => $call,
        }
    };
}

macro_rules! outbound {
    ($Either:ident) => {
        impl NetOutbound for $Either {
            fn session_id(&self) -> NetSessionId {
                either!($Either, self, it => it.session_id())
            }

            fn state(&self) -> NetState {
                either!($Either, self, it => it.state())
            }

            fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
                either!($Either, self, it => it.send_body(encode))
            }

            fn close(&mut self, code: CloseCode, reason: &str) {
                either!($Either, self, it => it.close(code, reason))
            }
        }
    };
}

outbound!(AnyHandle);
outbound!(AnySession);

impl NetSession for AnySession {
    type Handle = AnyHandle;

    fn handle(&self) -> AnyHandle {
        match self {
            Self::Tcp(session) => AnyHandle::Tcp(session.handle()),
            Self::Ws(session) => AnyHandle::Ws(session.handle()),
        }
    }

    fn url(&self) -> &str {
        either!(Self, self, it => it.url())
    }

    fn last_error(&self) -> &str {
        either!(Self, self, it => it.last_error())
    }

    fn connect(&mut self) {
        either!(Self, self, it => it.connect());
    }

    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize {
        either!(Self, self, it => it.tick(handler))
    }
}

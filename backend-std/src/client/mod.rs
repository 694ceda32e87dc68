//! The client runtime: connections with background threads and a synchronous interface.
//!
//! Purpose: a game's loop calls `tick()` once a frame and never waits. [`NetTcpConnector`] speaks
//! stream frames (`tcp://host:port`), [`NetWsConnector`] WebSocket (`ws://`), [`AnyConnector`] whichever the
//! address asks for; with the feature `tls` also `tls://` and `wss://`, the same by TLS. The traits that both fulfil, and the order in which things are told, are in
//! [`tinyrealm_core::net`].
//!
//! Contract: two threads a connection, one that resolves, connects and reads, one that writes. They
//! share two byte queues with the session and end with the connection:
//! ```text
//!   caller's thread                 │ lock │             background
//!   send_frame ──encode──► outbox ──┼──────┼──swap──► net-send ──write──► socket
//!   tick ◄──handler── local inbox ◄─┼─swap─┼── inbox ◄──decode── net-receive ◄──read── socket
//! ```
//! A frame is encoded, and masked, once, where it lies in the queue. Nothing is allocated for a frame.
//! `on_close` does not depend on the peer, nor on the threads: `tick` sees to the deadlines itself, and
//! so does the writing thread, for a session that nobody ticks any more.
//!
//! A peer that has gone without a word is asked ([`KeepAlive`]), and lost when it does not answer: told
//! within 30 s by default, as a loss that a back-off makes good.
//!
//! Bounds: [`NetOptions`]; both queues are allocated once, twice their size. A full outbox refuses
//! ([`SendError::Full`](tinyrealm_core::protocol::SendError)); a full inbox stops reading, which the
//! peer feels.
//!
//! ```no_run
//! use tinyrealm_core::net::{NetConnector, NetSession};
//! use tinyrealm_std::client::NetTcpConnector;
//! let mut session = NetTcpConnector::default().create_session("tcp://127.0.0.1:7000").unwrap();
//! session.connect(); // returns at once
//! ```

mod any;
mod connector;
mod dial;
mod ended;
mod keep_alive;
mod link;
mod options;
mod pause;
mod plan;
mod queue;
mod receive;
mod send;
mod session;
mod shared;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod web_socket;

#[cfg(feature = "tls")]
pub use crate::trust::Trust;
pub use any::{AnyConnector, AnyHandle, AnySession};
pub use connector::{NetTcpClient, NetTcpConnector, NetWsClient, NetWsConnector};
pub use options::{KeepAlive, NetOptions, Resolver};
pub use session::{ThreadedHandle, ThreadedSession};

//! The client's side of a connection, as traits: what a proxy, a stub and a tick need of a network.
//!
//! Purpose: a game sends through a typed `Proxy` and hears through a typed `Stub` (see
//! [`protocol!`](crate::protocol!)); both know the traits of this module and no socket. A backend has
//! the sockets: threads on a desktop, JavaScript's in a browser.
//!
//! Contract: nothing blocks, and nothing is told but inside of [`NetSession::tick`], on the caller's
//! thread. Whatever happens, `on_close` is the last thing that is told, and it is told once:
//! ```text
//!   Idle ──connect──► Connecting ──on_open──► Open ──close──► Closing ──on_close──► Closed
//!                       │  ▲                    │                              ▲
//!                       │  └──── Waiting ◄──────┤ lost, with a back-off        │
//!                       └───────────────────────┴ lost, or refused ────────────┘
//! ```
//! Frames that came before the peer closed are told before `on_close`; behind the caller's own
//! `close` no frame is told any more.
//!
//! Bounds: a tick tells at most [`TICK_EVENTS_MAX`] things with [`TICK_BYTES_MAX`] bytes, or one longer
//! frame.
//!
//! ```
//! use tinyrealm_core::net::{NetClient, NetEvents, NetRuntime, NetSender};
//! use tinyrealm_core::wire::Opcode;
//! #[derive(Default)]
//! struct Scores(Vec<u8>);
//! impl NetEvents for Scores {}
//! impl NetRuntime for Scores {
//!     fn try_dispatch_inbound(&mut self, _: &mut NetSender<'_>, opcode: Opcode, payload: &[u8]) -> bool {
//!         self.0.extend_from_slice(payload);
//!         opcode == Opcode(7)
//!     }
//! }
//! // Works with any peer that speaks NetFrameV1: opcode and payload are the game's own.
//! let client = NetClient::new(Scores::default());
//! assert_eq!(client.unhandled(), 0);
//! ```

mod client;
mod events;
mod link;
mod node_driver;
mod outbound;
mod realm;
mod session;
mod url;

pub use crate::wire::ws::CloseCode;
pub use client::{NetClient, NetRuntime};
pub use events::{NetError, NetErrorKind, NetEvents, NetHandler, NetSender};
pub use link::{Attached, NetLink};
pub use node_driver::{DriverSlot, NodeDriver};
pub use outbound::{NetOutbound, NetSessionId, NetState};
pub use realm::{RealmDriver, RealmMemory};
pub use session::{NetConnector, NetSession};
pub use url::{NetUrl, URL_MAX_BYTES, UrlError};

/// The most things that one tick tells: an opening, a frame, an error, an end.
pub const TICK_EVENTS_MAX: usize = 128;
/// The most bytes of frames that one tick tells, but that a longer frame is told alone.
pub const TICK_BYTES_MAX: usize = 256 * 1024;

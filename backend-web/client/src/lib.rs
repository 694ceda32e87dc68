//! The realm's client for a host that has the sockets: a browser's JavaScript, Node, whoever else.
//!
//! Purpose: the client's state machine of the core, [`RealmClient`], between three queues in memory. It
//! is plain safe code, tested on the desktop; `backend-web/module` puts it into a wasm module, and
//! `tinyrealm.js` around that.
//!
//! [`RealmClient`]: tinyrealm_core::node::client::RealmClient
//!
//! Without a realm, [`WebNetwork`] and [`WebConnector`] alone are what a proxy of your own `protocol!` connects with.
//!
//! Contract:
//! ```text
//!  host (JavaScript)                         module
//!    opened / heard / closed ───► inbox  ───┐
//!                                           ├──► tick(now, random): the realm's client
//!    opens, sends, closes    ◄─── outbox ◄──┤
//!    the game                ◄─── events ◄──┘
//! ```
//! - The host calls; nobody calls the host. Between two ticks nothing happens here.
//! - What does not fit is [`Answer::Full`]: the host keeps it, and tries again after a tick. Whatever the
//!   host reports, of sockets that there are or not, does no more than its connection could.
//! - Events are bodies, in the order in which they happened: the realm's messages as they came, and
//!   [`State`], [`Lost`] and [`Closed`]. `Closed` is told once, and last, at most
//!   [`CLOSE_TIMEOUT_MS`] after [`WebClient::stop`], as long as the host ticks and takes events.
//!
//! [`State`]: messages::module_to_host::State
//! [`Lost`]: messages::module_to_host::Lost
//! [`Closed`]: messages::module_to_host::Closed
//!
//! Bounds: a tick hears at most [`TICK_EVENTS_MAX`] things of all sockets together with
//! [`TICK_BYTES_MAX`] bytes. Nothing allocates.
//!
//! [`TICK_EVENTS_MAX`]: tinyrealm_core::net::TICK_EVENTS_MAX
//! [`TICK_BYTES_MAX`]: tinyrealm_core::net::TICK_BYTES_MAX
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod client;
mod exports;
pub mod messages;
mod network;
mod queue;
mod role;
mod session;
mod socket;
#[cfg(test)]
mod tests;

pub use client::{CLOSE_TIMEOUT_MS, ENTROPY_BYTES, WebClient, WebMemory};
pub use network::{Answer, BODY_MAX_BYTES, HANDOVER_BYTES, RequestKind, SOCKETS, WebNetwork};
pub use queue::{QUEUE_BYTES, RECORD_HEADER_BYTES, Record};
pub use session::{WebConnector, WebHandle, WebSession};
pub use tinyrealm_core::wire::Opcode;

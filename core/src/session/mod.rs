//! Sessions: one peer's connection, from accept to the last byte.
//!
//! Purpose: everything that is the same for every role and every transport. [`state`] is the life of
//! a session, [`receiver`] cuts its frames and keeps a partial one, [`send_queue`] holds its private
//! packets, [`limits`] its allowance, [`shares`] what its [`address`] holds, and [`manager`] puts them together over tables and timers.
//! Of a sealed link `inlets` opens the records that come in, and `seals` has those that go out.
//!
//! Contract: an idle session holds no buffer. A session's end is told to its role exactly once.
//! Every refusal has a code on the wire and a counter in [`NetStats`](crate::stats::NetStats).
//!
//! Bounds: storage is lent, one slot a session; a session costs [`session::SESSION_SLOT_BYTES`].
//!
//! ```
//! use tinyrealm_core::session::SessionState;
//! assert!(SessionState::Ready.is_open());
//! assert!(!SessionState::Draining.is_open());
//! ```

pub mod address;
pub(crate) mod held_packets;
#[cfg(feature = "secure")]
pub(crate) mod inlets;
pub mod limits;
pub mod manager;
mod outgoing;
pub mod receiver;
#[cfg(feature = "secure")]
pub(crate) mod seals;
pub mod send_queue;
#[allow(clippy::module_inception, reason = "the roadmap's name")]
pub mod session;
pub mod shares;
pub mod state;

pub use address::{AddressGroup, PeerAddress};
#[cfg(feature = "secure")]
pub use inlets::Inlet;
pub use limits::TokenBucket;
pub use manager::{SessionManager, SessionStorage};
#[cfg(feature = "websocket")]
pub use receiver::Signal;
#[cfg(feature = "long-frames")]
pub use receiver::Standing;
pub use receiver::{Inbound, Received, Receiver, ReceiverStorage};
#[cfg(feature = "secure")]
pub use seals::{Outlet, SealMemory, SealStorage};
pub use send_queue::SendQueue;
pub use session::{LinkTag, Session, SessionKey, Trust};
pub use shares::{
    AddressBook, AddressEntry, AddressKey, AddressStorage, Holding, NETWORK_SHARES, Opening,
    may_take,
};
#[cfg(feature = "shares")]
pub use shares::{OpeningRate, Openings};
pub use state::SessionState;

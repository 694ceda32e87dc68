//! How every link between servers begins: both ends show that they have its key, and seal it.
//!
//! ```text
//!  dialing server                          listening server
//!   │ ── SecureHello{kinds, id, generation} ─► │  Noise's first message, with each key that the dialer has
//!   │ ◄───────────────────────── SecureAnswer ─│  Noise's second one: both ends have the same keys now
//!   │ ══ SecureReady ════════════════════════► │  in the first record: whoever dials is there now
//!   │ ◄═ what the link is for ═══════════════► │
//! ```
//! A board that is built without the feature `secure` can't do that. It proves its key in clear, and so does who links
//! with it ([`Way::Clear`]); what is built with `secure` does so with the feature `clear-links` alone, as servers are:
//!
//! ```text
//!   │ ── ClusterHello{kind, id, nonce d} ────► │
//!   │ ◄──────────── ClusterChallenge{nonce l} ─│
//!   │ ── ClusterProof{id, nonce d, proofs} ──► │  HMAC over the dialer's side, the id, d and l
//!   │ ◄────────────────── ClusterAck{proof} ───│  HMAC over the listener's side, the id, d and l
//! ```
//! Purpose: whoever reaches a server's port is a stranger. One end of every link is Main, and the link's
//! key is the other end's: derived from the realm's secret by its kind and id, so it opens nothing but
//! being, or talking to, that one server. Main has the secret and derives; everybody else has its own key
//! alone. The dialer proves first: whoever knows nothing gets nothing that it could guess at.
//!
//! Contract: before the other end has shown the key nothing of a link between servers is parsed but these messages and
//! those of any link (`Error`, `Ping`, `Pong`, `Bye`). A first message may be one that somebody repeats, so a listener believes
//! its dialer with the first record. A link in clear is taken from whom [`KeyChain`] says alone, and never from one that has come
//! sealed. A proof is about its side of the connection and about the kinds of both servers, so it can't be reflected or used on
//! another link; and about both nonces, so it can't be used again. Two keys count while
//! they are exchanged ([`ClusterKeys::with_former`]): the dialer begins with both, the listener answers with the
//! one that it knows. A later generation of a server's keys leaves those before it worth nothing.
//!
//! Bounds: of a stranger a listener remembers nothing in clear (its nonce is an HMAC over the session's key), and one of its
//! sealed links at most, where the oldest gives way; a dialer remembers both nonces, or a handshake with each key.
//!
//! A role that dials (a world, and Main to Login and Chat) calls [`Dialer::begin`] when it is
//! connected, and gives [`Dialer::hear`] what comes until that answers [`Heard::Proven`]. A role that
//! is dialed gives [`Gate::hear`] what strangers say in the band
//! [`DIALER`](crate::wire::opcode::DIALER).

mod dialer;
mod gate;
mod refusals;
#[cfg(feature = "secure")]
mod sealing;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

#[cfg(feature = "sealed-clients")]
pub(super) use sealing::{Terms, link_key};
pub(crate) use secret::{bytes_from_hex, mac};

pub use dialer::Dialer;
pub use gate::Gate;
pub use refusals::Refusals;
pub use secret::{
    CLUSTER_SECRET_MIN_BYTES, ClusterKey, ClusterKeys, ClusterSecret, ClusterSecrets, KeyChain,
    ONLY_ID, SERVER_EXCEPTIONS_MAX, ServerException, Side, TooShort, Transcript, Way,
};

use crate::protocol::Dispatched;

/// What has come of a frame of the handshake.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The peer has proven that it is a server of this realm, of the kind that was expected; the id of the
    /// link's end that is not Main.
    Proven(u16),
    /// The handshake goes on, or the peer was refused and is closed; [`Dispatched`] for the shell.
    Pending(Dispatched),
}

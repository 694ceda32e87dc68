//! The proof of a link's key that every link between servers begins with.
//!
//! ```text
//!  dialing server                          listening server
//!   │ ── ClusterHello{kind, id, nonce d} ────► │
//!   │ ◄──────────── ClusterChallenge{nonce l} ─│
//!   │ ── ClusterProof{id, nonce d, proofs} ──► │  HMAC over the dialer's side, the id, d and l
//!   │ ◄────────────────── ClusterAck{proof} ───│  HMAC over the listener's side, the id, d and l
//!   │ ── what the link is for ───────────────► │
//! ```
//! Purpose: whoever reaches a server's port is a stranger. One end of every link is Main, and the link's
//! key is the other end's: derived from the realm's secret by its kind and id, so it opens nothing but
//! being, or talking to, that one server. Main has the secret and derives; everybody else has its own key
//! alone. The dialer proves first: whoever knows nothing gets nothing that it could guess at.
//!
//! Contract: before the proof nothing of a link between servers is parsed but these messages and
//! those of any link (`Error`, `Ping`, `Pong`, `Bye`). A proof is about its side of the connection
//! and about the kinds of both servers, so it can't be reflected or used on another link; and about
//! both nonces, so it can't be used again. It proves who opened the link. It does not encrypt it: on
//! a network with strangers on the way, links between servers go through a tunnel. Two keys count while
//! they are exchanged ([`ClusterKeys::with_former`]): the dialer shows both, the listener answers with the
//! one that it knows.
//!
//! Bounds: a listener remembers nothing of a stranger (its nonce is an HMAC over the session's key);
//! a dialer remembers both nonces.
//!
//! A role that dials (a world, and Main to Login and Chat) calls [`Dialer::begin`] when it is
//! connected, and gives [`Dialer::hear`] what comes until that answers [`Heard::Proven`]. A role that
//! is dialed gives [`Gate::hear`] what strangers say in the band
//! [`DIALER`](crate::wire::opcode::DIALER).

mod dialer;
mod gate;
#[cfg(feature = "secure")]
mod sealing;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

#[cfg(feature = "secure")]
pub(crate) use secret::mac_with;

pub use dialer::Dialer;
pub use gate::Gate;
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

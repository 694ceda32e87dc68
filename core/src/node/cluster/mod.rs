//! The proof of the shared cluster secret that every link between servers begins with (DESIGN §10).
//!
//! ```text
//!  dialing server                          listening server
//!   │ ── ClusterHello{kind, nonce d} ────────► │
//!   │ ◄──── ClusterChallenge{nonce l, proof} ──│  HMAC over the listener's side, d and l
//!   │ ── ClusterProof{nonce d, proof} ───────► │  HMAC over the dialer's side, d and l
//!   │ ── what the link is for ───────────────► │
//! ```
//! Purpose: whoever reaches a server's port is a stranger. It is a server of the realm when it has
//! shown that it knows the secret, over nonces that this connection alone has had, in both
//! directions. The secret itself never goes over a wire.
//!
//! Contract: before the proof nothing of a link between servers is parsed but these messages and
//! those of any link (`Error`, `Ping`, `Pong`, `Bye`). A proof is about its side of the connection
//! and about the kinds of both servers, so it can't be reflected or used on another link; and about
//! both nonces, so it can't be used again. It proves who opened the link. It does not encrypt it: on
//! a network with strangers on the way, links between servers go through a tunnel.
//!
//! Bounds: a listener remembers nothing of a stranger (its nonce is an HMAC over the session's key);
//! a dialer remembers its own nonce.
//!
//! A role that dials (a world, and Main to Login and Chat) calls [`Dialer::begin`] when it is
//! connected, and gives [`Dialer::hear`] what comes until that answers [`Heard::Proven`]. A role that
//! is dialed gives [`Gate::hear`] what strangers say in the band
//! [`DIALER`](crate::wire::opcode::DIALER).

mod dialer;
mod gate;
mod secret;
#[cfg(test)]
pub(crate) mod tests;

pub use dialer::Dialer;
pub use gate::Gate;
pub use secret::{CLUSTER_SECRET_MIN_BYTES, ClusterSecret, Side, TooShort, Transcript};

use crate::protocol::Dispatched;

/// What has come of a frame of the handshake.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The peer has proven that it is a server of this realm, of the kind that was expected.
    Proven,
    /// The handshake goes on, or the peer was refused and is closed; [`Dispatched`] for the shell.
    Pending(Dispatched),
}

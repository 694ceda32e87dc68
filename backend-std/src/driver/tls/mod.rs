//! TLS under a server's connections, on the port that serves clear ones too.
//!
//! ```text
//!            first two bytes
//!  Unknown ──── 16 03 ────► Greeting ── rustls, on a thread of its own ──► Established
//!     └──── anything else ──► Clear, or refused: see ClearText                 │
//!                                              text ─► node ─► text ─► records ┘
//! ```
//! Purpose: nobody reads or changes what a player and a server say to each other. The node sees text alone; it does not
//! know that there is TLS.
//!
//! Contract: what a connection begins with decides for good: `16 03` is a TLS record, and would be a stream's frame of 790
//! bytes, which no greeting has. A handshake's work is done by one thread of the process, so that nobody's room waits for
//! a stranger's signature. Records leave in the order in which they were made, each as full as what is to be sent allows.
//!
//! Bounds: a step of a handshake takes [`GREETING_MAX_BYTES`] of a stranger and keeps as many; [`HANDSHAKES_MAX`] steps are
//! under way, and who comes then stays in the kernel until it is its turn. The node's own limits for who has not greeted
//! hold. After the handshake: one partial record, and what the socket has not taken of one flush.

mod begins;
mod certificate;
mod clear_text;
mod engine;
mod greetings;
mod handshakes;
mod session;
#[cfg(test)]
mod tests;

pub(super) use begins::Begins;
pub use certificate::{BadCertificate, ServerTls};
pub use clear_text::ClearText;
pub(super) use engine::Unsound;
pub(super) use greetings::Greetings;
pub(super) use handshakes::Greeted;
use handshakes::greet;
pub use session::GREETING_MAX_BYTES;
pub(super) use session::Session;

/// How a driver speaks TLS.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// Who we are.
    pub identity: ServerTls,
    /// Who may do without.
    pub clear_text: ClearText,
}

/// Steps of handshakes that one driver has under way.
pub const HANDSHAKES_MAX: usize = 256;

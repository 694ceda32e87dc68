//! Links on which nobody can listen in, and nothing can be changed: `Noise_NNpsk0_25519_ChaChaPoly_SHA256` (the Noise
//! protocol framework, revision 34), and records of frames behind it.
//!
//! ```text
//!  who dials                                who listens
//!   │ ── the prologue, in clear ────────────► │
//!   │ ── public key · terms · tag ──────────► │  both have mixed the shared key
//!   │ ◄────────── public key · terms · tag ── │  both have mixed what both public keys give
//!   │ ◄═════════════ records ═══════════════► │
//! ```
//! Purpose: two ends that share a key (a server's of Main's realm, or a ticket's) know that they speak with each other, and
//! nobody else reads it, not even whoever learns the shared key later.
//!
//! Contract: the first message may be an old one that somebody repeats, so whoever listens believes it only with the first
//! record that opens. A message or record that does not open is [`Broken`], and the connection has to end. Comparison is in
//! constant time, and keys are overwritten when they are not needed any more. Randomness comes from the caller
//! ([`Drawn`]): whoever draws the same twice gives the link away.
//!
//! Bounds: a channel has 104 bytes, a record [`RECORD_EXTRA_BYTES`] more than its frames; nothing is allocated or copied.
//!
//! ```
//! use tinyrealm_core::secure::{Dialing, Drawn, Heard, LinkKey, RECORD_EXTRA_BYTES};
//! use tinyrealm_core::time::Instant;
//!
//! let (key, prologue, now) = (LinkKey::new([7; 32]), b"world 7", Instant::from_millis(0));
//! let (dialing, message) = Dialing::begin(&key, prologue, Drawn::new([1; 32]), *b"mine")?;
//! let heard = Heard::first(&key, prologue, message)?;
//! assert_eq!(&heard.terms, b"mine");
//! let (mut listener, message) = heard.answer(Drawn::new([2; 32]), now, *b"ours")?;
//! let (mut dialer, terms) = dialing.finish(now, message)?;
//! assert_eq!(&terms, b"ours");
//!
//! let mut record = [0; 5 + RECORD_EXTRA_BYTES];
//! record[1..6].copy_from_slice(b"hello");
//! dialer.sealer.seal(&mut record)?;
//! assert_eq!(listener.opener.open(&mut record)?, b"hello");
//! # Ok::<(), tinyrealm_core::secure::Broken>(())
//! ```

mod agreement;
mod cipher;
mod drbg;
mod handshake;
mod record;
#[cfg(test)]
mod tests;
mod transcript;

pub use agreement::Drawn;
pub(crate) use agreement::Shared;
pub use cipher::TAG_BYTES;
pub use drbg::{BootCounter, Drbg, Seed, count_boot};
pub use handshake::{Dialing, Heard, MESSAGE_BYTES, TERMS_BYTES};
pub(crate) use handshake::{message_with, terms_of};
pub use record::{
    Channel, KEY_MS, Opener, RECORD_COST_BYTES, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES,
    RECORDS_A_KEY, Sealer,
};

use zeroize::Zeroize;

/// What both ends of a link have before they meet. It prints as `…`.
pub struct LinkKey([u8; cipher::KEY_BYTES]);

impl LinkKey {
    /// A key of random bytes, or derived from such.
    pub const fn new(key: [u8; cipher::KEY_BYTES]) -> Self {
        Self(key)
    }
}

impl Drop for LinkKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl core::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

/// What came does not belong to this link: it ends.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Broken;

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("it does not belong to this sealed link")
    }
}

impl core::error::Error for Broken {}

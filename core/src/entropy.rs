//! Randomness as the core sees it: an argument.
//!
//! Purpose: handshake keys, tokens and back-off jitter need unpredictable bytes; the core has no
//! source of its own (invariant 1). The driver lends one with every [`Turn`].
//!
//! Contract: a real driver fills from the operating system's or the chip's cryptographic source; a
//! simulator from its seed.
//!
//! ```
//! use tinyrealm_core::entropy::{Entropy, Turn};
//! use tinyrealm_core::time::Instant;
//! struct Counter(u8);
//! impl Entropy for Counter {
//!     fn fill(&mut self, bytes: &mut [u8]) {
//!         bytes.fill_with(|| { self.0 += 1; self.0 });
//!     }
//! }
//! let mut turn = Turn { now: Instant::ZERO, entropy: &mut Counter(0) };
//! assert_eq!(turn.random::<3>(), [1, 2, 3]);
//! ```

use crate::time::Instant;

/// A source of unpredictable bytes.
pub trait Entropy {
    /// Overwrites `bytes` with random ones.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// What a driver brings to every `handle_*` call of a node: the time, and a source of randomness.
pub struct Turn<'t> {
    /// The driver's clock at the start of this call.
    pub now: Instant,
    /// Where random bytes come from.
    pub entropy: &'t mut dyn Entropy,
}

impl Turn<'_> {
    /// `N` random bytes.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A random number.
    pub fn random_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.random())
    }
}

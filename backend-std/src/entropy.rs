//! The operating system's randomness, for the core.
//!
//! ```
//! use tinyrealm_core::entropy::Entropy;
//! let mut bytes = [0; 32];
//! tinyrealm_std::OsEntropy.fill(&mut bytes);
//! assert_ne!(bytes, [0; 32]);
//! ```

use tinyrealm_core::entropy::Entropy;

/// Cryptographic randomness of the operating system.
#[derive(Copy, Clone, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// If the operating system has no randomness: nothing that is secret could be made then.
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

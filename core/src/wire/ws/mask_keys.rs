//! `MaskKeys`: what a client masks each of its frames with.
//!
//! Purpose: a key has to be one that the peer of a client's user can't predict (RFC 6455, 5.3 and
//! 10.3), and frames are queued in places where no source of randomness is at hand. So the keys are
//! drawn from a secret, which is random and new with every handshake.
//!
//! Contract: a key is the beginning of SHA-256 over the secret and a count. Whoever knows all keys so
//! far knows nothing of the next.
//!
//! Bounds: 24 bytes; one block of SHA-256 a key.
//!
//! ```
//! use tinyrealm_core::wire::ws::MaskKeys;
//! let mut keys = MaskKeys::default();
//! keys.renew([7; 16]); // random, outside of an example
//! assert_ne!(keys.draw(), keys.draw());
//! ```

use sha2::{Digest, Sha256};

use super::header::MaskKey;

/// Bytes of the secret behind the keys.
pub const MASK_SECRET_BYTES: usize = 16;

/// A source of keys; see the [module](self).
#[derive(Clone, Default)]
pub struct MaskKeys {
    secret: [u8; MASK_SECRET_BYTES],
    drawn: u64,
}

impl MaskKeys {
    /// Goes on with another secret.
    pub const fn renew(&mut self, secret: [u8; MASK_SECRET_BYTES]) {
        self.secret = secret;
    }

    /// The next key.
    pub fn draw(&mut self) -> MaskKey {
        self.drawn = self.drawn.wrapping_add(1);
        let digest = Sha256::new()
            .chain_update(self.secret)
            .chain_update(self.drawn.to_le_bytes())
            .finalize();
        let digest: [u8; 32] = digest.into();
        let [first, second, third, fourth, ..] = digest;
        [first, second, third, fourth]
    }
}

impl core::fmt::Debug for MaskKeys {
    /// Without the secret: it does not belong in a log.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MaskKeys").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_keys_are_the_same() {
        let mut keys = MaskKeys::default();
        keys.renew([1; 16]);
        let first: BTreeSet<MaskKey> = (0..100).map(|_| keys.draw()).collect();
        assert_eq!(first.len(), 100);
        let mut others = MaskKeys::default();
        others.renew([2; 16]);
        assert!((0..100).all(|_| !first.contains(&others.draw())));
    }

    #[test]
    fn a_secret_stays_one() {
        let mut keys = MaskKeys::default();
        keys.renew([0xAB; 16]);
        assert_eq!(std::format!("{keys:?}"), "MaskKeys { drawn: 0, .. }");
    }
}

//! `KeptKey`: what a world keeps of the key of a ticket.

use subtle::ConstantTimeEq;

use crate::protocol::HandshakeKey;

/// What is kept of a key: all of it where links are sealed with it, and else as many bits as nobody guesses. Compared in
/// constant time; it prints as `…`.
#[derive(Copy, Clone)]
pub(super) struct KeptKey([u8; KEPT_BYTES]);

/// Bytes of it.
pub(super) const KEPT_BYTES: usize = if cfg!(feature = "sealed-clients") { 32 } else { 16 };

impl KeptKey {
    /// Of nobody's ticket.
    pub(super) const NONE: Self = Self([0; KEPT_BYTES]);

    pub(super) fn of(key: HandshakeKey) -> Self {
        let mut kept = [0; KEPT_BYTES];
        kept.iter_mut().zip(key.0).for_each(|(place, byte)| *place = byte);
        Self(kept)
    }

    pub(super) fn is_of(self, key: HandshakeKey) -> bool {
        self.0.ct_eq(&Self::of(key).0).into()
    }

    /// The key itself.
    #[cfg(feature = "sealed-clients")]
    pub(super) const fn whole(self) -> HandshakeKey {
        HandshakeKey(self.0)
    }
}

impl core::fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeptKey(…)")
    }
}

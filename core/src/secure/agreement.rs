//! `Drawn`: a key pair of X25519 (RFC 7748) for one handshake, and what it gives with a peer's public key.
//!
//! Contract: what everybody knows is no secret ([`Broken`]). Secrets are overwritten when they are not needed any more.
//!
//! Bounds: 64 bytes; 1.5 KB of stack, which whoever has little of it spends where it is shallow.

use zeroize::Zeroize;

use super::Broken;
use super::cipher::KEY_BYTES;

/// Random bytes for one handshake, and for nothing else. It prints as `Drawn(…)`.
pub struct Drawn {
    pub(super) secret: Secret,
    pub(super) public: [u8; KEY_BYTES],
}

impl Drawn {
    /// From a source that nobody can guess.
    pub fn new(random: [u8; KEY_BYTES]) -> Self {
        let public = multiply(&random, &x25519_dalek::X25519_BASEPOINT_BYTES);
        Self { secret: Secret(random), public }
    }
}

impl core::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Drawn(…)")
    }
}

/// The half of [`Drawn`] that stays here.
#[derive(Clone)]
pub(super) struct Secret([u8; KEY_BYTES]);

impl Secret {
    /// What only both ends know. A peer's key of low order would make it known to everybody.
    pub(super) fn share(&self, peer: &[u8; KEY_BYTES]) -> Result<Shared, Broken> {
        let shared = Shared(multiply(&self.0, peer));
        let all = shared.0.iter().fold(0, |all, byte| all | byte);
        if all == 0 { Err(Broken) } else { Ok(shared) }
    }
}

/// What only both ends know.
pub(crate) struct Shared(pub(super) [u8; KEY_BYTES]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Not inlined: it wants a kilobyte of stack, which is not to lie under what its callers do afterwards.
#[inline(never)]
fn multiply(scalar: &[u8; KEY_BYTES], point: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    x25519_dalek::x25519(*scalar, *point)
}

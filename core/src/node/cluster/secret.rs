//! `ClusterSecret`, and the proofs that are made with it.
//!
//! ```
//! use tinyrealm_core::node::cluster::ClusterSecret;
//! let secret = ClusterSecret::new(b"a secret of at least 32 bytes ...").unwrap();
//! assert_eq!(format!("{secret:?}"), "ClusterSecret(…)");
//! assert!(ClusterSecret::new(b"too short").is_err());
//! ```

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::protocol::{Nonce, Proof, ServerKind};

/// The fewest bytes that a secret has.
pub const CLUSTER_SECRET_MIN_BYTES: usize = 32;
/// What every proof begins with, so that the secret's HMACs mean nothing elsewhere.
const LABEL: &[u8] = b"tinyrealm cluster v1";

/// What the servers of a realm share, and nobody else has. It prints as `…`.
#[derive(Clone)]
pub struct ClusterSecret {
    key: [u8; 32],
}

/// A secret of fewer bytes than [`CLUSTER_SECRET_MIN_BYTES`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooShort {
    /// How many it has.
    pub bytes: usize,
}

impl ClusterSecret {
    /// A secret of any length; its SHA-256 is the key of the proofs.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(secret: &[u8]) -> Result<Self, TooShort> {
        if secret.len() < CLUSTER_SECRET_MIN_BYTES {
            return Err(TooShort { bytes: secret.len() });
        }
        Ok(Self { key: Sha256::digest(secret).into() })
    }

    /// The proof of one side of a connection.
    pub fn proof(&self, side: Side, transcript: &Transcript) -> Proof {
        let mut mac = mac_with(&self.key);
        mac.update(LABEL);
        mac.update(&[side as u8]);
        mac.update(&transcript.dialer.0.to_le_bytes());
        mac.update(&transcript.listener.0.to_le_bytes());
        mac.update(&transcript.dialer_nonce.0);
        mac.update(&transcript.listener_nonce.0);
        Proof(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecret(…)")
    }
}

/// Who proves.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Side {
    /// The server that has dialed.
    Dialer = 1,
    /// The server that was dialed.
    Listener = 2,
}

/// What the proofs of a connection are about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Transcript {
    /// What the dialing server is.
    pub dialer: ServerKind,
    /// What the listening server is.
    pub listener: ServerKind,
    /// Chosen by the dialing server.
    pub dialer_nonce: Nonce,
    /// Chosen by the listening server.
    pub listener_nonce: Nonce,
}

/// HMAC-SHA-256; a key that is shorter than a block is one with zeros behind it (RFC 2104).
pub(super) fn mac_with(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; BLOCK_BYTES];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    Hmac::<Sha256>::new(&block.into())
}

/// What SHA-256 hashes at once.
const BLOCK_BYTES: usize = 64;

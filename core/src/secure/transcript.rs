//! `Transcript`: what both ends of a handshake have heard of each other, and the key that follows from it (the
//! symmetric state of Noise, revision 34, section 5.2).
//!
//! Contract: both ends have the same one exactly if they share the key and the prologue and have heard the same
//! messages; a message that belongs to another one does not open.

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::cipher::{Cipher, KEY_BYTES};
use super::{Broken, LinkKey};
use crate::node::cluster::mac;

/// Who dials and who listens have no keys of their own but those that they draw (`NN`), and share one that comes before
/// everything else (`psk0`).
const PROTOCOL: &[u8] = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256";

const HASH_BYTES: usize = 32;

/// See the [module](self).
pub(super) struct Transcript {
    chaining_key: [u8; HASH_BYTES],
    hash: [u8; HASH_BYTES],
}

impl Transcript {
    /// Of a handshake that begins now. Noise has a key follow from the shared one as well, which seals nothing: a message
    /// begins with a public key, from which another one follows.
    pub(super) fn begin(key: &LinkKey, prologue: &[u8]) -> Self {
        let name: [u8; HASH_BYTES] = Sha256::digest(PROTOCOL).into();
        let mut transcript = Self { chaining_key: name, hash: name };
        transcript.mix_hash(prologue);
        let mut hashed = transcript.mix(&key.0);
        transcript.mix_hash(&hashed);
        hashed.zeroize();
        transcript
    }

    /// A key that was drawn for this handshake, in clear; answers what is sealed with from here on.
    pub(super) fn mix_public(&mut self, public: &[u8; KEY_BYTES]) -> Cipher {
        self.mix_hash(public);
        self.mix_key(public)
    }

    /// What only both ends know; answers what is sealed with from here on.
    pub(super) fn mix_key(&mut self, material: &[u8; KEY_BYTES]) -> Cipher {
        Cipher::new(self.mix(material))
    }

    /// Seals the text before the place for its tag.
    pub(super) fn seal(&mut self, mut cipher: Cipher, text: &mut [u8]) -> Result<(), Broken> {
        cipher.seal(&self.hash, text)?;
        self.mix_hash(text);
        Ok(())
    }

    /// Opens a text in place.
    pub(super) fn open(&mut self, mut cipher: Cipher, sealed: &mut [u8]) -> Result<(), Broken> {
        let hash = self.hash;
        self.mix_hash(sealed);
        cipher.open(&hash, sealed).map(drop)
    }

    /// The keys of both directions: the dialer's first.
    pub(super) fn split(&mut self) -> [Cipher; 2] {
        let second = self.mix(&[]);
        [Cipher::new(self.chaining_key), Cipher::new(second)]
    }

    fn mix_hash(&mut self, data: &[u8]) {
        self.hash = Sha256::new().chain_update(self.hash).chain_update(data).finalize().into();
    }

    /// Two keys (Noise, revision 34, section 4.3): the first is the next chaining key, the second one is answered.
    fn mix(&mut self, material: &[u8]) -> [u8; KEY_BYTES] {
        let mut extracted = mac(&self.chaining_key, &[material]);
        self.chaining_key = mac(&extracted, &[&[1]]);
        let second = mac(&extracted, &[&self.chaining_key, &[2]]);
        extracted.zeroize();
        second
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        self.chaining_key.zeroize();
    }
}

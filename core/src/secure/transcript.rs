//! `Transcript`: what both ends of a handshake have heard of each other, and the key that follows from it (the
//! symmetric state of Noise, revision 34, section 5.2).
//!
//! Contract: both ends have the same one exactly if they share the key and the prologue and have heard the same
//! messages; a message that belongs to another one does not open.

use hmac::Mac;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::cipher::{Cipher, KEY_BYTES};
use super::{Broken, LinkKey};
use crate::node::cluster::mac_with;

/// Who dials and who listens have no keys of their own but those that they draw (`NN`), and share one that comes before
/// everything else (`psk0`).
const PROTOCOL: &[u8] = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256";

const HASH_BYTES: usize = 32;

/// See the [module](self).
pub(super) struct Transcript {
    chaining_key: [u8; HASH_BYTES],
    hash: [u8; HASH_BYTES],
    cipher: Cipher,
}

impl Transcript {
    /// Of a handshake that begins now.
    pub(super) fn begin(key: &LinkKey, prologue: &[u8]) -> Self {
        let name: [u8; HASH_BYTES] = Sha256::digest(PROTOCOL).into();
        let mut transcript =
            Self { chaining_key: name, hash: name, cipher: Cipher::new([0; KEY_BYTES]) };
        transcript.mix_hash(prologue);
        let [chaining_key, hash, key] = transcript.derive(&key.0);
        transcript.chaining_key = chaining_key;
        transcript.mix_hash(&hash);
        transcript.cipher = Cipher::new(key);
        transcript
    }

    /// A key that was drawn for this handshake, in clear.
    pub(super) fn mix_public(&mut self, public: &[u8; KEY_BYTES]) {
        self.mix_hash(public);
        self.mix_key(public);
    }

    /// What only both ends know.
    pub(super) fn mix_key(&mut self, material: &[u8; KEY_BYTES]) {
        let [chaining_key, key] = self.derive(material);
        self.chaining_key = chaining_key;
        self.cipher = Cipher::new(key);
    }

    /// Seals the text before the place for its tag.
    pub(super) fn seal(&mut self, text: &mut [u8]) -> Result<(), Broken> {
        self.cipher.seal(&self.hash, text)?;
        self.mix_hash(text);
        Ok(())
    }

    /// Opens a text in place.
    pub(super) fn open(&mut self, sealed: &mut [u8]) -> Result<(), Broken> {
        let mut hash = self.hash;
        core::mem::swap(&mut hash, &mut self.hash);
        self.mix_with(&hash, sealed);
        self.cipher.open(&hash, sealed).map(drop)
    }

    /// The keys of both directions: the dialer's first.
    pub(super) fn split(self) -> [Cipher; 2] {
        self.derive(&[]).map(Cipher::new)
    }

    fn mix_hash(&mut self, data: &[u8]) {
        let hash = self.hash;
        self.mix_with(&hash, data);
    }

    fn mix_with(&mut self, before: &[u8; HASH_BYTES], data: &[u8]) {
        self.hash = Sha256::new().chain_update(before).chain_update(data).finalize().into();
    }

    /// Two or three keys (Noise, revision 34, section 4.3).
    fn derive<const KEYS: usize>(&self, material: &[u8]) -> [[u8; KEY_BYTES]; KEYS] {
        let mut extract = mac_with(&self.chaining_key);
        extract.update(material);
        let mut extracted: [u8; KEY_BYTES] = extract.finalize().into_bytes().into();
        let mut keys = [[0; KEY_BYTES]; KEYS];
        let mut before: &[u8] = &[];
        for (key, number) in keys.iter_mut().zip(1u8..) {
            let mut expand = mac_with(&extracted);
            expand.update(before);
            expand.update(&[number]);
            *key = expand.finalize().into_bytes().into();
            before = key;
        }
        extracted.zeroize();
        keys
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        self.chaining_key.zeroize();
    }
}

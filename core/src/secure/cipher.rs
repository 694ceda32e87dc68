//! `Cipher`: ChaCha20-Poly1305 (RFC 8439) under one key, whose every use has a number of its own.
//!
//! Contract: sealing and opening are in place, with the tag behind the text. A number is used once; behind the last
//! one nothing is sealed or opened any more. What does not open is left as it came, and costs no number.
//!
//! Bounds: 40 bytes; the key is overwritten when it is not needed any more.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Tag};
use zeroize::Zeroize;

use super::Broken;

/// Behind a sealed text.
pub const TAG_BYTES: usize = 16;
/// Of every key here.
pub(super) const KEY_BYTES: usize = 32;

/// The number that new keys are made with, and nothing is sealed with (Noise, revision 34, section 4.2).
const REKEY_NUMBER: u64 = u64::MAX;

/// See the [module](self).
pub(super) struct Cipher {
    key: [u8; KEY_BYTES],
    next: u64,
}

impl Cipher {
    pub(super) const fn new(key: [u8; KEY_BYTES]) -> Self {
        Self { key, next: 0 }
    }

    /// Seals the text that is in `record` before the place for the tag.
    pub(super) fn seal(&mut self, about: &[u8], record: &mut [u8]) -> Result<(), Broken> {
        let (text, place) = record.split_last_chunk_mut::<TAG_BYTES>().ok_or(Broken)?;
        let number = self.number()?;
        *place = self.seal_with(number, about, text)?.into();
        self.next += 1;
        Ok(())
    }

    /// Opens a record, and answers its text.
    pub(super) fn open<'r>(
        &mut self,
        about: &[u8],
        record: &'r mut [u8],
    ) -> Result<&'r mut [u8], Broken> {
        let (text, tag) = record.split_last_chunk_mut::<TAG_BYTES>().ok_or(Broken)?;
        let nonce = nonce(self.number()?);
        let tag = Tag::from(*tag);
        self.algorithm()
            .decrypt_inout_detached(&nonce.into(), about, (&mut *text).into(), &tag)
            .map_err(|_| Broken)?;
        self.next += 1;
        Ok(text)
    }

    /// Goes on with a key that tells nothing of the one before; numbers go on as well.
    pub(super) fn rekey(&mut self) -> Result<(), Broken> {
        let mut next = [0; KEY_BYTES];
        self.seal_with(REKEY_NUMBER, &[], &mut next)?;
        self.key.zeroize();
        self.key = next;
        next.zeroize();
        Ok(())
    }

    fn seal_with(&self, number: u64, about: &[u8], text: &mut [u8]) -> Result<Tag, Broken> {
        let nonce = nonce(number);
        let sealed = self.algorithm().encrypt_inout_detached(&nonce.into(), about, text.into());
        sealed.map_err(|_| Broken)
    }

    fn algorithm(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.key.into())
    }

    fn number(&self) -> Result<u64, Broken> {
        if self.next == REKEY_NUMBER { Err(Broken) } else { Ok(self.next) }
    }
}

impl Drop for Cipher {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Four zero bytes, and the number (Noise, revision 34, section 12.3).
fn nonce(number: u64) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [0, 0, 0, 0, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_the_last_number() {
        let mut record = [0; 20];
        let mut cipher = Cipher { key: [7; 32], next: REKEY_NUMBER - 1 };
        cipher.seal(&[], &mut record).unwrap();
        assert_eq!(cipher.seal(&[], &mut record), Err(Broken));
        let mut opener = Cipher { key: [7; 32], next: REKEY_NUMBER - 1 };
        assert_eq!(opener.open(&[], &mut record.clone()).unwrap(), [0; 4]);
        assert_eq!(opener.open(&[], &mut record), Err(Broken));
    }

    #[test]
    fn what_does_not_open_stays_as_it_is_and_costs_no_number() {
        let (mut sealer, mut opener) = (Cipher::new([7; 32]), Cipher::new([7; 32]));
        let mut record = *b"text-and-a-place-for";
        sealer.seal(b"about", &mut record).unwrap();
        let mut changed = record;
        changed[0] ^= 1;
        let before = changed;
        assert_eq!(opener.open(b"about", &mut changed), Err(Broken));
        assert_eq!(changed, before);
        assert_eq!(opener.open(b"other", &mut record), Err(Broken));
        assert_eq!(opener.open(b"about", &mut record).unwrap(), b"text");
    }

    #[test]
    fn both_sides_of_the_shortest_record() {
        let mut cipher = Cipher::new([7; 32]);
        assert_eq!(cipher.seal(&[], &mut [0; TAG_BYTES - 1]), Err(Broken));
        assert_eq!(cipher.open(&[], &mut [0; TAG_BYTES - 1]), Err(Broken));
        assert_eq!(cipher.seal(&[], &mut [0; TAG_BYTES]), Ok(()));
    }
}

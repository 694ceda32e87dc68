//! Masking: every payload byte of a client is XORed with a key of four bytes, over and over.
//!
//! Purpose: [`apply_mask`] in place and [`copy_masked`] on the way to another place. Masking and
//! unmasking are the same.
//!
//! Contract: `offset` is the place of the first byte in its payload, so a payload may be masked piece
//! by piece.
//!
//! Bounds: a machine word at a time, and the last bytes one by one.
//!
//! ```
//! use tinyrealm_core::wire::ws::{apply_mask, copy_masked};
//! let key = [0x37, 0xFA, 0x21, 0x3D]; // RFC 6455, 5.7
//! let mut payload = *b"\x7F\x9F\x4D\x51\x58";
//! let mut copy = [0; 5];
//! copy_masked(&payload, &mut copy, key, 0).unwrap();
//! apply_mask(&mut payload, key, 0);
//! assert_eq!((&payload, &copy), (b"Hello", b"Hello"));
//! ```

use super::header::MaskKey;
use crate::wire::Full;

const WORD_BYTES: usize = size_of::<usize>();

/// XORs `bytes`, which stand at `offset` of their payload, with `key`.
#[inline]
pub fn apply_mask(bytes: &mut [u8], key: MaskKey, offset: usize) {
    let key = turned(key, offset);
    let wide = repeated(key);
    let (words, tail) = bytes.as_chunks_mut::<WORD_BYTES>();
    for word in words {
        *word = (usize::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Copies `source`, which stands at `offset` of its payload, to the start of `destination`, XORed
/// with `key`.
///
/// # Errors
/// [`Full`] if `destination` is shorter; nothing is written then.
#[inline]
pub fn copy_masked(
    source: &[u8],
    destination: &mut [u8],
    key: MaskKey,
    offset: usize,
) -> Result<(), Full> {
    let destination = destination.get_mut(..source.len()).ok_or(Full)?;
    let key = turned(key, offset);
    let wide = repeated(key);
    let (words, tail) = destination.as_chunks_mut::<WORD_BYTES>();
    let (source_words, source_tail) = source.as_chunks::<WORD_BYTES>();
    for (word, source) in words.iter_mut().zip(source_words) {
        *word = (usize::from_ne_bytes(*source) ^ wide).to_ne_bytes();
    }
    for ((byte, source), key) in tail.iter_mut().zip(source_tail).zip(key.iter().cycle()) {
        *byte = source ^ key;
    }
    Ok(())
}

/// The key as it stands at `offset`.
const fn turned(key: MaskKey, offset: usize) -> MaskKey {
    u32::from_le_bytes(key).rotate_right(u8::BITS * (offset as u32 % 4)).to_le_bytes()
}

/// The key all over a word.
fn repeated(key: MaskKey) -> usize {
    let mut bytes = [0; WORD_BYTES];
    for (byte, key) in bytes.iter_mut().zip(key.iter().cycle()) {
        *byte = *key;
    }
    usize::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(bytes: &[u8], key: MaskKey, offset: usize) -> std::vec::Vec<u8> {
        let mask = |(place, byte): (usize, &u8)| byte ^ key[(offset + place) % 4];
        bytes.iter().enumerate().map(mask).collect()
    }

    #[test]
    fn every_short_length_at_every_offset() {
        let bytes: [u8; 40] = core::array::from_fn(|place| (place as u8).wrapping_mul(7));
        let key = [1, 20, 3, 200];
        for length in 0..bytes.len() {
            for offset in [0, 1, 2, 3, 4, 5, usize::MAX] {
                let expected = naive(&bytes[..length], key, offset % 4);
                let (mut placed, mut copied) = (bytes, [0; 40]);
                apply_mask(&mut placed[..length], key, offset);
                copy_masked(&bytes[..length], &mut copied, key, offset).unwrap();
                assert_eq!(placed[..length], expected);
                assert_eq!(copied[..length], expected);
                assert_eq!(
                    (&placed[length..], copied[length..].iter().max()),
                    (&bytes[length..], Some(&0))
                );
            }
        }
    }

    #[test]
    fn both_sides_of_the_destination() {
        assert_eq!(copy_masked(&[1; 9], &mut [0; 9], [0; 4], 0), Ok(()));
        let mut short = [7; 8];
        assert_eq!(copy_masked(&[1; 9], &mut short, [0; 4], 0), Err(Full));
        assert_eq!(short, [7; 8]);
    }

    proptest! {
        #[test]
        fn piece_by_piece_is_the_same(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            key in any::<MaskKey>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let cut = cut.index(bytes.len() + 1);
            let mut pieces = bytes.clone();
            apply_mask(&mut pieces[..cut], key, 0);
            apply_mask(&mut pieces[cut..], key, cut);
            prop_assert_eq!(pieces, naive(&bytes, key, 0));
        }
    }
}

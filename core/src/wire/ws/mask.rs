//! Masking: every payload byte of a client is XORed with a key of four bytes, over and over.
//!
//! Purpose: [`apply_mask`] in place and [`copy_masked`] on the way to another place. Masking and
//! unmasking are the same.
//!
//! Contract: `offset` is the place of the first byte in its payload, so a payload may be masked piece
//! by piece.
//!
//! Bounds: eight bytes at a time, then four, and the last three one by one.
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

/// XORs `bytes`, which stand at `offset` of their payload, with `key`.
#[inline]
pub fn apply_mask(bytes: &mut [u8], key: MaskKey, offset: usize) {
    let key = Key::at(key, offset);
    let (eights, rest) = bytes.as_chunks_mut();
    for eight in eights {
        *eight = key.over_eight(*eight);
    }
    let (fours, rest) = rest.as_chunks_mut();
    for four in fours {
        *four = key.over_four(*four);
    }
    for (byte, key) in rest.iter_mut().zip(key.bytes) {
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
    let key = Key::at(key, offset);
    let ((eights, rest), (from_eights, from)) = (destination.as_chunks_mut(), source.as_chunks());
    for (eight, from) in eights.iter_mut().zip(from_eights) {
        *eight = key.over_eight(*from);
    }
    let ((fours, rest), (from_fours, from)) = (rest.as_chunks_mut(), from.as_chunks());
    for (four, from) in fours.iter_mut().zip(from_fours) {
        *four = key.over_four(*from);
    }
    for ((byte, from), key) in rest.iter_mut().zip(from).zip(key.bytes) {
        *byte = from ^ key;
    }
    Ok(())
}

/// A key as it stands at some place of a payload.
#[derive(Copy, Clone)]
struct Key {
    bytes: MaskKey,
}

impl Key {
    const fn at(key: MaskKey, offset: usize) -> Self {
        let turned = u32::from_le_bytes(key).rotate_right(u8::BITS * (offset as u32 % 4));
        Self { bytes: turned.to_le_bytes() }
    }

    const fn over_four(self, bytes: [u8; 4]) -> [u8; 4] {
        (u32::from_ne_bytes(bytes) ^ u32::from_ne_bytes(self.bytes)).to_ne_bytes()
    }

    const fn over_eight(self, bytes: [u8; 8]) -> [u8; 8] {
        let key = u32::from_ne_bytes(self.bytes) as u64;
        (u64::from_ne_bytes(bytes) ^ (key << u32::BITS | key)).to_ne_bytes()
    }
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

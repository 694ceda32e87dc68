//! `HashIndex`: finds a table's slot by what its tenant contains.
//!
//! Purpose: uid → user, address → count. The index holds two-byte links only; the keys stay where
//! they are, in the table, and the caller compares them.
//!
//! Contract: every inserted slot is removed with the same hash before its tenant changes.
//!
//! Bounds: expected O(1) for a hash that peers can't predict or a key that peers don't choose;
//! chains are never longer than the table.
//!
//! ```
//! use tinyrealm_core::storage::{HashIndex, Link};
//! let names = ["ann", "bob"];
//! let (mut heads, mut nexts) = ([Link::NONE; 4], [Link::NONE; 2]);
//! let mut index = HashIndex::new(&mut heads, &mut nexts);
//! index.insert(77, 1);
//! assert_eq!(index.find(77, |slot| names[usize::from(slot)] == "bob"), Some(1));
//! assert_eq!(index.find(77, |slot| names[usize::from(slot)] == "ann"), None);
//! ```

use super::link::Link;

/// Chained hashing over links; see the [module](self).
#[derive(Debug)]
pub struct HashIndex<'a> {
    heads: &'a mut [Link],
    nexts: &'a mut [Link],
}

impl<'a> HashIndex<'a> {
    /// An empty index: `heads` as many as there shall be chains, `nexts` one a slot of the table.
    pub const fn new(heads: &'a mut [Link], nexts: &'a mut [Link]) -> Self {
        Self { heads, nexts }
    }

    fn chain(&self, hash: u32) -> usize {
        // The upper half of a product spreads over any count of chains without a division.
        ((u64::from(hash) * self.heads.len() as u64) >> 32) as usize
    }

    fn head(&self, hash: u32) -> Link {
        self.heads.get(self.chain(hash)).copied().unwrap_or(Link::NONE)
    }

    fn next(&self, index: u16) -> Link {
        self.nexts.get(usize::from(index)).copied().unwrap_or(Link::NONE)
    }

    /// The slot with this hash for which `is_it` holds.
    pub fn find(&self, hash: u32, is_it: impl Fn(u16) -> bool) -> Option<u16> {
        let mut link = self.head(hash);
        while let Some(index) = link.index() {
            if is_it(index) {
                return Some(index);
            }
            link = self.next(index);
        }
        None
    }

    /// Adds slot `index` under `hash`.
    pub fn insert(&mut self, hash: u32, index: u16) {
        let chain = self.chain(hash);
        let Some(next) = self.nexts.get_mut(usize::from(index)) else {
            return;
        };
        if let Some(head) = self.heads.get_mut(chain) {
            *next = core::mem::replace(head, Link::to(index));
        }
    }

    /// Takes slot `index` out, which was inserted under `hash`.
    pub fn remove(&mut self, hash: u32, index: u16) {
        let chain = self.chain(hash);
        let after = self.next(index);
        let mut link = self.head(hash);
        if link == Link::to(index) {
            if let Some(head) = self.heads.get_mut(chain) {
                *head = after;
            }
            return;
        }
        while let Some(before) = link.index() {
            link = self.next(before);
            if link == Link::to(index) {
                if let Some(next) = self.nexts.get_mut(usize::from(before)) {
                    *next = after;
                }
                return;
            }
        }
    }
}

/// Spreads the bits of `value`, for keys that are numbers (the finalizer of MurmurHash3).
pub const fn hash_u32(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x85EB_CA6B);
    let value = (value ^ (value >> 13)).wrapping_mul(0xC2B2_AE35);
    value ^ (value >> 16)
}

/// [`hash_u32`] of both halves.
pub const fn hash_u64(value: u64) -> u32 {
    hash_u32(value as u32 ^ hash_u32((value >> 32) as u32))
}

/// [`hash_u32`] over a text's bytes; `seed` is random if peers choose the text.
pub fn hash_bytes(seed: u32, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let hash = words.iter().fold(seed, |hash, word| hash_u32(hash ^ u32::from_le_bytes(*word)));
    let rest = rest.iter().fold(bytes.len() as u32, |rest, byte| rest << 8 | u32::from(*byte));
    hash_u32(hash ^ rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn agrees_with_a_map(chains in 1usize..5, ops in prop::collection::vec((any::<bool>(), 0u16..8, 0u32..4), 0..100)) {
            let (mut heads, mut nexts) = ([Link::NONE; 5], [Link::NONE; 8]);
            let mut index = HashIndex::new(&mut heads[..chains], &mut nexts);
            let mut model: HashMap<u16, u32> = HashMap::new();
            for (insert, slot, number) in ops {
                match model.get(&slot).copied() {
                    None if insert => {
                        index.insert(hash_u32(number), slot);
                        model.insert(slot, number);
                    }
                    Some(number) if !insert => {
                        index.remove(hash_u32(number), slot);
                        model.remove(&slot);
                    }
                    _ => {}
                }
                for slot in 0..8 {
                    let found = (0..4).filter(|n| index.find(hash_u32(*n), |s| s == slot).is_some());
                    // Numbers that share a chain find the slot too; the caller's comparison decides.
                    let expected = model.get(&slot).copied();
                    prop_assert_eq!(expected.is_some(), found.clone().count() > 0);
                    prop_assert!(expected.is_none_or(|n| found.clone().any(|f| f == n)));
                }
            }
        }
    }
}

//! `Table`: slots reached by generational keys.
//!
//! Purpose: sessions, users, worlds and attaches live in tables. A key that outlives its slot's
//! tenant answers `None`, so a late packet can never reach the wrong session (invariant 6).
//!
//! Contract: `insert` gives the item back when full. A slot's generation grows with every change of
//! tenant; it is odd while occupied.
//!
//! Bounds: O(1), but for [`Table::iter`]. Behind the last generation comes the first: a key would be taken
//! for another's only if it were kept while its slot has 2³¹ tenants.
//!
//! ```
//! use tinyrealm_core::storage::{Slot, Table};
//! let mut slots = [const { Slot::<u32>::VACANT }; 1];
//! let mut table = Table::new(&mut slots);
//! let first = table.insert(1).unwrap();
//! assert_eq!(table.insert(2), Err(2)); // full
//! assert_eq!(table.remove(first), Some(1));
//! let second = table.insert(3).unwrap();
//! assert_ne!(first, second); // same slot, other generation
//! ```

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use super::link::{INDEX_COUNT_MAX, Link};

/// A type with an all-zero empty value.
pub trait Vacant {
    /// The empty value: all-zero bits.
    const VACANT: Self;
}

impl Vacant for u32 {
    const VACANT: Self = 0;
}

/// Names one tenant of one slot of a `Table<T>`.
pub struct Key<T> {
    generation: u32,
    index: u16,
    table: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// A key that no tenant ever has: all-zero bits.
    pub const DANGLING: Self = Self { generation: 0, index: 0, table: PhantomData };

    /// The slot's position; drivers keep what belongs to a session at the same index.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// Slot and generation as one number, which no other tenant of the table has.
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 16 | self.index as u64
    }
}

impl<T> Copy for Key<T> {}
impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.generation, self.index) == (other.generation, other.index)
    }
}
impl<T> Eq for Key<T> {}
impl<T> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.generation, self.index).hash(state);
    }
}
impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}

/// One slot of a [`Table`]'s storage.
#[derive(Debug)]
pub struct Slot<T> {
    value: T,
    generation: u32,
    next_free: Link,
}

impl<T: Vacant> Slot<T> {
    /// A slot that nobody has used: all-zero bits.
    pub const VACANT: Self = Self { value: T::VACANT, generation: 0, next_free: Link::NONE };
}

impl<T> Slot<T> {
    const fn is_occupied(&self) -> bool {
        self.generation % 2 == 1
    }
}

/// Slots reached by generational keys; see the [module](self).
#[derive(Debug)]
pub struct Table<'a, T> {
    slots: &'a mut [Slot<T>],
    free: Link,
    /// Slots that have ever been used: those behind are untouched memory.
    fresh: u16,
    len: u16,
}

impl<'a, T: Vacant> Table<'a, T> {
    /// An empty table over vacant `slots`; those beyond [`INDEX_COUNT_MAX`] stay unused.
    pub fn new(slots: &'a mut [Slot<T>]) -> Self {
        let count = slots.len().min(INDEX_COUNT_MAX);
        let slots = slots.get_mut(..count).unwrap_or_default();
        Self { slots, free: Link::NONE, fresh: 0, len: 0 }
    }

    /// How many slots there are.
    pub const fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// How many slots have a tenant.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no slot has a tenant.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether every slot has a tenant.
    pub const fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Moves `value` into a slot.
    ///
    /// # Errors
    /// The value itself, when every slot is taken.
    pub fn insert(&mut self, value: T) -> Result<Key<T>, T> {
        let index = self.free.index().unwrap_or(self.fresh);
        let Some(slot) = self.slots.get_mut(usize::from(index)) else {
            return Err(value);
        };
        if self.free.is_none() {
            self.fresh += 1;
        }
        self.free = slot.next_free;
        self.len += 1;
        slot.next_free = Link::NONE;
        slot.generation = slot.generation.wrapping_add(1);
        slot.value = value;
        Ok(Key { generation: slot.generation, index, table: PhantomData })
    }

    /// Takes the tenant out; `None` if the key is stale.
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        let slot = Self::occupied_mut(self.slots, key)?;
        slot.generation = slot.generation.wrapping_add(1);
        slot.next_free = self.free;
        self.free = Link::to(key.index);
        self.len -= 1;
        Some(core::mem::replace(&mut slot.value, T::VACANT))
    }

    fn occupied_mut(slots: &mut [Slot<T>], key: Key<T>) -> Option<&mut Slot<T>> {
        let slot = slots.get_mut(usize::from(key.index))?;
        (slot.generation == key.generation && slot.is_occupied()).then_some(slot)
    }

    /// The tenant of `key`; `None` if the key is stale.
    #[inline]
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        let slot = self.slots.get(usize::from(key.index))?;
        (slot.generation == key.generation && slot.is_occupied()).then_some(&slot.value)
    }

    /// The tenant of `key`, to change; `None` if the key is stale.
    #[inline]
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        Self::occupied_mut(self.slots, key).map(|slot| &mut slot.value)
    }

    /// The tenant of slot `index`, whoever it is.
    #[inline]
    pub fn at(&self, index: u16) -> Option<&T> {
        let slot = self.slots.get(usize::from(index))?;
        slot.is_occupied().then_some(&slot.value)
    }

    /// The tenant of slot `index`, whoever it is, to change.
    #[inline]
    pub fn at_mut(&mut self, index: u16) -> Option<&mut T> {
        let slot = self.slots.get_mut(usize::from(index))?;
        slot.is_occupied().then_some(&mut slot.value)
    }

    /// The key of slot `index`'s present tenant.
    #[inline]
    pub fn key_at(&self, index: u16) -> Option<Key<T>> {
        let slot = self.slots.get(usize::from(index))?;
        slot.is_occupied().then_some(Key { generation: slot.generation, index, table: PhantomData })
    }

    /// Every tenant with its key. O(slots ever used).
    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        let used = self.slots.get(..usize::from(self.fresh)).unwrap_or_default();
        used.iter().enumerate().filter(|(_, slot)| slot.is_occupied()).map(|(index, slot)| {
            let key = Key { generation: slot.generation, index: index as u16, table: PhantomData };
            (key, &slot.value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::vec::Vec;

    #[test]
    fn a_stale_key_never_reaches_the_next_tenant() {
        let mut slots = [const { Slot::<u32>::VACANT }; 1];
        let mut table = Table::new(&mut slots);
        let first = table.insert(1).unwrap();
        table.remove(first);
        let second = table.insert(2).unwrap();
        assert_eq!(first.index(), second.index());
        assert_eq!(table.get(first), None);
        assert_eq!(table.get_mut(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&2));
        assert_eq!(table.get(Key::DANGLING), None);
    }

    /// Behind the last generation comes the first; a key of the last names nobody then, and neither does the
    /// key that nobody ever has.
    #[test]
    fn generations_begin_anew_behind_the_last() {
        let mut slots = [const { Slot::<u32>::VACANT }; 1];
        slots[0].generation = u32::MAX - 1;
        let mut table = Table::new(&mut slots);
        let last = table.insert(1).unwrap();
        assert_eq!((last.generation, table.get(last)), (u32::MAX, Some(&1)));
        assert_eq!(table.remove(last), Some(1));
        assert_eq!((table.get(last), table.get(Key::DANGLING)), (None, None));
        let first = table.insert(2).unwrap();
        assert_eq!((first.generation, table.get(first), table.get(last)), (1, Some(&2), None));
        assert_eq!(table.get(Key::DANGLING), None);
    }

    #[test]
    fn no_slots_is_always_full() {
        let mut table = Table::<u32>::new(&mut []);
        assert_eq!(table.insert(1), Err(1));
        assert!(table.is_full() && table.is_empty());
    }

    proptest! {
        /// Against a map that never forgets a key: the table answers the same for live keys and
        /// `None` for every key that was ever removed.
        #[test]
        fn agrees_with_a_naive_model(ops in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..200)) {
            let mut slots = [const { Slot::<u32>::VACANT }; 5];
            let mut table = Table::new(&mut slots);
            let mut live = HashMap::new();
            let mut stale = Vec::new();
            for (step, (insert, pick)) in ops.into_iter().enumerate() {
                if insert {
                    match table.insert(step as u32) {
                        Ok(key) => prop_assert!(live.insert(key, step as u32).is_none()),
                        Err(back) => prop_assert!(back == step as u32 && live.len() == 5),
                    }
                } else if !live.is_empty() {
                    let key = *live.keys().nth(pick.index(live.len())).unwrap();
                    prop_assert_eq!(table.remove(key), live.remove(&key));
                    stale.push(key);
                }
                prop_assert_eq!(table.len(), live.len());
                prop_assert_eq!(table.iter().count(), live.len());
                for (key, value) in &live {
                    prop_assert_eq!(table.get(*key), Some(value));
                    prop_assert_eq!(table.key_at(key.index()), Some(*key));
                }
                for key in &stale {
                    prop_assert_eq!(table.get(*key), None);
                }
            }
        }
    }
}

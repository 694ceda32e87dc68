//! `UidTable`: a table whose tenants are found by their user id.
//!
//! ```
//! use tinyrealm_core::node::{HasUid, UidTable};
//! use tinyrealm_core::protocol::Uid;
//! use tinyrealm_core::storage::{Link, Slot, Vacant};
//! struct Player(Uid);
//! impl HasUid for Player { fn uid(&self) -> Uid { self.0 } }
//! impl Vacant for Player { const VACANT: Self = Player(Uid::NOBODY); }
//! let mut slots = [const { Slot::<Player>::VACANT }; 2];
//! let (mut heads, mut nexts) = ([Link::NONE; 2], [Link::NONE; 2]);
//! let mut players = UidTable::new(&mut slots, &mut heads, &mut nexts);
//! let key = players.insert(Player(Uid(7))).ok().unwrap();
//! assert_eq!(players.find(Uid(7)), Some(key));
//! players.remove(key);
//! assert_eq!(players.find(Uid(7)), None);
//! ```

use core::ops::{Deref, DerefMut};

use crate::protocol::Uid;
use crate::storage::{HashIndex, Key, Link, Slot, Table, Vacant, hash_u64};

/// Something that belongs to one user, for as long as it is in a table.
pub trait HasUid {
    /// Whose it is.
    fn uid(&self) -> Uid;
}

/// A [`Table`] with an index by [`Uid`]. Everything but `insert` and `remove` is the table's.
#[derive(Debug)]
pub struct UidTable<'a, T> {
    table: Table<'a, T>,
    index: HashIndex<'a>,
}

impl<'a, T: HasUid + Vacant> UidTable<'a, T> {
    /// An empty table; `heads` and `nexts` are as many as `slots`.
    pub fn new(slots: &'a mut [Slot<T>], heads: &'a mut [Link], nexts: &'a mut [Link]) -> Self {
        Self { table: Table::new(slots), index: HashIndex::new(heads, nexts) }
    }

    /// The table without its index.
    pub const fn table(&self) -> &Table<'a, T> {
        &self.table
    }

    /// The tenant that belongs to `uid`.
    pub fn find(&self, uid: Uid) -> Option<Key<T>> {
        let is_it = |index| self.table.at(index).is_some_and(|tenant| tenant.uid() == uid);
        self.table.key_at(self.index.find(hash_u64(uid.0), is_it)?)
    }

    /// Moves `value` into a slot; its uid must not be there already.
    ///
    /// # Errors
    /// The value itself, when every slot is taken.
    pub fn insert(&mut self, value: T) -> Result<Key<T>, T> {
        let uid = value.uid();
        let key = self.table.insert(value)?;
        self.index.insert(hash_u64(uid.0), key.index());
        Ok(key)
    }

    /// Takes the tenant out; `None` if the key is stale.
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        let value = self.table.remove(key)?;
        self.index.remove(hash_u64(value.uid().0), key.index());
        Some(value)
    }
}

impl<'a, T> Deref for UidTable<'a, T> {
    type Target = Table<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl<T> DerefMut for UidTable<'_, T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.table
    }
}

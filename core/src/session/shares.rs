//! `AddressBook`: what each address holds, and whether it may hold more.
//!
//! Purpose: the one book of shares. Every accepted session counts for the group of its address; what a
//! role gives to strangers (a place, a ticket, a channel) counts there too, as a [`Holding`].
//!
//! Contract: nobody is kept from anything while there is plenty. Of the last eighth of a resource only a
//! group that holds less than an eighth of what is left gets more ([`may_take`]): so two dozen hoarders
//! leave some to whoever comes from elsewhere, and one address can fill nearly all of what nobody else wants. A network (an IPv6
//! /48) counts like one address that may hold [`NETWORK_SHARES`] times as much. An entry lives as long as
//! a session of its address, and what is given back later is not missed.
//!
//! Bounds: one entry an address and one a network, as many as there can be sessions. Without any room it
//! counts nothing, and takes everyone.
//!
//! ```
//! use tinyrealm_core::session::may_take;
//! assert!(may_take(50, 9, 64)); // there is plenty
//! assert!(may_take(0, 8, 64) && !may_take(1, 8, 64)); // of the last eight
//! assert!(!may_take(0, 0, 64));
//! ```

use super::address::{AddressGroup, PeerAddress};
use crate::storage::{HashIndex, Key, Link, Slot, Table, Vacant};

/// Names the entry of one address.
pub type AddressKey = Key<AddressEntry>;

/// How many times as much as an address a network may hold.
pub const NETWORK_SHARES: u16 = 2;

/// What an address can hold, besides connections.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Holding {
    /// Connections of peers who have proven nothing.
    Stranger = 0,
    /// Users who have just been invented.
    Guest = 1,
    /// Places in a world for users who have not come there.
    Ticket = 2,
    /// Channels that nobody had before.
    Channel = 3,
    /// Questions to another server, on behalf of strangers.
    Question = 4,
}

const HOLDINGS: usize = 5;

/// Whether who holds `held` of a resource may have one more, while `free` of the `whole` are left.
pub const fn may_take(held: usize, free: usize, whole: usize) -> bool {
    free > whole / 8 || held * 8 < free
}

/// What one address, or one network, holds.
#[derive(Debug)]
pub struct AddressEntry {
    group: AddressGroup,
    /// The entry of its network.
    network: AddressKey,
    connections: u16,
    held: [u16; HOLDINGS],
}

impl Vacant for AddressEntry {
    const VACANT: Self = Self {
        group: AddressGroup::VACANT,
        network: Key::DANGLING,
        connections: 0,
        held: [0; HOLDINGS],
    };
}

/// The memory of one half of an [`AddressBook`].
#[derive(Debug)]
pub struct AddressStorage<'a> {
    /// As many as there can be sessions, or none.
    pub entries: &'a mut [Slot<AddressEntry>],
    /// As many as `entries`.
    pub heads: &'a mut [Link],
    /// As many as `entries`.
    pub nexts: &'a mut [Link],
}

/// Entries found by their group.
#[derive(Debug)]
struct Groups<'a> {
    entries: Table<'a, AddressEntry>,
    index: HashIndex<'a>,
    /// Random, so that nobody can choose addresses that share a chain.
    seed: u32,
}

impl<'a> Groups<'a> {
    fn new(storage: AddressStorage<'a>, seed: u32) -> Self {
        let index = HashIndex::new(storage.heads, storage.nexts);
        Self { entries: Table::new(storage.entries), index, seed }
    }

    /// Counts a connection of `group`; `None` if it has `most` already.
    fn enter(&mut self, group: AddressGroup, most: u16) -> Option<AddressKey> {
        let hash = group.hash(self.seed);
        let entries = &self.entries;
        let is_it = |index| entries.at(index).is_some_and(|entry| entry.group == group);
        let known = self.index.find(hash, is_it).and_then(|index| self.entries.key_at(index));
        let key = match known {
            Some(key) => key,
            None => {
                let key =
                    self.entries.insert(AddressEntry { group, ..AddressEntry::VACANT }).ok()?;
                self.index.insert(hash, key.index());
                key
            }
        };
        let entry = self.entries.get_mut(key)?;
        if entry.connections >= most {
            return None;
        }
        entry.connections += 1;
        Some(key)
    }

    fn leave(&mut self, key: AddressKey) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.connections = entry.connections.saturating_sub(1);
        if entry.connections == 0 {
            let hash = entry.group.hash(self.seed);
            self.index.remove(hash, key.index());
            self.entries.remove(key);
        }
    }

    fn held_mut(&mut self, key: AddressKey, what: Holding) -> Option<&mut u16> {
        self.entries.get_mut(key)?.held.get_mut(what as usize)
    }

    fn held(&self, key: AddressKey, what: Holding) -> u16 {
        let entry = self.entries.get(key);
        entry.and_then(|entry| entry.held.get(what as usize)).copied().unwrap_or(0)
    }
}

/// Counts by address; see the [module](self).
#[derive(Debug)]
pub struct AddressBook<'a> {
    hosts: Groups<'a>,
    networks: Groups<'a>,
}

impl<'a> AddressBook<'a> {
    /// An empty book.
    pub fn new(hosts: AddressStorage<'a>, networks: AddressStorage<'a>, seed: u32) -> Self {
        Self { hosts: Groups::new(hosts, seed), networks: Groups::new(networks, seed) }
    }

    /// Counts a connection of `address`; `None` if it, or its network, has as many as it may. The key
    /// takes it back.
    pub fn enter(&mut self, address: PeerAddress, most: u16) -> Option<AddressKey> {
        if self.hosts.entries.capacity() == 0 {
            return Some(Key::DANGLING);
        }
        let group = address.group();
        let network = match group.network() {
            Some(network) => self.networks.enter(network, most.saturating_mul(NETWORK_SHARES))?,
            None => Key::DANGLING,
        };
        let Some(key) = self.hosts.enter(group, most) else {
            self.networks.leave(network);
            return None;
        };
        if let Some(entry) = self.hosts.entries.get_mut(key) {
            entry.network = network;
        }
        Some(key)
    }

    /// Takes one connection back.
    pub fn leave(&mut self, key: AddressKey) {
        self.networks.leave(self.network_of(key));
        self.hosts.leave(key);
    }

    fn network_of(&self, key: AddressKey) -> AddressKey {
        self.hosts.entries.get(key).map_or(Key::DANGLING, |entry| entry.network)
    }

    /// Counts one more of `what`.
    pub fn hold(&mut self, key: AddressKey, what: Holding) {
        let network = self.network_of(key);
        for (groups, key) in [(&mut self.hosts, key), (&mut self.networks, network)] {
            if let Some(held) = groups.held_mut(key, what) {
                *held = held.saturating_add(1);
            }
        }
    }

    /// Counts one fewer of `what`. A stale key holds nothing.
    pub fn give_back(&mut self, key: AddressKey, what: Holding) {
        let network = self.network_of(key);
        for (groups, key) in [(&mut self.hosts, key), (&mut self.networks, network)] {
            if let Some(held) = groups.held_mut(key, what) {
                *held = held.saturating_sub(1);
            }
        }
    }

    /// How many of `what` an address holds, or its network's part of them if that is more.
    pub fn held(&self, key: AddressKey, what: Holding) -> u16 {
        let of_network = self.networks.held(self.network_of(key), what) / NETWORK_SHARES;
        self.hosts.held(key, what).max(of_network)
    }

    /// The group of an entry.
    pub fn group(&self, key: AddressKey) -> Option<AddressGroup> {
        self.hosts.entries.get(key).map(|entry| entry.group)
    }

    /// How many addresses hold connections.
    pub const fn addresses(&self) -> usize {
        self.hosts.entries.len()
    }
}

#[cfg(test)]
mod tests;

//! The book itself.

use super::{AddressKey, AddressStorage, Holding, NETWORK_SHARES};
use crate::session::address::{AddressGroup, PeerAddress};
use crate::storage::{HashIndex, Key, Table, Vacant};

const HOLDINGS: usize = Holding::ALL.len();

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

impl AddressEntry {
    /// Connections of it.
    pub const fn connections(&self) -> u16 {
        self.connections
    }

    /// How many of `what` it holds itself, without regard to its network.
    pub fn count(&self, what: Holding) -> u16 {
        self.held.get(what as usize).copied().unwrap_or(0)
    }
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

    /// Takes one connection back; with the last one the entry goes, and is answered.
    fn leave(&mut self, key: AddressKey) -> Option<AddressEntry> {
        let entry = self.entries.get_mut(key)?;
        entry.connections = entry.connections.saturating_sub(1);
        if entry.connections > 0 {
            return None;
        }
        let hash = entry.group.hash(self.seed);
        self.index.remove(hash, key.index());
        self.entries.remove(key)
    }

    /// What an address of the network has held counts no more: nobody will give it back.
    fn give_back_all(&mut self, key: AddressKey, gone: &AddressEntry) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        for (held, gone) in entry.held.iter_mut().zip(gone.held) {
            *held = held.saturating_sub(gone);
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

/// Counts by address.
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
        let network = self.network_of(key);
        if let Some(gone) = self.hosts.leave(key) {
            self.networks.give_back_all(network, &gone);
        }
        self.networks.leave(network);
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

    /// Every address, with what the book says of it.
    pub fn entries(&self) -> impl Iterator<Item = (AddressKey, &AddressEntry)> {
        self.hosts.entries.iter()
    }

    /// What the book says of the network of an address, if that is in one.
    pub fn network_entry(&self, key: AddressKey) -> Option<(AddressKey, &AddressEntry)> {
        let network = self.network_of(key);
        self.networks.entries.get(network).map(|entry| (network, entry))
    }

    /// How many addresses hold connections.
    pub const fn addresses(&self) -> usize {
        self.hosts.entries.len()
    }
}

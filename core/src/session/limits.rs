//! What a peer may do: packets a second, connections an address (DESIGN §10).
//!
//! ```
//! use tinyrealm_core::session::TokenBucket;
//! use tinyrealm_core::time::Instant;
//! let mut bucket = TokenBucket::full(2, Instant::ZERO);
//! let now = Instant::ZERO;
//! assert!(bucket.take(10, 2, now) && bucket.take(10, 2, now) && !bucket.take(10, 2, now));
//! assert!(bucket.take(10, 2, now.after_ms(100))); // ten a second
//! ```

use crate::storage::{HashIndex, Key, Link, Slot, Table, Vacant, hash_u32};
use crate::time::{Instant, Stamp};

/// A token bucket: `burst` at once, `rate_per_second` in the long run.
#[derive(Copy, Clone, Debug)]
pub struct TokenBucket {
    filled_at: Stamp,
    /// In thousandths of a token, so that a millisecond earns exactly `rate_per_second` of them.
    level_milli: u32,
}

const TOKEN_MILLI: u32 = 1_000;

impl TokenBucket {
    /// A bucket without tokens: all-zero bits.
    pub const EMPTY: Self = Self { filled_at: Stamp::ZERO, level_milli: 0 };

    /// A bucket with `burst` tokens.
    pub const fn full(burst: u16, now: Instant) -> Self {
        Self { filled_at: now.stamp(), level_milli: burst as u32 * TOKEN_MILLI }
    }

    /// Takes one token; `false` if there is none.
    #[inline]
    pub fn take(&mut self, rate_per_second: u16, burst: u16, now: Instant) -> bool {
        let earned = self.filled_at.age_ms(now).saturating_mul(u32::from(rate_per_second));
        let most = u32::from(burst) * TOKEN_MILLI;
        self.filled_at = now.stamp();
        self.level_milli = self.level_milli.saturating_add(earned).min(most);
        match self.level_milli.checked_sub(TOKEN_MILLI) {
            Some(left) => {
                self.level_milli = left;
                true
            }
            None => false,
        }
    }
}

/// A peer's network address, IPv4 as `::ffff:a.b.c.d`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct PeerAddress(pub [u8; 16]);

impl PeerAddress {
    /// The address that limits count: a whole IPv4 address, or an IPv6 /64, because one household
    /// has that many of them.
    const fn counted(self) -> Self {
        let [_, _, _, _, _, _, _, _, 0, 0, 0xFF, 0xFF, _, _, _, _] = self.0 else {
            let [a, b, c, d, e, f, g, h, ..] = self.0;
            return Self([a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0]);
        };
        self
    }

    fn hash(self, seed: u32) -> u32 {
        let (words, _) = self.0.as_chunks::<4>();
        words.iter().fold(seed, |hash, word| hash_u32(hash ^ u32::from_le_bytes(*word)))
    }
}

/// As people write it.
impl core::fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let address = core::net::Ipv6Addr::from(self.0);
        match address.to_ipv4_mapped() {
            Some(address) => address.fmt(f),
            None => address.fmt(f),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for PeerAddress {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

/// How many connections an address holds.
#[derive(Debug)]
pub struct AddressEntry {
    address: PeerAddress,
    connections: u16,
}

impl Vacant for AddressEntry {
    const VACANT: Self = Self { address: PeerAddress([0; 16]), connections: 0 };
}

/// Counts connections by address, with room for as many addresses as there can be sessions; without
/// any room it counts nothing, and takes everyone.
#[derive(Debug)]
pub struct AddressBook<'a> {
    entries: Table<'a, AddressEntry>,
    index: HashIndex<'a>,
    /// Random, so that nobody can choose addresses that share a chain.
    seed: u32,
}

impl<'a> AddressBook<'a> {
    /// An empty book. `heads` and `nexts` are as many as `entries`.
    pub fn new(
        entries: &'a mut [Slot<AddressEntry>],
        heads: &'a mut [Link],
        nexts: &'a mut [Link],
        seed: u32,
    ) -> Self {
        Self { entries: Table::new(entries), index: HashIndex::new(heads, nexts), seed }
    }

    /// Counts a connection of `address`; `None` if it has `most` already. The key takes it back.
    pub fn enter(&mut self, address: PeerAddress, most: u16) -> Option<Key<AddressEntry>> {
        if self.entries.capacity() == 0 {
            return Some(Key::DANGLING);
        }
        let address = address.counted();
        let hash = address.hash(self.seed);
        let entries = &self.entries;
        let is_it = |index| entries.at(index).is_some_and(|entry| entry.address == address);
        let known = self.index.find(hash, is_it).and_then(|index| self.entries.key_at(index));
        let key = match known {
            Some(key) => key,
            None => self.add(address, hash)?,
        };
        let entry = self.entries.get_mut(key)?;
        if entry.connections >= most {
            return None;
        }
        entry.connections += 1;
        Some(key)
    }

    fn add(&mut self, address: PeerAddress, hash: u32) -> Option<Key<AddressEntry>> {
        let key = self.entries.insert(AddressEntry { address, connections: 0 }).ok()?;
        self.index.insert(hash, key.index());
        Some(key)
    }

    /// Takes one connection back.
    pub fn leave(&mut self, key: Key<AddressEntry>) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.connections = entry.connections.saturating_sub(1);
        if entry.connections == 0 {
            let hash = entry.address.hash(self.seed);
            self.index.remove(hash, key.index());
            self.entries.remove(key);
        }
    }

    /// The address of an entry, as limits count it.
    pub fn address(&self, key: Key<AddressEntry>) -> Option<PeerAddress> {
        self.entries.get(key).map(|entry| entry.address)
    }

    /// How many addresses hold connections.
    pub const fn addresses(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::vec::Vec;

    fn v4(last: u8) -> PeerAddress {
        PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, last])
    }

    #[test]
    fn an_address_is_written_as_people_do() {
        let mapped = PeerAddress(core::net::Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped().octets());
        assert_eq!(std::format!("{mapped}"), "192.0.2.7");
        let six: core::net::Ipv6Addr = "2001:db8::7".parse().unwrap();
        assert_eq!(std::format!("{}", PeerAddress(six.octets())), "2001:db8::7");
    }

    #[test]
    fn a_bucket_keeps_the_rate_over_a_minute() {
        for rate in [1, 3, 7, 250, 999, 1_000, 30_000] {
            let mut bucket = TokenBucket::full(5, Instant::ZERO);
            let mut taken = 0u32;
            for ms in 0..60_000 {
                while bucket.take(rate, 5, Instant::from_millis(ms)) {
                    taken += 1;
                }
            }
            // A burst of five, refilled every millisecond, passes at most 5,000 a second.
            let fair = u32::from(rate.min(5_000)) * 60;
            assert!(taken.abs_diff(fair) <= 5, "{rate}: {taken}");
        }
    }

    #[test]
    fn both_sides_of_the_address_limit() {
        let mut entries = [const { Slot::<AddressEntry>::VACANT }; 4];
        let (mut heads, mut nexts) = ([Link::NONE; 4], [Link::NONE; 4]);
        let mut book = AddressBook::new(&mut entries, &mut heads, &mut nexts, 7);
        let first = book.enter(v4(1), 2).unwrap();
        assert!(book.enter(v4(1), 2).is_some());
        assert!(book.enter(v4(1), 2).is_none());
        assert!(book.enter(v4(2), 2).is_some());
        book.leave(first);
        assert!(book.enter(v4(1), 2).is_some());
    }

    #[test]
    fn without_room_nobody_is_counted() {
        let mut book = AddressBook::new(&mut [], &mut [], &mut [], 7);
        for _ in 0..3 {
            let key = book.enter(v4(1), 1).unwrap();
            book.leave(key);
        }
        assert!(book.enter(v4(1), 1).is_some() && book.enter(v4(1), 1).is_some());
    }

    #[test]
    fn one_ipv6_household_counts_as_one() {
        let mut entries = [const { Slot::<AddressEntry>::VACANT }; 4];
        let (mut heads, mut nexts) = ([Link::NONE; 4], [Link::NONE; 4]);
        let mut book = AddressBook::new(&mut entries, &mut heads, &mut nexts, 7);
        let v6 = |net: u8, host: u8| {
            PeerAddress([0x20, 1, net, 0, 0, 0, 0, 0, host, 0, 0, 0, 0, 0, 0, 1])
        };
        assert!(book.enter(v6(1, 1), 1).is_some());
        assert!(book.enter(v6(1, 2), 1).is_none());
        assert!(book.enter(v6(2, 1), 1).is_some());
    }

    proptest! {
        #[test]
        fn counts_like_a_map(ops in prop::collection::vec((any::<bool>(), 0u8..6), 0..200), seed in any::<u32>()) {
            let mut entries = [const { Slot::<AddressEntry>::VACANT }; 8];
            let (mut heads, mut nexts) = ([Link::NONE; 3], [Link::NONE; 8]);
            let mut book = AddressBook::new(&mut entries, &mut heads, &mut nexts, seed);
            let mut held: HashMap<u8, Vec<_>> = HashMap::new();
            for (enter, last) in ops {
                let keys = held.entry(last).or_default();
                if enter {
                    let key = book.enter(v4(last), 3);
                    prop_assert_eq!(key.is_some(), keys.len() < 3);
                    keys.extend(key);
                } else if let Some(key) = keys.pop() {
                    book.leave(key);
                }
                prop_assert_eq!(book.addresses(), held.values().filter(|keys| !keys.is_empty()).count());
            }
        }
    }
}

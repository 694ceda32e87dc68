//! `ChatMap`: the chat servers of a realm that has several, and which of them has which channel.
//!
//! Contract: whose a channel is follows from the servers and its name alone, so whoever knows the servers agrees. Each server
//! draws for each channel, and the highest draw has it: a server that goes leaves only its own channels to others, and one
//! that comes takes only what is its own then.
//!
//! Bounds: [`CHAT_SERVERS_MAX`] servers; a question is O(servers).
//!
//! ```
//! use tinyrealm_core::node::chat::{mark_of, owner_of};
//! let marks = ["10.0.0.1:7300", "10.0.0.2:7300"].map(mark_of);
//! let owner = owner_of(&marks, "lobby").unwrap();
//! assert_eq!(owner_of(&marks[owner..=owner], "lobby"), Some(0)); // whoever else goes
//! assert_eq!(owner_of(&[], "lobby"), None);
//! ```

use crate::protocol::{ADDRESS_MAX_BYTES, CHAT_SERVERS_MAX, ClaimNumber};
use crate::storage::hash_bytes;

/// What chat servers draw with, in the order of a map.
pub type ServerMarks = heapless::Vec<u32, CHAT_SERVERS_MAX>;

/// What the server at this address draws with.
pub fn mark_of(address: &str) -> u32 {
    hash_bytes(0, address.as_bytes())
}

/// The place of the server that has this channel; `None` if there is none. Of two equal draws the first one counts.
pub fn owner_of(marks: &[u32], channel: &str) -> Option<usize> {
    let draw = |mark: u32| hash_bytes(mark, channel.as_bytes());
    let mut highest = None;
    for (place, draw) in marks.iter().map(|mark| draw(*mark)).enumerate() {
        if highest.is_none_or(|(_, before)| draw > before) {
            highest = Some((place, draw));
        }
    }
    highest.map(|(place, _)| place)
}

/// The chat servers of a realm, as all of its Mains have them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChatMap {
    /// Rises with every change; 0 for a configuration's, which never changes.
    pub number: ClaimNumber,
    /// Where they are, `host:port`, each once.
    pub servers: heapless::Vec<heapless::String<ADDRESS_MAX_BYTES>, CHAT_SERVERS_MAX>,
}

impl ChatMap {
    /// The map of a realm that has this chat server and no other; nobody if there is no address.
    pub fn of_one(address: heapless::String<ADDRESS_MAX_BYTES>) -> Self {
        let mut map = Self::default();
        if !address.is_empty() {
            // There is room for one.
            let _ = map.servers.push(address);
        }
        map
    }

    /// What its servers draw with.
    pub fn marks(&self) -> ServerMarks {
        let mut marks = ServerMarks::new();
        for server in &self.servers {
            // There is room for as many as there are servers.
            let _ = marks.push(mark_of(server));
        }
        marks
    }

    /// Where the server is that has this channel.
    pub fn owner(&self, channel: &str) -> Option<&str> {
        let owner = self.servers.get(owner_of(&self.marks(), channel)?)?;
        Some(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::format;
    use std::vec::Vec;

    fn map(hosts: &[u8]) -> ChatMap {
        let servers = hosts.iter().map(|host| format!("10.0.0.{host}:7300"));
        let servers = servers.map(|server| server.as_str().try_into().expect("a short one"));
        ChatMap { number: ClaimNumber(1), servers: servers.collect() }
    }

    proptest! {
        #[test]
        fn only_what_is_the_one_s_that_comes_or_goes_is_moved(
            hosts in prop::collection::btree_set(any::<u8>(), 2..=CHAT_SERVERS_MAX),
            gone in any::<prop::sample::Index>(),
            names in prop::collection::vec(".{0,6}", 1..64),
        ) {
            let hosts: Vec<u8> = hosts.into_iter().collect();
            let gone = *gone.get(&hosts);
            let rest: Vec<u8> = hosts.iter().copied().filter(|host| *host != gone).collect();
            let (all, rest, gone) = (map(&hosts), map(&rest), map(&[gone]));
            for name in names {
                let owner = all.owner(&name).expect("somebody");
                if owner == gone.servers[0] {
                    prop_assert!(rest.servers.iter().any(|it| Some(it.as_str()) == rest.owner(&name)));
                } else {
                    prop_assert_eq!(rest.owner(&name), Some(owner));
                }
            }
        }

        #[test]
        fn the_order_of_servers_does_not_matter(
            hosts in prop::collection::btree_set(any::<u8>(), 1..=CHAT_SERVERS_MAX),
            name in ".{0,24}",
        ) {
            let mut hosts: Vec<u8> = hosts.into_iter().collect();
            let one = map(&hosts);
            hosts.reverse();
            let other = map(&hosts);
            prop_assert_eq!(one.owner(&name), other.owner(&name));
        }
    }

    #[test]
    fn channels_are_shared_evenly() {
        const CHANNELS: usize = 4_000;
        for servers in 2..=CHAT_SERVERS_MAX {
            let marks = map(&(1..=servers as u8).collect::<Vec<_>>()).marks();
            assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), servers);
            let mut counts = [0; CHAT_SERVERS_MAX];
            for channel in 0..CHANNELS {
                counts[owner_of(&marks, &format!("room {channel}")).expect("somebody")] += 1;
            }
            let fair = CHANNELS / servers;
            for count in &counts[..servers] {
                assert!((fair * 3 / 4..=fair * 5 / 4).contains(count), "{counts:?}");
            }
        }
    }

    #[test]
    fn nobody_has_a_channel_of_no_servers() {
        assert_eq!(ChatMap::default().owner("lobby"), None);
        assert_eq!(ChatMap::of_one(heapless::String::new()), ChatMap::default());
        let only = ChatMap::of_one("a:1".try_into().expect("a short one"));
        assert_eq!((only.number, only.owner("lobby")), (ClaimNumber(0), Some("a:1")));
    }
}

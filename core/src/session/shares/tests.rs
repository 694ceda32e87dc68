//! The book against a map, and both sides of its limits.

use super::*;
use crate::session::PeerAddress;
use crate::storage::Vacant;
use crate::time::testing::start;
use proptest::prelude::*;
use std::collections::HashMap;
use std::vec::Vec;

const ROOM: usize = 8;

fn v4(last: u8) -> PeerAddress {
    PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, last])
}

/// Host `host` of the /64 `net` of the /48 `site`.
fn v6(site: u8, net: u8, host: u8) -> PeerAddress {
    PeerAddress([0x20, 1, 0, 0, 0, site, 0, net, host, 0, 0, 0, 0, 0, 0, 1])
}

fn with_book(seed: u32, test: impl FnOnce(AddressBook<'_>)) {
    let mut entries = [const { Slot::<AddressEntry>::VACANT }; 2 * ROOM];
    let (mut heads, mut nexts) = ([Link::NONE; 6], [Link::NONE; 2 * ROOM]);
    let (hosts, networks) = entries.split_at_mut(ROOM);
    let (host_heads, network_heads) = heads.split_at_mut(3);
    let (host_nexts, network_nexts) = nexts.split_at_mut(ROOM);
    let hosts = AddressStorage { entries: hosts, heads: host_heads, nexts: host_nexts };
    let networks = AddressStorage { entries: networks, heads: network_heads, nexts: network_nexts };
    test(AddressBook::new(hosts, networks, seed));
}

#[test]
fn both_sides_of_the_address_limit() {
    with_book(7, |mut book| {
        let first = book.enter(v4(1), 2).unwrap();
        assert!(book.enter(v4(1), 2).is_some());
        assert!(book.enter(v4(1), 2).is_none());
        assert!(book.enter(v4(2), 2).is_some());
        book.leave(first);
        assert!(book.enter(v4(1), 2).is_some());
    });
}

#[test]
fn one_household_counts_as_one_and_one_site_as_a_few() {
    with_book(7, |mut book| {
        assert!(book.enter(v6(1, 1, 1), 1).is_some());
        assert!(book.enter(v6(1, 1, 2), 1).is_none());
        let second = book.enter(v6(1, 2, 1), 1).unwrap();
        assert!(book.enter(v6(1, 3, 1), 1).is_none(), "its network has two already");
        assert!(book.enter(v6(2, 1, 1), 1).is_some());
        book.leave(second);
        assert!(book.enter(v6(1, 3, 1), 1).is_some());
    });
}

#[test]
fn what_is_held_counts_for_the_household_and_in_part_for_the_site() {
    with_book(7, |mut book| {
        let keys = [1, 2, 3].map(|net| book.enter(v6(1, net, 1), 9).unwrap());
        for key in keys {
            book.hold(key, Holding::Ticket);
            book.hold(key, Holding::Ticket);
        }
        assert_eq!(book.held(keys[0], Holding::Ticket), 3, "half of six");
        assert_eq!(book.held(keys[0], Holding::Guest), 0);
        book.give_back(keys[1], Holding::Ticket);
        book.give_back(keys[2], Holding::Ticket);
        assert_eq!(book.held(keys[0], Holding::Ticket), 2, "its own two");
        book.leave(keys[1]);
        book.give_back(keys[1], Holding::Ticket);
        assert_eq!(book.held(keys[1], Holding::Ticket), 0, "nobody is there any more");
    });
}

#[test]
fn the_book_can_be_audited() {
    with_book(7, |mut book| {
        let keys = [v6(1, 1, 1), v6(1, 2, 1), v4(1)].map(|address| book.enter(address, 9).unwrap());
        book.hold(keys[0], Holding::Channel);
        book.hold(keys[1], Holding::Channel);
        let counts: Vec<_> = book
            .entries()
            .map(|(key, entry)| (key, entry.connections(), entry.count(Holding::Channel)))
            .collect();
        assert_eq!(counts, [(keys[0], 1, 1), (keys[1], 1, 1), (keys[2], 1, 0)]);
        let of_network = keys.map(|key| {
            let (_, entry) = book.network_entry(key)?;
            Some((entry.connections(), entry.count(Holding::Channel)))
        });
        assert_eq!(of_network, [Some((2, 2)), Some((2, 2)), None]);
    });
}

/// What a household held when its last connection ended is given back by nobody: its site must not go on
/// holding it.
#[test]
fn what_a_household_held_leaves_its_site_with_it() {
    with_book(7, |mut book| {
        let neighbour = book.enter(v6(1, 2, 1), 9).unwrap();
        for _ in 0..10 {
            let key = book.enter(v6(1, 1, 1), 9).unwrap();
            book.hold(key, Holding::Ticket);
            book.hold(key, Holding::Guest);
            book.leave(key);
            book.give_back(key, Holding::Ticket);
        }
        let held = [Holding::Ticket, Holding::Guest].map(|what| book.held(neighbour, what));
        assert_eq!(held, [0, 0]);
    });
}

#[test]
fn without_room_nobody_is_counted() {
    let none = || AddressStorage { entries: &mut [], heads: &mut [], nexts: &mut [] };
    let mut book = AddressBook::new(none(), none(), 7);
    for _ in 0..3 {
        let key = book.enter(v4(1), 1).unwrap();
        book.hold(key, Holding::Guest);
        assert_eq!(book.held(key, Holding::Guest), 0);
        book.leave(key);
    }
    assert!(book.enter(v4(1), 1).is_some() && book.enter(v4(1), 1).is_some());
}

/// Two dozen hoarders, each with all that it can get, leave some to two dozen newcomers.
#[test]
fn hoarders_leave_some_to_newcomers() {
    const WHOLE: usize = 4_096;
    let mut held = [0; 50];
    let take = |held: &mut [usize], who: usize| {
        let free = WHOLE - held.iter().sum::<usize>();
        let is_granted = may_take(held[who], free, WHOLE);
        held[who] += usize::from(is_granted);
        is_granted
    };
    while take(&mut held, 0) {}
    assert_eq!(held[0], WHOLE - WHOLE / 8, "one alone may have nearly all");
    for who in 1..24 {
        while take(&mut held, who) {}
    }
    assert!((24..48).all(|who| take(&mut held, who)));
}

proptest! {
    #[test]
    fn counts_like_a_map(ops in prop::collection::vec((any::<bool>(), 0u8..6), 0..200), seed in any::<u32>()) {
        with_book(seed, |mut book| {
            let mut held: HashMap<u8, Vec<_>> = HashMap::new();
            for (enter, last) in ops {
                let keys = held.entry(last).or_default();
                if enter {
                    let key = book.enter(v4(last), 3);
                    assert_eq!(key.is_some(), keys.len() < 3);
                    keys.extend(key);
                } else if let Some(key) = keys.pop() {
                    book.leave(key);
                }
                assert_eq!(book.addresses(), held.values().filter(|keys| !keys.is_empty()).count());
            }
        });
    }
}

const RATE: OpeningRate = OpeningRate { per_second: 10, burst: 20 };

fn with_openings(buckets: usize, test: impl FnOnce(Openings<'_>)) {
    let mut buckets: Vec<_> = (0..buckets).map(|_| Opening::VACANT).collect();
    test(Openings::new(&mut buckets, 7));
}

#[test]
fn both_sides_of_how_often_an_address_may_open() {
    with_openings(64, |mut openings| {
        let now = start();
        assert!((0..20).all(|_| openings.open(v4(1), RATE, now)));
        assert!(!openings.open(v4(1), RATE, now));
        assert!(openings.open(v4(2), RATE, now), "that is nobody else's fault");
        assert!(!openings.open(v4(1), RATE, now.after_ms(99)));
        assert!(openings.open(v4(1), RATE, now.after_ms(100)));
        assert!(!openings.open(v4(1), RATE, now.after_ms(100)));
        assert!((0..20).all(|_| openings.open(v4(1), RATE, now.after_ms(2_200))));
    });
}

#[test]
fn a_network_opens_twice_as_often_as_a_household() {
    with_openings(256, |mut openings| {
        let now = start();
        let mut open =
            |net, count| (0..count).filter(|_| openings.open(v6(1, net, 1), RATE, now)).count();
        assert_eq!(
            (open(1, 30), open(2, 30), open(3, 30)),
            (20, 10, 0),
            "refused ones count there"
        );
    });
}

/// Nobody is held back because somebody who floods shares one of the buckets.
#[test]
fn a_crowd_that_floods_keeps_out_few_others() {
    with_openings(1_024, |mut openings| {
        let now = start();
        for host in 0..24 {
            for _ in 0..100 {
                openings.open(v4(host), RATE, now);
            }
        }
        let kept_out = (24..=255).filter(|host| !openings.open(v4(*host), RATE, now)).count();
        assert!(kept_out <= 4, "{kept_out} of 232");
    });
}

#[test]
fn without_buckets_everybody_may_open_as_often_as_they_like() {
    with_openings(0, |mut openings| {
        assert!((0..1_000).all(|_| openings.open(v6(1, 1, 1), RATE, start())));
    });
}

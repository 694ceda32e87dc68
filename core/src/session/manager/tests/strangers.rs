//! Who gives way when it is crowded.

use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::testing::address_of;
use crate::session::PeerAddress;
use crate::session::manager::Refusal;

/// Two of sixteen places are to be free while strangers have some.
const SIXTEEN: Sizes = Sizes { sessions: 16, ..Sizes::ALL };
const MOST: usize = 14;

type StrangersBench<'a> = Bench<'a, Recorder>;

fn with_sixteen(config: NetConfig, test: impl FnOnce(&mut StrangersBench<'_>)) {
    with_recorder(SIXTEEN, config, Recorder::default(), test);
}

impl StrangersBench<'_> {
    fn accept_many(&mut self, from: u16, count: usize) -> Vec<SessionKey> {
        (0..count).map(|_| self.accept_from(address_of(from)).unwrap()).collect()
    }

    fn are_open(&self, keys: &[SessionKey]) -> bool {
        keys.iter().all(|key| self.node.sessions().is_open(*key))
    }
}

#[test]
fn whoever_hoards_gives_way_and_nobody_else() {
    with_sixteen(BENCH_CONFIG, |bench| {
        let early = bench.accept_many(1, 1);
        let hoard = bench.accept_many(2, MOST - 1);
        assert_eq!(bench.stats().crowded_out, 0, "there was room");
        // Newcomers from elsewhere, and one who has come before, keep their places.
        let newcomers: Vec<_> =
            (10..20).map(|from| bench.accept_from(address_of(from)).unwrap()).collect();
        assert!(bench.are_open(&early) && bench.are_open(&newcomers));
        assert_eq!(bench.stats().crowded_out, 10);
        let (gone, left) = hoard.split_at(10);
        assert!(gone.iter().all(|key| bench.ended(*key) == Some(ErrorCode::FULL)), "the oldest");
        assert!(bench.are_open(left));
        // The driver lets go of them at once, and without a word.
        assert!(gone.iter().all(|key| bench.stream(*key).is_empty()));
        assert_eq!(bench.requests(), gone.iter().map(|key| Asked::Drop(*key)).collect::<Vec<_>>());
    });
}

#[test]
fn the_hoarder_s_own_newcomers_take_its_own_places() {
    with_sixteen(BENCH_CONFIG, |bench| {
        let others: Vec<_> = (10..15).map(|from| bench.accept_many(from, 1)[0]).collect();
        let flood = bench.accept_many(2, 100);
        assert!(bench.are_open(&others));
        assert!(bench.are_open(&flood[100 - (MOST - 5)..]));
        assert_eq!(bench.stats().refused_full, 0);
    });
}

#[test]
fn who_has_proven_something_never_gives_way() {
    with_sixteen(BENCH_CONFIG, |bench| {
        let clients = bench.accept_many(1, MOST);
        clients.iter().for_each(|key| bench.prove(*key, Trust::Client));
        let strangers: Vec<_> =
            (10..40).map(|from| bench.accept_from(address_of(from)).unwrap()).collect();
        assert!(bench.are_open(&clients));
        assert!(bench.are_open(&strangers[29..]), "the newest has its place");
        let last = bench.accept_from(address_of(50)).unwrap();
        // With everybody known, there is nobody to give way.
        bench.prove(last, Trust::Client);
        let one_more = bench.accept_from(address_of(51)).unwrap();
        bench.prove(one_more, Trust::Client);
        assert_eq!(bench.accept_from(address_of(52)), Err(Refusal::Full));
    });
}

#[test]
fn both_sides_of_the_places_that_clients_leave() {
    with_sixteen(BENCH_CONFIG, |bench| {
        let has_room =
            |bench: &mut StrangersBench<'_>| bench.act(|_, cx| cx.sessions.has_room_for_client());
        for number in 0..MOST {
            assert!(has_room(bench), "{number} clients");
            let key = bench.accept();
            bench.prove(key, Trust::Client);
        }
        assert!(!has_room(bench));
        bench.accept();
        assert!(!has_room(bench), "a stranger changes nothing");
    });
}

#[test]
fn at_the_limit_of_an_address_its_own_oldest_stranger_gives_way() {
    let config = NetConfig { connections_per_address: 3, ..BENCH_CONFIG };
    with_sixteen(config, |bench| {
        let keys = bench.accept_many(1, 3);
        bench.prove(keys[0], Trust::Client);
        let other = bench.accept_many(2, 1);
        let more = bench.accept_many(1, 2);
        assert!(bench.are_open(&[keys[0], other[0], more[0], more[1]]));
        assert_eq!(bench.ended(keys[1]), Some(ErrorCode::FULL));
        more.iter().for_each(|key| bench.prove(*key, Trust::Client));
        assert_eq!(bench.accept_from(address_of(1)), Err(Refusal::AddressLimit));
        assert!(bench.are_open(&other));
    });
}

/// Sixty addresses of one network are no sixty strangers.
#[test]
fn a_network_s_addresses_are_one_crowd() {
    let of_network =
        |net: u8, host: u8| PeerAddress([0x20, 1, 0, 0, 0, net, 0, host, 0, 0, 0, 0, 0, 0, 0, 1]);
    with_sixteen(BENCH_CONFIG, |bench| {
        let others: Vec<_> =
            (0..5).map(|net| bench.accept_from(of_network(net, 0)).unwrap()).collect();
        for host in 0..60 {
            let _ = bench.accept_from(of_network(9, host));
        }
        assert!(bench.are_open(&others));
        assert!(bench.accept_from(of_network(8, 0)).is_ok());
        assert!(bench.are_open(&others));
    });
}

/// Whoever is on the way out has nothing to wait for: a flood of refused ones takes no place from anybody.
#[test]
fn who_is_on_the_way_out_gives_way() {
    with_sixteen(BENCH_CONFIG, |bench| {
        for _ in 0..60 {
            let key = bench.accept_from(address_of(1)).unwrap();
            bench.prove(key, Trust::Client);
            bench.close(key, Farewell::Bye(ErrorCode::GOODBYE));
            assert_eq!(bench.ended(key), Some(ErrorCode::GOODBYE), "it is told once");
        }
        let newcomer = bench.accept_from(address_of(2)).unwrap();
        assert!(bench.are_open(&[newcomer]));
        assert_eq!(bench.stats().refused_full, 0);
    });
}

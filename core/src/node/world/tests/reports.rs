//! The list of users that a newly found Main gets, page by page as the link takes it.

use std::collections::BTreeSet;

use super::*;
use crate::protocol::USER_PAGE_USERS;
use crate::protocol::world_to_main::{self, UserJoined, UserList};
use crate::timer::TICK_MS;

/// Uids of five bytes, so that a page is long.
const BASE: u32 = 0xF000_0000;

/// A link to Main that holds two pages and no more.
const TIGHT: Setup = Setup {
    net: NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG },
    sizes: Sizes { send_buffer_bytes: 300, ..Sizes::ALL },
    ..SETUP
};

/// What Main knows of a world's users, from what the world says.
#[derive(Default)]
struct Roll {
    uids: BTreeSet<u32>,
    /// Those of the list that is on its way.
    named: BTreeSet<u32>,
    pages: usize,
}

impl Roll {
    fn hear_all(&mut self, said: &[Said]) {
        for said in said {
            if let Some(UserList { is_first, is_last, uids, .. }) = said.read() {
                self.pages += 1;
                if is_first {
                    self.named.clear();
                }
                self.named.extend(uids.iter().map(|uid| uid.0 as u32));
                self.uids.extend(uids.iter().map(|uid| uid.0 as u32));
                if is_last {
                    self.uids = core::mem::take(&mut self.named);
                }
            }
            if let Some(UserJoined { uid, is_spectator: false }) = said.read() {
                self.named.insert(uid.0 as u32);
                self.uids.insert(uid.0 as u32);
            }
            if let Some(world_to_main::UserLeft { uid }) = said.read() {
                self.named.remove(&(uid.0 as u32));
                self.uids.remove(&(uid.0 as u32));
            }
        }
    }
}

/// Runs `test` with `count` users inside and a Main that has just come back.
fn with_users(
    setup: Setup,
    count: u32,
    test: impl FnOnce(&mut WorldBench<'_, Relay>, SessionKey, &[SessionKey]),
) {
    with_world(setup, |bench| {
        let main = bench.meet_main();
        let keys: Vec<_> = (0..count).map(|number| bench.join(main, BASE + number)).collect();
        assert_eq!(bench.uids().len(), count as usize);
        bench.disconnect(main);
        bench.requests();
        bench.pass_ms(RECONNECT_FIRST_MS + TICK_MS);
        let main = bench.connect_main();
        bench.heard(main);
        test(bench, main, &keys);
    });
}

#[test]
fn the_list_comes_in_pages() {
    for (count, pages) in [(0, 1), (1, 1), (32, 1), (33, 2), (64, 2), (70, 3)] {
        for setup in [SETUP, TIGHT] {
            with_users(setup, count, |bench, main, _| {
                bench.say(main, &Registered {});
                let mut roll = Roll::default();
                let heard = bench.heard(main);
                roll.hear_all(&heard);
                assert!(
                    heard
                        .iter()
                        .filter_map(Said::read::<UserList>)
                        .all(|page| { page.uids.len() <= USER_PAGE_USERS })
                );
                assert!(roll.uids.into_iter().eq(bench.uids()));
                assert_eq!(roll.pages, pages);
            });
        }
    }
}

#[test]
fn the_list_goes_out_through_a_link_that_takes_little_at_a_time() {
    for count in [0, 1, 32, 33, 70] {
        for piece_bytes in [1, 10, 100] {
            with_users(TIGHT, count, |bench, main, _| {
                bench.limit(main, 0);
                bench.say(main, &Registered {});
                let mut last = usize::MAX;
                while bench.stream(main).len() != last {
                    last = bench.stream(main).len();
                    bench.unblock(main, piece_bytes);
                }
                let mut roll = Roll::default();
                roll.hear_all(&bench.heard(main));
                assert!(roll.uids.into_iter().eq(bench.uids()));
                assert_eq!(bench.stats().overflows, 0);
            });
        }
    }
}

/// Whoever comes or goes while the list is on its way is on it, or is told, but not both.
#[test]
fn users_who_come_and_go_meanwhile_are_told_rightly() {
    for first_piece in (0..600).step_by(7) {
        with_users(SETUP, 70, |bench, main, keys| {
            let mut roll = Roll::default();
            bench.limit(main, first_piece);
            bench.say(main, &Registered {});
            for number in [0, 31, 32, 40, 69] {
                bench.disconnect(keys[number]);
            }
            bench.say(main, &attach_of(Uid(u64::from(BASE + 3)), 1));
            bench.say(main, &attach_of(Uid(77), 1));
            for uid in [BASE + 3, 77] {
                let key = bench.accept();
                bench.say(key, &join_of(Uid(uid.into())));
            }
            bench.unblock(main, usize::MAX);
            roll.hear_all(&bench.heard(main));
            assert!(roll.uids.into_iter().eq(bench.uids()), "{first_piece}");
        });
    }
}

/// A link that is lost in the middle of the list: the next one gets all of it.
#[test]
fn a_list_that_was_cut_off_begins_anew() {
    with_users(TIGHT, 70, |bench, main, _| {
        bench.limit(main, 200);
        bench.say(main, &Registered {});
        bench.disconnect(main);
        bench.requests();
        bench.pass_ms(RECONNECT_FIRST_MS + TICK_MS);
        let main = bench.connect_main();
        bench.say(main, &Registered {});
        let mut roll = Roll::default();
        roll.hear_all(&bench.heard(main));
        assert!(roll.uids.into_iter().eq(bench.uids()));
    });
}

/// While others hold every buffer the list waits, and the next report takes it along.
#[test]
fn a_list_that_finds_no_buffers_goes_on_with_the_next_status() {
    let setup = Setup { sizes: Sizes { send_buffers: 3, ..TIGHT.sizes }, ..TIGHT };
    with_users(setup, 70, |bench, main, _| {
        let hog = bench.accept();
        bench.limit(hog, 0);
        bench.act(|_, cx| {
            while cx.sessions.buffers_available() > 1 {
                cx.sessions.send(hog, &Ping { nonce: u32::MAX }).unwrap();
            }
        });
        bench.say(main, &Registered {});
        bench.unblock(hog, usize::MAX);
        bench.pass_ms(STATUS_MS);
        let mut roll = Roll::default();
        roll.hear_all(&bench.heard(main));
        assert!(roll.uids.into_iter().eq(bench.uids()));
    });
}

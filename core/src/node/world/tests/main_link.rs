//! The link to Main: found, lost and found again, while the players play.

use core::slice;

use super::*;
use crate::node::Node;
use crate::node::testing::address_of;
use crate::protocol::Text;
use crate::protocol::world_to_main::{self, AttachAck, RegisterWorld, Status, UserList};
use crate::session::manager::Refusal;
use crate::timer::TICK_MS;

fn registration() -> Said {
    Said::of(&RegisterWorld {
        versions: Versions::OURS,
        world_id: WorldId(7),
        region: Text::new("north").unwrap(),
        capacity: MAX_USERS as u16,
        addr: Text::new("world:9").unwrap(),
        fingerprint: Relay::FINGERPRINT,
        rooms: if cfg!(feature = "rooms") { 2 } else { 0 },
        is_sealing: false,
    })
}

impl<G: Game> WorldBench<'_, G> {
    /// How long it takes until the world asks for a connection; it must come within `most_ms`.
    fn ms_until_connect(&mut self, most_ms: u32) -> u32 {
        for ms in 0..=most_ms {
            if self.requests_connect() {
                return ms;
            }
            self.pass_ms(1);
        }
        panic!("no attempt within {most_ms} ms")
    }

    fn requests_connect(&mut self) -> bool {
        let asked = self.requests();
        asked.iter().any(|asked| matches!(asked, Asked::Connect { .. }))
    }

    /// The key of the connection that the world asks for after `main` has gone.
    fn wait_for_connect(&mut self) -> SessionKey {
        loop {
            for asked in self.requests() {
                if let Asked::Connect { key, .. } = asked {
                    return key;
                }
            }
            self.pass_ms(TICK_MS);
        }
    }
}

#[test]
fn the_world_registers_and_reports_who_is_there() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_main();
        assert_eq!(bench.heard(main), [registration()]);
        assert!(!bench.role().is_registered());
        bench.say(main, &Registered {});
        assert!(bench.role().is_registered());
        let status = Said::of(&Status { users: 0, rooms: 0, load: 0, held: 0 });
        let list = Said::of(&UserList {
            is_first: true,
            is_last: true,
            uids: heapless::Vec::new(),
            held: 0,
            spectators: 0,
        });
        assert_eq!(bench.heard(main), [status, list]);
    });
}

#[test]
fn it_connects_to_where_main_is() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let asked = bench.requests();
        assert!(matches!(&asked[..], [Asked::Connect { address, .. }] if address == "main:7"));
    });
}

/// The waits double up to the most, half of each is random.
#[test]
fn attempts_that_fail_come_in_growing_distances() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let mut key = bench.wait_for_connect();
        for attempt in 0..5 {
            bench.connect_failed(key);
            assert_eq!(bench.ended(key), Some(ErrorCode::UNREACHABLE));
            let whole_ms = (RECONNECT_FIRST_MS << attempt).min(RECONNECT_MOST_MS);
            bench.pass_ms(whole_ms / 2 - 1);
            assert_eq!(bench.requests(), []);
            bench.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
            key = bench.wait_for_connect();
        }
    });
}

#[test]
fn a_registration_starts_the_waits_anew() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        for _ in 0..4 {
            let key = bench.wait_for_connect();
            bench.connect_failed(key);
        }
        let main = bench.wait_for_connect();
        bench.main_connected(main);
        bench.say(main, &Registered {});
        bench.disconnect(main);
        assert!(!bench.role().is_registered());
        let waited_ms = bench.ms_until_connect(RECONNECT_FIRST_MS + TICK_MS);
        assert!(waited_ms >= RECONNECT_FIRST_MS / 2);
    });
}

#[test]
fn a_world_that_is_refused_tries_again() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_main();
        bench.say(main, &Bye { reason: ErrorCode::NOT_YOURS });
        assert_eq!(bench.ended(main), Some(ErrorCode::NOT_YOURS));
        let main = bench.wait_for_connect();
        bench.main_connected(main);
        assert_eq!(bench.heard(main), [registration()]);
    });
}

/// Two servers with one id would take turns for ever otherwise.
#[test]
fn a_world_that_was_replaced_does_not_come_back() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_main();
        bench.say(main, &Registered {});
        bench.say(main, &Bye { reason: ErrorCode::REPLACED });
        assert_eq!(bench.ended(main), Some(ErrorCode::REPLACED));
        assert!(!bench.role().is_registered());
        bench.pass_ms(20 * RECONNECT_MOST_MS);
        assert!(!bench.requests_connect());
    });
}

#[test]
fn a_main_that_does_not_answer_is_given_up_and_tried_again() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_main();
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
        assert_eq!(bench.ended(main), Some(ErrorCode::GREETING_TIMEOUT));
        let again = bench.wait_for_connect();
        bench.main_connected(again);
        bench.say(again, &Registered {});
        assert!(bench.role().is_registered());
    });
}

/// However many come, and whenever Main is lost, there is a session for the link to it.
#[test]
fn strangers_do_not_cut_a_world_off_from_main() {
    let sizes = Sizes { sessions: 2, ..Sizes::ALL };
    with_world(Setup { sizes, ..SETUP }, |bench| {
        bench.accept();
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        let main = bench.meet_main();
        bench.disconnect(main);
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        bench.wait_for_connect();
    });
}

#[test]
fn the_status_is_reported_at_its_interval() {
    with_world(Setup { room_capacity: 2, ..SETUP }, |bench| {
        let main = bench.meet_main();
        bench.pass_ms(STATUS_MS - 1);
        assert_eq!(bench.heard(main), []);
        bench.pass_ms(1);
        assert_eq!(bench.heard(main), [Said::of(&Status { users: 0, rooms: 0, load: 0, held: 0 })]);
        bench.fill(main, 3);
        bench.pass_ms(STATUS_MS - FLUSH_MS);
        assert_eq!(
            bench.heard(main),
            [Said::of(&Status { users: 3, rooms: 2, load: 750, held: 0 })]
        );
    });
}

#[test]
fn players_play_on_while_main_is_away() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.say(main, &attach_of(Uid(4), 1));
        bench.disconnect(main);
        bench.say(keys[0], &event(1, b"alone"));
        assert_eq!(bench.flush_and_hear(keys[1]), [said_event(1, 1, b"alone")]);
        bench.disconnect(keys[2]);
        // Who was attached before may still come.
        let fourth = bench.accept();
        bench.say(fourth, &join_of(Uid(4)));
        assert!(bench.heard(fourth)[0].is::<JoinOk>());

        let main = bench.wait_for_connect();
        bench.main_connected(main);
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        let list: UserList = heard[2].read().unwrap();
        let mut uids = list.uids.clone();
        uids.sort_unstable();
        assert_eq!(uids, [1, 2, 4].map(Uid));
        assert_eq!(heard.len(), 3); // what happened meanwhile is in the list, not told again
    });
}

/// What happens between the registration and its answer is on the list.
#[test]
fn a_main_that_has_not_answered_yet_hears_who_has_joined() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(Uid(1), 1));
        bench.disconnect(main);
        let main = bench.wait_for_connect();
        bench.main_connected(main);
        bench.heard(main);
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        assert_eq!(bench.heard(main), []);
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        assert!(heard.contains(&list_of(&[Uid(1)])), "{heard:?}");
    });
}

fn list_of(uids: &[Uid]) -> Said {
    let uids = heapless::Vec::from_slice(uids).unwrap();
    Said::of(&UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0 })
}

/// A link that holds little.
fn with_little_room(test: impl FnOnce(&mut WorldBench<'_, Relay>, SessionKey)) {
    let net = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
    let sizes = Sizes { send_buffer_bytes: 400, ..Sizes::ALL };
    with_world(Setup { net, sizes, ..SETUP }, |bench| {
        let main = bench.meet_main();
        test(bench, main);
        assert_eq!((bench.ended(main), bench.stats().overflows), (None, 0));
    });
}

/// Users come and go as fast as they can: the link stays, and says in the end who is there.
#[test]
fn a_link_that_takes_nothing_is_told_everything_when_it_does() {
    with_little_room(|bench, main| {
        for uid in 1u32..81 {
            bench.say(main, &attach_of(Uid(uid.into()), 1));
        }
        bench.heard(main);
        bench.limit(main, 0);
        for uid in 1..80 {
            let key = bench.accept();
            bench.say(key, &join_of(Uid(uid)));
            bench.disconnect(key);
        }
        let last = bench.accept();
        bench.say(last, &join_of(Uid(80)));
        bench.unblock(main, usize::MAX);
        let heard = bench.heard(main);
        assert!(heard.len() < 2 * 80, "it was not full");
        assert_eq!(heard.last(), Some(&list_of(&[Uid(80)])));
    });
}

/// Main asks faster than it takes answers: each comes, when it does, and players play on meanwhile.
#[test]
fn main_is_answered_at_the_pace_of_its_link() {
    with_little_room(|bench, main| {
        let players = bench.fill(main, 2);
        bench.heard(main);
        bench.limit(main, 0);
        let asked: Vec<u64> = (10..80).collect();
        for &uid in &asked {
            bench.say(main, &attach_of(Uid(uid), 1));
            bench.say(main, &DetachUser { uid: Uid(uid), reason: ErrorCode::REPLACED });
        }
        bench.say(players[0], &event(1, b"on"));
        assert_eq!(bench.flush_and_hear(players[1]), [said_event(1, 1, b"on")]);
        while bench.unheard_bytes(main) > 0 {
            bench.unblock(main, 100);
        }
        bench.unblock(main, usize::MAX);
        let heard = bench.heard(main);
        let acks: Vec<u64> =
            heard.iter().filter_map(Said::read::<AttachAck>).map(|ack| ack.uid.0).collect();
        let left: Vec<u64> = heard
            .iter()
            .filter_map(Said::read::<world_to_main::UserLeft>)
            .map(|left| left.uid.0)
            .collect();
        assert_eq!((acks, left), (asked.clone(), asked));
    });
}

/// A list that Main asks for again.
#[test]
fn a_second_registered_asks_for_the_list() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 2);
        bench.heard(main);
        bench.say(main, &Registered {});
        assert_eq!(bench.heard(main), [list_of(&[Uid(1), Uid(2)])]);
    });
}

#[test]
fn a_world_that_closes_down_says_goodbye_and_looks_for_main_no_more() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.turn(Node::handle_shutdown);
        bench.drive();
        let goodbye = bye(ErrorCode::SHUTTING_DOWN);
        assert_eq!(bench.heard(main), slice::from_ref(&goodbye));
        for key in keys {
            assert_eq!(bench.heard(key), slice::from_ref(&goodbye));
        }
        assert!(bench.uids().is_empty());
        bench.requests();
        bench.pass_ms(20 * RECONNECT_MOST_MS);
        assert!(!bench.requests_connect());
        assert!(bench.node.is_finished());
    });
}

#[test]
fn a_world_that_closes_down_between_two_attempts_makes_no_other() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let key = bench.wait_for_connect();
        bench.connect_failed(key);
        bench.turn(Node::handle_shutdown);
        bench.pass_ms(20 * RECONNECT_MOST_MS);
        assert_eq!((bench.requests(), bench.node.is_finished()), (vec![], true));
    });
}

#[test]
fn nothing_is_registered_before_main_has_proven_itself() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_next();
        bench.say(main, &Registered {});
        assert!(!bench.role().is_registered());
        assert_eq!(bench.ended(main), Some(ErrorCode::OUT_OF_PLACE));
        let heard = bench.heard(main);
        assert!(!heard.iter().any(Said::is::<RegisterWorld>), "{heard:?}");
    });
}

/// A Main that has not our secret, in both ways in which that shows.
#[test]
fn a_main_with_another_secret_is_tried_again_later() {
    with_world(SETUP, |bench| {
        bench.act(World::start);
        let main = bench.connect_next();
        let mut ack = bench.hear_proof(main, ServerKind::MAIN);
        ack.proof.0[0] ^= 1;
        bench.say(main, &ack);
        assert_eq!(bench.ended(main), Some(ErrorCode::BAD_PROOF));
        let main = bench.wait_for_connect();
        bench.connected(main);
        bench.say(main, &Error { code: ErrorCode::BAD_PROOF, about: 0 });
        assert_eq!(bench.ended(main), Some(ErrorCode::BAD_PROOF));
        let main = bench.wait_for_connect();
        bench.main_connected(main);
        assert_eq!(bench.heard(main), [registration()]);
    });
}

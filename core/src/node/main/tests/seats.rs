//! Users who come back to the world that has them, or holds their seats.

use super::*;
use crate::protocol::world_to_main::UserHeld;
use crate::timer::TICK_MS;

fn held(guest: Guest) -> UserHeld {
    UserHeld { uid: guest.uid }
}

fn is_held(bench: &MainBench<'_>, uid: Uid) -> bool {
    let users = bench.role().users();
    users.get(users.find(uid).expect("a user who is known")).is_some_and(|user| user.is_held)
}

/// Runs `test` when a guest's seat is held by world 1, of the north, which is full, beside an empty one.
fn with_held(test: impl FnOnce(&mut MainBench<'_>, [SessionKey; 2], Guest)) {
    with_main(|bench| {
        let north = bench.register(1, "north", 2);
        let (other, guest) = (bench.greet(), bench.greet());
        bench.enter(other, north);
        bench.enter(guest, north);
        let south = bench.register(2, "south", 90);
        bench.say(north, &held(guest));
        assert_eq!(bench.heard(north), []);
        test(bench, [north, south], guest);
        let counted = bench.role().worlds().iter().map(|(_, world)| usize::from(world.users));
        let users = bench.role().users().iter();
        let placed = users.filter(|(_, user)| user.place().world().is_some()).count();
        assert_eq!(counted.sum::<usize>(), placed);
    });
}

fn inside(bench: &MainBench<'_>, world_id: u16) -> Option<Place> {
    Some(Place::Inside(bench.key_of_world(world_id)))
}

#[test]
fn who_comes_back_is_sent_to_its_full_world() {
    with_held(|bench, [north, south], guest| {
        assert!(is_held(bench, guest.uid));
        let attach = bench.enter(guest, north);
        assert_eq!((attach.uid, bench.heard(south)), (guest.uid, vec![]));
        assert_eq!((bench.place(guest.uid), bench.users_of(1)), (inside(bench, 1), 2));
        assert!(!is_held(bench, guest.uid));
    });
}

/// By another connection to Main, after any silence.
#[test]
fn who_comes_back_may_have_been_away_from_main_too() {
    with_held(|bench, [north, south], guest| {
        bench.disconnect(guest.key);
        assert_eq!((bench.place(guest.uid), bench.heard(north)), (inside(bench, 1), vec![]));
        let again = bench.welcome(Some(guest.token));
        bench.enter(again, north);
        assert_eq!((bench.place(guest.uid), bench.heard(south)), (inside(bench, 1), vec![]));
    });
}

#[test]
fn a_main_that_was_restarted_hears_of_held_seats() {
    with_main(|bench| {
        let guest = bench.greet();
        bench.register(2, "", 90);
        let world = bench.register(1, "", 1);
        let uids = heapless::Vec::from_slice(&[Uid(5), guest.uid]).unwrap();
        bench.say(
            world,
            &UserList { is_first: true, is_last: true, uids, held: 0b10, spectators: 0 },
        );
        assert!(is_held(bench, guest.uid) && !is_held(bench, Uid(5)));
        bench.enter(guest, world);
        assert_eq!(bench.place(guest.uid), inside(bench, 1));
    });
}

/// The seat is given up before another world is asked; for a region without a place it is not.
#[test]
fn another_wish_gives_the_seat_up_first() {
    with_held(|bench, [north, south], guest| {
        bench.ask(guest, "west");
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::NO_WORLD)]);
        assert_eq!((bench.heard(north), bench.place(guest.uid)), (vec![], inside(bench, 1)));
        bench.ask(guest, "south");
        assert_eq!(bench.heard(north), [detach(guest.uid, ErrorCode::REPLACED)]);
        assert_eq!(bench.heard(south), []);
        bench.say(north, &UserLeft { uid: guest.uid });
        assert_eq!(bench.attach_at(south).uid, guest.uid);
        assert_eq!(bench.users_of(1), 1);
    });
}

/// Who is sent back and does not come has its seat as long as the world holds it.
#[test]
fn a_key_that_is_not_used_costs_no_seat() {
    with_held(|bench, [north, _], guest| {
        for _ in 0..2 {
            bench.ask(guest, "");
            let attach = bench.attach_at(north);
            bench.say(north, &ack(&attach));
        }
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS + TICK_MS);
        assert_eq!((bench.heard(north), bench.place(guest.uid)), (vec![], inside(bench, 1)));
        bench.say(north, &UserLeft { uid: guest.uid });
        assert_eq!(bench.place(guest.uid), Some(Place::Outside));
    });
}

#[test]
fn who_goes_again_on_its_way_back_keeps_its_seat() {
    for has_answered in [false, true] {
        with_held(|bench, [north, _], guest| {
            bench.ask(guest, "");
            let attach = bench.attach_at(north);
            if has_answered {
                bench.say(north, &ack(&attach));
            }
            bench.disconnect(guest.key);
            if !has_answered {
                bench.say(north, &ack(&attach));
            }
            assert_eq!((bench.heard(north), bench.place(guest.uid)), (vec![], inside(bench, 1)));
            let again = bench.welcome(Some(guest.token));
            let second = bench.enter(again, north);
            assert_ne!(second.attempt, attach.attempt);
        });
    }
}

/// A new connection asks while the attach of the former one is on its way.
#[test]
fn who_asks_by_another_connection_is_sent_back_anew() {
    with_held(|bench, [north, _], guest| {
        bench.ask(guest, "");
        let first = bench.attach_at(north);
        let again = bench.welcome(Some(guest.token));
        bench.ask(again, "");
        let second = bench.attach_at(north);
        bench.say(north, &ack(&first));
        assert_eq!(bench.heard(again.key), []);
        bench.say(north, &ack(&second));
        assert_eq!(bench.heard(again.key), [sent_to(1, &second)]);
    });
}

/// The seat's time is over while its member is on its way: it comes anew, by the same key.
#[test]
fn a_seat_that_ends_on_the_way_back_costs_no_attempt() {
    for is_acknowledged in [false, true] {
        with_held(|bench, [north, south], guest| {
            bench.ask(guest, "");
            let attach = bench.attach_at(north);
            if is_acknowledged {
                bench.say(north, &ack(&attach));
            }
            bench.say(north, &UserLeft { uid: guest.uid });
            if !is_acknowledged {
                bench.say(north, &ack(&attach));
            }
            assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
            bench.say(north, &UserJoined { uid: guest.uid, is_spectator: false });
            assert_eq!(bench.place(guest.uid), inside(bench, 1));
            assert_eq!((bench.heard(north), bench.heard(south)), (vec![], vec![]));
        });
    }
    // And if it does not come, the key is void as any other.
    with_held(|bench, [north, _], guest| {
        bench.ask(guest, "");
        let attach = bench.attach_at(north);
        bench.say(north, &ack(&attach));
        bench.say(north, &UserLeft { uid: guest.uid });
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS + TICK_MS);
        assert_eq!(bench.heard(north), [detach(guest.uid, ErrorCode::REPLACED)]);
    });
}

/// A key is void that was asked for by a connection which is gone; the world says whose seat it holds still.
#[test]
fn a_seat_that_main_did_not_know_of_is_known_by_the_answer() {
    with_main(|bench| {
        let world = bench.register(1, "", 2);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.disconnect(guest.key);
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::GOODBYE)]);
        bench.say(world, &held(guest));
        assert_eq!(bench.place(guest.uid), inside(bench, 1));
    });
}

/// When Main is full, whoever has lost its connection to the world gives way before those who play.
#[test]
fn held_seats_give_way_first() {
    with_users(4, |bench| {
        let world = bench.register(1, "", 90);
        let uids = heapless::Vec::from_slice(&[1, 2, 3, 4].map(Uid)).unwrap();
        bench.say(
            world,
            &UserList { is_first: true, is_last: true, uids, held: 0b1010, spectators: 0 },
        );
        for uid in [2, 4, 1] {
            bench.greet();
            assert_eq!(bench.heard(world), [detach(Uid(uid), ErrorCode::FULL)]);
        }
    });
}

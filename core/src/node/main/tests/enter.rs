//! Entering a world: one request, one answer, whatever the worlds do.

use super::*;
use crate::node::visit::Visit;

#[test]
fn the_client_is_answered_when_the_world_expects_it() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        assert_eq!(bench.heard(guest.key), []);
        let attach = bench.attach_at(world);
        assert_eq!((attach.uid, attach.ttl_ms), (guest.uid, ATTACH_TTL_MS));
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
        let world_key = bench.key_of_world(1);
        assert_eq!(bench.place(guest.uid), Some(Place::Attached(world_key)));
        bench.say(world, &ack(&attach)); // once more is nothing new
        assert_eq!(bench.heard(guest.key), []);
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(world_key)));
        let stats = bench.role().stats();
        assert_eq!((stats.enters, stats.enters_refused, bench.users_of(1)), (1, 0, 1));
    });
}

/// So the logs of worlds tell which hello somebody has come by.
#[test]
fn every_key_of_a_hello_has_its_visit_and_no_other_hello_s() {
    with_main(|bench| {
        let worlds = [1, 2].map(|world_id| bench.register(world_id, "", 10));
        let guest = bench.greet();
        bench.ask(guest, "");
        let first = bench.attach_at(worlds[0]);
        bench.say(worlds[0], &denial(&first));
        let second = bench.attach_at(worlds[1]);
        bench.say(worlds[1], &denial(&second));
        let again = bench.welcome(Some(guest.token));
        bench.ask(again, "");
        let third = bench.attach_at(worlds[0]);
        assert_eq!((again.uid, third.uid), (guest.uid, guest.uid));
        assert_ne!(first.key_id, second.key_id);
        let [first, second, third] = [first, second, third].map(|it| Visit::of(it.key_id));
        assert_eq!(first, second);
        assert!(first != third && third != Visit::NONE);
    });
}

#[test]
fn the_least_loaded_world_of_the_region_is_asked() {
    with_main(|bench| {
        let north = bench.register(1, "north", 10);
        let busy = bench.register(2, "north", 10);
        let south = bench.register(3, "south", 10);
        bench.say(busy, &Status { users: 5, rooms: 1, load: 500, held: 0 });
        bench.say(north, &Status { users: 4, rooms: 1, load: 400, held: 0 });
        let guests = [bench.greet(), bench.greet(), bench.greet()];
        bench.ask(guests[0], "north");
        assert_eq!(bench.attach_at(north).uid, guests[0].uid);
        bench.ask(guests[1], "");
        assert_eq!(bench.attach_at(south).uid, guests[1].uid);
        bench.ask(guests[2], "west");
        assert_eq!(bench.heard(guests[2].key), [refused(ErrorCode::NO_WORLD)]);
        assert_eq!(bench.role().stats().enters_refused, 1);
        for world in [north, busy, south] {
            assert_eq!(bench.heard(world), []);
        }
    });
}

#[test]
fn nobody_is_taken_out_of_a_world_for_a_region_without_a_place() {
    with_main(|bench| {
        let north = bench.register(1, "north", 1);
        bench.register(2, "south", 0);
        let guest = bench.greet();
        bench.enter(guest, north);
        let inside = bench.place(guest.uid);
        for (region, code) in [("west", ErrorCode::NO_WORLD), ("south", ErrorCode::FULL)] {
            bench.ask(guest, region);
            assert_eq!(bench.heard(guest.key), [refused(code)]);
            assert_eq!((bench.heard(north), bench.place(guest.uid)), (vec![], inside));
        }
        // Its own world is full because of itself: it comes back to its place.
        bench.ask(guest, "north");
        assert_eq!(bench.attach_at(north).uid, guest.uid);
    });
}

#[test]
fn without_a_world_the_answer_says_so_at_once() {
    with_main(|bench| {
        let guest = bench.greet();
        bench.ask(guest, "");
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::NO_WORLD)]);
        bench.register(1, "", 0);
        bench.ask(guest, "");
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::FULL)]);
        assert_eq!(bench.place(guest.uid), Some(Place::Outside));
    });
}

/// Those who are on their way count, so that a world is not promised to more than it takes.
#[test]
fn both_sides_of_a_world_s_capacity() {
    with_main(|bench| {
        let world = bench.register(1, "", 2);
        let guests = [bench.greet(), bench.greet(), bench.greet()];
        for guest in guests {
            bench.ask(guest, "");
        }
        assert_eq!(bench.heard(world).len(), 2);
        assert_eq!(bench.heard(guests[2].key), [refused(ErrorCode::FULL)]);
        assert_eq!(bench.users_of(1), 2);
    });
}

#[test]
fn a_world_that_does_not_answer_in_time_is_followed_by_the_next() {
    with_main(|bench| {
        let first = bench.register(1, "", 10);
        let second = bench.register(2, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let late = bench.attach_at(first);
        bench.pass_ms(ATTACH_TIMEOUT_MS - 1);
        assert_eq!((bench.heard(first), bench.heard(second)), (vec![], vec![]));
        bench.pass_ms(1);
        assert_eq!(bench.heard(first), [detach(guest.uid, ErrorCode::WORLD_TIMEOUT)]);
        let attach = bench.attach_at(second);
        assert!(attach.attempt != late.attempt && attach.handshake_key != late.handshake_key);
        bench.say(first, &ack(&late)); // too late
        bench.say(first, &UserLeft { uid: guest.uid });
        assert_eq!(bench.heard(guest.key), []);
        bench.say(second, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
        assert_eq!((bench.users_of(1), bench.users_of(2)), (0, 1));
    });
}

#[test]
fn when_no_world_answers_in_time_the_client_is_told_so_once() {
    with_main(|bench| {
        let worlds = [bench.register(1, "", 10), bench.register(2, "", 10)];
        let guest = bench.greet();
        bench.ask(guest, "");
        let attaches = worlds.map(|world| {
            let attach = bench.attach_at(world);
            bench.pass_ms(ATTACH_TIMEOUT_MS);
            attach
        });
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::WORLD_TIMEOUT)]);
        for (world, attach) in worlds.into_iter().zip(attaches) {
            bench.say(world, &ack(&attach));
            bench.say(world, &denial(&attach));
            bench.say(world, &UserLeft { uid: guest.uid });
        }
        bench.pass_ms(10 * ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(guest.key), []);
        assert_eq!(bench.place(guest.uid), Some(Place::Outside));
        assert_eq!(bench.role().stats().enters_refused, 1);
    });
}

#[test]
fn a_world_that_denies_is_followed_by_the_next_and_by_the_reason() {
    with_main(|bench| {
        let worlds = [bench.register(1, "", 10), bench.register(2, "", 10)];
        let guest = bench.greet();
        bench.ask(guest, "");
        for world in worlds {
            assert_eq!(bench.heard(guest.key), []);
            let attach = bench.attach_at(world);
            bench.say(world, &denial(&attach));
        }
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::FULL)]);
        // The next request tries them all again.
        bench.ask(guest, "");
        let attach = bench.attach_at(worlds[0]);
        bench.say(worlds[0], &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
    });
}

/// An answer counts only from the world that was asked, about the attempt that it was asked for.
#[test]
fn an_answer_to_something_else_is_no_answer() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let other = bench.register(2, "other", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        let wrong = AttachUser { attempt: attach.attempt + 1, ..attach.clone() };
        let nobody = AttachUser { uid: Uid(1), ..attach.clone() };
        for (from, attach) in [(world, &wrong), (world, &nobody), (other, &attach)] {
            bench.say(from, &ack(attach));
            bench.say(from, &denial(attach));
        }
        assert_eq!(bench.heard(guest.key), []);
        assert_eq!(bench.place(guest.uid), Some(Place::Attaching(bench.key_of_world(1))));
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
    });
}

#[test]
fn a_request_that_is_being_worked_on_is_not_doubled() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        for _ in 0..3 {
            bench.ask(guest, "");
        }
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
        assert_eq!(bench.role().stats().enters, 1);
    });
}

#[test]
fn when_the_client_goes_meanwhile_the_world_is_told_to_forget() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.disconnect(guest.key);
        assert_eq!(bench.heard(world), []);
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::REPLACED)]);
        assert_eq!(bench.users_of(1), 1);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!((bench.place(guest.uid), bench.users_of(1)), (None, 0));
    });
}

#[test]
fn when_the_client_goes_and_the_world_never_answers_it_is_forgotten_all_the_same() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let other = bench.register(2, "other", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.heard(world);
        bench.disconnect(guest.key);
        bench.pass_ms(ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::WORLD_TIMEOUT)]);
        assert_eq!((bench.place(guest.uid), bench.heard(other)), (None, vec![]));
    });
}

/// The answer to a wish that ended with its connection is not the answer to the next one.
#[test]
fn a_request_after_a_new_hello_has_an_attempt_of_its_own() {
    with_main(|bench| {
        let north = bench.register(1, "north", 10);
        let south = bench.register(2, "south", 10);
        let first = bench.greet();
        bench.ask(first, "north");
        let old = bench.attach_at(north);
        let second = bench.welcome(Some(first.token));
        bench.ask(second, "south");
        bench.say(north, &ack(&old));
        assert_eq!(bench.heard(second.key), []);
        assert_eq!(bench.heard(north), [detach(first.uid, ErrorCode::REPLACED)]);
        bench.say(north, &UserLeft { uid: first.uid });
        let attach = bench.attach_at(south);
        bench.say(south, &ack(&attach));
        assert_eq!(bench.heard(second.key), [sent_to(2, &attach)]);
        assert_eq!((bench.users_of(1), bench.users_of(2)), (0, 1));
    });
}

/// Whoever is in a world, or is expected there, leaves it before another one is asked.
#[test]
fn a_user_is_detached_before_it_is_attached_again() {
    for has_joined in [false, true] {
        with_main(|bench| {
            let first = bench.register(1, "north", 10);
            let second = bench.register(2, "south", 10);
            let guest = bench.greet();
            bench.ask(guest, "north");
            let attach = bench.attach_at(first);
            bench.say(first, &ack(&attach));
            bench.heard(guest.key);
            if has_joined {
                bench.say(first, &UserJoined { uid: guest.uid, is_spectator: false });
            }
            bench.ask(guest, "south");
            assert_eq!(bench.heard(first), [detach(guest.uid, ErrorCode::REPLACED)]);
            assert_eq!((bench.heard(second), bench.heard(guest.key)), (vec![], vec![]));
            bench.say(first, &UserLeft { uid: guest.uid });
            let attach = bench.attach_at(second);
            bench.say(second, &ack(&attach));
            assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
            assert_eq!((bench.users_of(1), bench.users_of(2)), (0, 1));
        });
    }
}

#[test]
fn a_world_that_does_not_let_go_in_time_is_not_waited_for() {
    with_main(|bench| {
        let first = bench.register(1, "north", 10);
        let second = bench.register(2, "south", 10);
        let guest = bench.greet();
        bench.enter(guest, first);
        bench.ask(guest, "south");
        bench.heard(first);
        bench.pass_ms(ATTACH_TIMEOUT_MS - 1);
        assert_eq!(bench.heard(second), []);
        bench.pass_ms(1);
        let attach = bench.attach_at(second);
        bench.say(first, &UserLeft { uid: guest.uid }); // late, and of no matter
        bench.say(second, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
    });
}

#[test]
fn whoever_does_not_join_in_time_is_expected_no_more() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.heard(guest.key);
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS - 1);
        assert_eq!((bench.users_of(1), bench.heard(world)), (1, vec![]));
        bench.pass_ms(16);
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::REPLACED)]);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!((bench.users_of(1), bench.place(guest.uid)), (0, Some(Place::Outside)));
        assert_eq!(bench.heard(guest.key), []);
    });
}

/// Every timer of an attempt is disarmed when the attempt is over.
#[test]
fn nothing_happens_to_those_who_are_inside_or_outside() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let (inside, outside) = (bench.greet(), bench.greet());
        bench.enter(inside, world);
        bench.enter(outside, world);
        bench.say(world, &UserLeft { uid: outside.uid });
        let refused_one = bench.greet();
        bench.ask(refused_one, "west");
        for key in [inside.key, outside.key, refused_one.key, world] {
            bench.heard(key);
        }
        for _ in 0..8 {
            bench.pass_ms(ATTACH_TTL_MS);
            for key in [inside.key, outside.key, refused_one.key, world] {
                let pong = crate::protocol::either_way::Pong { nonce: 0 };
                bench.say(key, &pong);
                assert_eq!(bench.heard(key), []);
            }
        }
        let places = [inside, outside, refused_one].map(|guest| bench.place(guest.uid).unwrap());
        let world_key = bench.key_of_world(1);
        assert_eq!(places, [Place::Inside(world_key), Place::Outside, Place::Outside]);
    });
}

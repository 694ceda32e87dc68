//! What worlds report: who is inside, who has left, and who can't be both here and there.

use super::*;

/// A Main that has been restarted learns from its worlds who is where.
#[test]
fn a_list_makes_users_known() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.say(world, &user_list(&[Uid(5), Uid(6)]));
        let place = Some(Place::Inside(bench.key_of_world(1)));
        assert_eq!((bench.place(Uid(5)), bench.place(Uid(6))), (place, place));
        assert_eq!((bench.users_of(1), bench.heard(world)), (2, vec![]));
        bench.say(world, &user_list(&[Uid(5), Uid(6)])); // once more is nothing new
        assert_eq!(bench.users_of(1), 2);
    });
}

/// A player whose token is as good as before finds its place again.
#[test]
fn a_user_who_was_reported_is_recognised_by_its_token() {
    with_main(|bench| {
        let guest = bench.greet();
        bench.disconnect(guest.key);
        let world = bench.register(1, "north", 10);
        bench.say(world, &user_list(&[guest.uid]));
        let other = bench.register(2, "south", 10);
        let guest = bench.welcome(Some(guest.token));
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
        bench.ask(guest, "south");
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::REPLACED)]);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!(bench.attach_at(other).uid, guest.uid);
    });
}

#[test]
fn a_user_who_joined_unasked_is_known_from_then_on() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        bench.say(world, &UserJoined { uid: Uid(9), is_spectator: false });
        let place = Some(Place::Inside(bench.key_of_world(1)));
        assert_eq!((bench.place(guest.uid), bench.place(Uid(9))), (place, place));
        assert_eq!((bench.users_of(1), bench.heard(world)), (2, vec![]));
    });
}

#[test]
fn both_sides_of_the_directory_s_size() {
    with_users(2, |bench| {
        let world = bench.register(1, "", 10);
        bench.say(world, &user_list(&[Uid(1), Uid(2)]));
        assert_eq!(bench.heard(world), []);
        bench.say(world, &user_list(&[Uid(3)]));
        assert_eq!(bench.heard(world), [detach(Uid(3), ErrorCode::FULL)]);
        assert_eq!(bench.place(Uid(3)), None);
    });
}

/// Whoever is expected, or known to be, in one world is turned away from another.
#[test]
fn a_user_can_t_be_in_two_worlds() {
    let ways: [fn(&mut MainBench<'_>, Guest, SessionKey); 4] = [
        |bench, guest, _| bench.ask(guest, "north"),
        |bench, guest, world| {
            bench.ask(guest, "north");
            let attach = bench.attach_at(world);
            bench.say(world, &ack(&attach));
        },
        |bench, guest, world| {
            bench.enter(guest, world);
        },
        |bench, guest, world| {
            bench.enter(guest, world);
            bench.ask(guest, "north");
        },
    ];
    for lead in ways {
        with_main(|bench| {
            let world = bench.register(1, "north", 10);
            let guest = bench.greet();
            lead(bench, guest, world);
            let place = bench.place(guest.uid);
            let other = bench.register(2, "south", 10);
            bench.say(other, &user_list(&[guest.uid]));
            assert_eq!(bench.heard(other), [detach(guest.uid, ErrorCode::REPLACED)]);
            bench.say(other, &UserJoined { uid: guest.uid, is_spectator: false });
            assert_eq!(bench.heard(other), [detach(guest.uid, ErrorCode::REPLACED)]);
            bench.say(other, &UserLeft { uid: guest.uid }); // it has done so
            assert_eq!((bench.place(guest.uid), bench.users_of(2)), (place, 0));
        });
    }
}

#[test]
fn a_user_who_left_is_outside_and_without_a_connection_forgotten() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let (here, gone) = (bench.greet(), bench.greet());
        bench.enter(here, world);
        bench.enter(gone, world);
        bench.disconnect(gone.key);
        assert!(bench.place(gone.uid).is_some());
        for guest in [here, gone] {
            bench.say(world, &UserLeft { uid: guest.uid });
        }
        assert_eq!(bench.place(here.uid), Some(Place::Outside));
        assert_eq!((bench.place(gone.uid), bench.users_of(1)), (None, 0));
        bench.say(world, &UserLeft { uid: Uid(77) }); // nobody knows it
        assert_eq!(bench.role().users().len(), 1);
    });
}

/// A leaving that crosses the next attach answers an earlier detach.
#[test]
fn a_leaving_does_not_end_an_attempt() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!(bench.place(guest.uid), Some(Place::Attaching(bench.key_of_world(1))));
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
    });
}

/// The world shows out the old stay and takes in the new one: left, joined.
#[test]
fn a_stay_that_is_replaced_by_a_newer_one_in_the_same_world() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.say(world, &user_list(&[guest.uid])); // from before Main knew this world
        bench.say(world, &ack(&attach));
        bench.say(world, &UserLeft { uid: guest.uid });
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
        assert_eq!((bench.users_of(1), bench.heard(world)), (1, vec![]));
        bench.pass_ms(2 * ATTACH_TTL_MS);
        assert_eq!(bench.heard(world), []);
    });
}

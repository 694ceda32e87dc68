//! A world is lost while somebody is on the way to it, in it, or on the way out.

use super::*;

#[test]
fn lost_while_attaching_the_next_world_is_asked() {
    with_main(|bench| {
        let worlds = [bench.register(1, "", 10), bench.register(2, "", 10)];
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.heard(worlds[0]);
        bench.disconnect(worlds[0]);
        let attach = bench.attach_at(worlds[1]);
        bench.say(worlds[1], &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
    });
}

/// It is not full, and it has not been slow: there is none.
#[test]
fn lost_while_attaching_and_no_other_is_there() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.disconnect(world);
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::NO_WORLD)]);
        assert_eq!(bench.place(guest.uid), Some(Place::Outside));
        bench.pass_ms(10 * ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(guest.key), []);
    });
}

/// Whichever slot of the registry a world is in: it is asked, if it has not been.
#[test]
fn a_world_in_the_slot_of_one_that_denied_is_asked_too() {
    with_main(|bench| {
        let worlds = [bench.register(1, "", 10), bench.register(2, "", 10)];
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(worlds[0]);
        bench.say(worlds[0], &denial(&attach));
        bench.disconnect(worlds[0]);
        let third = bench.register(3, "", 10);
        assert_eq!(bench.key_of_world(3).index(), 0);
        let attach = bench.attach_at(worlds[1]);
        bench.say(worlds[1], &denial(&attach));
        let attach = bench.attach_at(third);
        bench.say(third, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(3, &attach)]);
    });
}

#[test]
fn lost_while_expected_there() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.heard(guest.key);
        bench.disconnect(world);
        assert_eq!(bench.heard(guest.key), [error(ErrorCode::WORLD_LOST, 0)]);
        assert_eq!(bench.place(guest.uid), Some(Place::Outside));
    });
}

#[test]
fn lost_while_inside() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let other = bench.register(2, "other", 10);
        let (stays, goes) = (bench.greet(), bench.greet());
        bench.enter(stays, world);
        bench.ask(goes, "other");
        let attach = bench.attach_at(other);
        bench.say(other, &ack(&attach));
        bench.heard(goes.key);
        bench.disconnect(world);
        assert_eq!(bench.heard(stays.key), [error(ErrorCode::WORLD_LOST, 0)]);
        assert_eq!((bench.heard(goes.key), bench.users_of(2)), (vec![], 1));
        assert_eq!(bench.role().stats().worlds_lost, 1);
        bench.ask(stays, "");
        assert_eq!(bench.attach_at(other).uid, stays.uid);
    });
}

#[test]
fn lost_while_it_is_asked_to_let_go() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let other = bench.register(2, "other", 10);
        let guest = bench.greet();
        bench.enter(guest, world);
        bench.ask(guest, "other");
        bench.disconnect(world);
        let attach = bench.attach_at(other);
        assert_eq!(bench.heard(guest.key), []); // it wanted to leave that world
        bench.say(other, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
    });
}

#[test]
fn lost_with_users_who_have_no_connection_here() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let (inside, detaching, attaching) = (bench.greet(), bench.greet(), bench.greet());
        bench.enter(inside, world);
        bench.enter(detaching, world);
        bench.ask(detaching, "");
        bench.ask(attaching, "");
        for guest in [inside, detaching, attaching] {
            bench.disconnect(guest.key);
            assert!(bench.place(guest.uid).is_some());
        }
        bench.disconnect(world);
        assert!(bench.role().users().is_empty());
    });
}

/// A registered world that registers anew is lost for a moment: requests go on elsewhere or are
/// answered, and its list brings back who is inside.
#[test]
fn replaced_by_its_own_newer_link() {
    with_main(|bench| {
        let old = bench.register(1, "", 10);
        let (inside, waiting) = (bench.greet(), bench.greet());
        bench.enter(inside, old);
        bench.ask(waiting, "");
        let attach = bench.attach_at(old);
        let new = bench.register(1, "", 10);
        assert_eq!(bench.heard(inside.key), [error(ErrorCode::WORLD_LOST, 0)]);
        assert_eq!(bench.heard(waiting.key), [refused(ErrorCode::NO_WORLD)]);
        bench.say(new, &ack(&attach)); // of the old link's time
        assert_eq!(bench.heard(waiting.key), []);
        bench.say(new, &user_list(&[inside.uid]));
        assert_eq!(bench.place(inside.uid), Some(Place::Inside(bench.key_of_world(1))));
        assert_eq!((bench.users_of(1), bench.heard(new)), (1, vec![]));
    });
}

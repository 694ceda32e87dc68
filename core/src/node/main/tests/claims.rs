//! Users whom only a world's word keeps in the realm: how many, who gives way, and to whom.

use super::*;
use crate::timer::TICK_MS;

fn list(uids: impl IntoIterator<Item = u64>) -> UserList {
    UserList {
        is_first: false,
        is_last: false,
        uids: uids.into_iter().map(Uid).collect(),
        held: 0,
        spectators: 0,
    }
}

/// How many of its users have no connection here, as Main counts them.
fn absent_of(bench: &MainBench<'_>, world_id: u16) -> u16 {
    let key = bench.key_of_world(world_id);
    bench.role().worlds().get(key).expect("a registered world").absent
}

/// A world that claims as many as there are places keeps nobody out.
#[test]
fn whoever_says_hello_has_the_place_of_one_who_was_invented() {
    with_users(4, |bench| {
        let world = bench.register(1, "", 100);
        bench.say(world, &list(1..=4));
        assert_eq!((absent_of(bench, 1), bench.heard(world)), (4, vec![]));
        for uid in 1..=3 {
            let guest = bench.greet();
            assert_eq!(bench.place(guest.uid), Some(Place::Outside));
            assert_eq!(bench.heard(world), [detach(Uid(uid), ErrorCode::FULL)]);
            assert_eq!(bench.place(Uid(uid)), None);
        }
        assert_eq!((absent_of(bench, 1), bench.role().stats().displaced), (1, 3));
    });
}

/// Whoever has a connection gives way to nobody.
#[test]
fn nobody_who_is_here_gives_way() {
    with_users(4, |bench| {
        let world = bench.register(1, "", 100);
        let tokens: Vec<Guest> = (0..4).map(|_| bench.greet()).collect();
        bench.disconnect(tokens[3].key);
        for guest in &tokens[..3] {
            bench.enter(*guest, world);
        }
        bench.say(world, &list(1..=2));
        assert_eq!(bench.heard(world), [detach(Uid(2), ErrorCode::FULL)]);
        let back = bench.welcome(Some(tokens[3].token));
        assert_eq!(bench.heard(world), [detach(Uid(1), ErrorCode::FULL)]);
        bench.say(world, &list(3..=3));
        assert_eq!(bench.heard(world), [detach(Uid(3), ErrorCode::FULL)]);
        bench.disconnect(tokens[0].key); // it plays on, without a connection here
        assert_eq!(absent_of(bench, 1), 1);
        assert_eq!(bench.place(back.uid), Some(Place::Outside));
    });
}

/// The hello of somebody whom a world has claimed: it is one of those who are here.
#[test]
fn a_claim_that_its_user_confirms_counts_no_more() {
    with_users(4, |bench| {
        let guest = bench.greet();
        bench.disconnect(guest.key);
        let world = bench.register(1, "", 100);
        bench.say(world, &list([guest.uid.0, 2, 3, 4]));
        let guest = bench.welcome(Some(guest.token));
        assert_eq!((absent_of(bench, 1), bench.users_of(1)), (3, 4));
        for uid in [2, 3, 4] {
            bench.greet();
            assert_eq!(bench.heard(world), [detach(Uid(uid), ErrorCode::FULL)]);
        }
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
        bench.disconnect(guest.key);
        assert_eq!((absent_of(bench, 1), bench.users_of(1)), (1, 1));
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!((absent_of(bench, 1), bench.users_of(1)), (0, 0));
    });
}

#[test]
fn both_sides_of_what_a_world_may_claim() {
    with_main(|bench| {
        let world = bench.register(1, "", 3);
        let guest = bench.greet();
        bench.enter(guest, world);
        bench.say(world, &list(1..=3));
        assert_eq!((absent_of(bench, 1), bench.heard(world)), (3, vec![]));
        for claim in
            [frame_of(&list(4..=4)), frame_of(&UserJoined { uid: Uid(4), is_spectator: false })]
        {
            bench.say_bytes(world, &claim);
            assert_eq!(bench.heard(world), [detach(Uid(4), ErrorCode::FULL)]);
        }
        bench.say(world, &UserLeft { uid: Uid(1) });
        bench.say(world, &list(4..=4));
        assert_eq!((absent_of(bench, 1), bench.heard(world)), (3, vec![]));
    });
}

/// A world that claims too many takes no place of another one's.
#[test]
fn worlds_share_what_is_free_for_those_who_are_not_here() {
    with_users(10, |bench| {
        let (greedy, honest) = (bench.register(1, "", 100), bench.register(2, "", 100));
        bench.say(greedy, &list(1..=10));
        bench.say(honest, &list(101..=105));
        let evicted = (1..=5).map(|uid| detach(Uid(uid), ErrorCode::FULL));
        assert_eq!(bench.heard(greedy), evicted.collect::<Vec<_>>());
        assert_eq!((absent_of(bench, 1), absent_of(bench, 2)), (5, 5));
        bench.say(honest, &list(106..=106)); // as many as the other has are its share
        bench.say(greedy, &list(11..=11));
        assert_eq!(bench.heard(honest), [detach(Uid(106), ErrorCode::FULL)]);
        assert_eq!(bench.heard(greedy), [detach(Uid(11), ErrorCode::FULL)]);
        bench.say(honest, &UserLeft { uid: Uid(101) });
        bench.say(greedy, &list(11..=11));
        let guest = bench.greet();
        let shown_out = detach(Uid(6), ErrorCode::FULL);
        assert_eq!((bench.heard(greedy), bench.heard(honest)), (vec![shown_out], vec![]));
        assert!(bench.place(guest.uid).is_some());
    });
}

/// A Main that was restarted hears of one user from two worlds: neither is taken at its word against the other.
#[test]
fn nobody_is_taken_out_of_a_world_because_another_claims_it() {
    with_main(|bench| {
        let liar = bench.register(1, "north", 10);
        bench.say(liar, &list(5..=5));
        let honest = bench.register(2, "south", 10);
        bench.say(honest, &list(5..=5));
        bench.say(honest, &UserJoined { uid: Uid(5), is_spectator: false });
        assert_eq!((bench.heard(liar), bench.heard(honest)), (vec![], vec![]));
        let place = Some(Place::Inside(bench.key_of_world(1)));
        assert_eq!((bench.place(Uid(5)), bench.users_of(2)), (place, 0));
    });
}

/// When it goes elsewhere, each of them has to let go, and the one that answers is waited for. When it comes back to
/// the one that was first, the other one has to.
#[test]
fn whoever_is_claimed_by_two_worlds_is_in_one_of_them_at_most() {
    for to in ["north", "south", "west"] {
        with_main(|bench| {
            let guest = bench.greet();
            let liar = bench.register(1, "north", 10);
            bench.say(liar, &list([guest.uid.0]));
            let honest = bench.register(2, "south", 10);
            bench.say(honest, &list([guest.uid.0]));
            let third = bench.register(3, "west", 10);
            bench.ask(guest, to);
            let shown_out = [detach(guest.uid, ErrorCode::REPLACED)];
            if to != "north" {
                assert_eq!(bench.heard(liar), shown_out);
                bench.say(liar, &UserLeft { uid: guest.uid });
            }
            for (world, region) in [(liar, "north"), (honest, "south"), (third, "west")] {
                let heard = bench.heard(world);
                if region == to {
                    assert!(heard[..].len() == 1 && heard[0].is::<AttachUser>(), "{heard:?}");
                } else {
                    assert_eq!(heard, shown_out, "{region}, on the way to {to}");
                }
            }
        });
    }
}

/// Somebody whom two worlds claim gives way to a newcomer: both are told.
#[test]
fn whoever_gives_way_leaves_each_world_that_claims_it() {
    with_users(1, |bench| {
        let (liar, honest) = (bench.register(1, "", 10), bench.register(2, "", 10));
        bench.say(liar, &list(5..=5));
        bench.say(honest, &list(5..=5));
        bench.greet();
        for world in [liar, honest] {
            assert_eq!(bench.heard(world), [detach(Uid(5), ErrorCode::FULL)]);
        }
    });
}

/// A world that claims whoever it likes, and does not let go, costs one user one time-out.
#[test]
fn who_does_not_let_go_of_a_claim_is_waited_for_once() {
    with_main(|bench| {
        let liar = bench.register(1, "", 10);
        let honest = bench.register(2, "", 10);
        for round in 0..3 {
            let guest = bench.greet();
            bench.say(liar, &list([guest.uid.0]));
            bench.ask(guest, "");
            let reason = if round == 0 {
                // It is sent back to where it is said to be.
                bench.attach_at(liar);
                assert_eq!(bench.heard(honest), []);
                bench.pass_ms(ATTACH_TIMEOUT_MS + TICK_MS);
                ErrorCode::WORLD_TIMEOUT
            } else {
                ErrorCode::REPLACED
            };
            assert_eq!(bench.heard(liar), [detach(guest.uid, reason)]);
            let attach = bench.attach_at(honest);
            bench.say(honest, &ack(&attach));
            assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
            bench.say(honest, &UserJoined { uid: guest.uid, is_spectator: false });
        }
    });
}

/// Who was really sent there is waited for, however slow the world is: it may be there still.
#[test]
fn who_was_sent_to_a_slow_world_is_waited_for_each_time() {
    with_main(|bench| {
        let slow = bench.register(1, "north", 10);
        let other = bench.register(2, "south", 10);
        let guests = [bench.greet(), bench.greet()];
        for guest in guests {
            bench.ask(guest, "north");
            let attach = bench.attach_at(slow);
            bench.say(slow, &ack(&attach));
            bench.say(slow, &UserJoined { uid: guest.uid, is_spectator: false });
            bench.heard(guest.key);
        }
        for guest in guests {
            bench.ask(guest, "south");
            assert_eq!(bench.heard(other), []);
            bench.pass_ms(ATTACH_TIMEOUT_MS + TICK_MS);
            let attach = bench.attach_at(other);
            bench.say(other, &ack(&attach));
            assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
        }
    });
}

/// Of two worlds the one that is believed has the user no more: the other one may still have it, and is heard again.
#[test]
fn whom_the_believed_world_has_no_more_may_be_in_the_other_one() {
    for is_lost in [false, true] {
        with_main(|bench| {
            let guest = bench.greet();
            bench.disconnect(guest.key);
            let [former, present] = [1, 2].map(|id| bench.register(id, "", 10));
            let uid = guest.uid.0;
            bench.say(former, &UserList { held: 1, ..list([uid]) });
            bench.say(present, &list([uid]));
            assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
            if is_lost {
                bench.disconnect(former);
            } else {
                bench.say(former, &UserLeft { uid: guest.uid });
                assert_eq!(bench.heard(former), []);
            }
            assert_eq!(bench.place(guest.uid), None);
            bench.say(present, &Status { users: 1, rooms: 1, load: 1, held: 0 });
            assert_eq!(bench.heard(present), [Said::of(&Registered {})]);
            bench.say(present, &list([uid]));
            assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(2))));
            // Nothing is in question any more.
            bench.say(present, &UserLeft { uid: guest.uid });
            bench.say(present, &Status { users: 1, rooms: 1, load: 1, held: 0 });
            assert_eq!((bench.place(guest.uid), bench.heard(present)), (None, vec![]));
        });
    }
}

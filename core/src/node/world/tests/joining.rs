//! Who gets in, what a newcomer is told, and what the others are.

use super::*;
use crate::protocol::SNAPSHOT_PAGE_MEMBERS;
use crate::protocol::Versions;
use crate::protocol::world_to_main::UserJoined;

/// The members of a snapshot, whose pages are checked to belong together.
fn members_of(pages: &[Said], others: usize, missed_events: u32) -> Vec<u32> {
    let mut uids = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let page: RoomSnapshot = page.read().expect("a page of a snapshot");
        assert_eq!(usize::from(page.pages_left), pages.len() - 1 - number);
        assert_eq!(usize::from(page.members_left), others - uids.len());
        assert_eq!(page.missed_events, missed_events);
        assert!(page.pages_left == 0 || page.members.len() == SNAPSHOT_PAGE_MEMBERS);
        uids.extend(page.members.iter().map(|member| member.uid.0 as u32));
    }
    uids.sort_unstable();
    uids
}

#[test]
fn a_newcomer_gets_the_room_in_pages_and_then_what_happens() {
    for (others, pages) in [(0, 1), (1, 1), (16, 1), (17, 2), (33, 3)] {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            bench.fill(main, others);
            let key = bench.join(main, 99);
            let heard = bench.heard(key);
            let welcome = JoinOk {
                version: 2,
                number: number(others + 1),
                room_id: RoomId(0),
                spawn_pos: Position::ORIGIN,
                members: others as u16,
                spawn_dir: Direction(0),
                is_returned: false,
            };
            assert_eq!(heard[0], Said::of(&welcome));
            assert_eq!(heard.len(), 1 + pages);
            let expected: Vec<u32> = (1..=others).collect();
            assert_eq!(members_of(&heard[1..], others as usize, 0), expected);

            assert_eq!(bench.flush_and_hear(key), []); // it does not hear of itself
            bench.join(main, 98);
            let member = numbered(others + 2, 98);
            assert_eq!(bench.flush_and_hear(key), [Said::of(&UserEntered { member })]);
            assert_eq!(bench.role().stats().snapshots, others + 2);
        });
    }
}

/// Numbers go round, past those who are there; 0 is the game's.
#[test]
fn a_number_comes_again_when_the_turn_has_come_round() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.join(main, 2);
        bench.act(|world, _| world.rooms.rooms[0].last_number = MemberNumber(u16::MAX - 1));
        for (uid, expected) in [(3, u16::MAX), (4, 3), (5, 4)] {
            let key = bench.join(main, uid);
            let welcome: JoinOk = bench.heard(key)[0].read().unwrap();
            assert_eq!(welcome.number, MemberNumber(expected));
        }
    });
}

#[test]
fn the_others_and_main_learn_that_somebody_came() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.join(main, 3);
        assert!(
            bench.heard(main).contains(&Said::of(&UserJoined { uid: Uid(3), is_spectator: false }))
        );
        bench.pass_ms(FLUSH_MS);
        for key in keys {
            assert_eq!(bench.heard(key), [entered(3)]);
        }
        assert_eq!((bench.uids(), bench.role().stats().joined), (vec![1, 2, 3], 3));
    });
}

/// What was said before somebody came is in its snapshot, and is not said again.
#[test]
fn a_newcomer_hears_nothing_from_before_its_time() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(5));
        bench.say(keys[0], &event(1, b"before"));
        let key = bench.join(main, 3);
        let snapshot: RoomSnapshot = bench.heard(key)[1].read().unwrap();
        let mover = snapshot.members.iter().find(|member| member.uid == Uid(1)).unwrap();
        assert_eq!((mover.pos, snapshot.missed_events), (at(5), 0));
        bench.say(keys[0], &event(1, b"after"));
        assert_eq!(bench.flush_and_hear(key), [said_event(1, 1, b"after")]);
        // Those who were there have all of it.
        let expected =
            [said_event(1, 1, b"before"), moved(1, 5), entered(3), said_event(1, 1, b"after")];
        assert_eq!(bench.heard(keys[1]), expected);
    });
}

const SMALL: Setup = Setup { rooms: 3, room_capacity: 2, ..SETUP };

#[test]
fn users_fill_the_first_room_with_a_place() {
    with_world(SMALL, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 5);
        let rooms =
            |bench: &WorldBench<'_, Relay>| [1, 2, 3, 4, 5, 6].map(|uid| bench.room_of(uid));
        assert_eq!(rooms(bench), [Some(0), Some(0), Some(1), Some(1), Some(2), None]);
        bench.disconnect(keys[1]);
        bench.join(main, 6);
        assert_eq!(rooms(bench), [Some(0), None, Some(1), Some(1), Some(2), Some(0)]);
        assert_eq!(bench.role().rooms().occupied_rooms(), 3);
    });
}

#[test]
fn a_newcomer_is_told_which_room_and_who_is_there() {
    with_world(SMALL, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 3);
        let key = bench.join(main, 4);
        let heard = bench.heard(key);
        let welcome = JoinOk {
            version: 2,
            number: number(2),
            room_id: RoomId(1),
            spawn_pos: Position::ORIGIN,
            members: 1,
            spawn_dir: Direction(0),
            is_returned: false,
        };
        assert_eq!(heard[0], Said::of(&welcome));
        assert_eq!(members_of(&heard[1..], 1, 0), [3]);
    });
}

#[test]
fn a_client_of_another_game_is_told_so_and_its_key_stays_good() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.say(main, &attach_of(Uid(1), 1));
        for other in [Relay::FINGERPRINT ^ 1, Relay::FINGERPRINT.wrapping_add(1), u32::MAX] {
            let key = bench.accept();
            bench.say(key, &Join { fingerprint: other, ..join_of(Uid(1)) });
            let denied =
                JoinDenied { reason: JoinDenial::GAME_CHANGED, code: 0, text: Text::EMPTY };
            assert_eq!(bench.heard(key), [Said::of(&denied)]);
            bench.disconnect(key);
        }
        assert_eq!(bench.role().stats().denied_for(JoinDenial::GAME_CHANGED), 3);
        let same = bench.accept();
        bench.say(same, &Join { fingerprint: Relay::FINGERPRINT, ..join_of(Uid(1)) });
        assert!(bench.heard(same)[0].is::<JoinOk>());
    });
}

#[test]
fn every_denial_says_why_and_closes() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.say(main, &attach_of(Uid(2), 1));
        bench.say(main, &AttachUser { ttl_ms: 160, ..attach_of(Uid(3), 1) });
        bench.pass_ms(160);
        let wrong = Join {
            versions: Versions::OURS,
            uid: Uid(2),
            handshake_key: Some(HandshakeKey([0xEE; 32])),
            fingerprint: 0,
        };
        let cases = [
            (join_of(Uid(9)), JoinDenial::NOT_ATTACHED),
            (wrong, JoinDenial::WRONG_KEY),
            (join_of(Uid(3)), JoinDenial::KEY_EXPIRED),
            (join_of(Uid(1)), JoinDenial::KEY_USED),
        ];
        for (join, reason) in cases {
            let key = bench.accept();
            bench.say(key, &join);
            assert_eq!(
                bench.heard(key),
                [Said::of(&JoinDenied { reason, code: 0, text: Text::EMPTY })]
            );
            assert_eq!(bench.state(key), Some(SessionState::Lingering));
            assert_eq!(bench.role().stats().denied_for(reason), 1);
            bench.disconnect(key);
        }
        assert_eq!((bench.uids(), bench.stats().violations), (vec![1], 0));
        // A wrong key does not use up the right one.
        let key = bench.accept();
        bench.say(key, &join_of(Uid(2)));
        assert!(bench.heard(key)[0].is::<JoinOk>());
    });
}

#[test]
fn both_sides_of_a_key_s_lifetime() {
    for (passed_ms, reason) in [(159, None), (160, Some(JoinDenial::KEY_EXPIRED))] {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            bench.say(main, &AttachUser { ttl_ms: 160, ..attach_of(Uid(1), 1) });
            bench.pass_ms(passed_ms);
            let key = bench.accept();
            bench.say(key, &join_of(Uid(1)));
            let denied = bench.heard(key)[0].read::<JoinDenied>().map(|denied| denied.reason);
            assert_eq!(denied, reason);
        });
    }
}

#[test]
fn a_second_join_of_one_connection_is_out_of_place() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(main, &attach_of(Uid(1), 2));
        bench.say(keys[0], &join_of(Uid(1)));
        let error = Error { code: ErrorCode::OUT_OF_PLACE, about: Join::OPCODE.0 };
        assert_eq!(bench.heard(keys[0]), [Said::of(&error)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
        assert_eq!((bench.stats().violations, bench.uids()), (1, vec![2]));
    });
}

#[test]
fn who_has_not_joined_may_only_join() {
    let cases = [
        (frame_of(&step(1)), Move::OPCODE),
        (frame_of(&event(1, b"x")), Event::OPCODE),
        (frame_of(&Leave {}), Leave::OPCODE),
    ];
    for (frame, opcode) in cases {
        with_world(SETUP, |bench| {
            let key = bench.accept();
            bench.say_bytes(key, &frame);
            let error = Error { code: ErrorCode::OUT_OF_PLACE, about: opcode.0 };
            assert_eq!(bench.heard(key), [Said::of(&error)]);
            assert_eq!(bench.ended(key), Some(ErrorCode::OUT_OF_PLACE));
            assert_eq!(bench.stats().violations, 1);
        });
    }
}

/// A client can't talk to a world as if it were Main.
#[test]
fn main_s_messages_mean_nothing_from_somebody_else() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        let stranger = bench.accept();
        for key in [keys[0], stranger] {
            bench.say(key, &DetachUser { uid: Uid(2), reason: ErrorCode::REPLACED });
            bench.say(key, &attach_of(Uid(9), 1));
        }
        assert_eq!((bench.uids(), bench.stats().unknown_opcodes), (vec![1, 2], 4));
        assert!(!bench.role().attaches().is_pending(Uid(9)));
    });
}

#[test]
fn a_user_who_comes_again_replaces_itself() {
    // Also where the world has no other place.
    for room_capacity in [48, 1] {
        with_world(Setup { room_capacity, ..SETUP }, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 2);
            bench.say(keys[0], &step(4));
            let again = bench.join(main, 1);
            assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::REPLACED)]);
            assert_eq!(bench.ended(keys[0]), Some(ErrorCode::REPLACED));
            assert!(bench.heard(again)[0].is::<JoinOk>());
            assert_eq!((bench.uids(), bench.room_of(1)), (vec![1, 2], Some(0)));
            let told: Vec<bool> = bench.heard(main).iter().map(Said::is::<UserJoined>).collect();
            assert_eq!(told, [false, false, true]); // acknowledged, left, joined
            if room_capacity > 1 {
                let heard = bench.flush_and_hear(keys[1]);
                let again = Said::of(&UserEntered { member: numbered(3, 1) });
                assert_eq!(heard, [moved(1, 4), left(1), again]);
            }
        });
    }
}

//! What Main asks for: expect this user, let go of that one.

use super::*;
use crate::protocol::Versions;
use crate::protocol::world_to_main::{self, AttachAck, AttachDenied};

fn ack(uid: u32, attempt: u32) -> Said {
    Said::of(&AttachAck { uid: Uid(uid.into()), attempt })
}

fn denied(uid: u32, attempt: u32) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid.into()), attempt, reason: ErrorCode::FULL })
}

fn reported_left(uid: u32) -> Said {
    Said::of(&world_to_main::UserLeft { uid: Uid(uid.into()) })
}

const THREE: Setup = Setup { rooms: 1, room_capacity: 3, ..SETUP };

impl WorldBench<'_, Relay> {
    /// What the world answers to an attach.
    fn attach(&mut self, main: SessionKey, uid: u32, attempt: u32) -> Vec<Said> {
        self.say(main, &attach_of(Uid(uid.into()), attempt));
        self.heard(main)
    }

    fn detach(&mut self, main: SessionKey, uid: u32) -> Vec<Said> {
        self.say(main, &DetachUser { uid: Uid(uid.into()), reason: ErrorCode::REPLACED });
        self.heard(main)
    }
}

#[test]
fn both_sides_of_the_world_s_capacity() {
    with_world(THREE, |bench| {
        let main = bench.meet_main();
        for uid in 1..=3 {
            assert_eq!(bench.attach(main, uid, 10 + uid), [ack(uid, 10 + uid)]);
        }
        assert_eq!(bench.attach(main, 4, 14), [denied(4, 14)]);
        // A place is taken by whoever is expected and by whoever is inside, and by nobody twice.
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        bench.heard(main);
        assert_eq!(bench.attach(main, 4, 15), [denied(4, 15)]);
        assert_eq!(bench.attach(main, 2, 16), [ack(2, 16)]); // expected already
        assert_eq!(bench.attach(main, 1, 17), [ack(1, 17)]); // inside already
        assert_eq!(bench.detach(main, 1), [reported_left(1)]);
        assert_eq!(bench.attach(main, 4, 18), [ack(4, 18)]);
    });
}

#[test]
fn a_place_that_nobody_came_for_is_free_again() {
    with_world(THREE, |bench| {
        let main = bench.meet_main();
        for uid in 1..=3 {
            bench.attach(main, uid, 1);
        }
        bench.pass_ms(TTL_MS - 1);
        bench.heard(main);
        assert_eq!(bench.attach(main, 4, 2), [denied(4, 2)]);
        bench.pass_ms(1);
        bench.heard(main);
        assert_eq!(bench.attach(main, 4, 3), [ack(4, 3)]);
    });
}

#[test]
fn both_sides_of_the_book_s_size() {
    with_world(Setup { attaches: 2, ..SETUP }, |bench| {
        let main = bench.meet_main();
        assert_eq!(bench.attach(main, 1, 1), [ack(1, 1)]);
        assert_eq!(bench.attach(main, 2, 2), [ack(2, 2)]);
        assert_eq!(bench.attach(main, 3, 3), [denied(3, 3)]);
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        bench.heard(main);
        assert_eq!(bench.attach(main, 3, 4), [ack(3, 4)]); // a used key makes way
        for uid in [2u32, 3] {
            let key = bench.accept();
            bench.say(key, &join_of(Uid(uid.into())));
        }
        assert_eq!(bench.uids(), [1, 2, 3]);
    });
}

#[test]
fn a_new_key_voids_the_old_one() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.attach(main, 1, 1);
        let other = HandshakeKey([0xAB; 32]);
        bench.say(main, &AttachUser { handshake_key: other, ..attach_of(Uid(1), 2) });
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        let reason = JoinDenial::WRONG_KEY;
        assert_eq!(
            bench.heard(key),
            [Said::of(&JoinDenied { reason, code: 0, text: Text::EMPTY })]
        );
        let key = bench.accept();
        bench.say(
            key,
            &Join {
                versions: Versions::OURS,
                uid: Uid(1),
                handshake_key: Some(other),
                fingerprint: 0,
            },
        );
        assert!(bench.heard(key)[0].is::<JoinOk>());
    });
}

/// An attach in the slot of one that was forgotten keeps its own time.
#[test]
fn an_attach_has_its_own_time_whoever_had_its_slot_before() {
    with_world(Setup { attaches: 1, ..SETUP }, |bench| {
        let main = bench.meet_main();
        bench.attach(main, 1, 1);
        bench.pass_ms(TTL_MS / 2);
        bench.detach(main, 1);
        bench.attach(main, 2, 2);
        bench.pass_ms(TTL_MS - 1);
        assert!(bench.role().attaches().is_pending(Uid(2)));
        bench.pass_ms(1);
        assert!(!bench.role().attaches().is_pending(Uid(2)));
    });
}

#[test]
fn whoever_is_inside_is_shown_out() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        assert_eq!(bench.detach(main, 1), [reported_left(1)]);
        assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.ended(keys[0]), Some(ErrorCode::REPLACED));
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
    });
}

#[test]
fn whoever_is_expected_is_expected_no_more() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.attach(main, 1, 1);
        assert_eq!(bench.detach(main, 1), [reported_left(1)]);
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        let reason = JoinDenial::NOT_ATTACHED;
        assert_eq!(
            bench.heard(key),
            [Said::of(&JoinDenied { reason, code: 0, text: Text::EMPTY })]
        );
    });
}

#[test]
fn whoever_is_inside_and_expected_again_is_neither_afterwards() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 1);
        bench.attach(main, 1, 2);
        assert_eq!(bench.detach(main, 1), [reported_left(1)]);
        assert!(bench.uids().is_empty() && !bench.role().attaches().is_pending(Uid(1)));
    });
}

#[test]
fn whoever_is_not_known_has_left() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        assert_eq!(bench.detach(main, 9), [reported_left(9)]);
    });
}

#[test]
fn attaches_and_detaches_are_answered_in_their_order() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let input = [
            frame_of(&attach_of(Uid(1), 1)),
            frame_of(&DetachUser { uid: Uid(1), reason: ErrorCode::REPLACED }),
            frame_of(&attach_of(Uid(1), 2)),
        ];
        bench.say_bytes(main, &input.concat());
        assert_eq!(bench.heard(main), [ack(1, 1), reported_left(1), ack(1, 2)]);
    });
}

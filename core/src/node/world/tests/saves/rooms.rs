//! The states of rooms.

use super::*;
use crate::node::Node;
use crate::node::world::saves::RestoreRefusal;

fn state_of(room: u16) -> StoreTask {
    StoreTask::SaveRoom(RoomId(room))
}

fn restore(
    bench: &mut WorldBench<'_, Keeper>,
    room: u16,
    version: u16,
    state: &[u8],
) -> Result<(), RestoreRefusal> {
    let mut buffer = [0; VALUE_BYTES];
    let state = super::state(state);
    buffer[..state.len()].copy_from_slice(&state);
    let found = Found { version, buffer: &mut buffer, bytes: state.len() };
    bench.act(|world, cx| world.restore_room(cx, RoomId(room), found))
}

#[test]
fn a_room_that_has_changed_is_kept_once_an_interval() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, b"one");
        bench.pass_ms(INTERVAL_MS - 1);
        assert_eq!(bench.next_job(), None);
        bench.pass_ms(1);
        let (job, bytes) = bench.next_job().unwrap();
        assert_eq!(
            (job.task, job.version, bytes.as_slice()),
            (state_of(0), VERSION, &state(b"one")[..])
        );
        bench.finish_job(job.key, StoreOutcome::Done);
        // What has not changed is there already; nobody has ever been in the other room.
        bench.set_state(1, b"nobody");
        bench.pass_ms(2 * INTERVAL_MS);
        assert_eq!(bench.next_job(), None);
        bench.set_state(0, &[3; STATE_BYTES]);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.next_job().unwrap().1, state(&[3; STATE_BYTES]));
    });
}

#[test]
fn one_state_of_a_room_is_outside_at_a_time() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, b"one");
        bench.pass_ms(INTERVAL_MS);
        let (outside, _) = bench.next_job().unwrap();
        for state in [b"two", b"six"] {
            bench.set_state(0, state);
            bench.pass_ms(INTERVAL_MS);
            assert_eq!(bench.next_job(), None);
        }
        bench.finish_job(outside.key, StoreOutcome::Done);
        assert_eq!(bench.next_job().unwrap().1, state(b"six"));
    });
}

#[test]
fn a_state_that_is_not_kept_goes_out_with_the_next_round() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, b"one");
        bench.pass_ms(INTERVAL_MS);
        for _ in 0..3 {
            let (job, bytes) = bench.next_job().unwrap();
            assert_eq!(bytes, state(b"one"));
            bench.finish_job(job.key, StoreOutcome::Failed);
            assert_eq!(bench.next_job(), None);
            bench.pass_ms(INTERVAL_MS);
        }
        assert_eq!(bench.do_next(), state_of(0));
    });
}

#[test]
fn what_has_nothing_to_keep_any_more_is_forgotten() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let key = bench.join(main, 1);
        bench.set_state(0, b"one");
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.do_next(), state_of(0));
        bench.say(key, &Leave {});
        bench.pass_ms(INTERVAL_MS);
        let forget = StoreTask::ForgetRoom(RoomId(0));
        let (job, bytes) = bench.next_job().unwrap();
        assert_eq!((job.task, bytes.as_slice()), (forget.clone(), &[][..]));
        bench.finish_job(job.key, StoreOutcome::Failed);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.do_next(), forget);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.next_job(), None);
    });
}

#[test]
fn a_room_that_closes_is_forgotten_at_once() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, b"one");
        bench.pass_ms(INTERVAL_MS);
        // Not yet handed out: then there is nothing to forget.
        bench.act(|world, _| world.rooms.saves.close_room(0));
        assert_eq!(bench.next_job(), None);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.do_next(), state_of(0));
        bench.act(|world, _| world.rooms.saves.close_room(0));
        assert_eq!(bench.do_next(), StoreTask::ForgetRoom(RoomId(0)));
    });
}

#[test]
fn the_last_state_is_that_before_everybody_is_sent_away() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, b"last");
        bench.turn(Node::handle_shutdown);
        // Its game has seen everybody leave meanwhile.
        assert!(bench.role().game(RoomId(0)).unwrap().state.is_empty());
        let (job, bytes) = bench.next_job().unwrap();
        assert_eq!((job.task, bytes.as_slice()), (state_of(0), &state(b"last")[..]));
        assert!(!bench.role().is_all_kept());
        bench.finish_job(job.key, StoreOutcome::Done);
        assert!(bench.role().is_all_kept());
        bench.pass_ms(3 * INTERVAL_MS);
        assert_eq!(bench.next_job(), None);
    });
}

#[test]
fn a_room_goes_on_where_it_was_or_says_why_not() {
    with_keeper(|bench| {
        assert_eq!(restore(bench, 0, VERSION, b"was"), Ok(()));
        assert_eq!(restore(bench, 1, OLD_VERSION, b"old"), Ok(()));
        let now = |bench: &mut WorldBench<'_, Keeper>, room| {
            bench.role().game(RoomId(room)).unwrap().state.clone()
        };
        assert_eq!((now(bench, 0), now(bench, 1)), (b"was".to_vec(), b"oldold".to_vec()));
        for (room, version, kept, refusal) in [
            (2, VERSION, &b"was"[..], RestoreRefusal::NoSuchRoom),
            (0, OLD_VERSION - 1, b"was", RestoreRefusal::Version(OLD_VERSION - 1)),
            (0, VERSION, b"broken", RestoreRefusal::Unreadable),
        ] {
            assert_eq!(restore(bench, room, version, kept), Err(refusal));
        }
        bench.meet_main();
        bench.pass_ms(INTERVAL_MS);
        // Both are kept anew, as this version has them.
        assert_eq!([bench.do_next(), bench.do_next()], [state_of(0), state_of(1)]);
        assert_eq!(bench.next_job(), None);
    });
}

#[test]
fn both_sides_of_a_state_s_length() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.set_state(0, &[1; STATE_BYTES]);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.do_next(), state_of(0));
        // More than there is room for is no state: the last one stays.
        bench.set_state(0, &[1; STATE_BYTES + 1]);
        bench.pass_ms(INTERVAL_MS);
        assert_eq!(bench.next_job(), None);
    });
}

#[test]
fn states_go_before_values_and_every_room_has_its_turn() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        bench.fill(main, u32::from(SETUP.room_capacity) + 1);
        bench.save(0, "k", b"1").unwrap();
        for round in 0..3_u8 {
            bench.set_state(0, &[round + 1]);
            bench.set_state(1, &[round + 1]);
            bench.pass_ms(INTERVAL_MS);
            assert_eq!([bench.do_next(), bench.do_next()], [state_of(0), state_of(1)]);
        }
        assert_eq!(bench.do_next(), save_of("k"));
    });
}

#[test]
fn what_is_no_state_is_refused() {
    with_keeper(|bench| {
        for broken in [&[][..], &[0], &[1, 0], &[1, 0, 7], &[255; VALUE_BYTES]] {
            let mut buffer = broken.to_vec();
            let bytes = buffer.len();
            let found = Found { version: VERSION, buffer: &mut buffer, bytes };
            let restored = bench.act(|world, cx| world.restore_room(cx, RoomId(0), found));
            assert_eq!(restored, Err(RestoreRefusal::Unreadable));
        }
        // More than there is of it.
        let mut buffer = [0; 4];
        let found = Found { version: VERSION, buffer: &mut buffer, bytes: 5 };
        let restored = bench.act(|world, cx| world.restore_room(cx, RoomId(0), found));
        assert_eq!(restored, Err(RestoreRefusal::Unreadable));
    });
}

//! When a room's messages go out, and when input waits for that.

use super::*;
use crate::session::PeerAddress;

#[test]
fn nothing_goes_before_the_interval_and_everything_at_it() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(1, b"first"));
        bench.pass_ms(FLUSH_MS / 2);
        bench.say(keys[0], &step(4));
        bench.say(keys[0], &event(1, b"second"));
        bench.pass_ms(FLUSH_MS / 2 - 1);
        assert_eq!(bench.heard(keys[1]), []);
        bench.pass_ms(1); // the interval counts from the first of them
        let expected = [said_event(1, 1, b"first"), said_event(1, 1, b"second"), moved(1, 4)];
        assert_eq!(bench.heard(keys[1]), expected);
    });
}

#[test]
fn an_idle_room_is_not_flushed() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 2);
        let flushes = bench.role().stats().flushes;
        bench.pass_ms(20 * FLUSH_MS);
        assert_eq!(bench.role().stats().flushes, flushes);
        assert_eq!(bench.role().next_deadline(), None);
    });
}

#[test]
fn without_an_interval_everything_goes_at_once() {
    with_world(Setup { flush_interval_ms: 0, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(4));
        assert_eq!(bench.heard(keys[1]), [moved(1, 4)]);
        bench.say(keys[0], &event(1, b"now"));
        assert_eq!(bench.heard(keys[1]), [said_event(1, 1, b"now")]);
        bench.disconnect(keys[0]);
        assert_eq!(bench.heard(keys[1]), [left(1)]);
    });
}

/// What one read of input brings goes out together, also without an interval.
#[test]
fn moves_are_conflated_also_without_an_interval() {
    with_world(Setup { flush_interval_ms: 0, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say_bytes(keys[0], &[frame_of(&step(1)), frame_of(&step(2))].concat());
        assert_eq!(bench.heard(keys[1]), [moved(1, 2)]);
    });
}

#[test]
fn rooms_do_not_hear_each_other() {
    with_world(Setup { room_capacity: 2, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 4);
        bench.say(keys[0], &event(1, b"upstairs"));
        bench.say(keys[2], &event(1, b"downstairs"));
        bench.say(keys[0], &step(1));
        bench.say(keys[3], &Leave {});
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(keys[1]), [said_event(1, 1, b"upstairs"), moved(1, 1)]);
        assert_eq!(bench.heard(keys[2]), [said_event(1, 1, b"downstairs"), left(2)]);
    });
}

const SMALL_RING: Setup = Setup { ring_bytes: 1_024, ..SETUP };

/// Many times the ring in one read: taken in parts, and nothing is lost or late.
#[test]
fn a_burst_larger_than_the_ring_is_taken_in_parts() {
    with_world(SMALL_RING, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 4);
        let burst: Vec<Vec<u8>> =
            (0..100u8).map(|number| frame_of(&event(1, &[number; 200]))).collect();
        bench.say_silently(keys[0], &burst.concat());
        assert!(bench.unheard_bytes(keys[0]) > 0);
        bench.drive();
        assert_eq!(bench.unheard_bytes(keys[0]), 0);
        bench.pass_ms(FLUSH_MS);
        let expected: Vec<Said> = (0..100u8).map(|n| said_event(1, 1, &[n; 200])).collect();
        for key in &keys {
            assert_eq!(bench.heard(*key), expected);
        }
        let stats = bench.role().stats();
        assert_eq!((stats.events, stats.events_missed), (100, 0));
    });
}

/// The room of one waits with everyone's input, because a read may reach any room.
#[test]
fn a_full_ring_lets_everyone_s_input_wait_until_it_is_flushed() {
    with_world(Setup { room_capacity: 2, ..SMALL_RING }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 4);
        bench.say_silently(keys[0], &frame_of(&event(1, &[1; 200])).repeat(5));
        assert!(bench.role().must_flush_first());
        bench.say_silently(keys[2], &frame_of(&event(1, b"waits")));
        assert!(bench.unheard_bytes(keys[2]) > 0);
        bench.drive();
        assert!(!bench.role().must_flush_first());
        assert_eq!(bench.flush_and_hear(keys[3]), [said_event(1, 1, b"waits")]);
    });
}

/// When more leave in one step than the ring has room for, the rest of the room is told anew.
#[test]
fn when_too_many_leave_at_once_the_others_get_the_room_as_it_is() {
    with_world(Setup { ring_bytes: 512, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 40);
        // Their silence ends in the same moment, but for one.
        bench.pass_ms(BENCH_CONFIG.idle_timeout_ms - 1_000);
        bench.heard(keys[0]);
        bench.say(keys[0], &Pong { nonce: 0 });
        bench.say(main, &Pong { nonce: 0 });
        bench.pass_ms(1_000 + FLUSH_MS);
        assert_eq!(bench.uids(), [1]);
        let heard = bench.heard(keys[0]);
        let snapshot: RoomSnapshot = heard[0].read().expect("the room as it is");
        assert_eq!((snapshot.members.len(), snapshot.missed_events), (0, 0));
        let key = bench.join(main, 50);
        assert!(bench.heard(key)[0].is::<JoinOk>());
    });
}

#[test]
fn strangers_hear_nothing_of_the_rooms() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        let stranger = bench.accept_from(PeerAddress::default()).unwrap();
        bench.say(keys[0], &event(1, b"private"));
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(stranger), []);
    });
}

//! Events: an ordered log that everyone in the room hears, and leaving.

use super::*;
use crate::protocol::EVENT_MAX_BYTES;
use crate::wire::write_frame;

#[test]
fn everyone_hears_an_event_also_its_sender() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.say(keys[0], &event(7, b"hello"));
        bench.pass_ms(FLUSH_MS);
        for key in keys {
            assert_eq!(bench.heard(key), [said_event(1, 7, b"hello")]);
        }
        assert_eq!(bench.role().stats().events, 1);
    });
}

#[test]
fn events_are_never_replaced_and_keep_their_order() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        for number in 0..6 {
            bench.say(keys[usize::from(number % 2)], &event(u16::from(number), &[number]));
        }
        bench.pass_ms(FLUSH_MS);
        let said = |number: u8| said_event(u32::from(number % 2) + 1, number.into(), &[number]);
        let expected: Vec<Said> = (0..6).map(said).collect();
        for key in keys {
            assert_eq!(bench.heard(key), expected);
        }
    });
}

#[test]
fn both_sides_of_an_event_s_length() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        for data in [&[][..], &[3; EVENT_MAX_BYTES]] {
            bench.say(keys[0], &event(1, data));
            assert_eq!(bench.flush_and_hear(keys[1]), [said_event(1, 1, data)]);
        }
        bench.heard(keys[0]);

        let mut long = [0; 300];
        let payload = [&[1, 0x81, 0x02][..], &[3; EVENT_MAX_BYTES + 1]].concat();
        let used = write_frame(&mut long, Event::OPCODE, &payload).unwrap();
        bench.say_bytes(keys[0], &long[..used]);
        let error = Error { code: ErrorCode::MALFORMED, about: Event::OPCODE.0 };
        assert_eq!(bench.heard(keys[0]), [Said::of(&error)]);
        assert_eq!(bench.ended(keys[0]), Some(ErrorCode::MALFORMED));
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
    });
}

#[test]
fn leaving_in_good_order() {
    use crate::protocol::world_to_main;
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &Leave {});
        assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::GOODBYE)]);
        assert_eq!(bench.ended(keys[0]), Some(ErrorCode::GOODBYE));
        assert_eq!(bench.requests(), [Asked::Shutdown(keys[0])]);
        assert_eq!(bench.heard(main), [Said::of(&world_to_main::UserLeft { uid: Uid(1) })]);
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
        assert_eq!((bench.uids(), bench.role().stats().left), (vec![2], 1));
        // Whoever has left is not heard any more.
        bench.say(keys[0], &event(1, b"still here"));
        assert_eq!(bench.flush_and_hear(keys[1]), []);
    });
}

#[test]
fn whoever_breaks_the_protocol_leaves_its_room() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(1, b"last words"));
        bench.say_bytes(keys[0], &[1, 0]);
        let heard = bench.flush_and_hear(keys[1]);
        assert_eq!(heard, [said_event(1, 1, b"last words"), left(1)]);
        assert_eq!((bench.uids(), bench.stats().violations), (vec![2], 1));
    });
}

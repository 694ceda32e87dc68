//! Leaving while others have moves or cut frames on their way.

use super::view::View;
use super::*;

/// A member whose transport is full has moved; somebody else who has moved too leaves, and before
/// the flush the transport takes bytes again: it gets what was published, and later the rest, once.
#[test]
fn a_leaving_between_two_flushes_tears_nobody_s_stream() {
    for cut in 0..120 {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 3);
            let mut view = View::of(1, number(1));
            view.hear_all(&said_in(bench.stream(keys[0])).0);
            bench.limit(keys[0], cut);
            for round in 0..2 {
                bench.say(keys[1], &step(round));
                bench.say(keys[2], &event(1, &[3; 20]));
                bench.pass_ms(FLUSH_MS);
            }
            bench.say(keys[0], &step(5));
            bench.say(keys[2], &step(6));
            bench.disconnect(keys[2]);
            bench.unblock(keys[0], usize::MAX);
            bench.pass_ms(FLUSH_MS);
            let heard = bench.heard(keys[0]);
            view.hear_all(&heard);
            let own = heard.iter().filter_map(Said::read::<MoveBroadcast>);
            assert_eq!(own.filter(|moved| moved.number == number(1)).count(), 0);
            assert_eq!((view.events, view.missed), (2, 0));
            view.check(bench);
        });
    }
}

/// The last frame before the ring is full came in two pieces: its buffer does not wait for the flush.
#[test]
fn a_frame_that_fills_the_ring_gives_its_buffer_back() {
    let setup = Setup { ring_bytes: ring_min_bytes(2), room_capacity: 2, ..SETUP };
    with_world(setup, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        let long = frame_of(&event(1, &[7; 256]));
        let mut sent = 0;
        while bench.unheard_bytes(keys[0]) == 0 && sent < 20 {
            let (beginning, end) = long.split_at(9);
            bench.say_silently(keys[0], beginning);
            bench.say_silently(keys[0], end);
            if bench.unheard_bytes(keys[0]) == 0 {
                assert_eq!(bench.node.receive_buffers_in_use(), 0, "behind {sent} events");
            }
            sent += 1;
        }
        assert!(sent > 1 && bench.unheard_bytes(keys[0]) > 0, "the ring is never full");
    });
}

//! Members who fall behind: the ring goes over them, and a snapshot brings them back.

use super::view::View;
use super::*;
use crate::wire::framing::MESSAGE_EXTRA_BYTES;

const SMALL_RING: Setup = Setup { ring_bytes: 1_024, ..SETUP };
const EVENTS: u32 = 30;

/// `EVENTS` events over as many flushes, with everyone moving meanwhile.
fn talk(bench: &mut WorldBench<'_, Relay>, keys: &[SessionKey]) {
    for number in 0..EVENTS {
        bench.say(keys[0], &event(number as u16, &[number as u8; 90]));
        for key in keys {
            bench.say(*key, &step(number as i32 * 1_000));
        }
        bench.pass_ms(FLUSH_MS);
    }
}

/// The kinds of the events in `heard`, which `talk` has numbered.
fn numbers_in(heard: &[Said]) -> Vec<u16> {
    let events = heard.iter().filter_map(Said::read::<EventBroadcast<'_>>);
    events.map(|event| event.kind).collect()
}

#[test]
fn a_member_that_reads_nothing_gets_the_room_as_it_is_and_what_it_has_missed() {
    with_world(SMALL_RING, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.limit(keys[2], 0);
        talk(bench, &keys);
        bench.unblock(keys[2], usize::MAX);
        let heard = bench.heard(keys[2]);
        let snapshot: RoomSnapshot = heard[0].read().expect("a snapshot first");
        assert_eq!((heard.len(), snapshot.missed_events), (1, EVENTS));
        assert_eq!(snapshot.members.len(), 2);
        let stats = bench.role().stats();
        assert_eq!((stats.snapshots, stats.events_missed), (3 + 1, u64::from(EVENTS)));

        bench.say(keys[0], &event(77, b"goes on"));
        assert_eq!(bench.flush_and_hear(keys[2]), [said_event(1, 77, b"goes on")]);
        // The other one has lost nothing.
        let expected: Vec<u16> = (0..EVENTS as u16).chain([77]).collect();
        assert_eq!(numbers_in(&bench.heard(keys[1])), expected);
    });
}

/// A node with small buffers says the same in more pages.
#[test]
fn a_page_has_as_many_members_as_a_buffer_has_room_for() {
    for (stream_bytes, on_page) in [(75, 1), (76, 2), (481, 15), (482, 16), (512, 16)] {
        // Where a peer may be a WebSocket, the longer prefix has to fit as well.
        let send_buffer_bytes = (stream_bytes + MESSAGE_EXTRA_BYTES).min(512);
        let sizes = Sizes { send_buffer_bytes, ..SETUP.sizes };
        with_world(Setup { sizes, ..SETUP }, |bench| {
            let main = bench.meet_main();
            bench.fill(main, 20);
            let newcomer = bench.join(main, 21);
            let heard = bench.heard(newcomer);
            let pages: Vec<usize> = heard
                .iter()
                .filter_map(Said::read::<RoomSnapshot>)
                .map(|page| page.members.len())
                .collect();
            assert_eq!(pages[0], on_page, "{pages:?}");
            assert_eq!(
                (pages.iter().sum::<usize>(), pages.len()),
                (20, 20_usize.div_ceil(on_page))
            );
        });
    }
}

/// Wherever its transport stops: the rest of a cut frame comes first, then the snapshot, and what it
/// has heard and missed is exactly what was said.
#[test]
fn a_member_that_stops_anywhere_misses_exactly_what_it_is_told() {
    for room in 0..1_400 {
        with_world(SMALL_RING, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 3);
            let mut view = View::of(3, number(3));
            let joined = said_in(bench.stream(keys[2])).0;
            view.hear_all(&joined);
            bench.limit(keys[2], room);
            talk(bench, &keys);
            bench.unblock(keys[2], usize::MAX);
            let heard = bench.heard(keys[2]);
            view.hear_all(&heard);
            bench.say(keys[0], &event(77, b"goes on"));
            view.hear_all(&bench.flush_and_hear(keys[2]));
            assert_eq!((view.events, view.snapshots), (EVENTS + 1, 2), "stopped at {room}");
            assert!(view.missed > 0);
            view.check(bench);
            let numbers = numbers_in(&heard);
            let expected: Vec<u16> = (0..numbers.len() as u16).collect();
            assert_eq!(numbers, expected); // the missed ones are those behind
        });
    }
}

#[test]
fn a_member_that_reads_a_little_at_a_time_is_brought_back_again_and_again() {
    with_world(SMALL_RING, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        let mut view = View::of(3, number(3));
        let joined = said_in(bench.stream(keys[2])).0;
        view.hear_all(&joined);
        bench.limit(keys[2], 0);
        for _ in 0..4 {
            talk(bench, &keys);
            bench.unblock(keys[2], 33);
        }
        bench.unblock(keys[2], usize::MAX);
        view.hear_all(&bench.heard(keys[2]));
        assert_eq!(view.events, 4 * EVENTS);
        assert!(view.snapshots > 2);
        view.check(bench);
    });
}

/// A world with few send buffers, a stranger who can hold them, and a member that is behind.
fn with_few_buffers(test: impl FnOnce(&mut WorldBench<'_, Relay>, SessionKey, &[SessionKey])) {
    let sizes = Sizes { send_buffers: 4, ..Sizes::ALL };
    let net = NetConfig { send_buffers_per_session: 4, packet_burst: 2_000, ..BENCH_CONFIG };
    with_world(Setup { sizes, net, ..SMALL_RING }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.limit(keys[2], 0);
        talk(bench, &keys);
        let hog = bench.accept();
        bench.limit(hog, 0);
        bench.act(|_, cx| while cx.sessions.send(hog, &Ping { nonce: u32::MAX }).is_ok() {});
        assert_eq!(bench.node.sessions().buffers_available(), 0);
        test(bench, hog, &keys);
    });
}

#[test]
fn a_snapshot_waits_until_there_are_buffers() {
    with_few_buffers(|bench, hog, keys| {
        bench.unblock(keys[2], usize::MAX);
        bench.pass_ms(10 * FLUSH_MS);
        assert_eq!(bench.heard(keys[2]), []);
        bench.unblock(hog, usize::MAX);
        bench.pass_ms(FLUSH_MS);
        let heard = bench.heard(keys[2]);
        let snapshot: RoomSnapshot = heard[0].read().expect("a snapshot first");
        assert_eq!((heard.len(), snapshot.missed_events), (1, EVENTS));
    });
}

/// What is said while the snapshot waits is in it, or announced.
#[test]
fn a_snapshot_that_waited_is_of_the_time_when_it_goes() {
    with_few_buffers(|bench, hog, keys| {
        bench.unblock(keys[2], usize::MAX);
        bench.say(keys[0], &event(1, b"missed too"));
        bench.say(keys[0], &step(-5));
        bench.pass_ms(3 * FLUSH_MS);
        bench.unblock(hog, usize::MAX);
        bench.pass_ms(FLUSH_MS);
        let snapshot: RoomSnapshot = bench.heard(keys[2])[0].read().expect("a snapshot first");
        assert_eq!(snapshot.missed_events, EVENTS + 1);
        let mover = snapshot.members.iter().find(|member| member.uid == Uid(1));
        assert_eq!(mover.map(|mover| mover.pos), Some(at(-5)));
    });
}

/// A newcomer whose pages do not all fit waits for them with its welcome.
#[test]
fn a_newcomer_s_snapshot_waits_as_a_whole() {
    let sizes = Sizes { send_buffers: 2, ..Sizes::ALL };
    with_world(Setup { sizes, ..SETUP }, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 20);
        bench.limit(main, 0);
        let key = bench.join(main, 50); // Main's acknowledgement holds one buffer of two
        let heard = bench.heard(key);
        assert!(heard.len() == 1 && heard[0].is::<JoinOk>());
        bench.pass_ms(3 * FLUSH_MS);
        assert_eq!(bench.heard(key), []);
        bench.unblock(main, usize::MAX);
        let mut view = View::of(50, number(21));
        view.hear_all(&bench.flush_and_hear(key));
        assert_eq!((view.snapshots, view.missed), (1, 0));
        view.check(bench);
    });
}

//! A transport may be full at any byte: the peer's stream is the same, wherever it is cut.

use super::*;

const OTHERS: u32 = 17;

/// A member whose transport is full from the start, and everything that a stream can consist of:
/// private packets, two pages of a snapshot, moves of others with gaps for its own, events, an entry,
/// a leaving. `lead_events` shift all of it in the ring, which wraps in between for some of them.
fn with_stream(
    lead_events: usize,
    write: impl Fn(&mut WorldBench<'_, Relay>, SessionKey),
    check: impl Fn(&[u8], Vec<Said>),
) {
    with_world(Setup { ring_bytes: 2_048, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, OTHERS);
        for _ in 0..lead_events {
            bench.say(keys[0], &event(1, &[1; 250]));
            bench.pass_ms(FLUSH_MS);
        }
        bench.say(main, &attach_of(Uid(99), 1));
        let key = bench.accept();
        bench.limit(key, 0);
        bench.say(key, &join_of(Uid(99)));
        bench.say(key, &Ping { nonce: 5 });
        for round in 0..4 {
            bench.say(keys[1], &step(round));
            bench.say(key, &step(round * 1_000_000));
            bench.say(keys[2], &step(-round * 70_000));
            bench.say(keys[0], &event(round as u16, &[9; 40]));
            bench.pass_ms(FLUSH_MS);
        }
        bench.say(key, &event(9, b"own events come back"));
        bench.disconnect(keys[3]);
        bench.join(main, 98);
        bench.pass_ms(FLUSH_MS);
        write(bench, key);
        let said = bench.heard(key);
        check(bench.stream(key), said);
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
        assert_eq!(bench.stats().overflows, 0);
    });
}

fn reference(lead_events: usize) -> Vec<u8> {
    let stream = core::cell::RefCell::new(Vec::new());
    let write = |bench: &mut WorldBench<'_, Relay>, key| bench.unblock(key, usize::MAX);
    with_stream(lead_events, write, |bytes, said| {
        stream.replace(bytes.to_vec());
        check_content(&said);
    });
    stream.into_inner()
}

fn check_content(said: &[Said]) {
    assert!(said[0].is::<JoinOk>());
    assert!(said[1].is::<RoomSnapshot>() && said[2].is::<RoomSnapshot>());
    assert_eq!(said[3], Said::of(&Pong { nonce: 5 }));
    let round = |round: i32| {
        let third = said_event(1, round as u16, &[9; 40]);
        [third, moved(3, -round * 70_000), moved(2, round)]
    };
    let rounds: Vec<Said> = (0..4).flat_map(round).collect();
    assert_eq!(said[4..16], rounds);
    let newcomer = UserEntered { member: numbered(19, 98) };
    let last = [said_event(18, 9, b"own events come back"), left(4), Said::of(&newcomer)];
    assert_eq!(said[16..], last);
}

#[test]
fn the_stream_is_the_same_wherever_it_is_cut() {
    for lead_events in 0..6 {
        let expected = reference(lead_events);
        for cut in 0..=expected.len() {
            let write = |bench: &mut WorldBench<'_, Relay>, key| {
                bench.unblock(key, cut);
                bench.unblock(key, usize::MAX);
            };
            with_stream(lead_events, write, |bytes, _| {
                assert!(bytes == expected, "cut at {cut}, {lead_events} events ahead");
            });
        }
    }
}

#[test]
fn the_stream_is_the_same_in_small_pieces() {
    let expected = reference(3);
    for piece_bytes in 1..64 {
        let write = |bench: &mut WorldBench<'_, Relay>, key| {
            for _ in 0..=expected.len() / piece_bytes {
                bench.unblock(key, piece_bytes);
            }
        };
        with_stream(3, write, |bytes, _| {
            assert!(bytes == expected, "in pieces of {piece_bytes}");
        });
    }
}

/// A cut may be followed by new messages before the transport takes more: nothing is lost, doubled
/// or torn, and the view of the room stays exact.
#[test]
fn a_stream_that_is_cut_while_the_room_goes_on_stays_whole() {
    use super::view::View;
    for cut in 0..400 {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 3);
            let mut view = View::of(1, number(1));
            view.hear_all(&said_in(bench.stream(keys[0])).0);
            bench.limit(keys[0], cut);
            for round in 0..6 {
                for key in &keys {
                    bench.say(*key, &step(round * 100));
                }
                bench.say(keys[1], &event(1, &[2; 20]));
                bench.say(keys[0], &Ping { nonce: 1 });
                bench.pass_ms(FLUSH_MS);
                bench.unblock(keys[0], cut / 3);
            }
            bench.unblock(keys[0], usize::MAX);
            view.hear_all(&bench.heard(keys[0]));
            assert_eq!((view.events, view.missed, view.snapshots), (6, 0, 1));
            view.check(bench);
        });
    }
}

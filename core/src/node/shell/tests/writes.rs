//! What goes out when transports take only a part.

use std::vec::Vec;

use super::*;
use crate::node::testing::stream_of;

/// Private packets of different lengths, over more buffers than one transmission shows.
fn queue_packets(bench: &mut Bench<'_, Recorder>, key: SessionKey) -> Vec<Said> {
    let packets: Vec<Ping> = (0..30).map(|n| Ping { nonce: 1 << (n % 32) }).collect();
    bench.turn(|node, turn| {
        node.act(turn, |_, cx| {
            for ping in &packets {
                assert_eq!(cx.sessions.send(key, ping), Ok(()));
            }
        });
    });
    packets.iter().map(Said::of).collect()
}

fn with_packets(test: impl Fn(&mut Bench<'_, Recorder>, SessionKey, &[u8])) {
    let sizes = Sizes { send_buffer_bytes: 64, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, Recorder::trusting(Trust::Client), |bench| {
        let key = bench.accept();
        let packets = queue_packets(bench, key);
        test(bench, key, &stream_of(&packets));
        assert_eq!(bench.stream(key), stream_of(&packets));
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
        assert_eq!(bench.stats().bytes_sent, bench.stream(key).len() as u64);
    });
}

fn packets_bytes() -> usize {
    let bytes = core::cell::Cell::new(0);
    with_packets(|bench, _, stream| {
        bytes.set(stream.len());
        bench.drive();
    });
    bytes.get()
}

#[test]
fn private_packets_survive_every_two_cuts() {
    let bytes = packets_bytes();
    for first in 0..=bytes {
        for second in (0..=bytes - first).step_by(7) {
            with_packets(|bench, key, _| {
                bench.limit(key, first);
                bench.drive();
                bench.unblock(key, second);
                bench.unblock(key, usize::MAX);
            });
        }
    }
}

#[test]
fn a_transport_may_take_one_byte_at_a_time() {
    let bytes = packets_bytes();
    with_packets(|bench, key, stream| {
        bench.limit(key, 0);
        bench.drive();
        for taken in 0..bytes {
            assert_eq!(bench.stream(key), &stream[..taken]);
            bench.unblock(key, 1);
        }
    });
}

#[test]
fn a_full_transport_is_offered_nothing_until_it_is_writable() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.limit(key, 4);
        bench.say(key, &Ping { nonce: 1 });
        assert_eq!(bench.stream(key).len(), 4);
        bench.limit(key, usize::MAX);
        bench.say(key, &Ping { nonce: 2 });
        assert_eq!(bench.stream(key).len(), 4); // the driver has not said that it takes more
        bench.node.handle_writable(key);
        bench.drive();
        let pongs = [Said::of(&Pong { nonce: 1 }), Said::of(&Pong { nonce: 2 })];
        assert_eq!(bench.heard(key), pongs);
    });
}

#[test]
fn a_transport_that_takes_exactly_what_is_offered_is_not_full() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.limit(key, frame_of(&Pong { nonce: 1 }).len());
        bench.say(key, &Ping { nonce: 1 });
        bench.limit(key, usize::MAX);
        bench.say(key, &Ping { nonce: 2 });
        assert_eq!(bench.heard(key).len(), 2);
    });
}

#[test]
fn writable_without_being_full_changes_nothing() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.node.handle_writable(key);
        assert!(bench.node.poll_transmit(bench.now).is_none());
        bench.say(key, &Ping { nonce: 1 });
        assert_eq!(bench.heard(key), [Said::of(&Pong { nonce: 1 })]);
    });
}

#[test]
fn one_full_transport_does_not_hold_up_the_others() {
    with_clients(|bench| {
        let (slow, quick) = (bench.accept(), bench.accept());
        bench.limit(slow, 0);
        for nonce in 0..5 {
            bench.say(slow, &Ping { nonce });
            bench.say(quick, &Ping { nonce });
        }
        assert_eq!((bench.heard(slow).len(), bench.heard(quick).len()), (0, 5));
        bench.unblock(slow, usize::MAX);
        assert_eq!(bench.heard(slow).len(), 5);
    });
}

/// A driver whose write fails drops the transport instead of saying how much went.
#[test]
fn a_transmission_may_stay_unanswered() {
    with_clients(|bench| {
        let (broken, other) = (bench.accept(), bench.accept());
        for key in [broken, other] {
            bench.say_silently(key, &frame_of(&Ping { nonce: 1 }));
        }
        let transmit = bench.node.poll_transmit(bench.now).map(|transmit| transmit.key());
        assert_eq!(transmit, Some(broken));
        bench.turn(|node, turn| node.handle_disconnected(turn, broken));
        bench.node.handle_transmitted(bench.now, 0);
        bench.drive();
        assert_eq!(bench.heard(other), [Said::of(&Pong { nonce: 1 })]);
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
    });
}

//! How sessions end: what the peer gets, what the driver is asked for, and what the role is told.

use std::vec;
use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::Node;
use crate::node::testing::{Said, Seen, frame_of};
use crate::protocol::either_way::{Bye, Error, Ping};
use crate::timer::TICK_MS;

const GOODBYE: Farewell = Farewell::Bye(ErrorCode::GOODBYE);

#[test]
fn the_peer_gets_the_last_packet_before_the_connection_is_shut() {
    let bye = Said::of(&Bye { reason: ErrorCode::GOODBYE });
    let error = Said::of(&Error { code: ErrorCode::MALFORMED, about: 0x1234 });
    let cases = [
        (GOODBYE, vec![bye]),
        (Farewell::Error { code: ErrorCode::MALFORMED, about: 0x1234 }, vec![error]),
        (Farewell::Nothing(ErrorCode::MALFORMED), vec![]),
    ];
    for (farewell, expected) in cases {
        with_sessions(|bench| {
            let key = bench.accept_proven(Trust::Client);
            bench.act(|_, cx| cx.sessions.send(key, &Ping { nonce: 3 })).unwrap();
            bench.close(key, farewell);
            let heard = bench.heard(key);
            assert_eq!(heard, [vec![Said::of(&Ping { nonce: 3 })], expected].concat());
            assert_eq!(bench.requests(), [Asked::Shutdown(key)]);
            assert_eq!(bench.state(key), Some(SessionState::Lingering));
            assert_eq!(bench.ended(key), Some(farewell.code()));
        });
    }
}

#[test]
fn a_shut_waits_for_a_transport_that_is_full() {
    with_sessions(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.limit(key, 3);
        bench.close(key, GOODBYE);
        assert_eq!((bench.state(key), bench.requests()), (Some(SessionState::Draining), vec![]));
        bench.unblock(key, 3);
        assert_eq!((bench.state(key), bench.requests()), (Some(SessionState::Draining), vec![]));
        bench.unblock(key, usize::MAX);
        assert_eq!(bench.heard(key), [Said::of(&Bye { reason: ErrorCode::GOODBYE })]);
        assert_eq!(bench.requests(), [Asked::Shutdown(key)]);
        bench.disconnect(key);
        assert_eq!((bench.state(key), bench.requests()), (None, vec![]));
    });
}

#[test]
fn what_a_closing_peer_says_is_discarded_and_holds_no_buffer() {
    for state in [SessionState::Draining, SessionState::Lingering] {
        with_sessions(|bench| {
            let key = bench.session_in(state);
            let (seen, frames) = (bench.role().seen.clone(), bench.stats().frames_received);
            let ping = frame_of(&Ping { nonce: 1 });
            bench.say_bytes(key, &ping);
            bench.say_bytes(key, &ping[..3]);
            bench.say_bytes(key, &[1, 0]); // a length that no frame has
            assert_eq!((bench.unheard_bytes(key), bench.node.receive_buffers_in_use()), (0, 0));
            assert_eq!((bench.role().seen.clone(), bench.heard(key)), (seen, vec![]));
            let stats = bench.stats();
            assert_eq!((stats.frames_received, stats.violations), (frames, 0));
        });
    }
}

#[test]
fn a_partial_frame_goes_when_its_session_closes() {
    with_sessions(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.say_bytes(key, &[9, 0, 1]);
        assert_eq!(bench.node.receive_buffers_in_use(), 1);
        bench.close(key, GOODBYE);
        bench.say_bytes(key, &[1]);
        assert_eq!(bench.node.receive_buffers_in_use(), 0);

        let dropped = bench.accept_proven(Trust::Client);
        bench.say_bytes(dropped, &[9, 0, 1]);
        bench.disconnect(dropped);
        assert_eq!(bench.node.receive_buffers_in_use(), 0);

        let expired = bench.accept_proven(Trust::Client);
        bench.say_bytes(expired, &[9, 0, 1]);
        bench.close(expired, GOODBYE);
        bench.pass_ms(2 * (BENCH_CONFIG.drain_timeout_ms + TICK_MS));
        assert_eq!(bench.node.receive_buffers_in_use(), 0);
    });
}

/// Where `close` leads from every state, and whether the role is told.
#[test]
fn closing_in_every_state() {
    use SessionState as S;
    let table = [
        (S::Connecting, None, 1, vec![]),
        (S::Greeting, Some(S::Lingering), 1, vec![Said::of(&Bye { reason: ErrorCode::REPLACED })]),
        (S::Ready, Some(S::Lingering), 1, vec![Said::of(&Bye { reason: ErrorCode::REPLACED })]),
        (S::Draining, Some(S::Draining), 0, vec![]),
        (S::Lingering, Some(S::Lingering), 0, vec![]),
        (S::Gone, None, 0, vec![]),
    ];
    for (state, after, told, heard) in table {
        with_sessions(|bench| {
            let key = bench.session_in(state);
            let before = bench.stats().closed;
            bench.close(key, Farewell::Bye(ErrorCode::REPLACED));
            assert_eq!((bench.state(key), bench.stats().closed - before), (after, told));
            assert_eq!(bench.node.role().ended.len(), 1, "{state:?}");
            if !matches!(state, S::Connecting | S::Gone) {
                assert_eq!(bench.heard(key), heard);
            }
            let asked_to_drop = bench.requests().contains(&Asked::Drop(key));
            assert_eq!(asked_to_drop, after.is_none());
        });
    }
}

#[test]
fn the_transport_may_end_in_every_state() {
    for state in SessionState::ALL {
        with_sessions(|bench| {
            let key = bench.session_in(state);
            bench.disconnect(key);
            assert_eq!((bench.state(key), bench.requests()), (None, vec![]));
            // Who was closed before has ended for that reason.
            let is_closing = !state.is_open() && state != SessionState::Connecting;
            let reason = if is_closing { ErrorCode::GOODBYE } else { ErrorCode::LOST };
            assert_eq!(bench.ended(key), Some(reason));
            assert_eq!(bench.stats().closed, 1);
        });
    }
}

#[test]
fn a_violation_counts_once_and_only_while_the_session_is_open() {
    for state in SessionState::ALL {
        with_sessions(|bench| {
            let key = bench.session_in(state);
            for _ in 0..2 {
                bench.act(|_, cx| {
                    cx.sessions.violation(cx.now, key, ErrorCode::OUT_OF_PLACE, 1);
                });
            }
            assert_eq!(bench.stats().violations, u32::from(state.is_open()));
        });
    }
}

/// A way to end, the reason that the role is told, and a look at the counter that goes with it.
type Way = (fn(&mut Bench<'_, Recorder>) -> SessionKey, ErrorCode, fn(&Bench<'_, Recorder>) -> u32);

#[test]
fn the_role_is_told_once_whichever_way_a_session_ends() {
    let ways: Vec<Way> = vec![
        (peer_hangs_up, ErrorCode::LOST, |bench| bench.stats().closed),
        (peer_says_bye, ErrorCode::REPLACED, |bench| bench.stats().closed),
        (|bench| peer_says(bench, &[3, 0]), ErrorCode::BAD_FRAME, violations),
        (|bench| peer_says(bench, &[0xFF, 0xFF]), ErrorCode::BAD_FRAME, violations),
        (|bench| peer_says(bench, &[4, 0, 2, 0x70, 0, 0]), ErrorCode::MALFORMED, violations),
        (peer_floods, ErrorCode::TOO_FAST, |bench| bench.stats().floods),
        (peer_never_greets, ErrorCode::GREETING_TIMEOUT, |bench| bench.stats().silent),
        (peer_falls_silent, ErrorCode::SILENT, |bench| bench.stats().silent),
        (peer_never_reads, ErrorCode::TOO_SLOW, |bench| bench.stats().overflows),
        (we_close, ErrorCode::REMOVED, |bench| bench.stats().closed),
        (we_shut_down, ErrorCode::SHUTTING_DOWN, |bench| bench.stats().closed),
        (connect_fails, ErrorCode::UNREACHABLE, |bench| bench.stats().closed),
        (connect_times_out, ErrorCode::UNREACHABLE, |bench| bench.stats().silent),
        (connect_is_given_up, ErrorCode::REMOVED, |bench| bench.stats().closed),
    ];
    for (number, (end, reason, counter)) in ways.into_iter().enumerate() {
        with_sessions(|bench| {
            let key = end(bench);
            bench.pass_ms(3 * BENCH_CONFIG.drain_timeout_ms);
            assert_eq!(bench.ended(key), Some(reason), "way {number}");
            assert_eq!(bench.node.role().ended.len(), 1, "way {number}");
            assert_eq!((bench.state(key), counter(bench)), (None, 1), "way {number}");
        });
    }
}

fn violations(bench: &Bench<'_, Recorder>) -> u32 {
    bench.stats().violations
}

fn peer_hangs_up(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.disconnect(key);
    key
}

fn peer_says_bye(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    peer_says(bench, &frame_of(&Bye { reason: ErrorCode::REPLACED }))
}

fn peer_says(bench: &mut Bench<'_, Recorder>, bytes: &[u8]) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.say_bytes(key, bytes);
    key
}

fn peer_floods(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let frame = frame_of(&crate::protocol::either_way::Pong { nonce: 0 });
    let frames = usize::from(BENCH_CONFIG.packet_burst) + 20;
    peer_says(bench, &frame.repeat(frames))
}

fn peer_never_greets(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept();
    bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
    key
}

fn peer_falls_silent(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.pass_ms(BENCH_CONFIG.idle_timeout_ms);
    key
}

fn peer_never_reads(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.limit(key, 0);
    bench.act(|_, cx| {
        for nonce in 0..1_000 {
            cx.sessions.send_or_close(cx.now, key, &Ping { nonce });
        }
    });
    key
}

fn we_close(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.close(key, Farewell::Bye(ErrorCode::REMOVED));
    key
}

fn we_shut_down(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_proven(Trust::Client);
    bench.turn(Node::handle_shutdown);
    key
}

fn connect_fails(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.dial();
    bench.connect_failed(key);
    key
}

fn connect_times_out(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.dial();
    bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
    key
}

fn connect_is_given_up(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.dial();
    bench.close(key, Farewell::Bye(ErrorCode::REMOVED));
    key
}

/// The driver has nothing to let go of, if a session is given up before it was asked to connect it.
#[test]
fn a_connection_that_was_never_asked_for_is_gone_at_once() {
    with_sessions(|bench| {
        let key = bench.turn(|node, turn| {
            node.act(turn, |_, cx| {
                let key = cx.sessions.connect(cx.now, LinkTag::default()).unwrap();
                cx.sessions.close(cx.now, key, GOODBYE);
                key
            })
        });
        bench.drive();
        assert_eq!((bench.state(key), bench.requests()), (None, vec![]));
        assert_eq!(bench.ended(key), Some(ErrorCode::GOODBYE));
    });
}

/// The slot of a session whose request was not done yet asks for the next one's.
#[test]
fn requests_never_reach_the_next_session_in_a_slot() {
    let sizes = Sizes { sessions: 1, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, Recorder::default(), |bench| {
        let first = bench.session_in(SessionState::Gone);
        bench.turn(|node, turn| node.handle_disconnected(turn, first));
        let second = bench.accept();
        assert_eq!((first.index(), bench.requests()), (second.index(), vec![]));
        assert_eq!(bench.role().seen, [Seen::Accepted(second)]);
    });
}

#[test]
fn a_farewell_that_finds_no_place_is_left_out() {
    let sizes = Sizes { send_buffer_bytes: 12, ..Sizes::ALL };
    let config = NetConfig { send_buffers_per_session: 1, ..BENCH_CONFIG };
    with_recorder(sizes, config, Recorder::default(), |bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.limit(key, 0);
        bench.act(|_, cx| cx.sessions.send(key, &Ping { nonce: 1 })).unwrap();
        bench.close(key, GOODBYE);
        bench.unblock(key, usize::MAX);
        assert_eq!(bench.heard(key), [Said::of(&Ping { nonce: 1 })]);
        assert_eq!(bench.requests(), [Asked::Shutdown(key)]);
    });
}

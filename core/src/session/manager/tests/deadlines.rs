//! What time does to sessions, just before and just at each deadline.

use std::vec;

use super::*;
use crate::config::NetConfig;
use crate::node::testing::{Said, frame_of};
use crate::protocol::either_way::{Bye, Error, Ping, Pong};
use crate::timer::TICK_MS;

const GREETING_MS: u32 = BENCH_CONFIG.greeting_timeout_ms;
const PING_MS: u32 = BENCH_CONFIG.ping_interval_ms;
const IDLE_MS: u32 = BENCH_CONFIG.idle_timeout_ms;

fn bye(reason: ErrorCode) -> Said {
    Said::of(&Bye { reason })
}

#[test]
fn both_sides_of_the_greeting_timeout() {
    with_sessions(|bench| {
        let key = bench.accept();
        bench.pass_ms(GREETING_MS - 1);
        assert_eq!(bench.state(key), Some(SessionState::Greeting));
        assert_eq!(bench.heard(key), []);
        bench.pass_ms(1);
        assert_eq!(bench.heard(key), [bye(ErrorCode::GREETING_TIMEOUT)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
        assert_eq!(bench.stats().silent, 1);
    });
}

#[test]
fn talking_does_not_replace_a_greeting() {
    with_sessions(|bench| {
        let key = bench.accept();
        for _ in 0..4 {
            bench.pass_ms(GREETING_MS / 4);
            bench.say(key, &Pong { nonce: 1 });
        }
        assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
    });
}

#[test]
fn whoever_proves_itself_in_time_stays() {
    with_sessions(|bench| {
        let key = bench.accept();
        bench.pass_ms(GREETING_MS - 1);
        bench.prove(key, Trust::Client);
        bench.pass_ms(2);
        assert_eq!(bench.state(key), Some(SessionState::Ready));
        assert_eq!(bench.stats().silent, 0);
    });
}

#[test]
fn a_timeout_lasts_at_least_its_time_and_at_most_a_tick_more() {
    for greeting_timeout_ms in 90..90 + 2 * TICK_MS {
        for start_ms in [0, 1, TICK_MS - 1] {
            let config = NetConfig { greeting_timeout_ms, ..BENCH_CONFIG };
            with_recorder(Sizes::ALL, config, Recorder::default(), |bench| {
                bench.pass_ms(start_ms);
                let key = bench.accept();
                bench.pass_ms(greeting_timeout_ms - 1);
                assert_eq!(bench.ended(key), None);
                bench.pass_ms(TICK_MS);
                assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
            });
        }
    }
}

#[test]
fn a_silent_peer_is_asked_once_and_then_closed() {
    with_sessions(|bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.pass_ms(PING_MS - 1);
        assert_eq!(bench.heard(key), []);
        bench.pass_ms(1);
        let heard = bench.heard(key);
        assert_eq!(heard, [Said::of(&Ping { nonce: bench.now.millis() as u32 })]);
        bench.pass_ms(IDLE_MS - PING_MS - 1);
        assert_eq!(bench.heard(key), []);
        assert_eq!(bench.state(key), Some(SessionState::Ready));
        bench.pass_ms(1);
        assert_eq!(bench.heard(key), [bye(ErrorCode::SILENT)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::SILENT));
        assert_eq!(bench.stats().silent, 1);
    });
}

/// A device that slept, or a process that was stopped: the silence was its own.
#[test]
fn a_node_that_has_stood_still_asks_before_it_closes() {
    with_sessions(|bench| {
        let answering = bench.accept_proven(Trust::Client);
        let silent = bench.accept_proven(Trust::Client);
        bench.now = bench.now.after_ms(3 * IDLE_MS);
        bench.drive();
        for key in [answering, silent] {
            assert!(matches!(&bench.heard(key)[..], [question] if question.is::<Ping>()));
            assert_eq!(bench.state(key), Some(SessionState::Ready));
        }
        bench.pass_ms(IDLE_MS - PING_MS - 2 * TICK_MS);
        bench.say(answering, &Pong { nonce: 0 });
        assert_eq!(bench.ended(silent), None);
        bench.pass_ms(2 * TICK_MS);
        assert_eq!(bench.ended(silent), Some(ErrorCode::SILENT));
        assert_eq!(bench.state(answering), Some(SessionState::Ready));
    });
}

/// Every answer starts the silence anew: the next question comes one interval after it.
#[test]
fn a_peer_that_answers_is_asked_again_after_the_interval() {
    with_sessions(|bench| {
        let key = bench.accept_proven(Trust::Client);
        for _ in 0..5 {
            bench.pass_ms(PING_MS - 1);
            assert_eq!(bench.heard(key), []);
            bench.pass_ms(1);
            assert!(matches!(&bench.heard(key)[..], [question] if question.is::<Ping>()));
            bench.pass_ms(5 * TICK_MS);
            bench.say(key, &Pong { nonce: 0 });
        }
        assert_eq!(bench.state(key), Some(SessionState::Ready));
    });
}

#[test]
fn any_frame_is_an_answer() {
    let pong = frame_of(&Pong { nonce: 0 });
    let unknown = [4, 0, 0x03, 0x70, 0, 0];
    let told = Error { code: ErrorCode::NOT_UNDERSTOOD, about: 0x7003 };
    for (frame, answers) in [(&pong[..], vec![]), (&unknown[..], vec![Said::of(&told); 5])] {
        with_sessions(|bench| {
            let key = bench.accept_proven(Trust::Client);
            for _ in 0..5 {
                bench.pass_ms(PING_MS - TICK_MS);
                bench.say_bytes(key, frame);
            }
            assert_eq!(bench.heard(key), answers);
            bench.pass_ms(PING_MS - 1);
            assert_eq!(bench.heard(key), []);
            bench.pass_ms(1);
            assert!(bench.heard(key)[0].is::<Ping>());
            // And behind the question, the frame counts from when it came.
            bench.pass_ms(TICK_MS);
            bench.say_bytes(key, frame);
            bench.pass_ms(IDLE_MS - 1);
            assert_eq!(bench.ended(key), None);
            bench.pass_ms(1);
            assert_eq!(bench.ended(key), Some(ErrorCode::SILENT));
        });
    }
}

#[test]
fn a_peer_that_trickles_bytes_is_silent() {
    with_sessions(|bench| {
        let key = bench.accept_proven(Trust::Client);
        let endless = [200, 0, 0x01, 0x70, 0, 0];
        bench.say_bytes(key, &endless);
        for _ in 0..30 {
            bench.say_bytes(key, &[7]);
            bench.pass_ms(IDLE_MS / 30);
        }
        assert_eq!(bench.ended(key), Some(ErrorCode::SILENT));
        bench.say_bytes(key, &[7]);
        assert_eq!(bench.node.receive_buffers_in_use(), 0);
    });
}

#[test]
fn a_question_that_finds_no_place_means_that_the_peer_does_not_read() {
    let sizes = Sizes { send_buffer_bytes: 32, ..Sizes::ALL };
    let config = NetConfig { send_buffers_per_session: 1, ..BENCH_CONFIG };
    with_recorder(sizes, config, Recorder::default(), |bench| {
        let key = bench.accept_proven(Trust::Client);
        bench.limit(key, 0);
        for nonce in 0..4 {
            assert_eq!(bench.act(|_, cx| cx.sessions.send(key, &Ping { nonce })), Ok(()));
        }
        bench.pass_ms(PING_MS);
        assert_eq!(bench.ended(key), Some(ErrorCode::TOO_SLOW));
        assert_eq!((bench.stats().overflows, bench.stats().silent), (1, 0));
    });
}

#[test]
fn a_connection_that_does_not_stand_in_time_is_given_up() {
    with_sessions(|bench| {
        let key = bench.dial();
        bench.pass_ms(GREETING_MS - 1);
        assert_eq!(bench.requests(), []);
        bench.pass_ms(1);
        assert_eq!(bench.requests(), [Asked::Drop(key)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::UNREACHABLE));
        assert_eq!((bench.state(key), bench.stats().silent), (None, 1));
    });
}

/// Connecting and greeting have the whole time each.
#[test]
fn a_connection_that_stands_has_the_greeting_s_time_anew() {
    with_sessions(|bench| {
        let key = bench.dial();
        bench.pass_ms(GREETING_MS - 1);
        bench.connected(key);
        bench.pass_ms(GREETING_MS - 1);
        assert_eq!(bench.state(key), Some(SessionState::Greeting));
        bench.pass_ms(TICK_MS);
        assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
    });
}

#[test]
fn both_sides_of_the_drain_timeout() {
    let drain_ms = BENCH_CONFIG.drain_timeout_ms;
    for state in [SessionState::Draining, SessionState::Lingering] {
        with_sessions(|bench| {
            let key = bench.session_in(state);
            bench.pass_ms(drain_ms - 1);
            assert_eq!((bench.state(key), bench.requests()), (Some(state), std::vec![]));
            bench.pass_ms(1);
            assert_eq!((bench.state(key), bench.requests()), (None, std::vec![Asked::Drop(key)]));
        });
    }
}

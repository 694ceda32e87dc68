//! A role that speaks first, to peers of both transports, and how it ends WebSockets.

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::node::testing::web::{REQUEST, masked, unmasked};
use crate::protocol::SendError;
use crate::session::manager::{Farewell, UnsendableClose};
use crate::timer::TICK_MS;
use crate::wire::Framing;
use crate::wire::ws::{Close, CloseCode, FrameKind};

const GREETING: Ping = Ping { nonce: 9 };

fn greeter() -> Recorder {
    Recorder { greeting: Some(GREETING.nonce), ..Recorder::default() }
}

fn with(role: Recorder, test: impl FnOnce(&mut Bench<'_, Recorder>)) {
    with_recorder(Sizes::ALL, BENCH_CONFIG, role, test);
}

fn greeting_as_message() -> Vec<u8> {
    unmasked(FrameKind::Binary, &frame_of(&GREETING)[2..])
}

#[test]
fn a_stream_opens_with_its_second_byte() {
    let known = frame(Recorder::KNOWN, 0);
    for cut in 0..known.len() {
        with(greeter(), |bench| {
            let key = bench.accept_stranger();
            bench.say_bytes(key, &known[..cut]);
            let heard = bench.new_bytes(key);
            assert_eq!(heard.is_empty(), cut < 2, "{cut}");
            bench.say_bytes(key, &known[cut..]);
            assert_eq!([heard, bench.new_bytes(key)].concat(), frame_of(&GREETING), "{cut}");
            assert_eq!(bench.seen().last(), Some(&Seen::Frame(key, Recorder::KNOWN)));
        });
    }
}

#[test]
fn a_web_socket_opens_behind_the_answer_to_its_handshake() {
    for cut in 0..REQUEST.len() {
        with(greeter(), |bench| {
            let key = bench.accept_stranger();
            bench.say_bytes(key, &REQUEST[..cut]);
            assert_eq!(bench.new_bytes(key), b"", "{cut}");
            bench.say_bytes(key, &REQUEST[cut..]);
            let heard = bench.new_bytes(key);
            assert!(heard.starts_with(b"HTTP/1.1 101 "), "{cut}: {}", heard.escape_ascii());
            assert!(heard.ends_with(&[&b"\r\n\r\n"[..], &greeting_as_message()].concat()));
        });
    }
}

#[test]
fn who_takes_streams_alone_speaks_at_once() {
    with(Recorder { refuses_web_sockets: true, ..greeter() }, |bench| {
        let key = bench.accept_stranger();
        assert_eq!(bench.new_bytes(key), frame_of(&GREETING));
        bench.say_bytes(key, REQUEST);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
    });
}

#[test]
fn a_connection_of_our_own_opens_when_it_stands() {
    for framing in [Framing::Stream, Framing::Message] {
        with(Recorder { framing, ..greeter() }, |bench| {
            let key = bench.act(|role, cx| {
                role.address = String::from("realm.example:7");
                cx.sessions.connect(cx.now, LinkTag { kind: 1, index: 0 }).unwrap()
            });
            bench.requests();
            bench.connected(key);
            let heard = bench.new_bytes(key);
            let is_stream = framing == Framing::Stream;
            assert_eq!(heard == frame_of(&GREETING), is_stream);
            assert_eq!(heard.starts_with(b"GET / HTTP/1.1\r\n"), !is_stream);
        });
    }
}

#[test]
fn what_is_said_too_early_is_refused_and_corrupts_nothing() {
    with(Recorder::default(), |bench| {
        let key = bench.accept_stranger();
        for piece in REQUEST.chunks(40) {
            assert_eq!(bench.send(key, &GREETING), Err(SendError::Closed));
            bench.say_bytes(key, piece);
        }
        let answer = bench.new_bytes(key);
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(bench.send(key, &GREETING), Ok(()));
        bench.drive();
        assert_eq!(bench.new_bytes(key), greeting_as_message());
    });
}

#[test]
fn a_silent_stranger_is_told_why_it_ends() {
    with(Recorder::default(), |bench| {
        let key = bench.accept_stranger();
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
        assert_eq!(bench.new_bytes(key), frame_of(&Bye { reason: ErrorCode::GREETING_TIMEOUT }));
    });
}

fn web_socket(bench: &mut Bench<'_, Recorder>) -> SessionKey {
    let key = bench.accept_stranger();
    bench.say_bytes(key, REQUEST);
    bench.new_bytes(key);
    key
}

#[test]
fn a_role_chooses_the_code_and_the_text() {
    let text = String::from_utf8(std::vec![b'x'; 124]).unwrap();
    for (code, reason_bytes, expected) in [
        (4_000, 0, Ok(())),
        (4_999, 123, Ok(())),
        (3_000, 1, Ok(())),
        (1_001, 1, Ok(())),
        (5_000, 0, Err(UnsendableClose::Code)),
        (1_005, 0, Err(UnsendableClose::Code)),
        (999, 0, Err(UnsendableClose::Code)),
        (4_000, 124, Err(UnsendableClose::Reason)),
    ] {
        with(Recorder::default(), |bench| {
            let key = web_socket(bench);
            let close = Close { code: CloseCode(code), reason: &text[..reason_bytes] };
            let farewell = Farewell::Nothing(ErrorCode::REMOVED);
            let closed = bench.act(|_, cx| cx.sessions.close_with(cx.now, key, farewell, close));
            bench.drive();
            assert_eq!(closed, expected, "{code}");
            let mut payload = [0; 125];
            let said = match expected {
                Ok(()) => {
                    let used = close.write(&mut payload).unwrap();
                    unmasked(FrameKind::Close, &payload[..used])
                }
                Err(_) => Vec::new(),
            };
            assert_eq!(bench.new_bytes(key), said);
            assert_eq!(bench.ended(key), expected.ok().map(|()| ErrorCode::REMOVED));
        });
    }
}

/// A client of any make answers WebSocket's own Ping, though it does not know ours; and who does not is
/// told that it may come back.
#[test]
fn a_silent_web_socket_is_asked_in_both_languages() {
    with(Recorder::trusting(Trust::Client), |bench| {
        let key = web_socket(bench);
        for _ in 0..3 {
            bench.pass_ms(BENCH_CONFIG.ping_interval_ms + TICK_MS);
            assert!(bench.new_bytes(key).ends_with(&unmasked(FrameKind::Ping, b"")));
            bench.say_bytes(key, &masked(FrameKind::Pong, b"whatever"));
        }
        assert_eq!(bench.ended(key), None);
        bench.pass_ms(BENCH_CONFIG.idle_timeout_ms + 2 * TICK_MS);
        assert_eq!(bench.ended(key), Some(ErrorCode::SILENT));
        let code = ErrorCode::SILENT.close_code();
        assert!(code.may_come_back());
        assert!(bench.new_bytes(key).ends_with(&unmasked(FrameKind::Close, &code.0.to_be_bytes())));
    });
}

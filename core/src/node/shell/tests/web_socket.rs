//! A peer that is a WebSocket, byte by byte.

use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::testing::web::{REQUEST, masked, unmasked};
use crate::protocol::Message;
use crate::wire::ws::{CloseCode, FrameKind};

/// A stream frame as the message of a client.
fn message(frame: &[u8]) -> Vec<u8> {
    masked(FrameKind::Binary, &frame[2..])
}

fn answer<M: Message>(message: &M) -> Vec<u8> {
    unmasked(FrameKind::Binary, &frame_of(message)[2..])
}

fn close(code: CloseCode) -> Vec<u8> {
    unmasked(FrameKind::Close, &code.0.to_be_bytes())
}

type ClientsBench<'a> = Bench<'a, Recorder>;

/// Runs `test` with a peer whose handshake is done, and who has looked at the answer.
fn with_web_socket(test: impl FnOnce(&mut ClientsBench<'_>, SessionKey)) {
    with_clients(|bench| {
        let key = bench.accept();
        bench.say_bytes(key, REQUEST);
        let response = bench.new_bytes(key);
        assert!(response.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
        assert!(response.ends_with(b"\r\nSec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n"));
        bench.seen();
        test(bench, key);
        assert_eq!(bench.node.receive_buffers_in_use(), 0);
    });
}

#[test]
fn a_message_is_a_frame_and_a_frame_a_message() {
    with_web_socket(|bench, key| {
        bench.say_bytes(key, &message(&frame(Recorder::KNOWN, 3)));
        assert_eq!(bench.seen(), [Seen::Frame(key, Recorder::KNOWN)]);
        bench.say_bytes(key, &message(&frame_of(&Ping { nonce: 7 })));
        assert_eq!(bench.new_bytes(key), answer(&Pong { nonce: 7 }));
        assert_eq!(bench.stats().web_sockets, 1);
    });
}

/// The request, a message in the same segment, pieces of another with a Ping between them; in one
/// piece, and byte by byte.
#[test]
fn any_split_says_the_same() {
    let ping = frame_of(&Ping { nonce: 300 });
    let mut first = masked(FrameKind::Binary, &ping[2..5]);
    first[0] &= !0x80;
    let parts = [
        REQUEST,
        &message(&frame(Recorder::KNOWN, 130)),
        &first,
        &masked(FrameKind::Ping, b"there?"),
        &masked(FrameKind::Pong, b""),
        &masked(FrameKind::Continuation, &ping[5..]),
    ];
    let expected = [unmasked(FrameKind::Pong, b"there?"), answer(&Pong { nonce: 300 })].concat();
    for piece_bytes in [1, 2, 7, usize::MAX] {
        with_clients(|bench| {
            let key = bench.accept();
            bench.seen();
            for piece in parts.concat().chunks(piece_bytes.min(4_096)) {
                bench.say_bytes(key, piece);
            }
            assert_eq!(bench.seen(), [Seen::Frame(key, Recorder::KNOWN)]);
            let heard = bench.new_bytes(key);
            let end = heard.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            assert_eq!(heard[end..], expected);
            assert_eq!(bench.node.receive_buffers_in_use(), 0);
            assert_eq!(bench.node.sessions().buffers_in_use(), 0);
        });
    }
}

#[test]
fn what_breaks_the_protocol_is_told_twice() {
    let too_long = NetConfig::DEFAULT.frame_limit_bytes as u16 + 1;
    let mut reserved = masked(FrameKind::Binary, &[1, 2, 3, 4]);
    reserved[0] |= 0x40;
    let cases = [
        (unmasked(FrameKind::Binary, &[1, 2, 3, 4]), CloseCode::PROTOCOL_ERROR),
        (reserved, CloseCode::PROTOCOL_ERROR),
        (masked(FrameKind::Continuation, b"?"), CloseCode::PROTOCOL_ERROR),
        (masked(FrameKind::Text, b"hello"), CloseCode::UNSUPPORTED_DATA),
        (masked(FrameKind::Close, &[3, 232, 0xFF]), CloseCode::INVALID_DATA),
        (
            [&[0x82, 0xFE][..], &too_long.to_be_bytes(), &[0; 4]].concat(),
            CloseCode::MESSAGE_TOO_BIG,
        ),
        // Not even an opcode, which is the realm's own rule.
        (masked(FrameKind::Binary, b"abc"), CloseCode::PROTOCOL_ERROR),
    ];
    for (bytes, code) in cases {
        with_web_socket(|bench, key| {
            bench.say_bytes(key, &bytes);
            let error = Error { code: ErrorCode::BAD_FRAME, about: 0 };
            assert_eq!(bench.new_bytes(key), [answer(&error), close(code)].concat());
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
            assert_eq!(bench.state(key), Some(SessionState::Lingering));
            assert_eq!(bench.stats().violations, 1);
        });
    }
}

#[test]
fn both_sides_of_the_longest_message() {
    let longest = 512 - BESIDE_BYTES - 4;
    for (payload_bytes, is_taken) in [(longest, true), (longest + 1, false)] {
        with_web_socket(|bench, key| {
            bench.say_bytes(key, &message(&frame(Recorder::KNOWN, payload_bytes)));
            assert_eq!(bench.seen().len(), usize::from(is_taken));
            assert_eq!(bench.new_bytes(key).is_empty(), is_taken);
        });
    }
}

/// The longest message in two pieces, with the longest Ping in between, cut everywhere.
#[test]
fn the_fullest_buffer_holds() {
    let body = frame(Recorder::KNOWN, 512 - BESIDE_BYTES - 4)[2..].to_vec();
    let mut first = masked(FrameKind::Binary, &body[..body.len() - 1]);
    first[0] &= !0x80;
    let ping = masked(FrameKind::Ping, &[7; 125]);
    let last = masked(FrameKind::Continuation, &body[body.len() - 1..]);
    with_web_socket(|bench, key| {
        for byte in [first, ping, last].concat() {
            bench.say_bytes(key, &[byte]);
        }
        assert_eq!(bench.seen(), [Seen::Frame(key, Recorder::KNOWN)]);
        assert_eq!(bench.new_bytes(key), unmasked(FrameKind::Pong, &[7; 125]));
    });
}

/// A device's buffers are shorter than the longest control frame, and than the answer to a handshake.
#[test]
fn short_send_buffers_hold_the_longest_answers_or_nothing_of_them() {
    let sizes = Sizes { send_buffer_bytes: 64, ..Sizes::ALL };
    let config = NetConfig { send_buffers_per_session: 4, ..BENCH_CONFIG };
    with_recorder(sizes, config, Recorder::trusting(Trust::Client), |bench| {
        let key = bench.accept();
        bench.say_bytes(key, REQUEST);
        assert!(bench.new_bytes(key).ends_with(b"\r\n\r\n"));
        bench.limit(key, 0);
        // Two buffers each: the third finds none.
        for payload in [[1; 125].as_slice(), &[2; 125], &[3; 125], &[4; 125]] {
            bench.say_bytes(key, &masked(FrameKind::Ping, payload));
        }
        bench.unblock(key, usize::MAX);
        let pongs = [[1; 125], [2; 125]].map(|payload| unmasked(FrameKind::Pong, &payload));
        assert_eq!(bench.new_bytes(key), pongs.concat());
        bench.say_bytes(key, &masked(FrameKind::Ping, &[5; 125]));
        assert_eq!(bench.new_bytes(key), unmasked(FrameKind::Pong, &[5; 125]));
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
    });
}

#[test]
fn a_close_is_echoed_and_nothing_comes_behind_it() {
    with_web_socket(|bench, key| {
        let goodbye = masked(FrameKind::Close, &[15, 161, b'o', b'k']);
        let late = message(&frame(Recorder::KNOWN, 0));
        bench.say_bytes(key, &[goodbye, late].concat());
        assert_eq!(bench.new_bytes(key), close(CloseCode(4001)));
        assert_eq!(bench.seen(), []);
        assert_eq!(bench.ended(key), Some(ErrorCode::GOODBYE));
    });
}

/// An end in good order is told from a connection that broke, at the peer or at a proxy between.
#[test]
fn a_close_says_whether_it_is_a_goodbye() {
    for code in [1000, 1001, 3000, 4999, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014] {
        with_web_socket(|bench, key| {
            bench.say_bytes(key, &masked(FrameKind::Close, &u16::to_be_bytes(code)));
            let is_goodbye = matches!(code, 1000 | 3000..);
            let reason = if is_goodbye { ErrorCode::GOODBYE } else { ErrorCode::LOST };
            assert_eq!(bench.ended(key), Some(reason), "{code}");
        });
    }
    with_web_socket(|bench, key| {
        bench.say_bytes(key, &masked(FrameKind::Close, &[]));
        assert_eq!(bench.ended(key), Some(ErrorCode::GOODBYE));
    });
}

#[test]
fn a_node_that_shuts_down_is_going_away() {
    with_web_socket(|bench, key| {
        bench.turn(Node::handle_shutdown);
        bench.drive();
        let bye = answer(&Bye { reason: ErrorCode::SHUTTING_DOWN });
        assert_eq!(bench.new_bytes(key), [bye, close(CloseCode::GOING_AWAY)].concat());
    });
}

#[test]
fn who_asks_for_something_else_is_told_in_http() {
    let plain = b"GET / HTTP/1.1\r\nHost: realm\r\n\r\n";
    let long = [&b"GET / HTTP/1.1\r\nCookie: "[..], &[b'x'; 9_000]].concat();
    for (request, status) in [(&plain[..], "426"), (b"GET / HTTP/1.0\r\n", "400"), (&long, "431")] {
        with_clients(|bench| {
            let key = bench.accept();
            bench.say_bytes(key, request);
            let response = bench.new_bytes(key);
            assert_eq!(response[9..12], *status.as_bytes());
            assert!(response.ends_with(b"\r\n\r\n"));
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
            assert_eq!(bench.stats().handshakes_refused, 1);
        });
    }
}

#[test]
fn pages_of_other_origins_are_refused() {
    for (origins, status) in [
        (&["https://game.example"][..], "101"),
        (&["https://other.example", "https://game.example"][..], "101"),
        (&["https://other.example"][..], "403"),
    ] {
        let config = NetConfig { origins: origins.to_vec().leak(), ..BENCH_CONFIG };
        with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
            let key = bench.accept();
            bench.say_bytes(key, REQUEST);
            assert_eq!(bench.new_bytes(key)[9..12], *status.as_bytes());
        });
    }
}

/// Nothing that is no HTTP is sent before the handshake is over.
#[test]
fn a_slow_handshake_is_closed_in_silence() {
    with_recorder(Sizes::ALL, BENCH_CONFIG, Recorder::default(), |bench| {
        let key = bench.accept();
        bench.say_bytes(key, &REQUEST[..100]);
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms + 16);
        assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
        assert_eq!(bench.new_bytes(key), b"");
    });
}

/// "GE" is a handshake at the start only; behind a frame it is a length, and too much.
#[test]
fn a_stream_stays_a_stream() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.say_bytes(key, &[&frame(Recorder::KNOWN, 0), REQUEST].concat());
        let error = Error { code: ErrorCode::BAD_FRAME, about: 0 };
        assert_eq!(bench.heard(key), [Said::of(&error)]);
    });
}

/// Who comes after a WebSocket, in the same place, may speak TCP.
#[test]
fn the_next_tenant_decides_anew() {
    with_web_socket(|bench, key| {
        bench.disconnect(key);
        let next = bench.accept();
        assert_eq!(next.index(), key.index());
        bench.seen();
        bench.say_bytes(next, &frame(Recorder::KNOWN, 0));
        assert_eq!(bench.seen(), [Seen::Frame(next, Recorder::KNOWN)]);
    });
}

/// A frame of RFC 6455 that is not its message's last.
fn piece(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut frame = masked(kind, payload);
    frame[0] &= !0x80;
    frame
}

/// Both sides of the burst, for each thing that a WebSocket can say: none is free.
#[test]
fn whatever_is_said_costs_what_a_frame_costs() {
    let burst = 50;
    let first = piece(FrameKind::Binary, b"");
    let floods = [
        (Vec::new(), masked(FrameKind::Ping, b"")),
        (Vec::new(), masked(FrameKind::Ping, &[7; 125])),
        (Vec::new(), masked(FrameKind::Pong, b"")),
        (Vec::new(), message(&frame(Recorder::KNOWN, 0))),
        (Vec::new(), message(&frame(Recorder::UNKNOWN, 0))),
        (first.clone(), piece(FrameKind::Continuation, b"")),
        (first.clone(), masked(FrameKind::Pong, b"")),
        (first, piece(FrameKind::Continuation, b"x")),
    ];
    for (opening, one) in floods {
        for (more, is_open) in [(0, true), (1, false)] {
            let config = NetConfig { packets_per_second: 1, packet_burst: burst, ..BENCH_CONFIG };
            with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
                let key = bench.accept();
                bench.say_bytes(key, REQUEST);
                bench.new_bytes(key);
                let count = usize::from(burst) + more - usize::from(!opening.is_empty());
                let said = [opening.clone(), one.repeat(count)].concat();
                // In reads of a driver's size.
                said.chunks(4_096).for_each(|read| bench.say_bytes(key, read));
                let case = (&opening, &one[..2], more);
                assert_eq!(bench.ended(key).is_none(), is_open, "{case:?}");
                assert_eq!(bench.stats().floods, u32::from(!is_open), "{case:?}");
                if !is_open {
                    assert_eq!(bench.ended(key), Some(ErrorCode::TOO_FAST), "{case:?}");
                    let told = answer(&Error { code: ErrorCode::TOO_FAST, about: 0 });
                    let farewell = [told, close(CloseCode::POLICY_VIOLATION)].concat();
                    assert!(bench.new_bytes(key).ends_with(&farewell), "{case:?}");
                }
            });
        }
    }
}

/// Pieces of a message that never ends show nobody to be there, as a stream's dripping bytes do not.
#[test]
fn who_trickles_pieces_is_silent() {
    with_web_socket(|bench, key| {
        bench.say_bytes(key, &piece(FrameKind::Binary, b"x"));
        for _ in 0..BENCH_CONFIG.idle_timeout_ms / 1_600 {
            bench.pass_ms(1_600);
            bench.say_bytes(key, &piece(FrameKind::Continuation, b""));
        }
        assert_eq!(bench.ended(key), Some(ErrorCode::SILENT));
    });
}

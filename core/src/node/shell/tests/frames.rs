//! What becomes of received bytes: frames, refusals, and what is held meanwhile.

use std::vec;

use super::*;
use crate::config::NetConfig;

#[test]
fn a_known_frame_reaches_the_role_and_nobody_is_answered() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.seen();
        bench.say_bytes(key, &frame(Recorder::KNOWN, 3));
        assert_eq!(bench.seen(), [Seen::Frame(key, Recorder::KNOWN)]);
        let stats = bench.stats();
        assert_eq!((stats.frames_received, stats.bytes_received), (1, 9));
        assert_eq!((bench.heard(key), stats.unknown_opcodes), (vec![], 0));
    });
}

#[test]
fn an_unknown_opcode_is_counted_and_closes_nobody() {
    // One outside of all bands, and one of the common band that does not exist.
    for (opcode, is_the_role_s) in [(Recorder::UNKNOWN, true), (Opcode(0x50), false)] {
        with_clients(|bench| {
            let key = bench.accept();
            bench.seen();
            for _ in 0..3 {
                bench.say_bytes(key, &frame(opcode, 2));
            }
            let seen = match is_the_role_s {
                true => vec![Seen::Frame(key, opcode), Seen::Unknown(opcode)],
                false => vec![Seen::Unknown(opcode)],
            };
            assert_eq!(bench.seen(), seen.repeat(3));
            assert_eq!(bench.stats().unknown_opcodes, 3);
            assert_eq!(bench.state(key), Some(SessionState::Ready));
            let told = Error { code: ErrorCode::NOT_UNDERSTOOD, about: opcode.0 };
            assert_eq!(bench.heard(key), [Said::of(&told), Said::of(&told), Said::of(&told)]);
        });
    }
}

#[test]
fn a_malformed_payload_closes_with_its_opcode() {
    let long_ping = [frame_of(&Ping { nonce: 1 }), vec![9]].concat();
    let mut long_ping = long_ping;
    long_ping[0] += 1;
    for (bytes, about) in
        [(frame(Recorder::SPOILT, 1), Recorder::SPOILT), (long_ping, Ping::OPCODE)]
    {
        with_clients(|bench| {
            let key = bench.accept();
            bench.say_bytes(key, &[bytes, frame(Recorder::KNOWN, 0)].concat());
            let error = Error { code: ErrorCode::MALFORMED, about: about.0 };
            assert_eq!(bench.heard(key), [Said::of(&error)]);
            assert_eq!(bench.ended(key), Some(ErrorCode::MALFORMED));
            let stats = bench.stats();
            assert_eq!((stats.violations, stats.frames_received), (1, 1));
        });
    }
}

#[test]
fn both_sides_of_the_frame_s_limits() {
    let config = NetConfig { frame_limit_bytes: 20, ..BENCH_CONFIG };
    let cases = [(3, false), (4, true), (20, true), (21, false)];
    for (body_bytes, is_legal) in cases {
        with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
            let key = bench.accept();
            let mut bytes = frame(Recorder::KNOWN, 20);
            bytes[0] = body_bytes;
            bytes.truncate(2 + usize::from(body_bytes));
            bench.say_bytes(key, &bytes);
            if is_legal {
                assert_eq!(bench.state(key), Some(SessionState::Ready));
            } else {
                let error = Error { code: ErrorCode::BAD_FRAME, about: 0 };
                assert_eq!(bench.heard(key), [Said::of(&error)]);
                assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
            }
            let stats = bench.stats();
            assert_eq!(stats.violations, u32::from(!is_legal));
            assert_eq!(stats.frames_received, u64::from(is_legal));
        });
    }
}

#[test]
fn a_ping_is_answered_with_its_number_and_a_pong_with_nothing() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.say(key, &Ping { nonce: 77 });
        bench.say(key, &Pong { nonce: 5 });
        assert_eq!(bench.heard(key), [Said::of(&Pong { nonce: 77 })]);
    });
}

#[test]
fn a_bye_ends_the_session_with_its_reason_and_no_answer() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.say(key, &Bye { reason: ErrorCode::TOO_SLOW });
        assert_eq!(bench.heard(key), []);
        assert_eq!(bench.ended(key), Some(ErrorCode::TOO_SLOW));
        assert_eq!(bench.requests(), [Asked::Shutdown(key)]);
        assert_eq!(bench.stats().violations, 0);
    });
}

#[test]
fn an_error_of_the_peer_reaches_the_role_and_closes_nobody() {
    with_clients(|bench| {
        let key = bench.accept();
        bench.seen();
        bench.say(key, &Error { code: ErrorCode::BUSY, about: 0x77 });
        assert_eq!(bench.seen(), [Seen::Error(ErrorCode::BUSY, 0x77)]);
        assert_eq!(bench.state(key), Some(SessionState::Ready));
    });
}

const SLOW: NetConfig = NetConfig { packet_burst: 5, packets_per_second: 10, ..BENCH_CONFIG };

#[test]
fn both_sides_of_the_burst() {
    with_recorder(Sizes::ALL, SLOW, Recorder::trusting(Trust::Client), |bench| {
        let key = bench.accept();
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0).repeat(5));
        assert_eq!((bench.ended(key), bench.stats().floods), (None, 0));
        bench.seen();
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0).repeat(2));
        assert_eq!(bench.seen(), []); // refused frames are not handled
        let error = Error { code: ErrorCode::TOO_FAST, about: 0 };
        assert_eq!(bench.heard(key), [Said::of(&error)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::TOO_FAST));
        let stats = bench.stats();
        assert_eq!((stats.floods, stats.violations, stats.frames_received), (1, 1, 6));
    });
}

#[test]
fn an_allowance_is_refilled_at_its_rate_and_no_further() {
    with_recorder(Sizes::ALL, SLOW, Recorder::trusting(Trust::Client), |bench| {
        let key = bench.accept();
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0).repeat(5));
        bench.pass_ms(99);
        bench.pass_ms(1);
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0));
        bench.pass_ms(1_000); // ten would be earned, five fit
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0).repeat(5));
        assert_eq!(bench.ended(key), None);
        bench.pass_ms(99);
        bench.say_bytes(key, &frame(Recorder::KNOWN, 0));
        assert_eq!(bench.ended(key), Some(ErrorCode::TOO_FAST));
    });
}

#[test]
fn a_stranger_is_limited_and_a_server_is_not() {
    with_recorder(Sizes::ALL, SLOW, Recorder::default(), |bench| {
        let stranger = bench.accept();
        bench.say_bytes(stranger, &frame(Recorder::KNOWN, 0).repeat(6));
        assert_eq!(bench.ended(stranger), Some(ErrorCode::TOO_FAST));
    });
    with_recorder(Sizes::ALL, SLOW, Recorder::trusting(Trust::Server), |bench| {
        let server = bench.accept();
        bench.say_bytes(server, &frame(Recorder::KNOWN, 0).repeat(600));
        assert_eq!((bench.ended(server), bench.stats().frames_received), (None, 600));
    });
}

/// Two peers' streams, cut everywhere and interleaved: each frame once, in order, and no buffer
/// for whoever has none half.
#[test]
fn frames_survive_every_cut() {
    let frames =
        [frame(Recorder::KNOWN, 3), frame(Recorder::UNKNOWN, 0), frame(Recorder::KNOWN, 9)];
    let stream = frames.concat();
    for cut in 0..=stream.len() {
        with_clients(|bench| {
            let keys = [bench.accept(), bench.accept()];
            bench.seen();
            for key in keys {
                bench.say_bytes(key, &stream[..cut]);
            }
            let is_between_frames = [0, 9, 15, 30].contains(&cut);
            let held = if is_between_frames { 0 } else { 2 };
            assert_eq!(bench.node.receive_buffers_in_use(), held);
            for key in keys {
                bench.say_bytes(key, &stream[cut..]);
            }
            assert_eq!(bench.node.receive_buffers_in_use(), 0);
            let seen = bench.seen();
            for key in keys {
                let frames = seen.iter().filter_map(|seen| match seen {
                    Seen::Frame(from, opcode) if *from == key => Some(*opcode),
                    _ => None,
                });
                let expected = [Recorder::KNOWN, Recorder::UNKNOWN, Recorder::KNOWN];
                assert!(frames.eq(expected), "cut at {cut}");
            }
        });
    }
}

#[test]
fn without_a_receive_buffer_input_waits_and_whole_frames_do_not() {
    let sizes = Sizes { receive_buffers: 1, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, Recorder::trusting(Trust::Client), |bench| {
        let (holder, other) = (bench.accept(), bench.accept());
        bench.say_bytes(holder, &[9, 0, 1]);
        let whole = frame(Recorder::KNOWN, 2);
        bench.seen();
        bench.say_bytes(other, &[&whole[..], &whole[..5]].concat());
        assert_eq!(bench.seen(), [Seen::Frame(other, Recorder::KNOWN)]);
        assert_eq!(bench.unheard_bytes(other), 5);
        bench.disconnect(holder);
        bench.say_bytes(other, &whole[5..]);
        assert_eq!(bench.unheard_bytes(other), 0);
        assert_eq!(bench.seen(), [Seen::Frame(other, Recorder::KNOWN)]);
    });
}

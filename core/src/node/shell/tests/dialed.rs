//! A WebSocket that the node has opened itself, byte by byte.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::vec::Vec;

use super::*;
use crate::node::testing::BenchMemory;
use crate::node::testing::web::{masked, unmasked};
use crate::protocol::client_to_world::Event;
use crate::protocol::{Bytes, SendError};
use crate::wire::Framing;
use crate::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use crate::wire::ws::{CloseCode, FrameHeader, FrameKind, MaskKey, ParsedHeader, Side, apply_mask};

fn dialer(framing: Framing) -> Recorder {
    Recorder { address: "realm:7".into(), framing, ..Recorder::default() }
}

impl Bench<'_, Recorder> {
    /// Opens a connection of the node's own.
    fn dial_realm(&mut self) -> SessionKey {
        self.act(|_, cx| cx.sessions.connect(cx.now, LinkTag::default())).unwrap();
        self.connect_next()
    }

    pub(super) fn send<M: crate::protocol::Message>(
        &mut self,
        key: SessionKey,
        message: &M,
    ) -> Result<(), SendError> {
        self.act(|_, cx| cx.sessions.send(key, message))
    }

    /// What the server has been told: each frame's kind, mask and payload.
    fn told(&mut self, key: SessionKey) -> Vec<(FrameKind, MaskKey, Vec<u8>)> {
        let (mut told, mut bytes) = (Vec::new(), self.new_bytes(key));
        while let ParsedHeader::Whole { header, header_bytes } =
            FrameHeader::parse(&bytes, Side::Server)
        {
            let mut payload = bytes[header_bytes..header_bytes + header.payload_bytes].to_vec();
            bytes.drain(..header_bytes + header.payload_bytes);
            let mask = header.mask.unwrap();
            apply_mask(&mut payload, mask, 0);
            told.push((header.kind, mask, payload));
        }
        assert!(bytes.is_empty(), "what a client says is masked");
        told
    }
}

/// What a server answers to this request.
fn response_to(request: &[u8]) -> Vec<u8> {
    let (mut line, mut input) = ([0; 64], request);
    let policy = Policy { origins: &[], hosts: &[], limit_bytes: 1_000 };
    let done = Acceptor::default().advance(&mut line, &mut input, policy);
    let Acceptance::Accepted(accepted) = done else { panic!("{done:?}") };
    assert_eq!(input, b"", "nothing is said before the answer");
    let mut out = [0; Acceptor::RESPONSE_MAX_BYTES];
    let used = accepted.write_response(&mut out).unwrap();
    out[..used].to_vec()
}

/// Runs `test` with a server that has been asked, and what it would answer.
fn with_asked(test: impl FnOnce(&mut Bench<'_, Recorder>, SessionKey, Vec<u8>)) {
    with_recorder(Sizes::ALL, BENCH_CONFIG, dialer(Framing::Message), |bench| {
        let key = bench.dial_realm();
        let request = bench.new_bytes(key);
        assert!(request.starts_with(b"GET / HTTP/1.1\r\nHost: realm:7\r\n"));
        test(bench, key, response_to(&request));
    });
}

/// The same, behind its answer.
fn with_opened(test: impl FnOnce(&mut Bench<'_, Recorder>, SessionKey)) {
    with_asked(|bench, key, response| {
        assert_eq!(bench.seen(), []);
        bench.say_bytes(key, &response);
        assert_eq!(bench.seen(), [Seen::Connected(key)]);
        assert_eq!(bench.stats().web_sockets, 1);
        assert_eq!(bench.node.receive_buffers_in_use(), 0);
        test(bench, key);
    });
}

fn from_server(frame: &[u8]) -> Vec<u8> {
    unmasked(FrameKind::Binary, &frame[2..])
}

#[test]
fn what_is_said_is_masked_each_time_anew() {
    with_opened(|bench, key| {
        for _ in 0..100 {
            bench.send(key, &Ping { nonce: 7 }).unwrap();
        }
        let told = bench.told(key);
        let body = &frame_of(&Ping { nonce: 7 })[2..];
        assert!(told.iter().all(|(kind, _, said)| *kind == FrameKind::Binary && said == body));
        let mut masks: Vec<MaskKey> = told.iter().map(|(_, mask, _)| *mask).collect();
        masks.sort_unstable();
        masks.dedup();
        assert_eq!(masks.len(), 100);
        assert_eq!(bench.node.sessions().buffers_in_use(), 0);
    });
}

#[test]
fn nothing_is_said_before_the_answer() {
    with_asked(|bench, key, response| {
        assert_eq!(bench.send(key, &Ping { nonce: 7 }), Err(SendError::Closed));
        bench.say_bytes(key, &response[..response.len() - 1]);
        assert_eq!(bench.send(key, &Ping { nonce: 7 }), Err(SendError::Closed));
        bench.say_bytes(key, &response[response.len() - 1..]);
        assert_eq!(bench.send(key, &Ping { nonce: 7 }), Ok(()));
        assert_eq!(bench.told(key).len(), 1);
    });
}

/// The answer, a message in the same segment, pieces of another with a Ping between them.
#[test]
fn any_split_says_the_same() {
    let ping = frame_of(&Ping { nonce: 300 });
    let mut first = unmasked(FrameKind::Binary, &ping[2..5]);
    first[0] &= !0x80;
    let behind = [
        from_server(&frame(Recorder::KNOWN, 130)),
        first,
        unmasked(FrameKind::Ping, b"there?"),
        unmasked(FrameKind::Pong, b""),
        unmasked(FrameKind::Continuation, &ping[5..]),
    ];
    for piece_bytes in [1, 2, 7, 4_096] {
        with_asked(|bench, key, response| {
            let all = [response, behind.concat()].concat();
            for piece in all.chunks(piece_bytes) {
                bench.say_bytes(key, piece);
            }
            assert_eq!(bench.seen(), [Seen::Connected(key), Seen::Frame(key, Recorder::KNOWN)]);
            let said = bench.told(key).into_iter().map(|(kind, _, payload)| (kind, payload));
            let pong = frame_of(&Pong { nonce: 300 })[2..].to_vec();
            let expected = [(FrameKind::Pong, b"there?".to_vec()), (FrameKind::Binary, pong)];
            assert_eq!(said.collect::<Vec<_>>(), expected);
            assert_eq!(bench.node.receive_buffers_in_use(), 0);
        });
    }
}

#[test]
fn answers_that_grant_nothing_end_it_in_silence() {
    let refused = |response: &[u8]| {
        with_asked(|bench, key, _| {
            bench.say_bytes(key, response);
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
            assert_eq!(bench.state(key), Some(SessionState::Lingering));
            assert_eq!(bench.new_bytes(key), b"");
            assert_eq!(bench.seen(), []);
            assert_eq!((bench.stats().web_sockets, bench.stats().handshakes_refused), (0, 1));
        });
    };
    refused(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    refused(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    // Another protocol altogether, and ours without WebSockets.
    refused(b"SSH-2.0-OpenSSH_9.2\r\n");
    refused(&frame_of(&Error { code: ErrorCode::BAD_FRAME, about: 0 }));
    // The proof of another key.
    refused(
        b"HTTP/1.1 101 Hi\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
}

#[test]
fn both_sides_of_the_longest_answer() {
    const LIMIT_BYTES: usize = 8 * 1_024;
    for (answer_bytes, is_taken) in [(LIMIT_BYTES, true), (LIMIT_BYTES + 1, false)] {
        with_asked(|bench, key, response| {
            let head = b"HTTP/1.1 101 Switching Protocols\r\n";
            let cookie_bytes = answer_bytes - response.len() - b"X: \r\n".len();
            let cookie = [&b"X: "[..], &std::vec![b'x'; cookie_bytes], b"\r\n"].concat();
            let long = [&response[..head.len()], &cookie, &response[head.len()..]].concat();
            assert!(long.starts_with(head) && long.len() == answer_bytes);
            bench.say_bytes(key, &long);
            assert_eq!(bench.ended(key).is_none(), is_taken);
        });
    }
}

#[test]
fn what_breaks_the_protocol_is_told_twice() {
    let too_long = crate::config::NetConfig::DEFAULT.frame_limit_bytes as u16 + 1;
    let mut reserved = unmasked(FrameKind::Binary, &[1, 2, 3, 4]);
    reserved[0] |= 0x40;
    let cases = [
        (masked(FrameKind::Binary, &[1, 2, 3, 4]), CloseCode::PROTOCOL_ERROR),
        (masked(FrameKind::Ping, b""), CloseCode::PROTOCOL_ERROR),
        (reserved, CloseCode::PROTOCOL_ERROR),
        (unmasked(FrameKind::Continuation, b"?"), CloseCode::PROTOCOL_ERROR),
        (unmasked(FrameKind::Text, b"hello"), CloseCode::UNSUPPORTED_DATA),
        (unmasked(FrameKind::Close, &[3, 232, 0xFF]), CloseCode::INVALID_DATA),
        ([&[0x82, 0x7E][..], &too_long.to_be_bytes()].concat(), CloseCode::MESSAGE_TOO_BIG),
        (unmasked(FrameKind::Binary, b"abc"), CloseCode::PROTOCOL_ERROR),
    ];
    for (bytes, code) in cases {
        with_opened(|bench, key| {
            bench.say_bytes(key, &bytes);
            let [(FrameKind::Binary, _, error), (FrameKind::Close, _, close)] =
                &bench.told(key)[..]
            else {
                panic!("{bytes:?}")
            };
            let expected = frame_of(&Error { code: ErrorCode::BAD_FRAME, about: 0 });
            assert_eq!((&error[..], &close[..]), (&expected[2..], &code.0.to_be_bytes()[..]));
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_FRAME));
            assert_eq!(bench.stats().violations, 1);
        });
    }
}

#[test]
fn both_sides_of_the_longest_message() {
    let longest = 512 - BESIDE_BYTES - 4;
    for (payload_bytes, is_taken) in [(longest, true), (longest + 1, false)] {
        with_opened(|bench, key| {
            bench.say_bytes(key, &from_server(&frame(Recorder::KNOWN, payload_bytes)));
            assert_eq!(bench.seen().len(), usize::from(is_taken));
            assert_eq!(bench.told(key).is_empty(), is_taken);
        });
    }
}

#[test]
fn a_close_is_echoed_and_nothing_comes_behind_it() {
    with_opened(|bench, key| {
        let goodbye = unmasked(FrameKind::Close, &[15, 161, b'o', b'k']);
        bench.say_bytes(key, &[goodbye, from_server(&frame(Recorder::KNOWN, 0))].concat());
        let told = bench.told(key);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].0, &told[0].2[..]), (FrameKind::Close, &[15, 161][..]));
        assert_eq!(bench.seen(), []);
        assert_eq!(bench.ended(key), Some(ErrorCode::GOODBYE));
    });
}

#[test]
fn a_node_that_shuts_down_says_so_masked() {
    with_opened(|bench, key| {
        bench.turn(Node::handle_shutdown);
        bench.drive();
        let told = bench.told(key);
        let bye = frame_of(&Bye { reason: ErrorCode::SHUTTING_DOWN });
        assert_eq!(told[0].2, bye[2..]);
        assert_eq!((told[1].0, &told[1].2[..]), (FrameKind::Close, &1_001_u16.to_be_bytes()[..]));
    });
}

/// Neither an answer nor half of one: it ends when a greeting would, and the role hears of it then.
#[test]
fn a_slow_answer_is_not_waited_for() {
    for answered_bytes in [0, 1, 100] {
        with_asked(|bench, key, response| {
            bench.say_bytes(key, &response[..answered_bytes]);
            bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms - 16);
            assert_eq!(bench.ended(key), None);
            bench.pass_ms(32);
            assert_eq!(bench.ended(key), Some(ErrorCode::GREETING_TIMEOUT));
            assert_eq!(bench.new_bytes(key), b"");
            assert_eq!(bench.seen(), []);
        });
    }
}

#[test]
fn both_sides_of_the_buffers_for_answers() {
    let sizes = Sizes { receive_buffers: 2, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, dialer(Framing::Message), |bench| {
        let keys = [bench.dial_realm(), bench.dial_realm(), bench.dial_realm()];
        let ended = keys.map(|key| bench.ended(key));
        assert_eq!(ended, [None, None, Some(ErrorCode::BUSY)]);
        assert_eq!(bench.new_bytes(keys[2]), b"");
        let response = response_to(&bench.new_bytes(keys[0]));
        bench.say_bytes(keys[0], &response);
        assert_eq!(bench.seen(), [Seen::Connected(keys[0])]);
        // Its buffer is free again.
        bench.requests();
        let fourth = bench.dial_realm();
        assert!(bench.ended(fourth).is_none() && !bench.new_bytes(fourth).is_empty());
    });
}

/// Without a buffer for the question nothing is kept for the answer.
#[test]
fn who_can_not_ask_waits_for_nothing() {
    for send_buffers in [0, 2] {
        let sizes = Sizes { send_buffers, ..Sizes::ALL };
        with_recorder(sizes, BENCH_CONFIG, dialer(Framing::Message), |bench| {
            let key = bench.dial_realm();
            assert_eq!(bench.ended(key).is_none(), send_buffers > 0);
            let waiting = u16::from(send_buffers > 0);
            assert_eq!(bench.node.receive_buffers_in_use(), waiting);
        });
    }
}

/// What can't stand in a request is no address.
#[test]
fn an_address_is_a_word_that_fits() {
    for (address_bytes, is_one) in [(1, true), (300, true), (500, false), (0, false)] {
        let address = std::iter::repeat_n('a', address_bytes).collect();
        let role = Recorder { address, ..dialer(Framing::Message) };
        with_recorder(Sizes::ALL, BENCH_CONFIG, role, |bench| {
            let key = bench.dial_realm();
            assert_eq!(bench.ended(key).is_none(), is_one);
            assert_eq!(bench.new_bytes(key).is_empty(), !is_one);
            assert_eq!(bench.node.receive_buffers_in_use(), u16::from(is_one));
        });
    }
}

/// Who comes after it in the same place may be a stream.
#[test]
fn the_next_tenant_decides_anew() {
    with_opened(|bench, key| {
        bench.disconnect(key);
        let next = bench.accept();
        assert_eq!(next.index(), key.index());
        bench.seen();
        bench.say_bytes(next, &frame(Recorder::KNOWN, 0));
        assert_eq!(bench.seen(), [Seen::Frame(next, Recorder::KNOWN)]);
        bench.say(next, &Ping { nonce: 7 });
        assert_eq!(bench.heard(next), [Said::of(&Pong { nonce: 7 })]);
    });
}

/// Hands everything that `from` has said on to `to`, cut at `cuts`; whether there was something.
fn carry(
    from: (&mut Bench<'_, Recorder>, SessionKey),
    to: (&mut Bench<'_, Recorder>, SessionKey),
    cuts: &[Index],
) -> bool {
    let bytes = from.0.new_bytes(from.1);
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.push(bytes.len());
    places.sort_unstable();
    let mut start = 0;
    for end in places {
        to.0.say_bytes(to.1, &bytes[start..end]);
        start = end;
    }
    !bytes.is_empty()
}

proptest! {
    /// Our client and our server, whichever way they speak and however their bytes are cut: all that one
    /// says the other hears.
    #[test]
    fn both_framings_say_the_same_both_ways(
        is_web_socket in any::<bool>(),
        lengths in vec(0_usize..=250, 1..12),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let framing = if is_web_socket { Framing::Message } else { Framing::Stream };
        let (mut memory, mut other) =
            (std::boxed::Box::new(BenchMemory::NEW), std::boxed::Box::new(BenchMemory::NEW));
        let mut client =
            Bench::new(Sizes::ALL.lend(&mut memory), BENCH_CONFIG, dialer(framing));
        let trusting = Recorder::trusting(Trust::Client);
        let mut server = Bench::new(Sizes::ALL.lend(&mut other), BENCH_CONFIG, trusting);
        let (ours, theirs) = (client.dial_realm(), server.accept());
        carry((&mut client, ours), (&mut server, theirs), &cuts);
        carry((&mut server, theirs), (&mut client, ours), &cuts);
        prop_assert_eq!(client.seen(), [Seen::Connected(ours)]);
        prop_assert_eq!(server.stats().web_sockets, u32::from(is_web_socket));

        let data = [7; 250];
        let mut expected = Vec::new();
        for (number, bytes) in lengths.iter().enumerate() {
            let event = Event { request: 0, kind: number as u16, data: Bytes::new(&data[..*bytes]).unwrap() };
            let (said, answered) = (client.send(ours, &event), server.send(theirs, &event));
            prop_assert_eq!((said, answered), (Ok(()), Ok(())));
            expected.push(frame_of(&event)[6..].to_vec());
        }
        carry((&mut client, ours), (&mut server, theirs), &cuts);
        carry((&mut server, theirs), (&mut client, ours), &cuts);
        prop_assert_eq!(&server.role().payloads, &expected);
        prop_assert_eq!(&client.role().payloads, &expected);
        client.finish();
        server.finish();
    }
}

//! WebSockets that break every rule of RFC 6455, and what they are told: the same on a desktop server
//! and on a device.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::peer::raw_frame;
use super::web::{masked, read_response, request};
use super::{PATIENCE, Peer};
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::wire::ws::{CloseCode, FrameKind};

/// The longest request that opens a WebSocket.
const HANDSHAKE_LIMIT_BYTES: usize = 8 * 1_024;
/// The longest payload of a control frame.
const CONTROL_PAYLOAD_MAX_BYTES: usize = 125;

/// What a client may not do, and the code that it is told.
fn broken_rules(frame_limit_bytes: u16) -> Vec<(&'static str, Vec<u8>, CloseCode)> {
    let binary = |payload: &[u8]| masked(FrameKind::Binary, payload);
    let with_first = |bits: u8, mut frame: Vec<u8>| {
        frame[0] ^= bits;
        frame
    };
    let mut unmasked = raw_frame(1, b"");
    unmasked[..2].copy_from_slice(&[0x82, 4]);
    let piece = with_first(0x80, binary(b"12"));
    let long = |length: u16| [&[0x82, 0xFE][..], &length.to_be_bytes(), &[0; 4]].concat();
    let huge = |length: u64| [&[0x82, 0xFF][..], &length.to_be_bytes(), &[0; 4]].concat();
    let rest = masked(FrameKind::Continuation, &vec![0; usize::from(frame_limit_bytes) - 1]);
    let long_ping = [&[0x89, 0xFE, 0, 126][..], &[0; 4 + 126]].concat();
    let protocol = CloseCode::PROTOCOL_ERROR;
    vec![
        ("unmasked", unmasked, protocol),
        ("a reserved bit", with_first(0x40, binary(b"1234")), protocol),
        ("a reserved opcode", with_first(0x01, binary(b"1234")), protocol),
        ("a long Ping", long_ping, protocol),
        ("a Ping in pieces", with_first(0x80, masked(FrameKind::Ping, b"")), protocol),
        ("a continuation of nothing", masked(FrameKind::Continuation, b"1"), protocol),
        ("a message within a message", [piece.clone(), binary(b"1234")].concat(), protocol),
        ("a length with its top bit", huge(u64::MAX), protocol),
        ("half a code", masked(FrameKind::Close, &[3]), protocol),
        ("a code that nobody may send", masked(FrameKind::Close, &[3, 237]), protocol),
        ("text", masked(FrameKind::Text, b"hello"), CloseCode::UNSUPPORTED_DATA),
        ("no UTF-8", masked(FrameKind::Close, &[3, 232, 0xFF]), CloseCode::INVALID_DATA),
        ("too long", long(frame_limit_bytes + 1), CloseCode::MESSAGE_TOO_BIG),
        ("too long in pieces", [piece, rest].concat(), CloseCode::MESSAGE_TOO_BIG),
        ("a giant", huge(1 << 40), CloseCode::MESSAGE_TOO_BIG),
    ]
}

/// Breaks one rule a connection, and answers how many there were.
pub(crate) fn break_every_web_rule(target: SocketAddr, frame_limit_bytes: u16) -> u64 {
    let rules = broken_rules(frame_limit_bytes);
    for (rule, bytes, code) in &rules {
        println!("WebSocket: {rule}");
        let mut peer = Peer::web(target);
        peer.send_if_open(bytes);
        let told = peer.find::<Error>();
        assert_eq!((told.code.name(), told.about), (ErrorCode::BAD_FRAME.name(), 0), "{rule}");
        peer.expect_closed();
        assert_eq!(peer.close_code(), Some(*code), "{rule}");
    }
    rules.len() as u64
}

/// Floods a server with each thing that is not a whole message, empty ones too, and answers how many
/// times it was stopped.
pub(crate) fn flood_with_what_is_no_message(target: SocketAddr) -> u64 {
    let mut first = masked(FrameKind::Binary, b"");
    first[0] ^= 0x80;
    let mut piece = masked(FrameKind::Continuation, b"");
    piece[0] ^= 0x80;
    let (ping, pong) = (masked(FrameKind::Ping, b""), masked(FrameKind::Pong, b""));
    let floods = [("pieces", first, piece), ("pings", vec![], ping), ("pongs", vec![], pong)];
    for (name, opening, one) in &floods {
        println!("WebSocket: a flood of {name}");
        let mut peer = Peer::web(target);
        peer.send_raw(opening);
        // More than a second's worth, whatever the limits are.
        peer.send_if_open(&one.repeat(100_000));
        assert_eq!(peer.find::<Error>().code.name(), ErrorCode::TOO_FAST.name(), "{name}");
        peer.expect_closed();
        assert_eq!(peer.close_code(), Some(CloseCode::POLICY_VIOLATION), "{name}");
    }
    floods.len() as u64
}

/// The longest of everything is served: a message, in one piece and in two, and a Ping between those.
pub(crate) fn send_the_longest(target: SocketAddr, frame_limit_bytes: u16) {
    let mut peer = Peer::web(target);
    let longest = raw_frame(i32::MAX, &vec![0xFF; usize::from(frame_limit_bytes) - 4]);
    let ping = [0xA5; CONTROL_PAYLOAD_MAX_BYTES];
    let (head, tail) = longest[2..].split_at(longest.len() - 3);
    let mut first = masked(FrameKind::Binary, head);
    first[0] ^= 0x80;
    let parts = [first, masked(FrameKind::Ping, &ping), masked(FrameKind::Continuation, tail)];
    peer.send_bytes(&longest);
    peer.expect_served();
    peer.send_raw(&parts.concat());
    peer.expect_served();
    assert_eq!(peer.last_pong(), Some(&ping[..]));
}

/// The head that Chromium sends, with cookies so long that it has `bytes` in all.
fn head_of(bytes: usize) -> String {
    let head = |cookies: &str| {
        request(&format!(
            "Pragma: no-cache\r\nCache-Control: no-cache\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/156.0.0.0 Safari/537.36\r\nOrigin: http://realm:7080\r\n\
             Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\
             Cookie: session={cookies}\r\n"
        ))
    };
    head(&"c".repeat(bytes - head("").len()))
}

/// Both sides of the longest request, and an ordinary one.
pub(crate) fn open_with_long_heads(target: SocketAddr) {
    let limit = HANDSHAKE_LIMIT_BYTES;
    for (bytes, status) in [(700, "101"), (limit, "101"), (limit + 1, "431")] {
        let mut stream = TcpStream::connect(target).unwrap();
        stream.write_all(head_of(bytes).as_bytes()).unwrap();
        assert_eq!(read_response(&mut stream)[9..12], *status, "{bytes} bytes");
    }
}

/// Half a request and silence, and one that comes by drops, end in time and without a word.
pub(crate) fn open_slowly(target: SocketAddr, greeting_timeout: Duration) {
    let text = request("");
    let [mut silent, mut dripping] = [(); 2].map(|()| TcpStream::connect(target).unwrap());
    let began = Instant::now();
    silent.write_all(&text.as_bytes()[..60]).unwrap();
    for byte in &text.as_bytes()[..8] {
        dripping.write_all(&[*byte]).unwrap();
        thread::sleep(greeting_timeout / 16);
    }
    for mut stream in [silent, dripping] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"");
    }
    let took = began.elapsed();
    let late = greeting_timeout + Duration::from_secs(3);
    assert!(took >= greeting_timeout && took < late, "{took:?}");
}

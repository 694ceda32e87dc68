//! What a peer says and hears that is a WebSocket: its request, messages for frames, frames of any kind.
//!
//! Contract: every mask is the same, so that two runs say the same bytes. The tests of the real servers
//! include this file, too.

use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{
    FrameHeader, FrameKind, ParsedHeader, Side, reframe_into, write_frame,
};

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const HEADER_MAX_BYTES: usize = 14;
/// The longest line of a head that matters.
const LINE_BYTES: usize = 200;

/// What opens a WebSocket, as a browser's page says it, with these lines more.
pub fn request(more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: realm\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         {more}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n"
    )
}

/// What a server answers to a request.
pub fn response(request: &[u8]) -> Vec<u8> {
    let (mut acceptor, mut line) = (Acceptor::default(), [0; LINE_BYTES]);
    let policy = Policy { origins: &[], hosts: &[], limit_bytes: u16::MAX };
    let accepted = match acceptor.advance(&mut line, &mut &*request, policy) {
        Acceptance::Accepted(accepted) => accepted,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(request)),
    };
    let mut out = [0; Acceptor::RESPONSE_MAX_BYTES];
    let used = accepted.write_response(&mut out).expect("a response fits");
    out[..used].to_vec()
}

/// The head that is heard first, request or response; `None` before it is whole.
pub fn head_bytes(heard: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    heard.windows(END.len()).position(|part| part == END).map(|place| place + END.len())
}

/// What is heard, without the line of a request that tells where it goes.
pub fn without_host(heard: &[u8]) -> Vec<u8> {
    const BEFORE: &[u8] = b"GET / HTTP/1.1\r\nHost: ";
    let host_bytes =
        heard.strip_prefix(BEFORE).and_then(|rest| rest.iter().position(|b| *b == b'\r'));
    match host_bytes {
        Some(bytes) => [BEFORE, &heard[BEFORE.len() + bytes..]].concat(),
        None => heard.to_vec(),
    }
}

/// Stream frames as messages of this side.
pub fn messages_of(side: Side, stream: &[u8]) -> Vec<u8> {
    let mask = (side == Side::Client).then_some(MASK);
    let (mut left, mut messages) = (stream, Vec::new());
    let mut room = vec![0; stream.len() + HEADER_MAX_BYTES];
    while !left.is_empty() {
        let reframed = reframe_into(left, &mut room, mask).expect("whole frames");
        messages.extend_from_slice(&room[..reframed.written_bytes]);
        left = &left[reframed.read_bytes..];
    }
    messages
}

/// Stream frames as a client's messages.
pub fn messages(stream: &[u8]) -> Vec<u8> {
    messages_of(Side::Client, stream)
}

/// A frame of a client.
pub fn masked(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; payload.len() + HEADER_MAX_BYTES];
    let used = write_frame(&mut out, kind, Some(MASK), payload).expect("it fits");
    out.truncate(used);
    out
}

/// A frame that its message goes on behind.
pub fn piece(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    with_first(0x80, masked(kind, payload))
}

/// A frame with these bits of its first byte turned over.
pub fn with_first(bits: u8, mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] ^= bits;
    frame
}

/// How many whole frames this side has heard.
pub fn count(side: Side, mut heard: &[u8]) -> usize {
    let mut frames = 0;
    while let ParsedHeader::Whole { header, header_bytes } = FrameHeader::parse(heard, side) {
        let Some(rest) = heard.get(header_bytes + header.payload_bytes..) else { break };
        heard = rest;
        frames += 1;
    }
    frames
}

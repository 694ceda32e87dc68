//! Peers that are WebSockets: what they say is made messages of, and what they hear frames again.
//!
//! So a test says and hears the same of either kind.

use std::vec;
use std::vec::Vec;

use super::Peer;
use crate::wire::ws::{FrameHeader, FrameKind, ParsedHeader, Side, reframe_into, write_frame};

/// How a WebSocket begins.
pub(crate) const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: realm\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Origin: https://game.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n";

const MASK: [u8; 4] = [9, 8, 7, 6];

/// A whole frame of a client.
pub(crate) fn masked(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    framed(kind, Some(MASK), payload)
}

/// A whole frame of a server.
pub(crate) fn unmasked(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    framed(kind, None, payload)
}

fn framed(kind: FrameKind, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; payload.len() + 14];
    let used = write_frame(&mut out, kind, mask, payload).expect("there is room");
    out.truncate(used);
    out
}

/// Stream frames as the messages of a client; what is no frame is one more message.
pub(super) fn messages_of(stream: &[u8]) -> Vec<u8> {
    let (mut left, mut messages) = (stream, Vec::new());
    let mut room = vec![0; stream.len() + 14];
    while let Ok(reframed) = reframe_into(left, &mut room, Some(MASK)) {
        messages.extend_from_slice(&room[..reframed.written_bytes]);
        left = &left[reframed.read_bytes..];
    }
    if !left.is_empty() {
        messages.extend(masked(FrameKind::Binary, left));
    }
    messages
}

impl Peer {
    /// The peer's transport has taken `bytes`.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let Some(unread) = &mut self.unread_messages else {
            self.stream.extend_from_slice(bytes);
            return;
        };
        unread.extend_from_slice(bytes);
        if unread.first() == Some(&b'H') {
            let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") else { return };
            unread.drain(..end + 4);
        }
        while let ParsedHeader::Whole { header, header_bytes } =
            FrameHeader::parse(unread, Side::Client)
        {
            let end = header_bytes + header.payload_bytes;
            if unread.len() < end {
                return;
            }
            if header.kind == FrameKind::Binary {
                self.stream.extend_from_slice(&(header.payload_bytes as u16).to_le_bytes());
                self.stream.extend_from_slice(&unread[header_bytes..end]);
            }
            unread.drain(..end);
        }
    }
}

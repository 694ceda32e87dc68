//! A `Peer` that is a WebSocket: its handshake, and messages for frames.

use std::io::{Read, Write};
use std::net::TcpStream;

use tinyrealm_core::wire::ws::{Close, CloseCode, FrameHeader, FrameKind, ParsedHeader, Side};

#[path = "../../../tests/conformance/src/web.rs"]
#[allow(unreachable_pub, reason = "it is the conformance suite's, too")]
mod bytes;

pub(crate) use bytes::{masked, messages as messages_of, request};

/// Reads an HTTP response, and nothing behind it.
pub(crate) fn read_response(stream: &mut TcpStream) -> String {
    let (mut response, mut byte) = (Vec::new(), [0]);
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    while !response.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the rest of a response");
        response.push(byte[0]);
    }
    String::from_utf8(response).unwrap()
}

/// What a WebSocket has got.
#[derive(Default)]
pub(crate) struct WebPeer {
    unread: Vec<u8>,
    pub(crate) close_code: Option<CloseCode>,
    /// What the newest Pong has said.
    pub(crate) last_pong: Option<Vec<u8>>,
}

impl WebPeer {
    pub(crate) fn shake_hands(stream: &mut TcpStream, head: &str) -> Self {
        stream.write_all(request(head).as_bytes()).unwrap();
        let response = read_response(stream);
        assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
        // A proxy may write names in another way.
        let value_of = |wanted: &str| {
            let fields = response.lines().filter_map(|line| line.split_once(": "));
            fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, it)| it)
        };
        assert_eq!(value_of("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(value_of("Sec-WebSocket-Protocol"), Some("tinyrealm.v2"));
        assert_eq!(value_of("Sec-WebSocket-Extensions"), None, "{response}");
        Self::default()
    }

    /// Bytes have come: whole messages become frames of `stream`.
    pub(crate) fn take(&mut self, bytes: &[u8], stream: &mut Vec<u8>) {
        self.unread.extend_from_slice(bytes);
        while let ParsedHeader::Whole { header, header_bytes } =
            FrameHeader::parse(&self.unread, Side::Client)
        {
            let end = header_bytes + header.payload_bytes;
            let Some(payload) = self.unread.get(header_bytes..end) else { return };
            match header.kind {
                FrameKind::Binary => {
                    stream.extend_from_slice(&(payload.len() as u16).to_le_bytes());
                    stream.extend_from_slice(payload);
                }
                FrameKind::Close => self.close_code = Some(Close::parse(payload).unwrap().code),
                FrameKind::Pong => self.last_pong = Some(payload.to_vec()),
                other => panic!("a server says {other:?}"),
            }
            self.unread.drain(..end);
        }
    }
}

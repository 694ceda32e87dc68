//! A `Peer` that is a WebSocket: its handshake, and messages for frames.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tinyrealm_core::wire::ws::{
    Close, CloseCode, FrameHeader, FrameKind, ParsedHeader, Side, reframe_into, write_frame,
};

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const HEADER_MAX_BYTES: usize = 14;

/// A request as a browser's page makes it.
pub(crate) fn request(more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: realm\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         {more}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: tinyrealm.v1\r\n\r\n"
    )
}

/// One whole frame of a client.
pub(crate) fn masked(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; payload.len() + HEADER_MAX_BYTES];
    let used = write_frame(&mut out, kind, Some(MASK), payload).unwrap();
    out.truncate(used);
    out
}

/// Stream frames as a client's messages.
pub(crate) fn messages_of(stream: &[u8]) -> Vec<u8> {
    let (mut left, mut messages) = (stream, Vec::new());
    let mut room = vec![0; stream.len() + HEADER_MAX_BYTES];
    while !left.is_empty() {
        let reframed = reframe_into(left, &mut room, Some(MASK)).expect("whole frames");
        messages.extend_from_slice(&room[..reframed.written_bytes]);
        left = &left[reframed.read_bytes..];
    }
    messages
}

/// Reads an HTTP response, and nothing behind it.
pub(crate) fn read_response(stream: &mut TcpStream) -> String {
    try_read_response(stream).expect("the rest of a response")
}

fn try_read_response(stream: &mut TcpStream) -> io::Result<String> {
    let (mut response, mut byte) = (Vec::new(), [0]);
    stream.set_read_timeout(Some(super::PATIENCE))?;
    while !response.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        response.push(byte[0]);
    }
    Ok(String::from_utf8(response).unwrap())
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
    /// An error is the connection's; a wrong response is a failure.
    pub(crate) fn shake_hands(stream: &mut TcpStream) -> io::Result<Self> {
        stream.write_all(request("").as_bytes())?;
        let response = try_read_response(stream)?;
        assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
        assert!(response.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(response.contains("\r\nSec-WebSocket-Protocol: tinyrealm.v1\r\n"));
        assert!(!response.contains("Extensions"), "{response}");
        Ok(Self::default())
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

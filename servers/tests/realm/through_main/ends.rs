//! Both ends of what Main passes on, byte by byte: a page, and a board that the test plays itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{
    Close, CloseCode, FrameHeader, FrameKind, ParsedHeader, Side, apply_mask, write_frame,
};

use crate::certificates::{Certificates, TlsStream};
use crate::support::{PATIENCE, Server};

/// A frame's kind and payload.
pub(crate) type Frame = (FrameKind, Vec<u8>);

/// What begins a sealed link, as far as anybody on the way can tell.
pub(crate) fn first_message() -> Vec<u8> {
    [&SecureClient::OPCODE.0.to_le_bytes()[..], &[7; 63]].concat()
}

/// One end of a WebSocket.
pub(crate) struct WebSocket<S> {
    pub(crate) stream: S,
    side: Side,
    unread: Vec<u8>,
}

pub(crate) type Page = WebSocket<TlsStream>;

impl<S: Read + Write> WebSocket<S> {
    pub(crate) fn frame(&self, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; payload.len() + 14];
        let mask = matches!(self.side, Side::Client).then_some([3, 1, 4, 1]);
        let used = write_frame(&mut bytes, kind, mask, payload).unwrap();
        bytes.truncate(used);
        bytes
    }

    pub(crate) fn send(&mut self, kind: FrameKind, payload: &[u8]) {
        let frame = self.frame(kind, payload);
        self.stream.write_all(&frame).unwrap();
    }

    /// The next frame; none if the other end is over.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Frame> {
        loop {
            let parsed = FrameHeader::parse(&self.unread, self.side);
            if let ParsedHeader::Whole { header, header_bytes } = parsed
                && let end = header_bytes + header.payload_bytes
                && let Some(payload) = self.unread.get_mut(header_bytes..end)
            {
                apply_mask(payload, header.mask.unwrap_or_default(), 0);
                let payload = payload.to_vec();
                self.unread.drain(..end);
                return Some((header.kind, payload));
            }
            let mut bytes = [0; 4_096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(count) => self.unread.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing comes")
                }
                Err(_) => return None,
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect_message(&mut self, payload: &[u8]) {
        assert_eq!(self.next(), Some((FrameKind::Binary, payload.to_vec())));
    }

    /// A Close with this code, and nothing behind it.
    #[track_caller]
    pub(crate) fn expect_close(&mut self, code: u16) {
        let last = self.next();
        let Some((FrameKind::Close, payload)) = &last else { panic!("{last:?}") };
        assert_eq!(Close::parse(payload).unwrap().code, CloseCode(code), "{last:?}");
        assert_eq!(self.next(), None);
    }
}

/// A realm with one world, which has registered with the address of a board that the test plays.
pub(crate) struct Realm {
    pub(crate) certificates: Certificates,
    pub(crate) main: Server,
    _world: Server,
    board: TcpListener,
    pub(crate) target: String,
}

impl Realm {
    pub(crate) fn start(name: &str, settings: &[&str]) -> Self {
        Self::with_world(name, settings, &["world.sealed_clients=4"])
    }

    pub(crate) fn with_world(name: &str, settings: &[&str], of_world: &[&str]) -> Self {
        let certificates = Certificates::make(name);
        let [certificate, key] = certificates.settings();
        let main = Server::main(&[&[certificate.as_str(), &key], settings].concat());
        let board = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = board.local_addr().unwrap();
        let advertise = format!("world.advertise=ws://{place}");
        let world = Server::world(1, main.address, &[&[advertise.as_str()], of_world].concat());
        world.wait_until_registered(1);
        main.wait_until_reported(&[("worlds", 1)]);
        Self { certificates, main, _world: world, board, target: format!("/world/{place}") }
    }

    /// Asks Main for a WebSocket; the head of a refusal if there is none.
    pub(crate) fn ask(&self, target: &str, head: &str) -> Result<Page, String> {
        ask(self.certificates.connect(self.main.address, "localhost"), target, head)
    }

    /// A page that has begun.
    pub(crate) fn page(&self) -> Page {
        let mut page = self.ask(&self.target, "").unwrap();
        page.send(FrameKind::Binary, &first_message());
        page
    }

    /// A page and the board that it has reached.
    pub(crate) fn both_ends(&self) -> (Page, WebSocket<TcpStream>) {
        let page = self.page();
        let mut board = self.answer();
        board.expect_message(&first_message());
        (page, board)
    }

    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.board.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Whoever dials the board has its WebSocket.
    pub(crate) fn answer(&self) -> WebSocket<TcpStream> {
        let mut stream = self.accept();
        let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
        let (mut acceptor, mut line, mut byte) = (Acceptor::default(), [0; 256], [0]);
        let accepted = loop {
            stream.read_exact(&mut byte).unwrap();
            match acceptor.advance(&mut line, &mut &byte[..], policy) {
                Acceptance::NeedMore => {}
                Acceptance::Accepted(accepted) => break accepted,
                Acceptance::Refused(refusal) => panic!("{refusal:?}"),
            }
        };
        let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
        let used = accepted.write_response(&mut response).unwrap();
        stream.write_all(&response[..used]).unwrap();
        WebSocket { stream, side: Side::Server, unread: Vec::new() }
    }

    /// Whether nobody has dialed the board.
    pub(crate) fn was_not_dialed(&self) -> bool {
        self.board.set_nonblocking(true).unwrap();
        self.board.accept().is_err()
    }

    /// Nobody is at the board's address any more.
    pub(crate) fn take_board_away(self) -> (Certificates, Server, Server, SocketAddr) {
        let place = self.board.local_addr().unwrap();
        (self.certificates, self.main, self._world, place)
    }
}

/// Asks for a WebSocket over any connection; the head of a refusal if there is none.
pub(crate) fn ask<S: Read + Write>(
    mut stream: S,
    target: &str,
    head: &str,
) -> Result<WebSocket<S>, String> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Protocol: tinyrealm.v2\r\n{head}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let response = response(&mut stream);
    match response.starts_with("HTTP/1.1 101 ") {
        true => Ok(WebSocket { stream, side: Side::Client, unread: Vec::new() }),
        false => Err(response),
    }
}

/// The head of a response.
pub(crate) fn response(stream: &mut impl Read) -> String {
    let (mut response, mut byte) = (Vec::new(), [0]);
    while !response.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the rest of a response");
        response.push(byte[0]);
    }
    String::from_utf8(response).unwrap()
}

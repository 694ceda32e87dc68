//! What the tests of the client runtime share: peers of both transports, and someone who notes what
//! he is told.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::net::{
    CloseCode, NetConnector, NetError, NetErrorKind, NetEvents, NetHandler, NetSender, NetSession,
    NetState,
};
use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{Assembly, Close, FrameKind, Rules, Side, Step, write_frame};
use tinyrealm_core::wire::{NetFrameV1, Opcode, PacketHeader};
use tinyrealm_std::client::{NetOptions, NetTcpConnector, NetWsConnector};

/// After so long a test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long closing may take in the tests that wait for it.
pub(crate) const CLOSE_TIMEOUT_MS: u32 = 150;

pub(crate) const OPTIONS: NetOptions =
    NetOptions { close_timeout_ms: CLOSE_TIMEOUT_MS, ..NetOptions::DEFAULT };

/// Lets one test after the other pass, and none of them leave a thread behind.
pub(crate) struct Alone {
    _turn: MutexGuard<'static, ()>,
}

pub(crate) fn alone() -> Alone {
    static TURN: Mutex<()> = Mutex::new(());
    Alone { _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner) }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if !thread::panicking() {
            eventually("the threads end", || threads_of_the_runtime() == 0);
        }
    }
}

/// The operating system's account; where it has none, nothing is checked.
fn threads_of_the_runtime() -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("net-")).count()
}

/// Waits until `holds`.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}, but not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What a session has told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Open,
    Frame(Vec<u8>),
    Error(NetErrorKind, String),
    Close(u16, String),
}

/// Notes everything.
#[derive(Default, Debug)]
pub(crate) struct Diary {
    pub(crate) notes: Vec<Told>,
}

impl Diary {
    /// The ends that were told: never more than one.
    pub(crate) fn closes(&self) -> Vec<(u16, &str)> {
        let closes = self.notes.iter().filter_map(|note| match note {
            Told::Close(code, reason) => Some((*code, reason.as_str())),
            _ => None,
        });
        closes.collect()
    }

    pub(crate) fn has(&self, note: &Told) -> bool {
        self.notes.contains(note)
    }

    pub(crate) fn frames(&self) -> usize {
        self.notes.iter().filter(|note| matches!(note, Told::Frame(_))).count()
    }

    pub(crate) fn error(&self) -> Option<NetErrorKind> {
        self.notes.iter().find_map(|note| match note {
            Told::Error(kind, _) => Some(*kind),
            _ => None,
        })
    }
}

impl NetEvents for Diary {
    fn on_open(&mut self, _: &mut NetSender<'_>) {
        self.notes.push(Told::Open);
    }

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.notes.push(Told::Close(code.0, reason.to_owned()));
    }

    fn on_error(&mut self, error: NetError<'_>) {
        self.notes.push(Told::Error(error.kind, error.text.to_owned()));
    }
}

impl NetHandler for Diary {
    fn on_frame(&mut self, _: &mut NetSender<'_>, body: &[u8]) {
        self.notes.push(Told::Frame(body.to_vec()));
    }
}

/// Ticks until `holds`.
pub(crate) fn tick_until<S: NetSession>(
    session: &mut S,
    diary: &mut Diary,
    what: &str,
    mut holds: impl FnMut(&Diary) -> bool,
) {
    eventually(what, || {
        session.tick(diary);
        holds(diary)
    });
}

/// Ticks until the end, and some more; answers what was told of it.
pub(crate) fn tick_to_end<S: NetSession>(session: &mut S, diary: &mut Diary) -> (u16, String) {
    tick_until(session, diary, "the end is told", |diary| !diary.closes().is_empty());
    assert_eq!(session.state(), NetState::Closed);
    for _ in 0..10 {
        assert_eq!(session.tick(diary), 0);
    }
    let [(code, reason)] = diary.closes()[..] else { panic!("told twice: {:?}", diary.closes()) };
    assert!(matches!(diary.notes.last(), Some(Told::Close(..))), "the end is the last thing");
    (code, reason.to_owned())
}

/// Which transport a test is about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Tcp,
    WebSocket,
}

/// A test that is the same for every transport.
pub(crate) trait EachWay {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str);
}

/// Runs `test` for every transport, with these options.
pub(crate) fn each_way(options: &NetOptions, test: &impl EachWay) {
    let options = || options.clone();
    test.run(Way::Tcp, &NetTcpConnector { options: options(), ..Default::default() }, "tcp");
    test.run(Way::WebSocket, &NetWsConnector { options: options(), ..Default::default() }, "ws");
}

/// Somebody who listens, and a session on its way there.
pub(crate) fn connecting<C: NetConnector>(
    way: Way,
    connector: &C,
    scheme: &str,
) -> (Host, C::Session) {
    let host = Host::new(way);
    let mut session = connector.create_session(&host.url(scheme)).unwrap();
    session.connect();
    (host, session)
}

/// A session that is open, the other end of it, and what it has told so far.
pub(crate) fn opened<C: NetConnector>(
    way: Way,
    connector: &C,
    scheme: &str,
) -> (C::Session, Peer, Diary) {
    let (host, mut session) = connecting(way, connector, scheme);
    let peer = host.accept();
    let mut diary = Diary::default();
    tick_until(&mut session, &mut diary, "it opens", |diary| diary.has(&Told::Open));
    (session, peer, diary)
}

/// Somebody who listens.
pub(crate) struct Host {
    pub(crate) listener: TcpListener,
    pub(crate) way: Way,
}

impl Host {
    pub(crate) fn new(way: Way) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), way }
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.listener.local_addr().unwrap())
    }

    /// The next connection, after the greeting.
    pub(crate) fn accept(&self) -> Peer {
        let mut peer = self.accept_silently();
        if peer.way == Way::WebSocket {
            let response = peer.read_request();
            peer.write(&response);
        }
        peer
    }

    /// The next connection, without a word.
    pub(crate) fn accept_silently(&self) -> Peer {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, way: self.way, read: Vec::new() }
    }
}

/// A server's end of a connection, in the test's hand.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) way: Way,
    /// Read, and not taken yet.
    read: Vec<u8>,
}

impl Peer {
    /// Reads the request of a WebSocket client and answers what it has to hear.
    pub(crate) fn read_request(&mut self) -> Vec<u8> {
        let (mut acceptor, mut line) = (Acceptor::default(), [0; 256]);
        let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
        loop {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            match acceptor.advance(&mut line, &mut &byte[..], policy) {
                Acceptance::NeedMore => {}
                Acceptance::Accepted(accepted) => {
                    let mut response = vec![0; Acceptor::RESPONSE_MAX_BYTES];
                    let used = accepted.write_response(&mut response).unwrap();
                    response.truncate(used);
                    return response;
                }
                Acceptance::Refused(refusal) => panic!("a bad request: {refusal:?}"),
            }
        }
    }

    /// Reads a request, and answers its text and what to say to it, with `line` for another line.
    pub(crate) fn read_whole_request(&mut self, line: &str) -> (String, Vec<u8>) {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
        let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
        let mut buffer = [0; 256];
        let accepted = match Acceptor::default().advance(&mut buffer, &mut &text[..], policy) {
            Acceptance::Accepted(accepted) => accepted,
            other => panic!("a bad request: {other:?}"),
        };
        let mut response = vec![0; Acceptor::RESPONSE_MAX_BYTES];
        let used = accepted.write_response(&mut response).unwrap();
        let response = String::from_utf8(response[..used].to_vec()).unwrap();
        let kept = response.lines().filter(|kept| !kept.contains("Protocol: ") && !kept.is_empty());
        let head: String = kept.map(|kept| format!("{kept}\r\n")).collect();
        (String::from_utf8(text).unwrap(), format!("{head}{line}\r\n").into_bytes())
    }

    /// A sign of life that nobody has asked for.
    pub(crate) fn pong(&mut self) {
        self.write(&message(FrameKind::Pong, b"any"));
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// A frame as this transport has it.
    pub(crate) fn wire(&self, opcode: i32, payload: &[u8]) -> Vec<u8> {
        let mut body = vec![0; NetFrameV1::body_bytes(payload.len())];
        NetFrameV1::build(&mut body, Opcode(opcode), payload).unwrap();
        self.wire_body(&body)
    }

    pub(crate) fn wire_body(&self, body: &[u8]) -> Vec<u8> {
        match self.way {
            Way::Tcp => {
                let header = PacketHeader { body_bytes: body.len() as u16 }.encode();
                [&header[..], body].concat()
            }
            Way::WebSocket => message(FrameKind::Binary, body),
        }
    }

    pub(crate) fn send(&mut self, opcode: i32, payload: &[u8]) {
        let bytes = self.wire(opcode, payload);
        self.write(&bytes);
    }

    /// What a server of this transport says at the end: nothing on TCP.
    pub(crate) fn send_close(&mut self, code: u16, reason: &str) {
        if self.way == Way::WebSocket {
            let mut payload = [0; 125];
            let used = Close { code: CloseCode(code), reason }.write(&mut payload).unwrap();
            self.write(&message(FrameKind::Close, &payload[..used]));
        }
    }

    fn read_more(&mut self) -> usize {
        let mut bytes = [0; 4_096];
        let count = self.stream.read(&mut bytes).unwrap_or(0);
        self.read.extend_from_slice(&bytes[..count]);
        count
    }

    /// The next frame's body; `None` at the end.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        match self.way {
            Way::Tcp => self.receive_prefixed(),
            Way::WebSocket => match self.receive_message()? {
                Message::Body(body) => Some(body),
                Message::Close(..) => None,
                Message::Ping(_) | Message::Pong(_) => self.receive(),
            },
        }
    }

    fn receive_prefixed(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(header) = PacketHeader::decode(&self.read)
                && self.read.len() >= 2 + usize::from(header.body_bytes)
            {
                let frame: Vec<u8> =
                    self.read.drain(..2 + usize::from(header.body_bytes)).collect();
                return Some(frame[2..].to_vec());
            }
            if self.read_more() == 0 {
                return None;
            }
        }
    }

    /// The next thing that a WebSocket client says; `None` at the end.
    pub(crate) fn receive_message(&mut self) -> Option<Message> {
        let rules = Rules { side: Side::Server, limit_bytes: u32::MAX };
        loop {
            // The whole of it again with each read: a test's peer has time.
            let mut bytes = self.read.clone();
            if let Some((message, used)) = whole_message(&mut bytes, rules) {
                self.read.drain(..used);
                return Some(message);
            }
            if self.read_more() == 0 {
                return None;
            }
        }
    }

    /// Reads to the end, whatever it is.
    pub(crate) fn drain(&mut self) {
        while self.read_more() > 0 {}
    }

    /// Ends it with a reset, not with a goodbye.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// What a WebSocket client has said.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Message {
    Body(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
}

fn whole_message(bytes: &mut [u8], rules: Rules) -> Option<(Message, usize)> {
    use tinyrealm_core::wire::ws::{FrameHeader, ParsedHeader};
    let parsed = FrameHeader::parse(bytes, rules.side);
    let ParsedHeader::Whole { header, header_bytes } = parsed else { return None };
    let frame = bytes.get_mut(..header_bytes + header.payload_bytes)?;
    let used = frame.len();
    let message = match Assembly::default().step(frame, rules) {
        Step::Message(place) => Message::Body(frame[place].to_vec()),
        Step::Ping(place) => Message::Ping(frame[place].to_vec()),
        Step::Pong(place) => Message::Pong(frame[place].to_vec()),
        Step::Close { code, reason } => {
            Message::Close(code.0, String::from_utf8(frame[reason].to_vec()).unwrap())
        }
        step => panic!("a client says {step:?}"),
    };
    Some((message, used))
}

/// A server's frame of WebSocket.
pub(crate) fn message(kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; payload.len() + 14];
    let used = write_frame(&mut bytes, kind, None, payload).unwrap();
    bytes.truncate(used);
    bytes
}

/// Whether an error is that of a peer who does not read.
pub(crate) fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

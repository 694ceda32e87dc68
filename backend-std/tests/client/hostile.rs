//! Peers that never become a connection, or stop being one.

use tinyrealm_core::net::{NetConnector, NetErrorKind, NetSession};
use tinyrealm_core::wire::ws::FrameKind;
use tinyrealm_std::client::NetOptions;

use crate::support::{
    Diary, EachWay, Host, Message, OPTIONS, Peer, Way, alone, connecting, each_way, message,
    opened, tick_to_end,
};

/// Nobody listens there.
struct Nobody;

impl EachWay for Nobody {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let url = Host::new(way).url(scheme);
        let mut session = connector.create_session(&url).unwrap();
        session.connect();
        let mut diary = Diary::default();
        let (code, reason) = tick_to_end(&mut session, &mut diary);
        assert_eq!((code, diary.error()), (1_006, Some(NetErrorKind::Connect)));
        assert!(reason.starts_with("can't connect to 127.0.0.1:"), "{reason}");
        assert_eq!(session.last_error(), reason);
    }
}

#[test]
fn nobody_there() {
    let _alone = alone();
    each_way(&OPTIONS, &Nobody);
}

/// What a peer does, and what the session tells at its end.
struct Conduct<'c> {
    conduct: &'c dyn Fn(Peer),
    code: u16,
    error: Option<NetErrorKind>,
}

impl EachWay for Conduct<'_> {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, peer, mut diary) = opened(way, connector, scheme);
        (self.conduct)(peer);
        let (code, _) = tick_to_end(&mut session, &mut diary);
        assert_eq!((code, diary.error()), (self.code, self.error), "{way:?}: {:?}", diary.notes);
    }
}

#[test]
fn a_reset() {
    let _alone = alone();
    let conduct = |peer: Peer| peer.reset();
    each_way(
        &OPTIONS,
        &Conduct { conduct: &conduct, code: 1_006, error: Some(NetErrorKind::Lost) },
    );
}

#[test]
fn an_end_within_a_frame() {
    let _alone = alone();
    let conduct = |mut peer: Peer| {
        let frame = peer.wire(1, b"whole");
        peer.write(&frame[..frame.len() - 1]);
    };
    each_way(
        &OPTIONS,
        &Conduct { conduct: &conduct, code: 1_006, error: Some(NetErrorKind::Lost) },
    );
}

#[test]
fn a_frame_over_the_limit() {
    let _alone = alone();
    let conduct = |mut peer: Peer| {
        let code = match peer.way {
            Way::Tcp => None,
            Way::WebSocket => Some(1_009),
        };
        peer.send(1, &[0; 61]);
        if let Some(code) = code {
            assert_eq!(peer.receive_message(), Some(Message::Close(code, String::new())));
        }
    };
    let options = NetOptions { frame_limit_bytes: 64, ..OPTIONS };
    struct ByWay<'c>(&'c dyn Fn(Peer));
    impl EachWay for ByWay<'_> {
        fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
            let code = if way == Way::Tcp { 1_002 } else { 1_009 };
            let error = Some(NetErrorKind::Protocol);
            Conduct { conduct: self.0, code, error }.run(way, connector, scheme);
        }
    }
    each_way(&options, &ByWay(&conduct));
}

/// Runs only where there are messages.
struct WebSocketOnly<T>(T);

impl<T: EachWay> EachWay for WebSocketOnly<T> {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        if way == Way::WebSocket {
            self.0.run(way, connector, scheme);
        }
    }
}

#[test]
fn frames_that_may_not_be_are_answered_with_the_right_code() {
    let _alone = alone();
    let mut masked = [0; 32];
    let used = tinyrealm_core::wire::ws::write_frame(
        &mut masked,
        FrameKind::Binary,
        Some([1, 2, 3, 4]),
        b"abcd",
    );
    let mut reserved = message(FrameKind::Binary, b"abcd");
    reserved[0] |= 0x40;
    let mut cut_ping = message(FrameKind::Ping, b"");
    cut_ping[0] &= 0x7F;
    let cases = [
        (masked[..used.unwrap()].to_vec(), 1_002),
        (reserved, 1_002),
        (cut_ping, 1_002),
        (message(FrameKind::Continuation, b"abcd"), 1_002),
        (message(FrameKind::Text, b"abcd"), 1_003),
        (vec![0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1_009),
        (vec![0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1_002),
        (message(FrameKind::Close, b"\x03"), 1_002),
        (message(FrameKind::Close, b"\x03\xE8\xFF"), 1_007),
    ];
    for (bytes, code) in cases {
        let conduct = |mut peer: Peer| {
            peer.write(&bytes);
            assert_eq!(peer.receive_message(), Some(Message::Close(code, String::new())));
        };
        let error = Some(NetErrorKind::Protocol);
        each_way(&OPTIONS, &WebSocketOnly(Conduct { conduct: &conduct, code, error }));
    }
}

#[test]
fn a_peer_that_closes_has_its_answer_and_its_words_are_told() {
    let _alone = alone();
    for (code, reason) in [(1_000, ""), (4_001, "kicked"), (1_012, "κόσμε")] {
        let conduct = |mut peer: Peer| {
            peer.send_close(code, reason);
            assert_eq!(peer.receive_message(), Some(Message::Close(code, String::new())));
        };
        each_way(&OPTIONS, &WebSocketOnly(Conduct { conduct: &conduct, code, error: None }));
    }
}

/// What a server answers instead of a greeting.
struct Answering {
    answer: &'static [u8],
    text: &'static str,
}

impl EachWay for Answering {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (host, mut session) = connecting(way, connector, scheme);
        let mut peer = host.accept_silently();
        peer.read_request();
        peer.write(self.answer);
        let mut diary = Diary::default();
        let (code, reason) = tick_to_end(&mut session, &mut diary);
        assert_eq!((code, diary.error()), (1_006, Some(NetErrorKind::Handshake)));
        assert_eq!(reason, self.text);
    }
}

#[test]
fn greetings_that_are_none() {
    let _alone = alone();
    let cases = [
        (&b"HTTP/1.1 404 Not Found\r\n\r\n"[..], "the server answers with status 404"),
        (b"SSH-2.0-server\r\n\r\n", "the server does not speak HTTP"),
        (b"HTTP/1.1 101 Hi\r\n\r\n", "the server does not speak WebSocket"),
        (
            b"HTTP/1.1 101 Hi\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "the server has not understood the handshake",
        ),
    ];
    for (answer, text) in cases {
        each_way(&OPTIONS, &WebSocketOnly(Answering { answer, text }));
    }
    each_way(
        &NetOptions { connect_timeout_ms: 100, ..OPTIONS },
        &WebSocketOnly(Answering {
            answer: b"HTTP/1.1 10",
            text: "the server does not answer in time",
        }),
    );
}

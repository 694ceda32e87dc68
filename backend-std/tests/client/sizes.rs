//! Frames as long as their transport carries them, and what will never fit.

use tinyrealm_core::net::{NetConnector, NetOutbound, NetSession, UrlError};
use tinyrealm_core::protocol::SendError;
use tinyrealm_core::wire::Opcode;
use tinyrealm_std::client::{AnyConnector, NetOptions, NetWsConnector};

use crate::support::{
    Diary, EachWay, Host, OPTIONS, Told, Way, alone, each_way, opened, tick_until,
};

const MIB: usize = 1_024 * 1_024;

/// Both sides of the limit, both ways.
struct Longest {
    asked_bytes: usize,
}

impl EachWay for Longest {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let most = if way == Way::Tcp { 17_734 } else { MIB };
        let limit = self.asked_bytes.min(most);
        let (mut session, mut peer, mut diary) = opened(way, connector, scheme);
        let payload = vec![7; limit - 3];
        assert_eq!(session.send_frame(Opcode(1), &payload), Err(SendError::TooLong));
        assert_eq!(session.send_frame(Opcode(1), &payload[1..]), Ok(()));
        // The queue is full of it now; but what never fits is told from what does not fit now.
        assert_eq!(session.send_frame(Opcode(1), &payload), Err(SendError::TooLong));
        assert_eq!(peer.receive().map(|body| body.len()), Some(limit));
        let bytes = peer.wire(1, &payload[1..]);
        let writer = std::thread::spawn(move || {
            peer.write(&bytes);
            peer
        });
        tick_until(&mut session, &mut diary, "it comes", |diary| diary.frames() == 1);
        let Some(Told::Frame(body)) = diary.notes.last() else { panic!() };
        assert_eq!(body.len(), limit);
        writer.join().unwrap();
    }
}

#[test]
fn both_sides_of_the_longest_frame() {
    let _alone = alone();
    for asked_bytes in [64, 125, 126, 17_734, 17_735, 65_535, 65_536, MIB, MIB + 1] {
        let frame_limit_bytes = asked_bytes as u32;
        let options = NetOptions { frame_limit_bytes, send_queue_bytes: 0, ..OPTIONS };
        each_way(&options, &Longest { asked_bytes });
    }
}

#[test]
fn the_transport_is_chosen_at_run_time() {
    let _alone = alone();
    let connector = AnyConnector::default();
    for (way, scheme) in [(Way::Tcp, "tcp"), (Way::WebSocket, "ws")] {
        let (mut session, mut peer, mut diary) = opened(way, &connector, scheme);
        session.handle().send_frame(Opcode(1), b"hello").unwrap();
        assert_eq!(peer.receive().unwrap()[4..], *b"hello");
        peer.send(2, b"back");
        tick_until(&mut session, &mut diary, "it comes", |diary| diary.frames() == 1);
    }
    let refused = connector.create_session("http://localhost").err();
    assert_eq!(refused, Some(UrlError::Scheme));
}

/// A server's own words are compared with what was asked for.
fn asked_with(connector: &NetWsConnector, answer_line: &str) -> (String, Option<String>, Diary) {
    let host = Host::new(Way::WebSocket);
    let mut session = connector.create_session(&host.url("ws")).unwrap();
    session.connect();
    let mut peer = host.accept_silently();
    let (request, response) = peer.read_whole_request(answer_line);
    peer.write(&response);
    let mut diary = Diary::default();
    tick_until(&mut session, &mut diary, "it has an outcome", |diary| !diary.notes.is_empty());
    let chosen = session.sub_protocol().map(str::to_owned);
    (request, chosen, diary)
}

#[test]
fn sub_protocols_and_headers_are_the_callers() {
    let _alone = alone();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let connector = NetWsConnector {
        sub_protocols: texts(&["chess.v2", "chess.v1"]),
        headers: vec![("Authorization".to_owned(), "Bearer a b".to_owned())],
        options: OPTIONS,
        ..NetWsConnector::default()
    };
    let (request, chosen, _) = asked_with(&connector, "Sec-WebSocket-Protocol: chess.v1\r\n");
    assert!(request.contains("\r\nSec-WebSocket-Protocol: chess.v2, chess.v1\r\n"), "{request}");
    assert!(request.contains("\r\nAuthorization: Bearer a b\r\n"), "{request}");
    assert_eq!(chosen.as_deref(), Some("chess.v1"));
    let (_, chosen, _) = asked_with(&connector, "");
    assert_eq!(chosen, None);
    let (_, _, diary) = asked_with(&connector, "Sec-WebSocket-Protocol: draughts\r\n");
    assert!(diary.error().is_some());
    let none = NetWsConnector { sub_protocols: Vec::new(), ..connector };
    assert!(!asked_with(&none, "").0.contains("Protocol"));
}

#[test]
fn headers_that_would_make_it_another_request_are_not_sent() {
    let _alone = alone();
    for (name, value) in [
        ("Host", "elsewhere"),
        ("sec-websocket-key", "mine"),
        ("Connection", "close"),
        ("X", "a\r\nHost: b"),
        ("X Y", "a"),
        ("", "a"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let connector = NetWsConnector { headers, options: OPTIONS, ..NetWsConnector::default() };
        let host = Host::new(Way::WebSocket);
        let mut session = connector.create_session(&host.url("ws")).unwrap();
        session.connect();
        let mut diary = Diary::default();
        tick_until(&mut session, &mut diary, "it fails", |diary| diary.error().is_some());
    }
}

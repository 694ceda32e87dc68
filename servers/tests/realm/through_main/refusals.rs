//! Who is not passed on, and what it hears: a status before its WebSocket stands, a code behind that.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use tinyrealm_core::protocol::client_to_world::Join;
use tinyrealm_core::wire::ws::FrameKind;

use super::ends::{Realm, ask, first_message, response};
use crate::certificates::own_address;
use crate::support::Server;

#[track_caller]
fn assert_refused<T>(asked: Result<T, String>, status: &str) {
    let response = asked.err().expect("it is refused");
    assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
}

#[test]
fn a_request_names_a_world_that_is_registered_and_comes_from_a_page_of_ours() {
    let realm = Realm::start("relay-requests", &[]);
    let place = realm.target.trim_start_matches("/world/");
    for target in ["/world/127.0.0.1:1", "/world/", "/world/1"] {
        assert_refused(realm.ask(target, ""), "404");
    }
    assert_refused(realm.ask(&format!("/world/ws://{place}"), ""), "404");
    assert_refused(realm.ask(&realm.target, "Origin: https://elsewhere.example\r\n"), "403");
    assert_refused(realm.ask(&realm.target, "Sec-WebSocket-Version: 12\r\n"), "400");
    assert!(realm.ask(&realm.target, "Origin: https://localhost:1\r\n").is_ok());
    // Any other path is Main's own, and what is near may do without TLS.
    assert!(realm.ask("/worlds", "").is_ok());
    let near = TcpStream::connect(realm.main.address).unwrap();
    assert!(ask(near, &realm.target, "").is_ok());
    assert!(realm.was_not_dialed());
    let ended = [("relay.ended.unknown", 4), ("relay.ended.origin", 1), ("relay.ended.request", 1)];
    realm.main.wait_until_reported(&ended);
}

#[test]
fn a_world_that_does_not_seal_is_not_reached_so() {
    let realm = Realm::with_world("relay-unsealed", &[], &[]);
    assert_refused(realm.ask(&realm.target, ""), "403");
    realm.main.wait_until_reported(&[("relay.ended.unsealed", 1)]);
}

#[test]
fn listed_origins_are_those_of_main() {
    let realm = Realm::start("relay-origins", &["net.origins=https://game.example"]);
    assert!(realm.ask(&realm.target, "Origin: https://game.example\r\n").is_ok());
    assert_refused(realm.ask(&realm.target, "Origin: https://localhost\r\n"), "403");
}

#[test]
fn in_clear_from_elsewhere_it_is_refused() {
    let Some(own) = own_address() else {
        return eprintln!("this machine has no address but loopback's");
    };
    // A Main without TLS, which takes clear text from everybody otherwise.
    let main = Server::main(&[&format!("main.listen={own}:0")]);
    let connect = || TcpStream::connect(main.address).unwrap();
    assert_refused(ask(connect(), "/world/127.0.0.1:1", ""), "403");
    assert!(ask(connect(), "/", "").is_ok());
}

#[test]
fn a_request_may_come_in_pieces() {
    let realm = Realm::start("relay-pieces", &[]);
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", realm.target);
    let mut secure = realm.certificates.connect(realm.main.address, "localhost");
    let mut clear = TcpStream::connect(realm.main.address).unwrap();
    clear.set_nodelay(true).unwrap();
    // The first of them may be the beginning of anything.
    for piece in [&request[..1], &request[1..7], &request[7..11], &request[11..]] {
        for stream in [&mut secure as &mut dyn Write, &mut clear] {
            stream.write_all(piece.as_bytes()).unwrap();
            stream.flush().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(response(&mut secure).starts_with("HTTP/1.1 426 "));
    assert!(response(&mut clear).starts_with("HTTP/1.1 426 "));
    realm.main.wait_until_reported(&[("relay.ended.request", 2)]);
}

#[test]
fn what_begins_no_sealed_link_reaches_no_board() {
    let realm = Realm::start("relay-first", &[]);
    let join = Join::OPCODE.0.to_le_bytes();
    let cases: [(FrameKind, &[u8], u16); 6] = [
        (FrameKind::Binary, &join, 1008),
        (FrameKind::Binary, &first_message()[..3], 1008),
        (FrameKind::Binary, b"", 1008),
        (FrameKind::Ping, b"there?", 1008),
        (FrameKind::Text, b"hello", 1003),
        (FrameKind::Continuation, &first_message(), 1008),
    ];
    for (kind, payload, code) in cases {
        let mut page = realm.ask(&realm.target, "").unwrap();
        page.send(kind, payload);
        page.expect_close(code);
    }
    // In pieces: who looks at the first one alone could be led astray.
    let mut page = realm.ask(&realm.target, "").unwrap();
    let mut piece = page.frame(FrameKind::Binary, &first_message());
    piece[0] &= 0x7F;
    page.stream.write_all(&piece).unwrap();
    page.expect_close(1008);
    assert!(realm.was_not_dialed());
    let counts = [("relay.ended.not sealed", 6), ("relay.ended.framing", 1), ("relay.passed", 0)];
    realm.main.wait_until_reported(&counts);
}

#[test]
fn behind_the_first_message_nothing_but_messages_passes() {
    let realm = Realm::start("relay-later", &[]);
    let (mut page, mut board) = realm.both_ends();
    page.send(FrameKind::Binary, b"a record");
    board.expect_message(b"a record");
    board.send(FrameKind::Binary, b"another");
    page.expect_message(b"another");
    page.send(FrameKind::Ping, b"there?");
    assert_eq!(board.next(), Some((FrameKind::Ping, b"there?".to_vec())));
    board.send(FrameKind::Pong, b"there?");
    assert_eq!(page.next(), Some((FrameKind::Pong, b"there?".to_vec())));
    // A record in pieces is one message, and passes as it comes.
    let mut piece = page.frame(FrameKind::Binary, b"half a ");
    piece[0] &= 0x7F;
    page.stream.write_all(&piece).unwrap();
    page.send(FrameKind::Continuation, b"record");
    board.expect_message(b"half a ");
    assert_eq!(board.next(), Some((FrameKind::Continuation, b"record".to_vec())));
    page.send(FrameKind::Text, b"hello");
    page.expect_close(1003);
    board.expect_close(1003);
    // What the world says is looked at as well.
    let (mut page, mut board) = realm.both_ends();
    board.send(FrameKind::Text, b"hello");
    page.expect_close(1003);
    board.expect_close(1003);
    let (mut page, mut board) = realm.both_ends();
    page.stream.write_all(&[0x82, 0x01, 0x00]).unwrap();
    page.expect_close(1002);
    board.expect_close(1002);
    realm.main.wait_until_reported(&[("relay.passed", 3), ("relay.connections", 0)]);
}

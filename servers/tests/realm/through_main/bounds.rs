//! Both sides of every limit of what Main passes on.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tinyrealm_core::wire::ws::FrameKind;

use super::ends::{Realm, ask, first_message};
use crate::support::PATIENCE;

/// The longest message that passes: a buffer of 16 KiB without a header and its mask.
const LONGEST_BYTES: usize = 16 * 1_024 - 8;

/// More than a system keeps of two connections.
const SYSTEM_MAX_BYTES: usize = 128 << 20;

#[track_caller]
fn assert_full<T>(asked: Result<T, String>) {
    let response = asked.err().expect("there are too many");
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
}

#[test]
fn so_many_are_passed_on_and_the_next_when_one_has_gone() {
    let realm = Realm::start("relay-many", &["main.relay.connections=2"]);
    let (one, _other) = (realm.both_ends(), realm.both_ends());
    assert_full(realm.ask(&realm.target, ""));
    drop(one);
    realm.main.wait_until_reported(&[("relay.connections", 1), ("relay.ended.full", 1)]);
    let _third = realm.both_ends();
    assert_full(realm.ask(&realm.target, ""));
}

#[test]
fn an_address_has_its_share() {
    let realm = Realm::start("relay-share", &["main.relay.connections_per_address=3"]);
    let _own: Vec<_> = (0..3).map(|_| realm.both_ends()).collect();
    assert_full(realm.ask(&realm.target, ""));
    realm.main.wait_until_reported(&[("relay.connections", 3)]);
}

#[test]
fn behind_a_proxy_its_clients_have_their_shares() {
    let settings = ["net.trusted_proxies=127.0.0.1", "main.relay.connections_per_address=1"];
    let realm = Realm::start("relay-proxied", &settings);
    let ask_for = |client| {
        let proxy = TcpStream::connect(realm.main.address).unwrap();
        ask(proxy, &realm.target, &format!("X-Forwarded-For: {client}\r\n"))
    };
    let _one = ask_for("192.0.2.1").unwrap();
    assert_full(ask_for("192.0.2.1"));
    let _other = ask_for("192.0.2.2").unwrap();
}

#[test]
fn with_no_connections_there_is_no_relay() {
    let realm = Realm::start("relay-off", &["main.relay.connections=0"]);
    assert_full(realm.ask(&realm.target, ""));
    assert!(realm.ask("/", "").is_ok());
}

#[test]
fn a_message_may_be_so_long() {
    let realm = Realm::start("relay-long", &[]);
    let (mut page, mut board) = realm.both_ends();
    let longest = vec![5; LONGEST_BYTES];
    page.send(FrameKind::Binary, &longest);
    board.expect_message(&longest);
    board.send(FrameKind::Binary, &longest);
    page.expect_message(&longest);
    let longer = page.frame(FrameKind::Binary, &[5; LONGEST_BYTES + 1]);
    // It is refused by its header.
    page.stream.write_all(&longer[..8]).unwrap();
    page.expect_close(1009);
    board.expect_close(1009);
}

/// What is said at once passes at once; behind that it takes its time, and nothing is lost.
#[test]
fn what_is_too_fast_is_held_up() {
    let realm = Realm::start("relay-fast", &["main.relay.bytes_per_second=4096"]);
    let (mut page, mut board) = realm.both_ends();
    let started = Instant::now();
    // A first message and these are a second's.
    let (first, second) = (vec![1; 3_900], vec![2; 6_000]);
    page.send(FrameKind::Binary, &first);
    board.expect_message(&first);
    let at_once = started.elapsed();
    page.send(FrameKind::Binary, &second);
    board.expect_message(&second);
    // 9,900 bytes are 2.4 seconds', of which one is free.
    let (took, least) = (started.elapsed(), Duration::from_millis(1_300));
    assert!(at_once < Duration::from_millis(900) && took > least, "{at_once:?}, {took:?}");
    // The other way it is the same.
    let started = Instant::now();
    board.send(FrameKind::Binary, &vec![3; 10_000]);
    page.expect_message(&vec![3; 10_000]);
    assert!(started.elapsed() > least, "{:?}", started.elapsed());
}

#[test]
fn silence_ends_it_and_signs_of_life_do_not() {
    let settings = ["net.idle_timeout_ms=800", "net.ping_interval_ms=200"];
    let realm = Realm::start("relay-idle", &settings);
    let (mut page, mut board) = realm.both_ends();
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(200));
        board.send(FrameKind::Ping, b"");
        assert_eq!(page.next(), Some((FrameKind::Ping, Vec::new())));
    }
    page.expect_close(1001);
    board.expect_close(1001);
    realm.main.wait_until_reported(&[("relay.ended.silent", 1), ("relay.connections", 0)]);
}

#[test]
fn a_page_that_reads_nothing_does_not_keep_its_place() {
    let quick = "main.relay.bytes_per_second=100000000";
    let settings = ["net.idle_timeout_ms=800", "net.ping_interval_ms=200", quick];
    let realm = Realm::start("relay-slow", &settings);
    let (page, mut board) = realm.both_ends();
    let few = SockRef::from(&page.stream.sock).set_recv_buffer_size(16 * 1_024);
    few.unwrap();
    let frame = board.frame(FrameKind::Binary, &[9; 8_000]);
    board.stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut said = 0;
    // The system keeps as much as it likes of what one end has not read.
    while board.stream.write_all(&frame).is_ok() {
        said += frame.len();
        assert!(said < SYSTEM_MAX_BYTES, "somebody keeps all of it");
    }
    realm.main.wait_until_reported(&[("relay.ended.silent", 1), ("relay.connections", 0)]);
    drop(page);
}

#[test]
fn a_request_a_first_message_and_an_answer_have_their_time() {
    let settings = ["net.greeting_timeout_ms=700", "main.hello_timeout_ms=500"];
    let realm = Realm::start("relay-late", &settings);
    // Half of a request.
    let mut half = realm.certificates.connect(realm.main.address, "localhost");
    let head = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n", realm.target);
    half.write_all(head.as_bytes()).unwrap();
    assert!(super::ends::response(&mut half).starts_with("HTTP/1.1 408 "));
    // Half of a first message.
    let mut page = realm.ask(&realm.target, "").unwrap();
    let first = page.frame(FrameKind::Binary, &first_message());
    page.stream.write_all(&first[..20]).unwrap();
    page.expect_close(1008);
    assert!(realm.was_not_dialed());
    let ended =
        [("relay.ended.late request", 1), ("relay.ended.late", 1), ("relay.connections", 0)];
    realm.main.wait_until_reported(&ended);
}

#[test]
fn a_board_that_does_not_answer_has_no_more_time() {
    let settings = ["net.greeting_timeout_ms=700", "main.hello_timeout_ms=500"];
    let realm = Realm::start("relay-mute", &settings);
    let mut page = realm.page();
    let _mute = realm.accept();
    page.expect_close(1013);
    // Nor has one that speaks something else.
    let mut page = realm.page();
    let mut other = realm.accept();
    other.write_all(b"220 mail.example\r\n").unwrap();
    page.expect_close(1013);
    realm.main.wait_until_reported(&[("relay.ended.unreachable", 2), ("relay.passed", 0)]);
}

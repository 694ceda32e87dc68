//! The end of one side is the other's.

use tinyrealm_core::wire::ws::{Close, CloseCode, FrameKind};

use super::ends::{Realm, ask, first_message};
use crate::support::{PATIENCE, Signal};

fn close(code: u16) -> Vec<u8> {
    let mut payload = [0; 16];
    let used = Close { code: CloseCode(code), reason: "so" }.write(&mut payload).unwrap();
    payload[..used].to_vec()
}

#[test]
fn a_close_passes_either_way_with_its_code() {
    let realm = Realm::start("relay-close", &[]);
    let (mut page, mut board) = realm.both_ends();
    page.send(FrameKind::Close, &close(4_001));
    assert_eq!(board.next(), Some((FrameKind::Close, close(4_001))));
    board.send(FrameKind::Close, &close(4_001));
    drop(board);
    page.expect_close(4_001);
    let (mut page, mut board) = realm.both_ends();
    board.send(FrameKind::Close, &close(4_002));
    assert_eq!(page.next(), Some((FrameKind::Close, close(4_002))));
    page.send(FrameKind::Close, &close(4_002));
    drop(page);
    board.expect_close(4_002);
    realm.main.wait_until_reported(&[("relay.passed", 2), ("relay.connections", 0)]);
}

#[test]
fn a_connection_that_breaks_ends_the_other() {
    let realm = Realm::start("relay-broken", &[]);
    let (mut page, board) = realm.both_ends();
    drop(board);
    assert_eq!(page.next(), None);
    let (page, mut board) = realm.both_ends();
    drop(page);
    assert_eq!(board.next(), None);
    realm.main.wait_until_reported(&[("relay.connections", 0)]);
}

#[test]
fn a_board_that_is_not_there_is_told() {
    let realm = Realm::start("relay-nobody", &[]);
    let target = realm.target.clone();
    let (certificates, main, _world, _) = realm.take_board_away();
    let stream = certificates.connect(main.address, "localhost");
    let mut page = ask(stream, &target, "").unwrap();
    page.send(FrameKind::Binary, &first_message());
    page.expect_close(1013);
    main.wait_until_reported(&[("relay.ended.unreachable", 1), ("relay.connections", 0)]);
}

#[test]
fn a_world_that_has_gone_is_reached_no_more() {
    let realm = Realm::start("relay-gone", &[]);
    let target = realm.target.clone();
    let (certificates, main, mut world, _) = realm.take_board_away();
    world.process.end();
    main.wait_until_reported(&[("worlds", 0)]);
    let asked = ask(certificates.connect(main.address, "localhost"), &target, "");
    let response = asked.err().expect("nobody is there");
    assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
}

#[test]
fn a_main_that_closes_down_says_so_to_both() {
    let realm = Realm::start("relay-closing", &[]);
    let (mut page, mut board) = realm.both_ends();
    let (_certificates, main, _world, _) = realm.take_board_away();
    main.process.signal(Signal::Terminate);
    page.expect_close(1001);
    board.expect_close(1001);
    drop((page, board));
    main.process.finish(PATIENCE).expect_code(0);
}

//! WebSocket on the ports of the real servers (RFC 6455): the same realm, beside TCP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tinyrealm_core::protocol::Versions;

use crate::support::login::{Accounts, CHEAP};
use crate::support::web::{masked, read_response, request};
use crate::support::web_hostile::{
    break_every_web_rule, flood_with_what_is_no_message, open_slowly, open_with_long_heads,
    send_the_longest,
};
use crate::support::{Bots, PATIENCE, Peer, Realm, Server, User};
use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::either_way::{Ping, Pong};
use tinyrealm_core::protocol::login_to_client::LoginDenied;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, MoveBroadcast};
use tinyrealm_core::protocol::{Password, Text};
use tinyrealm_core::wire::ws::{CloseCode, FrameKind};

const FRAME_LIMIT_BYTES: u16 = 508;

/// Bots over TCP, a WebSocket and a TCP client in one room: everyone hears everyone, in one order.
#[test]
fn both_kinds_of_members_share_a_room() {
    let realm = Realm::start(&["world.rooms=1"]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "6"]);
    let mut web = User::enter_by_web(realm.main.address, "");
    let mut tcp = realm.user();
    web.world.find::<MoveBroadcast>();
    tcp.world.find::<MoveBroadcast>();
    for number in 0..20_u8 {
        // Short and long, for both lengths of a header.
        web.world.say(900, &[number; 200]);
        tcp.world.say(901, &[number; 3]);
    }
    web.world.move_to(4_242);
    let heard = [&mut web, &mut tcp].map(|user| {
        let mut own = Vec::new();
        while own.len() < 40 {
            let event = user.world.find::<EventBroadcast<'_>>();
            if event.kind >= 900 {
                own.push((event.number, event.kind, event.data.as_slice().to_vec()));
            }
        }
        own
    });
    assert_eq!(heard[0], heard[1]);
    while tcp.world.find::<MoveBroadcast>().pos.x != 4_242 {}
    web.main.expect_served();
    drop((web, tcp));
    bots.outcome().expect_clean(20);
    let (main, worlds) = realm.stop();
    main.expect(&[("net.web_sockets", 1), ("net.violations", 0)]);
    worlds[0].expect(&[("net.web_sockets", 1), ("net.violations", 0), ("left", 22)]);
}

#[test]
fn hostile_input_is_told_the_right_code_and_nobody_else_notices() {
    let limit = format!("net.frame_limit_bytes={FRAME_LIMIT_BYTES}");
    let realm = Realm::start(&[&limit, "net.hosts=realm"]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "5"]);
    let mut witness = User::enter_by_web(realm.main.address, "");
    let targets = [realm.main.address, realm.worlds[0].address];
    let rules = targets.map(|target| {
        send_the_longest(target, FRAME_LIMIT_BYTES);
        open_with_long_heads(target);
        break_every_web_rule(target, FRAME_LIMIT_BYTES)
    });
    witness.world.expect_served();
    drop(witness);
    bots.outcome().expect_clean(20);
    let (main, worlds) = realm.stop();
    main.expect(&[("net.violations", rules[0]), ("net.handshakes_refused", 1)]);
    worlds[0].expect(&[("net.violations", rules[1]), ("net.handshakes_refused", 1)]);
}

/// What is no message costs what one costs: on each server, with bots beside it.
#[test]
fn floods_of_control_frames_and_pieces_are_stopped_and_nobody_else_notices() {
    let realm = Realm::start(&[]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "4"]);
    let targets = [realm.main.address, realm.worlds[0].address];
    let floods = targets.map(flood_with_what_is_no_message);
    bots.outcome().expect_clean(20);
    let (main, worlds) = realm.stop();
    main.expect(&[("net.floods", floods[0]), ("net.violations", floods[0])]);
    worlds[0].expect(&[("net.floods", floods[1]), ("net.violations", floods[1])]);
}

/// The handshake one byte a time, and behind it messages in pieces, with a Ping in between.
#[test]
fn pieces_of_any_kind_are_put_together() {
    let realm = Realm::without_worlds(&[]);
    let mut stream = TcpStream::connect(realm.main.address).unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in request("Cookie: a=b\r\n").as_bytes() {
        stream.write_all(&[*byte]).unwrap();
    }
    assert!(read_response(&mut stream).starts_with("HTTP/1.1 101 "));
    let ping = crate::support::peer::frame(&Ping { nonce: 99 });
    let mut first = masked(FrameKind::Binary, &ping[2..4]);
    first[0] &= 0x7F;
    let pieces = [
        first,
        masked(FrameKind::Ping, b"in between"),
        masked(FrameKind::Continuation, &ping[4..]),
        masked(FrameKind::Close, &[3, 232]),
    ];
    for byte in pieces.concat() {
        stream.write_all(&[byte]).unwrap();
    }
    let mut answer = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    let pong = crate::support::peer::frame(&Pong { nonce: 99 });
    let expected = [&b"\x8A\x0Ain between\x82"[..], &[pong.len() as u8 - 2], &pong[2..]].concat();
    assert_eq!(answer, [&expected[..], &[0x88, 2, 3, 232]].concat());
    realm.stop().0.expect(&[("net.violations", 0), ("net.web_sockets", 1)]);
}

fn status_of(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    read_response(&mut stream)[9..12].to_owned()
}

#[test]
fn only_listed_origins_may_come() {
    let realm = Realm::without_worlds(&["net.origins=https://game.example, http://localhost:7080"]);
    let status = |more: &str| status_of(realm.main.address, &request(more));
    assert_eq!(status("Origin: https://game.example\r\n"), "101");
    assert_eq!(status("Origin: https://evil.example\r\n"), "403");
    assert_eq!(status(""), "101", "who is no browser has no origin");
    assert_eq!(status_of(realm.main.address, "GET / HTTP/1.1\r\nHost: realm\r\n\r\n"), "426");
    realm.stop().0.expect(&[("net.web_sockets", 2), ("net.handshakes_refused", 2)]);
}

#[test]
fn without_a_list_pages_of_the_same_host_may_come() {
    for (list, others) in [("net.origins=", "403"), ("net.origins=*", "101")] {
        let realm = Realm::without_worlds(&[list, "net.hosts=realm"]);
        let status = |more: &str| status_of(realm.main.address, &request(more));
        assert_eq!(status("Origin: http://realm:7080\r\n"), "101");
        assert_eq!(status("Origin: https://evil.example\r\n"), others);
        assert_eq!(status(""), "101", "who is no browser has no origin");
        realm.stop();
    }
}

/// Whoever owns a name can have it lead here (DNS rebinding): its pages are of the host that they ask.
#[test]
fn pages_of_names_that_are_not_ours_open_no_web_socket() {
    let realm = Realm::start(&["world.advertise=world.example:7100", "net.hosts=game.example"]);
    let (main, world) = (realm.main.address, realm.world().address);
    for (host, at_main, at_world) in [
        ("evil.example:7000", "403", "403"),
        ("localhost.evil.example:7000", "403", "403"),
        ("game.example:7000", "101", "101"),
        ("world.example:7100", "403", "101"),
        ("localhost:7000", "101", "101"),
        ("127.0.0.1:7000", "101", "101"),
        ("[::1]:7000", "101", "101"),
    ] {
        let of_page = request(&format!("Origin: http://{host}\r\n"));
        let of_page = of_page.replace("Host: realm", &format!("Host: {host}"));
        assert_eq!([main, world].map(|at| status_of(at, &of_page)), [at_main, at_world], "{host}");
        let of_no_page = request("").replace("Host: realm", &format!("Host: {host}"));
        assert_eq!(status_of(main, &of_no_page), "101", "who is no browser may come by any name");
    }
    realm.stop();
}

#[test]
fn a_slow_handshake_ends() {
    let realm =
        Realm::without_worlds(&["net.greeting_timeout_ms=600", "main.hello_timeout_ms=500"]);
    open_slowly(realm.main.address, Duration::from_millis(600));
    realm.stop().0.expect(&[("net.silent", 2), ("net.web_sockets", 0)]);
}

#[test]
fn login_and_chat_speak_it_too() {
    let accounts = Accounts::new("web-socket");
    let login = accounts.login(&CHEAP);
    let mut peer = Peer::web(login.address);
    let (id, password) =
        (Text::new("nobody").unwrap(), Password(Text::new("a long password").unwrap()));
    peer.send(&LoginReq { versions: Versions::OURS, id, pw: password, device: None });
    peer.expect::<LoginDenied>();
    peer.expect_closed();
    assert_eq!(peer.close_code(), Some(CloseCode::NORMAL));
    login.stop().expect(&[("net.web_sockets", 1), ("net.violations", 0)]);
    let chat = Server::chat(&[]);
    let mut peer = Peer::web(chat.address);
    peer.expect_served();
    drop(peer);
    chat.stop().expect(&[("net.web_sockets", 1)]);
}

//! Proxies that are believed: whoever stands behind one has an address of its own, everywhere.
//!
//! Here a test is the proxy; `real_proxies` has haproxy and nginx.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use crate::support::login::Answer;
use crate::support::proxied::{
    GUESSES, PASSWORD, answer, assert_guesses_are_the_guesser_s, connect, hello, login_server,
};
use crate::support::web::{read_response, request};
use crate::support::{Peer, Server};
use tinyrealm_core::protocol::LoginDenial;

const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const TRUSTED: &str = "net.trusted_proxies=127.0.0.9";
const GUESSER: &str = "192.0.2.7";
const OTHER: &str = "192.0.2.8";

fn proxy_v1(client: &str) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 4711 7200\r\n").into_bytes()
}

fn proxy_v2(client: &str) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".to_vec();
    header.extend(client.parse::<Ipv4Addr>().unwrap().octets());
    header.extend([127, 0, 0, 1, 0x12, 0x34, 0x12, 0x34]);
    header
}

fn behind(header: &[u8], server: SocketAddr) -> Peer {
    let mut stream = connect(PROXY, server);
    // As if it came over a bad line.
    for piece in header.chunks(7) {
        stream.write_all(piece).unwrap();
    }
    Peer::over(stream)
}

fn web_behind(header: &str, from: Ipv4Addr, server: SocketAddr) -> Peer {
    Peer::web_over(connect(from, server), header)
}

#[test]
fn guesses_behind_a_proxy_header_hold_back_the_guesser_alone() {
    for (name, header) in
        [("proxy-v1", proxy_v1 as fn(&str) -> Vec<u8>), ("proxy-v2", proxy_v2 as fn(&str) -> _)]
    {
        let (_accounts, server) = login_server(name, TRUSTED);
        let connect = |client: &&str| behind(&header(client), server.address);
        assert_guesses_are_the_guesser_s(GUESSER, OTHER, connect);
        server.stop().expect(&[("net.violations", 0)]);
    }
}

#[test]
fn guesses_behind_a_forwarded_head_hold_back_the_guesser_alone() {
    for (name, field) in
        [("x-forwarded", "X-Forwarded-For: 203.0.113.9, "), ("forwarded", "Forwarded: for=")]
    {
        let (_accounts, server) = login_server(name, TRUSTED);
        let connect =
            |client: &&str| web_behind(&format!("{field}{client}\r\n"), PROXY, server.address);
        assert_guesses_are_the_guesser_s(GUESSER, OTHER, connect);
        server.stop().expect(&[("net.violations", 0)]);
    }
}

/// A stranger that introduces others breaks the rules with a PROXY header, and is not heard with a head.
#[test]
fn nobody_else_is_believed() {
    let (_accounts, server) = login_server("untrusted", "net.trusted_proxies=192.0.2.1");
    for header in [proxy_v1(OTHER), proxy_v2(OTHER)] {
        let refused = answer(&mut behind(&header, server.address), "alice", PASSWORD);
        assert!(refused.is_none(), "{refused:?}");
    }
    for number in 0..GUESSES {
        let head = format!("X-Forwarded-For: 192.0.2.{number}\r\n");
        let denied = answer(
            &mut web_behind(&head, PROXY, server.address),
            &format!("nobody-{number}"),
            "wrong password",
        );
        assert!(matches!(denied, Some(Answer::Denied(_))), "{denied:?}");
    }
    let mut again = web_behind("X-Forwarded-For: 192.0.2.99\r\n", PROXY, server.address);
    let held_back = answer(&mut again, "alice", PASSWORD).expect("an answer").denied();
    assert_ne!(held_back.reason, LoginDenial::WRONG);
    server.stop().expect(&[("net.violations", 2)]);
}

#[test]
fn connections_are_counted_for_the_client() {
    let main = Server::main(&[TRUSTED, "net.connections_per_address=2"]);
    let client = |address: &str| behind(&proxy_v1(address), main.address);
    let mut known: Vec<Peer> = [GUESSER, GUESSER, OTHER, OTHER].map(client).into();
    assert!(known.iter_mut().all(hello));
    assert!(!hello(&mut client(GUESSER)), "it has two");
    assert!(hello(&mut client("192.0.2.9")));
    // The proxy itself is somebody, too: it may introduce nobody.
    let mut plain = Peer::over(connect(PROXY, main.address));
    assert!(hello(&mut plain));
    drop(known);
    main.stop().expect(&[("net.refused_address", 1), ("net.violations", 0)]);
}

/// Both headers, and they name two.
#[test]
fn a_contradiction_is_refused() {
    let main = Server::main(&[TRUSTED]);
    let mut stream = connect(PROXY, main.address);
    let head = "X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.8\r\n";
    stream.write_all(request(head).as_bytes()).unwrap();
    let mut peer = Peer::over(stream);
    peer.expect_closed();
    main.stop().expect(&[("net.web_sockets", 0)]);
}

/// Who says nothing is not waited for longer than for any stranger.
#[test]
fn a_silent_proxy_is_closed() {
    let main = Server::main(&[TRUSTED, "net.greeting_timeout_ms=500", "main.hello_timeout_ms=400"]);
    for beginning in [&b""[..], b"PROXY TCP4 192.0.2", b"GET / HTTP/1.1\r\n"] {
        let mut stream = connect(PROXY, main.address);
        stream.write_all(beginning).unwrap();
        Peer::over(stream).expect_closed();
    }
    main.stop().expect(&[("net.accepted", 0)]);
}

#[test]
fn a_proxy_may_stand_behind_another() {
    let main = Server::main(&["net.trusted_proxies=127.0.0.9,10.0.0.0/8"]);
    let mut stream = connect(PROXY, main.address);
    stream.write_all(&proxy_v2("10.1.2.3")).unwrap();
    stream.write_all(request("X-Forwarded-For: 192.0.2.7\r\n").as_bytes()).unwrap();
    assert!(read_response(&mut stream).starts_with("HTTP/1.1 101 "));
    main.stop().expect(&[("net.web_sockets", 1)]);
}

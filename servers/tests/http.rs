//! The live page's port and the operator's, of a real `up`.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use support::login::Accounts;
use support::proxied::connect;
use support::{PATIENCE, Process, Signal, Stream};

/// `http.connections_per_address`, unless it is set.
const CONNECTIONS: usize = 16;

/// The first bytes of an answer; nothing from who closes at once.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answer = [0; 64];
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let count = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

/// Whoever holds all the connections that an address may have keeps out nobody else, and no operator.
#[test]
fn visitors_shut_out_neither_others_nor_the_operator() {
    let accounts = Accounts::new("http");
    let data = accounts.setting();
    let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.port=0"];
    let settings = [&ports[..], &["admin.port=0", "up.auth=guest", &data]].concat();
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let up = ["up", "--bots", "0", "--worlds", "1"].into_iter().chain(settings);
    let up = Process::start(&up.collect::<Vec<_>>());
    let at = |name: &str| -> SocketAddr {
        let prefix = format!("{name} listening on ");
        up.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
    };
    let (admin, page) = (at("admin"), at("http"));
    let from = |host| Ipv4Addr::new(127, 0, 0, host);
    let mut held: Vec<_> = (0..CONNECTIONS).map(|_| connect(from(2), page)).collect();
    for (number, stream) in held.iter_mut().enumerate() {
        let status = if number < CONNECTIONS / 2 { "200" } else { "429" };
        assert_eq!(ask(stream, "/stats").get(9..12), Some(status), "stream {number}");
    }
    assert_eq!(ask(&mut connect(from(2), page), "/"), "", "it has all that it may have");
    assert_eq!(ask(&mut connect(from(3), page), "/").get(9..12), Some("200"));
    for path in ["/healthz", "/metrics"] {
        let answer = ask(&mut connect(from(2), admin), path);
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
    }
    drop(held);
    up.signal(Signal::Interrupt);
    up.finish(PATIENCE).expect_code(0);
}

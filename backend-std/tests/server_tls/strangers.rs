//! Who does not come to the end of a handshake.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustls::version::TLS13;
use tinyrealm_core::config::NetConfig;
use tinyrealm_std::driver::tls::{GREETING_MAX_BYTES, HANDSHAKES_MAX};

use crate::support::{Client, Identity, NET, Server, assert_answers, client_on, read_frame};
use crate::{OWN, guest_hello};

/// The first words of a client.
fn client_hello(identity: &Identity) -> Vec<u8> {
    let nowhere = Server::start(identity.server(), NET);
    let mut client = client_on(nowhere.connect(), &identity.client(&[&TLS13], OWN));
    let mut records = Vec::new();
    client.conn.write_tls(&mut records).unwrap();
    records
}

/// How long it is until the server has hung up, and what it has said.
fn heard_until_end(mut stream: TcpStream) -> (Duration, Vec<u8>) {
    let (started, mut heard) = (Instant::now(), Vec::new());
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut heard);
    (started.elapsed(), heard)
}

#[test]
fn what_is_no_handshake_ends_with_an_alert_and_disturbs_nobody() {
    let identity = Identity::new();
    // Some of it may become a handshake, as far as anybody can tell.
    let net = NetConfig { greeting_timeout_ms: 500, drain_timeout_ms: 100, ..NET };
    let server = Server::start(identity.server(), net);
    let mut beside = server.connect_tls(&identity.client(&[&TLS13], OWN));
    beside.write_all(&guest_hello()).unwrap();
    read_frame(&mut beside);
    let hello = client_hello(&identity);
    let mut changed = hello.clone();
    changed[20] ^= 1;
    changed[9] = 0xFF;
    let garbage = [&[0x16, 3, 1, 0, 5][..], &[0xAA; 5]].concat();
    let endless = [&[0x16, 3, 1, 0xFF, 0xFF][..], &vec![0; GREETING_MAX_BYTES]].concat();
    for bytes in [garbage, endless, changed, [&hello[..], &[0x17, 3, 3, 0, 1, 0]].concat()] {
        let mut stream = server.connect();
        // It may have hung up while it is still told more.
        let _ = stream.write_all(&bytes);
        let (_, heard) = heard_until_end(stream);
        // An alert, behind what a handshake begins with.
        assert!(heard.is_empty() || [0x15, 0x16].contains(&heard[0]), "{heard:x?}");
    }
    assert_answers(&mut beside);
}

#[test]
fn a_handshake_that_is_cut_anywhere_is_over() {
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    let hello = client_hello(&identity);
    for cut in [1, 2, 3, 5, 6, 50, hello.len() - 1, hello.len()] {
        let mut stream = server.connect();
        stream.write_all(&hello[..cut]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let (waited, _) = heard_until_end(stream);
        assert!(waited < Duration::from_secs(5), "cut behind {cut}: {waited:?}");
    }
    assert_answers(&mut server.connect_tls(&identity.client(&[&TLS13], OWN)));
}

#[test]
fn a_greeting_comes_byte_by_byte_or_not_in_time() {
    let identity = Identity::new();
    let net = NetConfig { greeting_timeout_ms: 400, drain_timeout_ms: 100, ..NET };
    let server = Server::start(identity.server(), net);
    let hello = client_hello(&identity);
    // Its first byte is known, half of its first two, then all but the last.
    for count in [1, 2, hello.len() - 1] {
        let mut stream = server.connect();
        stream.write_all(&hello[..count]).unwrap();
        // Somebody else is answered meanwhile.
        assert_answers(&mut server.connect());
        let (waited, _) = heard_until_end(stream);
        assert!((250..5_000).contains(&waited.as_millis()), "{count}: {waited:?}");
    }
    let mut stream = server.connect();
    for byte in &hello {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut first = [0; 2];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, [0x16, 3]);
}

#[test]
fn more_handshakes_than_are_worked_on_at_once_all_come_to_an_end() {
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    let config = identity.client(&[&TLS13], OWN);
    let mut clients: Vec<Client> =
        (0..HANDSHAKES_MAX * 2).map(|_| server.connect_tls(&config)).collect();
    for client in &mut clients {
        client.conn.write_tls(&mut client.sock).unwrap();
    }
    // Clear text waits for none of them.
    assert_answers(&mut server.connect());
    let quarter = clients.len() / 4;
    thread::scope(|scope| {
        for part in clients.chunks_mut(quarter) {
            scope.spawn(|| part.iter_mut().for_each(assert_answers));
        }
    });
}

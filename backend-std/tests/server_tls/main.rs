//! The driver with TLS on its port, against rustls's own client, and against nobody's.
//!
//! That TLS carries the same bytes as clear text, in every script, is the conformance suite's.

mod clients;
mod strangers;
mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use support::{Identity, NET, Server, assert_answers, client_on, frame, read_frame};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::{Text, Versions};

const OWN: &[u8] = b"tinyrealm.v2";

#[test]
fn one_port_has_clear_text_and_both_versions_and_protocols() {
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    assert_answers(&mut server.connect());
    for version in [&TLS12, &TLS13] {
        for protocol in [OWN, b"http/1.1"] {
            let mut client = server.connect_tls(&identity.client(&[version], protocol));
            assert_answers(&mut client);
            assert_eq!(client.conn.alpn_protocol(), Some(protocol));
            assert_eq!(client.conn.protocol_version(), Some(version.version));
        }
    }
    // A protocol that nobody here speaks ends the handshake.
    let mut client = server.connect_tls(&identity.client(&[&TLS13], b"h2"));
    let refused = client.conn.complete_io(&mut client.sock).unwrap_err();
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
}

#[test]
fn whoever_comes_again_needs_no_signature() {
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    for version in [&TLS12, &TLS13] {
        let config = identity.client(&[version], OWN);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = server.connect_tls(&config);
            // The ticket of TLS 1.3 comes with the first answer.
            assert_answers(&mut client);
            assert_eq!(client.conn.handshake_kind(), Some(expected), "{version:?}");
        }
    }
}

#[test]
fn who_leaves_with_a_goodbye_has_answers_and_a_goodbye() {
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    let mut client = server.connect_tls(&identity.client(&[&TLS13], OWN));
    assert_answers(&mut client);
    client.write_all(&frame(&Ping { nonce: 1 })).unwrap();
    client.conn.send_close_notify();
    client.conn.write_tls(&mut client.sock).unwrap();
    client.sock.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    // Without the server's own goodbye this would be an error.
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), frame(&Ping { nonce: 1 }).len());
}

#[test]
fn a_peer_that_reads_late_gets_all_of_it_in_order() {
    const PINGS: u32 = 60_000;
    let identity = Identity::new();
    let server = Server::start(identity.server(), NET);
    for version in [&TLS12, &TLS13] {
        let stream = server.connect();
        let socket = socket2::SockRef::from(&stream);
        socket.set_recv_buffer_size(8_192).unwrap();
        let mut client = client_on(stream, &identity.client(&[version], OWN));
        client.write_all(&guest_hello()).unwrap();
        read_frame(&mut client);
        // A second handle of the socket writes records on a thread of its own: nobody reads until it is stuck.
        let mut records = Vec::new();
        for nonce in 0..PINGS {
            client.conn.writer().write_all(&frame(&Ping { nonce })).unwrap();
            while client.conn.wants_write() {
                client.conn.write_tls(&mut records).unwrap();
            }
        }
        let mut socket = client.sock.try_clone().unwrap();
        let writing = thread::spawn(move || socket.write_all(&records).unwrap());
        for nonce in 0..PINGS {
            let expected = frame(&Ping { nonce });
            let body = read_frame(&mut client);
            assert_eq!(body[4..], expected[6..]);
        }
        writing.join().unwrap();
    }
}

fn guest_hello() -> Vec<u8> {
    frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })
}

#[test]
fn a_certificate_is_exchanged_under_connections_that_go_on() {
    let (identity, other) = (Identity::new(), Identity::new());
    let tls = identity.server();
    let server = Server::start(tls.clone(), NET);
    let mut client = server.connect_tls(&identity.client(&[&TLS13], OWN));
    assert_answers(&mut client);
    tls.exchange(other.certificate().as_bytes(), other.key().as_bytes()).unwrap();
    assert_answers(&mut client);
    assert_answers(&mut server.connect_tls(&other.client(&[&TLS13], OWN)));
}

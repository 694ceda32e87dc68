//! `net.tls`: servers by TLS on their ports, who may do without, and certificates that change.

mod players;
mod relayed;
mod sealed;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::certificates::{Certificates, ask, own_address};
use crate::support::{PATIENCE, Peer, Process, ScratchFile, Server, Signal, Stream, operator};
use tinyrealm_core::protocol::ErrorCode;

const READ_AGAIN: &str = "was read again";

fn main_with(certificates: &Certificates, more: &[&str]) -> Server {
    let [certificate, key] = certificates.settings();
    Server::main(&[&[certificate.as_str(), key.as_str()], more].concat())
}

#[test]
fn every_server_speaks_both_on_its_port() {
    let certificates = Certificates::make("every-server");
    let [certificate, key] = certificates.settings();
    let settings = [certificate.as_str(), key.as_str()];
    let main = main_with(&certificates, &[]);
    let world = Server::world(1, main.address, &settings);
    let chat = Server::chat(&settings);
    for server in [&main, &world, &chat] {
        Peer::connect(server.address).expect_served();
        ask(&mut certificates.connect(server.address, "localhost")).unwrap();
        ask(&mut certificates.connect(server.address, "127.0.0.1")).unwrap();
        let other = ask(&mut certificates.connect(server.address, "elsewhere.example"));
        assert!(other.unwrap_err().to_string().contains("not valid for name"));
    }
    world.wait_until_registered(1);
}

#[test]
fn a_certificate_is_read_again_and_nobody_loses_a_connection() {
    let certificates = Certificates::make("read-again");
    let main = main_with(&certificates, &[]);
    let mut standing = certificates.connect(main.address, "localhost");
    ask(&mut standing).unwrap();
    // The file has changed: it is seen without a word.
    certificates.make_again(&["renewed.example"]);
    main.process.wait_until_said(Stream::Stderr, READ_AGAIN, 1);
    ask(&mut certificates.connect(main.address, "renewed.example")).unwrap();
    assert!(ask(&mut certificates.connect(main.address, "localhost")).is_err());
    // At a signal it is read in any case.
    main.process.signal(Signal::HangUp);
    main.process.wait_until_said(Stream::Stderr, READ_AGAIN, 2);
    // What is broken is told once, and changes nothing.
    certificates
        .write("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    main.process.wait_until_said(Stream::Stderr, "the former certificate stays", 1);
    ask(&mut certificates.connect(main.address, "renewed.example")).unwrap();
    std::fs::remove_file(certificates.path("server.key")).unwrap();
    main.process.signal(Signal::HangUp);
    main.process.wait_until_said(Stream::Stderr, "the former certificate stays", 2);
    ask(&mut certificates.connect(main.address, "renewed.example")).unwrap();
    ask(&mut standing).unwrap();
}

#[test]
fn clear_text_from_elsewhere_is_refused_where_tls_is_required() {
    let Some(own) = own_address() else {
        return eprintln!("this machine has no address but loopback's");
    };
    let certificates = Certificates::make("required");
    let listen = format!("main.listen={own}:0");
    let main = main_with(&certificates, &["net.tls.require=true", &listen]);
    let mut peer = Peer::connect(main.address);
    peer.send_if_open(&crate::support::peer::raw_frame(0x1000, &[2, 2, 0, 0]));
    peer.expect_refused(ErrorCode::TLS_NEEDED, 0);
    let mut stream = TcpStream::connect(main.address).unwrap();
    stream.write_all(crate::support::web::request("").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let length = "\r\nContent-Length: ";
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("{length}{}", body.len())), "{answer}");
    // A server proves who it is, in clear.
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let [certificate, key] = certificates.settings();
    let everybody = ["main.listen=127.0.0.1:0", "net.tls.require=true", &certificate, &key];
    let near = Server::main(&everybody);
    Peer::connect(near.address).expect_served();
}

#[test]
fn clear_text_elsewhere_and_a_certificate_that_ends_are_told() {
    let Some(own) = own_address() else {
        return eprintln!("this machine has no address but loopback's");
    };
    let clear = Server::main(&[&format!("main.listen={own}:0")]);
    clear.process.wait_until_said(Stream::Stderr, "main speaks in clear at ", 1);
    let certificates = Certificates::make("ending");
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = (std::time::SystemTime::now() + PATIENCE * 100).into();
    let key = rcgen::KeyPair::generate().unwrap();
    certificates.write("server.pem", &params.self_signed(&key).unwrap().pem());
    certificates.write("server.key", &key.serialize_pem());
    let ending = main_with(&certificates, &[]);
    ending.process.wait_until_said(Stream::Stderr, "is good for 0 more hours", 1);
}

#[test]
fn what_is_wrong_with_the_settings_is_one_line() {
    let certificates = Certificates::make("wrong");
    let [certificate, key] = certificates.settings();
    let cases: [(&[&str], &str); 5] = [
        (&[&certificate], "net.tls.certificate and net.tls.key belong together"),
        (&["net.tls.require=true"], "net.tls.require needs net.tls.certificate"),
        (&["net.tls.certificate=/nowhere", &key], "can't read net.tls.certificate /nowhere"),
        (&[&certificate, "net.tls.key=/nowhere"], "can't read net.tls.key /nowhere"),
        (&[&certificate, &certificate.replace("certificate", "key")], "can be read by others"),
    ];
    for (settings, expected) in cases {
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let arguments: Vec<&str> = ["main", "--port", "0"].into_iter().chain(settings).collect();
        let finished = Process::start(&arguments).finish(PATIENCE);
        finished.expect_code(1);
        let lines = finished.lines(Stream::Stderr);
        assert!(lines.len() == 1 && lines[0].contains(expected), "{expected}: {lines:?}");
    }
}

#[test]
fn the_page_comes_by_https_from_its_own_port() {
    let certificates = Certificates::make("page");
    let [certificate, key] = certificates.settings();
    let ports = ["main.port=0", "world.port=0", "chat.port=0", "http.port=0"];
    let folder = format!("main.data_folder={}", certificates.path("data"));
    let more = [certificate.as_str(), &key, "up.auth=guest", &folder];
    let settings = [&ports[..], &more].concat();
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let up = ["up", "--bots", "0", "--worlds", "1"].into_iter().chain(settings);
    let process = Process::start(&up.collect::<Vec<_>>());
    let at = |name: &str| -> SocketAddr {
        let prefix = format!("{name} listening on ");
        process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
    };
    let page = at("http");
    process.wait_for(Stream::Stdout, |line| line.contains("https://").then_some(()));
    let request = b"GET /realm HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answers = [String::new(), String::new()];
    let mut secure = certificates.connect(page, "localhost");
    secure.write_all(request).unwrap();
    // It ends with a goodbye of TLS.
    secure.read_to_string(&mut answers[0]).unwrap();
    let mut clear = TcpStream::connect(page).unwrap();
    clear.write_all(request).unwrap();
    clear.read_to_string(&mut answers[1]).unwrap();
    for answer in &answers {
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"main\":"), "{answer}");
    }
    // Somebody who never says a word of TLS keeps nobody from the page.
    let mut half = TcpStream::connect(page).unwrap();
    half.write_all(&[0x16, 3]).unwrap();
    ask_page(&certificates, page);
}

fn ask_page(certificates: &Certificates, page: SocketAddr) {
    let mut stream = certificates.connect(page, "localhost");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
}

/// An operator from another machine, who has the token and knows who vouches for the server.
#[test]
fn an_operator_asks_by_tls() {
    let certificates = Certificates::make("operator");
    let token = ScratchFile::with("operator.token", "a-token-of-an-operator-of-32-bytes\n");
    let token_setting = format!("admin.token_file={}", token.path());
    let main = main_with(
        &certificates,
        &["net.tls.require=true", "admin.listen=0.0.0.0:0", &token_setting],
    );
    let port = operator::of(&main).port();
    let ctl = |admin: &str, more: &[&str]| {
        let words = ["ctl", "--admin", admin, "--token-file", token.path(), "status"];
        Process::start(&[&words[..], more].concat()).finish(PATIENCE)
    };
    let authority = certificates.path("authority.pem");
    let by_tls = format!("https://localhost:{port}");
    let asked = ctl(&by_tls, &["--trust", &authority]);
    asked.expect_code(0);
    assert!(asked.lines(Stream::Stdout)[0].starts_with("main "));
    let refused = |admin: &str, more: &[&str]| {
        let finished = ctl(admin, more);
        finished.expect_code(1);
        finished.lines(Stream::Stderr).join("\n")
    };
    assert!(refused(&by_tls, &[]).contains("certificate"), "nobody vouches for it");
    assert!(refused(&by_tls, &["--trust", token.path()]).contains("--trust"));
    let Some(own) = own_address() else {
        println!("this machine has no address but loopback: nobody is refused in clear");
        return;
    };
    let in_clear = format!("http://{own}:{port}");
    assert!(refused(&in_clear, &[]).contains(&format!("--admin https://{own}:{port}")));
}

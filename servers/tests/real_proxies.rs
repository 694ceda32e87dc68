//! Real servers behind haproxy and nginx, configured as the README says. `cargo xtask proxies` runs it: it
//! needs both.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::proxied::{assert_guesses_are_the_guesser_s, connect, hello, login_server};
use support::web::request;
use support::{PATIENCE, Peer, ScratchFile, Server};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::RealmMemory;
use tinyrealm_core::node::client::{ClientEvent, ClientHandler};
use tinyrealm_std::client::{NetWsConnector, Trust};
use tinyrealm_std::{Clock, OsEntropy};

const README: &str = include_str!("../../README.md");
const TRUSTED: &str = "net.trusted_proxies=127.0.0.1";
const GUESSER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Where a proxy listens.
#[derive(Copy, Clone)]
struct Ports {
    stream: SocketAddr,
    web: SocketAddr,
    secure: SocketAddr,
}

impl Ports {
    fn free() -> Self {
        // All at once, so that they are different ones.
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [stream, web, secure] = listeners.map(|listener| listener.local_addr().unwrap());
        Self { stream, web, secure }
    }
}

/// A running proxy, which ends with its guard.
struct RealProxy {
    process: Child,
    ports: Ports,
    /// Who vouches for it.
    authority: String,
    _files: [ScratchFile; 2],
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate for `localhost` with its key, and who vouches for it.
fn certificate() -> (String, String) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    (certificate.pem() + &key.serialize_pem(), authority.pem())
}

/// The block of the README in this language, between our addresses.
fn configuration(language: &str, ports: Ports, server: SocketAddr, certificate: &str) -> String {
    let (_, behind) =
        README.split_once(&format!("```{language}\n")).expect("a block of the README");
    let (block, _) = behind.split_once("```").expect("its end");
    let mut text = block.to_owned();
    for (written, ours) in [
        ("0.0.0.0:7000", ports.stream.to_string().as_str()),
        ("0.0.0.0:7080", &ports.web.to_string()),
        ("0.0.0.0:443", &ports.secure.to_string()),
        ("10.0.0.2:7000", &server.to_string()),
        ("/etc/tinyrealm/realm.pem", certificate),
    ] {
        assert!(text.contains(written), "{written} in the README's {language}");
        text = text.replace(written, ours);
    }
    text
}

fn start(
    (name, language): (&str, &str),
    server: &Server,
    ports: Ports,
    change: impl Fn(String) -> String,
    command: impl Fn(&str) -> Command,
) -> RealProxy {
    let (pem, authority) = certificate();
    let pem = ScratchFile::with(&format!("{name}.pem"), &pem);
    let text = change(configuration(language, ports, server.address, pem.path()));
    let file = ScratchFile::with(&format!("{name}.conf"), &text);
    let process = command(file.path()).stdin(Stdio::null()).spawn().expect("a proxy that runs");
    let proxy = RealProxy { process, ports, authority, _files: [file, pem] };
    for address in [ports.stream, ports.web, ports.secure] {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{name} does not listen at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    proxy
}

fn haproxy(name: &str, version: &str, server: &Server, ports: Ports) -> RealProxy {
    let change = |text: String| text.replace("send-proxy-v2", version);
    start((name, "haproxy"), server, ports, change, |file| {
        let mut command = Command::new("haproxy");
        command.args(["-db", "-q", "-f", file]);
        command
    })
}

fn nginx(name: &str, server: &Server, ports: Ports) -> RealProxy {
    let unchanged = |text| text;
    start((name, "nginx"), server, ports, unchanged, |file| {
        let mut command = Command::new("nginx");
        let pid = format!("{file}.pid");
        let own = format!("daemon off; master_process off; pid {pid}; error_log stderr crit;");
        command.args(["-c", file, "-g", &own]);
        command
    })
}

/// A client that says of itself that it is another, to no avail.
fn web_from(from: Ipv4Addr, proxy: SocketAddr) -> Peer {
    let head = "X-Forwarded-For: 127.0.0.4\r\nForwarded: for=127.0.0.5\r\n";
    Peer::web_over(connect(from, proxy), head)
}

fn assert_counts_clients(name: &str, start: impl Fn(&str, &Server, Ports) -> RealProxy) {
    let (_accounts, login) = login_server(name, TRUSTED);
    let proxy = start(name, &login, Ports::free());
    let stream = |from: &Ipv4Addr| Peer::over(connect(*from, proxy.ports.stream));
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, stream);
    login.stop();

    let (_accounts, login) = login_server(&format!("{name}-web"), TRUSTED);
    let proxy = start(&format!("{name}-web"), &login, Ports::free());
    let web = |from: &Ipv4Addr| web_from(*from, proxy.ports.web);
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, web);
    login.stop();

    let main = Server::main(&[TRUSTED, "net.connections_per_address=2"]);
    let proxy = start(&format!("{name}-main"), &main, Ports::free());
    let mut known: Vec<Peer> =
        [GUESSER, OTHER].map(|from| Peer::over(connect(from, proxy.ports.stream))).into();
    known.extend([GUESSER, OTHER].map(|from| web_from(from, proxy.ports.web)));
    assert!(known.iter_mut().all(hello));
    assert!(!hello(&mut Peer::over(connect(GUESSER, proxy.ports.stream))), "it has two");
    drop(known);
    drop(proxy);
    main.stop().expect(&[("net.refused_address", 1), ("net.web_sockets", 2)]);
}

#[test]
fn haproxy_counts_clients_by_version_1() {
    assert_counts_clients("haproxy-v1", |name, server, ports| {
        haproxy(name, "send-proxy", server, ports)
    });
}

#[test]
fn haproxy_counts_clients_by_version_2() {
    assert_counts_clients("haproxy-v2", haproxy_v2);
}

#[test]
fn nginx_counts_clients() {
    assert_counts_clients("nginx", nginx);
}

impl RealProxy {
    /// The first line of what a page is answered that asks with these fields.
    fn answer(&self, fields: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(self.ports.secure).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(session, socket));
        let head = request(fields).replace("Host: realm", "Host: localhost:7080");
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line
    }

    fn takes(&self, fields: &str) -> bool {
        let answer = self.answer(fields);
        let is_taken = answer.starts_with("HTTP/1.1 101 ");
        assert!(is_taken || answer.starts_with("HTTP/1.1 403 "), "{fields}: {answer}");
        is_taken
    }
}

/// A page is judged by the name that it and the server have, and not by TLS, which ends at the proxy.
fn assert_pages_are_judged(name: &str, start: impl Fn(&str, &Server, Ports) -> RealProxy) {
    let main = Server::main(&[TRUSTED]);
    let proxy = start(&format!("{name}-same"), &main, Ports::free());
    assert!(proxy.takes("") && proxy.takes("Origin: https://localhost\r\n"));
    assert!(proxy.takes("Origin: https://localhost:7080\r\nX-Forwarded-Proto: gopher\r\n"));
    for other in ["https://evil.example", "https://localhost.evil.example", "null"] {
        assert!(!proxy.takes(&format!("Origin: {other}\r\n")), "{other}");
    }
    drop(proxy);
    main.stop().expect(&[("net.web_sockets", 3)]);

    let main = Server::main(&[TRUSTED, "net.origins=https://game.example"]);
    let proxy = start(&format!("{name}-listed"), &main, Ports::free());
    assert!(proxy.takes("Origin: https://game.example\r\n"));
    for other in ["https://localhost", "http://game.example"] {
        assert!(!proxy.takes(&format!("Origin: {other}\r\n")), "{other}");
    }
    drop(proxy);
    main.stop();
}

/// It has no account, and notes into which world it came.
#[derive(Default)]
struct Player {
    is_in: bool,
}

impl ClientHandler for Player {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.is_in |= matches!(event, ClientEvent::Joined(_));
    }
}

/// Main and world have a proxy each, and the world's is what players are told.
fn assert_players_come_in(name: &str, start: impl Fn(&str, &Server, Ports) -> RealProxy) {
    let (main_ports, world_ports) = (Ports::free(), Ports::free());
    let main = Server::main(&[TRUSTED]);
    let advertised = format!("world.advertise=localhost:{}", world_ports.secure.port());
    let world = Server::world(1, main.address, &[TRUSTED, &advertised]);
    world.wait_until_registered(1);
    let of_main = start(&format!("{name}-to-main"), &main, main_ports);
    let of_world = start(&format!("{name}-to-world"), &world, world_ports);
    let trust = [&of_main, &of_world].map(|proxy| proxy.authority.as_str()).concat();
    let trust = Trust::pinned(trust.as_bytes()).unwrap();
    let connector = NetWsConnector { trust, ..NetWsConnector::default() };

    let clock = Clock::start();
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    let address = format!("localhost:{}", main_ports.secure.port()).as_str().try_into().unwrap();
    let mut memory = RealmMemory::NEW;
    let (config, network) =
        (tinyrealm_core::node::client::ClientConfig::DEFAULT, (connector, "wss"));
    let mut driver = memory.client(address, config, Player::default(), network, &mut turn);
    let began = Instant::now();
    while !driver.node().role().handler().is_in {
        assert!(began.elapsed() < PATIENCE, "nobody came in");
        driver.tick(&mut Turn { now: clock.now(), entropy: &mut OsEntropy });
        std::thread::sleep(Duration::from_millis(1));
    }
    drop((driver, of_main, of_world));
    world.stop().expect(&[("joined", 1), ("net.web_sockets", 1), ("net.violations", 0)]);
    main.stop().expect(&[("hellos", 1), ("net.web_sockets", 1)]);
}

fn haproxy_v2(name: &str, server: &Server, ports: Ports) -> RealProxy {
    haproxy(name, "send-proxy-v2", server, ports)
}

#[test]
fn pages_come_through_haproxy_s_tls() {
    assert_pages_are_judged("haproxy-tls", haproxy_v2);
}

#[test]
fn pages_come_through_nginx_s_tls() {
    assert_pages_are_judged("nginx-tls", nginx);
}

#[test]
fn players_come_through_haproxy_s_tls() {
    assert_players_come_in("haproxy-play", haproxy_v2);
}

#[test]
fn players_come_through_nginx_s_tls() {
    assert_players_come_in("nginx-play", nginx);
}

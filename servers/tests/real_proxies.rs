//! Real servers behind haproxy and nginx, configured as the README says. `cargo xtask proxies` runs it: it
//! needs both.

mod certificates;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use certificates::{Certificates, TlsStream};
use support::peer::frame;
use support::ports::free_port;
use support::proxied::{assert_guesses_are_the_guesser_s, connect, hello, login_server};
use support::web::request;
use support::{PATIENCE, Peer, ScratchFile, Server};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::RealmMemory;
use tinyrealm_core::node::client::{ClientConfig, ClientEvent, ClientHandler};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::{Text, Versions};
use tinyrealm_std::client::{AnyConnector, Trust};
use tinyrealm_std::{Clock, OsEntropy};

const README: &str = include_str!("../../README.md");
const TRUSTED: &str = "net.trusted_proxies=127.0.0.1";
const GUESSER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// Where a proxy listens.
#[derive(Copy, Clone)]
struct Ports {
    /// What comes passes through, TLS too.
    stream: SocketAddr,
    web: SocketAddr,
    /// TLS of pages ends here.
    secure: SocketAddr,
    /// TLS ends here, and another one begins.
    anew: SocketAddr,
}

impl Ports {
    fn free() -> Self {
        let [stream, web, secure, anew] =
            [(); 4].map(|()| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        Self { stream, web, secure, anew }
    }

    const fn all(self) -> [SocketAddr; 4] {
        [self.stream, self.web, self.secure, self.anew]
    }
}

/// A server, and who vouches for it where it speaks TLS.
struct Behind<'s> {
    server: &'s Server,
    authority: Option<String>,
}

impl<'s> From<&'s Server> for Behind<'s> {
    fn from(server: &'s Server) -> Self {
        Self { server, authority: None }
    }
}

/// A running proxy, which ends with its guard.
struct RealProxy {
    process: Child,
    ports: Ports,
    /// What it shows to clients.
    certificates: Certificates,
    _files: [ScratchFile; 2],
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The block of the README in this language, between our addresses.
fn configuration(language: &str, ports: Ports, server: SocketAddr, files: [&str; 2]) -> String {
    let (_, behind) =
        README.split_once(&format!("```{language}\n")).expect("a block of the README");
    let (block, _) = behind.split_once("```").expect("its end");
    let mut text = block.to_owned();
    for (written, ours) in [
        ("0.0.0.0:7000", ports.stream.to_string().as_str()),
        ("0.0.0.0:7080", &ports.web.to_string()),
        ("0.0.0.0:443", &ports.secure.to_string()),
        ("0.0.0.0:7443", &ports.anew.to_string()),
        ("10.0.0.2:7000", &server.to_string()),
        ("/etc/tinyrealm/realm.pem", files[0]),
        ("/etc/tinyrealm/authority.pem", files[1]),
        ("main.internal", "localhost"),
    ] {
        assert!(text.contains(written), "{written} in the README's {language}");
        text = text.replace(written, ours);
    }
    text
}

fn start(
    (name, language): (&str, &str),
    behind: &Behind<'_>,
    ports: Ports,
    change: impl Fn(String) -> String,
    command: impl Fn(&str) -> Command,
) -> RealProxy {
    let certificates = Certificates::make(&format!("{name}-tls"));
    let [certificate, key] = ["server.pem", "server.key"].map(|file| certificates.path(file));
    let both = [certificate, key].map(|path| std::fs::read_to_string(path).unwrap()).concat();
    let pem = ScratchFile::with(&format!("{name}.pem"), &both);
    let own = certificates.path("authority.pem");
    let authority = behind.authority.as_ref().unwrap_or(&own);
    let files = [pem.path(), authority];
    let text = change(configuration(language, ports, behind.server.address, files));
    let file = ScratchFile::with(&format!("{name}.conf"), &text);
    let process = command(file.path()).stdin(Stdio::null()).spawn().expect("a proxy that runs");
    let proxy = RealProxy { process, ports, certificates, _files: [file, pem] };
    for address in ports.all() {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{name} does not listen at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    proxy
}

fn haproxy(name: &str, version: &str, behind: &Behind<'_>, ports: Ports) -> RealProxy {
    let change = |text: String| text.replace("send-proxy-v2", version);
    start((name, "haproxy"), behind, ports, change, |file| {
        let mut command = Command::new("haproxy");
        command.args(["-db", "-q", "-f", file]);
        command
    })
}

fn nginx(name: &str, behind: &Behind<'_>, ports: Ports) -> RealProxy {
    let unchanged = |text| text;
    start((name, "nginx"), behind, ports, unchanged, |file| {
        let mut command = Command::new("nginx");
        let pid = format!("{file}.pid");
        let own = format!("daemon off; master_process off; pid {pid}; error_log stderr crit;");
        command.args(["-c", file, "-g", &own]);
        command
    })
}

/// Starts a proxy in front of a server.
trait Start: Fn(&str, &Behind<'_>, Ports) -> RealProxy {}

impl<F: Fn(&str, &Behind<'_>, Ports) -> RealProxy> Start for F {}

/// A client that says of itself that it is another, to no avail.
fn web_from(from: Ipv4Addr, proxy: SocketAddr) -> Peer {
    let head = "X-Forwarded-For: 127.0.0.4\r\nForwarded: for=127.0.0.5\r\n";
    Peer::web_over(connect(from, proxy), head)
}

fn assert_counts_clients(name: &str, start: impl Start) {
    let (_accounts, login) = login_server(name, TRUSTED);
    let proxy = start(name, &(&login).into(), Ports::free());
    let stream = |from: &Ipv4Addr| Peer::over(connect(*from, proxy.ports.stream));
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, stream);
    login.stop();

    let (_accounts, login) = login_server(&format!("{name}-web"), TRUSTED);
    let proxy = start(&format!("{name}-web"), &(&login).into(), Ports::free());
    let web = |from: &Ipv4Addr| web_from(*from, proxy.ports.web);
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, web);
    login.stop();

    let main = Server::main(&[TRUSTED, "net.connections_per_address=2"]);
    let proxy = start(&format!("{name}-main"), &(&main).into(), Ports::free());
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
    assert_counts_clients("haproxy-v1", haproxy_v1);
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
        let mut stream = BufReader::new(self.certificates.connect(self.ports.secure, "localhost"));
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
fn assert_pages_are_judged(name: &str, start: impl Start) {
    let main = Server::main(&[TRUSTED]);
    let proxy = start(&format!("{name}-same"), &(&main).into(), Ports::free());
    assert!(proxy.takes("") && proxy.takes("Origin: https://localhost\r\n"));
    assert!(proxy.takes("Origin: https://localhost:7080\r\nX-Forwarded-Proto: gopher\r\n"));
    for other in ["https://evil.example", "https://localhost.evil.example", "null"] {
        assert!(!proxy.takes(&format!("Origin: {other}\r\n")), "{other}");
    }
    drop(proxy);
    main.stop().expect(&[("net.web_sockets", 3)]);

    let main = Server::main(&[TRUSTED, "net.origins=https://game.example"]);
    let proxy = start(&format!("{name}-listed"), &(&main).into(), Ports::free());
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

/// How players come by a proxy.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Way {
    /// TLS ends at the proxy.
    Ends,
    /// TLS is the server's own.
    PassesThrough,
    /// The proxy has TLS with both.
    BeginsAnew,
}

impl Way {
    const fn port(self, ports: Ports) -> u16 {
        let address = match self {
            Self::Ends => ports.secure,
            Self::PassesThrough => ports.stream,
            Self::BeginsAnew => ports.anew,
        };
        address.port()
    }

    /// What servers need for it besides.
    fn settings(self, certificates: &Certificates) -> Vec<String> {
        let tls = certificates.settings().into_iter();
        let all = tls.chain([TRUSTED.to_owned()]);
        all.skip(if self == Self::Ends { 2 } else { 0 }).collect()
    }

    /// Who vouches for what a client meets.
    fn authority(self, certificates: &Certificates, proxy: &RealProxy) -> String {
        match self {
            Self::PassesThrough => certificates.authority(),
            Self::Ends | Self::BeginsAnew => proxy.certificates.authority(),
        }
    }
}

/// Main and world have a proxy each, and the world's is what players are told.
fn assert_players_come_in(name: &str, way: Way, scheme: &'static str, start: impl Start) {
    let name = format!("{name}-{way:?}-{scheme}");
    let certificates = Certificates::make(&format!("{name}-servers"));
    let settings = way.settings(&certificates);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let (main_ports, world_ports) = (Ports::free(), Ports::free());
    let main = Server::main(&settings);
    let advertised = format!("world.advertise=localhost:{}", way.port(world_ports));
    let world = Server::world(1, main.address, &[&settings[..], &[&advertised]].concat());
    world.wait_until_registered(1);
    let authority = Some(certificates.path("authority.pem"));
    let [behind_main, behind_world] =
        [&main, &world].map(|server| Behind { server, authority: authority.clone() });
    let of_main = start(&format!("{name}-to-main"), &behind_main, main_ports);
    let of_world = start(&format!("{name}-to-world"), &behind_world, world_ports);
    let trust = [&of_main, &of_world].map(|proxy| way.authority(&certificates, proxy)).concat();
    let trust = Trust::pinned(trust.as_bytes()).unwrap();
    play((way.port(main_ports), scheme), trust);
    drop((of_main, of_world));
    let sockets = u64::from(scheme == "wss");
    world.stop().expect(&[("joined", 1), ("net.web_sockets", sockets), ("net.violations", 0)]);
    main.stop().expect(&[("hellos", 1), ("net.web_sockets", sockets)]);
}

/// Goes to a Main, and on into its world.
fn play((port, scheme): (u16, &'static str), trust: Trust) {
    let mut connector = AnyConnector::default();
    (connector.tcp.trust, connector.ws.trust) = (trust.clone(), trust);
    let clock = Clock::start();
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    let address = format!("localhost:{port}").as_str().try_into().unwrap();
    let mut memory = RealmMemory::NEW;
    let config = ClientConfig { is_by_tls: true, ..ClientConfig::DEFAULT };
    let network = (connector, scheme);
    let mut driver = memory.client(address, config, Player::default(), network, &mut turn);
    let began = Instant::now();
    while !driver.node().role().handler().is_in {
        assert!(began.elapsed() < PATIENCE, "nobody came in");
        driver.tick(&mut Turn { now: clock.now(), entropy: &mut OsEntropy });
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether Main welcomes whoever comes from there by TLS.
fn is_welcome(stream: &mut TlsStream) -> bool {
    let hello = Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY };
    let mut head = [0; 6];
    // Whoever is not let in may find its connection ended.
    stream.write_all(&frame(&hello)).is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head[2..] == Welcome::OPCODE.0.to_le_bytes()
}

/// By TLS, too, a server sees its clients by their own addresses, and a proxy knows the server that it seals for.
fn assert_counts_clients_by_tls(name: &str, start: impl Start) {
    for way in [Way::PassesThrough, Way::BeginsAnew] {
        let name = format!("{name}-count-{way:?}");
        let certificates = Certificates::make(&format!("{name}-servers"));
        let settings = way.settings(&certificates);
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let main = Server::main(&[&settings[..], &["net.connections_per_address=2"]].concat());
        let authority = Some(certificates.path("authority.pem"));
        let proxy = start(&name, &Behind { server: &main, authority }, Ports::free());
        let shown = match way {
            Way::BeginsAnew => &proxy.certificates,
            Way::Ends | Way::PassesThrough => &certificates,
        };
        let come = |from| {
            let port = way.port(proxy.ports);
            shown.over(connect(from, (Ipv4Addr::LOCALHOST, port).into()), "localhost")
        };
        let mut known = [GUESSER, OTHER, GUESSER, OTHER].map(come);
        assert!(known.iter_mut().all(is_welcome), "{name}");
        assert!(!is_welcome(&mut come(GUESSER)), "{name}: it has two");
        drop(known);
        // Another authority's server is none.
        let other = start(&format!("{name}-other"), &(&main).into(), Ports::free());
        let port = (Ipv4Addr::LOCALHOST, other.ports.anew.port()).into();
        let mut stream = other.certificates.over(connect(THIRD, port), "localhost");
        assert!(!is_welcome(&mut stream), "{name}: nobody vouches for it");
        drop((proxy, other));
        main.stop().expect(&[("hellos", 4)]);
    }
}

fn haproxy_v1(name: &str, behind: &Behind<'_>, ports: Ports) -> RealProxy {
    haproxy(name, "send-proxy", behind, ports)
}

fn haproxy_v2(name: &str, behind: &Behind<'_>, ports: Ports) -> RealProxy {
    haproxy(name, "send-proxy-v2", behind, ports)
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
    assert_players_come_in("haproxy", Way::Ends, "wss", haproxy_v2);
}

#[test]
fn players_come_through_nginx_s_tls() {
    assert_players_come_in("nginx", Way::Ends, "wss", nginx);
}

#[test]
fn tls_of_servers_passes_through_both() {
    for scheme in ["tls", "wss"] {
        assert_players_come_in("haproxy-v1", Way::PassesThrough, scheme, haproxy_v1);
        assert_players_come_in("haproxy-v2", Way::PassesThrough, scheme, haproxy_v2);
        assert_players_come_in("nginx", Way::PassesThrough, scheme, nginx);
    }
}

#[test]
fn tls_begins_anew_behind_both() {
    for scheme in ["tls", "wss"] {
        assert_players_come_in("haproxy-v1", Way::BeginsAnew, scheme, haproxy_v1);
        assert_players_come_in("haproxy-v2", Way::BeginsAnew, scheme, haproxy_v2);
        assert_players_come_in("nginx", Way::BeginsAnew, scheme, nginx);
    }
}

#[test]
fn haproxy_counts_clients_by_tls() {
    assert_counts_clients_by_tls("haproxy-v1", haproxy_v1);
    assert_counts_clients_by_tls("haproxy-v2", haproxy_v2);
}

#[test]
fn nginx_counts_clients_by_tls() {
    assert_counts_clients_by_tls("nginx", nginx);
}

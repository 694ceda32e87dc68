//! Real servers behind haproxy and nginx, configured as the README says. `cargo xtask proxies` runs it: it
//! needs both.

mod support;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::proxied::{assert_guesses_are_the_guesser_s, connect, hello, login_server};
use support::{PATIENCE, Peer, ScratchFile, Server};

const README: &str = include_str!("../../README.md");
const TRUSTED: &str = "net.trusted_proxies=127.0.0.1";
const GUESSER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// A running proxy, which ends with its guard.
struct RealProxy {
    process: Child,
    stream: SocketAddr,
    web: SocketAddr,
    _files: ScratchFile,
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The block of the README in this language, between our addresses.
fn configuration(language: &str, [stream, web, server]: [SocketAddr; 3]) -> String {
    let (_, behind) =
        README.split_once(&format!("```{language}\n")).expect("a block of the README");
    let (block, _) = behind.split_once("```").expect("its end");
    let mut text = block.to_owned();
    for (written, ours) in
        [("0.0.0.0:7000", stream), ("0.0.0.0:7080", web), ("10.0.0.2:7000", server)]
    {
        assert!(text.contains(written), "{written} in the README's {language}");
        text = text.replace(written, &ours.to_string());
    }
    text
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn start(
    name: &str,
    language: &str,
    server: &Server,
    change: impl Fn(String) -> String,
    command: impl Fn(&str) -> Command,
) -> RealProxy {
    let (stream, web) = (free_address(), free_address());
    let text = change(configuration(language, [stream, web, server.address]));
    let file = ScratchFile::with(&format!("{name}.conf"), &text);
    let process = command(file.path()).stdin(Stdio::null()).spawn().expect("a proxy that runs");
    let proxy = RealProxy { process, stream, web, _files: file };
    for address in [stream, web] {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{name} does not listen at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    proxy
}

fn haproxy(name: &str, version: &str, server: &Server) -> RealProxy {
    let change = |text: String| text.replace("send-proxy-v2", version);
    start(name, "haproxy", server, change, |file| {
        let mut command = Command::new("haproxy");
        command.args(["-db", "-q", "-f", file]);
        command
    })
}

fn nginx(name: &str, server: &Server) -> RealProxy {
    start(
        name,
        "nginx",
        server,
        |text| text,
        |file| {
            let mut command = Command::new("nginx");
            let pid = format!("{file}.pid");
            let own = format!("daemon off; master_process off; pid {pid}; error_log stderr crit;");
            command.args(["-c", file, "-g", &own]);
            command
        },
    )
}

/// A client that says of itself that it is another, to no avail.
fn web_from(from: Ipv4Addr, proxy: SocketAddr) -> Peer {
    let head = "X-Forwarded-For: 127.0.0.4\r\nForwarded: for=127.0.0.5\r\n";
    Peer::web_over(connect(from, proxy), head)
}

fn assert_counts_clients(name: &str, start: impl Fn(&str, &Server) -> RealProxy) {
    let (_accounts, login) = login_server(name, TRUSTED);
    let proxy = start(name, &login);
    let stream = |from: &Ipv4Addr| Peer::over(connect(*from, proxy.stream));
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, stream);
    login.stop();

    let (_accounts, login) = login_server(&format!("{name}-web"), TRUSTED);
    let proxy = start(&format!("{name}-web"), &login);
    let web = |from: &Ipv4Addr| web_from(*from, proxy.web);
    assert_guesses_are_the_guesser_s(GUESSER, OTHER, web);
    login.stop();

    let main = Server::main(&[TRUSTED, "net.connections_per_address=2"]);
    let proxy = start(&format!("{name}-main"), &main);
    let mut known: Vec<Peer> =
        [GUESSER, OTHER].map(|from| Peer::over(connect(from, proxy.stream))).into();
    known.extend([GUESSER, OTHER].map(|from| web_from(from, proxy.web)));
    assert!(known.iter_mut().all(hello));
    assert!(!hello(&mut Peer::over(connect(GUESSER, proxy.stream))), "it has two");
    drop(known);
    drop(proxy);
    main.stop().expect(&[("net.refused_address", 1), ("net.web_sockets", 2)]);
}

#[test]
fn haproxy_counts_clients_by_version_1() {
    assert_counts_clients("haproxy-v1", |name, server| haproxy(name, "send-proxy", server));
}

#[test]
fn haproxy_counts_clients_by_version_2() {
    assert_counts_clients("haproxy-v2", |name, server| haproxy(name, "send-proxy-v2", server));
}

#[test]
fn nginx_counts_clients() {
    assert_counts_clients("nginx", nginx);
}

//! The live page's port and the operator's, of a real `up`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::login::Accounts;
use crate::support::proxied::connect;
use crate::support::{PATIENCE, Process, Signal, Stream};

/// `http.connections_per_address`, unless it is set.
const CONNECTIONS: usize = 64;

/// The first bytes of an answer; nothing from who closes at once.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answer = [0; 64];
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let count = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

/// Login's, and Main's in it.
fn folders(accounts: &Accounts) -> [String; 2] {
    let of_login = accounts.setting();
    let of_main = of_login.replace("login.", "main.") + "/main";
    [of_login, of_main]
}

/// `up` with a page and an operator's entrance, at ports of its own.
struct Up {
    process: Process,
    page: SocketAddr,
    admin: SocketAddr,
    accounts: Accounts,
}

impl Up {
    fn start(name: &str, settings: &[&str]) -> Self {
        let accounts = Accounts::new(name);
        let [data, of_main] = folders(&accounts);
        let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.port=0"];
        let own = ["up.auth=guest", &data, &of_main];
        let settings = [&ports[..], &own, settings].concat();
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let up = ["up", "--bots", "0", "--worlds", "1"].into_iter().chain(settings);
        let process = Process::start(&up.collect::<Vec<_>>());
        let at = |name: &str| -> SocketAddr {
            let prefix = format!("{name} listening on ");
            process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
        };
        let (admin, page) = (at("admin"), at("http"));
        Self { process, page, admin, accounts }
    }

    fn stop(self) {
        self.process.signal(Signal::Interrupt);
        self.process.finish(PATIENCE).expect_code(0);
    }
}

/// How long it takes until this is at its end, whatever comes before.
fn time_to_end(stream: &mut TcpStream) -> Duration {
    let began = Instant::now();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut part = [0; 4_096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return began.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return began.elapsed(),
            Err(error) => panic!("{error} instead of the end"),
        }
    }
}

const TIMEOUT: Duration = Duration::from_millis(600);
/// What a loaded machine takes to notice it.
const LATE: Duration = Duration::from_secs(5);

/// Who says nothing, half a head, or nothing behind an answer; and who is slow, but in time.
#[test]
fn whoever_is_slow_with_a_head_is_closed() {
    let up = Up::start("http-heads", &["http.head_timeout_ms=600"]);
    let half = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    let whole = format!("{half}\r\n");
    for opening in ["", "G", half, &whole] {
        let mut stream = TcpStream::connect(up.page).unwrap();
        stream.write_all(opening.as_bytes()).unwrap();
        let took = time_to_end(&mut stream);
        assert!(took > TIMEOUT / 2 && took < TIMEOUT + LATE, "{opening:?}: {took:?}");
    }
    // A line now and then gives nobody more time.
    let mut stream = TcpStream::connect(up.page).unwrap();
    let began = Instant::now();
    stream.write_all(half.as_bytes()).unwrap();
    while stream.write_all(b"X-More: 1\r\n").is_ok() {
        assert!(began.elapsed() < TIMEOUT + LATE);
        std::thread::sleep(TIMEOUT / 10);
    }
    let mut stream = TcpStream::connect(up.page).unwrap();
    for part in [&half[..20], &half[20..]] {
        stream.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(TIMEOUT / 6);
    }
    stream.write_all(b"\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200", "it was in time");
    up.stop();
}

/// Who takes nothing of what it is sent is closed; who takes it slowly is not.
#[test]
fn whoever_takes_nothing_is_closed_and_whoever_is_slow_is_served() {
    let up = Up::start("http-reads", &["http.stall_timeout_ms=600"]);
    let request = "GET /tinyrealm.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let ask_often = |address| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        // More than all buffers on the way hold; the server takes no request behind an answer that waits.
        let asked = request.repeat(4_000);
        let sent = stream.write(asked.as_bytes()).unwrap();
        stream.set_nonblocking(false).unwrap();
        (stream, sent / request.len())
    };
    let (mut silent, _) = ask_often(up.page);
    let (mut slow, asked) = ask_often(up.page);
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = vec![0; 256 * 1_024];
    let began = Instant::now();
    let mut bytes = 0;
    while began.elapsed() < 3 * TIMEOUT {
        bytes += slow.read(&mut heard).expect("who takes something is served");
        // So often that the kernel's buffers, of megabytes, have room in time.
        std::thread::sleep(TIMEOUT / 60);
    }
    assert!(asked > 100 && bytes > 1_000_000, "{asked} requests, {bytes} bytes");
    // The silent one has been closed meanwhile: what it is told by now has an end.
    let mut left = 0;
    let is_cut = loop {
        match silent.read(&mut heard) {
            Ok(0) => break true,
            Ok(count) => left += count,
            Err(error) => break error.kind() == ErrorKind::ConnectionReset,
        }
    };
    let whole = asked * include_bytes!("../../../backend-web/tinyrealm.wasm").len();
    assert!(is_cut && left < whole, "{left} of {whole} bytes");
    up.stop();
}

/// Whoever holds all the connections that an address may have keeps out nobody else, and no operator.
#[test]
fn visitors_shut_out_neither_others_nor_the_operator() {
    let up = Up::start("http", &[]);
    let (admin, page) = (up.admin, up.page);
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
    up.stop();
}

/// The head of what somebody is answered who asks for an account.
fn ask_for_account(from: Ipv4Addr, page: SocketAddr) -> String {
    let mut stream = connect(from, page);
    stream.write_all(b"POST /visitor HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 1_024];
    let count = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

/// By the list of either server, while they run; and nobody else.
#[test]
fn a_banned_address_gets_no_visitor_s_account() {
    let up = Up::start("http-banned", &["up.auth=login"]);
    let (banned, other) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let status = |from| ask_for_account(from, up.page).get(9..12).map(str::to_owned);
    assert_eq!(status(banned).as_deref(), Some("200"));
    for folder in folders(&up.accounts) {
        let (_, folder) = folder.split_once('=').unwrap();
        let change = |arguments: &[&str]| {
            let all = [&["ban"], arguments, &["127.0.0.2", "--data", folder]].concat();
            Process::start(&all).finish(PATIENCE).expect_code(0);
        };
        change(&["add"]);
        let answer = ask_for_account(banned, up.page);
        assert_eq!(answer.get(9..12), Some("403"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: 60\r\n"), "{answer}");
        assert!(answer.ends_with("this address is banned from the realm\n"), "{answer}");
        assert_eq!(status(other).as_deref(), Some("200"));
        change(&["remove"]);
        assert_eq!(status(banned).as_deref(), Some("200"));
    }
    up.stop();
}

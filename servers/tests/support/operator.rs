//! An operator: what is asked of a server's own listener, well or badly.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::{Finished, PATIENCE, Process, Server, Stream};

/// Where the operator of this process comes in.
pub(crate) fn admin_of(process: &Process) -> SocketAddr {
    process.wait_for(Stream::Stdout, |line| line.strip_prefix("admin listening on ")?.parse().ok())
}

/// What is answered to these bytes: the status, and what is behind the head. The other side ends the connection.
pub(crate) fn exchange(at: SocketAddr, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // Whoever has heard enough of it has closed already.
    let _ = stream.write_all(request);
    let (mut answer, mut piece) = (Vec::new(), [0; 4_096]);
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), body.to_owned())
}

/// Asks for a path, with the token or without.
pub(crate) fn ask(at: SocketAddr, path: &str, token: Option<&str>) -> (u16, String) {
    let field = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = "Host: localhost\r\nConnection: close\r\n";
    exchange(at, format!("GET {path} HTTP/1.1\r\n{head}{field}\r\n").as_bytes())
}

/// Asks until the answer is this.
#[track_caller]
pub(crate) fn wait_until(at: SocketAddr, path: &str, expected: (u16, &str)) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, text) = ask(at, path, None);
        if (status, text.as_str()) == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{status} {text:?} instead of {expected:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// `tinyrealm ctl` at this listener.
pub(crate) fn ctl(at: SocketAddr, arguments: &[&str]) -> Finished {
    Process::start(&[&["ctl", "--admin", &at.to_string()], arguments].concat()).finish(PATIENCE)
}

/// What it prints when all is well.
#[track_caller]
pub(crate) fn told(at: SocketAddr, arguments: &[&str]) -> Vec<String> {
    let finished = ctl(at, arguments);
    finished.expect_code(0);
    finished.lines(Stream::Stdout).into_iter().map(str::to_owned).collect()
}

/// What is wrong, in one line.
#[track_caller]
pub(crate) fn refused(at: SocketAddr, arguments: &[&str]) -> String {
    let finished = ctl(at, arguments);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].to_owned()
}

/// The operator of this server.
pub(crate) fn of(server: &Server) -> SocketAddr {
    admin_of(&server.process)
}

/// Asks until the list has this many lines.
#[track_caller]
pub(crate) fn wait_for_total(at: SocketAddr, what: &str, total: u64) -> serde_json::Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, text) = ask(at, &format!("/api/{what}"), None);
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        if status == 200 && page["total"] == total {
            return page;
        }
        assert!(Instant::now() < deadline, "{status} {text}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Asks for something to be done, with these fields in the head.
pub(crate) fn post(at: SocketAddr, what: &str, fields: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!("Host: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
    exchange(at, format!("POST /api/{what} HTTP/1.1\r\n{head}{fields}\r\n{body}").as_bytes())
}

/// What a body is.
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

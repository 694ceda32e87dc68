//! The dashboard and the alert rules of `deploy/` ask for figures that servers have.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::login::Accounts;
use crate::support::{PATIENCE, Process, Stream};

const FILES: [&str; 2] = ["grafana/tinyrealm.json", "prometheus/alerts.yaml"];

/// Words that are names of our figures.
fn figures(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("tinyrealm_")).collect()
}

fn metrics(at: SocketAddr) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_figure_that_is_asked_for_is_there() {
    let accounts = Accounts::new("deploy");
    let data = accounts.setting();
    let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.service=off"];
    let ports = ports.map(|port| ["--set", port]).concat();
    let up = [&["up", "--bots", "1", "--worlds", "1", "--set", &data][..], &ports].concat();
    let up = Process::start(&up);
    let admin =
        up.wait_for(Stream::Stdout, |line| line.strip_prefix("admin listening on ")?.parse().ok());
    let told = metrics(admin);
    let known = figures(&told);
    assert!(known.contains("tinyrealm_main_users"), "{told}");
    for file in FILES {
        let path = format!("{}/../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let asked = figures(&text);
        assert!(asked.len() > 5, "{file}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} asks for {unknown:?}");
    }
}

//! Whole realms by TLS: nothing is lost, repeated or out of order in big rooms.

use std::time::Duration;

use crate::certificates::Certificates;
use crate::support::ports::free_port;
use crate::support::{Process, Server, Stream};

const COUNT: u16 = 40;
/// Joining, sending and settling together take no longer.
const RUN_LIMIT: Duration = Duration::from_secs(90);

fn play(scheme: &str, settings: &[&str]) {
    let certificates = Certificates::make(&format!("players-{scheme}"));
    let [certificate, key] = certificates.settings();
    let tls = [certificate.as_str(), &key, "net.tls.require=true"];
    let main = Server::main(&tls);
    // Full sockets are the rule.
    let small = ["world.rooms=1", "net.socket_send_buffer_bytes=8192"];
    let world = Server::world(1, main.address, &[&tls[..], &small, settings].concat());
    world.wait_until_registered(1);
    let (at, count) = (format!("{scheme}://{}", main.address), COUNT.to_string());
    let trust = certificates.path("authority.pem");
    let bots = ["bots", "--json", "--main", &at, "--trust", &trust, "--count", &count];
    let plan = ["--seconds", "3", "--hz", "20", "--events"];
    let finished = Process::start(&[&bots[..], &plan].concat()).finish(RUN_LIMIT);
    finished.expect_code(0);
    let lines = finished.lines(Stream::Stdout);
    let sockets = if scheme == "wss" { COUNT } else { 0 };
    assert!(lines[0].contains(&format!("\"web_sockets\":{sockets},")), "{lines:?}");
}

#[test]
fn frames_by_tls() {
    play("tls", &[]);
}

#[test]
fn web_sockets_by_tls() {
    play("wss", &[]);
}

#[test]
fn a_world_may_say_what_is_spoken_there() {
    // Clients speak in clear with Main and by TLS with the world that wants it.
    let certificates = Certificates::make("players-advertised");
    let [certificate, key] = certificates.settings();
    let main = Server::main(&[]);
    let port = free_port();
    let (listen, main_at) = (format!("127.0.0.1:{port}"), main.address.to_string());
    let folder = format!("world.data_folder={}", certificates.path("data"));
    let advertise = format!("tls://localhost:{port}");
    let place = ["world", "--listen", &listen, "--advertise", &advertise, "--main", &main_at];
    let settings = ["--set", &certificate, "--set", &key, "--set", &folder];
    let world = Process::start(&[&place[..], &settings].concat());
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let trust = certificates.path("authority.pem");
    let plan = ["--count", "2", "--seconds", "1", "--json"];
    let trusting = ["bots", "--main", &main_at, "--trust", &trust];
    let bots = Process::start(&[&trusting[..], &plan].concat());
    bots.finish(RUN_LIMIT).expect_code(0);
    // Whoever does not trust it never comes in, in clear neither.
    let late = ["--join-seconds", "2"];
    let distrusting = ["bots", "--main", &main_at];
    let bots = Process::start(&[&distrusting[..], &plan, &late].concat());
    let finished = bots.finish(RUN_LIMIT);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains("no secure connection to ")), "{lines:?}");
}

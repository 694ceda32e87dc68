//! What becomes of a realm whose accounts are lost, damaged, copied: with the real programs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::login::{Accounts, CHEAP, login, main_of, try_hello, try_login};
use crate::support::{Finished, PATIENCE, Peer, Process, Server, Stream, channel};
use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Token, Uid};

const PASSWORD: &str = "correct horse";

fn add(accounts: &Accounts, arguments: &[&str]) -> Uid {
    let finished = accounts.user(&[&["add"], arguments].concat(), PASSWORD);
    let lines = finished.lines(Stream::Stdout);
    let (_, uid) = lines[0].rsplit_once(' ').unwrap();
    Uid(uid.parse().unwrap())
}

fn file(accounts: &Accounts) -> PathBuf {
    Path::new(accounts.folder()).join("accounts.db")
}

/// A login server that does not start.
fn start_fails(accounts: &Accounts) -> Finished {
    let setting = accounts.setting();
    let arguments = ["login", "--port", "0", "--set", &setting];
    let finished = Process::start(&arguments).finish(PATIENCE);
    finished.expect_code(1);
    finished
}

#[track_caller]
fn expect_error(finished: &Finished, named: &[&str]) {
    let lines = finished.lines(Stream::Stderr);
    let is_named = |line: &&&str| named.iter().all(|name| line.contains(name));
    assert!(lines.iter().any(|line| is_named(&line) && line.starts_with("error: ")), "{lines:?}");
}

#[test]
fn accounts_that_are_removed_under_a_running_login() {
    let accounts = Accounts::new("removed-under");
    let a = add(&accounts, &["a"]);
    let server = accounts.login(&CHEAP);
    login(server.address, "a", PASSWORD).token();
    std::fs::remove_file(file(&accounts)).unwrap();
    // Nothing is made in their place.
    let refused = accounts.try_user(&["add", "b"], PASSWORD);
    expect_error(&refused, &["gone or empty", "user restore", "--create"]);
    assert!(!file(&accounts).exists());
    // Login knows it at its next write, says it once and not for each of many attempts.
    for _ in 0..20 {
        let denied = login(server.address, "a", PASSWORD).denied();
        assert_eq!(denied.reason, LoginDenial::UNAVAILABLE);
    }
    server.process.wait_until_said(
        Stream::Stderr,
        "are gone, or another file is in their place",
        1,
    );
    // Begun anew beside the Login that runs: it does not serve what it does not know.
    let b = add(&accounts, &["b", "--create"]);
    assert_ne!(a, b);
    let denied = login(server.address, "b", PASSWORD).denied();
    assert_eq!(denied.reason, LoginDenial::UNAVAILABLE);
    server.stop();
    let server = accounts.login(&CHEAP);
    login(server.address, "b", PASSWORD).token();
    server.stop();
}

#[test]
fn a_login_does_not_start_with_accounts_that_it_can_t_serve() {
    let accounts = Accounts::new("not-served");
    for number in 0..30 {
        add(&accounts, &[&format!("a-rather-long-id-of-user-{number}")]);
    }
    let whole = std::fs::read(file(&accounts)).unwrap();
    let mut noisy = whole.clone();
    let middle = (noisy.len() - 12_288) / 2;
    for (place, byte) in noisy[middle..middle + 12_288].iter_mut().enumerate() {
        *byte = (place as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3];
    }
    for bytes in [&whole[..whole.len() / 2], &whole[..10], &vec![0; whole.len()], &noisy] {
        std::fs::write(file(&accounts), bytes).unwrap();
        expect_error(&start_fails(&accounts), &["damaged", "user restore"]);
    }
    std::fs::write(file(&accounts), "").unwrap();
    expect_error(&start_fails(&accounts), &["gone or empty", "--create"]);
    expect_error(&accounts.try_user(&["list"], ""), &["gone or empty"]);
    std::fs::write(file(&accounts), &whole).unwrap();
    accounts.login(&CHEAP).stop();
}

#[test]
fn a_backup_beside_a_running_login_has_everything() {
    let accounts = Accounts::new("backup-beside");
    add(&accounts, &["a"]);
    let server = accounts.login(&CHEAP);
    let last = add(&accounts, &["b"]);
    let target = format!("{}-backup", accounts.folder());
    let _guard = crate::support::ScratchFile::at(&target);
    accounts.user(&["backup", &target], "");
    server.stop();
    let lost = add(&accounts, &["lost"]);
    std::fs::remove_file(file(&accounts)).unwrap();
    expect_error(&start_fails(&accounts), &["user restore"]);
    accounts.user(&["restore", &target], "");
    let listed = accounts.user(&["list"], "");
    assert_eq!(listed.lines(Stream::Stdout).len(), 3, "{:?}", listed.lines(Stream::Stdout));
    assert_eq!(add(&accounts, &["c"]).0, lost.0 + 1);
    assert_eq!(lost.0, last.0 + 1);
    let server = accounts.login(&CHEAP);
    for id in ["a", "b", "c"] {
        login(server.address, id, PASSWORD).token();
    }
    // Once more, under it.
    accounts.user(&["restore", &target], "");
    let denied = login(server.address, "a", PASSWORD).denied();
    assert_eq!(denied.reason, LoginDenial::UNAVAILABLE);
    server.stop();
    expect_error(&accounts.try_user(&["backup", &target], ""), &["is there already"]);
    expect_error(&accounts.try_user(&["restore", "/nowhere"], ""), &["there is no file"]);
}

#[test]
fn accounts_of_killed_bots_are_swept() {
    let accounts = Accounts::new("swept");
    add(&accounts, &["a"]);
    let server = accounts.login(&CHEAP);
    let (address, setting) = (server.address.to_string(), accounts.setting());
    let nowhere = ["bots", "--main", "127.0.0.1:1", "--count", "3", "--seconds", "60"];
    let made = ["--login", &address, "--set", &setting, "--make-accounts", "bot-"];
    let bots = Process::start(&[&nowhere[..], &made].concat());
    let count = || accounts.user(&["list"], "").lines(Stream::Stdout).len() - 1;
    let deadline = std::time::Instant::now() + PATIENCE;
    while count() < 4 {
        assert!(std::time::Instant::now() < deadline);
    }
    bots.kill();
    server.stop();
    assert_eq!(count(), 4);
    // Ten minutes later.
    let connection = rusqlite::Connection::open(file(&accounts)).unwrap();
    connection.execute("UPDATE accounts SET expires_at = expires_at - 600", []).unwrap();
    drop(connection);
    accounts.login(&CHEAP).stop();
    assert_eq!(count(), 1);
}

#[test]
fn a_password_is_one_from_every_keyboard_and_the_log_tells_who_came() {
    let accounts = Accounts::new("keyboards");
    accounts.user(&["add", "a"], "p\u{e4}ssw\u{f6}rd");
    let server = accounts.login(&CHEAP);
    login(server.address, "a", "pa\u{308}sswo\u{308}rd").token();
    login(server.address, "a", "p\u{e4}ssw\u{f6}rd").token();
    let from = std::net::Ipv4Addr::new(127, 0, 0, 9);
    let denied = try_login(server.address, from, "a", "passw\u{f6}rd").unwrap().denied();
    assert_eq!(denied.reason, LoginDenial::WRONG);
    let out_of_place = accounts.try_user(&["add", "b"], "pass\tword");
    expect_error(&out_of_place, &["U+0009"]);
    server.process.wait_until_said(Stream::Stderr, "\"a\" has logged in from 127.0.0.1", 2);
    let refused = "refused a login as \"a\" from 127.0.0.9: WRONG";
    server.process.wait_until_said(Stream::Stderr, refused, 1);
    server.stop();
}

/// Logs in and enters a room.
fn inside(login_address: SocketAddr, main: SocketAddr, id: &str) -> (Peer, Peer, Token) {
    let token = login(login_address, id, PASSWORD).token();
    let (mut peer, uid) = try_hello(main, Some(token)).unwrap();
    let (room, ..) = peer.enter("").join(uid);
    (peer, room, token)
}

/// Within two seconds from now.
fn expect_revoked(peers: &mut [&mut Peer], why: &str) {
    let since = Instant::now();
    for peer in peers {
        peer.expect_bye(ErrorCode::REVOKED);
    }
    println!("{why}: out after {:?}", since.elapsed());
    assert!(since.elapsed() < Duration::from_secs(2), "{why}: {:?}", since.elapsed());
}

/// Whatever an operator does to an account beside the running Login: its user is out of Main, of its world
/// and of its channel within two seconds, and nobody else is.
#[test]
fn an_operator_s_hand_reaches_those_who_are_inside() {
    let accounts = Accounts::new("reaches");
    let ids = ["disabled", "logged-out", "changed", "removed", "stays"];
    for id in ids {
        add(&accounts, &[id]);
    }
    let server = accounts.login(&CHEAP);
    let chat = Server::chat(&[]);
    let main = main_of(&server, &[&format!("main.chat={}", chat.address)]);
    channel::wait_until_found(&main, 1);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let mut inside = ids.map(|id| {
        let (mut peer, room, token) = inside(server.address, main.address, id);
        channel::join(&mut peer, "lobby");
        (peer, room, token)
    });
    let acts: [(&str, &str); 4] =
        [("disable", ""), ("logout", ""), ("passwd", "another password"), ("remove", "")];
    for ((command, input), place) in acts.into_iter().zip(0..) {
        accounts.user(&[command, ids[place]], input);
        let (peer, room, token) = &mut inside[place];
        expect_revoked(&mut [peer, room], command);
        let again = try_hello(main.address, Some(*token)).err();
        assert_eq!(again, Some(ErrorCode::BAD_TOKEN), "{command}");
    }
    let (peer, room, _) = &mut inside[4];
    peer.expect_served();
    room.expect_served();
    // With a new login everything is as it was.
    let token = login(server.address, "logged-out", PASSWORD).token();
    let (mut peer, uid) = try_hello(main.address, Some(token)).unwrap();
    assert_eq!(channel::join(&mut peer, "lobby"), 2, "the four are in no channel");
    let (mut room, ..) = peer.enter("").join(uid);
    thread::sleep(Duration::from_secs(1));
    room.expect_served();
    peer.expect_served();
    main.stop().expect(&[("revoked", 4)]);
    world.stop();
    server.stop();
    chat.stop();
}

/// Login is away when the account is disabled, and so is Main.
#[test]
fn an_operator_s_hand_reaches_through_outages() {
    let accounts = Accounts::new("outages");
    for id in ["a", "b", "c"] {
        add(&accounts, &[id]);
    }
    let server = accounts.login(&CHEAP);
    let address = server.address;
    let impatient = ["main.reconnect_first_ms=50", "main.reconnect_most_ms=100"];
    let main = main_of(&server, &impatient);
    let world = Server::world(1, main.address, &["world.reconnect_most_ms=100"]);
    world.wait_until_registered(1);
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|id| inside(address, main.address, id));
    server.process.kill();
    main.process.wait_until_said(Stream::Stderr, "lost Login", 1);
    accounts.user(&["disable", "a"], "");
    a.0.expect_served();
    let server = accounts.login_at(address, &CHEAP);
    main.process.wait_until_said(Stream::Stderr, "connected to Login", 2);
    expect_revoked(&mut [&mut a.0, &mut a.1], "without Login");
    b.0.expect_served();
    // A Main that was killed hears of its users from the world.
    let main_address = main.address;
    main.process.kill();
    accounts.user(&["disable", "b"], "");
    let login_setting = format!("main.login={address}");
    let main = Server::main_at(
        main_address,
        &[&["main.auth=login", &login_setting], &impatient[..]].concat(),
    );
    world.wait_until_registered(2);
    main.process.wait_until_said(Stream::Stderr, "connected to Login", 1);
    expect_revoked(&mut [&mut b.1], "without Main");
    c.1.expect_served();
    main.stop();
    world.stop();
    server.stop();
}

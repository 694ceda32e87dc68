//! Bans, with the real programs: guests by uid and by address, while Main runs.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::support::login::{Accounts, Answer, CHEAP, login, main_of, try_hello, try_login};
use crate::support::{PATIENCE, Peer, Process, ScratchFile, Server, Stream};
use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Token};

fn ban(folder: &ScratchFile, arguments: &[&str], code: i32) -> Vec<String> {
    let all = [&["ban"], arguments, &["--data", folder.path()]].concat();
    let finished = Process::start(&all).finish(PATIENCE);
    finished.expect_code(code);
    let stream = if code == 0 { Stream::Stdout } else { Stream::Stderr };
    finished.lines(stream).into_iter().map(str::to_owned).collect()
}

/// No address may open connections as fast as it likes.
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

fn wait_until_welcome(main: &Server, token: Option<Token>) {
    let deadline = Instant::now() + PATIENCE;
    while try_hello(main.address, token).is_err() {
        assert!(Instant::now() < deadline);
        pause();
    }
}

#[test]
fn a_banned_guest_is_out_and_stays_out_until_its_ban_ends() {
    let folder = ScratchFile::new("ban-folder");
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let mut guests = [(); 2].map(|()| {
        let mut peer = Peer::connect(main.address);
        let welcome = peer.hello(None);
        let (uid, token) = (welcome.uid, welcome.token);
        let (room, ..) = peer.enter("").join(uid);
        (peer, room, uid, token)
    });
    let uid = guests[0].2.0.to_string();
    let said = ban(&folder, &["add", &uid, "--for", "1h"], 0);
    assert!(said[0].starts_with(&format!("uid {uid} is banned until ")), "{said:?}");
    let since = Instant::now();
    guests[0].0.expect_bye(ErrorCode::BANNED);
    guests[0].1.expect_bye(ErrorCode::BANNED);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    let token = guests[0].3;
    assert_eq!(try_hello(main.address, Some(token)).err(), Some(ErrorCode::BANNED));
    guests[1].0.expect_served();
    guests[1].1.expect_served();
    assert_eq!(ban(&folder, &["list"], 0).len(), 1);
    ban(&folder, &["remove", &uid], 0);
    let again = ban(&folder, &["remove", &uid], 1);
    assert!(again[0].contains("is not banned"), "{again:?}");
    wait_until_welcome(&main, Some(token));
    world.stop();
    main.stop();
}

#[test]
fn a_banned_address_is_out_and_stays_out_until_its_ban_ends() {
    let folder = ScratchFile::new("ban-address");
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let mut guest = Peer::connect(main.address);
    let uid = guest.hello(None).uid;
    let (mut room, ..) = guest.enter("").join(uid);
    ban(&folder, &["add", "127.0.0.1", "--for", "2s"], 0);
    guest.expect_bye(ErrorCode::BANNED);
    room.expect_bye(ErrorCode::BANNED);
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::BANNED));
    wait_until_welcome(&main, None);
    world.stop();
    main.stop();
    // It holds for a Main that is started behind it, too.
    ban(&folder, &["add", "127.0.0.1"], 0);
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::BANNED));
    main.stop();
}

#[test]
fn whom_one_can_t_ban_is_named() {
    let folder = ScratchFile::new("ban-mistakes");
    for (arguments, named) in [
        (&["add", "somebody"][..], "a uid or an IP address"),
        (&["add", "0"], "a uid or an IP address"),
        (&["add", "7", "--for", "soon"], "a time like"),
    ] {
        let said = ban(&folder, arguments, 2);
        assert!(said.iter().any(|line| line.contains(named)), "{said:?}");
    }
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(format!("{}/bans.toml", folder.path()), "nonsense").unwrap();
    let said = ban(&folder, &["list"], 1);
    assert!(said[0].contains("bans.toml"), "{said:?}");
}

const PASSWORD: &str = "correct horse";

/// Login looks at its list four times a second.
fn wait_until_banned(server: &Server, is_banned: bool, from: Ipv4Addr, id: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = match try_login(server.address, from, id, PASSWORD).unwrap() {
            Answer::Token(_) => false,
            Answer::Denied(denied) => {
                assert_eq!((denied.reason, denied.retry_after_ms), (LoginDenial::BANNED, 0));
                true
            }
        };
        if found == is_banned {
            return;
        }
        assert!(Instant::now() < deadline);
        pause();
    }
}

/// Main and Login have a list each here; with one configuration both are written.
#[test]
fn a_banned_account_or_address_is_told_so_at_login() {
    let elsewhere = Ipv4Addr::new(127, 0, 0, 7);
    let (accounts, folder) = (Accounts::new("ban-accounts"), ScratchFile::new("ban-main"));
    accounts.user(&["add", "alice"], PASSWORD);
    accounts.user(&["add", "bob"], PASSWORD);
    let server = accounts.login(&CHEAP);
    let of_main = format!("main.data_folder={}", folder.path());
    let main = main_of(&server, &[&of_main]);
    let (mut alice, uid) =
        try_hello(main.address, Some(login(server.address, "alice", PASSWORD).token())).unwrap();
    let (uid, of_login) = (uid.0.to_string(), accounts.setting());
    let ban = |arguments: &[&str]| {
        let all = [&["ban"], arguments, &["--set", &of_main, "--set", &of_login]].concat();
        let finished = Process::start(&all).finish(PATIENCE);
        finished.expect_code(0);
        finished.lines(Stream::Stdout).len()
    };
    let denial =
        |from, id, password| try_login(server.address, from, id, password).unwrap().denied().reason;
    let wait_until = |is_banned, from, id| wait_until_banned(&server, is_banned, from, id);

    ban(&["add", &uid]);
    alice.expect_bye(ErrorCode::BANNED);
    wait_until(true, elsewhere, "alice");
    // Only the right password hears of it; nobody else is concerned.
    assert_eq!(denial(elsewhere, "alice", "a wrong password"), LoginDenial::WRONG);
    wait_until(false, elsewhere, "bob");
    ban(&["remove", &uid]);
    wait_until(false, elsewhere, "alice");

    ban(&["add", "127.0.0.7"]);
    assert_eq!(ban(&["list"]), 1, "both lists say the same");
    wait_until(true, elsewhere, "bob");
    // Nothing is hashed for who comes from there.
    assert_eq!(denial(elsewhere, "bob", "a wrong password"), LoginDenial::BANNED);
    wait_until(false, Ipv4Addr::LOCALHOST, "bob");
    main.stop();
    let report = server.stop();
    assert!(report.denied("BANNED") >= 3, "{report:?}");
    // It holds for a Login that is started behind it, too, until it is over.
    let server = accounts.login(&CHEAP);
    let answer = try_login(server.address, elsewhere, "alice", PASSWORD).unwrap();
    assert_eq!(answer.denied().reason, LoginDenial::BANNED);
    server.stop();
}

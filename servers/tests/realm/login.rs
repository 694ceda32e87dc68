//! A realm with accounts, as separate processes: logging in, Login coming and going, floods, kills.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::login::{
    Accounts, Answer, CHEAP, login, main_of, try_hello, try_login, try_login_with,
};
use crate::support::{Bots, PATIENCE, Peer, Report, Server, Stream};
use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Token, Uid};

const PASSWORD: &str = "correct horse";
const IMPATIENT: [&str; 2] = ["main.reconnect_first_ms=50", "main.reconnect_most_ms=200"];

/// Accounts with `alice`, and her uid.
#[track_caller]
fn with_alice(name: &str) -> (Accounts, Uid) {
    let accounts = Accounts::new(name);
    let finished = accounts.user(&["add", "alice"], PASSWORD);
    let lines = finished.lines(Stream::Stdout);
    let uid = lines[0].strip_prefix("account alice has uid ").unwrap().parse().unwrap();
    (accounts, Uid(uid))
}

/// A world of this Main, registered.
#[track_caller]
fn world_of(main: &Server) -> Server {
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    world
}

fn denied(report: &Report) -> [u64; 4] {
    ["WRONG", "LOCKED", "TOO_MANY", "BUSY"].map(|reason| report.denied(reason))
}

#[test]
fn whoever_has_an_account_gets_in() {
    let (accounts, uid) = with_alice("gets-in");
    let login_server = accounts.login(&CHEAP);
    let main = main_of(&login_server, &[]);
    let world = world_of(&main);

    let token = login(login_server.address, "alice", PASSWORD).token();
    let (mut peer, found) = try_hello(main.address, Some(token)).unwrap();
    assert_eq!(found, uid);
    let pass = peer.enter("");
    let (mut inside, ..) = pass.join(uid);
    inside.expect_served();
    // The same token is the same user, as often as it is shown; each login has a token of its own.
    assert_eq!(try_hello(main.address, Some(token)).unwrap().1, uid);
    let other = login(login_server.address, "alice", PASSWORD).token();
    assert_ne!(other, token);
    assert_eq!(try_hello(main.address, Some(other)).unwrap().1, uid);
    // Nobody else is anybody.
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::LOGIN_NEEDED));
    assert_eq!(try_hello(main.address, Some(Token([7; 32]))).err(), Some(ErrorCode::BAD_TOKEN));

    world.stop();
    main.stop().expect(&[("hellos", 3), ("hellos_refused", 2)]);
    let report = login_server.stop();
    report.expect(&[("attempts", 2), ("granted", 2), ("verifies", 4), ("verified", 3)]);
    report.expect(&[("hashes", 2), ("waiting", 0), ("net.sessions", 0)]);
    let left = std::fs::read_dir(accounts.folder()).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    let mut left = left;
    left.sort();
    assert_eq!(left, ["accounts.db", "accounts.realm", "devices.secret"], "no log is left");
}

/// Half of them are WebSockets, at Login too.
#[test]
fn bots_log_in_and_play() {
    let (accounts, _) = with_alice("bots");
    let login_server = accounts.login(&CHEAP);
    let main = main_of(&login_server, &[]);
    let world = world_of(&main);
    let (login_address, setting) = (login_server.address.to_string(), accounts.setting());
    let arguments = ["--login", &login_address, "--set", &setting, "--make-accounts", "bot-"];
    let plan = ["--count", "200", "--ws", "100", "--hz", "5", "--seconds", "3"];
    let bots = [&arguments[..], &plan].concat();
    let outcome = Bots::start(main.address, &bots).outcome();
    outcome.expect_clean(200);
    // They leave nothing behind.
    let listed = accounts.user(&["list"], "");
    assert_eq!(listed.lines(Stream::Stdout).len(), 2, "{:?}", listed.lines(Stream::Stdout));
    world.stop().expect(&[("net.web_sockets", 100)]);
    main.stop().expect(&[("hellos", 200), ("net.violations", 0), ("net.web_sockets", 100)]);
    let login = login_server.stop();
    login.expect(&[("net.handshakes_refused", 0)]);
    // Who is told to come back later, or hears nothing for too long, comes with another connection.
    let again = outcome.report.count("outages.login.refused");
    assert!((200..=200 + again).contains(&login.count("granted")), "{again} again: {login:?}");
    assert!(login.count("net.web_sockets") >= 100, "{login:?}");
}

#[test]
fn bots_use_the_accounts_of_a_file_and_say_what_is_wrong_with_them() {
    let (accounts, _) = with_alice("file");
    let login_server = accounts.login(&CHEAP);
    let main = main_of(&login_server, &[]);
    let world = world_of(&main);
    let login_address = login_server.address.to_string();
    let file = crate::support::ScratchFile::with("bot-accounts", &format!("alice {PASSWORD}\n"));
    let arguments = ["--login", &login_address, "--accounts", file.path(), "--seconds", "1"];
    let one = [&arguments[..], &["--count", "1"]].concat();
    let outcome = Bots::start(main.address, &one).outcome();
    outcome.report.expect(&[("joined", 1), ("refused", 0)]);

    let fails = |arguments: &[&str], named: &str| {
        let main = main.address.to_string();
        let all = [&["bots", "--main", &main], arguments].concat();
        let finished = crate::support::Process::start(&all).finish(PATIENCE);
        finished.expect_code(1);
        let lines = finished.lines(Stream::Stderr);
        assert!(lines.iter().any(|line| line.contains(named)), "{lines:?}");
    };
    fails(&[&arguments[..], &["--count", "2"]].concat(), "fewer than the 2 bots");
    let wrong = crate::support::ScratchFile::with("wrong-accounts", "alice wrong password\n");
    fails(&["--login", &login_address, "--accounts", wrong.path(), "--count", "1"], "WRONG");
    fails(&["--count", "1"], "LOGIN_NEEDED");
    world.stop();
    main.stop();
    login_server.stop();
}

#[test]
fn a_wrong_id_and_a_wrong_password_are_the_same() {
    let (accounts, _) = with_alice("same");
    // Enough work to be seen above everything else.
    let work = ["login.hash_memory_kib=8192", "login.hash_passes=1", "login.hash_threads=1"];
    let patient = ["login.account_free_failures=60000", "login.address_free_failures=60000"];
    let settings = [&work[..], &patient].concat();
    accounts.user(&["add", "bob", "--set", work[0], "--set", work[1]], PASSWORD);
    let login_server = accounts.login(&settings);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..25 {
        for (id, times) in ["bob", "nobody"].into_iter().zip(&mut times) {
            let start = Instant::now();
            let answer = login(login_server.address, id, "wrong password").denied();
            times.push(start.elapsed());
            assert_eq!((answer.reason, answer.retry_after_ms), (LoginDenial::WRONG, 0));
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!("median of a wrong password: {known:?}, of a wrong id: {unknown:?}");
    assert!(known < unknown * 2 && unknown < known * 2, "{known:?}, {unknown:?}");
    login_server.stop().expect(&[("hashes", 50), ("granted", 0)]);
}

#[test]
fn a_locked_account_says_when_to_come_back() {
    let (accounts, _) = with_alice("locked");
    let settings = ["login.account_free_failures=2", "login.account_first_delay_ms=700"];
    let login_server = accounts.login(&[&CHEAP[..], &settings].concat());
    let address = login_server.address;
    for id in ["alice", "nobody"] {
        let waits = [(); 3].map(|()| login(address, id, "wrong password").denied().retry_after_ms);
        assert_eq!(waits, [0, 0, 700]);
        let locked = login(address, id, PASSWORD).denied();
        assert_eq!(locked.reason, LoginDenial::LOCKED, "{id}");
        assert!((1..=700).contains(&locked.retry_after_ms), "{}", locked.retry_after_ms);
    }
    let locked = login(address, "alice", PASSWORD).denied();
    thread::sleep(Duration::from_millis(locked.retry_after_ms.into()));
    login(address, "alice", PASSWORD).token();
    let report = login_server.stop();
    assert_eq!(denied(&report)[..2], [6, 3]);
}

/// Somebody guesses from everywhere; the owner's device and the owner's address get in, also behind a
/// restart of Login, and until the password is another one.
#[test]
fn nobody_is_locked_out_by_the_guesses_of_others() {
    let (accounts, _) = with_alice("locked-out");
    let settings = ["login.account_free_failures=2", "login.account_first_delay_ms=600000"];
    let settings = [&CHEAP[..], &settings].concat();
    let server = accounts.login(&settings);
    let address = server.address;
    let home = Ipv4Addr::new(127, 0, 0, 5);
    let Some(Answer::Token(ack)) = try_login(address, home, "alice", PASSWORD) else { panic!() };
    let guess = |number| {
        let from = Ipv4Addr::new(127, 0, 1, number);
        try_login(address, from, "alice", "a wrong password").unwrap().denied().reason
    };
    let guesses = [1, 2, 3, 4].map(guess);
    assert_eq!(guesses[3], LoginDenial::LOCKED, "{guesses:?}");
    let abroad = Ipv4Addr::new(127, 0, 2, 1);
    let elsewhere = |device| try_login_with(address, abroad, "alice", PASSWORD, device).unwrap();
    assert_eq!(elsewhere(None).denied().reason, LoginDenial::LOCKED);
    try_login(address, home, "alice", PASSWORD).unwrap().token();
    elsewhere(Some(ack.device)).token();
    server.stop();
    // Addresses are forgotten then, devices are not.
    let server = accounts.login_at(address, &settings);
    let guesses = [1, 2, 3, 4].map(guess);
    assert_eq!(guesses[3], LoginDenial::LOCKED, "{guesses:?}");
    let abroad = Ipv4Addr::new(127, 0, 2, 2);
    let elsewhere = |device| try_login_with(address, abroad, "alice", PASSWORD, device).unwrap();
    assert_eq!(elsewhere(None).denied().reason, LoginDenial::LOCKED);
    elsewhere(Some(ack.device)).token();
    accounts.user(&["passwd", "alice"], PASSWORD);
    let far = Ipv4Addr::new(127, 0, 2, 3);
    let held_back = try_login_with(address, far, "alice", PASSWORD, Some(ack.device)).unwrap();
    assert_eq!(held_back.denied().reason, LoginDenial::LOCKED, "it was another password's");
    server.stop();
}

#[test]
fn an_operator_s_change_takes_effect_while_the_server_runs() {
    let (accounts, uid) = with_alice("operator");
    let login_server = accounts.login(&CHEAP);
    let main = main_of(&login_server, &[]);
    let token = || login(login_server.address, "alice", PASSWORD).token();
    let hello = |token| try_hello(main.address, Some(token)).map(|(_, uid)| uid);

    let first = token();
    assert_eq!(hello(first), Ok(uid));
    accounts.user(&["logout", "alice"], "");
    assert_eq!(hello(first), Err(ErrorCode::BAD_TOKEN));
    let second = token();
    accounts.user(&["disable", "alice"], "");
    assert_eq!(hello(second), Err(ErrorCode::BAD_TOKEN));
    let disabled = login(login_server.address, "alice", PASSWORD).denied();
    assert_eq!(disabled.reason, LoginDenial::DISABLED);
    let wrong = login(login_server.address, "alice", "wrong password").denied();
    assert_eq!(wrong.reason, LoginDenial::WRONG, "only the right password hears of it");
    accounts.user(&["enable", "alice"], "");
    let third = token();
    assert_eq!(hello(third), Ok(uid));
    accounts.user(&["passwd", "alice"], "another password\n");
    assert_eq!(hello(third), Err(ErrorCode::BAD_TOKEN));
    assert_eq!(login(login_server.address, "alice", PASSWORD).denied().reason, LoginDenial::WRONG);
    let fourth = login(login_server.address, "alice", "another password").token();
    assert_eq!(hello(fourth), Ok(uid));
    accounts.user(&["add", "bob"], PASSWORD);
    let bob = login(login_server.address, "bob", PASSWORD).token();
    assert_ne!(hello(bob), Ok(uid));
    accounts.user(&["remove", "alice"], "");
    assert_eq!(hello(fourth), Err(ErrorCode::BAD_TOKEN));
    main.stop();
    login_server.stop();
}

#[test]
fn a_token_expires() {
    let (accounts, uid) = with_alice("expires");
    let login_server = accounts.login(&[&CHEAP[..], &["login.token_ttl_s=2"]].concat());
    let main = main_of(&login_server, &[]);
    let Answer::Token(ack) = login(login_server.address, "alice", PASSWORD) else { panic!() };
    assert_eq!((ack.uid, ack.ttl_s), (uid, 2));
    assert_eq!(try_hello(main.address, Some(ack.token)).unwrap().1, uid);
    let deadline = Instant::now() + PATIENCE;
    while let Ok((_, found)) = try_hello(main.address, Some(ack.token)) {
        assert!(found == uid && Instant::now() < deadline);
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(try_hello(main.address, Some(ack.token)).err(), Some(ErrorCode::BAD_TOKEN));
    main.stop();
    login_server.stop();
}

#[test]
fn mistakes_of_an_operator_are_named() {
    let (accounts, _) = with_alice("mistakes");
    let nobody = Accounts::new("no-accounts");
    let expect = |accounts: &Accounts, arguments: &[&str], input: &str, named: &str| {
        let finished = accounts.try_user(arguments, input);
        finished.expect_code(1);
        let lines = finished.lines(Stream::Stderr);
        assert!(
            matches!(&lines[..], [line] if line.starts_with("error: ") && line.contains(named)),
            "{named}: {lines:?}"
        );
        assert_eq!(finished.lines(Stream::Stdout), [""; 0]);
    };
    expect(&accounts, &["add", "alice"], PASSWORD, "there is an account \"alice\" already");
    expect(&accounts, &["add", "Bob"], PASSWORD, "a-z");
    expect(&accounts, &["add", "bob"], "", "no password on standard input");
    expect(&accounts, &["add", "bob"], "1234567\n", "8 to 128 bytes");
    expect(&accounts, &["add", "bob"], &"x".repeat(129), "8 to 128 bytes");
    for command in ["passwd", "disable", "enable", "logout", "remove"] {
        expect(&accounts, &[command, "bob"], PASSWORD, "there is no account \"bob\"");
    }
    expect(&nobody, &["list"], "", "`tinyrealm user add` makes the first");
    let listed = accounts.user(&["list"], "");
    assert!(listed.lines(Stream::Stdout)[1].contains("alice"));
}

#[test]
fn login_is_killed_and_comes_back_while_everybody_plays() {
    let (accounts, uid) = with_alice("killed");
    let login_server = accounts.login(&CHEAP);
    let main = main_of(&login_server, &IMPATIENT);
    let world = world_of(&main);
    let token = login(login_server.address, "alice", PASSWORD).token();
    let (login_address, setting) = (login_server.address, accounts.setting());
    let at = login_address.to_string();
    let arguments = ["--login", &at, "--set", &setting, "--make-accounts", "bot-"];
    let bots = [&arguments[..], &["--count", "30", "--seconds", "5"]].concat();
    let bots = Bots::start(main.address, &bots);
    let (mut peer, _) = try_hello(main.address, Some(token)).unwrap();
    let (mut inside, ..) = peer.enter("").join(uid);
    inside.find::<tinyrealm_core::protocol::world_to_client::MoveBroadcast>();

    login_server.process.kill();
    main.process.wait_until_said(Stream::Stderr, "lost Login", 1);
    let refused = Instant::now();
    assert_eq!(try_hello(main.address, Some(token)).err(), Some(ErrorCode::LOGIN_UNAVAILABLE));
    assert!(refused.elapsed() < Duration::from_secs(1), "at once");
    inside.expect_served();
    peer.expect_served();
    // A newcomer keeps trying, and comes in as soon as Login is back.
    let late = [&arguments[..5], &["late-", "--count", "3", "--seconds", "1"]].concat();
    let late = Bots::start(main.address, &late);
    let restarted = Instant::now();
    let login_server = accounts.login_at(login_address, &CHEAP);
    main.process.wait_until_said(Stream::Stderr, "connected to Login", 2);
    println!("Main has found Login {} ms after its start", restarted.elapsed().as_millis());
    assert_eq!(try_hello(main.address, Some(token)).unwrap().1, uid);
    peer.expect_bye(ErrorCode::REPLACED);
    late.outcome().report.expect(&[("joined", 3), ("lost", 0)]);
    let outcome = bots.outcome();
    outcome.report.expect(&[("joined", 30), ("lost", 0), ("disconnects", 0), ("disordered", 0)]);
    world.stop();
    main.stop().expect(&[("worlds_lost", 1)]);
    login_server.stop();
}

#[test]
fn main_tells_a_wrong_secret_of_login_from_a_missing_one() {
    let (accounts, _) = with_alice("secret");
    let login_server = accounts.login(&CHEAP);
    let address = format!("main.login={}", login_server.address);
    let arguments = ["main", "--port", "0", "--set", "main.auth=login", "--set", &address];
    let other = [("TINYREALM_CLUSTER_SECRET", crate::support::process::OTHER_SECRET)];
    let main = crate::support::Process::start_with(&arguments, &other);
    main.wait_until_said(Stream::Stderr, "does not have its key of our realm", 1);
    let listening: SocketAddr =
        main.wait_for(Stream::Stdout, |line| line.strip_prefix("main listening on ")?.parse().ok());
    let token = login(login_server.address, "alice", PASSWORD).token();
    assert_eq!(try_hello(listening, Some(token)).err(), Some(ErrorCode::LOGIN_UNAVAILABLE));
    login_server.stop();
}

/// Somebody who guesses as fast as they can, from one address, until there is nothing left to guess.
fn guess(login: SocketAddr, from: Ipv4Addr, left: &AtomicU64, is_over: &AtomicBool) {
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        let number = left.load(Ordering::Relaxed);
        try_login(login, from, &format!("user-{}", number % 97), "a wrong password");
    }
    is_over.store(true, Ordering::Release);
}

#[test]
fn a_flood_of_wrong_passwords_keeps_nobody_out() {
    const GUESSES: u64 = 10_000;
    let (accounts, _) = with_alice("flood");
    // What a server starts with, so with hashes of 19 MiB.
    let login_server = accounts.login(&["login.hash_threads=2"]);
    let address = login_server.address;
    let (left, is_over) = (AtomicU64::new(GUESSES), AtomicBool::new(false));
    let mut waits = Vec::new();
    let flood = Instant::now();
    thread::scope(|scope| {
        for guesser in 0..64 {
            let from = Ipv4Addr::new(127, 0, 0, 2 + guesser % 4);
            let (left, is_over) = (&left, &is_over);
            scope.spawn(move || guess(address, from, left, is_over));
        }
        while waits.is_empty() || !is_over.load(Ordering::Acquire) {
            let start = Instant::now();
            let answer = try_login(address, Ipv4Addr::new(127, 0, 0, 99), "alice", PASSWORD);
            answer.expect("an answer").token();
            waits.push(start.elapsed());
        }
    });
    let flood = flood.elapsed();
    let longest = waits.iter().max().unwrap();
    println!(
        "{GUESSES} guesses in {flood:?}; meanwhile {} logins, at most {longest:?}",
        waits.len()
    );
    assert!(*longest < Duration::from_secs(2), "{waits:?}");
    let most = login_server.process.most_resident_bytes() / 1_024 / 1_024;
    println!("at most {most} MiB");
    assert!(most < 2 * 19 + 64, "{most} MiB");
    let report = login_server.stop();
    let [wrong, _, too_many, _] = denied(&report);
    let turned_away = too_many + report.count("net.refused_often");
    assert!(turned_away > GUESSES / 2, "{report:?}");
    // Besides, her first login has hashed her password anew, with the server's parameters.
    assert_eq!(report.count("hashes"), wrong + waits.len() as u64 + 1);
    assert_eq!(report.count("granted"), waits.len() as u64);
}

/// Every token that it was granted, until nobody answers.
fn log_in_until_killed(login: SocketAddr) -> Vec<Token> {
    let mut granted = Vec::new();
    while let Some(answer) = try_login(login, Ipv4Addr::LOCALHOST, "alice", PASSWORD) {
        if let Answer::Token(ack) = answer {
            granted.push(ack.token);
        }
    }
    granted
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    const KILLS: usize = 4;
    let (accounts, uid) = with_alice("kill");
    let settings = [&CHEAP[..], &["login.tokens_per_account=100000"]].concat();
    let mut running = accounts.login(&settings);
    let address = running.address;
    let mut added = vec!["alice".to_owned()];
    for kill in 0..KILLS {
        // Several at once, so that some are in the middle of it when the server ends.
        let granted: Vec<Token> = thread::scope(|scope| {
            let clients = [(); 4].map(|()| scope.spawn(|| log_in_until_killed(address)));
            let id = format!("user-{kill}");
            accounts.user(&["add", &id], PASSWORD);
            added.push(id);
            thread::sleep(Duration::from_millis(200 + 37 * kill as u64));
            running.process.kill();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        println!("kill {kill}: {} tokens were granted before", granted.len());
        assert!(!granted.is_empty());
        running = accounts.login_at(address, &settings);
        let main = main_of(&running, &[]);
        for token in &granted {
            assert_eq!(try_hello(main.address, Some(*token)).unwrap().1, uid);
        }
        main.stop();
    }
    for id in &added {
        login(address, id, PASSWORD).token();
    }
    running.stop();
}

#[test]
fn up_with_guests_wants_no_account() {
    let accounts = Accounts::new("up-guests");
    let setting = accounts.setting();
    let arguments = ["up", "--bots", "2", "--set", "main.port=0", "--set", "world.port=0"];
    let guests = ["--set", "chat.port=0", "--set", "http.service=off", "--set", "up.auth=guest"];
    let up =
        crate::support::Process::start(&[&arguments[..], &guests, &["--set", &setting]].concat());
    let main: SocketAddr =
        up.wait_for(Stream::Stdout, |line| line.strip_prefix("main listening on ")?.parse().ok());
    Peer::connect(main).hello(None);
    up.signal(crate::support::Signal::Interrupt);
    up.finish(PATIENCE).expect_code(0);
    assert!(!std::path::Path::new(accounts.folder()).exists(), "no accounts were made");
}

//! Servers that come and go: in any order, in good order and killed; what their users are told, and
//! where they go then.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tinyrealm_core::protocol::Text;
use tinyrealm_core::protocol::Versions;

use crate::support::login::{Accounts, login};
use crate::support::{
    Bots, Heard, PATIENCE, Peer, Process, Realm, ScratchFile, Server, Signal, Stream, User,
};
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::{Bye, Error, Ping, Pong};
use tinyrealm_core::protocol::world_to_client::{MoveBroadcast, UserEntered};

/// Worlds look for their Main often enough for a test.
const IMPATIENT: [&str; 2] = ["world.reconnect_first_ms=50", "world.reconnect_most_ms=200"];

/// So small that every user changes which world is the least loaded.
const SMALL: [&str; 2] = ["world.rooms=1", "world.room_capacity=50"];

/// The user is told by Main that its world is gone.
#[track_caller]
fn expect_world_lost(main: &mut Peer) {
    let error = main.expect::<Error>();
    assert_eq!((error.code, error.about), (ErrorCode::WORLD_LOST, 0));
}

#[test]
fn a_world_waits_for_its_main() {
    let main = Server::main(&[]);
    let address = main.address;
    main.process.kill();
    let world = Server::world(1, address, &IMPATIENT);
    world.process.wait_until_said(Stream::Stderr, "can't register with Main", 1);
    let main = Server::main_at(address, &[]);
    world.wait_until_registered(1);
    let mut user = User::enter(address, "");
    assert_eq!(user.address, world.address);
    user.world.expect_served();
    drop(user);
    world.stop().expect(&[("joined", 1), ("left", 1)]);
    main.stop().expect(&[("worlds_registered", 1), ("worlds_lost", 1)]);
}

/// Until Main has heard everything that a world had to say before.
fn wait_for_the_world_s_link(main: SocketAddr) {
    // The acknowledgement of this attach comes behind it.
    let mut guest = Peer::connect(main);
    guest.hello(None);
    guest.enter("");
}

#[test]
fn main_is_killed_and_comes_back_while_everybody_plays() {
    let realm = Realm::start(&IMPATIENT);
    let mut inside = realm.user();
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "6"]);
    inside.world.find::<MoveBroadcast>();

    let (address, mut worlds) = realm.kill_main();
    inside.main.expect_lost();
    worlds[0].process.wait_until_said(Stream::Stderr, "lost Main", 1);
    for _ in 0..200 {
        inside.world.find::<MoveBroadcast>();
    }
    let restarted = Instant::now();
    let main = Server::main_at(address, &[]);
    worlds[0].wait_until_registered(2);
    println!("registered again {} ms after Main's start", restarted.elapsed().as_millis());
    wait_for_the_world_s_link(address);

    // The old token is the same user, of whom the new Main knows that it is inside.
    let mut again = Peer::connect(address);
    assert_eq!(again.hello(Some(inside.token)).uid, inside.uid);
    inside.world.expect_served();
    let (mut world, _, others) = again.enter("").join(inside.uid);
    inside.world.expect_bye(ErrorCode::REPLACED);
    assert_eq!(others.len(), 20);
    world.find::<MoveBroadcast>();

    bots.outcome().expect_clean(20);
    let world_report = worlds.remove(0).stop();
    world_report.expect(&[("joined", 22), ("left", 22), ("moves_refused", 0)]);
    let main_report = main.stop();
    main_report.expect(&[("worlds_registered", 1), ("enters", 2), ("enters_refused", 0)]);
    // All bots have come back to the new Main, besides the two of this test.
    main_report.expect(&[("hellos", 22), ("hellos_refused", 0), ("net.violations", 0)]);
}

/// Who was lost, where, and how: on either side of the links between servers.
#[test]
fn a_lost_link_is_told_with_its_address_and_code() {
    let mut realm = Realm::start(&IMPATIENT);
    let world = realm.worlds.remove(0);
    let address = world.address;
    world.process.kill();
    let main = &realm.main.process;
    let line = format!("world 1 left the registry (LOST); it was at {address}");
    main.wait_until_said(Stream::Stderr, &line, 1);
    main.wait_until_said(Stream::Stderr, "lost a server at 127.0.0.1 (LOST;", 1);
    let world = Server::world(1, realm.main.address, &IMPATIENT);
    world.wait_until_registered(1);
    let mut guest = Peer::connect(realm.main.address);
    guest.hello(None);
    drop(guest);
    main.wait_until_said(Stream::Stderr, "lost a client at 127.0.0.1 (LOST;", 1);
    let (address, _) = realm.kill_main();
    let line = format!("lost Main (LOST) at {address}");
    world.process.wait_until_said(Stream::Stderr, &line, 1);
}

#[test]
fn with_another_key_a_new_main_knows_no_guest() {
    let key = ScratchFile::new("another-key");
    let setting = format!("main.secret_file={}", key.path());
    let realm = Realm::start(&IMPATIENT);
    let mut inside = realm.user();
    let (address, worlds) = realm.kill_main();
    let main = Server::main_at(address, &[&setting]);
    worlds[0].wait_until_registered(2);
    let mut again = Peer::connect(address);
    again.send(&Hello {
        versions: Versions::OURS,
        token: Some(inside.token),
        nickname: Text::EMPTY,
    });
    again.expect_refused(ErrorCode::BAD_TOKEN, Hello::OPCODE.0);
    inside.world.expect_served();
    main.stop().expect(&[("hellos_refused", 1)]);
}

/// One peer at every place of a realm, and the realm's end by this signal, worlds first.
fn end_by(signal: Signal) {
    let mut realm = Realm::start(&[]);
    let mut user = realm.user();
    let mut main_stranger = Peer::connect(realm.main.address);
    let mut world_stranger = Peer::connect(realm.world().address);
    main_stranger.expect_served();
    world_stranger.expect_served();

    let world = realm.worlds.remove(0);
    world.process.signal(signal);
    world_stranger.expect_bye(ErrorCode::SHUTTING_DOWN);
    user.world.expect_bye(ErrorCode::SHUTTING_DOWN);
    // Peers who do not close their side are not waited for, or not for long.
    world.last_words().expect(&[("left", 1), ("net.sessions", 0), ("net.buffers_in_use", 0)]);
    expect_world_lost(&mut user.main);

    realm.main.process.signal(signal);
    main_stranger.expect_bye(ErrorCode::SHUTTING_DOWN);
    user.main.expect_bye(ErrorCode::SHUTTING_DOWN);
    let main = realm.main.last_words();
    main.expect(&[("worlds_lost", 1), ("net.sessions", 0), ("net.buffers_in_use", 0)]);
    assert!(TcpStream::connect(user.address).is_err(), "nobody listens there any more");
}

#[test]
fn an_interrupt_ends_servers_in_good_order() {
    end_by(Signal::Interrupt);
}

#[test]
fn a_termination_ends_servers_in_good_order() {
    end_by(Signal::Terminate);
}

#[test]
fn main_says_goodbye_to_worlds_and_players_stay() {
    let realm = Realm::start(&IMPATIENT);
    let (mut first, mut second) = (realm.user(), realm.user());
    let Realm { main, mut worlds, .. } = realm;
    main.stop();
    first.main.expect_bye(ErrorCode::SHUTTING_DOWN);
    worlds[0].process.wait_until_said(Stream::Stderr, "lost Main (SHUTTING_DOWN)", 1);
    second.world.move_to(5);
    assert_eq!(first.world.find_move().0, second.uid);
    let report = worlds.remove(0).stop();
    report.expect(&[("joined", 2), ("moves", 1)]);
}

#[test]
fn a_signal_is_heeded_from_the_first_line_on() {
    let nowhere = ["world", "--port", "0", "--main", "127.0.0.1:9"];
    let folder = Accounts::new("up-signals");
    let data = folder.setting();
    let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.port=0"];
    let ports = ports.map(|port| ["--set", port]).concat();
    let up = [&["up", "--bots", "0", "--set", &data][..], &ports].concat();
    for arguments in [&["main", "--port", "0"][..], &nowhere, &up] {
        for signal in [Signal::Interrupt, Signal::Terminate].into_iter().cycle().take(6) {
            let process = Process::start(arguments);
            process.wait_until_said(Stream::Stdout, "listening on", 1);
            process.signal(signal);
            process.finish(PATIENCE).expect_code(0);
        }
    }
}

#[test]
fn a_report_is_given_from_the_first_line_on() {
    for _ in 0..20 {
        let process = Process::start(&["main", "--port", "0"]);
        process.wait_until_said(Stream::Stdout, "listening on", 1);
        process.signal(Signal::Report);
        process.wait_until_said(Stream::Stdout, "main report {", 1);
    }
}

#[test]
fn a_second_signal_ends_a_server_at_once() {
    for (second, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        let main = Server::main(&["net.drain_timeout_ms=600000"]);
        let mut stubborn = Peer::connect(main.address);
        stubborn.expect_served();
        main.process.signal(Signal::Terminate);
        stubborn.expect_bye(ErrorCode::SHUTTING_DOWN);
        // It waits for the peer to close, who does not.
        main.process.signal(second);
        main.process.finish(PATIENCE).expect_code(code);
    }
}

#[test]
fn the_users_of_a_killed_world_are_told_and_sent_to_another() {
    let mut realm = Realm::without_worlds(&SMALL);
    realm.add_world(1, &[]);
    realm.add_world(2, &[]);
    let mut unlucky = realm.user();
    let mut lucky = realm.user();
    assert_ne!(unlucky.address, lucky.address, "the second goes to the emptier world");

    let killed = Instant::now();
    realm.take_world_at(unlucky.address).process.kill();
    unlucky.world.expect_lost();
    expect_world_lost(&mut unlucky.main);
    let pass = unlucky.main.enter("");
    assert_eq!(pass.world, lucky.address);
    let (mut world, _, others) = pass.join(unlucky.uid);
    println!("in another world {} ms after its own was killed", killed.elapsed().as_millis());
    assert_eq!(others, [lucky.uid]);
    assert_eq!(lucky.world.expect::<UserEntered>().member.uid, unlucky.uid);
    world.expect_served();
    // The other is not concerned.
    lucky.main.expect_served();
    let (main, worlds) = realm.stop();
    main.expect(&[("worlds_registered", 2), ("worlds_lost", 2), ("enters", 3)]);
    worlds[0].expect(&[("joined", 2)]);
}

#[test]
fn bots_of_a_killed_world_come_back_in_another() {
    let mut realm = Realm::without_worlds(&SMALL);
    realm.add_world(1, &[]);
    let mut witness = realm.user();
    realm.add_world(2, &[]);
    let bots = Bots::start(realm.main.address, &["--count", "21", "--seconds", "5"]);
    // Everybody is in a room before the first of them moves: eleven are with each other, ten are here.
    witness.world.find::<MoveBroadcast>();
    let killed = Instant::now();
    realm.worlds.remove(1).process.kill();
    let returned = [(); 11].map(|()| witness.world.find::<UserEntered>().member.uid);
    println!(
        "eleven bots are back {} ms after their world was killed",
        killed.elapsed().as_millis()
    );
    assert_eq!(HashSet::from(returned).len(), 11);
    let outcome = bots.outcome();
    assert_eq!(outcome.code, Some(1), "losing a room is a fault");
    outcome.report.expect(&[("joined", 21), ("disconnects", 11), ("lost", 0), ("duplicated", 0)]);
    outcome.report.expect(&[
        ("disordered", 0),
        ("wrong_room", 0),
        ("self_seen", 0),
        ("unknown", 0),
    ]);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("joined", 22), ("left", 22)]);
}

#[test]
fn both_sides_of_a_realm_s_capacity() {
    let realm =
        Realm::start(&["world.rooms=1", "world.room_capacity=2", "world.room_spectators=0"]);
    let first = realm.user();
    // A place that is promised is taken, before its user has come.
    let mut second = Peer::connect(realm.main.address);
    let uid = second.hello(None).uid;
    let pass = second.enter("");
    let mut third = Peer::connect(realm.main.address);
    let third_uid = third.hello(None).uid;
    assert_eq!(third.enter_in_vain(""), ErrorCode::FULL);
    let (_second_world, ..) = pass.join(uid);
    assert_eq!(third.enter_in_vain(""), ErrorCode::FULL);

    drop(first);
    // Whoever asks again gets the place as soon as Main knows that it is free.
    let deadline = Instant::now() + PATIENCE;
    let freed = loop {
        match third.try_enter("") {
            Ok(pass) => break pass,
            Err(code) => assert_eq!((code, Instant::now() < deadline), (ErrorCode::FULL, true)),
        }
        // No faster than anybody may ask.
        thread::sleep(Duration::from_millis(10));
    };
    let (_third_world, _, others) = freed.join(third_uid);
    assert_eq!(others, [uid]);
    let (main, worlds) = realm.stop();
    main.expect(&[("enters", 3)]);
    worlds[0].expect(&[("joined", 3)]);
}

/// It has the id's key, so it is the one; and whom it replaces does not come back and take turns with it.
#[test]
fn a_world_that_comes_back_elsewhere_replaces_its_former_self() {
    let mut realm = Realm::start(&IMPATIENT);
    let mut user = realm.user();
    let twin = Server::world(1, realm.main.address, &IMPATIENT);
    twin.wait_until_registered(1);
    let former = realm.worlds.remove(0);
    former.process.wait_until_said(Stream::Stderr, "another server is world 1 now", 1);
    // Whoever is there stays there.
    user.world.expect_served();
    expect_world_lost(&mut user.main);
    assert_eq!(user.main.enter("").world, twin.address);
    former.stop();
    twin.stop();
    let (main, _) = realm.stop();
    main.expect(&[("worlds_registered", 2), ("worlds_lost", 2)]);
}

#[test]
fn a_world_that_restarts_at_its_address_is_the_same_one() {
    let mut realm = Realm::start(&IMPATIENT);
    let mut user = realm.user();
    let world = realm.worlds.remove(0);
    let address = world.address.to_string();
    world.process.kill();
    expect_world_lost(&mut user.main);
    let main = realm.main.address.to_string();
    let again = Process::start(&["world", "--main", &main, "--listen", &address]);
    again.wait_until_said(Stream::Stderr, "registered with Main as world 1", 1);
    let pass = user.main.enter("");
    assert_eq!(pass.world.to_string(), address);
    let (mut world, ..) = pass.join(user.uid);
    world.expect_served();
}

/// A user who says nothing by itself, and answers whenever it is asked.
fn answer_pings(mut peer: Peer, until: Arc<AtomicBool>) -> Peer {
    while !until.load(Ordering::Acquire) {
        match peer.hear(Duration::from_millis(50)) {
            Heard::Frame(opcode) if opcode == Ping::OPCODE.0 => {
                let nonce = peer.message::<Ping>().nonce;
                peer.send(&Pong { nonce });
            }
            Heard::Frame(_) | Heard::Silence => {}
            other => panic!("{other:?} at a user who answers"),
        }
    }
    peer
}

/// A signal is sent before it is heeded: the other tests that stop a server rely on this one.
#[test]
fn a_server_that_is_stopped_serves_nobody() {
    let realm = Realm::start(&[]);
    let mut user = realm.user();
    for nonce in 0..50 {
        realm.main.process.signal(Signal::Stop);
        user.main.send(&Ping { nonce });
        assert_eq!(user.main.hear(Duration::from_millis(5)), Heard::Silence);
        realm.main.process.signal(Signal::Continue);
        assert_eq!(user.main.expect::<Pong>().nonce, nonce);
    }
    realm.stop();
}

#[test]
fn a_world_that_stands_still_is_left_and_comes_back_with_its_users() {
    const TIMEOUTS: [&str; 3] =
        ["net.ping_interval_ms=500", "net.idle_timeout_ms=1500", "main.attach_timeout_ms=300"];
    let mut realm = Realm::start(&[&IMPATIENT[..], &TIMEOUTS].concat());
    let mut user = realm.user();
    let mut guest = Peer::connect(realm.main.address);
    let guest_uid = guest.hello(None).uid;
    let is_over = Arc::new(AtomicBool::new(false));
    let (world, until) = (user.world, Arc::clone(&is_over));
    let inside = thread::spawn(move || answer_pings(world, until));

    realm.world().process.signal(Signal::Stop);
    assert_eq!(guest.enter_in_vain(""), ErrorCode::WORLD_TIMEOUT);
    // Main notices in its own time; the users are told, and there is no other world.
    user.main.find::<Ping>();
    user.main.send(&Pong { nonce: 0 });
    guest.find::<Ping>();
    guest.send(&Pong { nonce: 0 });
    while user.main.hear(PATIENCE) != Heard::Frame(Error::OPCODE.0) {
        user.main.send(&Pong { nonce: 0 });
        guest.send(&Pong { nonce: 0 });
    }
    assert_eq!(user.main.message::<Error>().code, ErrorCode::WORLD_LOST);
    guest.expect_served();
    assert_eq!(guest.enter_in_vain(""), ErrorCode::NO_WORLD);

    realm.world().process.signal(Signal::Continue);
    realm.world().wait_until_registered(2);
    let pass = guest.enter("");
    let (_world, _, others) = pass.join(guest_uid);
    // Whoever was inside is inside still: it was the world that was silent.
    assert_eq!(others, [user.uid]);
    is_over.store(true, Ordering::Release);
    inside.join().unwrap().expect_served();
    let world = realm.worlds.remove(0).stop();
    world.expect(&[("joined", 2), ("net.silent", 0)]);
    realm.stop();
}

#[test]
fn up_runs_a_whole_realm_and_prints_plain_lines() {
    let accounts = Accounts::new("up");
    let data = accounts.setting();
    accounts.user(&["add", "alice"], "correct horse");
    let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.port=0"];
    let ports = ports.map(|port| ["--set", port]).concat();
    let up = Process::start(
        &[&["up", "--bots", "8", "--worlds", "1", "--set", &data][..], &ports].concat(),
    );
    let login_address: SocketAddr =
        up.wait_for(Stream::Stdout, |line| line.strip_prefix("login listening on ")?.parse().ok());
    let main: SocketAddr =
        up.wait_for(Stream::Stdout, |line| line.strip_prefix("main listening on ")?.parse().ok());
    assert_ne!(main.port(), 0);
    up.wait_until_said(Stream::Stdout, "try:  tinyrealm user add", 1);
    up.wait_until_said(Stream::Stdout, "then: tinyrealm client --main", 1);
    // The first status line may come before everybody is in.
    up.wait_until_said(Stream::Stdout, "8 users in ", 1);
    let token = login(login_address, "alice", "correct horse").token();
    let mut visitor = User::enter_with(main, Some(token), "");
    assert!(!visitor.world.find_move().0.is_guest(), "bots have accounts");
    up.signal(Signal::Interrupt);
    visitor.world.find::<Bye>();
    let finished = up.finish(PATIENCE);
    finished.expect_code(0);
    expect_plain_status(&finished.lines(Stream::Stdout));
    let of_visits = |line: &&str| line.contains("visit=");
    assert_eq!(finished.lines(Stream::Stderr).into_iter().find(of_visits), None, "of each bot");
}

fn expect_plain_status(lines: &[&str]) {
    let mut status = lines.iter().filter(|line| line.contains(" users in ")).peekable();
    assert!(status.peek().is_some(), "{lines:?}");
    assert!(status.all(|line| line.ends_with("| lost 0")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains(['\u{1b}', '\r'])), "no terminal: {lines:?}");
}

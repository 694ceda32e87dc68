//! What whoever runs a server reads of it and does to it, with the real programs: by `tinyrealm ctl`, and byte by byte.

use std::time::{Duration, Instant};

use crate::support::login::try_hello;
use crate::support::operator::{
    JSON, ask, ctl, exchange, of, post, refused, told, wait_for_total, wait_until,
};
use crate::support::{PATIENCE, Peer, Process, ScratchFile, Server, Stream};
use tinyrealm_core::protocol::main_to_client::Announced;
use tinyrealm_core::protocol::{ANNOUNCEMENT_MAX_BYTES, ErrorCode};

const TOKEN: &str = "7f2a90c3d1e84b56";

/// A Main with a world and a folder of its own.
fn realm(name: &str) -> (ScratchFile, Server, Server) {
    let folder = ScratchFile::new(name);
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    let world = Server::world(4, main.address, &[]);
    world.wait_until_registered(1);
    (folder, main, world)
}

/// A guest in a room: its connections to Main and to the world, and its uid.
fn guest(main: &Server) -> (Peer, Peer, u64) {
    let mut peer = Peer::connect(main.address);
    let uid = peer.hello(None).uid;
    let (room, ..) = peer.enter("").join(uid);
    (peer, room, uid.0)
}

#[test]
fn a_server_is_listed_and_who_is_kicked_is_out_of_main_and_of_its_world() {
    let (folder, main, world) = realm("ctl-kick");
    let at = of(&main);
    let (mut peer, mut room, uid) = guest(&main);
    wait_for_total(at, "users?q=&page=1", 1);
    let deadline = Instant::now() + PATIENCE;
    while !told(at, &["status"])[1].ends_with("users 1") {
        assert!(Instant::now() < deadline);
    }
    assert!(told(at, &["status"])[0].starts_with("main "));
    let users = told(at, &["users", &uid.to_string()]);
    assert!(users[1].starts_with(&uid.to_string()) && users[1].contains("127.0.0.1"), "{users:?}");
    assert_eq!(users[2], "page 1 of 1, 1 in all");
    let worlds = told(at, &["worlds"]);
    assert!(worlds[1].starts_with("4 ") && worlds[2] == "page 1 of 1, 1 in all", "{worlds:?}");
    assert_eq!(told(at, &["channels"])[1], "page 1 of 1, 0 in all");
    let in_world = told(of(&world), &["users"]);
    assert!(in_world[1].contains("inside"), "{in_world:?}");
    assert_eq!(told(of(&world), &["rooms"]).len(), 3);

    told(at, &["kick", &uid.to_string(), "--reason", "too loud"]);
    peer.expect_bye(ErrorCode::REMOVED);
    room.expect_bye(ErrorCode::REMOVED);
    wait_for_total(at, "users", 0);
    assert!(refused(at, &["kick", &uid.to_string()]).contains("no such user"));
    assert!(refused(at, &["kick", "nobody"]).contains("nobody here is called \"nobody\""));

    let (_peer, mut room, uid) = guest(&main);
    told(of(&world), &["kick", &uid.to_string(), "--reason", "too loud"]);
    room.expect_bye(ErrorCode::REMOVED);

    let audit = std::fs::read_to_string(format!("{}/audit.log", folder.path())).unwrap();
    let lines: Vec<serde_json::Value> =
        audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{audit}");
    assert_eq!((&lines[0]["by"], &lines[0]["from"]), (&"loopback".into(), &"127.0.0.1".into()));
    assert_eq!((&lines[0]["what"], &lines[0]["outcome"]), (&"kick".into(), &"done".into()));
    assert_eq!(lines[0]["about"]["reason"], "too loud");
    assert!(lines[1]["outcome"].as_str().unwrap().contains("no such user"));
}

#[test]
fn what_is_said_is_heard_by_everybody_at_this_main() {
    let (folder, main, world) = realm("ctl-say");
    let at = of(&main);
    assert_eq!(told(at, &["say", "nobody", "hears"]), ["said to 0 users"]);
    let (mut first, _room, _) = guest(&main);
    let (mut second, _other_room, _) = guest(&main);
    let longest = "é".repeat(ANNOUNCEMENT_MAX_BYTES / 2);
    for text in ["closing at ten", &longest] {
        assert_eq!(told(at, &["say", text]), ["said to 2 users"]);
        for peer in [&mut first, &mut second] {
            assert_eq!(peer.expect::<Announced<'_>>().text.as_str(), text);
        }
    }
    let too_long = format!("{longest}!");
    for wrong in ["", "  ", "two\nlines", "\u{1b}[2J", &too_long] {
        assert!(refused(at, &["say", wrong]).contains("one line of 1 to 256 bytes"), "{wrong:?}");
    }
    assert!(refused(of(&world), &["say", "hello"]).contains("ask another one"));
    let audit = std::fs::read_to_string(format!("{}/audit.log", folder.path())).unwrap();
    assert!(audit.contains("\"text\":\"closing at ten\""), "{audit}");
}

#[test]
fn a_ban_has_a_reason_and_an_end_and_is_taken_back() {
    let (_folder, main, world) = realm("ctl-ban");
    let at = of(&main);
    let (mut peer, mut room, uid) = guest(&main);
    let said = told(at, &["ban", &uid.to_string(), "--for", "1h", "--reason", "cheats"]);
    assert!(said[0].starts_with(&format!("uid {uid} is banned until ")), "{said:?}");
    peer.expect_bye(ErrorCode::BANNED);
    room.expect_bye(ErrorCode::BANNED);
    let bans = told(at, &["bans", "cheat"]);
    assert!(bans[1].starts_with(&uid.to_string()) && bans[1].ends_with("cheats"), "{bans:?}");
    told(at, &["unban", &uid.to_string()]);
    assert!(refused(at, &["unban", &uid.to_string()]).contains("is not banned"));
    told(at, &["ban", "192.0.2.7"]);
    assert!(told(at, &["bans"])[1].contains("192.0.2.7"));
    assert!(refused(of(&world), &["bans"]).contains("Main and Login"));
    assert!(refused(at, &["ban", "7", "--reason", "two\nlines"]).contains("one line"));
}

#[test]
fn a_world_that_drains_takes_nobody_new_and_ends_behind_the_last() {
    let (_folder, main, world) = realm("ctl-drain");
    let (peer, room, _) = guest(&main);
    wait_for_total(of(&world), "users", 1);
    let other = Server::world(5, main.address, &[]);
    other.wait_until_registered(1);
    assert!(told(of(&world), &["drain"])[0].contains("when nobody is left"));
    wait_until(of(&world), "/readyz", (503, "draining\n"));
    assert_eq!(ask(of(&world), "/healthz", None).0, 200);
    let newcomers: Vec<_> = (0..3).map(|_| guest(&main)).collect();
    wait_for_total(of(&other), "users", 3);
    wait_for_total(of(&world), "users", 1);
    drop((room, peer));
    world.process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    world.process.wait_until_said(Stream::Stdout, "report", 1);
    assert_eq!(newcomers.len(), 3);
}

/// Two worlds of one Main.
fn two_worlds(name: &str) -> (ScratchFile, Server, [Server; 2]) {
    let (folder, main, world) = realm(name);
    let other = Server::world(5, main.address, &[]);
    other.wait_until_registered(1);
    (folder, main, [world, other])
}

/// How many of a few newcomers each world has got.
fn newcomers(main: &Server, worlds: &[Server; 2]) -> [u64; 2] {
    let before = worlds.each_ref().map(users_of);
    let guests: Vec<_> = (0..4).map(|_| guest(main)).collect();
    let after = worlds.each_ref().map(users_of);
    drop(guests);
    for (world, count) in worlds.iter().zip(before) {
        wait_for_total(of(world), "users", count);
    }
    [after[0] - before[0], after[1] - before[1]]
}

fn users_of(world: &Server) -> u64 {
    let page = ask(of(world), "/api/users", None).1;
    serde_json::from_str::<serde_json::Value>(&page).unwrap()["total"].as_u64().unwrap()
}

#[test]
fn main_has_a_world_drain_and_take_newcomers_again() {
    let (_folder, main, worlds) = two_worlds("ctl-drain-by-main");
    let at = of(&main);
    let guests: Vec<_> = (0..4).map(|_| guest(&main)).collect();
    assert!(users_of(&worlds[0]) > 0);
    assert!(told(at, &["drain", "world", "4"])[0].contains("world 4 is draining"));
    wait_until(of(&worlds[0]), "/readyz", (503, "world 4 is draining\n"));
    wait_until(at, "/readyz", (200, "ok\n"));
    assert!(told(at, &["worlds"])[1].contains("draining"));
    assert_eq!(newcomers(&main, &worlds), [0, 4]);
    assert!(told(at, &["undrain", "world", "4"])[0].contains("takes newcomers again"));
    wait_until(of(&worlds[0]), "/readyz", (200, "ok\n"));
    assert!(newcomers(&main, &worlds)[0] > 0);
    assert!(refused(at, &["drain", "world", "9"]).contains("no such world"));
    let elsewhere = refused(of(&worlds[0]), &["drain", "world", "4"]);
    assert!(elsewhere.contains("ask another one"), "{elsewhere}");
    // At its own listener it is taken back as well, whoever has said it.
    told(at, &["drain", "world", "4", "--within", "10m"]);
    told(of(&worlds[0]), &["undrain"]);
    wait_until(of(&worlds[0]), "/readyz", (200, "ok\n"));
    assert!(newcomers(&main, &worlds)[0] > 0);
    drop(guests);
}

#[test]
fn a_world_that_main_has_drain_ends_behind_the_last_or_at_its_deadline() {
    let (_folder, main, [world, other]) = two_worlds("ctl-drain-ends");
    let at = of(&main);
    told(at, &["drain", "world", "4"]);
    world.process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    world.process.wait_until_said(Stream::Stdout, "report", 1);
    let (mut peer, mut room, _) = guest(&main);
    let since = Instant::now();
    told(at, &["drain", "world", "5", "--within", "2s"]);
    room.expect_bye(ErrorCode::SHUTTING_DOWN);
    assert!(since.elapsed() >= Duration::from_secs(2), "{:?}", since.elapsed());
    other.process.wait_until_said(Stream::Stderr, "the time is over", 1);
    other.process.wait_until_said(Stream::Stdout, "report", 1);
    peer.expect_served();
}

/// It has no memory of it: the world has.
#[test]
fn a_world_that_drains_goes_on_draining_for_a_main_that_is_started_anew() {
    let (folder, main, world) = realm("ctl-drain-restart");
    let (peer, room, _) = guest(&main);
    told(of(&main), &["drain", "world", "4"]);
    let address = main.address;
    drop(main);
    let main = Server::main_at(address, &[&format!("main.data_folder={}", folder.path())]);
    world.wait_until_registered(2);
    let deadline = Instant::now() + PATIENCE;
    while !told(of(&main), &["worlds"])[1].contains("draining") {
        assert!(Instant::now() < deadline);
    }
    drop((peer, room));
}

#[test]
fn a_main_and_a_chat_server_take_back_that_they_drain() {
    let (_folder, main, world) = realm("ctl-undrain");
    let chat = Server::chat(&[]);
    let at = of(&main);
    let (mut peer, _room, _) = guest(&main);
    for server in [&main, &world, &chat] {
        told(of(server), &["drain", "--within", "10m"]);
        wait_until(of(server), "/readyz", (503, "draining\n"));
        assert_eq!(told(of(server), &["undrain"]), ["newcomers are taken again"]);
        wait_until(of(server), "/readyz", (200, "ok\n"));
    }
    let newcomer = guest(&main);
    peer.expect_served();
    told(at, &["undrain"]);
    drop(newcomer);
}

#[test]
fn a_main_that_drains_sends_newcomers_away_and_ends_at_its_deadline() {
    let (_folder, main, _world) = realm("ctl-drain-main");
    let at = of(&main);
    let (mut peer, _room, _) = guest(&main);
    let since = Instant::now();
    told(at, &["drain", "--within", "2s"]);
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::SHUTTING_DOWN));
    peer.expect_served();
    assert!(ask(at, "/api/server", None).1.contains("\"draining\":true"));
    peer.expect_bye(ErrorCode::SHUTTING_DOWN);
    assert!(since.elapsed() >= Duration::from_secs(2), "{:?}", since.elapsed());
    main.process.wait_until_said(Stream::Stderr, "drained: the time is over", 1);
}

#[test]
fn the_log_s_level_is_another_at_once() {
    let main = Server::main(&[]);
    let at = of(&main);
    assert_eq!(told(at, &["log", "debug"]), ["log level debug, before info"]);
    assert_eq!(told(at, &["log", "warn"]), ["log level warn, before debug"]);
    assert!(refused(at, &["log", "loud"]).contains("expected one of error, warn"));
}

#[test]
fn pages_end_where_they_end() {
    let main = Server::main(&[]);
    let at = of(&main);
    let peers: Vec<(Peer, u64)> = (0..51)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(25));
            let mut peer = Peer::connect(main.address);
            let uid = peer.hello(None).uid.0;
            (peer, uid)
        })
        .collect();
    wait_for_total(at, "users", 51);
    let lines = |page: u32| {
        let page: serde_json::Value =
            serde_json::from_str(&ask(at, &format!("/api/users?page={page}"), None).1).unwrap();
        let uids =
            page["lines"].as_array().unwrap().iter().map(|line| line["uid"].as_u64().unwrap());
        (uids.collect::<Vec<_>>(), page["pages"].as_u64().unwrap())
    };
    let (first, second) = (lines(1), lines(2));
    assert_eq!((first.0.len(), first.1, second.0.len()), (50, 2, 1));
    let mut all = [first.0, second.0].concat();
    let mut expected: Vec<u64> = peers.iter().map(|(_, uid)| *uid).collect();
    all.sort_unstable();
    expected.sort_unstable();
    assert_eq!(all, expected);
    assert_eq!(lines(3), (Vec::new(), 2));
    for bad in ["page=0", "page=x", "page=18446744073709551616", "q=%ff", "order=uid"] {
        assert_eq!(ask(at, &format!("/api/users?{bad}"), None).0, 400, "{bad}");
    }
}

/// What a page of another site could send, what is too much, and what is no request at all.
#[test]
fn hostile_input_is_refused_and_changes_nothing() {
    let main = Server::main(&[]);
    let at = of(&main);
    let level = "{\"level\":\"debug\"}";
    let other = |fields: &str| post(at, "log", &format!("{JSON}{fields}"), level).0;
    assert_eq!(other("Origin: https://evil.example\r\n"), 403);
    assert_eq!(other("Origin: null\r\n"), 403);
    let rebound = format!(
        "POST /api/log HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n{JSON}Content-Length: 17\r\n\r\n{level}"
    );
    assert_eq!(exchange(at, rebound.as_bytes()).0, 421);
    for kind in
        ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"]
    {
        assert_eq!(post(at, "log", kind, level).0, 415, "{kind}");
    }
    let deep = "[".repeat(4_000);
    for bad in
        ["", "{", "[]", "null", "{\"level\":7}", "{\"level\":\"debug\",\"x\":1}", "\u{0}", &deep]
    {
        let (status, text) = post(at, "log", JSON, bad);
        assert!(status == 400 && text.contains("error"), "{bad:?}: {status} {text}");
    }
    assert_eq!(post(at, "log", JSON, &" ".repeat(4_097)).0, 413);
    assert_eq!(post(at, "log", JSON, &" ".repeat(4_096)).0, 400);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let request =
            format!("{method} /api/log HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(exchange(at, request.as_bytes()).0, 405, "{method}");
    }
    assert_eq!(post(at, "users", JSON, "{}").0, 405);
    assert_eq!(ask(at, "/api/", None).0, 404);
    let head = format!(
        "GET /api/server HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    assert_ne!(exchange(at, head.as_bytes()).0, 200);
    for both in ["{\"uid\":7,\"user\":\"x\"}", "{}", "{\"uid\":-1}", "{\"uid\":\"7\"}"] {
        assert_eq!(post(at, "kick", JSON, both).0, 400, "{both}");
    }
    assert_eq!(post(at, "ban", JSON, "{\"uid\":7,\"seconds\":0}").0, 400);
    assert_eq!(told(at, &["log", "info"]), ["log level info, before info"]);
}

#[test]
fn whoever_lacks_the_token_learns_and_changes_nothing_and_is_noted() {
    let file = ScratchFile::with("ctl-token", &format!("{TOKEN}\n"));
    let wrong = ScratchFile::with("ctl-wrong-token", "7f2a90c3d1e84b57\n");
    let main = Server::main(&[&format!("admin.token_file={}", file.path())]);
    let at = of(&main);
    for path in ["/api/server", "/api/users", "/api/nothing"] {
        assert_eq!(ask(at, path, None).0, 401, "{path}");
        assert_eq!(ask(at, path, Some("7f2a90c3d1e84b57")).0, 401, "{path}");
    }
    assert_eq!(post(at, "log", JSON, "{\"level\":\"error\"}").0, 401);
    assert!(refused(at, &["status"]).contains("--token-file"));
    assert!(refused(at, &["status", "--token-file", wrong.path()]).contains("another token"));
    main.process.wait_until_said(Stream::Stderr, "without the token from 127.0.0.1", 1);
    let said = told(at, &["log", "info", "--token-file", file.path()]);
    assert_eq!(said, ["log level info, before info"]);
    assert_eq!(ask(at, "/api/server", Some(TOKEN)).0, 200);
    assert!(!main.process.has_said(Stream::Stderr, TOKEN));
}

#[test]
fn a_mistake_of_the_operator_s_is_one_line_that_says_what_to_do() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    assert!(refused(free, &["status"]).contains("is the server running?"));
    let main = Server::main(&[]);
    assert!(refused(main.address, &["status"]).contains("no operator's listener"));
    let bad = Process::start(&["ctl", "--admin", "ftp://a:1", "status"]).finish(PATIENCE);
    bad.expect_code(2);
    ctl(of(&main), &["ban"]).expect_code(2);
    assert!(told(of(&main), &["status", "--json"])[0].starts_with('{'));
}

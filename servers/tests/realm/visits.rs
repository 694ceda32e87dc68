//! What the logs say of a visit: one id finds all of it, at Main and at its world.

use std::time::Instant;

use serde_json::Value;
use tinyrealm_core::protocol::{ErrorCode, HandshakeKey, JoinDenial, Uid};

use crate::support::{PATIENCE, Peer, Process, Server, Signal, Stream, User};

const JSON: &str = "log.format=json";

/// The first line of a log with this message, about this user.
fn line(process: &Process, message: &str, uid: Uid) -> Value {
    process.wait_for(Stream::Stderr, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_it = line["user"] == uid.0 && line["message"].as_str()?.starts_with(message);
        is_it.then_some(line)
    })
}

fn visit(process: &Process, message: &str, uid: Uid) -> String {
    line(process, message, uid)["visit"].as_str().expect("a visit").to_owned()
}

/// What `grep` finds of a visit in the log of a server that ends.
fn lines_of(server: Server, visit: &str) -> Vec<Value> {
    server.process.signal(Signal::Terminate);
    let finished = server.process.finish(PATIENCE);
    let lines = finished.expect_code(0).lines(Stream::Stderr).into_iter();
    let lines = lines.filter(|line| line.contains(visit));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn expect_course(lines: &[Value], uid: Uid, visit: &str, course: &[&str]) {
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, course);
    for line in lines {
        assert_eq!((&line["visit"], &line["user"]), (&visit.into(), &uid.0.into()), "{line}");
    }
}

#[test]
fn one_id_finds_a_whole_visit_at_main_and_at_its_world() {
    let main = Server::main(&[JSON]);
    let world = Server::world(1, main.address, &[JSON]);
    world.wait_until_registered(1);
    let mut user = User::enter(main.address, "");
    let other = User::enter(main.address, "");
    user.world.expect_served();
    let (uid, others) = (user.uid, other.uid);
    drop((user, other));
    let (id, its) = (visit(&main.process, "hello", uid), visit(&main.process, "hello", others));
    assert_ne!(id, its, "two visits of one id");
    line(&main.process, "connection ended: LOST", uid);
    line(&world.process, "has left", uid);
    line(&main.process, "has left world 1", uid);

    let at_main = lines_of(main, &id);
    let course = [
        "hello of \"\"",
        "asks for region \"\", room \"\", mode \"\"",
        "is announced to world 1",
        "has a ticket for world 1",
        "is in world 1",
    ];
    expect_course(&at_main[..course.len()], uid, &id, &course);
    assert!(at_main[..4].iter().all(|line| line["from"] == "127.0.0.1"), "{at_main:?}");
    let at_world = lines_of(world, &id);
    expect_course(&at_world[..2], uid, &id, &["is expected", "has joined room 0"]);
    assert_eq!(at_world[1]["from"], "127.0.0.1");
    assert!(at_world.iter().chain(&at_main).all(|line| line["user"] == uid.0));
}

/// A user who says hello again makes another visit, and the former one says why it has ended.
#[test]
fn who_is_replaced_has_two_visits() {
    let main = Server::main(&[JSON]);
    let world = Server::world(1, main.address, &[JSON]);
    world.wait_until_registered(1);
    let mut first = User::enter(main.address, "");
    let mut second = Peer::connect(main.address);
    assert_eq!(second.hello(Some(first.token)).uid, first.uid);
    first.main.expect_bye(ErrorCode::REPLACED);
    let (mut place, ..) = second.enter("").join(first.uid);
    first.world.expect_bye(ErrorCode::REPLACED);
    place.expect_served();
    let former = visit(&main.process, "replaced by another connection", first.uid);
    assert_eq!(former, visit(&main.process, "hello", first.uid));
    main.process.wait_until_said(Stream::Stderr, "\"message\":\"hello of ", 2);
    let at_main = lines_of(main, &former);
    assert_eq!(at_main.last().unwrap()["message"], "replaced by another connection");
    let at_world = lines_of(world, &former);
    let messages = at_world.iter().map(|line| line["message"].as_str().unwrap());
    assert_eq!(messages.collect::<Vec<_>>()[..2], ["is expected", "has joined room 0"]);
}

/// In a log for people as well. Of who is refused a few lines are written, however often that is.
#[test]
fn strangers_who_are_refused_do_not_fill_a_log() {
    const TRIES: usize = 60;
    let main = Server::main(&[]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let began = Instant::now();
    for _ in 0..TRIES {
        let denial = Peer::connect(world.address).join_in_vain(Uid(7), HandshakeKey([7; 32]));
        assert_eq!(denial, JoinDenial::NOT_ATTACHED);
    }
    let most = 17 + began.elapsed().as_secs() as usize;
    let user = User::enter(main.address, "");
    main.process.wait_until_said(Stream::Stderr, "is in world 1 visit=", 1);
    drop(user);
    world.process.signal(Signal::Terminate);
    let finished = world.process.finish(PATIENCE);
    let lines = finished.expect_code(0).lines(Stream::Stderr);
    let refused = lines.iter().filter(|line| line.contains("does not join: NOT_ATTACHED user=7"));
    let refused = refused.count();
    assert!((16..=most).contains(&refused) && most < TRIES, "{refused} of {TRIES}: {lines:#?}");
}

//! Mains that are announced: each knows all that are alive, and so do worlds and clients that were told of one.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::ErrorCode;

use crate::parts::Directory;
use crate::support::operator;
use crate::support::process::binary;
use crate::support::whole_realm::ROOM_FAULTS;
use crate::support::{Bots, PATIENCE, Server, Stream, User};

/// Within which a Main that has come, or has said that it goes, is known to the others.
pub(crate) const KNOWN_WITHIN: Duration = Duration::from_secs(2);
/// The same of one that has ended without a word: it has said nothing in five looks, and looks are a second apart.
const LEASE: Duration = Duration::from_secs(5);
const BOTS: u64 = 100;
/// Within which the clients of a Main that was killed are back by another one.
const BACK_WITHIN: Duration = Duration::from_secs(2);

#[track_caller]
pub(crate) fn start(directory: &Directory) -> Server {
    let settings = directory.settings();
    let main = Server::main(&settings.iter().map(String::as_str).collect::<Vec<_>>());
    main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
    main
}

/// How long it takes until each of them knows so many.
#[track_caller]
pub(crate) fn wait_until_known(mains: &[Server], count: usize, within: Duration) -> Duration {
    let started = Instant::now();
    loop {
        let known: Vec<u64> = mains.iter().map(|main| main.report().count("mains")).collect();
        if known.iter().all(|known| *known == count as u64) {
            return started.elapsed();
        }
        assert!(started.elapsed() < within, "{known:?} Mains are known instead of {count}");
        sleep(Duration::from_millis(10));
    }
}

/// What an operator is shown may be a moment old.
#[track_caller]
fn wait_until_shown(admin: SocketAddr, path: &str, text: &str) {
    let started = Instant::now();
    loop {
        let (_, answer) = operator::ask(admin, path, None);
        if answer.contains(text) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{path}: {answer}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_main_knows_those_that_are_alive() {
    let mut directory = Directory::start("announced", 1);
    let mut mains: Vec<Server> = (0..3).map(|_| start(&directory)).collect();
    let known = wait_until_known(&mains, 3, KNOWN_WITHIN);
    println!("three Mains knew each other behind {} ms", known.as_millis());
    let admin = operator::of(&mains[0]);
    wait_until_shown(admin, "/api/server", &format!("\"for_servers\":\"{}\"", mains[2].address));
    wait_until_shown(admin, "/metrics", "tinyrealm_main_mains{server=\"main\"} 3");
    mains.pop().unwrap().process.kill();
    // Nobody who is silent for less than its lease is taken for dead.
    sleep(LEASE - Duration::from_secs(2));
    wait_until_known(&mains, 3, Duration::from_millis(200));
    let gone = wait_until_known(&mains, 2, LEASE) + LEASE - Duration::from_secs(2);
    println!("one that was killed was gone behind {} ms", gone.as_millis());
    mains.push(start(&directory));
    wait_until_known(&mains, 3, KNOWN_WITHIN);
    mains.pop().unwrap().stop();
    let gone = wait_until_known(&mains, 2, KNOWN_WITHIN);
    println!("one that has said so was gone behind {} ms", gone.as_millis());
    // While NATS is away nobody is lost; and when it is back with nothing in it, all say again that they are there.
    directory.nats.kill(0);
    sleep(LEASE + Duration::from_secs(2));
    wait_until_known(&mains, 2, Duration::from_millis(200));
    std::fs::remove_dir_all(directory.nats.folder(0)).unwrap();
    directory.nats.start_again(0).unwrap();
    sleep(Duration::from_secs(3));
    wait_until_known(&mains, 2, KNOWN_WITHIN);
}

/// Words of strangers in the bucket: nobody goes there, and nobody is kept from anybody.
#[test]
fn what_is_no_announcement_is_passed_over() {
    let directory = Directory::start("strange", 1);
    let mains = [start(&directory), start(&directory)];
    for (number, text) in ["", "nonsense", "a:1 tls://b:1", "a:1 b:99999"].iter().enumerate() {
        let key = format!("$KV.tinyrealm.main.{number:016x}");
        directory.nats.publish(0, &key, text).unwrap();
    }
    directory.nats.publish(0, "$KV.tinyrealm.main.nobody", "a:1 b:1").unwrap();
    wait_until_known(&mains, 2, KNOWN_WITHIN);
    sleep(Duration::from_secs(2));
    wait_until_known(&mains, 2, KNOWN_WITHIN);
}

#[test]
fn bots_and_worlds_that_know_one_main_outlive_it() {
    let directory = Directory::start("outlive", 1);
    let mut mains = vec![start(&directory), start(&directory)];
    wait_until_known(&mains, 2, KNOWN_WITHIN);
    let only = mains[0].address;
    let world = Server::world(1, only, &["world.rooms=10", "world.room_capacity=20"]);
    let seats = ["world.rooms=1", "world.game=coin-rush", "world.region=seats"];
    let seats = Server::world(2, only, &seats);
    [&world, &seats].iter().for_each(|world| world.wait_until_registered(2));
    let count = BOTS.to_string();
    let plan = ["--count", &count, "--region", "home", "--hz", "2", "--seconds", "600"];
    let plan = [&plan[..], &["--through-restarts"]].concat();
    let bots = Bots::start_with_mains(binary(), &[only], &plan);
    world.wait_until_reported(&[("users", BOTS)]);
    // Somebody whose connection to its world ends together with its Main.
    let player = User::enter(only, "seats");
    mains[0].wait_until_reported(&[("users", BOTS + 1)]);
    let other = mains.pop().unwrap();
    mains.remove(0).process.kill();
    let killed = Instant::now();
    while other.report().count("hellos") < BOTS {
        assert!(killed.elapsed() < PATIENCE, "{} are back", other.report().count("hellos"));
        sleep(Duration::from_millis(10));
    }
    let back = killed.elapsed();
    println!(
        "{BOTS} bots that were told of one Main were all at the other behind {} ms",
        back.as_millis()
    );
    assert!(back < BACK_WITHIN, "{back:?}");
    // The world, which was told of the same one, serves the users of the other: who comes anew, and who comes back.
    let (token, number) = (player.token, player.number);
    drop(player);
    seats.wait_until_reported(&[("away", 1)]);
    let again = User::enter_with(other.address, Some(token), "seats");
    assert_eq!(again.number, number, "its seat was kept");
    let newcomer = User::enter(other.address, "home");
    world.wait_until_reported(&[("users", BOTS + 1), ("joined", BOTS + 1), ("left", 0)]);
    drop((again, newcomer));
    bots.stop();
    let outcome = bots.outcome();
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
    outcome.report.expect(&ROOM_FAULTS.map(|fault| (fault, 0)));
    outcome.report.expect(&[("joined", BOTS), ("present", BOTS), ("outages.main.times", BOTS)]);
    println!(
        "the longest was without one for {} ms",
        outcome.report.milliseconds("outages.main.longest_ms")
    );
}

/// A Main that is started again elsewhere, as machines are: its world, which only another Main tells of it, finds it.
#[test]
fn a_world_follows_mains_that_come_and_go() {
    let directory = Directory::start("follow", 1);
    let mut mains = vec![start(&directory), start(&directory)];
    wait_until_known(&mains, 2, KNOWN_WITHIN);
    let world = Server::world(1, mains[0].address, &["world.rooms=1"]);
    world.wait_until_registered(2);
    let gone: SocketAddr = mains[1].address;
    mains.pop().unwrap().process.kill();
    world.process.wait_until_said(
        Stream::Stderr,
        &format!("Main at {gone} is announced no more"),
        1,
    );
    mains.push(start(&directory));
    world.wait_until_registered(3);
    let user = User::enter(mains[1].address, "");
    drop(user);
    // Nobody is there by two links: each Main has one world, and no other link was ended for it.
    assert!(!world.process.has_said(Stream::Stderr, ErrorCode::REPLACED.name()));
    mains.iter().for_each(|main| main.wait_until_reported(&[("worlds", 1)]));
}

//! The load tool against real servers: what bots send is what they hear, and what the world counts;
//! and where something does go wrong between them, the tool says so.

use std::sync::{Mutex, PoisonError};

use crate::support::{BotOutcome, Bots, Fault, PATIENCE, Process, Proxy, Realm, Report, Stream};
use tinyrealm_core::protocol::world_to_client::MoveBroadcast;

/// Loads take turns: a thousand bots have both processors at work, and what they say may take five seconds.
static TURN: Mutex<()> = Mutex::new(());

/// What bots are to do.
struct Load {
    rooms: u64,
    members: u64,
    /// How many of all bots are WebSockets.
    web_sockets: u64,
    hz: &'static str,
    seconds: &'static str,
    sends_events: bool,
    settings: &'static [&'static str],
}

impl Load {
    const ONE_ROOM: Self = Self {
        rooms: 1,
        members: 100,
        web_sockets: 0,
        hz: "10",
        seconds: "10",
        sends_events: false,
        settings: &[],
    };
    const FIFTY_ROOMS: Self = Self { rooms: 50, members: 20, ..Self::ONE_ROOM };

    const fn bots(&self) -> u64 {
        self.rooms * self.members
    }

    /// Sends the bots into a realm of their own, and answers what they and the world have to say.
    fn run(&self) -> (BotOutcome, Report) {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let rooms = format!("world.rooms={}", self.rooms);
        let members = format!("world.room_capacity={}", self.members);
        let realm = Realm::start(&[&[&rooms, members.as_str()], self.settings].concat());
        let count = self.bots().to_string();
        let web_sockets = self.web_sockets.to_string();
        let mut arguments = vec!["--count", &count, "--hz", self.hz, "--seconds", self.seconds];
        if self.web_sockets > 0 {
            arguments.extend(["--ws", &web_sockets]);
        }
        arguments.extend(self.sends_events.then_some("--events"));
        let outcome = Bots::start(realm.main.address, &arguments).outcome();
        let (main, mut worlds) = realm.stop();
        let world = worlds.remove(0);
        for report in [&main, &world] {
            report.expect(&[("net.web_sockets", self.web_sockets), ("net.handshakes_refused", 0)]);
        }
        outcome.report.expect(&[("web_sockets", self.web_sockets)]);
        (outcome, world)
    }

    /// Nothing is lost, and both sides have counted the same.
    fn expect_clean(&self) -> (BotOutcome, Report) {
        let (outcome, world) = self.run();
        outcome.expect_clean(self.bots());
        let sent = outcome.report.count("sent");
        let asked: u64 = self.bots() * self.hz.parse::<u64>().unwrap();
        let asked = asked * self.seconds.parse::<u64>().unwrap();
        assert!(sent >= asked, "{sent} of {asked} sent");
        let (moves, events) = if self.sends_events { (0, sent) } else { (sent, 0) };
        world.expect(&[("joined", self.bots()), ("left", self.bots())]);
        world.expect(&[("moves", moves), ("events", events), ("events_missed", 0)]);
        world.expect(&[("moves_refused", 0), ("net.violations", 0), ("net.overflows", 0)]);
        world.expect(&[("net.silent", 0), ("net.unknown_opcodes", 0), ("net.buffers_in_use", 0)]);
        // A move that a newer one has replaced is missing at everyone but its sender.
        let conflated = world.count("moves_conflated") * (self.members - 1);
        outcome.report.expect(&[("conflated", conflated)]);
        (outcome, world)
    }
}

#[test]
fn a_hundred_in_one_room_move() {
    Load::ONE_ROOM.expect_clean();
}

#[test]
fn a_hundred_in_one_room_talk() {
    Load { sends_events: true, ..Load::ONE_ROOM }.expect_clean();
}

#[test]
fn a_thousand_in_fifty_rooms_move() {
    Load::FIFTY_ROOMS.expect_clean();
}

#[test]
fn a_thousand_in_fifty_rooms_talk() {
    Load { sends_events: true, ..Load::FIFTY_ROOMS }.expect_clean();
}

/// Every second one in each room is a WebSocket.
#[test]
fn both_kinds_in_fifty_rooms_move() {
    Load { web_sockets: 500, seconds: "5", ..Load::FIFTY_ROOMS }.expect_clean();
}

#[test]
fn both_kinds_in_one_room_talk() {
    Load { web_sockets: 50, seconds: "5", sends_events: true, ..Load::ONE_ROOM }.expect_clean();
}

/// Without a number all of them are, and more than there are can't be.
#[test]
fn all_may_be_web_sockets() {
    let realm = Realm::start(&[]);
    let plan = ["--count", "7", "--seconds", "1", "--ws"];
    let outcome = Bots::start(realm.main.address, &plan).outcome();
    outcome.expect_clean(7);
    outcome.report.expect(&[("web_sockets", 7)]);
    let (main, worlds) = realm.stop();
    main.expect(&[("net.web_sockets", 7)]);
    worlds[0].expect(&[("net.web_sockets", 7)]);

    let finished = Process::start(&["bots", "--count", "7", "--ws", "8"]).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains("--ws 8 is more than the 7 bots")), "{lines:?}");
}

#[test]
fn moves_that_replace_each_other_are_counted_alike_on_both_sides() {
    let settings = &["world.flush_interval_ms=250"];
    let load = Load { members: 10, hz: "20", seconds: "3", settings, ..Load::ONE_ROOM };
    let (outcome, world) = load.expect_clean();
    let conflated = world.count("moves_conflated");
    assert!(conflated * 2 > world.count("moves"), "five moves a flush, {conflated} replaced");
    assert!(outcome.report.count("conflated") > 0);
}

/// Four bots whose world is behind a proxy that spoils one frame.
fn run_through(fault: Fault, kind: &[&str]) -> Report {
    let proxy = Proxy::start(fault);
    let mut realm = Realm::without_worlds(&[]);
    let advertised = format!("world.advertise={}", proxy.address);
    proxy.lead_to(realm.add_world(1, &[&advertised]).address);
    let plan = ["--count", "4", "--hz", "10", "--seconds", "2"];
    let outcome = Bots::start(realm.main.address, &[&plan, kind].concat()).outcome();
    assert_eq!(proxy.has_spoiled(), fault != Fault::None, "the proxy has done its part");
    let expected = if fault == Fault::None { Some(0) } else { Some(1) };
    assert_eq!(outcome.code, expected, "{:?}", outcome.report);
    outcome.report.expect(&[("joined", 4), ("disconnects", 0), ("wrong_room", 0), ("unknown", 0)]);
    outcome.report
}

const KINDS: [&[&str]; 2] = [&[], &["--events"]];

#[test]
fn a_proxy_that_spoils_nothing_changes_nothing() {
    for kind in KINDS {
        run_through(Fault::None, kind).expect(&[("lost", 0), ("duplicated", 0), ("disordered", 0)]);
    }
}

#[test]
fn a_lost_broadcast_is_found() {
    for kind in KINDS {
        run_through(Fault::Lost, kind).expect(&[("lost", 1), ("duplicated", 0)]);
    }
}

#[test]
fn a_duplicated_broadcast_is_found() {
    for kind in KINDS {
        let report = run_through(Fault::Duplicated, kind);
        report.expect(&[("duplicated", 1), ("lost", 0), ("disordered", 0)]);
    }
}

#[test]
fn broadcasts_out_of_order_are_found() {
    for kind in KINDS {
        let report = run_through(Fault::Swapped, kind);
        report.expect(&[("lost", 0), ("duplicated", 0)]);
        assert!(report.count("disordered") > 0, "{report:?}");
    }
}

#[test]
fn a_world_that_is_killed_is_found() {
    let mut realm = Realm::start(&[]);
    let mut witness = realm.user();
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "2"]);
    witness.world.find::<MoveBroadcast>();
    realm.worlds.remove(0).process.kill();
    witness.world.expect_lost();
    let outcome = bots.outcome();
    assert_eq!(outcome.code, Some(1), "{:?}", outcome.report);
    outcome.report.expect(&[("joined", 20), ("disconnects", 20)]);
    realm.stop();
}

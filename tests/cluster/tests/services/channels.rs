//! Channels that several chat servers share: what becomes of them when one of those is killed, hangs, goes and comes back.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::parts::Directory;
use crate::support::operator::{self, told};
use crate::support::process::binary;
use crate::support::whole_realm::ROOM_FAULTS;
use crate::support::{Bots, PATIENCE, Server, Signal, Stream};

const BOTS: u64 = 100;
const CHANNELS: &str = "20";
/// Within which a dead server's channels are another one's.
const MOVED_WITHIN: Duration = Duration::from_secs(5);
/// The same of one that has said that it goes.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(3);
/// How long one does nothing.
const HANG: Duration = Duration::from_secs(20);

/// Two Mains that share the channels among two chat servers, and a world.
struct Realm {
    /// Ends last.
    directory: Directory,
    chats: Vec<Server>,
    mains: Vec<Server>,
    world: Server,
}

impl Realm {
    #[track_caller]
    fn start(name: &str) -> Self {
        let directory = Directory::start(name, 1);
        let own = directory.settings();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let chats: Vec<Server> = (0..2).map(|_| Server::chat(&own)).collect();
        let announced = [&own[..], &["main.chat=announced"]].concat();
        let mains: Vec<Server> = (0..2).map(|_| Server::main(&announced)).collect();
        for main in &mains {
            main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
        }
        let addresses: Vec<_> = mains.iter().map(|main| main.address).collect();
        let settings = ["world.rooms=10", "world.room_capacity=20"];
        let world = Server::world_with_mains(1, &addresses, &settings);
        world.wait_until_registered(2);
        let realm = Self { directory, chats, mains, world };
        realm.wait_until_shared(2, PATIENCE);
        realm
    }

    /// Bots that play at both Mains, and talk.
    #[track_caller]
    fn bots(&self) -> Bots {
        let mains: Vec<SocketAddr> = self.mains.iter().map(|main| main.address).collect();
        let count = BOTS.to_string();
        let plan = ["--count", &count, "--hz", "1", "--seconds", "600", "--chat-hz", "2"];
        let rest = ["--channels", CHANNELS, "--through-restarts"];
        let bots = Bots::start_with_mains(binary(), &mains, &[&plan[..], &rest].concat());
        self.world.wait_until_reported(&[("users", BOTS)]);
        bots
    }

    /// All Mains know so many chat servers, and have a link to each.
    #[track_caller]
    fn wait_until_shared(&self, servers: u64, within: Duration) {
        let started = Instant::now();
        loop {
            let reports = self.mains.iter().map(Server::report);
            let known: Vec<_> =
                reports.map(|it| (it.count("chat.servers"), it.count("chat.live_links"))).collect();
            if known.iter().all(|known| *known == (servers, servers)) {
                return;
            }
            assert!(started.elapsed() < within, "{known:?} of {servers}");
            sleep(Duration::from_millis(20));
        }
    }

    /// How long it takes until every bot's membership is at one of these chat servers.
    #[track_caller]
    fn wait_until_all_are_at(&self, chats: &[usize], since: Instant, within: Duration) -> Duration {
        loop {
            let counts: Vec<u64> = chats
                .iter()
                .map(|index| self.chats[*index].report().count("memberships"))
                .collect();
            if counts.iter().sum::<u64>() == BOTS && counts.iter().all(|count| *count > 0) {
                return since.elapsed();
            }
            assert!(since.elapsed() < within, "{counts:?} of {BOTS} at {chats:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// The other one has said that it goes.
    #[track_caller]
    fn wait_until_all_are_at_the_first(&self, since: Instant) -> Duration {
        self.wait_until_all_are_at(&[0], since, HANDED_OVER_WITHIN)
    }
}

/// Counts of faults that nothing excuses: whatever was missed was announced.
const FAULTS: [&str; 5] =
    ["chat_lost", "chat_duplicated", "chat_disordered", "chat_wrong_channel", "chat_unanswered"];

#[track_caller]
fn expect_whole(bots: Bots) {
    bots.stop();
    let outcome = bots.outcome();
    let report = &outcome.report;
    report.expect(&ROOM_FAULTS.map(|fault| (fault, 0)));
    report.expect(&FAULTS.map(|fault| (fault, 0)));
    report.expect(&[("joined", BOTS), ("present", BOTS), ("chat_present", BOTS)]);
    assert!(report.count("chat_gaps_unknown") > 0, "{report:?}");
    println!(
        "said {}, interrupted {}, refused {}, missed as announced {}, the longest time without chat {} ms",
        report.count("chat_sent"),
        report.count("chat_interrupted"),
        report.count("chat_refused"),
        report.count("chat_missed_announced"),
        report.milliseconds("outages.chat.longest_ms"),
    );
}

#[test]
fn a_killed_server_s_channels_are_the_other_s_and_it_takes_its_share_again() {
    let mut realm = Realm::start("shared");
    let bots = realm.bots();
    realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    for index in 0..2 {
        realm.chats[index].process.end();
        let killed = Instant::now();
        let moved = realm.wait_until_all_are_at(&[1 - index], killed, MOVED_WITHIN);
        println!("chat {index} killed: all are at the other one behind {} ms", moved.as_millis());
        realm.wait_until_shared(1, PATIENCE);
        realm.chats[index].restart_after(Duration::ZERO);
        let back = realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
        println!("chat {index} is back: both share behind {} ms", back.as_millis());
        realm.wait_until_shared(2, PATIENCE);
    }
    // One that is started again before anybody takes it for dead keeps its channels.
    realm.chats[0].restart_after(Duration::from_millis(500));
    realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    sleep(Duration::from_secs(1));
    expect_whole(bots);
}

#[test]
fn one_that_hangs_has_taken_nothing_that_is_lost_when_it_wakes() {
    let realm = Realm::start("hung");
    let bots = realm.bots();
    realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    realm.chats[0].process.signal(Signal::Stop);
    let stopped = Instant::now();
    let moved = realm.wait_until_all_are_at(&[1], stopped, MOVED_WITHIN);
    println!("chat 0 hangs: all are at the other one behind {} ms", moved.as_millis());
    sleep(HANG.saturating_sub(stopped.elapsed()));
    realm.chats[0].process.signal(Signal::Continue);
    let back = realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    println!("chat 0 goes on: both share behind {} ms", back.as_millis());
    sleep(Duration::from_secs(1));
    expect_whole(bots);
}

/// Whoever drains or ends in good order says so; and an end of NATS is none of what is said.
#[test]
fn one_that_goes_hands_over_and_without_nats_those_inside_talk_on() {
    let mut realm = Realm::start("handed");
    let bots = realm.bots();
    realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    realm.directory.nats.kill(0);
    let said = |realm: &Realm| -> Vec<u64> {
        realm.chats.iter().map(|chat| chat.report().count("said")).collect()
    };
    sleep(Duration::from_secs(4));
    let before = said(&realm);
    sleep(Duration::from_secs(1));
    let behind = said(&realm);
    assert!(
        before.iter().zip(&behind).all(|(before, behind)| before < behind),
        "{before:?} {behind:?}"
    );
    realm.wait_until_shared(2, Duration::from_millis(200));
    let lost = (503, "the chat server's directory can't be reached\n");
    operator::wait_until(operator::of(&realm.chats[0]), "/readyz", lost);
    realm.directory.nats.start_again(0).unwrap();
    operator::wait_until(operator::of(&realm.chats[0]), "/readyz", (200, "ok\n"));
    sleep(Duration::from_secs(4));
    realm.wait_until_shared(2, Duration::from_millis(200));
    let draining = Instant::now();
    told(operator::of(&realm.chats[1]), &["drain"]);
    let over = realm.wait_until_all_are_at_the_first(draining);
    println!("chat 1 drains: all are at the other one behind {} ms", over.as_millis());
    realm.chats[1].process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    realm.chats[1].restart_after(Duration::ZERO);
    realm.wait_until_all_are_at(&[0, 1], Instant::now(), PATIENCE);
    realm.wait_until_shared(2, PATIENCE);
    let going = Instant::now();
    realm.chats[1].process.end_in_good_order();
    let over = realm.wait_until_all_are_at_the_first(going);
    println!("chat 1 has gone: all are at the other one behind {} ms", over.as_millis());
    expect_whole(bots);
}

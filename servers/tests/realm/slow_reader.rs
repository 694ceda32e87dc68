//! Members of a busy room that stop reading: they cost the others nothing and the world no memory, and
//! the one that reads again is told exactly what it has missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::{
    BotOutcome, Bots, Heard, PATIENCE, Peer, Process, Realm, Signal, Stream, User,
};
use tinyrealm_core::protocol::either_way::{Ping, Pong};
use tinyrealm_core::protocol::world_to_client::{
    EventBroadcast, MoveBroadcast, RoomSnapshot, UserEntered, UserLeft,
};
use tinyrealm_core::protocol::{MemberNumber, MemberState};

/// Two laps of the ring and the kernel's buffers are a fraction of what is said in [`SILENCE`].
const SETTINGS: [&str; 4] = [
    "world.rooms=1",
    "world.room_capacity=64",
    "world.ring_bytes=8192",
    "net.socket_send_buffer_bytes=8192",
];
/// Small, but no smaller: below this the kernel's own timers make any reader slow.
const RECEIVE_BUFFER_BYTES: usize = 32 * 1_024;
const SILENCE: Duration = Duration::from_secs(5);
/// How many others stop reading for good.
const DEAF: usize = 8;
const BOTS: [&str; 4] = ["--count", "20", "--hz", "20"];

const SAID: u16 = 40;
const THE_END: u16 = 41;
/// A talker's event: its number, and filling up to the most that an event holds.
const EVENT_BYTES: usize = 256;
const TALK_INTERVAL: Duration = Duration::from_millis(10);

/// An event by its sender and the sender's number.
type EventName = (MemberNumber, u32);

/// Somebody who says something long a hundred times a second, and hears everything.
struct Talker {
    is_over: Arc<AtomicBool>,
    talking: JoinHandle<u32>,
    listening: JoinHandle<Vec<EventName>>,
    main: Peer,
}

impl Talker {
    fn start(user: User) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (number, mut ear, mut mouth) = (user.number, user.world.sender(), user.world);
        let until = Arc::clone(&is_over);
        let talking = thread::spawn(move || {
            let began = Instant::now();
            let mut next = 0;
            while !until.load(Ordering::Acquire) {
                say(&mut mouth, SAID, next);
                next += 1;
                thread::sleep((TALK_INTERVAL * next).saturating_sub(began.elapsed()));
            }
            say(&mut mouth, THE_END, next);
            next
        });
        let listening = thread::spawn(move || listen(&mut ear, number));
        Self { is_over, talking, listening, main: user.main }
    }

    /// Ends, and answers how many events it has said and which it has heard.
    fn stop(self) -> (u32, Vec<EventName>) {
        self.is_over.store(true, Ordering::Release);
        let said = self.talking.join().unwrap();
        let heard = self.listening.join().unwrap();
        drop(self.main);
        (said, heard)
    }
}

fn say(peer: &mut Peer, kind: u16, number: u32) {
    let mut data = [0xEE; EVENT_BYTES];
    data[..4].copy_from_slice(&number.to_le_bytes());
    peer.say(kind, &data);
}

fn event_name(event: &EventBroadcast<'_>) -> EventName {
    (event.number, u32::from_le_bytes(*event.data.as_slice().first_chunk().unwrap()))
}

/// Every event up to the last word of `number`. Whoever reads all the time misses none.
fn listen(peer: &mut Peer, number: MemberNumber) -> Vec<EventName> {
    let mut heard = Vec::new();
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == EventBroadcast::OPCODE.0 => {
                let event = peer.message::<EventBroadcast<'_>>();
                heard.push(event_name(&event));
                if event.kind == THE_END && event.number == number {
                    return heard;
                }
            }
            Heard::Frame(opcode) => {
                assert_ne!(opcode, RoomSnapshot::OPCODE.0, "a talker keeps up");
            }
            other => panic!("{other:?} at a talker"),
        }
    }
}

/// What the slow member has made of what it has heard.
#[derive(Default)]
struct Story {
    /// Events that it has heard, and before how many of them it had been told to have missed some.
    events: Vec<EventName>,
    gaps: Vec<(usize, u32)>,
    /// The number of the newest move of each mover.
    newest: HashMap<MemberNumber, i32>,
    moves: usize,
    moves_before_last_gap: usize,
    /// Talkers who have said their last word.
    ends: usize,
}

impl Story {
    /// Reads until `is_enough`. Everything has to be whole, known, and in order.
    fn read_until(&mut self, peer: &mut Peer, is_enough: impl Fn(&Self) -> bool) {
        while !is_enough(self) {
            match peer.hear(PATIENCE) {
                Heard::Frame(opcode) => self.hear(peer, opcode),
                other => panic!("{other:?} after {} events", self.events.len()),
            }
        }
    }

    fn hear(&mut self, peer: &Peer, opcode: i32) {
        match opcode {
            _ if opcode == EventBroadcast::OPCODE.0 => {
                let event = peer.message::<EventBroadcast<'_>>();
                self.events.push(event_name(&event));
                self.ends += usize::from(event.kind == THE_END);
            }
            _ if opcode == MoveBroadcast::OPCODE.0 => {
                let MoveBroadcast { number, pos, .. } = peer.message::<MoveBroadcast>();
                let before = self.newest.insert(number, pos.z);
                assert!(before.is_none_or(|z| z < pos.z), "{number:?}: {before:?}, then {}", pos.z);
                self.moves += 1;
            }
            _ if opcode == RoomSnapshot::OPCODE.0 => self.catch_up(&peer.message()),
            _ if opcode == UserEntered::OPCODE.0 => drop(peer.message::<UserEntered>()),
            _ if opcode == UserLeft::OPCODE.0 => drop(peer.message::<UserLeft>()),
            _ if opcode == Ping::OPCODE.0 => drop(peer.message::<Ping>()),
            _ => panic!("opcode {opcode:#x} in the middle of the stream"),
        }
    }

    fn catch_up(&mut self, page: &RoomSnapshot) {
        for MemberState { number, pos, .. } in &page.members {
            let before = self.newest.insert(*number, pos.z);
            assert!(before.is_none_or(|z| z <= pos.z), "{number:?} is back at {}", pos.z);
        }
        if page.pages_left == 0 {
            self.gaps.push((self.events.len(), page.missed_events));
            self.moves_before_last_gap = self.moves;
        }
    }

    fn missed(&self) -> u32 {
        self.gaps.iter().map(|(_, missed)| missed).sum()
    }

    /// It is the room's story, with exactly the announced events left out.
    fn expect_told_from(&self, room: &[EventName]) {
        let first = self.events[0];
        let mut place = room.iter().position(|event| *event == first).expect("the room said it");
        let mut gaps = self.gaps.iter().peekable();
        for (number, event) in self.events.iter().enumerate() {
            while let Some((_, missed)) = gaps.next_if(|(before, _)| *before == number) {
                place += *missed as usize;
            }
            assert_eq!(room.get(place), Some(event), "event {number}, gaps {:?}", self.gaps);
            place += 1;
        }
        assert_eq!(place, room.len(), "it has heard the end, gaps {:?}", self.gaps);
    }
}

/// Waits, and answers how much the process has grown at most meanwhile.
fn growth_during(wait: Duration, process: &Process) -> u64 {
    let before = process.resident_bytes();
    let began = Instant::now();
    let mut most = before;
    while began.elapsed() < wait {
        thread::sleep(Duration::from_millis(250));
        most = most.max(process.resident_bytes());
    }
    most - before
}

fn run_bots(realm: &Realm, seconds: &str) -> Bots {
    Bots::start(realm.main.address, &[&BOTS[..], &["--seconds", seconds]].concat())
}

/// Joins, and reads no more.
fn deaf_member(realm: &Realm) -> (Peer, Peer) {
    let mut main = Peer::connect(realm.main.address);
    let uid = main.hello(None).uid;
    let pass = main.enter("");
    let mut world = Peer::connect_with_receive_buffer(pass.world, RECEIVE_BUFFER_BYTES);
    world.join(uid, pass.key);
    (main, world)
}

fn expect_undisturbed(quiet: &BotOutcome, disturbed: &BotOutcome) {
    quiet.expect_clean(20);
    disturbed.expect_clean(20);
    let [before, with] = [quiet, disturbed].map(|outcome| outcome.report.milliseconds("p99_ms"));
    println!("p99 {before} ms without slow readers, {with} ms with them");
    // Generous: what is shared is a machine. Waiting for a slow reader would cost seconds.
    assert!(with < 3.0 * before + 30.0, "p99 {before} ms became {with} ms");
}

#[test]
fn slow_readers_cost_nobody_anything_and_catch_up() {
    let realm = Realm::start(&SETTINGS);
    let talkers = [realm.user(), realm.user()].map(Talker::start);
    let quiet = run_bots(&realm, "5").outcome();

    let bots = run_bots(&realm, "9");
    let (_main, mut slow) = deaf_member(&realm);
    let mut story = Story::default();
    story.read_until(&mut slow, |story| story.moves > 100 && story.events.len() > 50);
    assert_eq!(story.gaps, []);
    let _deaf = [(); DEAF].map(|()| deaf_member(&realm));
    let grown = growth_during(SILENCE, &realm.world().process);
    story.read_until(&mut slow, |story| {
        let since = story.gaps.last().map_or(0, |(before, _)| story.events.len() - before);
        since > 100 && story.moves > story.moves_before_last_gap + 100
    });
    let reading = thread::spawn(move || {
        story.read_until(&mut slow, |story| story.ends == 2);
        story
    });
    let disturbed = bots.outcome();
    let [first, second] = talkers;
    let (second_said, _) = second.stop();
    let (first_said, room) = first.stop();
    let story = reading.join().unwrap();

    expect_undisturbed(&quiet, &disturbed);
    println!(
        "missed {} events in {} gaps; world grew {grown} bytes",
        story.missed(),
        story.gaps.len()
    );
    let said_meanwhile = 2 * SILENCE.as_millis() / TALK_INTERVAL.as_millis();
    assert!(u128::from(story.missed()) > said_meanwhile / 2, "{} missed", story.missed());
    story.expect_told_from(&room);
    let backlog = (DEAF as u64 + 1) * said_meanwhile as u64 * EVENT_BYTES as u64;
    assert!(grown < backlog / 8, "the world has grown by {grown} of {backlog} bytes of backlog");

    let (_, worlds) = realm.stop();
    // Both have said one more: that it was the end.
    let said = u64::from(first_said) + u64::from(second_said) + 2;
    worlds[0].expect(&[("events", said), ("events_missed", u64::from(story.missed()))]);
    worlds[0].expect(&[("net.overflows", 0), ("net.silent", 0), ("net.buffers_in_use", 0)]);
}

/// Two of these are all but what the ring of eight members takes before it has to be flushed.
const HALF_A_RING: [u8; 208] = [0xEE; 208];

/// Everyone in the room is deaf, it has more to say than its ring holds, and not even Main is there to
/// be told of it: a stranger who speaks in that moment is not to blame.
#[test]
fn a_room_of_slow_readers_is_no_stranger_s_fault() {
    let realm = Realm::start(&[
        "world.rooms=1",
        "world.room_capacity=8",
        "world.ring_bytes=1024",
        "net.socket_send_buffer_bytes=8192",
        "net.packets_per_second=60000",
        "net.packet_burst=60000",
    ]);
    let mut stranger = Peer::connect(realm.world().address);
    let (_main, mut talker) = deaf_member(&realm);
    let others = [(); 7].map(|()| deaf_member(&realm));
    // In portions: whoever is full is passed over, and takes more when its kernel has moved some.
    for _ in 0..40 {
        (0..50).for_each(|_| talker.say(SAID, &HALF_A_RING));
        thread::sleep(Duration::from_millis(10));
    }
    let (_, mut worlds) = realm.kill_main();
    let world = worlds.remove(0);
    world.process.wait_until_said(Stream::Stderr, "lost Main", 1);
    // Each time from another place in the ring, because what does not fit its end takes more of it.
    for leaving in others {
        talker.say(SAID, b"");
        // Until all of it is published, and nobody takes more.
        thread::sleep(Duration::from_millis(150));
        stranger.expect_served();
        // The rest is one turn of the world.
        world.process.signal(Signal::Stop);
        talker.say(SAID, &HALF_A_RING);
        talker.say(SAID, &HALF_A_RING);
        drop(leaving);
        stranger.send(&Ping { nonce: 7 });
        world.process.signal(Signal::Continue);
        assert_eq!(stranger.expect::<Pong>().nonce, 7);
    }
    let report = world.stop();
    report.expect(&[("joined", 8), ("left", 8), ("net.violations", 0), ("net.silent", 0)]);
}

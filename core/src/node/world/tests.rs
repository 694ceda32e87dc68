//! A world at the bench: Main and the players are scripted, one frame at a time.

#[cfg(feature = "mains")]
mod announced;
#[cfg(feature = "asks")]
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod asks;
mod attaching;
#[cfg(all(feature = "mains", feature = "rooms"))]
mod claimed_names;
#[cfg(all(feature = "mains", feature = "seats"))]
mod claims;
mod cuts;
#[cfg(feature = "mains")]
mod draining;
mod events;
mod flushing;
mod game;
#[cfg(feature = "inputs")]
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod inputs;
mod joining;
mod leaving;
mod main_link;
#[cfg(feature = "mains")]
mod mains;
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod messages;
#[cfg(all(feature = "moving", feature = "things"))]
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod moves;
mod moving;
#[cfg(feature = "rooms")]
mod opening;
mod operating;
mod overrun;
#[cfg(feature = "names")]
mod people;
mod places;
mod random;
mod reports;
#[cfg(feature = "saves")]
mod saves;
#[cfg(feature = "sealed-clients")]
mod sealed;
#[cfg(feature = "seats")]
mod seats;
mod slots;
#[cfg(feature = "things")]
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod things;
mod ticking;
mod timers;
mod view;

use crate::protocol::Versions;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::Role;
use crate::node::cluster::tests::test_keys;
use crate::node::testing::{
    Asked, BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, frame_of, said_in, trim,
};
use crate::protocol::client_to_world::{Event, Join, Leave, Move};
use crate::protocol::either_way::{Bye, Error, Ping, Pong};
use crate::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use crate::protocol::world_to_client::{
    EventBroadcast, JoinDenied, JoinOk, MemberName, MoveBroadcast, RoomSnapshot, UserAway,
    UserBack, UserEntered, UserLeft,
};
use crate::protocol::{
    ADDRESS_MAX_BYTES, Bytes, Direction, ErrorCode, HandshakeKey, JoinDenial, KeyId, MemberNumber,
    MemberState, Position, ServerKind, Text, Uid, Wish, WorldId,
};
use crate::session::{SessionKey, SessionState};

const MAX_ROOMS: usize = 4;
const MAX_RING_BYTES: usize = 8_192;
const MAX_USERS: usize = 96;
const MAX_ATTACHES: usize = 96;

/// How large a world a test has.
#[derive(Copy, Clone)]
struct Setup {
    net: NetConfig,
    sizes: Sizes,
    rooms: usize,
    room_capacity: u16,
    room_spectators: u16,
    /// Of one room.
    ring_bytes: usize,
    attaches: usize,
    flush_interval_ms: u32,
    /// How many Mains it has.
    mains: usize,
}

const FLUSH_MS: u32 = 20;
const STATUS_MS: u32 = 1_600;
const RECONNECT_FIRST_MS: u32 = 320;
const RECONNECT_MOST_MS: u32 = 1_280;
const TTL_MS: u32 = 8_000;

const SETUP: Setup = Setup {
    net: BENCH_CONFIG,
    sizes: Sizes::ALL,
    rooms: 2,
    room_capacity: 48,
    room_spectators: 0,
    ring_bytes: MAX_RING_BYTES,
    attaches: MAX_ATTACHES,
    flush_interval_ms: FLUSH_MS,
    mains: 1,
};

fn text<const MOST: usize>(text: &str) -> heapless::String<MOST> {
    heapless::String::try_from(text).expect("a short text")
}

impl Setup {
    fn config(&self) -> WorldConfig {
        WorldConfig {
            world_id: WorldId(7),
            region: text("north"),
            address: text("world:9"),
            main_addresses: self.mains(),
            cluster_keys: test_keys(ServerKind::WORLD, 7),
            room_capacity: self.room_capacity,
            room_spectators: self.room_spectators,
            flush_interval_ms: self.flush_interval_ms,
            status_interval_ms: STATUS_MS,
            reconnect_first_ms: RECONNECT_FIRST_MS,
            reconnect_most_ms: RECONNECT_MOST_MS,
        }
    }

    fn mains(&self) -> [heapless::String<ADDRESS_MAX_BYTES>; MAINS_MAX] {
        core::array::from_fn(|index| match index {
            _ if index >= self.mains => heapless::String::new(),
            0 => text("main:7"),
            _ => text("other:7"),
        })
    }

    fn lend<G>(self, memory: &mut Memory<G>) -> WorldStorage<'_, G> {
        let mut storage = memory.storage();
        trim(&mut storage.rooms.rooms, self.rooms);
        trim(&mut storage.rooms.ring_bytes, self.rooms * self.ring_bytes);
        trim(&mut storage.rooms.dirty_queue, self.rooms);
        trim(&mut storage.rooms.dirty_listed, self.rooms);
        trim(&mut storage.games, self.rooms);
        trim(&mut storage.attaches, self.attaches);
        trim(&mut storage.attach_heads, self.attaches);
        trim(&mut storage.attach_nexts, self.attaches);
        trim(&mut storage.wanted_options, self.attaches);
        storage
    }
}

type Memory<G> = WorldMemory<G, MAX_USERS, MAX_ROOMS, { MAX_ROOMS * MAX_RING_BYTES }, MAX_ATTACHES>;
pub(crate) type WorldBench<'a, G> = Bench<'a, World<'a, G>>;

/// Runs `test` at the bench of a world whose rooms have new games.
fn with_game<G: Game + Default>(setup: Setup, test: impl FnOnce(&mut WorldBench<'_, G>)) {
    #[cfg(feature = "rooms")]
    with_world_as(setup, |world| world.with_named_rooms(NewGame(&|| G::default())), test);
    #[cfg(not(feature = "rooms"))]
    with_world_as(setup, |world| world, test);
}

/// The same with a world that is finished so.
fn with_world_as<G: Game + Default>(
    setup: Setup,
    finish: impl for<'w> FnOnce(World<'w, G>) -> World<'w, G>,
    test: impl FnOnce(&mut WorldBench<'_, G>),
) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| G::default())));
    let world = finish(World::new(setup.lend(&mut memory), setup.config()));
    let mut bench = Bench::new(setup.sizes.lend(&mut node_memory), setup.net, world);
    test(&mut bench);
    bench.finish();
}

fn with_world(setup: Setup, test: impl FnOnce(&mut WorldBench<'_, Relay>)) {
    with_game(setup, test);
}

/// Runs `test` with worlds 1, 2 and 3, which have dialed and proven themselves to two Mains each.
#[cfg(all(feature = "mains", feature = "rooms"))]
pub(crate) fn with_three_worlds(
    test: impl FnOnce([&mut WorldBench<'_, Relay>; 3], [[SessionKey; 2]; 3]),
) {
    let mut nodes = [(); 3].map(|()| Box::new(BenchMemory::NEW));
    let mut memories = [(); 3].map(|()| Box::new(Memory::new([const { Relay }; MAX_ROOMS])));
    let mut id = 0;
    let benches = nodes.each_mut().map(|node| {
        id += 1;
        (id, node)
    });
    let mut benches = benches.into_iter().zip(&mut memories).map(|((id, node), memory)| {
        let setup = mains::TWO;
        let config = WorldConfig {
            world_id: WorldId(id),
            region: text(""),
            address: text(&std::format!("world{id}:9")),
            cluster_keys: test_keys(ServerKind::WORLD, id),
            ..setup.config()
        };
        let world = World::new(setup.lend(memory), config).with_named_rooms(NewGame(&|| Relay));
        Bench::new(setup.sizes.lend(node), setup.net, world)
    });
    let mut benches = [(); 3].map(|()| benches.next().expect("three of them"));
    let links = benches.each_mut().map(|bench| {
        bench.act(World::start);
        [bench.connect_main(), bench.connect_main()]
    });
    test(benches.each_mut(), links);
    benches.into_iter().for_each(Bench::finish);
}

/// The handshake key that tests give to `uid`.
fn key_of(uid: Uid) -> HandshakeKey {
    HandshakeKey([uid.0 as u8; 32])
}

fn join_of(uid: Uid) -> Join {
    Join { versions: Versions::OURS, uid, handshake_key: Some(key_of(uid)), fingerprint: 0 }
}

fn attach_of(uid: Uid, attempt: u32) -> AttachUser<'static> {
    AttachUser {
        uid,
        key_id: KeyId([uid.0 as u8; 8]),
        handshake_key: key_of(uid),
        ttl_ms: TTL_MS,
        attempt,
        account: Text::EMPTY,
        nickname: Text::EMPTY,
        wish: Wish::ANY,
    }
}

fn at(x: i32) -> Position {
    Position { x, y: 2, z: 3 }
}

/// What the test calls a member: by its number, which is its uid where all have come in turn.
fn number(number: u32) -> MemberNumber {
    MemberNumber(number as u16)
}

/// Where somebody is who has not moved in a relaying room.
fn newcomer(uid: u32) -> MemberState {
    numbered(uid, uid)
}

fn numbered(of: u32, uid: u32) -> MemberState {
    MemberState { number: number(of), uid: Uid(uid.into()), ..MemberState::default() }
}

fn moved(of: u32, x: i32) -> Said {
    Said::of(&MoveBroadcast { number: number(of), pos: at(x), dir: Direction(9) })
}

fn step(x: i32) -> Move {
    Move { pos: at(x), dir: Direction(9) }
}

fn entered(uid: u32) -> Said {
    Said::of(&UserEntered { member: newcomer(uid) })
}

fn left(of: u32) -> Said {
    Said::of(&UserLeft { number: number(of) })
}

/// What all events of tests are numbered by their senders.
const REQUEST: u32 = 7;

fn event(kind: u16, data: &[u8]) -> Event<'_> {
    Event { request: REQUEST, kind, data: Bytes::new(data).expect("a short event") }
}

/// An event as everyone hears it; that of number 0 is the game's own.
fn said_event(of: u32, kind: u16, data: &[u8]) -> Said {
    let data = Bytes::new(data).expect("a short event");
    let request = if of == 0 { 0 } else { REQUEST };
    Said::of(&EventBroadcast { number: number(of), request, kind, data })
}

fn bye(reason: ErrorCode) -> Said {
    Said::of(&Bye { reason })
}

impl<G: Game> WorldBench<'_, G> {
    /// The world finds Main, which knows it from now on.
    fn meet_main(&mut self) -> SessionKey {
        self.act(World::start);
        self.register()
    }

    /// Main takes the connection that the world asks for, and both prove themselves.
    fn connect_main(&mut self) -> SessionKey {
        let main = self.connect_next();
        self.take_proof_as(main, ServerKind::MAIN);
        main
    }

    /// Main takes the connection `main` that the world has asked for, and both prove themselves.
    fn main_connected(&mut self, main: SessionKey) {
        self.connected(main);
        self.take_proof_as(main, ServerKind::MAIN);
    }

    /// Main takes the connection that the world asks for, and the world itself.
    fn register(&mut self) -> SessionKey {
        let main = self.connect_main();
        self.say(main, &Registered {});
        assert!(self.role().is_registered());
        self.heard(main);
        main
    }

    /// Attaches `uid`, connects it and lets it join.
    fn join(&mut self, main: SessionKey, uid: u32) -> SessionKey {
        self.say(main, &attach_of(Uid(uid.into()), 1));
        let key = self.accept();
        self.say(key, &join_of(Uid(uid.into())));
        key
    }

    /// Users `1..=count` in rooms, with nothing left to hear.
    fn fill(&mut self, main: SessionKey, count: u32) -> Vec<SessionKey> {
        let keys: Vec<_> = (1..=count).map(|uid| self.join(main, uid)).collect();
        self.pass_ms(FLUSH_MS);
        for key in &keys {
            self.heard(*key);
        }
        self.heard(main);
        keys
    }

    /// Lets the flush interval pass, and answers what `key` has heard.
    fn flush_and_hear(&mut self, key: SessionKey) -> Vec<Said> {
        self.pass_ms(FLUSH_MS);
        self.heard(key)
    }

    /// The uids of everyone in a room, sorted.
    fn uids(&self) -> Vec<u32> {
        let users = self.role().rooms().iter().map(|(_, user)| user.state().uid.0 as u32);
        let mut uids: Vec<u32> = users.collect();
        uids.sort_unstable();
        uids
    }

    fn room_of(&self, uid: u32) -> Option<u16> {
        let mut users = self.role().rooms().iter();
        users.find(|(_, user)| user.state().uid == Uid(uid.into())).map(|(_, user)| user.room())
    }
}

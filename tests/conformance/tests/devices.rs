//! Whole realms on a device: a world on the poll driver and on the embassy driver, its Main and its
//! players on the other side of a network that loses, doubles and disorders packets, or is cut.
//!
//! Every test runs on both drivers. Randomness has a seed: `TINYREALM_NETWORK_SEED`.

use tinyrealm_conformance::clock;
use tinyrealm_conformance::cluster;
use tinyrealm_conformance::device::{EmbassyDevice, PollDevice, Sizes};
use tinyrealm_conformance::hub::Faults;
use tinyrealm_conformance::lab::Lab;
use tinyrealm_conformance::nodes;
use tinyrealm_conformance::remote::Remote;
use tinyrealm_conformance::script::{frame, frames};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::protocol::MemberNumber;
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::client_to_world::{Event, Join, Move};
use tinyrealm_core::protocol::either_way::{Bye, Ping};
use tinyrealm_core::protocol::main_to_world::{AttachUser, Registered};
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, RoomSnapshot};
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, KeyId, Message, Position, Text, Uid, Wish, decode,
};

const SIZES: Sizes = Sizes { listeners: 4, own_links: 1, receive_bytes: 512, send_bytes: 512 };
const MAIN_ADDRESS: &str = "10.0.0.2:7100";
const LIMIT_MS: u32 = 60_000;
const DEVICE_PORT: usize = 0;

/// Runs a test on either driver.
macro_rules! on_both_drivers {
    ($($name:ident)*) => {
        mod poll { $(#[test] fn $name() { super::$name(&super::on_poll); })* }
        mod embassy { $(#[test] fn $name() { super::$name(&super::on_embassy); })* }
    };
}

on_both_drivers! {
    faults_lose_nothing
    faults_are_accounted_for
    a_world_finds_its_main_when_that_comes
    peers_beyond_the_sockets_wait_and_links_are_used_again
    who_does_not_read_gets_a_snapshot_and_nobody_waits
    a_full_window_opens_again
    a_reset_frees_its_link
    half_open_connections_free_their_links
    an_idle_device_rests
    a_cut_cable_is_noticed_on_both_ends
    a_send_buffer_that_is_too_small_ends_its_peer_alone
}

type MakeLab<'m> = &'m dyn Fn(Sizes, Faults, u64) -> Lab;

fn world(turn: &mut Turn<'_>) -> WorldNode {
    nodes::world(turn, MAIN_ADDRESS)
}

type WorldNode = tinyrealm_core::node::Node<
    'static,
    tinyrealm_core::node::world::World<'static, tinyrealm_core::node::world::Relay>,
>;

fn on_poll(sizes: Sizes, faults: Faults, seed: u64) -> Lab {
    Lab::new(faults, seed, |port| PollDevice::new(port, sizes, world))
}

fn on_embassy(sizes: Sizes, faults: Faults, seed: u64) -> Lab {
    Lab::new(faults, seed, |port| EmbassyDevice::new(port, sizes, world))
}

fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("TINYREALM_NETWORK_SEED").ok();
    let first = first.map_or(1, |seed| seed.parse().expect("a number"));
    (first..first + count).inspect(|seed| println!("TINYREALM_NETWORK_SEED={seed}"))
}

/// A lab, its Main, and what to say to both.
struct Realm {
    lab: Lab,
    main: usize,
}

impl Realm {
    /// A world that is registered.
    fn new(make: MakeLab<'_>, sizes: Sizes, faults: Faults, seed: u64) -> Self {
        let mut lab = make(sizes, faults, seed);
        let main = lab.remote.listen(0);
        let mut realm = Self { lab, main };
        realm.register(main);
        realm
    }

    fn register(&mut self, main: usize) {
        self.main = main;
        self.hear(main, 1);
        let challenge = cluster::challenge(&frames(self.lab.remote.received(main)));
        self.lab.remote.send(main, &challenge);
        self.hear(main, 2);
        let ack = cluster::ack(&frames(self.lab.remote.received(main)));
        self.lab.remote.send(main, &ack);
        // The registration.
        self.hear(main, 3);
        self.lab.remote.send(main, &frame(&Registered {}));
        self.hear(main, 5);
    }

    /// Waits until a peer has heard so many frames in all.
    #[track_caller]
    fn hear(&mut self, peer: usize, count: usize) {
        let heard = |lab: &mut Lab| frames(lab.remote.received(peer)).len();
        let is_heard = self.lab.wait_until(LIMIT_MS, |lab| heard(lab) >= count);
        assert!(is_heard, "peer {peer}: {} of {count} frames", heard(&mut self.lab));
    }

    #[track_caller]
    fn hear_end(&mut self, peer: usize) {
        let has_ended = self.lab.wait_until(LIMIT_MS, |lab| lab.remote.has_ended(peer));
        assert!(has_ended, "peer {peer} waits for its end");
    }

    fn heard(&self, peer: usize) -> usize {
        frames(self.lab.remote.received(peer)).len()
    }

    /// Messages of one kind that a peer has heard.
    fn messages<'s, M: Message + serde::Deserialize<'s>>(&'s self, peer: usize) -> Vec<M> {
        let bodies = frames(self.lab.remote.received(peer)).into_iter();
        let bodies = bodies.filter(|body| body[..4] == M::OPCODE.0.to_le_bytes());
        bodies.map(|body| decode(&body[4..]).expect("a message")).collect()
    }

    /// Main announces a user; the world says yes.
    fn attach(&mut self, uid: u32) {
        let handshake_key = HandshakeKey([uid as u8; 32]);
        let attach = AttachUser {
            uid: Uid(uid.into()),
            key_id: KeyId([uid as u8; 8]),
            handshake_key,
            ttl_ms: 300_000,
            attempt: 0,
            account: Text::EMPTY,
            nickname: Text::EMPTY,
            wish: Wish::ANY,
        };
        let count = self.heard(self.main) + 1;
        self.lab.remote.send(self.main, &frame(&attach));
        self.hear(self.main, count);
    }

    /// A new player, in the room.
    fn enter(&mut self, uid: u32) -> usize {
        self.attach(uid);
        self.join(uid)
    }

    /// Joins; a connection that the network has kept from coming about is tried again.
    fn join(&mut self, uid: u32) -> usize {
        let handshake_key = HandshakeKey([uid as u8; 32]);
        let told = self.heard(self.main);
        for _ in 0..5 {
            let peer = self.lab.remote.connect();
            self.lab.remote.send(
                peer,
                &frame(&Join {
                    versions: Versions::OURS,
                    uid: Uid(uid.into()),
                    handshake_key: Some(handshake_key),
                    fingerprint: 0,
                }),
            );
            let is_over = |lab: &mut Lab| {
                lab.remote.has_ended(peer) || frames(lab.remote.received(peer)).len() >= 2
            };
            assert!(self.lab.wait_until(LIMIT_MS, is_over), "no answer to a Join");
            if self.heard(peer) >= 2 {
                self.hear(self.main, told + 1);
                return peer;
            }
            assert_eq!(self.heard(peer), 0, "denied");
        }
        panic!("no connection comes about");
    }

    fn say(&mut self, peer: usize, number: u16) {
        let data = [number as u8; 200];
        let event = Event { request: 0, kind: number, data: Bytes::new(&data).expect("short") };
        self.lab.remote.send(peer, &frame(&event));
    }

    /// The events of the first and of the second user that a peer has heard.
    fn kinds_by_uid(&self, peer: usize) -> [Vec<u16>; 2] {
        let events = self.messages::<EventBroadcast<'_>>(peer);
        [MemberNumber(1), MemberNumber(2)].map(|number| {
            events.iter().filter(|event| event.number == number).map(|event| event.kind).collect()
        })
    }

    /// Events that a peer has heard, or has heard to have missed.
    fn told_of(&self, peer: usize) -> usize {
        let snapshots = self.messages::<RoomSnapshot>(peer);
        let last_pages = snapshots.iter().filter(|snapshot| snapshot.pages_left == 0);
        let missed: u32 = last_pages.map(|snapshot| snapshot.missed_events).sum();
        self.messages::<EventBroadcast<'_>>(peer).len() + missed as usize
    }

    fn answers(&mut self, peer: usize) {
        let count = self.heard(peer) + 1;
        self.lab.remote.send(peer, &frame(&Ping { nonce: 1 }));
        self.hear(peer, count);
    }

    fn shut_down(mut self) {
        self.lab.device.shut_down();
        self.hear_end(self.main);
        self.lab.remote.shut(self.main);
        let bye: Vec<Bye> = self.messages(self.main);
        assert_eq!(bye, [Bye { reason: ErrorCode::SHUTTING_DOWN }]);
        assert!(self.lab.wait_until(LIMIT_MS, |lab| lab.device.is_finished()));
    }
}

const FAULTS: Faults = Faults { lost: 100, duplicated: 100, delayed: 300 };

/// Two players speak at once, and wait until they have heard both: nothing is lost or disordered.
fn faults_lose_nothing(make: MakeLab<'_>) {
    const ROUNDS: u16 = 20;
    for seed in seeds(8) {
        let mut realm = Realm::new(make, SIZES, FAULTS, seed);
        let players = [realm.enter(1), realm.enter(2)];
        realm.hear(players[0], 3);
        for number in 0..ROUNDS {
            let counts = players.map(|player| realm.heard(player) + 2);
            players.iter().for_each(|player| realm.say(*player, number));
            players.iter().zip(counts).for_each(|(player, count)| realm.hear(*player, count));
        }
        for player in players {
            let kinds = realm.kinds_by_uid(player);
            assert!(kinds.iter().all(|kinds| kinds.iter().copied().eq(0..ROUNDS)), "{kinds:?}");
        }
        realm.shut_down();
    }
}

/// Two players speak faster than a bad network carries it: what each does not hear it is told of.
fn faults_are_accounted_for(make: MakeLab<'_>) {
    const ROUNDS: u16 = 40;
    for seed in seeds(8) {
        let mut realm = Realm::new(make, SIZES, FAULTS, seed);
        let players = [realm.enter(1), realm.enter(2)];
        for number in 0..ROUNDS {
            players.iter().for_each(|player| realm.say(*player, number));
            let moved = Move { pos: Position::default(), dir: Direction(number) };
            realm.lab.remote.send(players[0], &frame(&moved));
            realm.lab.pass_ms(500);
        }
        for player in players {
            let mut rounds = 0..600;
            while realm.told_of(player) < 2 * usize::from(ROUNDS) && rounds.next().is_some() {
                realm.lab.pass_ms(100);
            }
            assert_eq!(realm.told_of(player), 2 * usize::from(ROUNDS));
            assert!(
                realm.kinds_by_uid(player).iter().all(|kinds| kinds.is_sorted_by(|a, b| a < b))
            );
        }
        realm.shut_down();
    }
}

fn a_world_finds_its_main_when_that_comes(make: MakeLab<'_>) {
    let mut lab = make(SIZES, Faults::NONE, 0);
    // Nobody listens: the world is refused again and again, less and less often.
    lab.pass_ms(5_000);
    let main = lab.remote.listen(0);
    let mut realm = Realm { lab, main };
    realm.register(main);
    let player = realm.enter(1);
    // Main goes: the player stays, and the world comes back.
    let next = realm.lab.remote.listen(0);
    realm.lab.remote.reset(main);
    realm.register(next);
    realm.answers(player);
    realm.shut_down();
}

fn peers_beyond_the_sockets_wait_and_links_are_used_again(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    for round in 0..5 {
        let uids = (0..4).map(|number| round * 10 + number + 1);
        let players: Vec<usize> = uids.map(|uid| realm.enter(uid)).collect();
        // All four sockets are taken: one more is refused at once.
        let refused = realm.lab.remote.connect();
        realm.hear_end(refused);
        assert_eq!(realm.heard(refused), 0);
        let told = realm.heard(realm.main);
        for (number, player) in players.iter().enumerate() {
            match number % 3 {
                0 => realm.lab.remote.shut(*player),
                1 => realm.lab.remote.reset(*player),
                _ => realm.lab.remote.send(*player, &[0, 0]),
            }
        }
        // Main is told of each.
        realm.hear(realm.main, told + 4);
        for player in players {
            realm.hear_end(player);
            realm.lab.remote.shut(player);
        }
        realm.lab.pass_ms(100);
    }
    realm.shut_down();
}

/// Its window closes, its socket fills, its room goes on; when it reads again, it is told what it missed.
fn who_does_not_read_gets_a_snapshot_and_nobody_waits(make: MakeLab<'_>) {
    const EVENTS: u16 = 60;
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    let (speaker, listener) = (realm.enter(1), realm.enter(2));
    realm.lab.remote.stop_reading(listener);
    for number in 0..EVENTS {
        let count = realm.heard(speaker) + 1;
        realm.say(speaker, number);
        realm.hear(speaker, count);
    }
    realm.lab.pass_ms(2_000);
    realm.lab.remote.read_again(listener);
    let snapshots = |realm: &Realm| realm.messages::<RoomSnapshot>(listener).len();
    let mut rounds = 0..600;
    while snapshots(&realm) < 2 && rounds.next().is_some() {
        realm.lab.pass_ms(100);
    }
    realm.answers(listener);
    let missed = usize::from(EVENTS) - realm.messages::<EventBroadcast<'_>>(listener).len();
    assert!(missed > 0, "it has not fallen behind");
    assert_eq!(realm.told_of(listener), usize::from(EVENTS), "it is told of each that is missing");
    let [kinds, _] = realm.kinds_by_uid(listener);
    assert!(kinds.is_sorted_by(|a, b| a < b), "{kinds:?}");
    realm.shut_down();
}

/// What does not fit waits; when there is room again, nothing but that wakes the device.
fn a_full_window_opens_again(make: MakeLab<'_>) {
    const PINGS: u32 = 400;
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    let main = realm.main;
    realm.lab.remote.stop_reading(main);
    for nonce in 0..PINGS {
        realm.lab.remote.send(main, &frame(&Ping { nonce }));
    }
    realm.lab.pass_ms(5_000);
    realm.lab.remote.read_again(main);
    let read_at = clock::now();
    realm.hear(main, 3 + PINGS as usize);
    assert!(clock::now().ms_since(read_at) < 20_000);
    realm.shut_down();
}

fn a_reset_frees_its_link(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    for uid in 1..=20 {
        let player = realm.enter(uid);
        realm.lab.remote.send(player, &frame(&Ping { nonce: 1 })[..3]);
        let told = realm.heard(realm.main);
        realm.lab.pass_ms(10);
        realm.lab.remote.reset(player);
        realm.hear(realm.main, told + 1);
    }
    realm.shut_down();
}

/// Peers knock at every link and are not heard of again; others come in when they are given up.
fn half_open_connections_free_their_links(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    realm.attach(1);
    let port = realm.lab.hub.port();
    let ghost_port = port.number();
    let mut ghosts = Remote::new_at(port, [10, 0, 0, 3]);
    for _ in 0..SIZES.listeners {
        ghosts.connect();
    }
    // Asks who has the device's address, hears it, and sends what begins a connection.
    ghosts.poll();
    realm.lab.pass_ms(1);
    ghosts.poll();
    realm.lab.hub.cut(ghost_port);
    realm.lab.pass_ms(1_000);
    let early = realm.lab.remote.connect();
    realm.hear_end(early);
    realm.lab.pass_ms(10_000);
    realm.join(1);
    realm.shut_down();
}

fn an_idle_device_rests(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    let player = realm.enter(1);
    realm.lab.pass_ms(2_000);
    let (turns, since) = (realm.lab.device.turns(), clock::now());
    realm.lab.pass_ms(50_000);
    let turns = realm.lab.device.turns() - turns;
    assert_eq!(clock::now().ms_since(since), 50_000);
    assert!(turns <= 20, "{turns} turns in 50 idle seconds");
    // And it hears at once when somebody speaks.
    for _ in 0..10 {
        let asked_at = clock::now();
        realm.answers(player);
        assert!(clock::now().ms_since(asked_at) < 2);
        realm.lab.pass_ms(1_000);
    }
    realm.shut_down();
}

/// Both ends find out by themselves, and the world takes the same players again afterwards.
fn a_cut_cable_is_noticed_on_both_ends(make: MakeLab<'_>) {
    let mut realm = Realm::new(make, SIZES, Faults::NONE, 0);
    let players: Vec<usize> = (1..=4).map(|uid| realm.enter(uid)).collect();
    realm.lab.hub.cut(DEVICE_PORT);
    // Longer than the world's patience, and than neighbours are remembered.
    realm.lab.pass_ms(400_000);
    let main = realm.lab.remote.listen(0);
    for peer in players.iter().chain([&realm.main]) {
        realm.lab.remote.reset(*peer);
    }
    realm.lab.pass_ms(100_000);
    realm.lab.hub.mend(DEVICE_PORT);
    realm.register(main);
    for uid in 11..=14 {
        realm.enter(uid);
    }
    realm.shut_down();
}

/// The world's own frames fit, a long event does not: whoever is owed it is closed, Main is not.
fn a_send_buffer_that_is_too_small_ends_its_peer_alone(make: MakeLab<'_>) {
    let sizes = Sizes { send_bytes: 128, ..SIZES };
    let mut realm = Realm::new(make, sizes, Faults::NONE, 0);
    let player = realm.enter(1);
    let told = realm.heard(realm.main);
    realm.say(player, 1);
    realm.hear_end(player);
    realm.hear(realm.main, told + 1);
    realm.enter(2);
    realm.shut_down();
}

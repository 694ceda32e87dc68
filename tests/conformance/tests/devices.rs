//! Whole realms on a device: a world on the poll driver and on the embassy driver, its Main and its
//! players on the other side of a network that loses, doubles and disorders packets, or is cut.
//!
//! Every test runs on both drivers. Randomness has a seed: `TINYREALM_NETWORK_SEED`.

use tinyrealm_conformance::clock;
use tinyrealm_conformance::device::{EmbassyDevice, PollDevice, Sizes};
use tinyrealm_conformance::hub::Faults;
use tinyrealm_conformance::lab::Lab;
use tinyrealm_conformance::nodes;
use tinyrealm_conformance::realm::{MakeLab, Realm, SIZES, seeds};
use tinyrealm_conformance::remote::Remote;
use tinyrealm_conformance::script::frame;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, RoomSnapshot};
use tinyrealm_core::protocol::{Direction, Position};

const MAIN_ADDRESS: &str = "10.0.0.2:7100";
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

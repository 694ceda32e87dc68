//! Clients that seal their links to a world with the key of their ticket, with somebody on the way.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::relay::{Fault, Relay, is_in};
use crate::support::{PATIENCE, Server};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{NetConnector, RealmDriver, RealmMemory};
use tinyrealm_core::node::client::{ClientConfig, ClientEvent, ClientHandler, WorldState};
use tinyrealm_core::protocol::{Bytes, ErrorCode};
use tinyrealm_std::client::{NetTcpConnector, NetWsConnector};
use tinyrealm_std::{Clock, OsEntropy};

const TALK: &[u8] = b"the cat is out of the bag by now";

/// Counts how often it has come in, and keeps what it heard last, and why it has lost its worlds.
#[derive(Default)]
struct Player {
    joined: usize,
    heard: Vec<u8>,
    lost: Vec<ErrorCode>,
}

impl ClientHandler for Player {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Joined(_) => self.joined += 1,
            ClientEvent::Said(said) => self.heard = said.data.as_slice().to_vec(),
            ClientEvent::WorldLost(reason) => self.lost.push(reason),
            ClientEvent::Stopped(reason) => assert_eq!(reason, ErrorCode::GOODBYE),
            _ => {}
        }
    }
}

/// A realm whose world is found behind a relay.
struct Realm {
    main: Server,
    relay: Relay,
    /// Until all else is over.
    _world: Server,
}

impl Realm {
    fn start(sealed_clients: u16) -> Self {
        let relay = Relay::start();
        let main = Server::main(&[]);
        let settings = [format!("world.advertise={}", relay.address), sealed(sealed_clients)];
        let settings: Vec<&str> = settings.iter().map(String::as_str).chain(TALKATIVE).collect();
        let world = Server::world(1, main.address, &settings);
        relay.lead_to(world.address);
        world.wait_until_registered(1);
        Self { main, relay, _world: world }
    }
}

fn sealed(clients: u16) -> String {
    format!("world.sealed_clients={clients}")
}

/// A link that is silent says something soon, so that what was held up or lost shows.
const TALKATIVE: [&str; 2] = ["net.ping_interval_ms=300", "net.idle_timeout_ms=3000"];

/// Ticks the client until this holds.
fn tick_until<C: NetConnector>(
    clock: Clock,
    driver: &mut RealmDriver<'_, Player, C>,
    what: &str,
    holds: impl Fn(&Player, WorldState) -> bool,
) {
    let started = Instant::now();
    while !tick(clock, driver, &holds) {
        assert!(started.elapsed() < PATIENCE, "{what}, but not in time");
        thread::sleep(Duration::from_millis(1));
    }
}

/// One tick; whether it holds behind it.
fn tick<C: NetConnector>(
    clock: Clock,
    driver: &mut RealmDriver<'_, Player, C>,
    holds: impl Fn(&Player, WorldState) -> bool,
) -> bool {
    driver.tick(&mut Turn { now: clock.now(), entropy: &mut OsEntropy });
    let role = driver.node().role();
    holds(role.handler(), role.machine().state().1)
}

/// Says something in its room, and waits until it comes back.
fn talk<C: NetConnector>(clock: Clock, driver: &mut RealmDriver<'_, Player, C>) {
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    let data = Bytes::new(TALK).unwrap();
    let said = driver.node_mut().act(&mut turn, |client, cx| client.say(cx, 1, data));
    said.expect("it is inside");
    tick_until(clock, driver, "it hears itself", |player, _| player.heard == TALK);
}

fn client<'m, C: NetConnector>(
    memory: &'m mut RealmMemory<C::Session>,
    main: &Server,
    network: (C, &'static str),
    clock: Clock,
) -> RealmDriver<'m, Player, C> {
    let address = main.address.to_string().as_str().try_into().unwrap();
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    let config =
        ClientConfig { reconnect_first_ms: 20, reconnect_most_ms: 100, ..ClientConfig::DEFAULT };
    memory.client(address, config, Player::default(), network, &mut turn)
}

fn nothing_is_readable<C: NetConnector>(network: (C, &'static str)) {
    let realm = Realm::start(4);
    let clock = Clock::start();
    let mut memory = RealmMemory::NEW;
    let mut driver = client(&mut memory, &realm.main, network, clock);
    tick_until(clock, &mut driver, "it comes in", |player, _| player.joined == 1);
    talk(clock, &mut driver);
    let tape = realm.relay.tape();
    assert!(tape.len() > 250, "{} bytes", tape.len());
    let uid = driver.node().role().machine().uid().unwrap().0;
    // As postcard has it: seven bits a byte.
    let uid: Vec<u8> = (0..8).map(|place| (uid >> (7 * place)) as u8 & 0x7F | 0x80).collect();
    for word in [&TALK[..8], &uid[..6]] {
        assert!(!is_in(&tape, word), "{word:02x?}");
    }
    drop(driver);
    drop(realm);
}

#[test]
fn nobody_on_the_way_reads_a_stream() {
    nothing_is_readable((NetTcpConnector::default(), "tcp"));
}

#[test]
fn nobody_on_the_way_reads_a_web_socket() {
    nothing_is_readable((NetWsConnector::default(), "ws"));
}

/// Each fault in the middle of the link, and in its handshake: nothing that was changed is taken, and the client comes
/// back by itself.
fn comes_back<C: NetConnector>(network: (C, &'static str)) {
    let realm = Realm::start(4);
    let clock = Clock::start();
    let mut memory = RealmMemory::NEW;
    let mut driver = client(&mut memory, &realm.main, network, clock);
    tick_until(clock, &mut driver, "it comes in", |player, _| player.joined == 1);
    for fault in Fault::ALL {
        let before = driver.node().role().handler().joined;
        realm.relay.commit(fault);
        tick_until(clock, &mut driver, "something is said", |_, _| realm.relay.has_committed());
        if fault != Fault::Delay {
            tick_until(clock, &mut driver, "it comes back", |player, state| {
                player.joined > before && state == WorldState::Inside
            });
        }
        driver.node_mut().act(
            &mut Turn { now: clock.now(), entropy: &mut OsEntropy },
            |client, _| {
                client.handler_mut().heard.clear();
            },
        );
        talk(clock, &mut driver);
    }
    // Whichever end has found it says so.
    let lost = &driver.node().role().handler().lost;
    assert!(lost.contains(&ErrorCode::BROKEN_SEAL), "{lost:?}");
    drop(driver);
    drop(realm);
}

#[test]
fn a_stream_that_was_meddled_with_comes_back() {
    comes_back((NetTcpConnector::default(), "tcp"));
}

#[test]
fn a_web_socket_that_was_meddled_with_comes_back() {
    comes_back((NetWsConnector::default(), "ws"));
}

/// Both sides of `world.sealed_clients`: the second one comes in when the first has gone.
#[test]
fn so_many_clients_may_seal_their_links() {
    let realm = Realm::start(1);
    let clock = Clock::start();
    let (mut first_memory, mut second_memory) = (RealmMemory::NEW, RealmMemory::NEW);
    let network = || (NetTcpConnector::default(), "tcp");
    let mut first = client(&mut first_memory, &realm.main, network(), clock);
    tick_until(clock, &mut first, "the first comes in", |player, _| player.joined == 1);
    let mut second = client(&mut second_memory, &realm.main, network(), clock);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        tick(clock, &mut first, |_, _| true);
        assert!(tick(clock, &mut second, |player, _| player.joined == 0), "there is one place");
    }
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    first.node_mut().act(&mut turn, |client, cx| client.stop(cx));
    tick_until(clock, &mut first, "the first is outside", |_, state| state == WorldState::Outside);
    tick_until(clock, &mut second, "the second comes in", |player, _| player.joined == 1);
    drop((first, second));
    drop(realm);
}

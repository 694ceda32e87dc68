//! Whole clients by TLS through a real Main, in a real world that has no TLS, with somebody between the two.

use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{NetConnector, RealmDriver, RealmMemory, UrlError};
use tinyrealm_core::node::client::{ClientConfig, ClientEvent, ClientHandler, WorldState};
use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::protocol::listener_to_client::SecureClientAnswer;
use tinyrealm_core::protocol::{Bytes, ErrorCode};
use tinyrealm_std::client::{NetWsClient, NetWsConnector, Trust};
use tinyrealm_std::{Clock, OsEntropy};

use crate::certificates::Certificates;
use crate::support::relay::{Relay, is_in};
use crate::support::{PATIENCE, Server};

const TALK: &[u8] = b"the cat is out of the bag by now";
/// A link that is silent says something soon, so that what was lost shows.
const TALKATIVE: [&str; 2] = ["net.ping_interval_ms=300", "net.idle_timeout_ms=3000"];

#[derive(Default)]
struct Player {
    joined: usize,
    heard: Vec<u8>,
}

impl ClientHandler for Player {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Joined(_) => self.joined += 1,
            ClientEvent::Said(said) => self.heard = said.data.as_slice().to_vec(),
            ClientEvent::Stopped(reason) => assert_eq!(reason, ErrorCode::GOODBYE),
            _ => {}
        }
    }
}

/// Goes to worlds in clear as a page by `https:` has to: through its Main.
struct ThroughMain {
    inner: NetWsConnector,
    main: String,
}

impl NetConnector for ThroughMain {
    type Session = NetWsClient;

    fn create_session(&self, url: &str) -> Result<NetWsClient, UrlError> {
        match url.strip_prefix("ws://") {
            Some(place) => self.inner.create_session(&format!("{}/world/{place}", self.main)),
            None => self.inner.create_session(url),
        }
    }
}

struct Playing<'m> {
    clock: Clock,
    driver: RealmDriver<'m, Player, ThroughMain>,
}

impl<'m> Playing<'m> {
    fn start(
        memory: &'m mut RealmMemory<NetWsClient>,
        certificates: &Certificates,
        main: &Server,
    ) -> Self {
        let trust = Trust::pinned(certificates.authority().as_bytes()).unwrap();
        let url = format!("wss://localhost:{}", main.address.port());
        let inner = NetWsConnector { trust, ..NetWsConnector::default() };
        let network = ThroughMain { inner, main: url.clone() };
        let clock = Clock::start();
        let config = ClientConfig {
            reconnect_first_ms: 20,
            reconnect_most_ms: 100,
            ..ClientConfig::DEFAULT
        };
        let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
        let address = url.as_str().try_into().unwrap();
        let network = (network, "wss");
        Self {
            clock,
            driver: memory.client(address, config, Player::default(), network, &mut turn),
        }
    }

    fn player(&self) -> &Player {
        self.driver.node().role().handler()
    }

    #[track_caller]
    fn until(&mut self, what: &str, holds: impl Fn(&Player, WorldState) -> bool) {
        let started = Instant::now();
        while !holds(self.player(), self.driver.node().role().machine().state().1) {
            assert!(started.elapsed() < PATIENCE, "{what}, but not in time");
            self.driver.tick(&mut Turn { now: self.clock.now(), entropy: &mut OsEntropy });
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Comes in, says something in its room, and waits until it comes back.
    #[track_caller]
    fn play(&mut self, times: usize) {
        self.until("it comes in", |player, state| {
            player.joined >= times && state == WorldState::Inside
        });
        let mut turn = Turn { now: self.clock.now(), entropy: &mut OsEntropy };
        let data = Bytes::new(TALK).unwrap();
        let said = self.driver.node_mut().act(&mut turn, |client, cx| {
            client.handler_mut().heard.clear();
            client.say(cx, 1, data)
        });
        said.expect("it is inside");
        self.until("it hears itself", |player, _| player.heard == TALK);
    }
}

fn world_behind(relay: &Relay, main: &Server) -> Server {
    let advertise = format!("world.advertise=ws://{}", relay.address);
    let settings = [&[advertise.as_str(), "world.sealed_clients=4"], &TALKATIVE[..]].concat();
    let world = Server::world(1, main.address, &settings);
    world.wait_until_registered(1);
    world
}

#[test]
fn a_client_plays_through_main_and_nobody_behind_it_reads_a_word() {
    let certificates = Certificates::make("relay-playing");
    let [certificate, key] = certificates.settings();
    let mut main = Server::main(&[&certificate, &key]);
    let relay = Relay::start();
    let mut world = world_behind(&relay, &main);
    relay.lead_to(world.address);
    let mut memory = RealmMemory::NEW;
    let mut playing = Playing::start(&mut memory, &certificates, &main);
    playing.play(1);
    let tape = relay.tape();
    let opcode = |opcode: i32| opcode.to_le_bytes();
    assert!(tape.len() > 250, "{} bytes", tape.len());
    assert!(is_in(&tape, &opcode(SecureClientAnswer::OPCODE.0)));
    assert!(!is_in(&tape, &TALK[..8]) && !is_in(&unmasked(&tape), &TALK[..8]));
    assert!(is_in(&unmasked(&tape), &opcode(SecureClient::OPCODE.0)));
    main.wait_until_reported(&[("relay.connections", 1), ("relay.passed", 1)]);
    // The world goes and comes back, and so does the player.
    let before = playing.player().joined;
    world.restart_after(Duration::ZERO);
    playing.play(before + 1);
    // And with Main, whose connections all of it are.
    let before = playing.player().joined;
    main.restart_after(Duration::ZERO);
    playing.play(before + 1);
    drop(playing);
    drop(world);
}

/// What was said, each frame of the client's without its mask: whatever begins like one is taken for one.
fn unmasked(tape: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for start in 0..tape.len() {
        let [0x82, second, rest @ ..] = &tape[start..] else { continue };
        let extra = if *second == 0xFE { 2 } else { 0 };
        let (true, Some(rest)) = (*second & 0x80 != 0, rest.get(extra..)) else { continue };
        let Some((mask, payload)) = rest.split_first_chunk::<4>() else { continue };
        let bytes = payload.iter().zip(mask.iter().cycle()).take(200);
        all.extend(bytes.map(|(byte, mask)| byte ^ mask));
    }
    all
}

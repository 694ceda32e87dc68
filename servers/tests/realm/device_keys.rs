//! Devices with keys in place of passwords, among real servers: let in, turned away, repeated by somebody on the way.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::login::{Accounts, CHEAP, main_of};
use crate::support::relay::{Fault, Relay, is_in};
use crate::support::{Finished, Heard, PATIENCE, Peer, Server, Stream};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{RealmDriver, RealmMemory};
use tinyrealm_core::node::client::{
    ClientConfig, ClientEvent, ClientHandler, MainState, WorldState,
};
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::listener_to_client::SecureClientAnswer;
use tinyrealm_core::protocol::{ErrorCode, Uid};
use tinyrealm_std::client::{NetTcpClient, NetTcpConnector};
use tinyrealm_std::{Clock, OsEntropy};

/// A link that is silent says something soon, so that what was held up or lost shows.
const TALKATIVE: [&str; 2] = ["net.ping_interval_ms=300", "net.idle_timeout_ms=3000"];
/// Length, opcode, versions, kind, id and message.
const SECURE_CLIENT_BYTES: usize = 2 + 4 + 2 + 1 + 8 + 52;

/// Why a device was turned away, or let go.
#[derive(Default)]
struct Board {
    welcomes: usize,
    refusals: Vec<ErrorCode>,
    lost: Vec<ErrorCode>,
}

impl ClientHandler for Board {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Welcome(_) => self.welcomes += 1,
            ClientEvent::Refused { code, .. } => self.refusals.push(code),
            ClientEvent::MainLost(code) => self.lost.push(code),
            ClientEvent::Stopped(code) => assert_eq!(code, ErrorCode::GOODBYE),
            _ => {}
        }
    }
}

/// A device, driven by hand.
struct Device<'m> {
    clock: Clock,
    driver: RealmDriver<'m, Board, NetTcpConnector>,
}

impl<'m> Device<'m> {
    fn start(memory: &'m mut RealmMemory<NetTcpClient>, main: &str, key: DeviceKey) -> Self {
        let clock = Clock::start();
        let config = ClientConfig {
            reconnect_first_ms: 20,
            reconnect_most_ms: 100,
            device_key: Some(key),
            ..ClientConfig::DEFAULT
        };
        let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
        let network = (NetTcpConnector::default(), "tcp");
        let address = main.try_into().unwrap();
        let driver = memory.client(address, config, Board::default(), network, &mut turn);
        Self { clock, driver }
    }

    fn board(&self) -> &Board {
        self.driver.node().role().handler()
    }

    fn state(&self) -> (MainState, WorldState) {
        self.driver.node().role().machine().state()
    }

    #[track_caller]
    fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(started.elapsed() < PATIENCE, "{what}, but not in time");
            self.driver.tick(&mut Turn { now: self.clock.now(), entropy: &mut OsEntropy });
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[track_caller]
    fn wait_until_inside(&mut self) {
        self.wait_until("it comes in", |device| device.state().1 == WorldState::Inside);
    }

    #[track_caller]
    fn wait_until_refused(&mut self, code: ErrorCode) {
        let what = format!("it is refused with {}", code.name());
        self.wait_until(&what, |device| device.board().refusals.contains(&code));
    }
}

/// The key that a command has printed.
#[track_caller]
fn printed(finished: &Finished) -> DeviceKey {
    let lines = finished.lines(Stream::Stdout);
    let line = lines.last().unwrap();
    let digits = line.strip_prefix("device_key = \"").unwrap().strip_suffix('"').unwrap();
    DeviceKey::from_hex(digits).unwrap()
}

fn hex(key: &DeviceKey) -> String {
    key.key_id().0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A realm with one account, of a device.
struct Realm {
    accounts: Accounts,
    login: Server,
    main: Server,
    _world: Server,
    uid: Uid,
    key: DeviceKey,
}

impl Realm {
    fn start(name: &str) -> Self {
        let accounts = Accounts::new(name);
        let made = accounts.user(&["add", "board", "--device-key"], "");
        let uid = made.lines(Stream::Stdout)[0].rsplit_once(' ').unwrap().1.parse().unwrap();
        let key = printed(&made);
        let login = accounts.login(&CHEAP);
        let quick = ["main.reconnect_first_ms=50", "main.reconnect_most_ms=200"];
        let main = main_of(&login, &[&quick[..], &TALKATIVE].concat());
        let world = Server::world(1, main.address, &[]);
        world.wait_until_registered(1);
        Self { accounts, login, main, _world: world, uid: Uid(uid), key }
    }

    fn device<'m>(&self, memory: &'m mut RealmMemory<NetTcpClient>, key: &DeviceKey) -> Device<'m> {
        Device::start(memory, &self.main.address.to_string(), key.clone())
    }
}

#[test]
fn a_device_comes_in_by_its_key_and_who_repeats_it_does_not() {
    let realm = Realm::start("device-in");
    let relay = Relay::start();
    relay.lead_to(realm.main.address);
    let mut memory = RealmMemory::NEW;
    let mut device = Device::start(&mut memory, &relay.address.to_string(), realm.key.clone());
    device.wait_until_inside();
    assert_eq!(device.driver.node().role().machine().uid(), Some(realm.uid));
    let tape = relay.tape();
    let token = realm.key.token();
    for word in [&token.0[..8], &realm.key.seal_key().0[..8], b"127.0.0.1"] {
        assert!(!is_in(&tape, word), "{word:02x?}");
    }
    // Somebody who has recorded it.
    let mut thief = Peer::connect(realm.main.address);
    thief.send_bytes(&tape[..SECURE_CLIENT_BYTES]);
    assert_eq!(thief.hear(PATIENCE), Heard::Frame(SecureClientAnswer::OPCODE.0));
    thief.send_bytes(&tape[SECURE_CLIENT_BYTES..]);
    while !matches!(thief.hear(PATIENCE), Heard::Closed { .. }) {}
    let listed = realm.accounts.user(&["device-keys", "board"], "");
    let line = &listed.lines(Stream::Stdout)[1];
    assert!(line.starts_with(&hex(&realm.key)) && !line.ends_with("never"), "{line}");
    drop(device);
    realm.main.stop().expect(&[("hellos", 1)]);
}

/// Each fault in the handshake and behind it: nothing that was changed is taken, and the device comes back by itself.
#[test]
fn a_device_comes_back_whatever_is_done_on_its_way() {
    let realm = Realm::start("device-relay");
    for fault in [Fault::Change, Fault::Repeat, Fault::Cut] {
        let relay = Relay::start();
        relay.lead_to(realm.main.address);
        relay.commit(fault);
        let mut memory = RealmMemory::NEW;
        let mut device = Device::start(&mut memory, &relay.address.to_string(), realm.key.clone());
        device.wait_until_inside();
        assert!(relay.has_committed(), "{fault:?}");
        let welcomes = device.board().welcomes;
        relay.commit(fault);
        device.wait_until("it is welcomed again", |device| device.board().welcomes > welcomes);
        device.wait_until_inside();
    }
}

#[test]
fn a_key_that_nobody_has_or_that_was_taken_away_lets_nobody_in() {
    let realm = Realm::start("device-removed");
    let mut memory = RealmMemory::NEW;
    let mut stranger = realm.device(&mut memory, &DeviceKey::new([9; 32]));
    stranger.wait_until_refused(ErrorCode::BAD_PROOF);
    assert_eq!(stranger.board().welcomes, 0);
    // Keys are exchanged while the device is in the realm: with the newer one it comes again.
    let next = printed(&realm.accounts.user(&["add-device-key", "board"], ""));
    let (mut first, mut second) = (RealmMemory::NEW, RealmMemory::NEW);
    let mut device = realm.device(&mut first, &realm.key);
    device.wait_until_inside();
    realm.accounts.user(&["remove-device-key", "board", &hex(&realm.key)], "");
    device.wait_until("it is let go", |device| device.board().lost.contains(&ErrorCode::REVOKED));
    device.wait_until_refused(ErrorCode::BAD_PROOF);
    let mut newer = realm.device(&mut second, &next);
    newer.wait_until_inside();
    assert_eq!(newer.driver.node().role().machine().uid(), Some(realm.uid));
    realm.accounts.user(&["disable", "board"], "");
    newer.wait_until_refused(ErrorCode::BAD_PROOF);
    realm.accounts.user(&["enable", "board"], "");
    newer.wait_until_inside();
}

#[test]
fn without_login_a_device_waits_and_comes_in_when_it_is_back() {
    let realm = Realm::start("device-login");
    let (address, mut memory) = (realm.login.address, RealmMemory::NEW);
    realm.login.stop();
    realm.main.process.wait_until_said(Stream::Stderr, "lost Login", 1);
    let main = realm.main.address.to_string();
    let mut device = Device::start(&mut memory, &main, realm.key.clone());
    device.wait_until_refused(ErrorCode::LOGIN_UNAVAILABLE);
    let login = realm.accounts.login_at(address, &CHEAP);
    device.wait_until_inside();
    drop(device);
    login.stop().expect(&[("attempts", 0), ("hashes", 0)]);
}

#[test]
fn a_realm_of_guests_says_that_it_has_no_devices() {
    let main = Server::main(&[]);
    let mut memory = RealmMemory::NEW;
    let key = DeviceKey::new([9; 32]);
    let mut device = Device::start(&mut memory, &main.address.to_string(), key);
    device.wait_until_refused(ErrorCode::NO_ACCOUNTS);
}

#[test]
fn a_main_that_takes_no_devices_does_not_know_their_words() {
    let realm = Realm::start("device-none");
    let address = format!("main.login={}", realm.login.address);
    let main = Server::main(&["main.auth=login", &address, "main.devices=0"]);
    let mut memory = RealmMemory::NEW;
    let mut device = Device::start(&mut memory, &main.address.to_string(), realm.key.clone());
    device.wait_until_refused(ErrorCode::NOT_UNDERSTOOD);
    drop(device);
}

//! The realm's client on the client runtime: real servers, no tokio on the client's side, one tick.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::login::{Accounts, CHEAP, main_of};
use crate::support::{PATIENCE, Server, Stream};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{NetConnector, RealmDriver, RealmMemory};
use tinyrealm_core::node::client::{
    ChatEvent, ClientConfig, ClientEvent, ClientHandler, Credentials,
};
use tinyrealm_core::protocol::{Direction, ErrorCode, Position, Text, Uid, Wish};
use tinyrealm_std::client::NetTcpConnector;
use tinyrealm_std::{Clock, OsEntropy};

const PASSWORD: &str = "correct horse";

/// Somebody with an account, who notes what happens.
struct Player {
    login_address: String,
    id: &'static str,
    notes: Vec<String>,
}

impl ClientHandler for Player {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.notes.push(match event {
            ClientEvent::Joined(joined) => format!("joined room {}", joined.room_id.0),
            ClientEvent::Moved(moved) => format!("the other at {}", moved.pos.x),
            ClientEvent::Chat(ChatEvent::Joined(_)) => "in the channel".to_owned(),
            ClientEvent::Chat(ChatEvent::Said(said)) => {
                format!("{} says {}", said.uid.0, said.msg.as_str())
            }
            ClientEvent::WorldLost(ErrorCode(code)) => format!("world lost: {code}"),
            ClientEvent::MainLost(ErrorCode(code)) => format!("Main lost: {code}"),
            ClientEvent::EnterRefused(code) => format!("refused: {}", code.name()),
            ClientEvent::Stopped(reason) => format!("stopped: {}", reason.name()),
            _ => return,
        });
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        Credentials {
            login_address: &self.login_address,
            id: self.id,
            password: PASSWORD,
            device: None,
        }
    }
}

type Driver<'a> = RealmDriver<'a, Player, NetTcpConnector>;
type Memory = RealmMemory<<NetTcpConnector as NetConnector>::Session>;

/// The clients of this test, on one thread.
struct Players<'a> {
    clock: Clock,
    drivers: Vec<Driver<'a>>,
}

impl Players<'_> {
    fn tick_until(&mut self, what: &str, holds: impl Fn(&[Driver<'_>]) -> bool) {
        let started = Instant::now();
        while !holds(&self.drivers) {
            let notes: Vec<_> =
                self.drivers.iter().map(|driver| &driver.node().role().handler().notes).collect();
            assert!(started.elapsed() < PATIENCE, "{what}, but not in time: {notes:?}");
            for driver in &mut self.drivers {
                driver.tick(&mut Turn { now: self.clock.now(), entropy: &mut OsEntropy });
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn uid(&self, index: usize) -> Uid {
        self.drivers[index].node().role().machine().uid().expect("Main knows it")
    }

    /// Waits until each of them has noted what `note` makes of nothing but the test's knowledge.
    fn tick_until_noted(&mut self, index: usize, note: &str) {
        self.tick_until(note, |drivers| has_noted(&drivers[index], note));
    }
}

fn has_noted(driver: &Driver<'_>, note: &str) -> bool {
    driver.node().role().handler().notes.iter().any(|noted| noted == note)
}

/// A client that looks for Main.
fn driver<'m>(
    memory: &'m mut Memory,
    main: &Server,
    clock: Clock,
    config: ClientConfig,
    player: Player,
) -> Driver<'m> {
    let main_address = main.address.to_string().as_str().try_into().unwrap();
    let network = (NetTcpConnector::default(), "tcp");
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    memory.client(main_address, config, player, network, &mut turn)
}

#[test]
fn whoever_has_a_wrong_secret_asks_once_and_stops() {
    let main = Server::main(&["main.registry_settle_ms=0"]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let clock = Clock::start();
    let mut memories = [Memory::NEW, Memory::NEW];
    let mut players = Players { clock, drivers: Vec::new() };
    for (memory, secret) in memories.iter_mut().zip(["sesame", "Sesame"]) {
        let secret = Text::new(secret).unwrap();
        let wish = Wish { secret, ..Wish::named_or_new(Text::new("den").unwrap()) };
        let config = ClientConfig {
            wish: wish.into(),
            reconnect_first_ms: 1,
            reconnect_most_ms: 1,
            ..ClientConfig::DEFAULT
        };
        let player = Player { login_address: String::new(), id: "", notes: Vec::new() };
        players.drivers.push(driver(memory, &main, clock, config, player));
        // The room is the first one's.
        players.tick_until_noted(0, "joined room 0");
    }
    players.tick_until_noted(1, "stopped: WRONG_SECRET");
    players.tick_until("it has gone", |drivers| drivers[1].node().sessions().is_empty());
    let notes = &players.drivers[1].node().role().handler().notes;
    assert_eq!(notes[..], ["refused: WRONG_SECRET", "stopped: WRONG_SECRET"]);
    assert!(has_noted(&players.drivers[0], "joined room 0"));
    drop(players);
    world.stop().expect(&[("joined", 1), ("net.violations", 0)]);
    main.stop().expect(&[("hellos", 2), ("net.violations", 0)]);
}

#[test]
fn two_clients_log_in_play_and_chat_with_one_tick_each() {
    let accounts = Accounts::new("client-runtime");
    accounts.user(&["add", "alice"], PASSWORD);
    accounts.user(&["add", "bob"], PASSWORD);
    let login = accounts.login(&CHEAP);
    let chat = Server::chat(&[]);
    let main = main_of(&login, &[&format!("main.chat={}", chat.address)]);
    main.process.wait_until_said(Stream::Stderr, "the chat server has", 1);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);

    let clock = Clock::start();
    let mut memories = [Memory::NEW, Memory::NEW];
    let config = ClientConfig { has_account: true, ..ClientConfig::DEFAULT };
    let drivers = memories.iter_mut().zip(["alice", "bob"]).map(|(memory, id)| {
        let player = Player { login_address: login.address.to_string(), id, notes: Vec::new() };
        driver(memory, &main, clock, config.clone(), player)
    });
    let drivers = drivers.collect();
    let mut players = Players { clock, drivers };
    players.tick_until("both are in a room", |drivers| {
        drivers.iter().all(|driver| has_noted(driver, "joined room 0"))
    });
    walk_and_talk(&mut players);

    for driver in &mut players.drivers {
        let now = clock.now();
        driver.node_mut().handle_shutdown(&mut Turn { now, entropy: &mut OsEntropy });
    }
    players.tick_until("both have left", |drivers| {
        drivers.iter().all(|driver| driver.node().is_finished())
    });
    world.stop().expect(&[("joined", 2), ("left", 2), ("net.violations", 0), ("net.silent", 0)]);
    main.stop().expect(&[("hellos", 2), ("net.violations", 0), ("net.unknown_opcodes", 0)]);
    login.stop().expect(&[("granted", 2), ("net.violations", 0)]);
    chat.stop();
}

/// The first one walks and says something, and both hear of it.
fn walk_and_talk(players: &mut Players<'_>) {
    let clock = players.clock;
    let alice = players.uid(0);
    let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
    let position = Position { x: 1_234, y: 0, z: 0 };
    let moved = players.drivers[0]
        .node_mut()
        .act(&mut turn, |client, cx| client.move_to(cx, position, Direction(0)));
    moved.unwrap();
    players.tick_until_noted(1, "the other at 1234");

    let lobby = || Text::new("lobby").unwrap();
    for driver in &mut players.drivers {
        let join = driver.node_mut().act(&mut turn, |client, cx| client.join_channel(cx, lobby()));
        join.unwrap();
    }
    players.tick_until("both are in the channel", |drivers| {
        drivers.iter().all(|driver| has_noted(driver, "in the channel"))
    });
    let said = players.drivers[0].node_mut().act(&mut turn, |client, cx| {
        client.say_in_channel(cx, lobby(), Text::new("hello").unwrap())
    });
    said.unwrap();
    let hello = format!("{} says hello", alice.0);
    players.tick_until_noted(1, &hello);
    players.tick_until_noted(0, &hello);
}

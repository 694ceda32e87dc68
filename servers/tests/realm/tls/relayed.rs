//! Somebody between players and their servers by TLS: who reads, changes, repeats, reorders, delays and cuts what they say.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{NetConnector, RealmDriver, RealmMemory};
use tinyrealm_core::node::client::{
    ChatEvent, ClientConfig, ClientEvent, ClientHandler, Credentials,
};
use tinyrealm_core::protocol::{Bytes, Text};
use tinyrealm_std::client::{AnyConnector, NetOptions, Trust};
use tinyrealm_std::{Clock, OsEntropy};

use crate::certificates::Certificates;
use crate::support::channel::{LOBBY, name, wait_until_found};
use crate::support::login::{Accounts, CHEAP};
use crate::support::relay::{Fault, Relay, is_in};
use crate::support::{PATIENCE, Process, Report, ScratchFile, Server, Stream};

const ID: &str = "lady-of-the-lake";
const PASSWORD: &str = "a sentence of eight words is a password";
const NICKNAME: &str = "Nimue of Avalon";
const TALK: &str = "the sword is in the stone";
const BOTS: [&str; 3] = ["gawain", "kay-the-seneschal", "percival"];
const SCHEMES: [&str; 2] = ["tls", "wss"];

/// A server that waits in vain for the rest of something notices it soon.
const TALKATIVE: [&str; 2] = ["net.ping_interval_ms=300", "net.idle_timeout_ms=3000"];

const TO_LOGIN: usize = 0;
const TO_MAIN: usize = 1;
const TO_WORLD: usize = 2;

/// A realm whose players have a relay on the way to each server.
struct Realm {
    scheme: &'static str,
    certificates: Certificates,
    accounts: Accounts,
    login: Server,
    _chat: Server,
    main: Server,
    world: Server,
    relays: [Relay; 3],
}

impl Realm {
    fn start(name: &str, scheme: &'static str) -> Self {
        let name = format!("relayed-{name}-{scheme}");
        let certificates = Certificates::make(&format!("{name}-tls"));
        let accounts = Accounts::new(&name);
        accounts.user(&["add", ID], PASSWORD);
        let tls = certificates.settings();
        let common: Vec<&str> = tls.iter().map(String::as_str).chain(TALKATIVE).collect();
        let relays = [(); 3].map(|()| Relay::start());
        let login = accounts.login(&[&common[..], &CHEAP].concat());
        let chat = Server::chat(&[]);
        let to_chat = format!("main.chat={}", chat.address);
        let to_login = format!("main.login={}", login.address);
        let main = Server::main(&[&common[..], &["main.auth=login", &to_login, &to_chat]].concat());
        main.process.wait_until_said(Stream::Stderr, "connected to Login", 1);
        wait_until_found(&main, 1);
        let advertise = format!("world.advertise=localhost:{}", relays[TO_WORLD].address.port());
        let world = Server::world(1, main.address, &[&common[..], &[&advertise]].concat());
        world.wait_until_registered(1);
        for (relay, server) in relays.iter().zip([&login, &main, &world]) {
            relay.lead_to(server.address);
        }
        Self { scheme, certificates, accounts, login, _chat: chat, main, world, relays }
    }

    fn at(&self, place: usize) -> String {
        format!("localhost:{}", self.relays[place].address.port())
    }

    fn player<'m>(&self, memory: &'m mut Memory) -> Player<'m> {
        let trust = Trust::pinned(self.certificates.authority().as_bytes()).unwrap();
        let mut connector = AnyConnector::default();
        // Who hears half of a greeting does not wait long for the rest.
        let options = NetOptions { connect_timeout_ms: 1_000, ..NetOptions::DEFAULT };
        (connector.tcp.options, connector.ws.options) = (options.clone(), options);
        (connector.tcp.trust, connector.ws.trust) = (trust.clone(), trust);
        let config = ClientConfig {
            has_account: true,
            nickname: NICKNAME.try_into().unwrap(),
            is_by_tls: SCHEMES.contains(&self.scheme),
            reconnect_first_ms: 20,
            reconnect_most_ms: 200,
            ..ClientConfig::DEFAULT
        };
        let notes = Notes { login_address: self.at(TO_LOGIN), ..Notes::default() };
        let clock = Clock::start();
        let mut turn = Turn { now: clock.now(), entropy: &mut OsEntropy };
        let main = self.at(TO_MAIN).as_str().try_into().unwrap();
        let network = (connector, self.scheme);
        let driver = memory.client(main, config, notes, network, &mut turn);
        Player { clock, driver, said: 0 }
    }

    /// Everybody has ended, and no server has heard anything that nobody said.
    fn stop(self) {
        for server in [self.world, self.main, self.login] {
            server.stop().expect(&[("net.violations", 0), ("net.unknown_opcodes", 0)]);
        }
    }
}

type Memory = RealmMemory<<AnyConnector as NetConnector>::Session>;

/// What a player has heard.
#[derive(Default)]
struct Notes {
    login_address: String,
    is_in_room: bool,
    is_in_channel: bool,
    /// Losses of Login, Main and the world.
    losses: [usize; 3],
    in_room: BTreeSet<String>,
    in_channel: BTreeSet<String>,
}

impl ClientHandler for Notes {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::Joined(_) => self.is_in_room = true,
            ClientEvent::LoginLost(_) => self.losses[TO_LOGIN] += 1,
            ClientEvent::MainLost(_) => {
                self.losses[TO_MAIN] += 1;
                self.is_in_channel = false;
            }
            ClientEvent::WorldLost(_) => {
                self.losses[TO_WORLD] += 1;
                self.is_in_room = false;
            }
            ClientEvent::Said(said) => {
                self.in_room.insert(String::from_utf8(said.data.as_slice().to_vec()).unwrap());
            }
            ClientEvent::Chat(ChatEvent::Joined(_)) => self.is_in_channel = true,
            ClientEvent::Chat(ChatEvent::Said(said)) => {
                self.in_channel.insert(said.msg.as_str().to_owned());
            }
            ClientEvent::Stopped(reason) => panic!("stopped for good: {}", reason.name()),
            _ => {}
        }
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        let login_address = &self.login_address;
        Credentials { login_address, id: ID, password: PASSWORD, device: None }
    }
}

/// Somebody with an account, who talks.
struct Player<'m> {
    clock: Clock,
    driver: RealmDriver<'m, Notes, AnyConnector>,
    /// How many texts.
    said: usize,
}

impl Player<'_> {
    fn notes(&self) -> &Notes {
        self.driver.node().role().handler()
    }

    fn tick(&mut self) {
        self.driver.tick(&mut Turn { now: self.clock.now(), entropy: &mut OsEntropy });
        thread::sleep(Duration::from_millis(1));
    }

    /// Says the next text in its room and in the channel, where it is, and hears what comes for a while.
    fn talk(&mut self) -> String {
        self.said += 1;
        let text = format!("{TALK}, {}", self.said);
        let (is_in_room, is_in_channel) = (self.notes().is_in_room, self.notes().is_in_channel);
        let mut turn = Turn { now: self.clock.now(), entropy: &mut OsEntropy };
        // What can't be said is said the next time: it comes out by what is heard.
        self.driver.node_mut().act(&mut turn, |client, cx| {
            if is_in_room {
                let _ = client.say(cx, 5, Bytes::new(text.as_bytes()).unwrap());
            }
            let _ = match is_in_channel {
                true => client.say_in_channel(cx, name(LOBBY), Text::new(&text).unwrap()).map(drop),
                false => client.join_channel(cx, name(LOBBY)),
            };
        });
        (0..50).for_each(|_| self.tick());
        text
    }

    /// Talks until this holds of it.
    #[track_caller]
    fn talk_until(&mut self, what: &str, mut holds: impl FnMut(&Notes, &str) -> bool) {
        let began = Instant::now();
        loop {
            let text = self.talk();
            if holds(self.notes(), &text) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{what}, but not in time");
        }
    }

    /// Until it hears itself everywhere.
    #[track_caller]
    fn talk_until_heard(&mut self, what: &str) {
        self.talk_until(what, |notes, text| {
            notes.in_room.contains(text) && notes.in_channel.contains(text)
        });
    }

    /// Whatever it has heard, it has said.
    fn expect_true_words(&self) {
        let said: BTreeSet<String> = (1..=self.said).map(|n| format!("{TALK}, {n}")).collect();
        assert!(self.notes().in_room.is_subset(&said), "{:?}", self.notes().in_room);
        assert!(self.notes().in_channel.is_subset(&said), "{:?}", self.notes().in_channel);
    }

    /// What nobody else may read.
    fn words(&self) -> Vec<Vec<u8>> {
        let token = self.driver.node().role().token().expect("Login has given it");
        let words = [ID, PASSWORD, NICKNAME, TALK, LOBBY].map(|word| word.as_bytes().to_vec());
        words.into_iter().chain([token.0.to_vec()]).collect()
    }
}

/// Which of these words somebody has read on any link.
fn read_by<'w>(tapes: &[Vec<u8>], words: &'w [Vec<u8>]) -> Vec<&'w Vec<u8>> {
    words.iter().filter(|word| tapes.iter().any(|tape| is_in(tape, word))).collect()
}

#[test]
fn nothing_that_players_say_is_readable_on_the_way() {
    for scheme in SCHEMES {
        let realm = Realm::start("read", scheme);
        let mut memory = Memory::NEW;
        let mut player = realm.player(&mut memory);
        player.talk_until_heard("it is in");
        let tapes = realm.relays.each_ref().map(Relay::tape);
        assert!(tapes.iter().all(|tape| tape.len() > 500));
        let mut words = player.words();
        words.push(realm.at(TO_WORLD).into_bytes());
        assert!(read_by(&tapes, &words).is_empty(), "{:?}", read_by(&tapes, &words));
        drop(player);
        realm.stop();
    }
}

/// Where nothing is sealed the same search finds everything.
#[test]
fn in_clear_everything_is_readable() {
    let realm = Realm::start("clear", "tcp");
    let mut memory = Memory::NEW;
    let mut player = realm.player(&mut memory);
    player.talk_until_heard("it is in");
    let tapes = realm.relays.each_ref().map(Relay::tape);
    let words = player.words();
    assert_eq!(read_by(&tapes, &words).len(), words.len());
    drop(player);
    realm.stop();
}

/// Each fault, in the middle of a link: whoever hears it lets the link go, and the player comes back by itself.
#[test]
fn nothing_that_was_changed_is_taken_and_players_come_back() {
    for scheme in SCHEMES {
        let realm = Realm::start("change", scheme);
        let mut memory = Memory::NEW;
        let mut player = realm.player(&mut memory);
        player.talk_until_heard("it is in");
        for place in [TO_MAIN, TO_WORLD] {
            for fault in Fault::ALL {
                let what = format!("{scheme}, link {place}, {fault:?}");
                let losses = player.notes().losses[place] + usize::from(fault != Fault::Delay);
                realm.relays[place].commit(fault);
                let relay = &realm.relays[place];
                player.talk_until(&what, |notes, _| {
                    relay.has_committed() && notes.losses[place] >= losses
                });
                player.talk_until_heard(&what);
            }
        }
        player.expect_true_words();
        drop(player);
        realm.stop();
    }
}

/// The same with the first bytes of each link, that to Login too.
#[test]
fn a_greeting_that_was_changed_is_tried_again() {
    for scheme in SCHEMES {
        let realm = Realm::start("greet", scheme);
        for fault in Fault::ALL {
            realm.relays.iter().for_each(|relay| relay.commit(fault));
            let mut memory = Memory::NEW;
            let mut player = realm.player(&mut memory);
            player.talk_until_heard(&format!("{scheme}, {fault:?}"));
            assert!(realm.relays.iter().all(Relay::has_committed), "{fault:?}");
            if fault != Fault::Delay {
                assert!(player.notes().losses[TO_LOGIN] > 0, "{fault:?} of {scheme}");
            }
            player.expect_true_words();
        }
        realm.stop();
    }
}

/// Bots lose their links when all of them are in, and have them back at the end.
#[test]
fn bots_come_back_too() {
    for scheme in SCHEMES {
        let realm = Realm::start("bots", scheme);
        let [main, login] =
            [TO_MAIN, TO_LOGIN].map(|place| format!("{scheme}://{}", realm.at(place)));
        let file = BOTS.map(|id| format!("{id} {PASSWORD}\n")).concat();
        let file = ScratchFile::with(&format!("relayed-bots-{scheme}.txt"), &file);
        for id in BOTS {
            realm.accounts.user(&["add", id], PASSWORD);
        }
        let trust = realm.certificates.path("authority.pem");
        let places = ["bots", "--main", &main, "--login", &login, "--trust", &trust];
        let plan = ["--count", "3", "--seconds", "3", "--hz", "20", "--chat-hz", "5", "--json"];
        let who = ["--accounts", file.path(), "--through-restarts"];
        let bots = Process::start(&[&places[..], &plan, &who].concat());
        realm.world.wait_until_reported(&[("users", 3)]);
        let relays = &realm.relays[TO_MAIN..];
        relays.iter().for_each(|relay| relay.commit(Fault::Change));
        let finished = bots.finish(Duration::from_secs(60));
        assert!(relays.iter().all(Relay::has_committed));
        // What was on its way on a broken link is lost; what is heard is true.
        let report = Report::parse("bots", finished.lines(Stream::Stdout)[0]);
        report.expect(&["duplicated", "disordered", "wrong_room", "unknown"].map(|it| (it, 0)));
        report.expect(&[("joined", 3), ("present", 3), ("chat_present", 3)]);
        report.expect(&[("outages.main.times", 1), ("outages.main.open", 0)]);
        report.expect(&[("outages.world.times", 1), ("outages.world.open", 0)]);
        realm.stop();
    }
}

//! Links between servers, with somebody on the way: who reads, changes, repeats, reorders, delays and cuts what they say.

use std::time::Duration;

use crate::support::channel::{LOBBY, heard, join, name, say, wait_until_found};
use crate::support::login::{Accounts, CHEAP, login, try_hello};
use crate::support::relay::{Fault, Relay, is_in};
use crate::support::{Peer, Server, Stream, User};
use tinyrealm_core::protocol::Token;
use tinyrealm_core::protocol::client_to_main::ChatJoin;

/// How long an answer is waited for that may not come.
const SOON: Duration = Duration::from_millis(100);
/// A link that is silent says something soon, so that what was held up or lost shows.
const TALKATIVE: [&str; 2] = ["net.ping_interval_ms=300", "net.idle_timeout_ms=3000"];

const PASSWORD: &str = "a sentence of eight words is a password";
const TALK: &str = "the cat is out of the bag by now";

/// A realm of four processes, with a relay on each link between two.
struct Realm {
    accounts: Accounts,
    login: Server,
    chat: Server,
    main: Server,
    world: Server,
    /// World to Main, Main to Login, Main to chat.
    relays: [Relay; 3],
}

const TO_MAIN: usize = 0;
const TO_LOGIN: usize = 1;
const TO_CHAT: usize = 2;

impl Realm {
    fn start(name: &str, first_fault: Option<Fault>) -> Self {
        let accounts = Accounts::new(name);
        accounts.user(&["add", "ann"], PASSWORD);
        let (login, chat) =
            (accounts.login(&[&CHEAP[..], &TALKATIVE].concat()), Server::chat(&TALKATIVE));
        let relays = [(); 3].map(|()| Relay::start());
        relays[TO_LOGIN].lead_to(login.address);
        relays[TO_CHAT].lead_to(chat.address);
        if let Some(fault) = first_fault {
            relays.iter().for_each(|relay| relay.commit(fault));
        }
        let settings = [
            format!("main.login={}", relays[TO_LOGIN].address),
            format!("main.chat={}", relays[TO_CHAT].address),
            "main.auth=login".to_owned(),
            "main.reconnect_first_ms=50".to_owned(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).chain(TALKATIVE).collect();
        let main = Server::main(&settings);
        relays[TO_MAIN].lead_to(main.address);
        let quick = ["world.reconnect_first_ms=50", "world.status_interval_ms=100"];
        let quick = [&quick[..], &TALKATIVE].concat();
        let world = Server::world(1, relays[TO_MAIN].address, &quick);
        let realm = Self { accounts, login, chat, main, world, relays };
        realm.wait_until_linked([1; 3]);
        realm
    }

    /// Waits until each link has stood so often.
    fn wait_until_linked(&self, times: [usize; 3]) {
        self.world.wait_until_registered(times[TO_MAIN]);
        let said =
            |words: &str, times| self.main.process.wait_until_said(Stream::Stderr, words, times);
        said("connected to Login", times[TO_LOGIN]);
        wait_until_found(&self.main, times[TO_CHAT]);
    }

    /// Something goes over each link, which may be broken; a world's status over its own in any case.
    fn say_something(&self, token: Token, is_in_channel: bool) {
        let Ok((mut peer, _)) = try_hello(self.main.address, Some(token)) else { return };
        if is_in_channel {
            peer.send(&ChatJoin { channel: name(LOBBY) });
            peer.hear(SOON);
        }
    }

    /// Somebody logs in, comes in, and talks: something goes over each link.
    fn visit(&self) -> (User, Token) {
        let token = login(self.login.address, "ann", PASSWORD).token();
        let mut user = User::enter_with(self.main.address, Some(token), "");
        talk(&mut user.main);
        (user, token)
    }
}

fn talk(main: &mut Peer) {
    join(main, LOBBY);
    say(main, LOBBY, TALK);
    assert_eq!(heard(main).1, TALK);
}

#[test]
fn nothing_is_readable_on_the_way() {
    let realm = Realm::start("read", None);
    let (user, token) = realm.visit();
    let tapes = realm.relays.each_ref().map(Relay::tape);
    for tape in &tapes {
        assert!(tape.len() > 200, "{} bytes", tape.len());
        // Names, texts and secrets, and the addresses that worlds are found at.
        let address = user.address.to_string();
        let words: [&[u8]; 5] =
            [&token.0, &user.token.0, b"ann", &TALK.as_bytes()[..12], address.as_bytes()];
        for word in words {
            assert!(!is_in(tape, word), "{:?}", String::from_utf8_lossy(word));
        }
    }
    assert!(!is_in(&tapes[TO_CHAT], LOBBY.as_bytes()));
    drop(user);
    drop(realm.accounts);
}

/// Each fault, in the middle of a link: the end that hears it lets the link go, and all come back by themselves.
#[test]
fn nothing_that_was_changed_is_taken_and_the_link_comes_back() {
    let realm = Realm::start("change", None);
    let token = login(realm.login.address, "ann", PASSWORD).token();
    let mut times = [1; 3];
    for (place, relay) in realm.relays.iter().enumerate() {
        for fault in Fault::ALL {
            relay.commit(fault);
            while !relay.has_committed() {
                realm.say_something(token, place == TO_CHAT);
                relay.wait_a_little();
            }
            if fault != Fault::Delay {
                times[place] += 1;
            }
            realm.wait_until_linked(times);
        }
    }
    let (user, _) = realm.visit();
    drop(user);
    let ends = [&realm.world, &realm.main, &realm.login, &realm.chat];
    let says_so = |server: &&Server| server.process.has_said(Stream::Stderr, "BROKEN_SEAL");
    assert!(ends.iter().any(says_so), "an end that finds a changed record says so");
}

/// The same with the first bytes of each link, which are its handshake.
#[test]
fn a_handshake_that_was_changed_is_tried_again() {
    for fault in [Fault::Change, Fault::Repeat, Fault::Cut] {
        let realm = Realm::start("greet", Some(fault));
        assert!(realm.relays.iter().all(Relay::has_committed), "{fault:?}");
        let (user, _) = realm.visit();
        drop(user);
    }
}

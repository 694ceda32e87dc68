//! Rooms of few names in a realm of two Mains and three worlds, as they are shipped, and a store that answers when it likes: never are two rooms of one name open.
//!
//! Every link is a queue, of which some frames are carried at a time; questions wait at the store, are carried out or
//! lost, and so are answers. A link between a Main and a world ends, and comes again.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use crate::node::directory::{NameAnswer, NameAsk, NameHolder, NameWork};
use crate::node::main::tests::{Guest, MainBench, with_two_named_mains};
use crate::node::testing::{Asked, Said, stream_of};
use crate::node::world::Relay;
use crate::node::world::tests::{WorldBench, with_three_worlds};
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::client_to_world::{Join, Leave};
use crate::protocol::either_way::{Error, Pong};
use crate::protocol::main_to_client::EnterWorldAck;
use crate::protocol::{
    ClaimNumber, ErrorCode, RoomId, ServerKind, Text, Versions, Wish, WishKind, WorldId,
};
use crate::session::SessionKey;

const MAINS: usize = 2;
const WORLDS: usize = 3;
const NAMES: [&str; 2] = ["den", "hut"];
const GUESTS: usize = 6;
/// So often somebody asks for its room at the end.
const ROUNDS: usize = 3;

const PONG: Pong = Pong { nonce: 0 };

/// What happens next; numbers are taken modulo what there is.
#[derive(Copy, Clone, Debug)]
enum Act {
    /// Somebody wishes for a room.
    Wish { guest: u8, name: u8, is_new: bool },
    /// Somebody leaves its room.
    Leave { guest: u8 },
    /// Some frames of a link are carried.
    Carry { link: u8, is_up: bool, frames: u8 },
    /// A question reaches the store, or is lost; its answer is told, or lost.
    Store { question: u8, is_lost: bool, is_answer_lost: bool },
    /// A link ends.
    Cut { link: u8 },
    /// Time passes.
    Pass { ms: u8 },
}

fn any_act() -> impl Strategy<Value = Act> {
    let byte = any::<u8>;
    prop_oneof![
        3 => (byte(), byte(), prop::bool::weighted(0.2))
            .prop_map(|(guest, name, is_new)| Act::Wish { guest, name, is_new }),
        2 => byte().prop_map(|guest| Act::Leave { guest }),
        8 => (byte(), any::<bool>(), 1..6_u8)
            .prop_map(|(link, is_up, frames)| Act::Carry { link, is_up, frames }),
        5 => (byte(), prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(question, is_lost, is_answer_lost)| {
                Act::Store { question, is_lost, is_answer_lost }
            }),
        1 => byte().prop_map(|link| Act::Cut { link }),
        4 => byte().prop_map(|ms| Act::Pass { ms }),
    ]
}

/// A link between a Main and a world.
struct Wire {
    /// Of its end at Main, if it is there.
    at_main: Option<SessionKey>,
    /// Of its end at the world.
    at_world: SessionKey,
    up: VecDeque<Said>,
    down: VecDeque<Said>,
}

/// Somebody who plays.
#[derive(Copy, Clone, Debug)]
struct Player {
    guest: Guest,
    main: usize,
    /// Where it is, or is on its way to.
    world: Option<(usize, SessionKey)>,
    /// What it was told last.
    refused: Option<ErrorCode>,
}

#[derive(Default)]
struct Store {
    keys: HashMap<String, (u64, WorldId)>,
    last: u64,
    /// Of which Main.
    questions: Vec<(usize, NameWork)>,
}

impl Store {
    fn carry_out(&mut self, work: &NameWork, is_elsewhere: impl Fn(WorldId) -> bool) -> NameAnswer {
        let found = self.keys.get(work.name.as_str()).copied();
        let number = found.map_or(0, |(number, _)| number);
        match work.ask {
            NameAsk::Read => found.map_or(NameAnswer::Free(ClaimNumber(0)), |(number, world)| {
                let (number, is_elsewhere) = (ClaimNumber(number), is_elsewhere(world));
                NameAnswer::Found(NameHolder { number, world, is_here: false, is_elsewhere })
            }),
            NameAsk::Write { world, expected } if expected.0 == number => {
                self.last += 1;
                self.keys.insert(work.name.to_string(), (self.last, world));
                NameAnswer::Written(ClaimNumber(self.last))
            }
            NameAsk::Remove { expected } if expected.0 == number => {
                self.keys.remove(work.name.as_str());
                NameAnswer::Removed
            }
            NameAsk::Write { .. } | NameAsk::Remove { .. } => NameAnswer::Conflict,
        }
    }
}

struct Realm<'t, 'm, 'w> {
    mains: [&'t mut MainBench<'m>; MAINS],
    worlds: [&'t mut WorldBench<'w, Relay>; WORLDS],
    /// By Main, then by world.
    wires: Vec<Wire>,
    store: Store,
    players: Vec<Player>,
}

impl<'t, 'm, 'w> Realm<'t, 'm, 'w> {
    fn start(
        mains: [&'t mut MainBench<'m>; MAINS],
        worlds: [&'t mut WorldBench<'w, Relay>; WORLDS],
        links: [[SessionKey; MAINS]; WORLDS],
    ) -> Self {
        let mut wires = Vec::new();
        for main in 0..MAINS {
            for link in links {
                let (up, down) = (VecDeque::new(), VecDeque::new());
                wires.push(Wire { at_main: None, at_world: link[main], up, down });
            }
        }
        let (store, players) = (Store::default(), Vec::new());
        let mut realm = Self { mains, worlds, wires, store, players };
        for wire in 0..realm.wires.len() {
            realm.connect(wire);
            realm.carry_all(wire);
        }
        // Until names that are not known are believed to be free.
        realm.pass_ms(1_616);
        // The chance of one is not that of the other: no two guests are called the same.
        let _: u32 = realm.mains[1].act(|_, cx| cx.turn().random_u32());
        for number in 0..GUESTS {
            let main = number % MAINS;
            let guest = realm.mains[main].greet();
            realm.players.push(Player { guest, main, world: None, refused: None });
        }
        realm
    }

    const fn ends(wire: usize) -> (usize, usize) {
        (wire / WORLDS, wire % WORLDS)
    }

    fn connect(&mut self, wire: usize) {
        let (main, world) = Self::ends(wire);
        let key = self.mains[main].accept();
        let id = world as u16 + 1;
        self.mains[main].prove_as(key, ServerKind::WORLD, ServerKind::MAIN, id);
        self.wires[wire].at_main = Some(key);
        self.collect();
    }

    /// What both ends have said is on its way.
    fn collect(&mut self) {
        for index in 0..self.wires.len() {
            let (main, world) = Self::ends(index);
            let wire = &mut self.wires[index];
            wire.up.extend(self.worlds[world].heard(wire.at_world));
            if let Some(key) = wire.at_main {
                wire.down.extend(self.mains[main].heard(key));
            }
        }
        for main in 0..MAINS {
            while let Some(work) = self.mains[main].act(|main, _| main.next_name_work()) {
                self.store.questions.push((main, work));
            }
        }
    }

    fn carry(&mut self, wire: usize, is_up: bool, frames: usize) {
        let (main, world) = Self::ends(wire);
        for _ in 0..frames {
            let link = &mut self.wires[wire];
            let Some(key) = link.at_main else { return };
            let said = if is_up { link.up.pop_front() } else { link.down.pop_front() };
            let Some(said) = said else { return };
            let bytes = stream_of(&[said]);
            if is_up {
                self.mains[main].say_bytes(key, &bytes);
            } else {
                let key = link.at_world;
                self.worlds[world].say_bytes(key, &bytes);
            }
            self.collect();
        }
    }

    fn carry_all(&mut self, wire: usize) {
        while !(self.wires[wire].up.is_empty() && self.wires[wire].down.is_empty()) {
            self.carry(wire, true, 1);
            self.carry(wire, false, 1);
        }
    }

    /// A link ends, and the world dials at once.
    fn cut(&mut self, wire: usize) {
        let (main, world) = Self::ends(wire);
        let Some(key) = self.wires[wire].at_main.take() else { return };
        self.mains[main].disconnect(key);
        let at_world = self.wires[wire].at_world;
        self.worlds[world].disconnect(at_world);
        (self.wires[wire].up, self.wires[wire].down) = (VecDeque::new(), VecDeque::new());
    }

    /// Links that worlds have asked for.
    fn dial(&mut self) {
        for world in 0..WORLDS {
            for asked in self.worlds[world].requests() {
                let Asked::Connect { key, address } = asked else { continue };
                let main = usize::from(address != "main:7");
                self.worlds[world].connected(key);
                self.worlds[world].take_proof_as(key, ServerKind::MAIN);
                let wire = main * WORLDS + world;
                self.wires[wire].at_world = key;
                self.connect(wire);
            }
        }
    }

    fn pass_ms(&mut self, ms: u32) {
        self.mains.iter_mut().for_each(|main| main.pass_ms(ms));
        self.worlds.iter_mut().for_each(|world| world.pass_ms(ms));
        self.dial();
        self.collect();
    }

    fn answer(&mut self, question: usize, is_lost: bool, is_answer_lost: bool) {
        let (main, work) = self.store.questions.remove(question);
        let other = &self.mains[1 - main];
        let elsewhere: Vec<WorldId> = other.role().known_worlds(other.now).collect();
        let answer = match is_lost {
            true => NameAnswer::Unavailable,
            false => self.store.carry_out(&work, |world| elsewhere.contains(&world)),
        };
        let answer = if is_answer_lost { NameAnswer::Unavailable } else { answer };
        self.mains[main].act(|main, cx| main.name_answered(cx, &work, answer));
        self.collect();
    }

    fn wish(&mut self, player: usize, name: &str, is_new: bool) {
        let Player { guest, main, .. } = self.players[player];
        let name = Text::new(name).unwrap();
        let wish = match is_new {
            true => Wish { kind: WishKind::CREATE, ..Wish::named_or_new(name) },
            false => Wish::named_or_new(name),
        };
        self.leave(player);
        self.mains[main].say(guest.key, &EnterWorldReq { region: Text::EMPTY, wish });
        self.collect();
    }

    /// Who has been sent to a world goes there.
    fn go(&mut self) {
        for player in 0..self.players.len() {
            let Player { guest, main, world, .. } = self.players[player];
            // Whoever says nothing is gone before long.
            self.mains[main].say(guest.key, &PONG);
            if let Some((world, key)) = world {
                self.worlds[world].say(key, &PONG);
            }
            for said in self.mains[main].heard(guest.key) {
                if let Some(Error { code, .. }) = said.read() {
                    self.players[player].refused = Some(code);
                }
                let Some(ack) = said.read::<EnterWorldAck<'_>>() else { continue };
                let world = (0..WORLDS).find(|world| address_of(*world) == ack.world_addr.as_str());
                let world = world.expect("one of these worlds");
                self.leave(player);
                let key = self.worlds[world].accept();
                let handshake_key = Some(ack.handshake_key);
                let (uid, versions) = (guest.uid, Versions::OURS);
                let join = Join { versions, uid, handshake_key, fingerprint: 0 };
                self.worlds[world].say(key, &join);
                self.players[player].world = Some((world, key));
            }
        }
        self.collect();
    }

    fn leave(&mut self, player: usize) {
        if let Some((world, key)) = self.players[player].world.take()
            && self.worlds[world].state(key).is_some()
        {
            self.worlds[world].say(key, &Leave {});
            self.collect();
        }
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Wish { guest, name, is_new } => {
                let name = NAMES[usize::from(name) % NAMES.len()];
                self.wish(usize::from(guest) % GUESTS, name, is_new);
            }
            Act::Leave { guest } => self.leave(usize::from(guest) % GUESTS),
            Act::Carry { link, is_up, frames } => {
                self.carry(usize::from(link) % self.wires.len(), is_up, frames.into());
            }
            Act::Store { question, is_lost, is_answer_lost } => {
                let count = self.store.questions.len();
                if count > 0 {
                    self.answer(usize::from(question) % count, is_lost, is_answer_lost);
                }
            }
            Act::Cut { link } => self.cut(usize::from(link) % self.wires.len()),
            Act::Pass { ms } => self.pass_ms(u32::from(ms)),
        }
        self.go();
    }

    fn check(&self) {
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for world in &self.worlds {
            for name in NAMES {
                if world.role().room_named(name).is_some() {
                    *open.entry(name).or_default() += 1;
                }
            }
        }
        assert!(open.values().all(|count| *count == 1), "two rooms of one name: {open:?}");
    }

    /// The rooms that somebody is in, of all worlds.
    fn rooms_of(&self, player: usize) -> Vec<&str> {
        let uid = self.players[player].guest.uid;
        let rooms = self.worlds.iter().flat_map(|world| {
            let users = world.role().rooms().iter().filter(|(_, user)| user.state().uid == uid);
            let called = move |room| {
                NAMES.iter().find(move |name| world.role().room_named(name) == Some(room))
            };
            users.map(move |(_, user)| called(RoomId(user.room())).map_or("", |name| *name))
        });
        rooms.collect()
    }

    /// All that is on its way arrives, and time passes, until nothing happens any more.
    fn settle(&mut self) {
        for _ in 0..15 {
            for wire in 0..self.wires.len() {
                self.carry_all(wire);
            }
            while !self.store.questions.is_empty() {
                self.answer(0, false, false);
            }
            self.go();
            self.pass_ms(100);
            self.check();
        }
    }
}

fn address_of(world: usize) -> String {
    std::format!("world{}:9", world + 1)
}

fn run(acts: &[Act]) {
    with_two_named_mains(|mains| {
        with_three_worlds(|worlds, links| {
            let mut realm = Realm::start(mains, worlds, links);
            for act in acts {
                realm.take(*act);
                realm.check();
            }
            realm.settle();
            // Everybody comes into the room that it wants; whoever is told to come again does.
            for _ in 0..ROUNDS {
                for player in 0..GUESTS {
                    if realm.rooms_of(player) != [NAMES[player % NAMES.len()]] {
                        realm.wish(player, NAMES[player % NAMES.len()], false);
                    }
                }
                realm.settle();
            }
            for player in 0..GUESTS {
                let name = NAMES[player % NAMES.len()];
                assert_eq!(realm.rooms_of(player), [name], "{:?}", realm.players[player]);
            }
        });
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_is_there_twice(acts in prop::collection::vec(any_act(), 1..100)) {
        run(&acts);
    }
}

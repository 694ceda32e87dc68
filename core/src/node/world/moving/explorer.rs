//! Every interleaving of a room's moves between three worlds, to a bound: the machines are those that are shipped, and
//! what is around them is as little as there can be of a world.
//!
//! Faults, a few of each: words that are lost, times that are over, a lost Main, the death of a world with all that it
//! remembers, and somebody who has to leave. Words overtake each other at will, and come again while they are not answered.
//! A source that dies has in its store what it has not forgotten, and plays it when it starts again.
//!
//! What holds in every state: no two worlds play the room. What holds whenever nobody has died and all has been said: one
//! does.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::vec::Vec;
use std::{format, println};

use super::machine::{
    MoveId, Source, SourceAct, SourceEvent, SourcePhase, Target, TargetAct, TargetEvent,
    TargetPhase,
};
use crate::protocol::WorldId;

/// The first has the room.
const WORLDS: usize = 3;

/// A word of a move, on its way by way of Main.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Word {
    to: usize,
    id: MoveId,
    says: Says,
}

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Says {
    /// To a source: from Main.
    Move,
    /// To a target: all of the blocks.
    Blocks,
    ToSource(SourceEvent),
    ToTarget(TargetEvent),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct World {
    source: Source,
    target: Target,
    /// It is its own, though it may stand still.
    has_room: bool,
    /// Its store would bring it back.
    is_stored: bool,
}

impl World {
    fn plays(&self) -> bool {
        self.has_room && !self.source.may_resume()
    }
}

/// What may still happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Left {
    moves: u8,
    lost: u8,
    late: u8,
    needed: u8,
    deaths: u8,
}

/// Whether a target takes the room without a word of its source: a fault, to be found.
type Haste = bool;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    worlds: [World; WORLDS],
    under_way: Vec<Word>,
    next_number: u32,
    has_died: bool,
    left: Left,
}

impl State {
    fn new(left: Left) -> Self {
        let mut worlds: [World; WORLDS] = Default::default();
        (worlds[0].has_room, worlds[0].is_stored) = (true, true);
        Self { worlds, under_way: Vec::new(), next_number: 1, has_died: false, left }
    }

    /// What is on its way already is not said twice.
    fn say(&mut self, from: usize, id: MoveId, says: Says) {
        let to = usize::from(id.peer.0);
        let id = MoveId { number: id.number, peer: WorldId(from as u16) };
        let word = Word { to, id, says };
        if let Err(at) = self.under_way.binary_search(&word) {
            self.under_way.insert(at, word);
        }
    }

    fn tell_source(&mut self, world: usize, id: MoveId, event: SourceEvent) {
        let it = &mut self.worlds[world];
        let before = it.source.phase();
        match it.source.hear(id, event) {
            SourceAct::Nothing | SourceAct::Linger | SourceAct::EndMoved | SourceAct::EndLost => {}
            SourceAct::Freeze => self.tell_source(world, id, SourceEvent::Settled),
            SourceAct::Copy => self.say(world, id, Says::Blocks),
            SourceAct::Forget => it.is_stored = false,
            SourceAct::SayGone => {
                // Said again, it is no news: the room may be back meanwhile.
                it.has_room &= before != SourcePhase::Giving || it.source.id() != id;
                self.say(world, id, Says::ToTarget(TargetEvent::Gone));
            }
            SourceAct::SayKept => self.say(world, id, Says::ToTarget(TargetEvent::Kept)),
            SourceAct::Resume => {
                it.is_stored = true;
                self.say(world, id, Says::ToTarget(TargetEvent::Kept));
            }
        }
    }

    fn tell_target(&mut self, world: usize, id: MoveId, event: TargetEvent) {
        let it = &mut self.worlds[world];
        match it.target.hear(id, event) {
            TargetAct::Nothing | TargetAct::Undo => {}
            TargetAct::Build => self.tell_target(world, id, TargetEvent::Complete),
            TargetAct::SayArrived => self.say(world, id, Says::ToSource(SourceEvent::Arrived)),
            TargetAct::Refuse | TargetAct::SayBusy => {
                self.say(world, id, Says::ToSource(SourceEvent::Refused));
            }
            TargetAct::Open => {
                (it.has_room, it.is_stored) = (true, true);
                self.say(world, id, Says::ToSource(SourceEvent::Opened));
            }
            TargetAct::SayOpened => self.say(world, id, Says::ToSource(SourceEvent::Opened)),
            TargetAct::SayLost => self.say(world, id, Says::ToSource(SourceEvent::Lost)),
        }
    }

    fn deliver(&mut self, Word { to, id, says }: Word, haste: Haste) {
        match says {
            // A world that has no such room has nothing to move.
            Says::Move if self.worlds[to].plays() => self.tell_source(to, id, SourceEvent::Asked),
            Says::Move => {}
            Says::Blocks => {
                self.tell_target(to, id, TargetEvent::Begun);
                if haste {
                    self.tell_target(to, id, TargetEvent::Gone);
                }
            }
            Says::ToSource(event) => self.tell_source(to, id, event),
            Says::ToTarget(event) => self.tell_target(to, id, event),
        }
    }

    /// What whoever waits says again, and what happens by itself.
    fn repeat(&mut self, world: usize) {
        let (source, target) =
            (self.worlds[world].source.clone(), self.worlds[world].target.clone());
        match source.phase() {
            SourcePhase::Copying => self.say(world, source.id(), Says::Blocks),
            SourcePhase::Giving => self.tell_source(world, source.id(), SourceEvent::Forgotten),
            SourcePhase::Gone => self.say(world, source.id(), Says::ToTarget(TargetEvent::Gone)),
            SourcePhase::Idle | SourcePhase::Freezing | SourcePhase::Leaving => {}
        }
        if target.phase() == TargetPhase::Arrived {
            self.say(world, target.id(), Says::ToSource(SourceEvent::Arrived));
        }
    }

    /// Every state that may be next.
    fn next(&self, haste: Haste) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..self.under_way.len() {
            let mut next = self.clone();
            let word = next.under_way.remove(at);
            next.deliver(word, haste);
            all.push(next);
            self.may(
                &mut all,
                |left| &mut left.lost,
                |next| {
                    next.under_way.remove(at);
                },
            );
        }
        for world in 0..WORLDS {
            let mut next = self.clone();
            next.repeat(world);
            all.push(next);
            self.act_of(world, &mut all);
        }
        all
    }

    fn may(&self, all: &mut Vec<Self>, left: fn(&mut Left) -> &mut u8, act: impl Fn(&mut Self)) {
        let mut next = self.clone();
        if *left(&mut next.left) > 0 {
            *left(&mut next.left) -= 1;
            act(&mut next);
            all.push(next);
        }
    }

    fn act_of(&self, world: usize, all: &mut Vec<Self>) {
        let it = &self.worlds[world];
        let (from, to) = (it.source.id(), it.target.id());
        if it.plays() {
            for peer in (0..WORLDS).filter(|peer| *peer != world) {
                self.may(
                    all,
                    |left| &mut left.moves,
                    |next| {
                        let id = MoveId { number: next.next_number, peer: WorldId(peer as u16) };
                        next.next_number += 1;
                        next.under_way.push(Word { to: world, id, says: Says::Move });
                        next.under_way.sort_unstable();
                    },
                );
            }
        }
        if it.source.phase() != SourcePhase::Idle {
            self.may(
                all,
                |left| &mut left.late,
                |next| {
                    next.tell_source(world, from, SourceEvent::Late);
                },
            );
            for event in [SourceEvent::Needed, SourceEvent::Cut] {
                self.may(all, |left| &mut left.needed, |next| next.tell_source(world, from, event));
            }
        }
        if it.target.phase() == TargetPhase::Building {
            self.may(
                all,
                |left| &mut left.late,
                |next| {
                    next.tell_target(world, to, TargetEvent::Late);
                },
            );
        }
        // Who has a copy waits for longer than any world that lives is silent: but not than one that is dead.
        if it.target.phase() == TargetPhase::Arrived && self.has_died {
            self.may(
                all,
                |left| &mut left.late,
                |next| {
                    next.tell_target(world, to, TargetEvent::Late);
                },
            );
        }
        self.may(all, |left| &mut left.deaths, |next| next.die(world));
    }

    /// A world dies, and what is on its way to it; it starts again with what its store has.
    fn die(&mut self, world: usize) {
        let is_stored = self.worlds[world].is_stored;
        self.worlds[world] = World { has_room: is_stored, is_stored, ..World::default() };
        self.under_way.retain(|word| word.to != world);
        self.has_died = true;
    }

    fn check(&self) {
        let playing = self.worlds.iter().filter(|world| world.plays()).count();
        assert!(playing <= 1, "two worlds play the room: {self:?}");
    }

    /// All is said and answered, and no time is over before.
    fn settle(mut self, haste: Haste) -> Self {
        loop {
            let before = self.clone();
            (0..WORLDS).for_each(|world| self.repeat(world));
            while let Some(word) = self.under_way.pop() {
                self.deliver(word, haste);
                self.check();
            }
            if self == before {
                return self;
            }
        }
    }

    fn check_settled(&self) {
        let playing = self.worlds.iter().filter(|world| world.plays()).count();
        assert!(playing == 1 || self.has_died, "nobody plays the room: {self:?}");
        let is_waiting = |world: &World| world.target.phase() != TargetPhase::Idle;
        assert!(self.has_died || !self.worlds.iter().any(is_waiting), "a copy waits: {self:?}");
    }
}

/// How many states there are; every one is checked.
fn explore(left: Left, haste: Haste) -> usize {
    let mut seen = HashSet::new();
    let hash = |state: &State| BuildHasherDefault::<DefaultHasher>::default().hash_one(state);
    let mut queue = VecDeque::from([State::new(left)]);
    while let Some(state) = queue.pop_front() {
        state.check();
        state.clone().settle(haste).check_settled();
        for next in state.next(haste) {
            if seen.insert(hash(&next)) {
                queue.push_back(next);
            }
        }
    }
    seen.len()
}

const QUIET: Left = Left { moves: 1, lost: 0, late: 0, needed: 0, deaths: 0 };

#[test]
fn every_interleaving_is_right() {
    for left in [
        Left { moves: 2, lost: 1, late: 1, ..QUIET },
        Left { moves: 2, needed: 1, late: 1, ..QUIET },
        Left { moves: 2, deaths: 1, late: 1, ..QUIET },
        Left { lost: 2, late: 2, needed: 1, deaths: 1, ..QUIET },
        Left { deaths: 2, late: 2, ..QUIET },
    ] {
        let name = format!("{left:?}");
        println!("{} states with {name}", explore(left, false));
    }
}

#[test]
#[should_panic(expected = "two worlds play the room")]
fn a_target_that_does_not_wait_for_its_source_is_found() {
    explore(Left { late: 1, ..QUIET }, true);
}

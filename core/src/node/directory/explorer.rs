//! Every interleaving of two Mains, two worlds and a store that compares and swaps, to a bound: what is shipped here is
//! what runs, and the rest is as little as there can be of a Main and a world.
//!
//! Faults, a few of each: answers that are lost before and after the store has acted, reads that are old, watches that are
//! lost, Mains that crash and forget everything, hellos whose patience ends. Messages overtake each other at will.
//!
//! What holds in every state: no number is granted twice, and no world seats anybody below a number that it has heard of.
//! What holds whenever nothing is under way, the store has been listed and worlds have told who is there: a user is at
//! one Main and in one world at most, and if it is at a Main, that is the one of the newest claim.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::println;
use std::vec::Vec;

use super::{Answer, Ask, Claim, Verdict, admits};
use crate::protocol::ClaimNumber;

const MAINS: usize = 2;
const WORLDS: usize = 2;

/// Whether a world takes an attach of this number, having heard of that one: (said, heard).
type Fence = fn(ClaimNumber, ClaimNumber) -> bool;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Message {
    /// On its way to the store.
    Ask { main: usize, life: u8, request: u8, ask: Ordered },
    /// On its way back.
    Answer { main: usize, life: u8, request: u8, answer: Told },
    /// The store tells of its own accord.
    Watch { main: usize, life: u8, number: u64, owner: Option<(usize, u8)> },
    /// To a world: that it may come.
    Attach { world: usize, number: u64 },
    /// To a world: that it is elsewhere.
    Fence { world: usize, number: u64 },
}

/// [`Ask`], in an order.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Ordered {
    Read,
    Write(u64),
    Remove(u64),
}

/// [`Answer`], in an order.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Told {
    Written(u64),
    Removed,
    Conflict,
    Found(u64),
    Unavailable,
}

impl From<Ask> for Ordered {
    fn from(ask: Ask) -> Self {
        match ask {
            Ask::Read => Self::Read,
            Ask::Write { expected } => Self::Write(expected.0),
            Ask::Remove { expected } => Self::Remove(expected.0),
        }
    }
}

impl From<Told> for Answer {
    fn from(told: Told) -> Self {
        match told {
            Told::Written(number) => Self::Written(ClaimNumber(number)),
            Told::Removed => Self::Removed,
            Told::Conflict => Self::Conflict,
            Told::Found(number) => Self::Found(ClaimNumber(number)),
            Told::Unavailable => Self::Unavailable,
        }
    }
}

/// A Main, as far as this one user is concerned.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Main {
    life: u8,
    claim: Option<Claim>,
    request: u8,
    waits: bool,
    /// The number that somebody is here with.
    inside: Option<u64>,
    /// Where it was sent.
    attached: Option<usize>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct World {
    heard: u64,
    seat: Option<u64>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Store {
    /// The number of all that was ever written.
    last: u64,
    number: u64,
    before: u64,
    owner: Option<(usize, u8)>,
}

/// What may still happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Left {
    hellos: u8,
    leaves: u8,
    impatience: u8,
    crashes: u8,
    lost: u8,
    old_reads: u8,
    lost_watches: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    store: Store,
    mains: [Main; MAINS],
    worlds: [World; WORLDS],
    /// In order, so that two states that differ in nothing else are one.
    under_way: Vec<Message>,
    granted: Vec<u64>,
    left: Left,
}

impl State {
    fn new(left: Left) -> Self {
        Self {
            store: Store::default(),
            mains: Default::default(),
            worlds: Default::default(),
            under_way: Vec::new(),
            granted: Vec::new(),
            left,
        }
    }

    fn send(&mut self, message: Message) {
        let at = self.under_way.partition_point(|other| *other <= message);
        self.under_way.insert(at, message);
    }

    fn set_claim(&mut self, main: usize, claim: Option<Claim>) {
        let it = &mut self.mains[main];
        let before = it.claim.and_then(Claim::ask);
        it.claim = claim;
        let ask = claim.and_then(Claim::ask);
        if ask != before
            && let Some(ask) = ask
        {
            it.request += 1;
            let (life, request) = (it.life, it.request);
            self.send(Message::Ask { main, life, request, ask: ask.into() });
        }
    }

    fn hello(&mut self, main: usize) {
        let claim = self.mains[main].claim.map_or_else(Claim::wanted_anew, Claim::wanted);
        self.mains[main].waits = true;
        self.set_claim(main, Some(claim));
    }

    /// A verdict's consequences; a user who is let in is sent to `world`.
    fn take(&mut self, main: usize, (claim, verdict): super::Next, world: usize) {
        match verdict {
            Verdict::None => {}
            Verdict::Granted => {
                let number = claim.map_or(0, |claim| claim.number().0);
                assert!(self.mains[main].waits, "nobody has waited: {self:?}");
                assert!(!self.granted.contains(&number), "{number} is granted twice: {self:?}");
                self.granted.push(number);
                self.granted.sort_unstable();
                let it = &mut self.mains[main];
                (it.waits, it.inside, it.attached) = (false, Some(number), Some(world));
                self.send(Message::Attach { world, number });
            }
            Verdict::Refused(_) => self.mains[main].waits = false,
            Verdict::Lost(number) => {
                self.mains[main].inside = None;
                if let Some(world) = self.mains[main].attached.take() {
                    self.send(Message::Fence { world, number: number.0 });
                }
            }
        }
        self.set_claim(main, claim);
    }

    /// The store does what it is asked, and answers.
    fn act(&mut self, ask: Ordered) -> Told {
        match ask {
            Ordered::Read => Told::Found(self.store.number),
            Ordered::Write(expected) | Ordered::Remove(expected)
                if expected != self.store.number =>
            {
                Told::Conflict
            }
            Ordered::Write(_) => Told::Written(self.store.last + 1),
            Ordered::Remove(_) => Told::Removed,
        }
    }

    fn write(&mut self, owner: Option<(usize, u8)>) {
        let store = &mut self.store;
        store.last += 1;
        (store.before, store.number, store.owner) = (store.number, store.last, owner);
        let number = store.number;
        for main in 0..MAINS {
            let life = self.mains[main].life;
            self.send(Message::Watch { main, life, number, owner });
        }
    }

    fn changed(&mut self, main: usize, number: u64, owner: Option<(usize, u8)>) {
        let is_ours = owner == Some((main, self.mains[main].life));
        if let Some(claim) = self.mains[main].claim {
            self.take(main, claim.changed(ClaimNumber(number), is_ours), 0);
        } else if is_ours {
            self.set_claim(main, Some(Claim::Removing(ClaimNumber(number))));
        }
    }

    fn attach(&mut self, world: usize, number: u64, fence: Fence) {
        let it = &mut self.worlds[world];
        if fence(ClaimNumber(number), ClaimNumber(it.heard)) {
            assert!(number >= it.heard, "a fenced ticket has let somebody in: {self:?}");
            (it.heard, it.seat) = (number, Some(number));
        }
    }

    fn raise(&mut self, world: usize, number: u64) {
        let it = &mut self.worlds[world];
        if it.seat.is_some_and(|seat| seat < number) {
            // Its seat is held for who comes by that number, and the number with it; of who is not there it knows nothing.
            (it.heard, it.seat) = (number, None);
        }
    }

    /// Every state that may be next.
    fn next(&self, fence: Fence) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..self.under_way.len() {
            let mut rest = self.clone();
            let message = rest.under_way.remove(at);
            rest.deliver(message, fence, &mut all);
        }
        for main in 0..MAINS {
            self.act_of_main(main, &mut all);
        }
        all
    }

    fn act_of_main(&self, main: usize, all: &mut Vec<Self>) {
        let it = &self.mains[main];
        let mut may =
            |is_possible: bool, left: fn(&mut Left) -> &mut u8, act: &dyn Fn(&mut Self)| {
                let mut next = self.clone();
                if is_possible && *left(&mut next.left) > 0 {
                    *left(&mut next.left) -= 1;
                    act(&mut next);
                    all.push(next);
                }
            };
        may(true, |left| &mut left.hellos, &|next| next.hello(main));
        may(it.waits, |left| &mut left.impatience, &|next| {
            next.mains[main].waits = false;
            next.set_claim(main, next.mains[main].claim.map(Claim::unwanted));
        });
        may(it.inside.is_some(), |left| &mut left.leaves, &|next| {
            let number = next.mains[main].inside.take();
            let world = next.mains[main].attached.take();
            if let Some(world) = world {
                next.worlds[world].seat = None;
            }
            next.under_way.retain(|message| !matches!(*message, Message::Attach { number: other, .. } if Some(other) == number));
            next.set_claim(main, next.mains[main].claim.map(Claim::released));
        });
        may(true, |left| &mut left.crashes, &|next| {
            next.mains[main] = Main { life: it.life + 1, request: it.request, ..Main::default() };
        });
    }

    fn deliver(self, message: Message, fence: Fence, all: &mut Vec<Self>) {
        match message {
            Message::Ask { main, life, request, ask } => {
                self.ask_arrives((main, life, request), ask, all);
            }
            Message::Answer { main, life, request, answer } => {
                for world in 0..WORLDS {
                    let mut next = self.clone();
                    let it = &next.mains[main];
                    if (it.life, it.request) == (life, request)
                        && let Some(claim) = it.claim
                    {
                        next.take(main, claim.answered(answer.into()), world);
                    }
                    all.push(next);
                }
            }
            Message::Watch { main, life, number, owner } => {
                let mut next = self.clone();
                if next.mains[main].life == life {
                    next.changed(main, number, owner);
                }
                all.push(next);
                let mut next = self;
                if next.left.lost_watches > 0 {
                    next.left.lost_watches -= 1;
                    all.push(next);
                }
            }
            Message::Attach { world, number } => {
                let mut next = self;
                next.attach(world, number, fence);
                all.push(next);
            }
            Message::Fence { world, number } => {
                let mut next = self;
                next.raise(world, number);
                all.push(next);
            }
        }
    }

    fn ask_arrives(
        self,
        (main, life, request): (usize, u8, u8),
        ask: Ordered,
        all: &mut Vec<Self>,
    ) {
        let answer = |next: &mut Self, answer| {
            next.send(Message::Answer { main, life, request, answer });
        };
        let mut next = self.clone();
        let told = next.act(ask);
        match told {
            Told::Written(_) => next.write(Some((main, life))),
            Told::Removed => next.write(None),
            Told::Conflict | Told::Found(_) | Told::Unavailable => {}
        }
        if self.left.lost > 0 {
            let mut lost = next.clone();
            lost.left.lost -= 1;
            answer(&mut lost, Told::Unavailable);
            all.push(lost);
            let mut unheard = self.clone();
            unheard.left.lost -= 1;
            answer(&mut unheard, Told::Unavailable);
            all.push(unheard);
        }
        if ask == Ordered::Read && self.left.old_reads > 0 {
            let mut old = self.clone();
            old.left.old_reads -= 1;
            let before = old.store.before;
            answer(&mut old, Told::Found(before));
            all.push(old);
        }
        answer(&mut next, told);
        all.push(next);
    }

    /// Nothing is under way: what everybody hears who asks around, until nothing changes.
    fn settle(mut self, fence: Fence) -> Self {
        loop {
            let before = self.clone();
            for main in 0..MAINS {
                let (number, owner) = (self.store.number, self.store.owner);
                self.changed(main, number, owner);
                // Worlds tell each Main who is there; one that has sent the user elsewhere says so.
                let it = self.mains[main].clone();
                for world in 0..WORLDS {
                    if let (Some(inside), Some(seat)) = (it.inside, self.worlds[world].seat)
                        && it.attached != Some(world)
                        && seat < inside
                    {
                        self.raise(world, inside);
                    }
                }
            }
            while let Some(message) = self.under_way.pop() {
                let mut all = Vec::new();
                self.clone().deliver(message, fence, &mut all);
                self = all.pop().expect("what is under way arrives");
            }
            if self == before {
                return self;
            }
        }
    }

    fn check_settled(&self) {
        let inside: Vec<u64> = self.mains.iter().filter_map(|main| main.inside).collect();
        assert!(inside.len() <= 1, "a user is at two Mains: {self:?}");
        let holds = |main: &Main| main.claim == Some(Claim::Held(ClaimNumber(self.store.number)));
        let is_right = |main: &Main| main.inside.is_none() || holds(main);
        assert!(self.mains.iter().all(is_right), "not by the newest claim: {self:?}");
        let seats = self.worlds.iter().filter(|world| world.seat.is_some()).count();
        // With no Main alive that has let it in, a seat is what worlds keep by themselves.
        assert!(seats <= 1 || inside.is_empty(), "a user is in two worlds: {self:?}");
        assert!(self.mains.iter().all(|main| !main.waits), "a hello waits for ever: {self:?}");
        let is_left = self.store.owner.is_some_and(|(main, life)| {
            self.mains[main].life == life && self.mains[main].claim.is_none()
        });
        assert!(!is_left, "nobody's claim is left: {self:?}");
    }
}

/// How many states there are; every one is checked.
fn explore(left: Left, fence: Fence) -> usize {
    let mut seen = HashSet::new();
    let hash = |state: &State| BuildHasherDefault::<DefaultHasher>::default().hash_one(state);
    let mut queue = VecDeque::from([State::new(left)]);
    while let Some(state) = queue.pop_front() {
        if state.under_way.is_empty() {
            state.clone().settle(fence).check_settled();
        }
        for next in state.next(fence) {
            if seen.insert(hash(&next)) {
                queue.push_back(next);
            }
        }
    }
    seen.len()
}

/// How far to look: a minute more of it with this variable set.
const DEPTH_VARIABLE: &str = "TINYREALM_EXPLORE_ALL";

const QUIET: Left = Left {
    hellos: 2,
    leaves: 0,
    impatience: 0,
    crashes: 0,
    lost: 0,
    old_reads: 0,
    lost_watches: 0,
};

#[test]
fn every_interleaving_is_right() {
    let mut all = std::vec![
        Left { leaves: 1, ..QUIET },
        Left { impatience: 1, lost: 1, ..QUIET },
        Left { crashes: 1, lost_watches: 1, ..QUIET },
        Left { old_reads: 1, lost: 1, ..QUIET },
    ];
    if std::env::var_os(DEPTH_VARIABLE).is_some() {
        all.extend([
            Left { hellos: 3, leaves: 1, ..QUIET },
            Left { leaves: 1, crashes: 1, lost: 1, old_reads: 1, ..QUIET },
            Left { leaves: 1, old_reads: 1, lost_watches: 1, impatience: 1, ..QUIET },
        ]);
    }
    for left in all {
        println!("{} states with {left:?}", explore(left.clone(), admits));
    }
}

#[test]
#[should_panic(expected = "a fenced ticket has let somebody in")]
fn a_world_that_fences_nothing_is_found() {
    explore(Left { hellos: 3, ..QUIET }, |_, _| true);
}

//! `State`: a whole realm, as far as one user is concerned, and every state that may be next.

use std::vec::Vec;

use super::super::{Claim, Next, Verdict};
use super::messages::{Message, Ordered, Told};
use crate::protocol::ClaimNumber;

const MAINS: usize = 2;
const WORLDS: usize = 2;

/// Whether a world takes an attach of this number, having heard of that one: (said, heard).
pub(super) type Fence = fn(ClaimNumber, ClaimNumber) -> bool;

/// A Main, as far as this one user is concerned.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(super) struct Main {
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
pub(super) struct World {
    heard: u64,
    seat: Option<u64>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(super) struct Store {
    /// The number of all that was ever written.
    last: u64,
    number: u64,
    before: u64,
    owner: Option<(usize, u8)>,
}

/// What may still happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Left {
    pub(super) hellos: u8,
    pub(super) leaves: u8,
    pub(super) impatience: u8,
    pub(super) crashes: u8,
    pub(super) lost: u8,
    pub(super) old_reads: u8,
    pub(super) lost_watches: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct State {
    store: Store,
    mains: [Main; MAINS],
    worlds: [World; WORLDS],
    /// In order, so that two states that differ in nothing else are one.
    pub(super) under_way: Vec<Message>,
    granted: Vec<u64>,
    left: Left,
}

impl State {
    pub(super) fn new(left: Left) -> Self {
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
    fn take(&mut self, main: usize, (claim, verdict): Next, world: usize) {
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
    pub(super) fn next(&self, fence: Fence) -> Vec<Self> {
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
    pub(super) fn settle(mut self, fence: Fence) -> Self {
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

    pub(super) fn check_settled(&self) {
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

//! The directory of a realm of several Mains: a store that they reach late, now and then not at all, and that may tell what is old.
//!
//! Purpose: to carry out what Mains hand out, as the servers' driver does on NATS. A question is asked again until it is answered
//! or its time is over; whoever takes a user over tells the Main that had it, which may be lost; so each Main looks its users up from
//! time to time. Mains say there that they are alive, and which worlds they have.
//!
//! Contract: in orderly weather nothing is lost and nothing is old. The directory outlives Mains, and their lives: what was on its
//! way to a Main that is gone reaches nobody. One that starts again may have lost all of its keys; its numbers go on.

use std::collections::BTreeSet;

use tinyrealm_core::node::HasUid;
use tinyrealm_core::node::directory::{
    Answer, LifeNumber, NameAnswer, NameWork, Reading, SimulatedStore, Work,
};
use tinyrealm_core::node::main::{LivingMain, MainList};
use tinyrealm_core::protocol::{ClaimNumber, Uid, WorldId};

use super::Realm;
use crate::bounded::bounded;
use crate::host::Tools;
use crate::ids::{HostId, MAINS};
use crate::timeline::Happening;
use crate::trace::What;
use crate::tuning::CLAIM_TIMEOUT_MS;

/// How long a question takes to the store, and an answer back.
const WAY_US: (u64, u64) = (100, 5_000);
/// The same of a slow one.
const SLOW_US: (u64, u64) = (20_000, 400_000);
/// When a question is asked again that was not answered.
const AGAIN_US: (u64, u64) = (40_000, 120_000);
/// Between two times that a Main says that it is alive, and looks which others are.
const LOOK_US: (u64, u64) = (240_000, 260_000);
/// A Main that has said nothing for so long is not there any more.
const ALIVE_US: u64 = 1_250_000;
/// In so many looks everybody of a Main is looked up once.
const LOOKS_PER_REVIEW: u32 = 4;
/// How often, in a thousand, something is old that is read while the store is behind.
const OLD_PERMILLE: u32 = 400;
/// How many times as often as a question it is lost what Mains tell each other.
const TELLS_LOST: u32 = 8;
/// How often, in a thousand, a store that was down has lost its keys.
const AMNESIA_PERMILLE: u32 = 150;

/// Everybody who has a key, and those who have just gone.
const USERS: usize = 192;
const NAMES: usize = 48;

/// What a Main asks.
#[derive(Clone, Debug)]
enum Asked {
    User(Work),
    Name(NameWork),
}

/// What it is answered, and from whom a user was taken by that.
#[derive(Copy, Clone, Debug)]
enum Answered {
    User(Answer, Option<LifeNumber>),
    Name(NameAnswer),
}

struct Question {
    main: usize,
    life: LifeNumber,
    asked: Asked,
    until_us: u64,
    answered: Option<Answered>,
}

/// What a Main has said of itself.
struct Beat {
    at_us: u64,
    worlds: Vec<WorldId>,
}

/// See the [module](self).
pub(super) struct Directory {
    store: SimulatedStore<USERS, NAMES>,
    lives: LifeNumber,
    /// The present life of each Main; 0 is none's.
    life_of: [LifeNumber; MAINS],
    beats: [Option<Beat>; MAINS],
    looks: [u32; MAINS],
    questions: Vec<Option<Question>>,
    /// What Mains tell each other.
    tells: Vec<(LifeNumber, Uid, ClaimNumber)>,
    pub(super) parted_until_us: [u64; MAINS],
    pub(super) down_until_us: u64,
    pub(super) slow_until_us: u64,
    pub(super) old_until_us: u64,
}

impl Directory {
    pub(super) const fn new() -> Self {
        Self {
            store: SimulatedStore::NEW,
            lives: 0,
            life_of: [0; MAINS],
            beats: [const { None }; MAINS],
            looks: [0; MAINS],
            questions: Vec::new(),
            tells: Vec::new(),
            parted_until_us: [0; MAINS],
            down_until_us: 0,
            slow_until_us: 0,
            old_until_us: 0,
        }
    }

    /// Everybody reaches it, and it is as it should be.
    pub(super) const fn heal(&mut self) {
        self.parted_until_us = [0; MAINS];
        (self.down_until_us, self.slow_until_us, self.old_until_us) = (0, 0, 0);
    }

    fn is_reached(&self, main: usize, now_us: u64) -> bool {
        now_us >= self.down_until_us && now_us >= self.parted_until_us[main]
    }

    fn main_of(&self, life: LifeNumber) -> Option<usize> {
        self.life_of.iter().position(|it| *it == life).filter(|_| life > 0)
    }

    /// The worlds that other Mains have, as they have said last.
    fn worlds_beside(&self, main: usize, now_us: u64) -> Vec<WorldId> {
        let others = self.beats.iter().enumerate().filter(|(other, _)| *other != main);
        let alive = others.filter_map(|(_, beat)| beat.as_ref().filter(|it| it.is_alive(now_us)));
        alive.flat_map(|beat| beat.worlds.iter().copied()).collect()
    }

    fn mains(&self, here: usize, now_us: u64) -> MainList {
        let is_alive = |main: usize| {
            main == here || self.beats[main].as_ref().is_some_and(|beat| beat.is_alive(now_us))
        };
        let living = |main: usize| LivingMain {
            for_clients: bounded(&HostId::main(main).address()),
            for_servers: bounded(&HostId::main(main).address()),
            is_here: main == here,
        };
        (0..MAINS).filter(|main| is_alive(*main)).map(living).collect()
    }
}

impl Beat {
    const fn is_alive(&self, now_us: u64) -> bool {
        self.at_us + ALIVE_US > now_us
    }
}

impl Realm<'_> {
    /// A Main begins another life.
    pub(super) fn begin_life(&mut self, main: usize) {
        if self.tuning.layout.has_directory() {
            self.directory.lives += 1;
            self.directory.life_of[main] = self.directory.lives;
            self.directory.looks[main] = 0;
            let life = self.directory.lives;
            self.timeline.plan(self.timeline.now_us(), Happening::Looks(main, life));
        }
    }

    pub(super) const fn end_life(&mut self, main: usize) {
        self.directory.life_of[main] = 0;
    }

    /// Whatever a Main wants to know now is on its way.
    pub(super) fn hand_out_questions(&mut self, main: usize) {
        while let Some(host) = &mut self.servers.mains[main] {
            let tools = &Tools { timeline: &mut self.timeline, network: &mut self.network };
            let asked = host.ask(tools, |bent, _| {
                let user = bent.role.next_directory_work().map(Asked::User);
                user.or_else(|| bent.role.next_name_work().map(Asked::Name))
            });
            let Some(asked) = asked else { return };
            let now_us = self.timeline.now_us();
            let life = self.directory.life_of[main];
            let until_us = now_us + u64::from(CLAIM_TIMEOUT_MS) * 1_000;
            let question = Question { main, life, asked, until_us, answered: None };
            self.directory.questions.push(Some(question));
            self.timeline.counters.directory_questions += 1;
            self.send_question(self.directory.questions.len() - 1);
        }
    }

    fn send_question(&mut self, question: usize) {
        let at_us = self.timeline.now_us() + self.way_us();
        self.timeline.plan(at_us, Happening::StoreIsAsked(question));
    }

    fn way_us(&mut self) -> u64 {
        let is_slow = self.timeline.now_us() < self.directory.slow_until_us;
        self.random.within(if is_slow { SLOW_US } else { WAY_US })
    }

    fn is_lost(&mut self, times: u32) -> bool {
        let permille = self.weather.dial_lost_permille * times;
        permille > 0 && self.random.chance(permille)
    }

    fn reading(&mut self) -> Reading {
        let is_behind = self.timeline.now_us() < self.directory.old_until_us;
        let is_old = is_behind && self.random.chance(OLD_PERMILLE);
        if is_old { Reading::Old } else { Reading::Newest }
    }

    /// A question has come as far as the store, if it does.
    pub(super) fn store_is_asked(&mut self, number: usize) {
        let now_us = self.timeline.now_us();
        let Some(Question { main, life, asked, until_us, .. }) = &self.directory.questions[number]
        else {
            return;
        };
        let (main, life, asked, is_over) = (*main, *life, asked.clone(), now_us >= *until_us);
        if self.directory.life_of[main] != life {
            self.directory.questions[number] = None;
            return;
        }
        if is_over {
            let unavailable = match asked {
                Asked::User(_) => Answered::User(Answer::Unavailable, None),
                Asked::Name(_) => Answered::Name(NameAnswer::Unavailable),
            };
            return self.answer(number, unavailable, now_us);
        }
        if !self.directory.is_reached(main, now_us) || self.is_lost(1) {
            return self.timeline.plan_after(AGAIN_US, Happening::StoreIsAsked(number));
        }
        let reading = self.reading();
        let answered = self.carry_out(main, life, &asked, reading);
        if self.is_lost(1) {
            return self.timeline.plan_after(AGAIN_US, Happening::StoreIsAsked(number));
        }
        let at_us = now_us + self.way_us();
        self.answer(number, answered, at_us);
    }

    fn carry_out(
        &mut self,
        main: usize,
        life: LifeNumber,
        asked: &Asked,
        reading: Reading,
    ) -> Answered {
        let directory = &mut self.directory;
        match asked {
            Asked::User(work) => {
                let carried = directory.store.ask(life, *work, reading);
                Answered::User(carried.answer, carried.taken_from)
            }
            Asked::Name(work) => {
                let beside = directory.worlds_beside(main, self.timeline.now_us());
                let is_elsewhere = |world| beside.contains(&world);
                Answered::Name(directory.store.ask_name(work, reading, is_elsewhere))
            }
        }
    }

    fn answer(&mut self, number: usize, answered: Answered, at_us: u64) {
        if let Some(question) = &mut self.directory.questions[number] {
            question.answered = Some(answered);
        }
        self.timeline.plan(at_us, Happening::QuestionIsAnswered(number));
    }

    pub(super) fn question_is_answered(&mut self, number: usize) {
        let Some(question) = self.directory.questions[number].take() else { return };
        let Question { main, life, asked, answered: Some(answered), .. } = question else { return };
        if self.directory.life_of[main] != life {
            return;
        }
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        let Some(host) = &mut self.servers.mains[main] else { return };
        match (asked, answered) {
            (Asked::User(work), Answered::User(answer, taken_from)) => {
                tools.timeline.note(HostId::main(main), What::Claims { uid: work.uid, answer });
                host.act(tools, |bent, cx| bent.role.directory_answered(cx, work, answer));
                if let (Answer::Written(number), Some(other)) = (answer, taken_from) {
                    self.tell_of(other, work.uid, number);
                }
            }
            (Asked::Name(work), Answered::Name(answer)) => {
                tools.timeline.note(HostId::main(main), What::Names { answer });
                host.act(tools, |bent, cx| bent.role.name_answered(cx, &work, answer));
            }
            _ => {}
        }
    }

    /// A Main tells another one that it has taken a user over.
    fn tell_of(&mut self, life: LifeNumber, uid: Uid, number: ClaimNumber) {
        self.timeline.counters.users_taken_over += 1;
        if self.is_lost(TELLS_LOST) {
            return;
        }
        self.directory.tells.push((life, uid, number));
        let at_us = self.timeline.now_us() + self.way_us();
        self.timeline.plan(at_us, Happening::MainIsTold(self.directory.tells.len() - 1));
    }

    pub(super) fn main_is_told(&mut self, tell: usize) {
        let (life, uid, number) = self.directory.tells[tell];
        let now_us = self.timeline.now_us();
        let main = self.directory.main_of(life);
        let main = main.filter(|main| self.directory.is_reached(*main, now_us));
        let Some(host) = main.and_then(|main| self.servers.mains[main].as_mut()) else { return };
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |bent, cx| bent.role.directory_changed(cx, uid, number, false));
    }

    /// A Main says that it is alive, sees who else is, and looks its users up.
    pub(super) fn look(&mut self, main: usize, life: LifeNumber) {
        if self.directory.life_of[main] != life {
            return;
        }
        self.timeline.plan_after(LOOK_US, Happening::Looks(main, life));
        let (at_us, now) = (self.timeline.now_us(), self.timeline.now());
        let Some(host) = &self.servers.mains[main] else { return };
        let worlds: Vec<WorldId> = host.node().role().role.known_worlds(now).collect();
        if !self.directory.is_reached(main, at_us) {
            return;
        }
        self.directory.beats[main] = Some(Beat { at_us, worlds });
        self.directory.looks[main] += 1;
        let mains = self.directory.mains(main, at_us);
        let is_review = self.directory.looks[main].is_multiple_of(LOOKS_PER_REVIEW);
        let found = if is_review { self.look_up(main, life) } else { Vec::new() };
        let Some(host) = &mut self.servers.mains[main] else { return };
        if found.is_empty() && *host.node().role().role.mains() == mains {
            return;
        }
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |bent, cx| {
            bent.role.hear_of_mains(cx, mains);
            for (uid, number, is_ours) in found {
                bent.role.directory_changed(cx, uid, number, is_ours);
            }
        });
    }

    /// What the store has of everybody whom a Main has, or may have.
    fn look_up(&mut self, main: usize, life: LifeNumber) -> Vec<(Uid, ClaimNumber, bool)> {
        let Some(host) = &self.servers.mains[main] else { return Vec::new() };
        let here = host.node().role().role.users().iter();
        let here = here.filter(|(_, user)| user.claim().0 > 0).map(|(_, user)| user.uid());
        let holders = self.directory.store.holders();
        let held = holders.filter(|(_, _, its)| *its == life).map(|(uid, ..)| uid);
        let uids: BTreeSet<u64> = here.chain(held).map(|uid| uid.0).collect();
        let looked_up = uids.into_iter().map(|uid| {
            let (uid, store) = (Uid(uid), &self.directory.store);
            let is_behind = self.timeline.now_us() < self.directory.old_until_us;
            let is_old = is_behind && self.random.chance(OLD_PERMILLE);
            let (number, holder) =
                if is_old { store.holder_before(uid) } else { store.holder(uid) };
            (uid, number, holder == Some(life))
        });
        looked_up.collect()
    }

    /// The store is there again, and may have forgotten everything.
    pub(super) fn stop_store(&mut self, until_us: u64) {
        self.directory.down_until_us = until_us;
        if self.random.chance(AMNESIA_PERMILLE) {
            self.directory.store.lose();
        }
    }
}

//! `SimulatedStore`: a store that compares and swaps, for tests and simulators: the one that claims are tried against by chance.
//!
//! Purpose: whoever drives simulated Mains asks it what they hand out, when and if it likes; so delays, lost questions and lost
//! answers are the driver's. What is the store's own is here: its numbers rise with every write of whatever key, a write or a
//! removal is taken only if it expects what is there, and a read may be [old](Reading::Old).
//!
//! Contract: whoever writes a user's key that another life of a Main had is told so ([`Carried::taken_from`]), as a driver finds
//! out by reading before it writes. A store that has [lost](SimulatedStore::lose) its keys goes on behind their numbers.
//!
//! Bounds: `USERS` keys of users and `NAMES` of names, those that were removed only as long as there is room for them; a write of one
//! more is not answered. O(keys) a question.
//!
//! ```
//! use tinyrealm_core::node::directory::{Answer, Ask, Reading, Request, SimulatedStore, Work};
//! use tinyrealm_core::protocol::{ClaimNumber, Uid};
//! let mut store = SimulatedStore::<4, 4>::NEW;
//! let work = |ask| Work { request: Request(1), uid: Uid(7), ask };
//! let write = |number| work(Ask::Write { expected: ClaimNumber(number) });
//! assert_eq!(store.ask(1, write(0), Reading::Newest).answer, Answer::Written(ClaimNumber(1)));
//! assert_eq!(store.ask(2, write(0), Reading::Newest).answer, Answer::Conflict);
//! let taken = store.ask(2, write(1), Reading::Newest);
//! assert_eq!((taken.answer, taken.taken_from), (Answer::Written(ClaimNumber(2)), Some(1)));
//! assert_eq!(store.ask(1, work(Ask::Read), Reading::Old).answer, Answer::Found(ClaimNumber(1)));
//! ```

use super::{Answer, Ask, NameAnswer, NameAsk, NameHolder, NameWork, RoomName, Work};
use crate::protocol::{ClaimNumber, Uid, WorldId};

/// What a read finds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// What is there.
    Newest,
    /// What was there before the last write of its key.
    Old,
}

/// Which life of which Main has asked: each has a number of its own.
pub type LifeNumber = usize;

/// What has become of a question about a user.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Carried {
    /// For who has asked.
    pub answer: Answer,
    /// Another life that had the user until now, and is to be told.
    pub taken_from: Option<LifeNumber>,
}

/// A user's key.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct UserKey {
    uid: Uid,
    /// 0 if it was removed.
    number: ClaimNumber,
    before: ClaimNumber,
    life: LifeNumber,
}

/// The key of a name; it stays when it is removed, with nobody's number.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NameKey {
    name: RoomName,
    now: (ClaimNumber, WorldId),
    before: (ClaimNumber, WorldId),
}

/// What all Mains of a simulated realm ask.
#[derive(Clone, Debug)]
pub struct SimulatedStore<const USERS: usize, const NAMES: usize> {
    users: heapless::Vec<UserKey, USERS>,
    names: heapless::Vec<NameKey, NAMES>,
    last: u64,
}

impl<const USERS: usize, const NAMES: usize> SimulatedStore<USERS, NAMES> {
    /// One that nobody has written to.
    pub const NEW: Self =
        Self { users: heapless::Vec::new(), names: heapless::Vec::new(), last: 0 };

    fn next_number(&mut self) -> ClaimNumber {
        self.last += 1;
        ClaimNumber(self.last)
    }

    fn user(&self, uid: Uid) -> Option<&UserKey> {
        self.users.iter().find(|key| key.uid == uid)
    }

    /// The number of a user's key, and who has written it; 0 and nobody if it is not there.
    pub fn holder(&self, uid: Uid) -> (ClaimNumber, Option<LifeNumber>) {
        match self.user(uid) {
            Some(key) if key.number.0 > 0 => (key.number, Some(key.life)),
            _ => (ClaimNumber(0), None),
        }
    }

    /// The same, as somebody finds it who reads what is old.
    pub fn holder_before(&self, uid: Uid) -> (ClaimNumber, Option<LifeNumber>) {
        (self.user(uid).map_or(ClaimNumber(0), |key| key.before), None)
    }

    /// Everybody who has a key.
    pub fn holders(&self) -> impl Iterator<Item = (Uid, ClaimNumber, LifeNumber)> {
        let there = self.users.iter().filter(|key| key.number.0 > 0);
        there.map(|key| (key.uid, key.number, key.life))
    }

    /// Carries out what Main has asked about a user in this life.
    pub fn ask(&mut self, life: LifeNumber, work: Work, reading: Reading) -> Carried {
        let (number, had_it) = self.holder(work.uid);
        let mut taken_from = None;
        let answer = match work.ask {
            Ask::Read if reading == Reading::Old => Answer::Found(self.holder_before(work.uid).0),
            Ask::Read => Answer::Found(number),
            Ask::Write { expected } if expected == number => {
                taken_from = had_it.filter(|other| *other != life);
                self.write(work.uid, life)
            }
            Ask::Remove { expected } if expected == number => self.remove(work.uid),
            Ask::Write { .. } | Ask::Remove { .. } => Answer::Conflict,
        };
        Carried { answer, taken_from }
    }

    fn write(&mut self, uid: Uid, life: LifeNumber) -> Answer {
        let number = self.next_number();
        if let Some(key) = self.users.iter_mut().find(|key| key.uid == uid) {
            *key = UserKey { uid, number, before: key.number, life };
            return Answer::Written(number);
        }
        let key = UserKey { uid, number, before: ClaimNumber(0), life };
        // Whoever was removed gives way: it is as if it had never been there.
        if self.users.is_full()
            && let Some(gone) = self.users.iter().position(|key| key.number.0 == 0)
        {
            self.users.swap_remove(gone);
        }
        self.users.push(key).map_or(Answer::Unavailable, |()| Answer::Written(number))
    }

    fn remove(&mut self, uid: Uid) -> Answer {
        if let Some(key) = self.users.iter_mut().find(|key| key.uid == uid) {
            (key.before, key.number) = (key.number, ClaimNumber(0));
        }
        Answer::Removed
    }

    /// Carries out what Main has asked about a name, if `is_elsewhere` tells which worlds other Mains have.
    pub fn ask_name(
        &mut self,
        work: &NameWork,
        reading: Reading,
        is_elsewhere: impl Fn(WorldId) -> bool,
    ) -> NameAnswer {
        let nobody = (ClaimNumber(0), WorldId(0));
        let key = self.names.iter().find(|key| key.name == work.name);
        let (now, before) = key.map_or((nobody, nobody), |key| (key.now, key.before));
        match work.ask {
            NameAsk::Read => {
                let (number, world) = if reading == Reading::Old { before } else { now };
                if number.0 == 0 {
                    return NameAnswer::Free(number);
                }
                let is_elsewhere = is_elsewhere(world);
                NameAnswer::Found(NameHolder { number, world, is_here: false, is_elsewhere })
            }
            NameAsk::Write { world, expected } if expected == now.0 => {
                let number = self.next_number();
                let is_written = self.set_name(&work.name, (number, world));
                if is_written { NameAnswer::Written(number) } else { NameAnswer::Unavailable }
            }
            NameAsk::Remove { expected } if expected == now.0 => {
                self.set_name(&work.name, nobody);
                NameAnswer::Removed
            }
            NameAsk::Write { .. } | NameAsk::Remove { .. } => NameAnswer::Conflict,
        }
    }

    /// Answers whether there is room for it.
    fn set_name(&mut self, name: &RoomName, now: (ClaimNumber, WorldId)) -> bool {
        if let Some(key) = self.names.iter_mut().find(|key| key.name == *name) {
            (key.before, key.now) = (key.now, now);
            return true;
        }
        if self.names.is_full()
            && let Some(gone) = self.names.iter().position(|key| key.now.0.0 == 0)
        {
            self.names.swap_remove(gone);
        }
        let before = (ClaimNumber(0), WorldId(0));
        self.names.push(NameKey { name: name.clone(), now, before }).is_ok()
    }

    /// All keys are gone; its numbers go on behind theirs.
    pub fn lose(&mut self) {
        self.users.clear();
        self.names.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::directory::Request;

    fn work(uid: u64, ask: Ask) -> Work {
        Work { request: Request(1), uid: Uid(uid), ask }
    }

    fn write(uid: u64, expected: u64) -> Work {
        work(uid, Ask::Write { expected: ClaimNumber(expected) })
    }

    fn name_work(name: &str, ask: NameAsk) -> NameWork {
        NameWork { request: Request(1), name: RoomName::try_from(name).unwrap(), ask }
    }

    #[test]
    fn numbers_go_on_behind_what_is_lost() {
        let mut store = SimulatedStore::<2, 2>::NEW;
        let written = |number| Answer::Written(ClaimNumber(number));
        assert_eq!(store.ask(1, write(7, 0), Reading::Newest).answer, written(1));
        store.lose();
        assert_eq!(store.holder(Uid(7)), (ClaimNumber(0), None));
        assert_eq!(store.ask(2, write(7, 0), Reading::Newest).answer, written(2));
        assert_eq!(store.holder(Uid(7)), (ClaimNumber(2), Some(2)));
    }

    #[test]
    fn one_key_more_than_there_is_room_for_is_not_answered() {
        let mut store = SimulatedStore::<2, 1>::NEW;
        let answers = [1, 2, 3].map(|uid| store.ask(1, write(uid, 0), Reading::Newest).answer);
        assert_eq!(answers[2], Answer::Unavailable);
        assert!(answers[..2].iter().all(|answer| matches!(answer, Answer::Written(_))));
        let write = NameAsk::Write { world: WorldId(1), expected: ClaimNumber(0) };
        let asks = ["den", "hut"].map(|name| name_work(name, write));
        let answers = asks.map(|work| store.ask_name(&work, Reading::Newest, |_| false));
        assert!(matches!(answers, [NameAnswer::Written(_), NameAnswer::Unavailable]));
    }

    #[test]
    fn what_was_removed_gives_way() {
        let mut store = SimulatedStore::<1, 1>::NEW;
        for uid in 1..=3 {
            let Answer::Written(number) = store.ask(1, write(uid, 0), Reading::Newest).answer
            else {
                panic!("user {uid} has no room");
            };
            store.ask(1, work(uid, Ask::Remove { expected: number }), Reading::Newest);
        }
        for name in ["den", "hut"] {
            let ask = NameAsk::Write { world: WorldId(1), expected: ClaimNumber(0) };
            let answer = store.ask_name(&name_work(name, ask), Reading::Newest, |_| false);
            let NameAnswer::Written(expected) = answer else { panic!("{name} has no room") };
            let remove = name_work(name, NameAsk::Remove { expected });
            store.ask_name(&remove, Reading::Newest, |_| false);
        }
    }

    #[test]
    fn a_removal_takes_what_is_there_and_no_other() {
        let mut store = SimulatedStore::<2, 2>::NEW;
        store.ask(1, write(7, 0), Reading::Newest);
        let remove = |number| work(7, Ask::Remove { expected: ClaimNumber(number) });
        assert_eq!(store.ask(1, remove(2), Reading::Newest).answer, Answer::Conflict);
        assert_eq!(store.ask(1, remove(1), Reading::Newest).answer, Answer::Removed);
        assert_eq!(store.holders().count(), 0);
        // What was there before is read by whoever reads what is old.
        let read = work(7, Ask::Read);
        assert_eq!(store.ask(1, read, Reading::Newest).answer, Answer::Found(ClaimNumber(0)));
        assert_eq!(store.ask(1, read, Reading::Old).answer, Answer::Found(ClaimNumber(1)));
    }
}

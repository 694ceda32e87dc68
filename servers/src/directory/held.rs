//! `Held`: whom this Main has, as far as the store's answers say: who is to be looked up from time to time.
//!
//! Contract: whoever the store may have for this life is in it, also if it is not known what has become of a write. What is
//! read may be old: it lets nobody go who has been written since.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use tinyrealm_core::node::directory::{Answer, Ask, Work};
use tinyrealm_core::protocol::{ClaimNumber, Uid};

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Held {
    /// With the numbers of their claims; 0 if none is known.
    users: BTreeMap<u64, ClaimNumber>,
    /// Whose turn was last.
    last: u64,
}

impl Held {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// A question was answered.
    pub(super) fn note(&mut self, work: Work, answer: Answer) {
        let uid = work.uid.0;
        match (work.ask, answer) {
            (Ask::Write { .. }, Answer::Written(number)) => drop(self.users.insert(uid, number)),
            (_, Answer::Unavailable) => drop(self.users.entry(uid).or_insert(ClaimNumber(0))),
            (Ask::Remove { .. }, _) => drop(self.users.remove(&uid)),
            (Ask::Read | Ask::Write { .. }, _) => {}
        }
    }

    /// Somebody else has written this.
    pub(super) fn lost(&mut self, uid: Uid, number: ClaimNumber) {
        if self.users.get(&uid.0).is_some_and(|held| held.0 <= number.0) {
            self.users.remove(&uid.0);
        }
    }

    /// Whose turn it is next, at most so many; all of them come before anybody comes again.
    pub(super) fn next(&mut self, most: usize) -> Vec<Uid> {
        let most = most.min(self.users.len());
        let behind = self.users.range((Excluded(self.last), Unbounded));
        let next = behind.chain(&self.users).take(most).map(|(uid, _)| Uid(*uid));
        let next: Vec<Uid> = next.collect();
        self.last = next.last().map_or(0, |uid| uid.0);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::node::directory::Request;

    fn held(held: &mut Held, uid: u64, ask: Ask, answer: Answer) {
        held.note(Work { request: Request(1), uid: Uid(uid), ask }, answer);
    }

    const WRITE: Ask = Ask::Write { expected: ClaimNumber(0) };
    const REMOVE: Ask = Ask::Remove { expected: ClaimNumber(1) };

    #[test]
    fn whoever_may_be_ours_is_looked_up() {
        let mut book = Held::default();
        held(&mut book, 1, WRITE, Answer::Written(ClaimNumber(7)));
        held(&mut book, 2, WRITE, Answer::Unavailable);
        held(&mut book, 3, WRITE, Answer::Conflict);
        held(&mut book, 4, Ask::Read, Answer::Found(ClaimNumber(5)));
        assert_eq!(book.next(9), [Uid(1), Uid(2)]);
        held(&mut book, 1, REMOVE, Answer::Unavailable);
        assert_eq!(book.len(), 2);
        held(&mut book, 1, REMOVE, Answer::Removed);
        held(&mut book, 2, REMOVE, Answer::Conflict);
        assert_eq!(book.len(), 0);
    }

    #[test]
    fn an_old_number_lets_nobody_go() {
        let mut book = Held::default();
        held(&mut book, 1, WRITE, Answer::Written(ClaimNumber(7)));
        held(&mut book, 1, Ask::Read, Answer::Unavailable);
        book.lost(Uid(1), ClaimNumber(6));
        assert_eq!(book.len(), 1);
        book.lost(Uid(1), ClaimNumber(8));
        assert_eq!(book.len(), 0);
        held(&mut book, 2, WRITE, Answer::Unavailable);
        book.lost(Uid(2), ClaimNumber(1));
        assert_eq!(book.len(), 0);
    }

    #[test]
    fn everybody_has_a_turn() {
        let mut book = Held::default();
        (1..=5).for_each(|uid| held(&mut book, uid, WRITE, Answer::Written(ClaimNumber(uid))));
        let turns: Vec<Uid> = (0..5).flat_map(|_| book.next(2)).collect();
        assert_eq!(turns, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5].map(Uid));
        assert_eq!(book.next(0), []);
        assert_eq!(book.next(9).len(), 5);
        assert_eq!(Held::default().next(9), []);
    }
}

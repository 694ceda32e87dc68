//! `Asks`: the questions of one side that are under way, a player's in its room or a room's to its members.
//!
//! Invariants: each has one outcome, before the connection is known to be lost that it came or went by; an answer or
//! a refusal is that of the very question, from whoever was asked.

use std::collections::BTreeMap;

use tinyrealm_core::protocol::{ErrorCode, Uid};

use crate::actors::riddle::{Fate, Outcome, refusal_of};
use crate::broken::{Broken, ensure};

/// One that is under way.
#[derive(Copy, Clone, Debug)]
struct Open {
    uid: Uid,
    number: u32,
    fate: Fate,
}

/// By what its asker calls it; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Asks {
    open: BTreeMap<u32, Open>,
}

impl Asks {
    /// Something is asked: whose question it is, or to whom, its number, and what is to become of it.
    pub(crate) fn asked(&mut self, ask: u32, (uid, number): (Uid, u32), fate: Fate) {
        self.open.insert(ask, Open { uid, number, fate });
    }

    /// So it has ended.
    pub(crate) fn ended(&mut self, ask: u32, outcome: Outcome) -> Result<(), Broken> {
        let Some(open) = self.open.remove(&ask) else {
            return Err(Broken::new(
                ONCE,
                format!("{ask} has ended, and was not open: {outcome:?}"),
            ));
        };
        ensure(open.may_end_with(outcome), "an answer is its question's", || {
            format!("{open:?} has ended with {outcome:?}")
        })
    }

    /// Nothing is under way any more, as far as it concerns somebody.
    pub(crate) fn check_over(&self, is_concerned: impl Fn(Uid) -> bool) -> Result<(), Broken> {
        let left = self.open.iter().find(|(_, open)| is_concerned(open.uid));
        ensure(left.is_none(), ONCE, || format!("{left:?} has not ended"))
    }
}

const ONCE: &str = "a question has one outcome";

impl Open {
    fn may_end_with(self, outcome: Outcome) -> bool {
        let may_be_given = matches!(self.fate, Fate::Given | Fate::Countered);
        let may_be_refused = matches!(self.fate, Fate::Refused | Fate::Countered);
        match outcome {
            Outcome::Given(uid, number) => may_be_given && (uid, number) == (self.uid, self.number),
            Outcome::Refused(code) => may_be_refused && code == refusal_of(self.number),
            Outcome::Failed(ErrorCode::NOT_UNDERSTOOD) => self.fate == Fate::NotUnderstood,
            Outcome::Failed(code) => {
                matches!(code, ErrorCode::TIMED_OUT | ErrorCode::LOST | ErrorCode::BUSY)
            }
            Outcome::Odd => false,
        }
    }
}

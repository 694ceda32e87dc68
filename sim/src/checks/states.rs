//! `States`: the things of a room and what its members show, as its game has shown them, or as a client sees them.
//!
//! Invariant: when a room is settled, whoever is in it sees what its game has shown, whether it has just come or was
//! there all the time.

use std::collections::BTreeMap;

use tinyrealm_core::protocol::Uid;

use crate::actors::recorder::thing_of;
use crate::speech::Speech;

/// What there is to see; see the [module](self).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct States {
    things: BTreeMap<u16, Speech>,
    /// Of each member, the number of what it has said last.
    tallies: BTreeMap<Uid, u32>,
}

impl States {
    /// The game shows what comes of this.
    pub(super) fn show(&mut self, speech: Speech) {
        let (id, is_put) = thing_of(speech);
        self.put(id, Some(speech).filter(|_| is_put));
        self.tally(speech.uid, speech.number);
    }

    pub(super) fn put(&mut self, id: u16, mark: Option<Speech>) {
        match mark {
            Some(mark) => drop(self.things.insert(id, mark)),
            None => drop(self.things.remove(&id)),
        }
    }

    pub(super) fn tally(&mut self, uid: Uid, number: u32) {
        self.tallies.insert(uid, number);
    }

    /// What a member shows goes with it.
    pub(super) fn left(&mut self, uid: Uid) {
        self.tallies.remove(&uid);
    }
}

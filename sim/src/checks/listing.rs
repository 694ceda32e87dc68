//! `Listing`: the rooms that Main shows one client.
//!
//! Invariants: a list is answered once; it has rooms of the mode that was asked for, each once, as their games have
//! described them, and none that is not to be listed.

use std::collections::{BTreeSet, VecDeque};

use crate::broken::{Broken, ensure};
use crate::journal::Listed;
use crate::room_names::is_unlisted;

const ANSWERED: &str = "a list is answered, once";

/// What one client has asked for; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The modes of questions that have no answer yet.
    questions: VecDeque<&'static str>,
    next_after: u16,
}

impl Listing {
    pub(crate) fn asked(&mut self, mode: &'static str) {
        self.questions.push_back(mode);
    }

    /// Where the page behind the last one begins.
    pub(crate) const fn next_after(&self) -> u16 {
        self.next_after
    }

    /// The connection to Main has ended, and every question with it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Main does not take the question now.
    pub(super) fn refused(&mut self) -> Result<(), Broken> {
        let asked = self.questions.pop_front();
        ensure(asked.is_some(), ANSWERED, || "nobody has asked".to_owned())
    }

    pub(super) fn answered(&mut self, rooms: &[Listed], next_after: u16) -> Result<(), Broken> {
        let Some(mode) = self.questions.pop_front() else {
            return Err(Broken::new(ANSWERED, format!("{rooms:?}")));
        };
        self.next_after = next_after;
        for room in rooms {
            let is_asked_for = mode.is_empty() || room.mode == mode;
            ensure(is_asked_for && !is_unlisted(&room.name), "a list has listed rooms", || {
                format!("{room:?} for {mode:?}")
            })?;
            ensure(room.properties == room.name.as_bytes(), "a list has what games say", || {
                format!("{room:?}")
            })?;
        }
        let names: BTreeSet<_> = rooms.iter().map(|room| &room.name).collect();
        ensure(names.len() == rooms.len(), "a list has each room once", || format!("{rooms:?}"))
    }

    pub(crate) fn check_rest(&self) -> Result<(), Broken> {
        ensure(self.questions.is_empty(), ANSWERED, || format!("{:?} are open", self.questions))
    }
}

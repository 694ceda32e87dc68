//! `Calling`: what clients say of themselves, and what users may be called by that.
//!
//! Invariants: a name that is shown is one that its user has said, and Main has accepted; whoever says one that it is to
//! refuse, or comes for another game, gets nowhere; whoever wants a region comes to its worlds.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::protocol::Uid;

use crate::broken::{Broken, ensure};
use crate::ids::{HostId, Role, region_of};

/// What clients call themselves: nothing, more often than something,
pub(crate) const NICKNAMES: [&str; 6] = ["", "", "Ann", "Zo\u{EB}", "안녕", "<b>"];
/// and what nobody is called: it turns round what follows.
pub(crate) const BAD_NICKNAME: &str = "evil\u{202E}";

/// What one client says of itself; nothing for whoever is no player.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calling {
    /// The name of its account, in a realm that has accounts.
    pub(crate) account: String,
    pub(crate) nickname: &'static str,
    /// Where it wants to be; empty for anywhere, and for whoever wants a room by its name.
    pub(crate) region: &'static str,
    /// It was made for another game.
    pub(crate) is_of_another_game: bool,
}

impl Calling {
    /// What others see.
    fn shown(&self) -> &str {
        if self.nickname.is_empty() { &self.account } else { self.nickname }
    }

    pub(super) fn check_joined(&self) -> Result<(), Broken> {
        let is_right = !self.is_of_another_game;
        ensure(is_right, "a world takes clients of its game", || format!("{self:?}"))
    }

    pub(super) fn check_sent(&self, world: HostId) -> Result<(), Broken> {
        let Role::World(number) = world.role() else { return Ok(()) };
        let is_right = self.region.is_empty() || self.region == region_of(number);
        ensure(is_right, "whoever wants a region comes to its worlds", || {
            format!("{self:?} is sent to world {number}")
        })
    }
}

/// What users may be called; see the [module](self).
#[derive(Default)]
pub(crate) struct Callings {
    accepted: BTreeMap<Uid, BTreeSet<String>>,
}

impl Callings {
    /// Main takes a user by what it has said.
    pub(super) fn welcomed(&mut self, uid: Uid, calling: &Calling) -> Result<(), Broken> {
        let is_right = calling.nickname != BAD_NICKNAME;
        ensure(is_right, "a nickname that is no name lets nobody in", || format!("{uid:?}"))?;
        self.accepted.entry(uid).or_default().insert(calling.shown().to_owned());
        Ok(())
    }

    pub(crate) fn check_shown(&self, uid: Uid, name: &str) -> Result<(), Broken> {
        let accepted = self.accepted.get(&uid);
        let is_right = accepted.is_some_and(|names| names.contains(name));
        ensure(is_right, "a name that is shown was accepted", || {
            format!("{uid:?} is called {name}, and may be called {accepted:?}")
        })
    }
}

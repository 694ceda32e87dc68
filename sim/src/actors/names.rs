//! `Names`: whom the members' numbers of a room mean, as a client learns it.
//!
//! A number that nothing was told of means [`STRANGER`], which no check lets pass.

use std::collections::BTreeMap;

use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{MemberNumber, MemberState, Uid};

/// Whoever is not known.
const STRANGER: Uid = Uid::MAX;

/// The members of one client's room, by number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    own: (MemberNumber, Uid),
    others: BTreeMap<MemberNumber, Uid>,
    pages_left: u16,
}

impl Names {
    pub(crate) fn joined(&mut self, join: &JoinOk, own: Uid) {
        *self = Self { own: (join.number, own), ..Self::default() };
    }

    pub(crate) fn take(&mut self, page: &RoomSnapshot) {
        if self.pages_left == 0 {
            self.others.clear();
        }
        self.pages_left = page.pages_left;
        page.members.iter().for_each(|member| self.entered(member));
    }

    pub(crate) fn entered(&mut self, member: &MemberState) {
        self.others.insert(member.number, member.uid);
    }

    pub(crate) fn left(&mut self, number: MemberNumber) -> Uid {
        self.others.remove(&number).unwrap_or(STRANGER)
    }

    /// Whether this client only watches.
    pub(crate) fn is_a_spectator_s(&self) -> bool {
        self.own.0 == MemberNumber::GAME
    }

    /// Who it is; nobody for the game itself.
    pub(crate) fn of(&self, number: MemberNumber) -> Uid {
        match number {
            MemberNumber::GAME => Uid::NOBODY,
            number if number == self.own.0 => self.own.1,
            number => self.others.get(&number).copied().unwrap_or(STRANGER),
        }
    }
}

//! Who plays, with how many coins, and how far they may go.

use tinyrealm_core::node::world::{RoomContext, StateError};
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::time::{Instant, Stamp};

use super::messages::rush_to_client::Score;
use super::{SLACK, SPEED};

/// How far a player's best is kept.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Keeping {
    /// Nobody was asked.
    Unknown,
    /// The store is asked.
    Loading,
    /// The store has this.
    Kept(u16),
    /// The store is to have this.
    Saving(u16),
    /// The store has failed, or there is none: until the round ends.
    Failed,
}

/// One player.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Player {
    pub(crate) uid: Uid,
    pub(crate) points: u16,
    pub(crate) moved_at: Stamp,
    /// How often it wanted to go too far, in a row.
    pub(crate) refused: u8,
    /// How far it may go besides what time gives it, in thousandths of a unit.
    pub(crate) slack_used: u32,
    /// It was here before the world started again, and may come back for its points until the round ends.
    pub(crate) is_away: bool,
    /// The most points of its rounds, as far as is known here.
    pub(crate) best: u16,
    /// How far that is kept.
    pub(crate) keeping: Keeping,
    /// The last round that has ended, and its points in it, unless they are recorded.
    pub(crate) ended_round: u16,
    pub(crate) ended_points: u16,
}

impl Player {
    pub(crate) const NOBODY: Self = Self {
        uid: Uid::NOBODY,
        points: 0,
        moved_at: Stamp::ZERO,
        refused: 0,
        slack_used: 0,
        is_away: false,
        best: 0,
        keeping: Keeping::Unknown,
        ended_round: 0,
        ended_points: 0,
    };

    /// Shows everybody how many coins it has.
    ///
    /// # Errors
    /// It is not in the room.
    pub(crate) fn show(&self, room: &mut RoomContext<'_, '_>) -> Result<(), StateError> {
        room.put_member(self.uid, &Score { points: self.points })
    }

    /// Whether somebody who has not moved since then may go so far. What it goes too far it owes: time pays.
    pub(crate) fn may_go(&mut self, now: Instant, distance: u32) -> bool {
        let earned = u64::from(self.moved_at.age_ms(now)) * u64::from(SPEED) / 1_000;
        let owed = (u64::from(self.slack_used) + u64::from(distance)).saturating_sub(earned);
        if owed > u64::from(SLACK) {
            self.refused = self.refused.saturating_add(1);
            return false;
        }
        self.refused = 0;
        self.slack_used = owed as u32;
        self.moved_at = now.stamp();
        true
    }
}

/// All of a room; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub(crate) struct Players<const MOST: usize>([Player; MOST]);

impl<const MOST: usize> Players<MOST> {
    pub(crate) const NONE: Self = Self([Player::NOBODY; MOST]);

    pub(crate) fn has_place(&self) -> bool {
        self.0.iter().any(|player| player.uid == Uid::NOBODY || player.is_away)
    }

    /// Who was here before goes on with its points; who was, and has not come back, gives way.
    pub(crate) fn enter(&mut self, player: Player) {
        let place = |uid| self.0.iter().position(|player| player.uid == uid);
        let place = place(player.uid).or_else(|| place(Uid::NOBODY));
        let place = place.or_else(|| self.0.iter().position(|player| player.is_away));
        if let Some(before) = place.and_then(|place| self.0.get_mut(place)) {
            let is_back = before.uid == player.uid;
            let points = if is_back { before.points } else { player.points };
            *before = Player { points, ..player };
        }
    }

    /// Whoever of those who were here before has its seat still, as far as `is_seated` knows, is not away.
    pub(crate) fn find_seated(&mut self, now: Instant, mut is_seated: impl FnMut(&Player) -> bool) {
        for player in self.iter_mut().filter(|player| player.is_away) {
            if is_seated(player) {
                (player.is_away, player.moved_at) = (false, now.stamp());
            }
        }
    }

    pub(crate) fn leave(&mut self, uid: Uid) {
        if let Some(place) = self.find_mut(uid) {
            *place = Player::NOBODY;
        }
    }

    pub(crate) fn find(&self, uid: Uid) -> Option<&Player> {
        self.0.iter().find(|player| player.uid == uid)
    }

    pub(crate) fn find_mut(&mut self, uid: Uid) -> Option<&mut Player> {
        self.0.iter_mut().find(|player| player.uid == uid)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Player> {
        self.0.iter().filter(|player| player.uid != Uid::NOBODY)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Player> {
        self.0.iter_mut().filter(|player| player.uid != Uid::NOBODY)
    }

    pub(crate) fn begin_round(&mut self) {
        for away in self.iter_mut().filter(|player| player.is_away) {
            *away = Player::NOBODY;
        }
        for player in self.iter_mut() {
            player.points = 0;
        }
    }
}

//! Who plays, with how many coins, and how far they may go.

use tinyrealm_core::protocol::Uid;
use tinyrealm_core::time::{Instant, Stamp};

use super::{SLACK, SPEED};

/// One player.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Player {
    pub(crate) uid: Uid,
    pub(crate) points: u16,
    pub(crate) is_untold: bool,
    pub(crate) moved_at: Stamp,
    /// How often it wanted to go too far, in a row.
    pub(crate) refused: u8,
    /// How far it may go besides what time gives it, in thousandths of a unit.
    pub(crate) slack_used: u32,
}

impl Player {
    pub(crate) const NOBODY: Self = Self {
        uid: Uid::NOBODY,
        points: 0,
        is_untold: false,
        moved_at: Stamp::ZERO,
        refused: 0,
        slack_used: 0,
    };

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
        self.find(Uid::NOBODY).is_some()
    }

    pub(crate) fn enter(&mut self, player: Player) {
        if let Some(place) = self.find_mut(Uid::NOBODY) {
            *place = player;
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
        for player in self.iter_mut() {
            player.points = 0;
            player.is_untold = true;
        }
    }
}

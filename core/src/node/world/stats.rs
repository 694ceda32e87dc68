//! `WorldStats`: what the rooms of a world have been through.

use crate::protocol::JoinDenial;
use crate::stats::Count;

/// Counters of one world, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct WorldStats {
    /// Moves that were accepted.
    pub moves: u64,
    /// Accepted moves that a newer one of the same user replaced before the flush.
    pub moves_conflated: u64,
    /// Moves that the game refused or corrected.
    pub moves_refused: u64,
    /// Events, and messages of the game's own, that were accepted.
    pub events: u64,
    /// Frames that were published, times the members who get them.
    pub deliveries: u64,
    /// Events, times the members, that were announced as missed.
    pub events_missed: u64,
    /// Rooms flushed.
    pub flushes: u64,
    /// Snapshots sent, for joining and for falling behind.
    pub snapshots: u32,
    /// Users who joined a room.
    pub joined: u32,
    /// Users who left one.
    pub left: u32,
    /// Joins denied, by reason: `denied[reason - 1]`.
    pub denied: [u32; JoinDenial::ALL.len()],
}

impl WorldStats {
    /// Joins denied for `reason`.
    pub fn denied_for(&self, reason: JoinDenial) -> u32 {
        let place = usize::from(reason.0).checked_sub(1);
        place.and_then(|place| self.denied.get(place)).copied().unwrap_or(0)
    }

    pub(super) fn count_denied(&mut self, reason: JoinDenial) {
        let place = usize::from(reason.0).wrapping_sub(1);
        if let Some(count) = self.denied.get_mut(place) {
            count.count();
        }
    }
}

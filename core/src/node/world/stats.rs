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
    /// Inputs that were heard.
    #[cfg(feature = "inputs")]
    pub inputs: u64,
    /// Inputs that were passed over, because a later one had been heard.
    #[cfg(feature = "inputs")]
    pub inputs_late: u64,
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
    /// Members whose connection was lost, with their seats held.
    pub lost: u32,
    /// Members who are back in their seats.
    pub returned: u32,
    /// Joins denied, by reason, as in [`JoinDenial::ALL`].
    pub denied: [u32; JoinDenial::ALL.len()],
}

impl WorldStats {
    /// Joins denied for `reason`.
    pub fn denied_for(&self, reason: JoinDenial) -> u32 {
        let mut counts = self.denied.iter().zip(JoinDenial::ALL);
        counts.find(|(_, denial)| **denial == reason).map_or(0, |(count, _)| *count)
    }

    pub(super) fn count_denied(&mut self, reason: JoinDenial) {
        let mut counts = self.denied.iter_mut().zip(JoinDenial::ALL);
        if let Some((count, _)) = counts.find(|(_, denial)| **denial == reason) {
            count.count();
        }
    }
}

//! A member's seat, and why somebody is out of its room.

#[cfg(not(feature = "seats"))]
mod absent;
#[cfg(feature = "seats")]
mod held;

#[cfg(not(feature = "seats"))]
pub(super) use absent::{NextEnd, Seat};
#[cfg(feature = "seats")]
pub(super) use held::{NextEnd, Seat};

use crate::protocol::ErrorCode;

/// Whether worlds hold seats at all.
pub(super) const HOLDS: bool = cfg!(feature = "seats");

/// Why somebody is out of its room.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Left {
    /// It has said so.
    Left,
    /// Its connection was lost, and the time to come back is over, or there was none.
    Expired,
    /// The game has removed it, or its realm has no place for it any more.
    Removed,
    /// It goes elsewhere, or comes anew.
    Replaced,
    /// It may not be in the realm any more: its account is revoked, or it is banned.
    Revoked,
}

impl Left {
    /// What the end of a member's connection, or Main's word, means.
    pub(super) const fn for_reason(reason: ErrorCode) -> Self {
        match reason {
            ErrorCode::GOODBYE => Self::Left,
            ErrorCode::REMOVED | ErrorCode::FULL => Self::Removed,
            ErrorCode::REPLACED | ErrorCode::WORLD_TIMEOUT => Self::Replaced,
            ErrorCode::REVOKED | ErrorCode::BANNED | ErrorCode::DETACHED => Self::Revoked,
            _ => Self::Expired,
        }
    }
}

/// Whether a connection that has ended like this was lost. `REPLACED` is the member's own word: another of its
/// connections goes on.
pub(super) const fn is_loss(reason: ErrorCode) -> bool {
    matches!(Left::for_reason(reason), Left::Expired | Left::Replaced)
}

/// How many seats of a room of `capacity` are held at a time.
pub(super) const fn held_most(capacity: u16) -> u16 {
    if capacity < 4 { 1 } else { capacity / 4 }
}

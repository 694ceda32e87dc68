//! Rooms that stand still: on their way to another world, or from there.
//!
//! Contract: nothing happens in such a room: its game is not called, its members' input waits, and nobody comes in. Without
//! the cargo feature `moving` none does.

/// Which rooms those are.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The one that is on its way to another world, or is that world's already.
    #[cfg(feature = "moving")]
    pub(super) leaving: Option<u16>,
    /// The one that is on its way here.
    #[cfg(feature = "moving")]
    pub(super) coming: Option<u16>,
}

#[cfg(feature = "moving")]
impl Standing {
    /// Whether this room moves away.
    pub(super) fn is_leaving(&self, room: u16) -> bool {
        self.leaving == Some(room)
    }

    /// Whether this room is not open here yet: nobody may hear of it.
    pub(super) fn is_coming(&self, room: u16) -> bool {
        self.coming == Some(room)
    }
}

#[cfg(not(feature = "moving"))]
#[expect(clippy::unused_self, reason = "with moving rooms there may be some")]
impl Standing {
    #[inline(always)]
    pub(super) const fn is_leaving(&self, _: u16) -> bool {
        false
    }

    #[inline(always)]
    pub(super) const fn is_coming(&self, _: u16) -> bool {
        false
    }
}

//! `Gallery`: how many spectators there may be and are.

/// How many spectators there may be and are.
#[derive(Debug)]
pub(in super::super) struct Gallery {
    #[cfg(feature = "names")]
    most_per_room: u16,
    #[cfg(feature = "names")]
    taken: u16,
}

#[cfg(not(feature = "names"))]
#[allow(clippy::unused_self, reason = "the same calls as with the feature")]
impl Gallery {
    pub(in super::super) const fn new(_: u16) -> Self {
        Self {}
    }

    pub(in super::super) const fn most(&self) -> u16 {
        0
    }

    pub(in super::super) const fn taken(&self) -> usize {
        0
    }

    pub(super) const fn enter(&mut self) {}

    pub(in super::super) const fn leave(&mut self) {}
}

#[cfg(feature = "names")]
impl Gallery {
    pub(in super::super) const fn new(most_per_room: u16) -> Self {
        Self { most_per_room, taken: 0 }
    }

    /// How many may be in a room.
    pub(in super::super) const fn most(&self) -> u16 {
        self.most_per_room
    }

    /// How many are in all rooms.
    pub(in super::super) const fn taken(&self) -> usize {
        self.taken as usize
    }

    pub(super) const fn enter(&mut self) {
        self.taken += 1;
    }

    pub(in super::super) const fn leave(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }
}

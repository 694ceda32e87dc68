//! `Heard`: how far a room has got with one member's inputs.

/// How far a room has got with a member's inputs.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Heard {
    /// The number of the newest; 0 before the first.
    pub(super) tick: u32,
    /// The member is to be told.
    pub(super) is_owed: bool,
}

impl Heard {
    pub(in super::super) const NOTHING: Self = Self { tick: 0, is_owed: false };

    /// Takes an input's number, if it is above the last.
    pub(super) fn take(&mut self, tick: u32) -> bool {
        let is_next = tick > self.tick;
        if is_next {
            *self = Self { tick, is_owed: true };
        }
        is_next
    }
}

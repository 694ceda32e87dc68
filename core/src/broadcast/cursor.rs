//! `Cursor`: how far a member is in its ring.

use crate::wire::Framing;

/// How far a member is.
#[derive(Copy, Clone, Debug)]
pub struct Cursor {
    pub(super) at: u32,
    /// The first of the member's own frames in its window.
    pub(super) own: u32,
    /// How many of its own frames are in its window.
    pub(super) own_frames: u32,
    /// Counted frames that it has got, as of `at`.
    pub(super) counted: u32,
    /// Which ring it is in.
    pub(super) framing: Framing,
}

impl Cursor {
    /// No cursor: all-zero bits.
    pub const VACANT: Self =
        Self { at: 0, own: 0, own_frames: 0, counted: 0, framing: Framing::Stream };

    /// Goes back behind `missed` counted frames, as far as counting goes.
    pub(super) const fn miss(&mut self, missed: u32) {
        self.counted = self.counted.wrapping_sub(missed);
    }

    /// How the frames stand that it is to get.
    pub const fn framing(&self) -> Framing {
        self.framing
    }
}

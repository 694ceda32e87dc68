//! `RoomState`: what is known of one room's state, and what waits to be kept of it.

/// What is to be handed out for a room.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Waiting {
    Nothing = 0,
    /// So many bytes of the room's share.
    Save = 1,
    /// There is nothing to keep any more.
    Forget = 2,
}

/// What a room has under way, and what is known of its state.
#[derive(Debug)]
pub struct RoomState {
    /// Which room of this number it is: what was asked before it closed is answered to nobody.
    pub(super) opening: u32,
    /// Records of this opening.
    pub(super) records: u32,
    /// The first bytes of its records' ids, random with the first.
    pub(super) record_series: [u8; 12],
    /// Of the state that was handed out last or waits; 0 if there is none.
    pub(super) newest: u64,
    pub(super) in_flight: u16,
    pub(super) bytes: u16,
    pub(super) waiting: Waiting,
    pub(super) is_outside: bool,
    /// The store has a state of it, or may have.
    pub(super) is_kept: bool,
}

/// Bytes of what is known of one room.
pub const ROOM_STATE_BYTES: usize = core::mem::size_of::<RoomState>();

const _: () =
    assert!(ROOM_STATE_BYTES <= 40, "a room's state has grown: say why, and what it costs");

impl RoomState {
    /// A room that keeps nothing: all-zero bits.
    pub const VACANT: Self = Self {
        opening: 0,
        records: 0,
        record_series: [0; 12],
        newest: 0,
        in_flight: 0,
        bytes: 0,
        waiting: Waiting::Nothing,
        is_outside: false,
        is_kept: false,
    };

    pub(super) fn is_ready(&self) -> bool {
        self.waiting != Waiting::Nothing && !self.is_outside
    }
}

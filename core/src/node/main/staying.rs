//! A Main whose worlds' rooms stay where they are: it hears of no moves.
//!
//! Contract: which messages are of moves is told here for every Main; what comes to one without the cargo feature `moving` is
//! not understood.

#[cfg(not(feature = "moving"))]
use super::{Authenticator, Main};
#[cfg(not(feature = "moving"))]
use crate::node::Caller;
use crate::protocol::world_to_main::{
    MovesRooms, OffersRoom, RoomBlock, RoomMovedHere, SayOfMove, UserMovedHere,
};
use crate::wire::Opcode;

/// Whether a world says something of moves.
#[inline(always)]
pub(super) const fn is_of_moves(opcode: Opcode) -> bool {
    matches!(
        opcode,
        MovesRooms::OPCODE
            | RoomBlock::OPCODE
            | SayOfMove::OPCODE
            | RoomMovedHere::OPCODE
            | UserMovedHere::OPCODE
            | OffersRoom::OPCODE
    )
}

#[cfg(not(feature = "moving"))]
#[expect(clippy::unused_self, reason = "with moving rooms it is needed")]
impl<'a, A: Authenticator> Main<'a, A> {
    pub(super) const fn hear_that_rooms_move(&self, _: &Caller<'_, 'a>, _: MovesRooms) {}

    pub(super) const fn hear_block(&self, _: &Caller<'_, 'a>, _: &RoomBlock<'_>) {}

    pub(super) const fn hear_word(&self, _: &Caller<'_, 'a>, _: SayOfMove) {}

    pub(super) const fn hear_of_room(&self, _: &Caller<'_, 'a>, _: &RoomMovedHere<'_>) {}

    pub(super) const fn hear_of_user(&self, _: &Caller<'_, 'a>, _: UserMovedHere) {}

    pub(super) const fn hear_offer(&self, _: &Caller<'_, 'a>, _: OffersRoom) {}
}

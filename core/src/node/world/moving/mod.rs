//! Moving rooms: a room that is played goes on in another world.
//!
//! Purpose: whoever runs a realm empties a world, and nobody loses its seat. `machine` is who has the room, `piece`
//! what is said of it, `source` and `target` what the two worlds do.
//!
//! Contract: a room is played in one world at most, whatever dies. Members keep their numbers, things, states and timers
//! are what they were, and the game goes on with what [`Game::save_room`](super::Game::save_room) has written.
//!
//! Bounds: one room at a time each way; a block on its way, of [`ROOM_BLOCK_BYTES`](crate::protocol::ROOM_BLOCK_BYTES), or of what
//! a buffer for private packets holds if that is less: no less than [`BLOCK_BUFFER_BYTES`](crate::node::longest::BLOCK_BUFFER_BYTES).

mod book;
mod emptying;
#[cfg(test)]
mod explorer;
mod frozen;
mod machine;
mod piece;
mod source;
mod target;
mod telling;

pub(super) use book::MovingBook;
pub use machine::{
    MoveId, PAST_MOVES, Source, SourceAct, SourceEvent, SourcePhase, Target, TargetAct,
    TargetEvent, TargetPhase,
};
pub use piece::{
    BadBlock, BlockWriter, Head, MemberPiece, PIECE_MAX_BYTES, PIECES_VERSION, Piece, StatePiece,
    ThingPiece, TimerPiece, pieces,
};

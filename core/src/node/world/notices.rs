//! Notices: what games hand out to whoever runs their world.
//!
//! Purpose: a driver, or a thread beside it, hears what a game wants it to know, in the game's own messages:
//! [`RoomContext::notice`] puts one in line, [`World::next_notice`] takes it out.
//!
//! Contract: they come out in the order in which they were put in, of all rooms, each once. Where nobody takes them,
//! before [`World::with_notices`] and after [`World::end_notices`], nobody is told: [`SendError::Closed`].
//!
//! Bounds: as many wait as fit into the line that is lent to the world, each with [`NOTICE_HEAD_BYTES`] more than its
//! fields have; full is an answer. Without the cargo feature `notices` none do.

#[cfg(not(feature = "notices"))]
mod absent;
#[cfg(feature = "notices")]
mod line;

#[cfg(not(feature = "notices"))]
pub(super) use absent::NoticeLine;
#[cfg(feature = "notices")]
pub(super) use line::NoticeLine;

use super::RoomContext;
use super::context::is_a_game_s;
#[cfg(any(feature = "notices", doc))]
use super::{Game, World};
#[cfg(feature = "notices")]
use crate::protocol::RoomId;
use crate::protocol::{Message, SendError};
#[cfg(feature = "notices")]
use crate::wire::Frame;
use crate::wire::opcode::OPCODE_BYTES;

/// In front of each that waits: its room, its length and its opcode.
pub const NOTICE_HEAD_BYTES: usize = 2 + 4 + OPCODE_BYTES;

impl RoomContext<'_, '_> {
    /// Tells whoever runs the world one of the game's own messages.
    ///
    /// # Errors
    /// [`SendError::Closed`] if nobody wants to hear it, [`SendError::Full`] if as much waits as may,
    /// [`SendError::TooLong`] for what does not fit when nothing else waits.
    pub fn notice<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        const { assert!(is_a_game_s::<M>(), "a game's notices are of `GAME.server_to_client`") };
        self.rooms.notices.add(self.room, message)
    }
}

#[cfg(feature = "notices")]
impl<'a, G: Game> World<'a, G> {
    /// The same world, whose notices somebody takes: `line` is where they wait.
    #[must_use]
    pub const fn with_notices(mut self, line: &'a mut [u8]) -> Self {
        self.rooms.notices = NoticeLine::new(line);
        self
    }

    /// From now on nobody takes them, nor those that still wait.
    pub const fn end_notices(&mut self) {
        self.rooms.notices = NoticeLine::NONE;
    }

    /// Takes the notice that has waited longest, and the room that it is of.
    pub fn next_notice(&mut self) -> Option<(RoomId, Frame<'_>)> {
        self.rooms.notices.next()
    }
}

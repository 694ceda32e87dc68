//! What a game hands out, and who takes it.

use super::super::RoomContext;
use super::super::context::is_a_game_s;
#[cfg(feature = "notices")]
use super::super::{Game, World};
#[cfg(feature = "notices")]
use super::line::NoticeLine;
#[cfg(feature = "notices")]
use crate::protocol::RoomId;
use crate::protocol::{Message, SendError};
#[cfg(feature = "notices")]
use crate::wire::Frame;

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

//! What a client says in its room, and to Main.

use super::machine::{MainState, RealmClient, WorldState};
use crate::node::Context;
use crate::protocol::client_to_world::{Event, Move};
use crate::protocol::{Bytes, Direction, EVENT_MAX_BYTES, Message, Position, SendError};

impl RealmClient {
    /// Tells the room where we are.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn move_to(
        &mut self,
        cx: &mut Context<'_, '_>,
        pos: Position,
        dir: Direction,
    ) -> Result<(), SendError> {
        self.send_inside(cx, &Move { pos, dir })
    }

    /// Says something to the room.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(
        &mut self,
        cx: &mut Context<'_, '_>,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), SendError> {
        self.send_inside(cx, &Event { kind, data })
    }

    /// Sends something to Main, once that knows us.
    pub(super) fn tell_main<M: Message>(
        &self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        match self.main {
            MainState::Ready => cx.sessions.send(self.main_session, message),
            _ => Err(SendError::Closed),
        }
    }

    fn send_inside<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        if self.world != WorldState::Inside {
            return Err(SendError::Closed);
        }
        cx.sessions.send(self.world_session, message)
    }
}

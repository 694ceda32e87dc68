//! What a client says in its room, and to Main.

use super::machine::{MainState, RealmClient, WorldState};
use crate::node::Context;
use crate::protocol::client_to_main::ListRoomsReq;
use crate::protocol::client_to_world::{Event, Input, Move};
use crate::protocol::{
    Bytes, Direction, EVENT_MAX_BYTES, ErrorCode, INPUT_MAX_BYTES, Message, Position,
    ROOM_MODE_MAX_BYTES, SendError, Text,
};
use crate::session::SessionKey;
use crate::wire::opcode::{GAME, MAIN};
use crate::wire::{BinaryWriter, Frame, Opcode};

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

    /// Says something to the room; answers its number, which comes back with
    /// [`Said`](super::ClientEvent::Said) or [`EventRefused`](super::ClientEvent::EventRefused).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(
        &mut self,
        cx: &mut Context<'_, '_>,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<u32, SendError> {
        let request = self.next_request();
        self.send_inside(cx, &Event { request, kind, data })?;
        Ok(request)
    }

    /// Tells the room what we do at a tick of ours, as one of the game's own messages; ticks rise, from 1, as long as
    /// we are in one room.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. [`SendError::TooLong`] for more than [`INPUT_MAX_BYTES`].
    pub fn send_input<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        tick: u32,
        input: &M,
    ) -> Result<(), SendError> {
        let band = const {
            let band = GAME.client_to_server;
            assert!(band.contains(M::OPCODE), "an input is a message of `GAME.client_to_server`");
            band
        };
        let mut room = [0; INPUT_MAX_BYTES];
        let mut writer = BinaryWriter::new(&mut room);
        input.encode_payload(&mut writer).map_err(|_| SendError::TooLong)?;
        let used = writer.written();
        let data = room.get(..used).and_then(Bytes::new).ok_or(SendError::TooLong)?;
        let kind = (M::OPCODE.0 - band.first) as u8;
        self.send_inside(cx, &Input { tick, kind, data })
    }

    /// Says something to the game of our room, in its own messages: of the band
    /// [`GAME`](crate::wire::opcode::GAME).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn tell_game<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        const { assert!(GAME.client_to_server.contains(M::OPCODE), "a game hears its own band") };
        self.send_inside(cx, message)
    }

    /// Asks Main for the rooms of `mode` that are listed, of every one if that is empty, in the region of this client;
    /// [`Rooms`](super::ClientEvent::Rooms) answers with a page, and says where the next one begins. The first begins
    /// at 0.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn list_rooms(
        &self,
        cx: &mut Context<'_, '_>,
        mode: Text<'_, ROOM_MODE_MAX_BYTES>,
        after: u16,
    ) -> Result<(), SendError> {
        let region = Text::truncated(&self.config.region);
        self.tell_main(cx, &ListRoomsReq { region, mode, after })
    }

    /// The next number of something that is said: never 0, and behind the last one comes 1.
    pub(super) const fn next_request(&mut self) -> u32 {
        self.last_request = if self.last_request == u32::MAX { 1 } else { self.last_request + 1 };
        self.last_request
    }

    /// Says something that is encoded already, to Main or in the room, as its opcode wants. What the
    /// machine says itself is the owner's to keep out.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say_encoded(&self, cx: &mut Context<'_, '_>, frame: Frame<'_>) -> Result<(), SendError> {
        let session = if MAIN.client_to_server.contains(frame.opcode) {
            self.ready_main()
        } else {
            self.inside_world()
        };
        cx.sessions.send_frame(session?, frame)
    }

    /// The owner of the client has found that what has come with this opcode is no such message: its
    /// server has broken the protocol.
    pub fn refuse(&self, cx: &mut Context<'_, '_>, opcode: Opcode) {
        let is_main_s = MAIN.server_to_client.contains(opcode);
        let session = if is_main_s { self.main_session } else { self.world_session };
        cx.sessions.violation(cx.now, session, ErrorCode::MALFORMED, opcode.0);
    }

    /// Main, once that knows us.
    fn ready_main(&self) -> Result<SessionKey, SendError> {
        match self.main {
            MainState::Ready => Ok(self.main_session),
            _ => Err(SendError::Closed),
        }
    }

    fn inside_world(&self) -> Result<SessionKey, SendError> {
        match self.world {
            WorldState::Inside => Ok(self.world_session),
            _ => Err(SendError::Closed),
        }
    }

    /// Sends something to Main, once that knows us.
    pub(super) fn tell_main<M: Message>(
        &self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        cx.sessions.send(self.ready_main()?, message)
    }

    pub(super) fn send_inside<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        cx.sessions.send(self.inside_world()?, message)
    }
}

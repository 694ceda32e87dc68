//! Inputs: what members do at their ticks, and how far the room has got with each of them.
//!
//! Purpose: the groundwork for prediction. A client says each input with a number that rises, shows at once what it
//! expects of it, and keeps it; an `InputAck` says which was the newest that the room has heard, and where the member
//! is by that. The client goes back there and does again what it has said since.
//!
//! An input is one of the game's own messages to it, as things are of those from it: the clients know it by the game's
//! schema, and the message's codec checks what is in it.
//!
//! Contract: inputs come in their order, each once; one whose number is not above the last is dropped and counted. An
//! acknowledgement is state: the newest wins, one a flush. Whoever says inputs is told of corrections of its moves in
//! the same way, so that each of them names what it is about.
//!
//! Bounds: [`INPUT_MAX_BYTES`](crate::protocol::INPUT_MAX_BYTES) an input, eight bytes a member. All of it is the
//! cargo feature `inputs`; without it an input is `NOT_UNDERSTOOD`.

pub(super) mod heard;

use super::super::Caller;
use super::World;
use super::client_link::refuse_spectator;
use super::game::Game;
use super::room_manager::RoomManager;
use super::user::UserKey;
use crate::protocol::client_to_world::Input;
use crate::protocol::world_to_client::InputAck;
use crate::protocol::{Dispatched, SendError, decode};
use crate::session::SessionManager;
use crate::time::Instant;
use crate::wire::Frame;
use crate::wire::opcode::GAME;

impl<'a, G: Game> World<'a, G> {
    /// Hands the game a member's input.
    pub(super) fn hear_input(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let Some(Input { tick, kind, data }) = decode(frame.payload) else {
            return Dispatched::Malformed;
        };
        let key = self.rooms.users.key_at(caller.tag.index);
        let Some(user) = key.and_then(|key| self.rooms.users.get_mut(key)) else {
            return Dispatched::Unknown;
        };
        if user.is_spectator() {
            refuse_spectator(caller, Input::OPCODE.0);
            return Dispatched::Handled;
        }
        if !user.inputs.take(tick) {
            self.rooms.stats.inputs_late += 1;
            return Dispatched::Handled;
        }
        let (uid, room) = (user.uid, user.room);
        self.rooms.stats.inputs += 1;
        self.rooms.touch(caller.now, room);
        let opcode = GAME.client_to_server.at(kind.into());
        let input = Frame { opcode, payload: data.as_slice() };
        let heard = self.with_game(&mut caller.context(), room, |game, room| {
            game.on_input(room, uid, tick, input)
        });
        heard.unwrap_or(Dispatched::Unknown)
    }
}

impl RoomManager<'_> {
    /// Whether a member says inputs, and is told with the next flush where it is.
    pub(super) fn owes_place(&mut self, now: Instant, key: UserKey) -> bool {
        let Some(user) = self.users.get_mut(key).filter(|user| user.inputs.tick > 0) else {
            return false;
        };
        user.inputs.is_owed = true;
        let room = user.room;
        self.touch(now, room);
        true
    }

    /// Tells a member how far the room has got with its inputs, if it does not know.
    pub(super) fn acknowledge(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
    ) {
        let Some(user) = self.users.get_mut(key).filter(|user| user.inputs.is_owed) else {
            return;
        };
        let ack = InputAck { tick: user.inputs.tick, pos: user.pos, dir: user.dir };
        let told = sessions.send(user.session, &ack);
        user.inputs.is_owed = told == Err(SendError::Full);
        let room = user.room;
        if told.is_err() {
            // The next flush tries again, with what is the newest then.
            self.touch(now, room);
        }
    }
}

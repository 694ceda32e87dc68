//! Clients of a world: join, move, say, leave.

use super::super::Caller;
use super::context::{Asked, Speaker};
use super::game::{Game, MoveVerdict};
use super::joining::{Admitted, Denied};
use super::role::is_built_in;
use super::user::UserKey;
use super::{World, link};
use crate::protocol::client_to_world::{
    AnswerGame, AskGame, Event, Input, Join, Leave, Move, Stub,
};
use crate::protocol::either_way::Error;
use crate::protocol::world_to_client::EventRefused;
use crate::protocol::{Dispatched, ErrorCode, MemberState};
use crate::session::manager::Farewell;
use crate::wire::{Frame, Opcode};

impl<'a, G: Game> Stub<Caller<'_, 'a>> for World<'a, G> {
    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        is_built_in(opcode)
    }

    fn join(&mut self, caller: &mut Caller<'_, 'a>, message: Join) {
        if caller.tag.kind == link::USER {
            self.out_of_place(caller, Join::OPCODE.0);
            return;
        }
        match self.admit(caller, &message) {
            Ok(Admitted::Anew(newcomer)) => self.let_in(caller, message.uid, newcomer),
            Ok(Admitted::Back(key, names)) => self.let_back(caller, key, names),
            Err(Denied { reason, why }) => {
                #[cfg(feature = "rooms")]
                if let Some(room) = self.attaches.room_of(message.uid) {
                    self.close_if_empty(&mut caller.context(), room);
                }
                self.rooms.stats.count_denied(reason);
                #[cfg(feature = "log")]
                self.log_not_joined(caller, message.uid, reason);
                caller.sessions.send_or_close(caller.now, caller.key, &why.denied(reason));
                let farewell = Farewell::Nothing(ErrorCode::OUT_OF_PLACE);
                caller.sessions.close(caller.now, caller.key, farewell);
            }
        }
    }

    #[inline]
    fn move_to(&mut self, caller: &mut Caller<'_, 'a>, message: Move) {
        let Some(key) = self.caller_user(caller, Move::OPCODE.0) else {
            return;
        };
        let Some(user) = self.rooms.users.get(key) else {
            return;
        };
        if user.is_spectator() {
            refuse_spectator(caller, Move::OPCODE.0);
            return;
        }
        let (from, room) = (user.state(), user.room);
        let to = MemberState { pos: message.pos, dir: message.dir, ..from };
        let verdict =
            self.with_game(&mut caller.context(), room, |game, room| game.on_move(room, from, to));
        match verdict.unwrap_or(MoveVerdict::Refuse) {
            MoveVerdict::Accept => {
                self.rooms.stats.moves += 1;
                self.rooms.place(caller.now, key, to.pos, to.dir);
            }
            MoveVerdict::Correct(pos, dir) => {
                self.rooms.place(caller.now, key, pos, dir);
                self.correct(caller, key);
            }
            MoveVerdict::Refuse => self.correct(caller, key),
        }
    }

    fn event(&mut self, caller: &mut Caller<'_, 'a>, message: Event<'_>) {
        let Some(key) = self.caller_user(caller, Event::OPCODE.0) else {
            return;
        };
        let Some(user) = self.rooms.users.get(key) else {
            return;
        };
        if user.is_spectator() {
            let refused = EventRefused { request: message.request, reason: ErrorCode::SPECTATING };
            self.rooms.tell_or_close(caller.now, caller.sessions, key, &refused);
            return;
        }
        let (uid, room) = (user.uid, user.room);
        let asked = Asked { number: user.number, request: message.request };
        let taken = self.with_game(&mut caller.context(), room, |game, room| {
            room.asked = Some(asked);
            game.on_event(room, uid, message.kind, message.data)
        });
        match taken {
            Some(Ok(())) => self.rooms.stats.events += 1,
            _ => {
                let busy = EventRefused { request: message.request, reason: ErrorCode::BUSY };
                self.rooms.tell_or_close(caller.now, caller.sessions, key, &busy);
            }
        }
    }

    fn input(&mut self, caller: &mut Caller<'_, 'a>, _: Input<'_>) {
        // A member's does not come here: it is heard as the game's own messages are, or not understood.
        self.out_of_place(caller, Input::OPCODE.0);
    }

    fn ask_game(&mut self, caller: &mut Caller<'_, 'a>, message: AskGame<'_>) {
        let Some(key) = self.caller_user(caller, AskGame::OPCODE.0) else {
            return;
        };
        #[cfg(feature = "asks")]
        if self.hear_ask(caller, key, message) == Dispatched::Malformed {
            let (opcode, code) = (AskGame::OPCODE.0, ErrorCode::MALFORMED);
            caller.sessions.violation(caller.now, caller.key, code, opcode);
        }
        // As of an input.
        #[cfg(not(feature = "asks"))]
        let _ = (key, message);
    }

    fn answer_game(&mut self, caller: &mut Caller<'_, 'a>, message: AnswerGame<'_>) {
        let Some(key) = self.caller_user(caller, AnswerGame::OPCODE.0) else {
            return;
        };
        #[cfg(feature = "asks")]
        self.hear_answer(caller, key, message);
        #[cfg(not(feature = "asks"))]
        let _ = (key, message);
    }

    fn leave(&mut self, caller: &mut Caller<'_, 'a>, _: Leave) {
        if let Some(key) = self.caller_user(caller, Leave::OPCODE.0) {
            self.show_out(&mut caller.context(), key, ErrorCode::GOODBYE);
        }
    }
}

/// Who has no body does nothing with one.
pub(super) fn refuse_spectator(caller: &mut Caller<'_, '_>, about: i32) {
    let refused = Error { code: ErrorCode::SPECTATING, about };
    caller.sessions.send_or_close(caller.now, caller.key, &refused);
}

impl<'a, G: Game> World<'a, G> {
    /// The user that the caller is; if it is none, it has spoken out of place and is closed.
    #[inline]
    fn caller_user(&mut self, caller: &mut Caller<'_, 'a>, opcode: i32) -> Option<UserKey> {
        if caller.tag.kind == link::USER {
            return self.rooms.users.key_at(caller.tag.index);
        }
        self.out_of_place(caller, opcode);
        None
    }

    pub(super) fn out_of_place(&self, caller: &mut Caller<'_, 'a>, opcode: i32) {
        caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
    }

    /// Hands the game one of its own messages.
    pub(super) fn hear_message(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let key = self.rooms.users.key_at(caller.tag.index);
        let Some(user) = key.and_then(|key| self.rooms.users.get(key)) else {
            return Dispatched::Unknown;
        };
        let (uid, room) = (user.uid, user.room);
        let heard = self.with_game(&mut caller.context(), room, |game, room| {
            game.on_message(&mut Speaker { room, uid }, frame)
        });
        let heard = heard.unwrap_or(Dispatched::Unknown);
        if heard == Dispatched::Handled {
            self.rooms.stats.events += 1;
        }
        heard
    }

    /// Tells a mover where it really is.
    fn correct(&mut self, caller: &mut Caller<'_, 'a>, key: UserKey) {
        self.rooms.stats.moves_refused += 1;
        self.rooms.tell_place(caller.now, caller.sessions, key);
    }
}

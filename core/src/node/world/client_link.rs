//! Clients of a world: join, move, say, leave.

use super::super::Caller;
use super::game::{Asked, Game, MoveVerdict, Speaker};
use super::user::UserKey;
use super::{World, link};
use crate::protocol::client_to_world::{Event, Join, Leave, Move, Stub};
use crate::protocol::world_to_client::{EventRefused, JoinDenied, JoinOk, MoveBroadcast};
use crate::protocol::{
    Dispatched, ErrorCode, JoinDenial, MemberNumber, MemberState, Position, RoomId, Uid, Versions,
};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Trust};
use crate::wire::Frame;

impl<'a, G: Game> Stub<Caller<'_, 'a>> for World<'a, G> {
    fn join(&mut self, caller: &mut Caller<'_, 'a>, message: Join) {
        if caller.tag.kind == link::USER {
            self.out_of_place(caller, Join::OPCODE.0);
            return;
        }
        match self.admit(caller, &message) {
            Ok(room) => self.let_in(caller, message.uid, room),
            Err(reason) => {
                self.rooms.stats.count_denied(reason);
                caller.sessions.send_or_close(caller.now, caller.key, &JoinDenied { reason });
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
                self.correct(caller, MemberState { pos, dir, ..from });
            }
            MoveVerdict::Refuse => self.correct(caller, from),
        }
    }

    fn event(&mut self, caller: &mut Caller<'_, 'a>, message: Event<'_>) {
        let Some(key) = self.caller_user(caller, Event::OPCODE.0) else {
            return;
        };
        let Some(user) = self.rooms.users.get(key) else {
            return;
        };
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

    fn leave(&mut self, caller: &mut Caller<'_, 'a>, _: Leave) {
        if let Some(key) = self.caller_user(caller, Leave::OPCODE.0) {
            self.show_out(&mut caller.context(), key, ErrorCode::GOODBYE);
        }
    }
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

    fn out_of_place(&self, caller: &mut Caller<'_, 'a>, opcode: i32) {
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
    fn correct(&mut self, caller: &mut Caller<'_, 'a>, member: MemberState) {
        self.rooms.stats.moves_refused += 1;
        let MemberState { number, pos, dir, .. } = member;
        caller.sessions.send_or_close(caller.now, caller.key, &MoveBroadcast { number, pos, dir });
    }

    /// Uses up the key, and answers the room to go to. A full world or another game does not use it up; its game's
    /// no does.
    fn admit(&mut self, caller: &mut Caller<'_, 'a>, join: &Join) -> Result<u16, JoinDenial> {
        let &Join { uid, handshake_key: key, fingerprint, .. } = join;
        if fingerprint != 0 && fingerprint != G::FINGERPRINT {
            return Err(JoinDenial::GAME_CHANGED);
        }
        let is_inside = self.rooms.users.find(uid).is_some();
        if self.rooms.room_with_place().is_none() && !is_inside {
            return Err(JoinDenial::FULL);
        }
        self.attaches.redeem(caller.now, uid, key)?;
        if let Some(entry) = self.attaches.entry_of(uid) {
            self.arm_attach_timer(&mut caller.context(), entry);
        }
        if let Some(before) = self.rooms.users.find(uid) {
            self.show_out(&mut caller.context(), before, ErrorCode::REPLACED);
        }
        let room = self.rooms.room_with_place().ok_or(JoinDenial::FULL)?;
        let admits =
            self.with_game(&mut caller.context(), room, |game, room| game.admits(room, uid));
        if admits == Some(false) { Err(JoinDenial::REFUSED) } else { Ok(room) }
    }

    fn let_in(&mut self, caller: &mut Caller<'_, 'a>, uid: Uid, room: u16) {
        let spawn = self.with_game(&mut caller.context(), room, |game, room| game.spawn(room, uid));
        let (pos, dir) = spawn.unwrap_or((Position::ORIGIN, crate::protocol::Direction(0)));
        // The room gives the number.
        let member = MemberState { number: MemberNumber::GAME, uid, pos, dir };
        let others = self.rooms.members(room);
        let Ok(key) = self.rooms.enter(caller.sessions, room, caller.key, member) else {
            return;
        };
        caller.sessions.set_tag(caller.key, LinkTag { kind: link::USER, index: key.index() });
        caller.sessions.prove(caller.now, caller.key, Trust::Client);
        let number = self.rooms.users.get(key).map_or(MemberNumber::GAME, |user| user.number);
        let (version, room_id) = (Versions::OURS.to, RoomId(room));
        let welcome = JoinOk {
            version,
            room_id,
            number,
            spawn_pos: pos,
            members: others,
            spawn_dir: dir,
            is_returned: false,
        };
        caller.sessions.send_or_close(caller.now, caller.key, &welcome);
        self.rooms.send_snapshot(caller.now, caller.sessions, key);
        self.rooms.announce_entry(caller.now, key);
        self.with_game(&mut caller.context(), room, |game, room| game.on_enter(room, uid));
        self.main_link_report_joined(&mut caller.context(), uid);
        self.adjust_ticks(caller.now);
    }
}

//! Giving a room: what its world does while it moves away.
//!
//! Contract: from the freeze on nothing happens in the room that its copy would not have: its game is not called, and what
//! its members say waits in their connections. Whoever has to leave it ends the move first, as long as that can be. What the
//! game has under way with its store is awaited, and questions are answered as lost, before it writes its state.

use super::super::user::UserKey;
use super::super::{Game, World, link};
use super::book::Saying;
use super::frozen::{Cut, Written};
use super::machine::{MoveId, SourceAct, SourceEvent, SourcePhase};
use super::telling::say_at_once;
use crate::log;
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::{HearOfMove, MoveRoom};
use crate::protocol::{ErrorCode, MoveWord, ROOM_BLOCK_BYTES, Uid};
use crate::session::LinkTag;
use crate::session::manager::Farewell;

/// How often a room is looked at that is to stand still.
const LOOK_MS: u32 = 4;
/// How long members may take to hear what was said before; what they have not got by then they are told to have missed.
const HEAR_MS: u32 = 48;
/// How long members may take to go where Main has sent them.
const LINGER_MS: u32 = 96;
/// How long a target may take to say that it plays what is its own.
const GONE_MS: u32 = 60_000;
/// A timer that is due in a room that stands still is looked at again after so long.
const STILL_TIMER_MS: u32 = 16;

impl<'a, G: Game> World<'a, G> {
    /// Whether rooms of this game can move at all.
    pub(in super::super) const fn moves_rooms(&self) -> bool {
        super::super::saves::are_kept::<G>() && G::ROOM_SAVE_BYTES > 0 && self.new_game.is_some()
    }

    /// Whether this one can now.
    pub(super) fn may_leave(&mut self, room: u16) -> bool {
        let has_place = self.rooms.saves.state_place(room).len() > G::ROOM_SAVE_BYTES;
        let is_open = self.rooms.label(room).is_some() && !self.rooms.stands_still(room);
        self.moves_rooms() && is_open && has_place
    }

    pub(in super::super) fn hear_move(&mut self, caller: &mut Caller<'_, 'a>, asked: MoveRoom) {
        let (room, main) = (asked.room_id.0, caller.tag.index);
        let id = MoveId { number: asked.move_id, peer: asked.to };
        let act = match self.may_leave(room) {
            true => self.moving.source.hear(id, SourceEvent::Asked),
            false => SourceAct::SayKept,
        };
        if act == SourceAct::Freeze {
            self.freeze(&mut caller.context(), room, asked.timeout_ms, main);
        } else {
            say_at_once(caller.sessions, caller.key, id, (MoveWord::KEPT, ErrorCode::BUSY));
        }
    }

    /// The room stands still, and what was said in it goes out.
    fn freeze(&mut self, cx: &mut Context<'_, 'a>, room: u16, timeout_ms: u32, main: u16) {
        log::info!("room {} moves to world {}", room, self.moving.source.id().peer.0);
        self.rooms.flush_room(room, cx.sessions);
        let mut next = self.rooms.member_keys(room).next();
        while let Some(key) = next {
            next = self.next_member(key);
            self.settle_member(cx, key);
        }
        self.rooms.flush_room(room, cx.sessions);
        self.rooms.standing.leaving = Some(room);
        let leaving = &mut self.moving.leaving;
        leaving.voice.main = main;
        leaving.voice.say(Saying::Nothing);
        leaving.until = cx.now.after_ms(timeout_ms);
        leaving.heard_by = cx.now.after_ms(HEAR_MS);
        self.look_whether_settled(cx);
    }

    fn next_member(&self, key: UserKey) -> Option<UserKey> {
        let next = self.rooms.users.get(key)?.next.index()?;
        self.rooms.users.key_at(next)
    }

    /// What a member was told goes to it, and what it was asked is not answered any more.
    fn settle_member(&mut self, cx: &mut Context<'_, 'a>, key: UserKey) {
        let Some(user) = self.rooms.users.get_mut(key) else { return };
        cx.sessions.send_held(user.session, &mut user.held);
        #[cfg(feature = "asks")]
        {
            let whose = (user.uid, user.room, user.session);
            self.lose_answers(cx, key, whose);
        }
    }

    /// Whether the store has answered its game, and its members have heard what was said.
    pub(super) fn look_whether_settled(&mut self, cx: &mut Context<'_, 'a>) {
        let Some(room) = self.rooms.standing.leaving else { return };
        let leaving = &mut self.moving.leaving;
        leaving.look_at = cx.now.after_ms(LOOK_MS);
        let is_heard = leaving.heard_by <= cx.now || self.rooms.have_all_heard(room);
        if is_heard && self.rooms.saves.in_flight(room) == 0 {
            self.tell_source(cx, SourceEvent::Settled);
        }
    }

    /// Something happens to the move that is under way.
    pub(in super::super) fn tell_source(&mut self, cx: &mut Context<'_, 'a>, event: SourceEvent) {
        let id = self.moving.source.id();
        let act = self.moving.source.hear(id, event);
        self.act_as_source(cx, act);
    }

    /// What the act is of the move that is under way.
    fn act_as_source(&mut self, cx: &mut Context<'_, 'a>, act: SourceAct) {
        match act {
            SourceAct::Nothing | SourceAct::Freeze | SourceAct::SayKept => {}
            SourceAct::Copy => self.begin_copy(cx),
            SourceAct::Forget => {
                if let Some(room) = self.rooms.standing.leaving {
                    self.rooms.saves.close_room(room);
                }
                self.moving.leaving.voice.say(Saying::Nothing);
                self.look_whether_forgotten(cx);
            }
            SourceAct::SayGone => {
                self.moving.leaving.until = cx.now.after_ms(GONE_MS);
                self.say_as_source(cx, Saying::Word(MoveWord::GONE));
            }
            SourceAct::Resume => self.resume(cx),
            SourceAct::Linger => {
                self.moving.leaving.voice.say(Saying::Nothing);
                self.moving.leaving.until = cx.now.after_ms(LINGER_MS);
            }
            SourceAct::EndMoved => {
                self.end_moved(cx, ErrorCode::MOVED);
                self.moving.offering.has_moved(cx.now);
            }
            SourceAct::EndLost => self.end_moved(cx, ErrorCode::ROOM_CLOSED),
        }
    }

    /// The game writes its state, which stays as it is until the room goes on.
    fn begin_copy(&mut self, cx: &mut Context<'_, 'a>) {
        let Some(written) = self.write_state() else {
            return self.tell_source(cx, SourceEvent::Needed);
        };
        let leaving = &mut self.moving.leaving;
        (leaving.written, leaving.cut, leaving.index) = (written, Cut::Head, 0);
        self.say_as_source(cx, Saying::Block);
    }

    fn write_state(&mut self) -> Option<Written> {
        let room = self.rooms.standing.leaving?;
        let start = self.rooms.write_head::<G>(room)?;
        let game = self.games.get(usize::from(room))?;
        let place = self.rooms.saves.state_place(room).get_mut(start..)?;
        let place = place.get_mut(..G::ROOM_SAVE_BYTES)?;
        let bytes = game.save_room(place);
        if bytes > place.len() {
            return None;
        }
        self.rooms.saves.note_state(room, if bytes > 0 { start + bytes } else { 0 });
        Some(Written { start: start as u16, bytes: bytes as u16 })
    }

    fn say_as_source(&mut self, cx: &mut Context<'_, 'a>, saying: Saying) {
        self.moving.leaving.voice.say(saying);
        self.main_links_owe_moves(cx);
    }

    /// The store may have forgotten the room by now.
    pub(in super::super) fn look_whether_forgotten(&mut self, cx: &mut Context<'_, 'a>) {
        let room = self
            .rooms
            .standing
            .leaving
            .filter(|_| self.moving.source.phase() == SourcePhase::Giving);
        if room.is_some_and(|room| self.rooms.saves.is_forgotten(room)) {
            self.tell_source(cx, SourceEvent::Forgotten);
        }
    }

    /// The room goes on here, as if nothing had been.
    fn resume(&mut self, cx: &mut Context<'_, 'a>) {
        let Some(room) = self.rooms.standing.leaving.take() else { return };
        log::info!("room {} stays: it does not move after all", room);
        let keys = (0..self.rooms.users.capacity() as u16).filter_map(|it| self.rooms.users.at(it));
        for user in keys.filter(|user| user.room == room) {
            cx.sessions.mark_ready_unless_blocked(user.session);
        }
        self.moving.leaving.voice.say(Saying::Word(MoveWord::KEPT));
        self.main_links_owe_moves(cx);
    }

    /// The room is another world's: whoever is still here is told so.
    fn end_moved(&mut self, cx: &mut Context<'_, 'a>, reason: ErrorCode) {
        self.moving.leaving.voice.say(Saying::Nothing);
        let Some(room) = self.rooms.standing.leaving.take() else { return };
        for index in 0..self.rooms.users.capacity() as u16 {
            let Some(key) = self.rooms.users.key_at(index) else { continue };
            if self.rooms.users.get(key).is_some_and(|user| user.room == room)
                && let Some(uid) = self.drop_member(cx, key, reason)
            {
                self.main_link_report_left(cx, uid);
            }
        }
        while let Some(uid) = self.attaches.any_expected_in(room) {
            self.attaches.forget(uid);
        }
        self.give_back(cx, room);
        self.adjust_ticks(cx.now);
    }

    /// Somebody is out of a room that is not this world's any more: its game, which is none now, is not told.
    fn drop_member(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: UserKey,
        reason: ErrorCode,
    ) -> Option<Uid> {
        let user = self.rooms.leave(cx.sessions, cx.now, key)?;
        cx.sessions.set_tag(user.session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, user.session, Farewell::Bye(reason));
        Some(user.uid)
    }

    /// Somebody has to leave a room, or its connection is lost: if the room is on its way from here, it stays for that. If
    /// it is not this world's any more, that is all; answers whether there is nothing else to be done.
    pub(in super::super) fn is_out_of_moving(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: UserKey,
    ) -> bool {
        let room = self.rooms.users.get(key).map(|user| user.room);
        if room.is_some_and(|room| self.rooms.is_coming(room)) {
            return true;
        }
        if room.is_none() || room != self.rooms.standing.leaving {
            return false;
        }
        self.tell_source(cx, SourceEvent::Needed);
        if self.rooms.standing.leaving.is_none() {
            return false;
        }
        self.drop_member(cx, key, ErrorCode::MOVED);
        true
    }

    /// Whether somebody is a member of a room that stands still, after a room that may stay does: its member is wanted.
    pub(in super::super) fn is_member_of_moving(
        &mut self,
        cx: &mut Context<'_, 'a>,
        uid: Uid,
    ) -> bool {
        if self.is_in_moving(uid) {
            self.stop_moving(cx);
        }
        self.is_in_moving(uid)
    }

    /// Whether somebody is a member of a room that stands still.
    pub(in super::super) fn is_in_moving(&self, uid: Uid) -> bool {
        let user = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get(key));
        user.is_some_and(|user| self.rooms.stands_still(user.room))
    }

    /// The store has not forgotten a room that is being given yet: it is told so again.
    pub(in super::super) fn forget_given(&mut self, room: u16) {
        if self.rooms.standing.leaving == Some(room)
            && self.moving.source.phase() == SourcePhase::Giving
        {
            self.rooms.saves.note_state(room, 0);
        }
    }

    /// A room that is to end, or a world: it does not move.
    pub(in super::super) fn stop_moving(&mut self, cx: &mut Context<'_, 'a>) {
        if self.moving.source.may_resume() {
            self.tell_source(cx, SourceEvent::Needed);
        }
    }

    /// The link to a Main is lost: what it has asked for is off.
    pub(in super::super) fn moves_are_cut(&mut self, cx: &mut Context<'_, 'a>, main: u16) {
        if self.moving.leaving.voice.main == main {
            self.tell_source(cx, SourceEvent::Cut);
        }
    }

    /// A timer of a room that stands still is due.
    pub(in super::super) fn put_timer_off(&self, cx: &mut Context<'_, 'a>, timer: u16) {
        cx.sessions.schedule(timer, cx.now.after_ms(STILL_TIMER_MS));
    }

    /// Something is due.
    pub(in super::super) fn on_moving_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        if self.moving.source.phase() == SourcePhase::Freezing
            && self.moving.leaving.look_at <= cx.now
        {
            self.look_whether_settled(cx);
        }
        self.look_whether_forgotten(cx);
        if self.moving.source.phase() != SourcePhase::Idle && self.moving.leaving.until <= cx.now {
            self.tell_source(cx, SourceEvent::Late);
        }
        self.on_coming_deadline(cx);
        let voices = [&mut self.moving.leaving.voice, &mut self.moving.coming.voice];
        for voice in voices {
            if voice.next_deadline().is_some_and(|at| at <= cx.now) {
                voice.is_owed = true;
            }
        }
        self.main_links_owe_moves(cx);
        self.offer_room(cx);
    }

    /// The world at the other end says something.
    pub(in super::super) fn hear_of_moving(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        said: HearOfMove,
    ) {
        let id = MoveId { number: said.move_id, peer: said.from };
        let event = match said.word {
            MoveWord::TAKEN => return self.block_is_taken(&mut caller.context(), id, said.about),
            MoveWord::ARRIVED => SourceEvent::Arrived,
            MoveWord::REFUSED => SourceEvent::Refused,
            MoveWord::OPENED => SourceEvent::Opened,
            MoveWord::LOST => SourceEvent::Lost,
            _ => return self.hear_as_target(caller, id, said.word),
        };
        let is_present =
            id == self.moving.source.id() && self.moving.source.phase() != SourcePhase::Idle;
        if is_present && event == SourceEvent::Refused {
            self.moving.offering.not_to = Some(id.peer);
        }
        match self.moving.source.hear(id, event) {
            act if is_present => self.act_as_source(&mut caller.context(), act),
            SourceAct::SayGone => {
                let gone = (MoveWord::GONE, ErrorCode(0));
                say_at_once(caller.sessions, caller.key, id, gone);
            }
            SourceAct::SayKept => {
                let kept = (MoveWord::KEPT, ErrorCode(0));
                say_at_once(caller.sessions, caller.key, id, kept);
            }
            _ => {}
        }
    }

    /// The target has the blocks before this one.
    fn block_is_taken(&mut self, cx: &mut Context<'_, 'a>, id: MoveId, wanted: u16) {
        let (phase, leaving) = (self.moving.source.phase(), self.moving.leaving);
        let is_of_this = id == self.moving.source.id() && phase == SourcePhase::Copying;
        if !is_of_this || wanted != leaving.index.wrapping_add(1) {
            return;
        }
        let mut block = [0; ROOM_BLOCK_BYTES];
        let (next, _) = self.write_block(cx.now, cx.sessions, &mut block);
        if next == leaving.cut {
            // No block holds the next piece: this world's buffers are too short for its room.
            return self.tell_source(cx, SourceEvent::Needed);
        }
        if next != Cut::End {
            let leaving = &mut self.moving.leaving;
            (leaving.cut, leaving.index) = (next, wanted);
            self.say_as_source(cx, Saying::Block);
        }
    }
}

//! Taking a room: what its world does while it comes.
//!
//! Contract: until the source has given it the room stands still, hidden from everybody: no Main hears of it, and nobody
//! comes in. Its game has been opened with what it was opened with, and has its state back, as in a world that starts again;
//! things, timers and members are what they were. What does not fit is refused as a whole, and nothing of it stays.

use super::super::things::State;
use super::super::timers::TimerId;
use super::super::{Game, World};
use super::book::Saying;
use super::machine::{MoveId, TargetAct, TargetEvent, TargetPhase};
use super::piece::{Head, MemberPiece, PIECES_VERSION, Piece, StatePiece, ThingPiece, pieces};
use super::telling::say_at_once;
use crate::log;
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::TakeBlock;
use crate::protocol::{ErrorCode, MoveWord, Wish, WishKind};
use crate::session::SessionManager;
use crate::time::Instant;

/// How long a room may be on its way here.
const BUILD_MS: u32 = 10_000;
/// How long a room that is all here waits for its source's word. Then it is forgotten.
const DOUBT_MS: u32 = 30_000;

/// What a refusal has no better word for.
const NO_ROOM_OF_OURS: ErrorCode = ErrorCode::MALFORMED;

impl<'a, G: Game> World<'a, G> {
    pub(in super::super) fn hear_block(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        block: &TakeBlock<'_>,
    ) {
        let id = MoveId { number: block.move_id, peer: block.from };
        let is_new =
            self.moving.target.phase() == TargetPhase::Idle || id != self.moving.target.id();
        if is_new && block.index > 0 {
            let refused = (MoveWord::REFUSED, ErrorCode::OUT_OF_PLACE);
            return say_at_once(caller.sessions, caller.key, id, refused);
        }
        match self.moving.target.hear(id, TargetEvent::Begun) {
            TargetAct::Build => self.begin_coming(caller),
            TargetAct::Nothing => {}
            act => return self.answer_as_target(caller, id, act),
        }
        if block.index == self.moving.coming.next {
            let taken = self.take_pieces(&mut caller.context(), block);
            if let Err(code) = taken {
                return self.refuse_coming(caller, id, code);
            }
            let Some(next) = block.index.checked_add(1) else {
                return self.refuse_coming(caller, id, NO_ROOM_OF_OURS);
            };
            self.moving.coming.next = next;
            if block.is_last {
                return self.is_complete(caller, id);
            }
        }
        let sessions = &mut *caller.sessions;
        let wanted = (MoveWord::TAKEN, ErrorCode(self.moving.coming.next));
        say_at_once(sessions, caller.key, id, wanted);
    }

    fn begin_coming(&mut self, caller: &Caller<'_, 'a>) {
        let coming = &mut self.moving.coming;
        coming.voice.main = caller.tag.index;
        coming.voice.say(Saying::Nothing);
        coming.until = caller.now.after_ms(BUILD_MS);
        (coming.next, coming.is_restored, coming.members) = (0, false, 0);
        (coming.state_bytes, coming.state_there) = (0, 0);
    }

    /// All blocks are there: is it all of the room?
    fn is_complete(&mut self, caller: &mut Caller<'_, 'a>, id: MoveId) {
        let coming = &self.moving.coming;
        let members = self.rooms.standing.coming.map(|room| self.rooms.members(room));
        if !coming.is_restored || members != Some(coming.members) {
            return self.refuse_coming(caller, id, NO_ROOM_OF_OURS);
        }
        let act = self.moving.target.hear(id, TargetEvent::Complete);
        self.moving.coming.until = caller.now.after_ms(DOUBT_MS);
        self.answer_as_target(caller, id, act);
    }

    fn refuse_coming(&mut self, caller: &mut Caller<'_, 'a>, id: MoveId, code: ErrorCode) {
        if self.moving.target.hear(id, TargetEvent::Bad) == TargetAct::Refuse {
            self.undo(&mut caller.context());
        }
        log::info!("a room of world {} does not come: {}", id.peer.0, code.name());
        say_at_once(caller.sessions, caller.key, id, (MoveWord::REFUSED, code));
    }

    fn take_pieces(
        &mut self,
        cx: &mut Context<'_, 'a>,
        block: &TakeBlock<'_>,
    ) -> Result<(), ErrorCode> {
        for piece in pieces(block.bytes.as_slice()) {
            let piece = piece.map_err(|_| NO_ROOM_OF_OURS)?;
            match (piece, self.rooms.standing.coming) {
                (Piece::Head(head), None) => self.take_head(cx, &head)?,
                (Piece::State(part), Some(room)) => self.take_state(cx, room, &part)?,
                (piece, Some(room)) if self.moving.coming.is_restored => {
                    self.take_piece(cx, room, &piece)?;
                }
                _ => return Err(NO_ROOM_OF_OURS),
            }
        }
        Ok(())
    }

    fn take_piece(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        piece: &Piece<'_>,
    ) -> Result<(), ErrorCode> {
        match piece {
            Piece::Thing(ThingPiece { id, kind, data }) => {
                let state = State { kind: *kind, data: *data };
                let put = self.rooms.put_thing(cx.now, room, *id, state);
                put.map_err(|_| NO_ROOM_OF_OURS)
            }
            Piece::Timer(timer) => {
                let id = TimerId(timer.id);
                let is_armed = self.with_game(cx, room, |_, room| room.after(timer.ms, id));
                if is_armed == Some(true) { Ok(()) } else { Err(NO_ROOM_OF_OURS) }
            }
            Piece::Member(member) => self.take_member(cx.now, room, member),
            Piece::Head(_) | Piece::State(_) => Err(NO_ROOM_OF_OURS),
        }
    }

    fn take_member(
        &mut self,
        now: Instant,
        room: u16,
        member: &MemberPiece<'_>,
    ) -> Result<(), ErrorCode> {
        let seat = (G::HOLD_MS, self.moving.target.id().peer);
        let key = self.rooms.seat_moved(now, room, member, seat)?;
        if member.has_state {
            let state = State { kind: member.kind, data: member.state };
            let put = self.rooms.put_member_state(now, key, state);
            put.map_err(|_| NO_ROOM_OF_OURS)?;
        }
        Ok(())
    }

    /// A room of this game, and what is to be known before it opens.
    fn take_head(&mut self, cx: &mut Context<'_, 'a>, head: &Head<'_>) -> Result<(), ErrorCode> {
        let is_ours = head.pieces_version == PIECES_VERSION
            && head.fingerprint == G::FINGERPRINT
            && head.game_version == G::VERSION;
        if !is_ours || !self.moves_rooms() {
            return Err(ErrorCode::GAME_CHANGED);
        }
        let name = head.name.as_str();
        let wish = Wish {
            kind: WishKind::CREATE,
            name: head.name,
            mode: head.mode,
            secret: head.secret,
            options: head.options,
            is_listed: head.is_listed,
            places: head.capacity,
        };
        let is_possible = usize::from(head.state_bytes) <= G::ROOM_SAVE_BYTES
            && head.capacity > 0
            && head.members <= head.capacity
            && wish.is_valid();
        if !is_possible {
            return Err(NO_ROOM_OF_OURS);
        }
        if let Some(room) = self.rooms.find_named(name).filter(|_| !name.is_empty()) {
            // One that has gone from here is about to be given back.
            let is_leaving = self.rooms.standing.leaving == Some(room);
            return Err(if is_leaving { ErrorCode::BUSY } else { ErrorCode::ROOM_EXISTS });
        }
        let has_places = head.capacity <= self.rooms.room_capacity()
            && self.rooms.users() + usize::from(head.members) <= self.rooms.takes();
        let room = self.rooms.room_to_open().filter(|_| has_places).ok_or(ErrorCode::FULL)?;
        if self.rooms.saves.state_place(room).len() < G::ROOM_SAVE_BYTES {
            return Err(ErrorCode::FULL);
        }
        self.open_coming(cx, room, &wish)?;
        self.rooms.take_head(cx.now, room, head, self.moving.target.id().peer);
        let coming = &mut self.moving.coming;
        (coming.state_bytes, coming.members) = (head.state_bytes, head.members);
        if head.state_bytes == 0 {
            self.is_restored(cx, room);
        }
        Ok(())
    }

    fn open_coming(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        wish: &Wish<'_>,
    ) -> Result<(), ErrorCode> {
        if self.rooms.label(room).is_some() {
            self.with_game(cx, room, |game, room| game.on_close(room));
        }
        self.make_fresh(cx, room);
        self.rooms.standing.coming = Some(room);
        let opened = self.open_room(cx, room, wish);
        if opened.is_err() {
            self.rooms.standing.coming = None;
        }
        opened
    }

    /// The next bytes of what its game has written; with the last it goes on with them.
    fn take_state(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        part: &StatePiece<'_>,
    ) -> Result<(), ErrorCode> {
        let (coming, part) = (&mut self.moving.coming, part.bytes.as_slice());
        let start = usize::from(coming.state_there);
        let end = start + part.len();
        if coming.is_restored || end > usize::from(coming.state_bytes) {
            return Err(NO_ROOM_OF_OURS);
        }
        let place = self.rooms.saves.state_place(room).get_mut(start..end);
        place.ok_or(NO_ROOM_OF_OURS)?.copy_from_slice(part);
        coming.state_there = end as u16;
        if coming.state_there == coming.state_bytes { self.restore(cx, room, end) } else { Ok(()) }
    }

    fn restore(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        bytes: usize,
    ) -> Result<(), ErrorCode> {
        // What is lent for states is not looked at meanwhile.
        let most = self.rooms.saves.room_most;
        let lent = core::mem::take(&mut self.rooms.saves.room_bytes);
        let place = lent.get(usize::from(room) * most..).unwrap_or_default();
        let state = place.get(..bytes).unwrap_or_default();
        let restored = self.with_game(cx, room, |game, room| game.restore_room(room, state));
        self.rooms.saves.room_bytes = lent;
        if !matches!(restored, Some(Ok(()))) {
            return Err(NO_ROOM_OF_OURS);
        }
        self.is_restored(cx, room);
        Ok(())
    }

    /// What its game has put and armed meanwhile gives way to what there was.
    fn is_restored(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.rooms.forget_things(room);
        self.with_game(cx, room, |_, room| room.cancel_all());
        self.moving.coming.is_restored = true;
    }

    /// The source says something.
    pub(super) fn hear_as_target(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        id: MoveId,
        word: MoveWord,
    ) {
        let event = match word {
            MoveWord::GONE => TargetEvent::Gone,
            MoveWord::KEPT => TargetEvent::Kept,
            _ => return,
        };
        let act = self.moving.target.hear(id, event);
        self.answer_as_target(caller, id, act);
    }

    fn answer_as_target(&mut self, caller: &mut Caller<'_, 'a>, id: MoveId, act: TargetAct) {
        let word = match act {
            TargetAct::Nothing | TargetAct::Build | TargetAct::Refuse => return,
            TargetAct::Undo => return self.undo(&mut caller.context()),
            TargetAct::SayArrived => {
                self.moving.coming.voice.say(Saying::Word(MoveWord::ARRIVED));
                return self.main_links_owe_moves(&mut caller.context());
            }
            TargetAct::SayBusy => (MoveWord::REFUSED, ErrorCode::BUSY),
            TargetAct::Open => {
                self.open_moved(&mut caller.context());
                (MoveWord::OPENED, ErrorCode(0))
            }
            TargetAct::SayOpened => (MoveWord::OPENED, ErrorCode(0)),
            TargetAct::SayLost => (MoveWord::LOST, ErrorCode(0)),
        };
        say_at_once(caller.sessions, caller.key, id, word);
    }

    /// Its time may be over.
    pub(super) fn on_coming_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        if self.moving.target.phase() != TargetPhase::Idle && self.moving.coming.until <= cx.now {
            let id = self.moving.target.id();
            if self.moving.target.hear(id, TargetEvent::Late) == TargetAct::Undo {
                log::warning!("a room of world {} has not come: it is forgotten here", id.peer.0);
                self.undo(cx);
            }
        }
    }

    /// What was built is forgotten.
    fn undo(&mut self, cx: &mut Context<'_, 'a>) {
        self.moving.coming.voice.say(Saying::Nothing);
        let Some(room) = self.rooms.standing.coming else { return };
        for index in 0..self.rooms.users.capacity() as u16 {
            let Some(key) = self.rooms.users.key_at(index) else { continue };
            if self.rooms.users.get(key).is_some_and(|user| user.room == room) {
                self.rooms.leave(cx.sessions, cx.now, key);
            }
        }
        self.with_game(cx, room, |game, room| game.on_close(room));
        self.rooms.standing.coming = None;
        self.give_back(cx, room);
    }

    /// The room is this world's: it goes on, and Mains hear of it and of those who have their seats here.
    fn open_moved(&mut self, cx: &mut Context<'_, 'a>) {
        self.moving.coming.voice.say(Saying::Nothing);
        let Some(room) = self.rooms.standing.coming.take() else { return };
        log::info!("room {} has come from world {}", room, self.moving.target.id().peer.0);
        for index in 0..self.rooms.users.capacity() as u16 {
            let Some(user) = self.rooms.users.at_mut(index).filter(|user| user.room == room) else {
                continue;
            };
            let end = user.seat.hold(cx.now, G::HOLD_MS);
            self.rooms.next_end.no_later_than(end);
        }
        self.rooms.saves.hasten(cx.now);
        self.owe_rooms(cx);
        for (link, key) in self.mains.live() {
            link.next_moved = Some(0);
            cx.sessions.mark_ready_unless_blocked(key);
        }
        self.adjust_ticks(cx.now);
    }
}

/// Whose seats have come here a Main hears before it hears who is here.
impl<'a, G: Game> World<'a, G> {
    /// Tells a Main, as much as its link takes; `false` if there is more to tell.
    pub(in super::super) fn tell_moved(
        &mut self,
        sessions: &mut SessionManager<'a>,
        (key, main): (crate::session::SessionKey, u16),
    ) -> bool {
        use crate::protocol::world_to_main::UserMovedHere;
        let Some(next) = self.mains.at(main).and_then(|link| link.next_moved) else { return true };
        let most = sessions.config().send_buffers_per_server / 2;
        let slots = next..self.rooms.users.capacity() as u16;
        let untold = slots.into_iter().find(|index| {
            let user = self.rooms.users.at(*index).filter(|it| !self.rooms.is_coming(it.room));
            user.and_then(|user| Some((user.uid, user.moved_from?))).is_some_and(|(uid, from)| {
                sessions.send_within(key, &UserMovedHere { uid, from }, most).is_err()
            })
        });
        if let Some(link) = self.mains.at_mut(main) {
            link.next_moved = untold;
        }
        untold.is_none()
    }
}

//! Moving rooms, as Main sees it: it asks for a move, and carries what the two worlds say of it.
//!
//! Contract: Main decides nothing. Whose the room is the worlds settle by words of which each is said again until it is
//! answered, by whichever Main there is; so what Main has no room for is not kept here, and a Main that begins anew knows
//! of no move and carries on all the same. A user whose seat has gone to another world is led there: it is told so
//! unasked, if its client listens, and else when it asks.
//!
//! Bounds: [`MOVES_MAX`] moves at a time, for whoever has asked for them; no block is kept.

use super::directory::{EntryKey, Place, Presence};
use super::fitting::{MoveProblem, Target};
use super::registry::WorldKey;
use super::rooms::{RoomDirectory, RoomKey, RoomState};
use super::{Authenticator, Main};
use crate::log;
use crate::node::{Caller, Context};
use crate::protocol::main_to_client::Moved;
use crate::protocol::main_to_world::{HearOfMove, MoveRoom, TakeBlock};
use crate::protocol::world_to_main::{
    MovesRooms, OffersRoom, RoomBlock, RoomMovedHere, SayOfMove, UserMovedHere,
};
use crate::protocol::{ErrorCode, Message, MoveWord, RoomId, Text, WorldId};
use crate::session::SessionManager;
use crate::time::Instant;

/// How many moves a Main has under way that it has asked for.
pub const MOVES_MAX: usize = 4;

/// How long a room may stand still for a move before it stays.
pub const MOVE_TIMEOUT_MS: u32 = 5_000;

/// Behind that, nothing more is heard of a move.
const MOVE_OVER_MS: u32 = 60_000;

/// What has become of a move.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MoveState {
    /// It is under way.
    Moving,
    /// The other world plays the room.
    Moved,
    /// The room is where it was.
    Stayed(ErrorCode),
}

/// A move that this Main has asked for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct RoomMove {
    /// Its number.
    pub id: u32,
    /// The world that has the room.
    pub from: WorldId,
    /// Which of its rooms.
    pub room: RoomId,
    /// The world that is to have it.
    pub to: WorldId,
    /// What has become of it.
    pub state: MoveState,
    began: Instant,
}

impl RoomMove {
    fn is_over(&self, now: Instant) -> bool {
        self.state != MoveState::Moving || self.began.after_ms(MOVE_OVER_MS) <= now
    }
}

/// The last moves that were asked for.
#[derive(Debug, Default)]
pub(super) struct Moves([Option<RoomMove>; MOVES_MAX]);

impl<'a, A: Authenticator> Main<'a, A> {
    /// The last moves that were asked for.
    pub fn moves(&self) -> impl Iterator<Item = &RoomMove> {
        self.moves.0.iter().flatten()
    }

    /// Where the room of this name is.
    pub fn find_room(&self, now: Instant, name: &str) -> Option<(WorldId, RoomId)> {
        let (world, room) = self.rooms.place_of(self.rooms.find(now, name)?)?;
        Some((self.worlds.get(world)?.world_id, room))
    }

    /// Asks a world to let one of its rooms move, to the world `to` or to the least loaded that takes it. What becomes of
    /// it [`Main::moves`] tells by the number.
    ///
    /// # Errors
    /// [`MoveProblem`]; nothing moves then.
    pub fn move_room(
        &mut self,
        cx: &mut Context<'_, 'a>,
        (from, room): (WorldId, RoomId),
        to: Option<WorldId>,
    ) -> Result<u32, MoveProblem> {
        self.move_to(cx, (from, room), to.map_or(Target::AnyBut(from), Target::This))
    }

    fn move_to(
        &mut self,
        cx: &mut Context<'_, 'a>,
        (from, room): (WorldId, RoomId),
        to: Target,
    ) -> Result<u32, MoveProblem> {
        let source = self.worlds.find(from).ok_or(MoveProblem::NoSuchWorld)?;
        let to = self.target_for(source, room, to)?;
        let is_free = |it: &&mut Option<RoomMove>| it.is_none_or(|it| it.is_over(cx.now));
        let place = self.moves.0.iter_mut().find(is_free).ok_or(MoveProblem::Busy)?;
        let id = cx.turn().random_u32();
        let message = MoveRoom { move_id: id, room_id: room, to, timeout_ms: MOVE_TIMEOUT_MS };
        let link = self.worlds.get(source).ok_or(MoveProblem::NoSuchWorld)?.session;
        cx.sessions.send(link, &message).map_err(|_| MoveProblem::Busy)?;
        *place = Some(RoomMove { id, from, room, to, state: MoveState::Moving, began: cx.now });
        Ok(id)
    }

    /// A block for another world. What that one's link does not take comes again.
    fn pass_block(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey, block: &RoomBlock<'_>) {
        let Some(from) = self.worlds.get(world).map(|entry| entry.world_id) else { return };
        let &RoomBlock { move_id, to, index, is_last, bytes } = block;
        let message = TakeBlock { move_id, from, index, is_last, bytes };
        if !self.pass(cx.sessions, to, &message) {
            let refused = MoveWord::REFUSED;
            let about = ErrorCode::NO_WORLD.0;
            self.note_word(move_id, refused, ErrorCode::NO_WORLD);
            self.pass(cx.sessions, from, &HearOfMove { move_id, from: to, word: refused, about });
        }
    }

    /// A word for another world.
    fn pass_word(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey, said: SayOfMove) {
        let Some(from) = self.worlds.get(world).map(|entry| entry.world_id) else { return };
        let SayOfMove { move_id, to, word, about } = said;
        self.note_word(move_id, word, ErrorCode(about));
        self.pass(cx.sessions, to, &HearOfMove { move_id, from, word, about });
    }

    /// Whether there is such a world.
    fn pass<M: Message>(
        &self,
        sessions: &mut SessionManager<'a>,
        to: WorldId,
        message: &M,
    ) -> bool {
        let world = self.worlds.find(to).and_then(|key| self.worlds.get(key));
        let most = sessions.config().send_buffers_per_server / 2;
        world.is_some_and(|world| {
            let _ = sessions.send_within(world.session, message, most);
            true
        })
    }

    fn note_word(&mut self, id: u32, word: MoveWord, about: ErrorCode) {
        let state = match word {
            MoveWord::OPENED => MoveState::Moved,
            MoveWord::KEPT | MoveWord::REFUSED => MoveState::Stayed(about),
            _ => return,
        };
        let meant = self.moves.0.iter_mut().flatten();
        if let Some(it) = meant.into_iter().find(|it| it.id == id && it.state == MoveState::Moving)
        {
            it.state = state;
            let (room, from, to) = (it.room.0, it.from.0, it.to.0);
            match state {
                MoveState::Stayed(code) => log::info!(
                    "room {} of world {} stays there, and does not move to world {}: {}",
                    room,
                    from,
                    to,
                    code.name()
                ),
                _ => log::info!("room {} of world {} is world {}'s now", room, from, to),
            }
        }
    }

    /// A world has a room that another one had.
    fn room_has_moved(&mut self, now: Instant, world: WorldKey, moved: &RoomMovedHere<'_>) {
        let name = moved.name.as_str();
        if let (Some(from), Some(room)) = (self.worlds.find(moved.from), self.rooms.find(now, name))
        {
            self.rooms.pass_on(room, from, world);
            self.claim_for_its_world(room);
        }
    }

    /// A world holds the seat of a user that another one had.
    fn user_has_moved(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey, moved: UserMovedHere) {
        let former = self.worlds.find(moved.from);
        let key = self.users.find(moved.uid);
        let place = key.and_then(|key| self.users.get(key)).map(|user| user.place);
        match (key, former, place) {
            (Some(key), Some(former), Some(Place::Detaching(it))) if it == former => {
                // It is to leave that seat, wherever it is.
                let reason = self.users.get(key).map(|user| user.detach_reason);
                self.ask_to_detach(cx, key, world, reason.unwrap_or(ErrorCode::REPLACED));
                self.left(cx, key, former);
            }
            (Some(key), Some(former), Some(place)) if place.world() == Some(former) => {
                self.follow(cx, key, world);
            }
            _ => self.is_inside(cx, world, moved.uid, Presence::Held),
        }
    }

    /// Where the user is, is elsewhere now: whoever has a connection is led there.
    fn follow(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        self.disarm(cx, key);
        self.set_place(cx, key, Place::Inside(world));
        let Some(user) = self.users.get_mut(key) else { return };
        (user.is_listed, user.is_held, user.is_there) = (true, true, false);
        let (has_asked, session) = (user.wants_in, user.session);
        if has_asked {
            return match self.seat_to_return_to(cx.now, key) {
                Some(seat) => self.send_back(cx, key, seat),
                None => self.detach(cx, key, world),
            };
        }
        if cx.sessions.is_open(session) {
            (user.wants_in, user.is_moved) = (true, true);
            self.send_back(cx, key, world);
        }
    }

    /// Whether an attempt was Main's own idea, which has come to nothing: the user is where it was, until it asks.
    pub(super) fn has_followed_in_vain(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
    ) -> bool {
        let Some(user) = self.users.get_mut(key) else { return false };
        let is_moved = core::mem::take(&mut user.is_moved);
        if is_moved {
            user.wants_in = false;
            self.stay(cx, key, world);
        }
        is_moved
    }

    /// Tells a user where its seat is now; `false` if it has asked for a world.
    pub(super) fn tell_moved(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
    ) -> bool {
        let Some(user) = self.users.get_mut(key) else { return false };
        let is_moved = core::mem::take(&mut user.is_moved);
        let Some(entry) = self.worlds.get(world).filter(|_| is_moved) else { return false };
        let moved = Moved {
            world_addr: Text::truncated(&entry.address),
            is_sealing: entry.is_sealing,
            handshake_key: user.handshake_key,
            key_id: user.key_id,
        };
        cx.sessions.send_or_close(cx.now, user.session, &moved);
        true
    }

    /// A world does not know yet whether it keeps the room that the user is to come to: it is asked again.
    pub(super) fn room_moves(&mut self, key: EntryKey) {
        if let Some(user) = self.users.get_mut(key) {
            user.is_there = false;
            user.tried_rooms = 0;
            user.tried = 0;
        }
    }
}

impl RoomDirectory<'_> {
    /// The world that has a room, and what it calls it.
    fn place_of(&self, key: RoomKey) -> Option<(WorldKey, RoomId)> {
        match self.get(key)?.state {
            RoomState::Open(world, room) => Some((world, room)),
            RoomState::Opening(_) | RoomState::Naming(_) | RoomState::Held(..) => None,
        }
    }

    /// A room has moved: its new world is about to say what there is to know of it.
    fn pass_on(&mut self, key: RoomKey, from: WorldKey, to: WorldKey) {
        if let Some(room) = self.get_mut(key).filter(|room| room.world() == Some(from)) {
            room.state = RoomState::Opening(to);
        }
    }
}

/// What worlds say of moves, behind their registration.
impl<'a, A: Authenticator> Main<'a, A> {
    pub(super) fn hear_that_rooms_move(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: MovesRooms,
    ) {
        let Some(world) = self.caller_world(caller, MovesRooms::OPCODE.0) else { return };
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.moves = Some((entry.fingerprint, message.game_version));
        }
    }

    pub(super) fn hear_block(&mut self, caller: &mut Caller<'_, 'a>, message: &RoomBlock<'_>) {
        let Some(world) = self.caller_world(caller, RoomBlock::OPCODE.0) else { return };
        self.pass_block(&mut caller.context(), world, message);
    }

    pub(super) fn hear_word(&mut self, caller: &mut Caller<'_, 'a>, message: SayOfMove) {
        let Some(world) = self.caller_world(caller, SayOfMove::OPCODE.0) else { return };
        self.pass_word(&mut caller.context(), world, message);
    }

    pub(super) fn hear_of_room(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &RoomMovedHere<'_>,
    ) {
        let Some(world) = self.caller_world(caller, RoomMovedHere::OPCODE.0) else { return };
        self.room_has_moved(caller.now, world, message);
    }

    /// A world that empties itself has a room for another one. If none takes it, it offers it again.
    pub(super) fn hear_offer(&mut self, caller: &mut Caller<'_, 'a>, message: OffersRoom) {
        let Some(world) = self.caller_world(caller, OffersRoom::OPCODE.0) else { return };
        let Some(from) = self.worlds.get(world).map(|entry| entry.world_id) else { return };
        let OffersRoom { room_id, not_to } = message;
        let _ = self.move_to(&mut caller.context(), (from, room_id), Target::AnyBut(not_to));
    }

    pub(super) fn hear_of_user(&mut self, caller: &mut Caller<'_, 'a>, message: UserMovedHere) {
        let Some(world) = self.caller_world(caller, UserMovedHere::OPCODE.0) else { return };
        self.user_has_moved(&mut caller.context(), world, message);
    }
}

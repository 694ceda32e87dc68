//! Opening rooms by name, giving them back, and telling Main of them.
//!
//! ```text
//!              AttachUser, and the game takes the options          nobody is in it, expected, or it is not kept
//!   not open ───────────────────────────────────────────► open ─────────────────────────────────► not open
//!                                                          │ ▲
//!                                                          └─┘ members come and go; CloseRoom shows them out
//! ```
//! Contract: a world has a name once. A room begins with a game that is as new, made by [`NewGame`]; a world that can
//! make none opens none by name. Rooms without names are for whoever names none, and are opened by who comes first;
//! one that is empty may be opened again under a name, as long as whoever is expected finds a place. If the store has a
//! state of it, it comes last and its state is given up: a game that keeps all of its rooms runs out of none. The first
//! of those, where whoever names no room comes first, is not given up.
//! What Main is to know of a room is kept with the room and said when the link has
//! room; how many are in it, and what its game says of it, with the next report.
//!
//! Bounds: a room by its name is searched for among all; who is expected in one, among all attaches.

use super::super::{Caller, Context};
use super::attach::AttachBook;
use super::game::Game;
use super::label::{Told, ToldMain};
use super::mains::place_of;
use super::{RoomRandom, World};
use crate::protocol::main_to_world::CloseRoom;
#[cfg(feature = "mains")]
use crate::protocol::world_to_main::RoomIsClaimed;
use crate::protocol::world_to_main::{RoomChanged, RoomClosed, RoomOpened};
use crate::protocol::{
    ClaimNumber, ErrorCode, RoomId, Uid, Wish, WishKind, is_room_mode, is_room_name,
};
use crate::session::{SessionKey, SessionManager};
use crate::time::Instant;

/// How a game is made that is as new as at the start, settings and all.
pub struct NewGame<'a, G>(pub &'a (dyn Fn() -> G + Send + Sync));

impl<G> core::fmt::Debug for NewGame<'_, G> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NewGame")
    }
}

impl<'a, G: Game> World<'a, G> {
    /// The same world with rooms that are opened by name: each begins with a game that is made so.
    #[must_use]
    pub const fn with_named_rooms(mut self, new_game: NewGame<'a, G>) -> Self {
        self.new_game = Some(new_game);
        self
    }

    /// The open room of this name; none is called nothing.
    pub fn room_named(&self, name: &str) -> Option<RoomId> {
        if name.is_empty() { None } else { self.rooms.find_named(name).map(RoomId) }
    }

    /// How many rooms can be opened by name.
    pub(super) const fn named_rooms(&self) -> u16 {
        if self.new_game.is_some() { self.rooms.rooms() as u16 } else { 0 }
    }

    /// The room that somebody is to come into; `None` if the world chooses when it comes. Whoever has a seat there is
    /// not asked again.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn room_for(
        &mut self,
        cx: &mut Context<'_, 'a>,
        uid: Uid,
        wish: &Wish<'_>,
        claim: ClaimNumber,
    ) -> Result<Option<u16>, ErrorCode> {
        let name = wish.name.as_str();
        if name.is_empty() {
            return if self.has_unnamed_place(uid) { Ok(None) } else { Err(ErrorCode::FULL) };
        }
        let Some(room) = self.rooms.find_named(name) else {
            return self.open_for(cx, wish, claim).map(Some);
        };
        if self.rooms.stands_still(room) {
            return Err(ErrorCode::MOVED);
        }
        #[cfg(feature = "mains")]
        self.raise_claim(cx, room, claim);
        let there = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get(key));
        if there.is_some_and(|user| user.room == room) {
            return Ok(Some(room));
        }
        if wish.kind == WishKind::CREATE {
            return Err(ErrorCode::ROOM_EXISTS);
        }
        let Some(label) = self.rooms.label(room) else { return Err(ErrorCode::NO_ROOM) };
        label.lets_in(wish.secret.as_str())?;
        let present = usize::from(self.rooms.members(room)) + self.attaches.expected_in(room, uid);
        if present < usize::from(label.capacity) { Ok(Some(room)) } else { Err(ErrorCode::FULL) }
    }

    /// Whether somebody finds a place in a room without a name. O(rooms), and O(attaches) where places are short.
    fn has_unnamed_place(&self, uid: Uid) -> bool {
        let others_most = self.rooms.unnamed_places(None).checked_sub(1);
        self.rooms.users.find(uid).is_some()
            || others_most.is_some_and(|most| self.are_unnamed_at_most(most, uid))
    }

    /// Whether no more than these others are expected in rooms without names, and have no seat. Who that is matters
    /// only where places are short.
    fn are_unnamed_at_most(&self, most: usize, besides: Uid) -> bool {
        let is_new = |uid| uid != besides && self.rooms.users.find(uid).is_none();
        self.attaches.pending() <= most || self.attaches.expected_anywhere(is_new) <= most
    }

    fn open_for(
        &mut self,
        cx: &mut Context<'_, 'a>,
        wish: &Wish<'_>,
        claim: ClaimNumber,
    ) -> Result<u16, ErrorCode> {
        #[cfg(feature = "mains")]
        if self.rooms.is_stale(claim) {
            return Err(ErrorCode::STALE_ROOM);
        }
        #[cfg(not(feature = "mains"))]
        let _ = claim;
        if !wish.may_open() {
            return Err(ErrorCode::NO_ROOM);
        }
        let is_possible = is_room_name(wish.name.as_str()) && is_room_mode(wish.mode.as_str());
        let has_games = self.new_game.is_some();
        if !has_games || !is_possible || wish.places > self.rooms.room_capacity() {
            return Err(ErrorCode::BAD_ROOM);
        }
        let room = self.rooms.room_to_open().ok_or(ErrorCode::FULL)?;
        // Whoever is expected in rooms without names finds a place all the same.
        if !self.are_unnamed_at_most(self.rooms.unnamed_places(Some(room)), Uid::NOBODY) {
            return Err(ErrorCode::FULL);
        }
        if self.rooms.label(room).is_some() {
            self.with_game(cx, room, |game, room| game.on_close(room));
        }
        self.make_fresh(cx, room);
        self.open_room(cx, room, wish)?;
        #[cfg(feature = "mains")]
        self.raise_claim(cx, room, claim);
        Ok(room)
    }

    /// Opens `room`, if its game takes the options.
    pub(super) fn open_room(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        wish: &Wish<'_>,
    ) -> Result<(), ErrorCode> {
        let capacity = self.rooms.room_capacity();
        #[cfg(feature = "mains")]
        self.rooms.retire_claim(room);
        if let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) {
            place.label = place.label.opened(wish, capacity);
            if !wish.name.as_str().is_empty() {
                // One without a name has had its seed since the start.
                place.random = RoomRandom::new(u64::from_le_bytes(cx.turn().random()));
            }
        }
        let options = wish.options.as_slice();
        let opened = self.with_game(cx, room, |game, room| game.on_open(room, options));
        if !matches!(opened, Some(Ok(()))) {
            self.give_back(cx, room);
            return Err(ErrorCode::BAD_ROOM);
        }
        self.owe_rooms(cx);
        Ok(())
    }

    /// Gives a room with a name back if nobody is in it or expected, and its game does not want it to stay.
    pub(super) fn close_if_empty(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        let Some(place) = self.rooms.rooms.get(usize::from(room)) else { return };
        let kept_until = place.label.kept_until;
        // Everybody is sent away when the world ends; its rooms may come again.
        if cx.sessions.is_shutting_down()
            || self.rooms.stands_still(room)
            || !place.label.is_named()
            || !self.rooms.is_empty(room)
            || self.attaches.expected_in(room, Uid::NOBODY) > 0
        {
            return;
        }
        if kept_until > cx.now {
            let next = self.rooms.next_close.unwrap_or(kept_until);
            self.rooms.next_close = Some(next.min(kept_until));
            return;
        }
        self.with_game(cx, room, |game, room| game.on_close(room));
        self.give_back(cx, room);
    }

    /// A game as new, in a room that nobody is in; what it has kept is forgotten.
    pub(super) fn make_fresh(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.with_game(cx, room, |_, room| room.cancel_all());
        if let Some(new_game) = &self.new_game
            && let Some(game) = self.games.get_mut(usize::from(room))
        {
            *game = (new_game.0)();
        }
        self.rooms.saves.close_room(room);
        self.rooms.forget_things(room);
    }

    /// What its game has kept is none: the room is as if it had not been opened.
    #[cfg(feature = "saves")]
    pub(super) fn close_unread(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.with_game(cx, room, |game, room| game.on_close(room));
        self.give_back(cx, room);
    }

    pub(super) fn give_back(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.make_fresh(cx, room);
        #[cfg(feature = "mains")]
        self.rooms.retire_claim(room);
        if let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) {
            place.label = place.label.given_back();
        }
        self.owe_rooms(cx);
    }

    /// Rooms have been empty for as long as their games wanted.
    pub(super) fn close_kept(&mut self, cx: &mut Context<'_, 'a>) {
        if self.rooms.next_close.is_none_or(|at| at > cx.now) {
            return;
        }
        self.rooms.next_close = None;
        for room in 0..self.rooms.rooms() as u16 {
            self.close_if_empty(cx, room);
        }
    }

    /// Another world has a room of that name: this one is to close. O(users) for each member.
    pub(super) fn close_claimed(&mut self, caller: &mut Caller<'_, 'a>, message: &CloseRoom<'_>) {
        let room = message.room_id.0;
        if self.rooms.label(room).is_none_or(|label| label.name() != message.name.as_str()) {
            return;
        }
        #[cfg(feature = "moving")]
        if self.rooms.stands_still(room) {
            self.stop_moving(&mut caller.context());
            if self.rooms.stands_still(room) {
                return;
            }
        }
        let is_inside = |world: &Self| {
            world.rooms.iter().find(|(_, user)| user.room == room).map(|(key, _)| key)
        };
        while let Some(key) = is_inside(self) {
            self.show_out(&mut caller.context(), key, ErrorCode::ROOM_CLOSED);
        }
        while let Some(uid) = self.attaches.any_expected_in(room) {
            self.attaches.forget(uid);
        }
        if let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) {
            place.label.kept_until = Instant::ZERO;
        }
        self.close_if_empty(&mut caller.context(), room);
    }

    /// Main is to hear of rooms with the next transmission.
    pub(super) fn owe_rooms(&mut self, cx: &mut Context<'_, 'a>) {
        self.rooms.has_news = false;
        self.main_link_owes_rooms(cx);
    }

    /// That Main knows nothing of this world's rooms.
    pub(super) fn forget_what_is_told(&mut self, main: u16) {
        for place in self.rooms.rooms.iter_mut() {
            place.label.forget_what_is_told(main);
        }
    }

    /// A Main wants to hear of all rooms.
    pub(super) fn tell_rooms_again(&mut self, main: u16) {
        for place in self.rooms.rooms.iter_mut() {
            place.label.is_told_again(main);
        }
    }

    /// How many are in which room a Main is told with each report.
    pub(super) fn note_members(&mut self, main: u16) {
        for place in self.rooms.rooms.iter_mut() {
            place.label.note_members(main, place.members);
        }
    }

    /// Tells a Main of rooms, from `next` on, as much as its link takes; `None` when all is told.
    pub(super) fn tell_rooms(
        &mut self,
        sessions: &mut SessionManager<'a>,
        (key, main): (SessionKey, u16),
        next: u16,
    ) -> Option<u16> {
        let most = sessions.config().send_buffers_per_server / 2;
        #[cfg(feature = "moving")]
        let coming = self.rooms.standing.coming;
        for (index, place) in self.rooms.rooms.iter_mut().enumerate().skip(usize::from(next)) {
            let (room_id, members) = (RoomId(index as u16), place.members);
            let label = &mut place.label;
            let Some(told) = label.told.get(place_of(main)).filter(|it| it.what != Told::All)
            else {
                continue;
            };
            #[cfg(feature = "moving")]
            if coming == Some(index as u16) {
                continue;
            }
            let is_listed = label.is_listed;
            let said = match told.what {
                Told::Nothing if label.is_named() => {
                    #[cfg(feature = "moving")]
                    if let Some(from) = label.moved_from {
                        let name = crate::protocol::Text::truncated(label.name());
                        let moved = crate::protocol::world_to_main::RoomMovedHere { from, name };
                        if sessions.send_within(key, &moved, most).is_err() {
                            return Some(index as u16);
                        }
                    }
                    #[cfg(feature = "mains")]
                    if label.claim.0 > 0 {
                        let claimed = RoomIsClaimed { claim: label.claim };
                        if sessions.send_within(key, &claimed, most).is_err() {
                            return Some(index as u16);
                        }
                    }
                    let line = label.line(members);
                    sessions.send_within(key, &RoomOpened { room_id, line, is_listed }, most)
                }
                Told::Nothing => sessions.send_within(key, &RoomClosed { room_id }, most),
                Told::Before if label.is_named() => {
                    let (is_locked, properties) = (label.is_locked, label.properties());
                    let changed =
                        RoomChanged { room_id, members, is_locked, is_listed, properties };
                    sessions.send_within(key, &changed, most)
                }
                Told::Before | Told::All => Ok(()),
            };
            if said.is_err() {
                return Some(index as u16);
            }
            let is_known =
                if told.what == Told::Nothing { label.is_named() } else { told.is_known };
            if let Some(told) = label.told.get_mut(place_of(main)) {
                *told = ToldMain { members, what: Told::All, is_known };
            }
        }
        None
    }
}

impl AttachBook<'_> {
    /// One of those who may still come into `room`. O(attaches).
    pub(super) fn any_expected_in(&self, room: u16) -> Option<Uid> {
        self.expected(room).next()
    }
}

//! Rooms with names: Main has them opened, and they close behind the last who leaves.
//!
//! Contract: a room is opened in a place that nobody is in, with a game that is as new. It stays open for
//! [`FIRST_STAY_MS`] for whoever is on the way, as long as somebody may still come or is inside, and as long as its
//! game has asked for ([`RoomContext::stay_open_ms`](super::RoomContext::stay_open_ms)). Main hears of each change
//! as state: what its link does not take now is said later, and then as it is.
//!
//! Bounds: as many as the world has rooms, without the first: there is always one for who wants any.

use super::joining::ANY_ROOM;
use super::label::Phase;
use super::room_manager::RoomManager;
use super::user::UserKey;
use super::{Game, RoomLabel, World};
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::RoomClosed;
use crate::protocol::{ErrorCode, RoomId, SendError, Uid, Wish};
use crate::session::{SessionKey, SessionManager};
use crate::time::Instant;

/// How long a room that nobody has come to yet stays open.
pub const FIRST_STAY_MS: u32 = 20_000;

/// How a game is made that is as new as at the start, settings and all.
pub struct NewGame<'a, G>(pub &'a (dyn Fn() -> G + Send + Sync));

impl<G> core::fmt::Debug for NewGame<'_, G> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NewGame")
    }
}

/// What is to be done about the names of rooms.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// When a room without members may have to be closed.
    pub(super) next_close: Option<Instant>,
    /// Main was not told of every room that has changed.
    are_owed: bool,
    /// One has changed since the link to Main was looked at.
    have_changed: bool,
}

impl<'a, G: Game> World<'a, G> {
    /// The same world with rooms that have names: each begins with a game that is made so.
    #[must_use]
    pub const fn with_named_rooms(mut self, new_game: NewGame<'a, G>) -> Self {
        self.new_game = Some(new_game);
        self
    }

    /// The room that whoever is attached with this wish may come into, which may be opened by it; [`ANY_ROOM`] if one
    /// without a name is meant.
    pub(super) fn room_for(
        &mut self,
        cx: &mut Context<'_, 'a>,
        uid: Uid,
        wish: &Wish<'_>,
    ) -> Result<u16, ErrorCode> {
        if wish.name.as_str().is_empty() {
            return Ok(ANY_ROOM);
        }
        let Some(room) = self.rooms.named(wish.name.as_str()) else {
            return if wish.may_open() { self.open(cx, wish) } else { Err(ErrorCode::NO_ROOM) };
        };
        let place = self.rooms.rooms.get(usize::from(room)).ok_or(ErrorCode::NO_ROOM)?;
        let member = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get(key));
        if member.is_some_and(|member| member.room == room) {
            Ok(room)
        } else if place.label.secret != wish.secret.as_str() {
            Err(ErrorCode::WRONG_SECRET)
        } else if place.label.is_locked {
            Err(ErrorCode::ROOM_LOCKED)
        } else if !self.rooms.has_place(room) && !self.rooms.has_view(room) {
            Err(ErrorCode::FULL)
        } else {
            Ok(room)
        }
    }

    fn open(&mut self, cx: &mut Context<'_, 'a>, wish: &Wish<'_>) -> Result<u16, ErrorCode> {
        if self.new_game.is_none() || !wish.is_valid() {
            return Err(ErrorCode::BAD_ROOM);
        }
        let room = self.rooms.free_for_name().ok_or(ErrorCode::FULL)?;
        self.make_fresh(cx, room);
        let place = self.rooms.rooms.get_mut(usize::from(room)).ok_or(ErrorCode::FULL)?;
        place.label = RoomLabel {
            phase: Phase::Named,
            is_untold: true,
            is_new: true,
            is_listed: wish.is_listed,
            name: heapless::String::try_from(wish.name.as_str()).unwrap_or_default(),
            mode: heapless::String::try_from(wish.mode.as_str()).unwrap_or_default(),
            secret: heapless::String::try_from(wish.secret.as_str()).unwrap_or_default(),
            capacity: wish.places,
            stays_until: cx.now.stamp_after_ms(FIRST_STAY_MS),
            ..RoomLabel::NONE
        };
        self.rooms.close_by(cx.now.after_ms(FIRST_STAY_MS));
        self.rooms.labels_have_changed();
        let options = wish.options.as_slice();
        let opened = self.with_game(cx, room, |game, room| game.on_open(room, options));
        if let Some(Err(reason)) = opened {
            self.make_fresh(cx, room);
            return Err(reason);
        }
        Ok(room)
    }

    /// A game as new, in a room that nobody is in.
    fn make_fresh(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        if let (Some(new_game), Some(game)) =
            (&self.new_game, self.games.get_mut(usize::from(room)))
        {
            *game = (new_game.0)();
        }
        for id in 0..G::TIMERS as u16 {
            self.with_game(cx, room, |_, room| room.cancel(super::TimerId(id)));
        }
        self.rooms.saves.close_room(room);
        let seed = u64::from_le_bytes(cx.turn().random());
        self.set_seed(RoomId(room), seed);
        if let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) {
            place.label = RoomLabel::NONE;
        }
    }

    /// Somebody is on its way: the room waits for it.
    pub(super) fn expect_in(&mut self, now: Instant, room: u16, ttl_ms: u32) {
        let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) else { return };
        if place.label.is_named() && place.label.stays_until.upcoming(now) < now.after_ms(ttl_ms) {
            place.label.stays_until = now.stamp_after_ms(ttl_ms);
            self.rooms.close_by(now.after_ms(ttl_ms));
        }
    }

    /// Main is to hear how many are in the room; behind the last one it is closed.
    pub(super) fn members_have_changed(&mut self, now: Instant, room: u16) {
        let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) else { return };
        if place.label.is_named() {
            self.rooms.label_has_changed(room);
            self.rooms.close_by(now);
        }
    }

    /// Looks at the link to Main, if there is something new for it.
    pub(super) fn wake_main_link(&mut self, sessions: &mut SessionManager<'a>) {
        if core::mem::take(&mut self.rooms.labels.have_changed)
            && let Some(main) = self.main.live_key()
        {
            sessions.mark_ready_unless_blocked(main);
        }
    }

    /// Main wants a room closed: whoever is inside is shown out.
    pub(super) fn close_named(&mut self, caller: &mut Caller<'_, 'a>, wanted: &CloseRoom<'_>) {
        let CloseRoom { room_id, name } = wanted;
        if self.rooms.named(name.as_str()) != Some(room_id.0) {
            return self.main_link_tell(&mut caller.context(), &RoomClosed { room_id: *room_id });
        }
        while let Some(member) = self.rooms.anybody_in(room_id.0) {
            self.show_out(&mut caller.context(), member, ErrorCode::DETACHED);
        }
        self.close(&mut caller.context(), room_id.0);
    }

    /// Rooms that nobody is in, and that have had their time, are closed.
    pub(super) fn close_empty(&mut self, cx: &mut Context<'_, 'a>) {
        if self.rooms.labels.next_close.is_none_or(|at| at > cx.now) {
            return;
        }
        self.rooms.labels.next_close = None;
        for room in 0..self.rooms.rooms() as u16 {
            let Some(place) = self.rooms.rooms.get(usize::from(room)) else { continue };
            if !place.label.is_named() || self.rooms.anybody_in(room).is_some() {
                continue;
            }
            match place.label.stays_until.upcoming(cx.now) {
                at if at > cx.now => self.rooms.close_by(at),
                _ => self.close(cx, room),
            }
        }
    }

    fn close(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.with_game(cx, room, |game, room| game.on_close(room));
        self.make_fresh(cx, room);
        if let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) {
            place.label = RoomLabel { phase: Phase::Closed, ..RoomLabel::NONE };
        }
        self.rooms.label_has_changed(room);
    }
}

impl<'a> RoomManager<'a> {
    /// The room of this name. O(rooms).
    pub(super) fn named(&self, name: &str) -> Option<u16> {
        let found =
            self.rooms.iter().position(|room| room.label.is_named() && room.label.name == name);
        found.map(|room| room as u16)
    }

    /// Somebody who is in a room, be it as a spectator.
    pub(super) fn anybody_in(&self, room: u16) -> Option<UserKey> {
        self.member_keys(room).chain(self.spectator_keys(room)).next()
    }

    /// The last room that nobody is in; never the first room. O(rooms).
    fn free_for_name(&self) -> Option<u16> {
        let is_free = |room: u16| {
            let place = self.rooms.get(usize::from(room));
            place.is_some_and(|place| !place.label.is_named()) && self.anybody_in(room).is_none()
        };
        (1..self.rooms() as u16).rev().find(|room| is_free(*room))
    }

    /// A room may have to be closed then.
    pub(super) fn close_by(&mut self, at: Instant) {
        self.labels.next_close = Some(self.labels.next_close.map_or(at, |before| before.min(at)));
    }

    pub(super) fn label_has_changed(&mut self, room: u16) {
        if let Some(place) = self.rooms.get_mut(usize::from(room)) {
            place.label.is_untold = true;
        }
        self.labels_have_changed();
    }

    pub(super) const fn labels_have_changed(&mut self) {
        (self.labels.are_owed, self.labels.have_changed) = (true, true);
    }

    /// All rooms with names are to be told: Main is another one, or wants to hear all again.
    pub(super) fn tell_all_labels(&mut self) {
        for place in self.rooms.iter_mut().filter(|place| place.label.is_named()) {
            (place.label.is_untold, place.label.is_new) = (true, true);
        }
        self.labels_have_changed();
    }

    /// Tells Main of rooms that have changed, as many as its link takes now. O(rooms) if there are any.
    pub(super) fn tell_labels(&mut self, sessions: &mut SessionManager<'a>, main: SessionKey) {
        if !core::mem::take(&mut self.labels.are_owed) {
            return;
        }
        let most = sessions.config().send_buffers_per_server / 2;
        let capacity = self.room_capacity;
        for (room, place) in (0..).zip(self.rooms.iter_mut()) {
            if !place.label.is_untold && place.label.phase != Phase::Closed {
                continue;
            }
            let told: Result<(), SendError> = match place.label.phase {
                Phase::Unnamed => Ok(()),
                Phase::Named if place.label.is_new => {
                    let opened = place.label.opened(room, place.members, capacity);
                    sessions.send_within(main, &opened, most)
                }
                Phase::Named => {
                    let changed = place.label.changed(room, place.members);
                    sessions.send_within(main, &changed, most)
                }
                Phase::Closed => {
                    sessions.send_within(main, &RoomClosed { room_id: RoomId(room) }, most)
                }
            };
            if told.is_err() {
                self.labels.are_owed = true;
                return;
            }
            (place.label.is_untold, place.label.is_new) = (false, false);
            if place.label.phase == Phase::Closed {
                place.label = RoomLabel::NONE;
            }
        }
    }
}

//! Which room a wish leads to, and what becomes of it.

use super::directory::{EntryKey, Place, UserEntry};
use super::registry::{Choice, WorldKey};
use super::rooms::{Opened, RoomEntry, RoomKey, RoomState, Told};
use super::{Authenticator, Main, WORLD_COUNT_MAX};
use crate::log;
use crate::node::Context;
use crate::node::directory::{NameWish, Wanted};
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::RoomOpened;
use crate::protocol::{ClaimNumber, ErrorCode, ROOM_NAME_MAX_BYTES, RoomId, Text, Wish, WishKind};
use crate::session::{AddressGroup, PeerAddress, SessionKey, SessionManager, may_take};
use crate::time::Instant;

/// How long whoever waits for somebody else's room to open waits before it is looked at again.
const OPENING_WAIT_MS: u32 = 100;

/// How long whoever has told a wrong secret waits for the answer: guessing takes its time.
pub(super) const SECRET_WAIT_MS: u32 = 500;

/// The characters of names that are made, which nobody takes for each other.
const NAME_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const MADE_NAME_BYTES: usize = 8;

/// Where a wish leads now.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Route {
    /// To a world that chooses the room itself.
    World(WorldKey),
    /// To a room that is open, of this world.
    Room(WorldKey, RoomKey),
    /// To a new room of this world.
    New(WorldKey),
    /// Nowhere yet: it is to be looked at again so many milliseconds later.
    Wait(u32),
    /// Nowhere.
    Nowhere(ErrorCode),
}

/// A room as one bit of those that a request has tried.
const fn room_bit(key: RoomKey) -> u64 {
    1 << (key.index() % 64)
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// Where the user's wish leads. O(rooms) for any room, else O(worlds).
    pub(super) fn route(&self, cx: &Context<'_, 'a>, key: EntryKey) -> Route {
        let Some(user) = self.users.get(key) else { return Route::Nowhere(ErrorCode::NO_WORLD) };
        let wish = self.rooms.wish(user.wish);
        if wish.is_plain() {
            self.route_to_plain(user)
        } else if wish.kind == WishKind::ANY {
            self.route_to_any(cx, user, wish.mode.as_str())
        } else if wish.name.as_str().is_empty() {
            self.route_to_new(cx, user)
        } else {
            self.route_to_named(cx, user, &wish)
        }
    }

    /// A world of the region, which chooses among its rooms without names.
    fn route_to_plain(&self, user: &UserEntry) -> Route {
        match self.worlds.choose(&user.region, user.versions, user.tried) {
            Choice::World(world) => Route::World(world),
            choice => Route::Nowhere(why_no_world(user, choice)),
        }
    }

    fn route_to_any(&self, cx: &Context<'_, 'a>, user: &UserEntry, mode: &str) -> Route {
        match self.fullest_room(user, mode) {
            Some((world, room)) => Route::Room(world, room),
            None => self.route_to_new(cx, user),
        }
    }

    /// The fullest room with a place that is open to everybody. O(rooms).
    fn fullest_room(&self, user: &UserEntry, mode: &str) -> Option<(WorldKey, RoomKey)> {
        let fitting = self.rooms.iter().filter_map(|(key, room)| {
            let world = room.world()?;
            let fits = room.is_open_to_all(mode)
                && !room.is_full()
                && user.tried_rooms & room_bit(key) == 0
                && self.worlds.may_take(world, &user.region, user.versions);
            fits.then_some((room.present(), world, key))
        });
        let (_, world, room) = fitting.max_by_key(|(present, ..)| *present)?;
        Some((world, room))
    }

    fn route_to_new(&self, cx: &Context<'_, 'a>, user: &UserEntry) -> Route {
        if !self.rooms.has_place(cx.now) {
            return Route::Nowhere(ErrorCode::FULL);
        }
        match self.worlds.choose_with_rooms(&user.region, user.versions, user.tried) {
            Choice::World(world) if self.may_open_one_more(cx, user) => Route::New(world),
            choice => Route::Nowhere(why_no_world(user, choice)),
        }
    }

    /// Rooms with names are shared by address: of the last ones that the worlds have, and of the last places in the
    /// directory. O(rooms + worlds).
    fn may_open_one_more(&self, cx: &Context<'_, 'a>, user: &UserEntry) -> bool {
        let whole = self.worlds.rooms().min(self.rooms.capacity());
        let opened = self.rooms.opened_by(opener_of(cx.sessions, user.session));
        may_take(opened, whole.saturating_sub(self.rooms.len()), whole)
    }

    fn route_to_named(&self, cx: &Context<'_, 'a>, user: &UserEntry, wish: &Wish<'_>) -> Route {
        let now = cx.now;
        let Some(key) = self.rooms.find(now, wish.name.as_str()) else {
            return match self.rooms.unsettled_ms(now) {
                0 if wish.may_open() => self.route_to_new(cx, user),
                0 => Route::Nowhere(ErrorCode::NO_ROOM),
                // A world may still tell of it.
                wait_ms => Route::Wait(wait_ms),
            };
        };
        let Some(room) = self.rooms.get(key) else { return Route::Nowhere(ErrorCode::NO_ROOM) };
        let RoomState::Open(world, _) = room.state else {
            let is_new = wish.kind == WishKind::CREATE;
            return if is_new {
                Route::Nowhere(ErrorCode::ROOM_EXISTS)
            } else {
                Route::Wait(OPENING_WAIT_MS)
            };
        };
        let is_inside = user.room == key;
        let is_understood =
            self.worlds.get(world).is_some_and(|entry| entry.understands(user.versions));
        match () {
            () if wish.kind == WishKind::CREATE => Route::Nowhere(ErrorCode::ROOM_EXISTS),
            () if !is_understood => Route::Nowhere(ErrorCode::NO_WORLD),
            () if room.is_locked() => Route::Nowhere(ErrorCode::ROOM_LOCKED),
            () if user.tried_rooms & room_bit(key) != 0 && user.has_timed_out => {
                Route::Nowhere(ErrorCode::WORLD_TIMEOUT)
            }
            () if user.tried_rooms & room_bit(key) != 0 => Route::Nowhere(ErrorCode::FULL),
            () if (room.is_full() || self.is_closed(world)) && !is_inside => {
                Route::Nowhere(ErrorCode::FULL)
            }
            () => Route::Room(world, key),
        }
    }

    /// The room that a route leads to; a new one is reserved. `None` if there is no place for it in the directory.
    pub(super) fn room_of(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        route: Route,
    ) -> Option<RoomKey> {
        match route {
            Route::Room(_, room) => {
                self.users.get_mut(key)?.tried_rooms |= room_bit(room);
                Some(room)
            }
            Route::New(world) => {
                let UserEntry { wish, session, .. } = *self.users.get(key)?;
                let opener = opener_of(cx.sessions, session);
                let place = (world, self.wanted_at(world, wish)?);
                let name = self.rooms.wish(wish).name;
                if name.as_str().is_empty() {
                    let made = self.make_name(cx);
                    self.rooms.reserve(cx.now, core::str::from_utf8(&made).ok()?, place, opener)
                } else {
                    let name = heapless::String::<ROOM_NAME_MAX_BYTES>::try_from(name.as_str());
                    self.rooms.reserve(cx.now, &name.ok()?, place, opener)
                }
            }
            _ => None,
        }
    }

    /// A name that no room has. Chance has it that the first one will do.
    fn make_name(&self, cx: &mut Context<'_, 'a>) -> [u8; MADE_NAME_BYTES] {
        loop {
            let random: [u8; MADE_NAME_BYTES] = cx.turn().random();
            let made = random
                .map(|byte| NAME_LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a'));
            let is_free = core::str::from_utf8(&made)
                .is_ok_and(|name| self.rooms.find(cx.now, name).is_none());
            if is_free {
                return made;
            }
        }
    }

    /// What a user wishes for, while it is worked on. `Err` if nothing more can be kept now.
    pub(super) fn keep_wish(&mut self, key: EntryKey, wish: &Wish<'_>) -> Result<(), ErrorCode> {
        self.drop_wish(key);
        if *wish == Wish::ANY {
            return Ok(());
        }
        let kept = self.rooms.keep_wish(wish).ok_or(ErrorCode::BUSY)?;
        if let Some(user) = self.users.get_mut(key) {
            user.wish = kept;
        }
        Ok(())
    }

    fn drop_wish(&mut self, key: EntryKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        let wish = core::mem::replace(&mut user.wish, crate::storage::Key::DANGLING);
        self.rooms.drop_wish(wish);
    }

    /// A wish is kept until it is answered, and its world asked.
    pub(super) fn drop_wish_if_done(&mut self, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        if !user.wants_in && !matches!(user.place, Place::Attaching(_)) {
            self.drop_wish(key);
        }
    }

    /// Whether the user's wish may mean the room of `world` where it has its seat. After a restart Main does not know
    /// which one that is; then its world looks at the name.
    pub(super) fn wants_own_room(&self, now: Instant, user: &UserEntry, world: WorldKey) -> bool {
        let wish = self.rooms.wish(user.wish);
        let name = wish.name.as_str();
        match (self.rooms.get(user.room), wish.kind) {
            _ if wish.is_plain() => true,
            // A name was made for it, which who comes back may not know. Its world may not have seen it go.
            (_, WishKind::CREATE) if name.is_empty() => user.is_held || !user.has_joined,
            (Some(room), WishKind::ANY) => room.line().mode == wish.mode,
            (Some(room), _) => room.line().name == wish.name,
            (None, WishKind::ANY) => true,
            (None, _) => match self.rooms.find(now, name).and_then(|key| self.rooms.get(key)) {
                Some(room) => room.world() == Some(world),
                None => self.rooms.unsettled_ms(now) > 0,
            },
        }
    }

    /// The user is on its way to a room.
    pub(super) fn join_room(&mut self, key: EntryKey, room: RoomKey) {
        self.leave_room(key);
        if let Some(user) = self.users.get_mut(key) {
            user.room = room;
            self.rooms.join(room);
        }
    }

    /// The user is in no room, and on the way to none.
    pub(super) fn leave_room(&mut self, key: EntryKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        let room = core::mem::replace(&mut user.room, crate::storage::Key::DANGLING);
        self.rooms.leave(room);
        self.ask_for_unknown_rooms();
    }

    /// What a world's denial means for the wish: `None` if another room or world will do.
    pub(super) fn refusal_of(&self, key: EntryKey, reason: ErrorCode) -> Option<ErrorCode> {
        let user = self.users.get(key)?;
        let is_any = self.rooms.wish(user.wish).kind == WishKind::ANY;
        let is_open =
            self.rooms.get(user.room).is_some_and(|room| matches!(room.state, RoomState::Open(..)));
        let is_final = match reason {
            ErrorCode::FULL => is_open,
            ErrorCode::NO_ROOM
            | ErrorCode::ROOM_EXISTS
            | ErrorCode::ROOM_LOCKED
            | ErrorCode::WRONG_SECRET
            | ErrorCode::BAD_ROOM => true,
            _ => false,
        };
        (is_final && !is_any).then_some(reason)
    }

    /// A world says that a room is open. If another one has its name, this one is to close.
    pub(super) fn room_is_open(
        &mut self,
        cx: &mut Context<'_, 'a>,
        world: WorldKey,
        message: &RoomOpened<'_>,
    ) {
        let Some(entry) = self.worlds.get_mut(world) else { return };
        let claim = core::mem::replace(&mut entry.room_claim, ClaimNumber(0));
        let &RoomOpened { room_id, line, is_listed } = message;
        let world_id = entry.world_id;
        let told = Told { world, world_id, room_id, claim, line, is_listed };
        let before = self.rooms.find_any(line.name.as_str());
        let is_waited_for = before.is_some_and(|room| self.rooms.is_naming(room));
        match self.rooms.open(cx.now, &told) {
            Opened::Taken(room) => {
                self.claim_if_unclaimed(room);
                if is_waited_for {
                    self.name_is_there(cx, room);
                }
            }
            Opened::TakenFrom(room, former, closing) => {
                self.claim_if_unclaimed(room);
                self.close_room(cx, former, closing, line.name);
            }
            Opened::Refused => self.close_room(cx, world, room_id, line.name),
            Opened::Full => {
                if let Some(entry) = self.worlds.get_mut(world) {
                    entry.has_unknown_rooms = true;
                }
            }
        }
    }

    /// Another world has the room of that name.
    fn close_room(
        &mut self,
        cx: &mut Context<'_, 'a>,
        world: WorldKey,
        room_id: RoomId,
        name: Text<'_, ROOM_NAME_MAX_BYTES>,
    ) {
        log::info!("two worlds have a room \"{}\"", name.as_str());
        let Some(entry) = self.worlds.get_mut(world) else { return };
        // If it can't be told so now, it names its rooms again.
        entry.lists_again |= cx.sessions.send(entry.session, &CloseRoom { room_id, name }).is_err();
    }

    /// A world says that a room is closed. Whom it has been asked to let in before Main heard of that, it opens one for
    /// of the same name: the name stays reserved until it has answered. In a realm of several Mains such a world denies that
    /// it does. O(rooms + users).
    pub(super) fn room_is_closed(&mut self, now: Instant, world: WorldKey, room_id: RoomId) {
        let Some(closed) = self.rooms.find_of(world, room_id) else { return };
        let Some(RoomEntry { name, opener, .. }) = self.rooms.get(closed).cloned() else { return };
        let Some(world_id) = self.worlds.get(world).map(|entry| entry.world_id) else { return };
        if self.rooms.claims.is_used() {
            self.rooms.release(closed);
            return self.ask_for_unknown_rooms();
        }
        let place = (world, Wanted { world: world_id, wish: NameWish::Any });
        let mut reserved = None;
        self.rooms.remove(closed);
        for index in 0..self.users.capacity() as u16 {
            let Some(user) = self.users.at_mut(index).filter(|user| user.room == closed) else {
                continue;
            };
            let wish = self.rooms.wish(user.wish);
            let may_open = wish.kind != WishKind::ANY && wish.may_open();
            if !may_open || user.place != Place::Attaching(world) {
                continue;
            }
            reserved = reserved.or_else(|| self.rooms.reserve(now, &name, place, opener));
            // The closed room has left a place for it.
            if let Some(room) = reserved {
                user.room = room;
                self.rooms.join(room);
            }
        }
        self.ask_for_unknown_rooms();
    }

    /// There is a place in the directory again: who has told of rooms that it had none for names them again.
    /// O(worlds) then.
    pub(super) fn ask_for_unknown_rooms(&mut self) {
        if self.rooms.len() >= self.rooms.capacity() {
            return;
        }
        for index in 0..WORLD_COUNT_MAX as u16 {
            let Some(world) = self.worlds.key_at(index) else { continue };
            if let Some(entry) = self.worlds.get_mut(world) {
                entry.lists_again |= core::mem::take(&mut entry.has_unknown_rooms);
            }
        }
    }
}

/// Whose rooms count together: those of one address. Nobody's, if that is not known.
fn opener_of(sessions: &SessionManager<'_>, session: SessionKey) -> Option<AddressGroup> {
    sessions.address(session).map(PeerAddress::group)
}

/// Why there is no world for a request.
fn why_no_world(user: &UserEntry, choice: Choice) -> ErrorCode {
    match choice {
        Choice::World(_) | Choice::Full => ErrorCode::FULL,
        Choice::NoWorld if user.has_timed_out => ErrorCode::WORLD_TIMEOUT,
        Choice::NoWorld if user.tried != 0 || user.tried_rooms != 0 => ErrorCode::FULL,
        Choice::NoWorld => ErrorCode::NO_WORLD,
    }
}

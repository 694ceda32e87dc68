//! `RoomManager`: who is in which room, and where everyone is.
//!
//! Membership and state are here; how it reaches the members is in [`fan_out`](super::fan_out).

use super::super::uid_table::UidTable;
#[cfg(feature = "asks")]
use super::asks::AskBook;
use super::asks::MemberAsks;
use super::bans::{BanBook, GameBan};
use super::frame_sizes::{
    EVENT_FRAME_MAX_BYTES, MOVE_FRAME_MAX_BYTES, ROOM_CAPACITY_MAX, ROOM_RING_MAX_BYTES,
    longest_frame_bytes,
};
use super::gallery::places::Gallery;
#[cfg(feature = "rooms")]
use super::label::RoomLabel;
use super::notices::NoticeLine;
use super::room::Room;
use super::saves::SaveBook;
use super::seat::NextEnd;
use super::standing::Standing;
use super::stats::WorldStats;
use super::things::States;
use super::user::{UserKey, WorldUser};
use crate::broadcast::{FrameClass, Positions, RingBytes};
#[cfg(all(feature = "rooms", feature = "mains"))]
use crate::protocol::ClaimNumber;
use crate::protocol::world_to_client::EventBroadcast;
use crate::protocol::{Direction, MemberNumber, Message, Position, SendError, Uid, encode_frame};
use crate::storage::{Link, Slot, WorkList};
use crate::time::Instant;
use crate::wire::Full;

/// The memory of a [`RoomManager`].
#[derive(Debug)]
pub struct RoomStorage<'a> {
    /// The rooms.
    pub rooms: &'a mut [Room],
    /// Shared equally by the rooms' rings; use a power of two for each.
    pub ring_bytes: &'a mut [u8],
    /// The same for members that are WebSockets, as many bytes; unused without them.
    pub message_ring_bytes: &'a mut [u8],
    /// Rooms with something to flush; as long as `rooms`.
    pub dirty_queue: &'a mut [u16],
    /// Whether a room is in `dirty_queue`; as long as `rooms`.
    pub dirty_listed: &'a mut [bool],
    /// The members of all rooms.
    pub users: &'a mut [Slot<WorldUser>],
    /// Chains of `users`, as many as those.
    pub user_heads: &'a mut [Link],
    /// Links of `users`, as many as those.
    pub user_nexts: &'a mut [Link],
    /// Their questions, as many as `users`; unused without the cargo feature `asks`.
    pub asks: &'a mut [MemberAsks],
    /// Whom the games have banned: [`WORLD_BANS`](super::WORLD_BANS) of them.
    pub bans: &'a mut [GameBan],
}

/// Rooms and their members; see the [module](self).
#[derive(Debug)]
pub struct RoomManager<'a> {
    pub(super) rooms: &'a mut [Room],
    pub(super) rings: RingBytes<'a>,
    pub(super) dirty: WorkList<'a>,
    pub(super) users: UidTable<'a, WorldUser>,
    pub(super) flush_interval_ms: u32,
    pub(super) next_flush: Option<Instant>,
    /// A ring has no room for one more of everything before it is flushed.
    pub(super) must_flush: bool,
    pub(super) stats: WorldStats,
    /// What they keep.
    pub(super) saves: SaveBook<'a>,
    /// What they hand out.
    pub(super) notices: NoticeLine<'a>,
    /// What they show.
    pub(super) states: States<'a>,
    pub(super) bans: BanBook<'a>,
    pub(super) gallery: Gallery,
    pub(super) next_end: NextEnd,
    #[cfg(feature = "asks")]
    pub(super) asks: AskBook<'a>,
    pub(super) standing: Standing,
    /// An open room is empty, and its game has wanted it to stay until then.
    #[cfg(feature = "rooms")]
    pub(super) next_close: Option<Instant>,
    /// A game has said something of its room that Main is to know.
    #[cfg(feature = "rooms")]
    pub(super) has_news: bool,
    longest_frame_bytes: u16,
    pub(super) room_capacity: u16,
    /// Whoever runs it is emptying it.
    pub(super) takes_nobody: bool,
    /// The highest number that the name of a room that is not here any more was claimed under.
    #[cfg(all(feature = "rooms", feature = "mains"))]
    pub(super) claims_gone: ClaimNumber,
}

impl<'a> RoomManager<'a> {
    /// Empty rooms for `room_capacity` members each, of which at most [`ROOM_CAPACITY_MAX`] count, and
    /// `room_spectators`; of a room's ring at most [`ROOM_RING_MAX_BYTES`] are used. Messages of a game have up to `message_max_bytes`.
    pub fn new(
        storage: RoomStorage<'a>,
        room_capacity: u16,
        room_spectators: u16,
        flush_interval_ms: u32,
        message_max_bytes: usize,
        saves: SaveBook<'a>,
        states: States<'a>,
    ) -> Self {
        let rooms = storage.rooms.len();
        Self {
            rings: RingBytes::new(storage.ring_bytes, storage.message_ring_bytes, rooms)
                .at_most(ROOM_RING_MAX_BYTES),
            rooms: storage.rooms,
            dirty: WorkList::new(storage.dirty_queue, storage.dirty_listed),
            users: UidTable::new(storage.users, storage.user_heads, storage.user_nexts),
            longest_frame_bytes: longest_frame_bytes(message_max_bytes) as u16,
            room_capacity: room_capacity.min(ROOM_CAPACITY_MAX as u16),
            takes_nobody: false,
            #[cfg(all(feature = "rooms", feature = "mains"))]
            claims_gone: ClaimNumber(0),
            flush_interval_ms,
            next_flush: None,
            #[cfg(feature = "rooms")]
            next_close: None,
            #[cfg(feature = "rooms")]
            has_news: false,
            must_flush: false,
            stats: WorldStats::default(),
            saves,
            notices: NoticeLine::NONE,
            states,
            bans: BanBook::new(storage.bans),
            gallery: Gallery::new(room_spectators),
            next_end: NextEnd::NEVER,
            #[cfg(feature = "asks")]
            asks: AskBook::new(storage.asks),
            standing: Standing::default(),
        }
    }

    /// Users in all rooms, without spectators.
    pub const fn users(&self) -> usize {
        self.users.table().len() - self.gallery.taken()
    }

    /// Every user with its key, spectators too. O(users).
    pub fn iter(&self) -> impl Iterator<Item = (UserKey, &WorldUser)> {
        self.users.iter()
    }

    /// Rooms with somebody in them. O(rooms).
    pub fn occupied_rooms(&self) -> usize {
        self.rooms.iter().filter(|room| room.members > 0).count()
    }

    /// How many users all rooms take together, besides spectators.
    pub const fn capacity(&self) -> usize {
        let places = self.rooms.len() * self.room_capacity as usize;
        let seats = self.rooms.len() * self.gallery.most() as usize;
        let slots = self.users.table().capacity().saturating_sub(seats);
        if places < slots { places } else { slots }
    }

    /// How many users all rooms would take together now.
    pub(super) const fn takes(&self) -> usize {
        if self.takes_nobody { 0 } else { self.capacity() }
    }

    /// How many rooms there are.
    pub const fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many members a room has.
    pub fn members(&self, room: u16) -> u16 {
        self.rooms.get(usize::from(room)).map_or(0, |room| room.members)
    }

    /// The first room without a name that has a free place. O(rooms).
    pub fn room_with_place(&self) -> Option<u16> {
        (0..self.rooms.len() as u16).find(|room| self.takes_anyone(*room) && self.has_place(*room))
    }

    /// Whether whoever names no room may come into this one now.
    pub(super) fn takes_anyone(&self, room: u16) -> bool {
        self.is_free(room) && !self.is_locked(room) && !self.stands_still(room)
    }

    /// How many members a room takes at most.
    pub const fn room_capacity(&self) -> u16 {
        self.room_capacity
    }

    /// Whether one more may play in `room`.
    pub fn has_place(&self, room: u16) -> bool {
        self.members(room) < self.capacity_of(room) && self.users() < self.takes()
    }

    /// Notes where a member is now. It is broadcast with the next flush, once.
    #[inline]
    pub(super) fn place(&mut self, now: Instant, key: UserKey, pos: Position, dir: Direction) {
        let Some(user) = self.users.get_mut(key) else {
            return;
        };
        user.pos = pos;
        user.dir = dir;
        if user.has_moved {
            self.stats.moves_conflated += 1;
            return;
        }
        user.has_moved = true;
        let room = user.room;
        if let Some(place) = self.rooms.get_mut(usize::from(room)) {
            user.next_moved = core::mem::replace(&mut place.first_moved, Link::to(key.index()));
            place.moved += 1;
        }
        self.touch(now, room);
    }

    /// Appends an application message for everyone in `room`.
    ///
    /// # Errors
    /// [`Full`] if the ring takes no more before it is flushed.
    pub(super) fn broadcast_event(
        &mut self,
        now: Instant,
        room: u16,
        message: &EventBroadcast<'_>,
    ) -> Result<(), Full> {
        self.append(now, room, FrameClass::Counted, message)?;
        Ok(())
    }

    /// Appends a game's message for everyone in `room`.
    ///
    /// # Errors
    /// [`SendError::Full`] if the ring takes no more before it is flushed, [`SendError::TooLong`] if it never
    /// will.
    pub(super) fn say<M: Message>(
        &mut self,
        now: Instant,
        room: u16,
        message: &M,
    ) -> Result<(), SendError> {
        let is_too_long = core::cell::Cell::new(false);
        let place = self.rooms.get_mut(usize::from(room)).ok_or(SendError::Closed)?;
        let longest = usize::from(self.longest_frame_bytes);
        let encode =
            |out: &mut [u8]| encode_frame(message, out).inspect_err(|_| is_too_long.set(true));
        let appended =
            place.rings.append(&mut self.rings, room, FrameClass::Counted, longest, encode);
        match appended {
            Ok(_) => self.touch(now, room),
            Err(Full) if is_too_long.get() => return Err(SendError::TooLong),
            Err(Full) => return Err(SendError::Full),
        }
        Ok(())
    }

    /// What a member of `room` is called there.
    pub(super) fn number_of(&self, room: u16, uid: Uid) -> Option<MemberNumber> {
        let user = self.users.get(self.users.find(uid)?)?;
        (user.room == room && !user.is_spectator()).then_some(user.number)
    }

    fn append<M: Message>(
        &mut self,
        now: Instant,
        room: u16,
        class: FrameClass,
        message: &M,
    ) -> Result<Positions, Full> {
        let place = self.rooms.get_mut(usize::from(room)).ok_or(Full)?;
        let encode = |out: &mut [u8]| encode_frame(message, out);
        let rings = &mut place.rings;
        let positions =
            rings.append(&mut self.rings, room, class, EVENT_FRAME_MAX_BYTES, encode)?;
        self.touch(now, room);
        Ok(positions)
    }

    /// Appends what must not be lost. If the ring can't take it, every member gets a snapshot.
    pub(super) fn append_or_resync<M: Message>(
        &mut self,
        now: Instant,
        room: u16,
        message: &M,
    ) -> Option<Positions> {
        let appended = self.append(now, room, FrameClass::State, message);
        if appended.is_err() {
            if let Some(place) = self.rooms.get_mut(usize::from(room)) {
                place.rings.overrun_all(&self.rings, room);
            }
            self.touch(now, room);
        }
        appended.ok()
    }

    /// Something in `room` waits for a flush.
    #[inline]
    pub(super) fn touch(&mut self, now: Instant, room: u16) {
        self.dirty.add(room);
        self.flush_by(now.after_ms(self.flush_interval_ms));
        let Some(place) = self.rooms.get(usize::from(room)) else {
            return;
        };
        // One more move and one more event always fit, and what has changed; if not, input waits for the flush.
        let moves = usize::from(place.moved) + 1;
        let longest = usize::from(self.longest_frame_bytes);
        let needed = moves * MOVE_FRAME_MAX_BYTES + self.changes_bytes(room) + longest;
        self.must_flush |= !place.rings.has_room_for(&self.rings, room, needed, longest);
    }
}

/// What rooms are called; without names they are all alike.
#[cfg(feature = "rooms")]
impl RoomManager<'_> {
    /// What there is to know of an open room.
    pub(super) fn label(&self, room: u16) -> Option<&RoomLabel> {
        let place = self.rooms.get(usize::from(room))?;
        place.label.is_open.then_some(&place.label)
    }

    pub(super) fn label_mut(&mut self, room: u16) -> Option<&mut RoomLabel> {
        Some(&mut self.rooms.get_mut(usize::from(room))?.label)
    }

    /// The open room of this name. O(rooms).
    pub(super) fn find_named(&self, name: &str) -> Option<u16> {
        let is_it = |room: &Room| room.label.is_open && room.label.name() == name;
        self.rooms.iter().position(is_it).map(|room| room as u16)
    }

    /// A room that may be opened by name: nobody is in it. One without a name that has been open before comes later,
    /// and last one of which the store has a state: of those the one that fills last. The first of them stays what it
    /// is. O(rooms).
    pub(super) fn room_to_open(&self) -> Option<u16> {
        let all = 0..self.rooms.len() as u16;
        // What the store has of a room that is not open is about to be forgotten.
        let has_state = |room: u16| self.label(room).is_some() && self.saves.is_kept(room);
        let first_kept = all.clone().find(|room| self.is_free(*room) && has_state(*room));
        let rooms = all.filter(|room| {
            let is_vacant = self.is_empty(*room) && !self.stands_still(*room);
            self.is_free(*room) && is_vacant && Some(*room) != first_kept
        });
        rooms.min_by_key(|room| match (self.label(*room).is_some(), has_state(*room)) {
            (is_open, false) => (u8::from(is_open), *room),
            (_, true) => (2, u16::MAX - *room),
        })
    }

    /// Whether nobody is in it, not even to listen.
    pub(super) fn is_empty(&self, room: u16) -> bool {
        let place = self.rooms.get(usize::from(room));
        place.is_some_and(|place| place.members == 0 && place.spectators() == 0)
    }

    /// How many more may play in rooms that have no names, besides in this one. O(rooms).
    pub(super) fn unnamed_places(&self, besides: Option<u16>) -> usize {
        let rooms = (0..self.rooms.len() as u16).filter(|room| Some(*room) != besides);
        let unnamed = rooms.filter(|room| self.takes_anyone(*room));
        unnamed
            .map(|room| usize::from(self.capacity_of(room).saturating_sub(self.members(room))))
            .sum()
    }

    /// Whether it has no name.
    pub(super) fn is_free(&self, room: u16) -> bool {
        self.label(room).is_none_or(|label| !label.is_named())
    }

    /// Whether its game lets nobody more in.
    pub(super) fn is_locked(&self, room: u16) -> bool {
        self.label(room).is_some_and(|label| label.is_locked)
    }

    pub(super) fn capacity_of(&self, room: u16) -> u16 {
        self.label(room).map_or(self.room_capacity, |label| label.capacity)
    }
}

#[cfg(not(feature = "rooms"))]
impl RoomManager<'_> {
    pub(super) const fn is_free(&self, _: u16) -> bool {
        true
    }

    const fn is_locked(&self, _: u16) -> bool {
        false
    }

    pub(super) const fn capacity_of(&self, _: u16) -> u16 {
        self.room_capacity
    }
}

//! `RoomDirectory`: the rooms of Main's worlds, by name.
//!
//! ```text
//!            reserved for a wish          the world says so
//!   (none) ──┬──────────────────► Opening ─────────────────► Open ◄──── the world says so, also out of nothing
//!            └─► Naming ── its name is claimed ─► Opening
//!      ▲                             │                        │ │
//!      │      nobody is on its way   │        RoomClosed      │ │ the world is lost
//!      └─────────────────────────────┴────────────────────────┘ ▼
//!      └─── hold has passed, or its world is back without it ─  Held ──► Open, by whichever world says so first
//! ```
//! A room that is closed while its world has been asked to let somebody into it, or open it anew, is Opening again.
//!
//! In a realm of several Mains a name is claimed for a world (`naming`) before that is asked to open its room.
//!
//! Contract: a name is there once, so two who wish for a new room of one name get one room, and two worlds that claim
//! one name do not both keep it: the later claim is told to close. What is not in the directory is not believed to
//! be free before Main has heard of its worlds (`MainConfig::registry_settle_ms`).
//!
//! Bounds: rooms and wishes are what the storage lends; whoever finds none left is told so. A search by name is
//! O(1); any room, and a room by its world's number, are searched for among all.

mod holds;
mod reservations;

use super::registry::WorldKey;
use crate::node::directory::{NameBook, NameSlot};
use crate::protocol::world_to_main::RoomChanged;
use crate::protocol::{
    ClaimNumber, OwnedWish, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_PROPERTIES_MAX_BYTES,
    RoomId, RoomLine, Text, Wish, WorldId, is_room_mode, is_room_name,
};
use crate::session::AddressGroup;
use crate::storage::{HashIndex, Key, Link, Slot, Table, Vacant, hash_bytes};
use crate::time::Instant;

/// Names one room of the directory.
pub type RoomKey = Key<RoomEntry>;

/// Names a wish that is being worked on.
pub type WishKey = Key<OwnedWish>;

/// Bytes of one room in the directory.
pub const ROOM_SLOT_BYTES: usize = core::mem::size_of::<Slot<RoomEntry>>();

const _: () = assert!(ROOM_SLOT_BYTES <= 224, "a room of the directory has grown: say why");

impl Vacant for OwnedWish {
    const VACANT: Self = Self::ANY;
}

/// Where a room is in its life.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum RoomState {
    /// Reserved: this world has been asked to open it, or is about to be.
    Opening(WorldKey),
    /// This world has it.
    Open(WorldKey, RoomId),
    /// The world that had it is lost; the name is free from then on, or when that one has come without it.
    Held(Instant, WorldId),
    /// Its name is being claimed for this world.
    Naming(WorldKey),
}

/// One room, as its world has told, and as Main sends users there.
#[derive(Clone, Debug)]
pub struct RoomEntry {
    pub(super) name: heapless::String<ROOM_NAME_MAX_BYTES>,
    mode: heapless::String<ROOM_MODE_MAX_BYTES>,
    properties: heapless::Vec<u8, ROOM_PROPERTIES_MAX_BYTES>,
    pub(super) state: RoomState,
    /// What its name is claimed under; 0 if that is not known, or there is no directory of names.
    pub(super) claim: ClaimNumber,
    /// The same, as its world has told.
    pub(super) told_claim: ClaimNumber,
    /// Members, as its world has told.
    members: u16,
    /// Users whom Main has sent there, or is about to.
    pub(super) users: u16,
    capacity: u16,
    /// Where the user is from for whom it was reserved; an earlier Main may have known.
    pub(super) opener: Option<AddressGroup>,
    is_listed: bool,
    is_locked: bool,
    is_private: bool,
}

impl Vacant for RoomEntry {
    const VACANT: Self = Self {
        name: heapless::String::new(),
        mode: heapless::String::new(),
        properties: heapless::Vec::new(),
        state: RoomState::Opening(Key::DANGLING),
        claim: ClaimNumber(0),
        told_claim: ClaimNumber(0),
        members: 0,
        users: 0,
        capacity: 0,
        opener: None,
        is_listed: false,
        is_locked: false,
        is_private: false,
    };
}

impl RoomEntry {
    /// What listings say of it.
    pub fn line(&self) -> RoomLine<'_> {
        RoomLine {
            name: Text::truncated(&self.name),
            mode: Text::truncated(&self.mode),
            members: self.members,
            capacity: self.capacity,
            is_locked: self.is_locked,
            is_private: self.is_private,
            properties: crate::protocol::Bytes::new(&self.properties).unwrap_or_default(),
        }
    }

    /// The world that has it.
    pub(super) const fn world(&self) -> Option<WorldKey> {
        match self.state {
            RoomState::Opening(world) | RoomState::Open(world, _) | RoomState::Naming(world) => {
                Some(world)
            }
            RoomState::Held(..) => None,
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, RoomState::Open(..))
    }

    /// Whether listings show it.
    pub(super) const fn is_listed(&self) -> bool {
        self.is_listed && matches!(self.state, RoomState::Open(..))
    }

    pub(super) const fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Its world's count is known late, Main's own misses those whom an earlier Main has sent: the larger one counts.
    pub(super) fn present(&self) -> u16 {
        self.users.max(self.members)
    }

    pub(super) fn is_full(&self) -> bool {
        self.present() >= self.capacity
    }

    /// Whether whoever wants any room of `mode` may be sent there.
    pub(super) fn is_open_to_all(&self, mode: &str) -> bool {
        let is_of_mode = mode.is_empty() || self.mode == mode;
        let is_open = matches!(self.state, RoomState::Open(..));
        is_open && is_of_mode && self.is_listed && !self.is_locked && !self.is_private
    }
}

/// A room, as its world tells of it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Told<'m> {
    pub(super) world: WorldKey,
    pub(super) world_id: WorldId,
    pub(super) room_id: RoomId,
    pub(super) claim: ClaimNumber,
    pub(super) line: RoomLine<'m>,
    pub(super) is_listed: bool,
}

/// What becomes of a world's word that a room is open.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Opened {
    /// It is so.
    Taken(RoomKey),
    /// It is so, and this room of another world, which had the name before, is to close.
    TakenFrom(RoomKey, WorldKey, RoomId),
    /// Another world has a room of that name, or there can be none.
    Refused,
    /// There is no place for it here.
    Full,
}

/// The memory of a [`RoomDirectory`]; nothing for a Main whose worlds choose rooms themselves.
#[derive(Debug, Default)]
pub struct MainRoomStorage<'a> {
    /// The rooms.
    pub rooms: &'a mut [Slot<RoomEntry>],
    /// Chains of `rooms`, as many as those.
    pub heads: &'a mut [Link],
    /// Links of `rooms`, as many as those.
    pub nexts: &'a mut [Link],
    /// Wishes that are being worked on, other than for any room of any mode.
    pub wishes: &'a mut [Slot<OwnedWish>],
    /// Names that are being claimed, or given back; none if this is the realm's only Main.
    pub names: &'a mut [Slot<NameSlot>],
}

/// The rooms; see the [module](self).
#[derive(Debug)]
pub struct RoomDirectory<'a> {
    rooms: Table<'a, RoomEntry>,
    names: HashIndex<'a>,
    wishes: Table<'a, OwnedWish>,
    /// What the directory of several Mains is asked about names.
    pub(super) claims: NameBook<'a>,
    seed: u32,
    /// No room with a name is made before.
    settled_at: Instant,
}

impl<'a> RoomDirectory<'a> {
    /// An empty directory.
    pub fn new(storage: MainRoomStorage<'a>) -> Self {
        Self {
            rooms: Table::new(storage.rooms),
            names: HashIndex::new(storage.heads, storage.nexts),
            wishes: Table::new(storage.wishes),
            claims: NameBook::new(storage.names),
            seed: 0,
            settled_at: Instant::ZERO,
        }
    }

    /// Begins while it is empty, with a seed that nobody knows.
    pub(super) fn start(&mut self, seed: u32, settled_at: Instant) {
        self.seed = seed;
        self.settled_at = settled_at;
    }

    /// How long it is until names that are not here are free.
    pub(super) fn unsettled_ms(&self, now: Instant) -> u32 {
        self.settled_at.ms_since(now)
    }

    /// How many rooms it has room for.
    pub const fn capacity(&self) -> usize {
        self.rooms.capacity()
    }

    /// How many it knows, reserved and held ones among them.
    pub const fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether it knows none.
    pub const fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// Every room.
    pub fn iter(&self) -> impl Iterator<Item = (RoomKey, &RoomEntry)> {
        self.rooms.iter()
    }

    pub(super) fn get(&self, key: RoomKey) -> Option<&RoomEntry> {
        self.rooms.get(key)
    }

    /// The room of this name; whoever's hold has passed is none.
    pub(super) fn find(&self, now: Instant, name: &str) -> Option<RoomKey> {
        let has_passed = |key| self.rooms.get(key).is_some_and(|it| it.state.has_passed(now));
        self.find_any(name).filter(|key| !has_passed(*key))
    }

    pub(super) fn find_any(&self, name: &str) -> Option<RoomKey> {
        let is_it = |index| self.rooms.at(index).is_some_and(|room| room.name == name);
        self.rooms.key_at(self.names.find(hash_bytes(self.seed, name.as_bytes()), is_it)?)
    }

    /// The room that a world calls so. O(rooms).
    pub(super) fn find_of(&self, world: WorldKey, room_id: RoomId) -> Option<RoomKey> {
        let state = RoomState::Open(world, room_id);
        self.iter().find(|(_, room)| room.state == state).map(|(key, _)| key)
    }

    pub(super) fn get_mut(&mut self, key: RoomKey) -> Option<&mut RoomEntry> {
        self.rooms.get_mut(key)
    }

    fn insert(&mut self, now: Instant, room: RoomEntry) -> Option<RoomKey> {
        if self.rooms.is_full() {
            self.forget_passed_hold(now)?;
        }
        let hash = hash_bytes(self.seed, room.name.as_bytes());
        let key = self.rooms.insert(room).ok()?;
        self.names.insert(hash, key.index());
        Some(key)
    }

    pub(super) fn remove(&mut self, key: RoomKey) {
        if let Some(room) = self.rooms.remove(key) {
            self.names.remove(hash_bytes(self.seed, room.name.as_bytes()), key.index());
        }
    }

    /// Whether one more room can be remembered. O(rooms) when there are as many as there can be.
    pub(super) fn has_place(&self, now: Instant) -> bool {
        !self.rooms.is_full() || self.iter().any(|(_, room)| room.state.has_passed(now))
    }

    /// A world says that a room is open.
    pub(super) fn open(&mut self, now: Instant, told: &Told<'_>) -> Opened {
        let Told { world, room_id, line, is_listed, .. } = *told;
        if !is_room_name(line.name.as_str()) || !is_room_mode(line.mode.as_str()) {
            return Opened::Refused;
        }
        // Its number may have had another name before.
        if let Some(before) = self.find_of(world, room_id)
            && self.rooms.get(before).is_some_and(|room| room.name != line.name.as_str())
        {
            self.release(before);
        }
        let named = self.find_any(line.name.as_str());
        let before = named.and_then(|key| self.rooms.get(key));
        if before.is_some_and(|room| room.outranks(told)) {
            return Opened::Refused;
        }
        let ousted = match before.map(|room| room.state) {
            Some(RoomState::Open(other, room)) if other != world => Some((other, room)),
            _ => None,
        };
        let name = heapless::String::try_from(line.name.as_str()).unwrap_or_default();
        let vacant = RoomEntry { name, ..RoomEntry::VACANT };
        let Some(key) = named.or_else(|| self.insert(now, vacant)) else { return Opened::Full };
        let Some(room) = self.rooms.get_mut(key) else { return Opened::Full };
        if room.world().is_some_and(|other| other != world) {
            // They were on their way to another world, whose room is not the one.
            room.users = 0;
        }
        room.claim = room.claim_behind(told);
        room.told_claim = told.claim;
        room.state = RoomState::Open(world, room_id);
        room.mode = heapless::String::try_from(line.mode.as_str()).unwrap_or_default();
        room.properties = heapless::Vec::from_slice(line.properties.as_slice()).unwrap_or_default();
        (room.members, room.capacity) = (line.members, line.capacity);
        (room.is_locked, room.is_private, room.is_listed) =
            (line.is_locked, line.is_private, is_listed);
        match ousted {
            Some((world, room)) => Opened::TakenFrom(key, world, room),
            None => Opened::Taken(key),
        }
    }

    pub(super) fn change(&mut self, world: WorldKey, change: &RoomChanged<'_>) -> Option<RoomKey> {
        let key = self.find_of(world, change.room_id)?;
        let room = self.rooms.get_mut(key)?;
        room.members = change.members;
        (room.is_locked, room.is_listed) = (change.is_locked, change.is_listed);
        room.properties =
            heapless::Vec::from_slice(change.properties.as_slice()).unwrap_or_default();
        Some(key)
    }

    /// Keeps a wish while it is worked on.
    pub(super) fn keep_wish(&mut self, wish: &Wish<'_>) -> Option<WishKey> {
        self.wishes.insert(OwnedWish::from(*wish)).ok()
    }

    pub(super) fn drop_wish(&mut self, key: WishKey) {
        self.wishes.remove(key);
    }

    /// A wish that is kept; any room of any mode for a key of none.
    pub(super) fn wish(&self, key: WishKey) -> Wish<'_> {
        self.wishes.get(key).map_or(Wish::ANY, OwnedWish::as_wish)
    }

    pub(super) fn at(&self, index: u16) -> Option<&RoomEntry> {
        self.rooms.at(index)
    }
}

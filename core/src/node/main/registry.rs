//! `WorldRegistry`: the worlds that Main can send users to.

use crate::protocol::{ADDRESS_MAX_BYTES, ClaimNumber, REGION_MAX_BYTES, Versions, WorldId};
use crate::session::SessionKey;
use crate::storage::{Key, Link, Slot, Table, Vacant};

/// The most worlds of one Main: an attempt to enter remembers the worlds it has tried as bits.
pub const WORLD_COUNT_MAX: usize = 64;

/// Names one registered world.
pub type WorldKey = Key<WorldEntry>;

/// One world, as it has registered and as it has reported since.
#[derive(Clone, Debug)]
pub struct WorldEntry {
    /// Its id.
    pub world_id: WorldId,
    /// The region that it serves.
    pub region: heapless::String<REGION_MAX_BYTES>,
    /// Where clients find it.
    pub address: heapless::String<ADDRESS_MAX_BYTES>,
    /// The versions that it speaks with clients.
    pub versions: Versions,
    /// How many users it takes.
    pub capacity: u16,
    /// How many rooms with names it has; 0 if it chooses rooms itself.
    pub rooms: u16,
    /// Whether its clients may seal their links.
    pub is_sealing: bool,
    /// Its game's fingerprint.
    #[cfg(feature = "moving")]
    pub(super) fingerprint: u32,
    /// Its game, and the version of what that keeps, if its rooms move.
    #[cfg(feature = "moving")]
    pub(super) moves: Option<(u32, u16)>,
    /// What the name is claimed under of the room that it tells of next.
    pub(super) room_claim: ClaimNumber,
    /// What the room was claimed under, which there is not, that it denies next.
    pub(super) ended_claim: ClaimNumber,
    /// It has told of rooms for which there was no place in the directory.
    pub(super) has_unknown_rooms: bool,
    /// The link to it.
    pub session: SessionKey,
    /// Users whom Main has sent there, or is about to.
    pub users: u16,
    /// Those of them who have no connection to Main: only the world's word keeps them in the realm.
    pub absent: u16,
    /// Users of its last report.
    pub reported_users: u16,
    /// Of those, the ones who are away, with their seats held.
    pub reported_held: u16,
    /// Rooms of its last report.
    pub reported_rooms: u16,
    /// Whether it has let an attach or a detach time out, and answered no attach since.
    pub is_slow: bool,
    /// The user whose turn it is, while the link has not taken all that the world is to be told.
    pub(super) owed_from: Link,
    /// More is owed than what this round finds.
    pub(super) owes_more: bool,
    /// It says that it takes nobody new.
    pub drains: bool,
    /// Nobody new is sent there: it drains, or is to.
    pub is_closed: bool,
    /// It has named users for whom there was no place here, nor on the link: it is to name them again.
    pub(super) lists_again: bool,
    /// In a realm of several Mains: somebody may be there of whom nothing is known here, since there was no place for it.
    pub(super) has_unknown_users: bool,
    /// How many of the realm's Mains it has been told of.
    pub(super) mains_told: u8,
}

impl Vacant for WorldEntry {
    const VACANT: Self = Self {
        world_id: WorldId(0),
        region: heapless::String::new(),
        address: heapless::String::new(),
        versions: Versions { from: 0, to: 0 },
        capacity: 0,
        rooms: 0,
        is_sealing: false,
        #[cfg(feature = "moving")]
        fingerprint: 0,
        #[cfg(feature = "moving")]
        moves: None,
        room_claim: ClaimNumber(0),
        ended_claim: ClaimNumber(0),
        has_unknown_rooms: false,
        session: Key::DANGLING,
        users: 0,
        absent: 0,
        reported_users: 0,
        reported_held: 0,
        reported_rooms: 0,
        is_slow: false,
        owed_from: Link::NONE,
        owes_more: false,
        drains: false,
        is_closed: false,
        lists_again: false,
        has_unknown_users: false,
        mains_told: 0,
    };
}

impl WorldEntry {
    /// Users in thousandths of the capacity; over 999 it is full. The world's own count is known
    /// late, Main's own misses those whom an earlier Main has sent: the larger one counts.
    pub fn load_permille(&self) -> u32 {
        let users = u32::from(self.users.max(self.reported_users));
        users * 1_000 / u32::from(self.capacity.max(1))
    }

    /// Whether its rooms can move, and those of others there.
    #[cfg(feature = "moving")]
    pub const fn moves_rooms(&self) -> bool {
        self.moves.is_some()
    }

    /// How many members a room there takes.
    #[cfg(feature = "moving")]
    pub(super) fn places_a_room(&self) -> u16 {
        self.capacity.checked_div(self.rooms).unwrap_or(0)
    }

    /// Whether nobody more is sent there now.
    fn is_full(&self) -> bool {
        self.is_closed || self.users.max(self.reported_users) >= self.capacity
    }

    /// Whether it has a version in common with whoever speaks these.
    pub(super) const fn understands(&self, versions: Versions) -> bool {
        self.versions.shared(versions).is_some()
    }

    pub(super) fn serves(&self, region: &str) -> bool {
        region.is_empty() || self.region == region
    }
}

/// Who may register: a line of Main's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowedWorld {
    /// Its id.
    pub world_id: WorldId,
    /// A region that it may serve; none for every one.
    pub region: Option<heapless::String<REGION_MAX_BYTES>>,
}

impl AllowedWorld {
    pub(super) fn allows(&self, world_id: WorldId, region: &str) -> bool {
        self.world_id == world_id && self.region.as_ref().is_none_or(|own| own == region)
    }
}

/// What there is to choose from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// This world, the least loaded one of those that answer, or of the others if there is none.
    World(WorldKey),
    /// All worlds of the region that have not been tried are full.
    Full,
    /// The region has no world that has not been tried.
    NoWorld,
}

/// The worlds; see the [module](self).
#[derive(Debug)]
pub struct WorldRegistry<'a> {
    worlds: Table<'a, WorldEntry>,
}

impl<'a> WorldRegistry<'a> {
    /// An empty registry with room for [`WORLD_COUNT_MAX`] worlds at most.
    pub fn new(slots: &'a mut [Slot<WorldEntry>]) -> Self {
        let count = slots.len().min(WORLD_COUNT_MAX);
        Self { worlds: Table::new(slots.get_mut(..count).unwrap_or_default()) }
    }

    /// How many worlds are registered.
    pub const fn len(&self) -> usize {
        self.worlds.len()
    }

    /// Whether no world is registered.
    pub const fn is_empty(&self) -> bool {
        self.worlds.is_empty()
    }

    /// Every world.
    pub fn iter(&self) -> impl Iterator<Item = (WorldKey, &WorldEntry)> {
        self.worlds.iter()
    }

    /// A world by its key.
    pub fn get(&self, key: WorldKey) -> Option<&WorldEntry> {
        self.worlds.get(key)
    }

    pub(super) fn get_mut(&mut self, key: WorldKey) -> Option<&mut WorldEntry> {
        self.worlds.get_mut(key)
    }

    pub(super) fn key_at(&self, index: u16) -> Option<WorldKey> {
        self.worlds.key_at(index)
    }

    /// A world by its id.
    pub fn find(&self, world_id: WorldId) -> Option<WorldKey> {
        self.iter().find(|(_, world)| world.world_id == world_id).map(|(key, _)| key)
    }

    /// An attach or a detach has found no answer in time: the world is asked last, until it answers one.
    pub(super) fn has_timed_out(&mut self, key: WorldKey) {
        self.set_slow(key, true);
    }

    /// It answers attaches, be it late.
    pub(super) fn has_answered(&mut self, key: WorldKey) {
        self.set_slow(key, false);
    }

    fn set_slow(&mut self, key: WorldKey, is_slow: bool) {
        if let Some(world) = self.worlds.get_mut(key) {
            world.is_slow = is_slow;
        }
    }

    pub(super) fn insert(&mut self, world: WorldEntry) -> Option<WorldKey> {
        self.worlds.insert(world).ok()
    }

    pub(super) fn remove(&mut self, key: WorldKey) -> Option<WorldEntry> {
        self.worlds.remove(key)
    }

    /// How many users only the words of worlds keep in the realm. O(worlds).
    pub(super) fn absent(&self) -> usize {
        self.iter().map(|(_, world)| usize::from(world.absent)).sum()
    }

    /// The world whose word keeps the most users in the realm, if any does. O(worlds).
    pub(super) fn most_absent(&self) -> Option<(WorldKey, u16)> {
        let worlds = self.iter().map(|(key, world)| (key, world.absent));
        worlds.max_by_key(|(_, absent)| *absent).filter(|(_, absent)| *absent > 0)
    }

    /// How many places the worlds of `region` that take newcomers have left, and how many in all. O(worlds).
    pub(super) fn places(&self, region: &str) -> (usize, usize) {
        let worlds = self.iter().filter(|(_, world)| world.serves(region) && !world.is_closed);
        worlds.fold((0, 0), |(free, whole), (_, world)| {
            let users = world.users.max(world.reported_users);
            let left = usize::from(world.capacity.saturating_sub(users));
            (free + left, whole + usize::from(world.capacity))
        })
    }

    /// How many rooms with names all worlds have together. O(worlds).
    pub(super) fn rooms(&self) -> usize {
        self.iter().map(|(_, world)| usize::from(world.rooms)).sum()
    }

    /// The least loaded world of `region` that is not among the `tried` bits, and speaks with a client of
    /// these versions. O(worlds).
    pub(super) fn choose(&self, region: &str, versions: Versions, tried: u64) -> Choice {
        self.choose_among(region, versions, tried, |_| true)
    }

    /// [`WorldRegistry::choose`] among those that have rooms with names.
    pub(super) fn choose_with_rooms(&self, region: &str, versions: Versions, tried: u64) -> Choice {
        self.choose_among(region, versions, tried, |world| world.rooms > 0)
    }

    /// Whether a room of this world can be for a client of these versions: it serves the region, answers, and has a
    /// place.
    pub(super) fn may_take(&self, world: WorldKey, region: &str, versions: Versions) -> bool {
        self.get(world).is_some_and(|world| {
            let is_understood = world.understands(versions);
            is_understood && world.serves(region) && !world.is_slow && !world.is_full()
        })
    }

    fn choose_among(
        &self,
        region: &str,
        versions: Versions,
        tried: u64,
        is_one: impl Fn(&WorldEntry) -> bool,
    ) -> Choice {
        let untried = self.iter().filter(|(key, world)| {
            let is_understood = world.understands(versions);
            let is_untried = tried & world_bit(*key) == 0;
            is_understood && is_untried && world.serves(region) && is_one(world)
        });
        let mut answer = Choice::NoWorld;
        let mut least = (true, u32::MAX);
        for (key, world) in untried {
            if world.is_full() {
                if answer == Choice::NoWorld {
                    answer = Choice::Full;
                }
            } else if (world.is_slow, world.load_permille()) < least {
                least = (world.is_slow, world.load_permille());
                answer = Choice::World(key);
            }
        }
        answer
    }
}

/// A world as one bit of the tried ones.
pub(super) const fn world_bit(key: WorldKey) -> u64 {
    1 << (key.index() % WORLD_COUNT_MAX as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(id: u16, region: &str, users: u16, capacity: u16) -> WorldEntry {
        let region = heapless::String::try_from(region).unwrap();
        let versions = Versions::OURS;
        WorldEntry {
            world_id: WorldId(id),
            region,
            versions,
            users,
            capacity,
            ..WorldEntry::VACANT
        }
    }

    #[test]
    fn the_least_loaded_world_of_the_region_is_chosen() {
        let mut slots = [const { Slot::VACANT }; 4];
        let mut registry = WorldRegistry::new(&mut slots);
        let busy = registry.insert(world(1, "eu", 50, 100)).unwrap();
        let idle = registry.insert(world(2, "eu", 10, 100)).unwrap();
        let far = registry.insert(world(3, "us", 0, 100)).unwrap();
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(idle));
        assert_eq!(registry.choose("eu", Versions::OURS, world_bit(idle)), Choice::World(busy));
        assert_eq!(
            registry.choose("eu", Versions::OURS, world_bit(idle) | world_bit(busy)),
            Choice::NoWorld
        );
        assert_eq!(registry.choose("", Versions::OURS, 0), Choice::World(far));
        assert_eq!(registry.choose("asia", Versions::OURS, 0), Choice::NoWorld);
    }

    #[test]
    fn nobody_is_sent_to_a_world_that_does_not_understand_it() {
        let mut slots = [const { Slot::VACANT }; 2];
        let mut registry = WorldRegistry::new(&mut slots);
        let old = registry.insert(world(1, "eu", 0, 100)).unwrap();
        let new = registry.insert(world(2, "eu", 50, 100)).unwrap();
        registry.get_mut(old).unwrap().versions = Versions { from: 1, to: 2 };
        registry.get_mut(new).unwrap().versions = Versions { from: 2, to: 3 };
        let choose = |from, to| registry.choose("eu", Versions { from, to }, 0);
        assert_eq!(choose(1, 1), Choice::World(old));
        assert_eq!(choose(1, 2), Choice::World(old));
        assert_eq!(choose(3, 3), Choice::World(new));
        assert_eq!(choose(4, 4), Choice::NoWorld);
    }

    #[test]
    fn who_has_just_timed_out_is_asked_last() {
        let mut slots = [const { Slot::VACANT }; 3];
        let mut registry = WorldRegistry::new(&mut slots);
        let hung = registry.insert(world(1, "eu", 0, 100)).unwrap();
        let busy = registry.insert(world(2, "eu", 99, 100)).unwrap();
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(hung));
        registry.has_timed_out(hung);
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(busy));
        assert_eq!(registry.choose("eu", Versions::OURS, world_bit(busy)), Choice::World(hung));
        registry.get_mut(busy).unwrap().users = 100;
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(hung));
        registry.get_mut(busy).unwrap().users = 99;
        registry.has_answered(hung);
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(hung));
    }

    #[test]
    fn both_sides_of_a_world_s_capacity() {
        let mut slots = [const { Slot::VACANT }; 1];
        let mut registry = WorldRegistry::new(&mut slots);
        let key = registry.insert(world(1, "eu", 7, 8)).unwrap();
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::World(key));
        registry.get_mut(key).unwrap().users = 8;
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::Full);
        registry.get_mut(key).unwrap().users = 0;
        registry.get_mut(key).unwrap().reported_users = 8;
        assert_eq!(registry.choose("eu", Versions::OURS, 0), Choice::Full);
    }
}

//! Boxed storage for nodes, sized by a configuration and allocated once.
//!
//! Purpose: a server's capacities are known when it starts. The pages of a large allocation are
//! touched only when a slot is used for the first time, so generous sizes cost address space, not
//! memory.
//!
//! ```
//! use tinyrealm_std::memory::{NodeSizes, NodeBoxes};
//! let mut boxes = NodeBoxes::new(NodeSizes { sessions: 100, role_timers: 0, ..NodeSizes::SERVER });
//! assert_eq!(boxes.storage().sessions.sessions.len(), 100);
//! ```

use tinyrealm_core::node::NodeStorage;
use tinyrealm_core::node::main::{MainStorage, UserEntry, WorldEntry};
use tinyrealm_core::node::world::{Attach, Room, RoomStorage, WorldStorage, WorldUser};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{AddressEntry, ReceiverStorage, Session, SessionStorage};
use tinyrealm_core::storage::{BufferMeta, Chain, Link, Slot, Vacant};
use tinyrealm_core::timer::{Level, TimerEntry};

/// Levels of the wheel: 74 hours.
const LEVELS: usize = 4;

/// How much a node holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NodeSizes {
    /// Connections.
    pub sessions: usize,
    /// Timers of the role, besides one a session.
    pub role_timers: usize,
    /// Bytes of one buffer, for partial frames and for private packets.
    pub buffer_bytes: usize,
    /// Buffers for private packets, besides one a session.
    pub spare_send_buffers: usize,
}

impl NodeSizes {
    /// What a server starts with.
    pub const SERVER: Self =
        Self { sessions: 1_024, role_timers: 0, buffer_bytes: 512, spare_send_buffers: 1_024 };
}

fn boxed<T>(count: usize, vacant: impl Fn() -> T) -> Box<[T]> {
    (0..count).map(|_| vacant()).collect()
}

fn slots<T: Vacant>(count: usize) -> Box<[Slot<T>]> {
    boxed(count, || Slot::VACANT)
}

fn links(count: usize) -> Box<[Link]> {
    boxed(count, || Link::NONE)
}

fn zeros(bytes: usize) -> Box<[u8]> {
    vec![0; bytes].into_boxed_slice()
}

/// The storage of a node's sessions.
pub struct NodeBoxes {
    sessions: Box<[Slot<Session>]>,
    leftovers: Box<[Chain]>,
    receive_bytes: Box<[u8]>,
    receive_metas: Box<[BufferMeta]>,
    send_bytes: Box<[u8]>,
    send_metas: Box<[BufferMeta]>,
    levels: Box<[Level]>,
    timers: Box<[TimerEntry]>,
    ready_queue: Box<[u16]>,
    ready_listed: Box<[bool]>,
    request_queue: Box<[u16]>,
    request_listed: Box<[bool]>,
    ended: Box<[Ended]>,
    addresses: Box<[Slot<AddressEntry>]>,
    address_heads: Box<[Link]>,
    address_nexts: Box<[Link]>,
}

impl NodeBoxes {
    /// Empty storage.
    pub fn new(sizes: NodeSizes) -> Self {
        let sessions = sizes.sessions;
        // One receive buffer a session: a driver that has read bytes can't put them back.
        let send_buffers = sessions + sizes.spare_send_buffers;
        Self {
            sessions: slots(sessions),
            leftovers: boxed(sessions, || Chain::EMPTY),
            receive_bytes: zeros(sessions * sizes.buffer_bytes),
            receive_metas: boxed(sessions, || BufferMeta::VACANT),
            send_bytes: zeros(send_buffers * sizes.buffer_bytes),
            send_metas: boxed(send_buffers, || BufferMeta::VACANT),
            levels: boxed(LEVELS, || Level::VACANT),
            timers: boxed(sessions + sizes.role_timers, || TimerEntry::VACANT),
            ready_queue: vec![0; sessions].into(),
            ready_listed: vec![false; sessions].into(),
            request_queue: vec![0; sessions].into(),
            request_listed: vec![false; sessions].into(),
            ended: boxed(sessions, || Ended::VACANT),
            addresses: slots(sessions),
            address_heads: links(sessions),
            address_nexts: links(sessions),
        }
    }

    /// The storage as the slices that a node borrows.
    pub fn storage(&mut self) -> NodeStorage<'_> {
        NodeStorage {
            sessions: SessionStorage {
                sessions: &mut self.sessions,
                send_bytes: &mut self.send_bytes,
                send_metas: &mut self.send_metas,
                levels: &mut self.levels,
                timers: &mut self.timers,
                ready_queue: &mut self.ready_queue,
                ready_listed: &mut self.ready_listed,
                request_queue: &mut self.request_queue,
                request_listed: &mut self.request_listed,
                ended: &mut self.ended,
                addresses: &mut self.addresses,
                address_heads: &mut self.address_heads,
                address_nexts: &mut self.address_nexts,
            },
            receiver: ReceiverStorage {
                leftovers: &mut self.leftovers,
                bytes: &mut self.receive_bytes,
                metas: &mut self.receive_metas,
            },
        }
    }
}

/// How much a world holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct WorldSizes {
    /// Rooms.
    pub rooms: usize,
    /// Bytes of one room's ring; a power of two.
    pub ring_bytes: usize,
    /// Users in all rooms.
    pub users: usize,
    /// Keys that are remembered.
    pub attaches: usize,
}

/// The storage of a world.
pub struct WorldBoxes<G> {
    rooms: Box<[Room]>,
    ring_bytes: Box<[u8]>,
    dirty_queue: Box<[u16]>,
    dirty_listed: Box<[bool]>,
    users: Box<[Slot<WorldUser>]>,
    user_heads: Box<[Link]>,
    user_nexts: Box<[Link]>,
    games: Box<[G]>,
    attaches: Box<[Slot<Attach>]>,
    attach_heads: Box<[Link]>,
    attach_nexts: Box<[Link]>,
}

impl<G: Default> WorldBoxes<G> {
    /// Empty storage, with a new game in each room.
    pub fn new(sizes: WorldSizes) -> Self {
        Self {
            rooms: boxed(sizes.rooms, || Room::VACANT),
            ring_bytes: zeros(sizes.rooms * sizes.ring_bytes),
            dirty_queue: vec![0; sizes.rooms].into(),
            dirty_listed: vec![false; sizes.rooms].into(),
            users: slots(sizes.users),
            user_heads: links(sizes.users),
            user_nexts: links(sizes.users),
            games: boxed(sizes.rooms, G::default),
            attaches: slots(sizes.attaches),
            attach_heads: links(sizes.attaches),
            attach_nexts: links(sizes.attaches),
        }
    }

    /// The storage as the slices that a world borrows.
    pub fn storage(&mut self) -> WorldStorage<'_, G> {
        WorldStorage {
            rooms: RoomStorage {
                rooms: &mut self.rooms,
                ring_bytes: &mut self.ring_bytes,
                dirty_queue: &mut self.dirty_queue,
                dirty_listed: &mut self.dirty_listed,
                users: &mut self.users,
                user_heads: &mut self.user_heads,
                user_nexts: &mut self.user_nexts,
            },
            games: &mut self.games,
            attaches: &mut self.attaches,
            attach_heads: &mut self.attach_heads,
            attach_nexts: &mut self.attach_nexts,
        }
    }
}

/// The storage of Main.
pub struct MainBoxes {
    users: Box<[Slot<UserEntry>]>,
    user_heads: Box<[Link]>,
    user_nexts: Box<[Link]>,
    worlds: Box<[Slot<WorldEntry>]>,
}

impl MainBoxes {
    /// Empty storage for `users` users and `worlds` worlds.
    pub fn new(users: usize, worlds: usize) -> Self {
        Self {
            users: slots(users),
            user_heads: links(users),
            user_nexts: links(users),
            worlds: slots(worlds),
        }
    }

    /// The storage as the slices that Main borrows.
    pub fn storage(&mut self) -> MainStorage<'_> {
        MainStorage {
            users: &mut self.users,
            user_heads: &mut self.user_heads,
            user_nexts: &mut self.user_nexts,
            worlds: &mut self.worlds,
        }
    }
}

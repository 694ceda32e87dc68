//! The memory that the nodes of a run borrow.
//!
//! Purpose: a node borrows its storage, and a crashed one is replaced by a fresh one in fresh
//! storage. Arenas lend both for as long as the run, without unsafe code.
//!
//! Bounds: small on purpose, so that full pools, rings and tables are a matter of course. Nothing is
//! given back before the end of the run.

use tinyrealm_core::node::client::client_timers;
use tinyrealm_core::node::main::{MainMemory, main_timers};
use tinyrealm_core::node::world::{WorldMemory, world_timers};
use tinyrealm_core::node::{NodeMemory, NodeStorage};
use typed_arena::Arena;

use crate::actors::Recorder;

/// Rooms of a world.
pub(crate) const ROOMS: usize = 3;
/// Members of a room.
pub(crate) const ROOM_MEMBERS: usize = 9;
/// Bytes of a buffer: the longest frame, a page of a snapshot, fits.
pub(crate) const BUFFER_BYTES: usize = 512;
/// The most bytes of a room's ring; a run may use fewer.
pub(crate) const RING_BYTES: usize = 4_096;
/// The most buffers of either kind of a server; a run may use fewer.
pub(crate) const BUFFERS: usize = 64;

const WORLD_USERS: usize = ROOMS * ROOM_MEMBERS;
/// All members, Main, and a few who come or go.
const WORLD_SESSIONS: usize = WORLD_USERS + 6;
const ATTACHES: usize = 8;
const MAIN_USERS: usize = 66;
const MAIN_SESSIONS: usize = 64;
/// A player has two links, and no slot for a third.
const VISITOR_SESSIONS: usize = 2;
const VISITOR_BUFFERS: usize = 4;

type ServerNode<const SESSIONS: usize, const TIMERS: usize> = NodeMemory<
    SESSIONS,
    TIMERS,
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
>;

/// The memory of one Main.
pub(crate) struct MainBlock {
    pub(crate) node: ServerNode<MAIN_SESSIONS, { MAIN_SESSIONS + main_timers(MAIN_USERS) }>,
    pub(crate) main: MainMemory<MAIN_USERS, WORLDS_AND_ONE>,
}

/// The registry has room for one world more than there are.
const WORLDS_AND_ONE: usize = crate::ids::WORLDS + 1;

/// The memory of one world.
pub(crate) struct WorldBlock<'j> {
    pub(crate) node: ServerNode<WORLD_SESSIONS, { WORLD_SESSIONS + world_timers(ATTACHES) }>,
    pub(crate) world:
        WorldMemory<Recorder<'j>, WORLD_USERS, ROOMS, { ROOMS * RING_BYTES }, ATTACHES>,
}

/// The memory of one visitor.
pub(crate) struct VisitorBlock {
    pub(crate) node: NodeMemory<
        VISITOR_SESSIONS,
        { VISITOR_SESSIONS + client_timers(1) },
        VISITOR_SESSIONS,
        { VISITOR_SESSIONS * BUFFER_BYTES },
        VISITOR_BUFFERS,
        { VISITOR_BUFFERS * BUFFER_BYTES },
    >,
}

/// The memory of all nodes; see the [module](self).
#[derive(Default)]
pub(crate) struct Arenas<'j> {
    mains: Arena<MainBlock>,
    worlds: Arena<WorldBlock<'j>>,
    visitors: Arena<VisitorBlock>,
}

impl<'j> Arenas<'j> {
    pub(crate) fn main(&self) -> &mut MainBlock {
        self.mains.alloc(MainBlock { node: NodeMemory::NEW, main: MainMemory::NEW })
    }

    pub(crate) fn world(&self, games: [Recorder<'j>; ROOMS]) -> &mut WorldBlock<'j> {
        self.worlds.alloc(WorldBlock { node: NodeMemory::NEW, world: WorldMemory::new(games) })
    }

    pub(crate) fn visitor(&self) -> &mut VisitorBlock {
        self.visitors.alloc(VisitorBlock { node: NodeMemory::NEW })
    }
}

/// Leaves a server only the first `sending` and `receiving` buffers of its storage.
pub(crate) fn limit_buffers(storage: &mut NodeStorage<'_>, sending: usize, receiving: usize) {
    let sessions = &mut storage.sessions;
    shorten(&mut sessions.send_metas, sending);
    shorten(&mut sessions.send_bytes, sending * BUFFER_BYTES);
    shorten(&mut storage.receiver.metas, receiving);
    shorten(&mut storage.receiver.bytes, receiving * BUFFER_BYTES);
}

/// Leaves `slice` only its first `count` items.
pub(crate) fn shorten<T>(slice: &mut &mut [T], count: usize) {
    let whole = std::mem::take(slice);
    let count = count.min(whole.len());
    *slice = &mut whole[..count];
}

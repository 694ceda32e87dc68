//! Storage for nodes, sized by a configuration and allocated once.
//!
//! Purpose: a server's capacities are known when it starts. The pages of tables, rings and buffers are touched only
//! when a slot is used for the first time, so generous sizes cost address space, not memory.
//!
//! Contract: what is lent here is lent for the rest of the process, as a device's `static` is: a node
//! on a runtime's task has to own what it uses. Make a node's storage once, not in a loop.
//!
//! ```
//! use tinyrealm_std::memory::{NodeSizes, node_storage};
//! let storage = node_storage(NodeSizes { sessions: 100, role_timers: 0, ..NodeSizes::SERVER });
//! assert_eq!(storage.sessions.sessions.len(), 100);
//! ```

mod untouched;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::NodeStorage;
use tinyrealm_core::node::chat::ChatStorage;
use tinyrealm_core::node::directory::{ClaimStorage, NameSlot};
use tinyrealm_core::node::login::LoginStorage;
use tinyrealm_core::node::main::chat::ChatLink;
use tinyrealm_core::node::main::{MainChatStorage, MainRoomStorage, MainStorage, PendingClaim};
use tinyrealm_core::node::world::saves::state_bytes;
use tinyrealm_core::node::world::{
    Game, GameBan, RoomStorage, SaveStorage, StateSizes, StateStorage, WORLD_BANS, WorldStorage,
};
use tinyrealm_core::protocol::CHAT_SERVERS_MAX;
use tinyrealm_core::secure::RECORD_COST_BYTES;
use tinyrealm_core::session::{AddressStorage, ReceiverStorage, SealStorage, SessionStorage};
use tinyrealm_core::storage::{LongStorage, Slot};
use tinyrealm_core::wire::PacketHeader;
use untouched::vacant;

/// Levels of the wheel: 74 hours.
const LEVELS: usize = 4;

/// Buckets of addresses that open connections, 8 bytes each: a few thousand who flood have few in common with others.
const OPENINGS: usize = 16_384;

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
    /// Bytes of the longest body that is longer than a buffer, up to 1 MiB; 0: there are none such.
    pub long_frame_bytes: usize,
    /// How many of those may be under way at once, each way.
    pub long_frames: usize,
    /// Links to other servers, which are sealed, and a few more for who has not proven that it is one: of those the
    /// oldest gives way.
    pub sealed_links: usize,
    /// Links of clients that may be sealed without TLS, besides.
    pub sealed_clients: usize,
}

/// The longest record of a sealed link, either way: what is sealed costs more the shorter its records are.
const RECORD_BYTES: usize = 4_096;

impl NodeSizes {
    /// What a server starts with.
    pub const SERVER: Self = Self {
        sessions: 1_024,
        role_timers: 0,
        buffer_bytes: PacketHeader::BYTES + NetConfig::SERVER.frame_limit_bytes as usize,
        spare_send_buffers: 1_024,
        long_frame_bytes: 0,
        long_frames: 16,
        sealed_links: 8,
        sealed_clients: 0,
    };

    /// A WebSocket may put a control frame between the pieces of the longest message.
    const fn receive_buffer_bytes(&self) -> usize {
        self.buffer_bytes + tinyrealm_core::wire::ws::buffer_bytes(0)
    }
}

fn lend<T>(count: usize, vacant: impl Fn() -> T) -> &'static mut [T] {
    Box::leak((0..count).map(|_| vacant()).collect())
}

/// Zeros come from the operating system without being written.
fn zeros<T: Clone>(count: usize, zero: T) -> &'static mut [T] {
    vec![zero; count].leak()
}

fn addresses(count: usize) -> AddressStorage<'static> {
    AddressStorage { entries: vacant(count), heads: vacant(count), nexts: vacant(count) }
}

/// Buffers for long frames in one direction, and one more to try a length in.
fn long_storage(sizes: NodeSizes) -> LongStorage<'static> {
    if sizes.long_frame_bytes == 0 {
        return LongStorage::default();
    }
    let each = tinyrealm_core::wire::ws::buffer_bytes(0) + sizes.long_frame_bytes;
    LongStorage {
        bytes: zeros((sizes.long_frames + 1) * each, 0),
        metas: vacant(sizes.long_frames),
    }
}

/// A buffer of an outlet holds a record that announces a key as well.
fn seal_storage(sizes: NodeSizes) -> SealStorage<'static> {
    let links = sizes.sealed_links + sizes.sealed_clients;
    SealStorage {
        outlets: vacant(links),
        out_bytes: zeros(links * (RECORD_BYTES + RECORD_COST_BYTES), 0),
        inlets: vacant(links),
        in_bytes: zeros(links * RECORD_BYTES, 0),
        client_links: sizes.sealed_clients as u16,
    }
}

/// Empty storage for a node's sessions.
pub fn node_storage(sizes: NodeSizes) -> NodeStorage<'static> {
    let sessions = sizes.sessions;
    // One receive buffer a session: a driver that has read bytes can't put them back.
    let send_buffers = sessions + sizes.spare_send_buffers;
    NodeStorage {
        sessions: SessionStorage {
            sessions: vacant(sessions),
            send_bytes: zeros(send_buffers * sizes.buffer_bytes, 0),
            send_metas: vacant(send_buffers),
            send_long: long_storage(sizes),
            levels: vacant(LEVELS),
            timers: vacant(sessions + sizes.role_timers),
            ready_queue: zeros(sessions, 0),
            ready_listed: zeros(sessions, false),
            request_queue: zeros(sessions, 0),
            request_listed: zeros(sessions, false),
            ended: vacant(sessions),
            addresses: addresses(sessions),
            networks: addresses(sessions),
            openings: vacant(OPENINGS),
        },
        receiver: ReceiverStorage {
            inbounds: vacant(sessions),
            bytes: zeros(sessions * sizes.receive_buffer_bytes(), 0),
            metas: vacant(sessions),
            long: long_storage(sizes),
        },
        seals: seal_storage(sizes),
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

/// Empty storage for a world, with a new game in each room, and as much for what it keeps and shows as it asks for.
pub fn world_storage<G: Game + Default>(sizes: WorldSizes) -> WorldStorage<'static, G> {
    WorldStorage {
        rooms: RoomStorage {
            rooms: vacant(sizes.rooms),
            ring_bytes: zeros(sizes.rooms * sizes.ring_bytes, 0),
            message_ring_bytes: zeros(sizes.rooms * sizes.ring_bytes, 0),
            dirty_queue: zeros(sizes.rooms, 0),
            dirty_listed: zeros(sizes.rooms, false),
            users: vacant(sizes.users),
            asks: vacant(sizes.users),
            user_heads: vacant(sizes.users),
            user_nexts: vacant(sizes.users),
            bans: zeros(WORLD_BANS, GameBan::NONE),
        },
        games: lend(sizes.rooms, G::default),
        attaches: vacant(sizes.attaches),
        attach_heads: vacant(sizes.attaches),
        attach_nexts: vacant(sizes.attaches),
        wanted_options: vacant(sizes.attaches),
        saves: save_storage::<G>(sizes),
        states: state_storage(StateSizes::of::<G>(), sizes),
    }
}

/// Where as many bytes of a world's notices wait.
pub fn notice_line(bytes: usize) -> &'static mut [u8] {
    zeros(bytes, 0)
}

fn state_storage(states: StateSizes, sizes: WorldSizes) -> StateStorage<'static> {
    StateStorage {
        things: zeros(states.things_bytes(sizes.rooms), 0),
        members: zeros(states.members_bytes(sizes.users), 0),
    }
}

fn save_storage<G: Game>(sizes: WorldSizes) -> SaveStorage<'static> {
    let rooms = sizes.rooms;
    let members = sizes.users.checked_div(rooms).unwrap_or(0);
    let jobs = rooms * G::SAVES_IN_FLIGHT;
    SaveStorage {
        jobs: vacant(jobs),
        queue: zeros(jobs, 0),
        value_bytes: zeros(jobs * G::SAVE_BYTES, 0),
        rooms: vacant(rooms),
        room_bytes: zeros(rooms * state_bytes::<G>(members), 0),
    }
}

/// How much a chat server holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ChatSizes {
    /// Channels.
    pub channels: usize,
    /// Members of all channels.
    pub members: usize,
    /// Mains.
    pub mains: usize,
    /// Bytes of one channel's history.
    pub history_bytes: usize,
}

/// Empty storage for a chat server.
pub fn chat_storage(sizes: ChatSizes) -> ChatStorage<'static> {
    ChatStorage {
        channels: vacant(sizes.channels),
        channel_heads: vacant(sizes.channels),
        channel_nexts: vacant(sizes.channels),
        members: vacant(sizes.members),
        member_heads: vacant(sizes.members),
        member_nexts: vacant(sizes.members),
        history_bytes: zeros(sizes.channels * sizes.history_bytes, 0),
        mains: vacant(sizes.mains),
    }
}

/// How much a Main holds of its users' channels.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct MainChatSizes {
    /// Channels.
    pub channels: usize,
    /// Memberships: users times the channels that they are in.
    pub members: usize,
    /// Bytes of one channel's ring; a power of two.
    pub ring_bytes: usize,
}

impl MainChatSizes {
    /// A Main without channels.
    pub const NONE: Self = Self { channels: 0, members: 0, ring_bytes: 0 };
}

/// For as many chat servers as a realm can have.
fn links(sizes: MainChatSizes) -> &'static mut [ChatLink] {
    let count = if sizes.channels == 0 { 0 } else { CHAT_SERVERS_MAX };
    let links: Vec<ChatLink> = (0..count).map(|_| ChatLink::VACANT).collect();
    links.leak()
}

fn main_chat_storage(sizes: MainChatSizes) -> MainChatStorage<'static> {
    MainChatStorage {
        channels: vacant(sizes.channels),
        channel_heads: vacant(sizes.channels),
        channel_nexts: vacant(sizes.channels),
        ring_bytes: zeros(sizes.channels * sizes.ring_bytes, 0),
        message_ring_bytes: zeros(sizes.channels * sizes.ring_bytes, 0),
        dirty_queue: zeros(sizes.channels, 0),
        dirty_listed: zeros(sizes.channels, false),
        members: vacant(sizes.members),
        links: links(sizes),
    }
}

/// Wishes for rooms that a Main works on at once, at most.
const WISHES_MAX: usize = 1_024;

/// Empty storage for a Main of `users` users and `worlds` worlds with `rooms` rooms together, where `hellos` clients
/// may wait for Login.
pub fn main_storage(
    users: usize,
    worlds: usize,
    rooms: usize,
    hellos: usize,
    chat: MainChatSizes,
) -> MainStorage<'static> {
    MainStorage {
        users: vacant(users),
        user_heads: vacant(users),
        user_nexts: vacant(users),
        worlds: vacant(worlds),
        hellos: vacant(hellos),
        chat: main_chat_storage(chat),
        rooms: MainRoomStorage {
            rooms: vacant(rooms),
            heads: vacant(rooms),
            nexts: vacant(rooms),
            wishes: vacant(if rooms == 0 { 0 } else { users.min(WISHES_MAX) }),
            names: &mut [],
        },
        claims: ClaimStorage::default(),
    }
}

/// Names that a Main asks its directory about at once, at most.
const NAMES_MAX: usize = 256;

/// Empty storage for the names of rooms that a Main asks about that is not its realm's only one.
pub fn name_storage(rooms: usize) -> &'static mut [Slot<NameSlot>] {
    vacant(rooms.min(NAMES_MAX))
}

/// Empty storage for the claims of a Main that is not its realm's only one.
pub fn claim_storage(claims: usize) -> ClaimStorage<'static, PendingClaim> {
    ClaimStorage {
        claims: vacant(claims),
        heads: vacant(claims),
        nexts: vacant(claims),
        queue: zeros(claims, 0),
        listed: zeros(claims, false),
    }
}

/// How much a login server holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct LoginSizes {
    /// Logins, queued and being checked.
    pub logins: usize,
    /// Tokens, queued and being checked.
    pub verifies: usize,
    /// Accounts, and as many addresses, networks and known devices, whose attempts are remembered.
    pub attempts: usize,
}

/// Empty storage for a login server.
pub fn login_storage(sizes: LoginSizes) -> LoginStorage<'static> {
    LoginStorage {
        logins: vacant(sizes.logins),
        verifies: vacant(sizes.verifies),
        verify_queue: zeros(sizes.verifies, 0),
        accounts: vacant(sizes.attempts),
        addresses: vacant(sizes.attempts),
        networks: vacant(sizes.attempts),
        ways: vacant(sizes.attempts),
    }
}

#[cfg(test)]
mod tests;

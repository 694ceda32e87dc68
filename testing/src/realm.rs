//! The nodes of a bench: Main, a world with one room, and clients, with what each of them borrows.

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::client::{Client, ClientConfig, client_timers};
use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets, Way};
use tinyrealm_core::node::main::{
    Guests, Main, MainConfig, MainMemory, MainRoomMemory, MainStorage, main_timers,
};
use tinyrealm_core::node::world::saves::{RoomState, state_bytes};
use tinyrealm_core::node::world::{
    Game, GameBan, MemberAsks, NewGame, Room, RoomStorage, SaveStorage, StateSizes, StateStorage,
    WORLD_BANS, World, WorldConfig, WorldStorage, ring_min_bytes_for, world_timers_for,
};
use tinyrealm_core::node::{Node, NodeMemory};
use tinyrealm_core::protocol::{OwnedWish, ServerKind, WorldId};
use tinyrealm_core::storage::{Link, Slot, Vacant};
use tinyrealm_core::wire::opcode::OPCODE_BYTES;
use tinyrealm_core::wire::ws;

use crate::ears::Ears;
use crate::host::{Host, Tools};
use crate::place::{MAIN, MAIN_ADDRESS, WORLD, WORLD_ADDRESS, host_of_player};
use crate::store::MemoryStore;

/// The most players of a bench who are in the room.
pub const PLAYERS_MAX: usize = 32;
/// The most timers of a room on a bench.
pub const TIMERS_MAX: usize = 64;
/// The most spectators of a bench.
pub const SPECTATORS_MAX: usize = 8;
/// The most bytes of a game's message on a bench.
pub const MESSAGE_MAX_BYTES: usize = BUFFER_BYTES - OPCODE_BYTES;

const BUFFER_BYTES: usize = 2_048;
/// Where notices wait, as much as on a server.
const NOTICE_LINE_BYTES: usize = 4_096;
/// What a WebSocket's handshake needs beside the longest frame.
const RECEIVE_BUFFER_BYTES: usize = ws::buffer_bytes(BUFFER_BYTES as u32);
/// Players who come back may have two, and there is a link between the servers.
const SERVER_SESSIONS: usize = 2 * (PLAYERS_MAX + SPECTATORS_MAX) + 2;
const SERVER_BUFFERS: usize = 256;
const MAIN_USERS: usize = 2 * (PLAYERS_MAX + SPECTATORS_MAX);
const ATTACHES: usize = 2 * (PLAYERS_MAX + SPECTATORS_MAX);
const CLIENT_SESSIONS: usize = 4;
const CLIENT_BUFFERS: usize = 8;

/// The only world is there from the start: whatever it has not told of is not there.
const CONFIG: MainConfig = MainConfig { registry_settle_ms: 0, ..MainConfig::DEFAULT };

type ServerMemory<const TIMERS: usize> = NodeMemory<
    SERVER_SESSIONS,
    TIMERS,
    SERVER_SESSIONS,
    { SERVER_SESSIONS * RECEIVE_BUFFER_BYTES },
    SERVER_BUFFERS,
    { SERVER_BUFFERS * BUFFER_BYTES },
>;
type MainNodeMemory = ServerMemory<{ SERVER_SESSIONS + main_timers(MAIN_USERS) }>;
type WorldNodeMemory =
    ServerMemory<{ SERVER_SESSIONS + world_timers_for(ATTACHES, 1, TIMERS_MAX) }>;
type ClientMemory = NodeMemory<
    CLIENT_SESSIONS,
    { CLIENT_SESSIONS + client_timers(1) },
    CLIENT_SESSIONS,
    { CLIENT_SESSIONS * RECEIVE_BUFFER_BYTES },
    CLIENT_BUFFERS,
    { CLIENT_BUFFERS * BUFFER_BYTES },
>;

/// What a server has by default, for messages as long as the game's.
fn net<G: Game>() -> NetConfig {
    const { assert!(G::TIMERS <= TIMERS_MAX, "a bench's rooms have 64 timers") };
    const { assert!(G::MESSAGE_MAX_BYTES <= MESSAGE_MAX_BYTES, "a bench's buffers hold 2,044 bytes") };
    let longest = (G::MESSAGE_MAX_BYTES + OPCODE_BYTES) as u32;
    let frame_limit_bytes = NetConfig::SERVER.frame_limit_bytes.max(longest);
    NetConfig { frame_limit_bytes, ..NetConfig::SERVER }
}

/// Nobody is on the way between servers that are in one process.
fn secrets() -> ClusterSecrets {
    ClusterSecrets::of(ClusterSecret::new(&[7; 32]).expect("32 bytes are enough")).on(Way::Clear)
}

fn lend<T>(count: usize, vacant: impl Fn() -> T) -> &'static mut [T] {
    Box::leak((0..count).map(|_| vacant()).collect())
}

fn slots<T: Vacant>(count: usize) -> &'static mut [Slot<T>] {
    lend(count, || Slot::VACANT)
}

/// A Main that welcomes guests.
pub(crate) fn main<G: Game>(tools: &mut Tools<'_>) -> Host<Main<'static, Guests>> {
    let users: &'static mut MainMemory<MAIN_USERS, 1> = Box::leak(Box::new(MainMemory::NEW));
    let rooms: &'static mut MainRoomMemory<1, MAIN_USERS> =
        Box::leak(Box::new(MainRoomMemory::NEW));
    let memory: &'static mut MainNodeMemory = Box::leak(Box::new(MainNodeMemory::NEW));
    let guests = Guests::new([7; 32]);
    let storage = MainStorage { rooms: rooms.storage(), ..users.storage() };
    let role = Main::new(storage, CONFIG, guests, secrets());
    Host::new(MAIN, Node::new(memory.storage(), net::<G>(), role, &mut tools.turn()))
}

/// One room with this game, and the smallest ring that a server would give it.
fn world_storage<G: Game + 'static>(game: G, players: usize) -> WorldStorage<'static, G> {
    let ring_bytes = ring_min_bytes_for(players, G::MESSAGE_MAX_BYTES, StateSizes::of::<G>());
    let link = || Link::NONE;
    let listeners = players + SPECTATORS_MAX;
    WorldStorage {
        rooms: RoomStorage {
            rooms: lend(1, || Room::VACANT),
            ring_bytes: lend(ring_bytes, || 0),
            message_ring_bytes: lend(ring_bytes, || 0),
            dirty_queue: lend(1, || 0),
            dirty_listed: lend(1, || false),
            users: slots(listeners),
            asks: lend(listeners, || MemberAsks::NONE),
            user_heads: lend(listeners, link),
            user_nexts: lend(listeners, link),
            bans: lend(WORLD_BANS, || GameBan::NONE),
        },
        games: Box::leak(Box::new([game])),
        attaches: slots(ATTACHES),
        attach_heads: lend(ATTACHES, link),
        attach_nexts: lend(ATTACHES, link),
        wanted_options: slots(ATTACHES),
        saves: save_storage::<G>(players),
        states: state_storage(StateSizes::of::<G>(), listeners),
    }
}

fn state_storage(sizes: StateSizes, listeners: usize) -> StateStorage<'static> {
    StateStorage {
        things: lend(sizes.things_bytes(1), || 0),
        members: lend(sizes.members_bytes(listeners), || 0),
    }
}

fn save_storage<G: Game>(players: usize) -> SaveStorage<'static> {
    SaveStorage {
        jobs: slots(G::SAVES_IN_FLIGHT),
        queue: lend(G::SAVES_IN_FLIGHT, || 0),
        value_bytes: lend(G::SAVES_IN_FLIGHT * G::SAVE_BYTES, || 0),
        rooms: lend(1, || RoomState::VACANT),
        room_bytes: lend(state_bytes::<G>(players), || 0),
    }
}

/// A world with one room, as it was kept, that looks for Main. With `new_game` the room is opened by its name.
pub(crate) fn world<G: Game + 'static>(
    tools: &mut Tools<'_>,
    (game, new_game): (G, Option<fn() -> G>),
    (players, flush_interval_ms): (usize, u32),
    store: &MemoryStore,
) -> Host<World<'static, G>> {
    let config = WorldConfig {
        world_id: WorldId(1),
        region: heapless::String::new(),
        address: WORLD_ADDRESS.try_into().expect("it is short"),
        main_addresses: WorldConfig::only_main(MAIN_ADDRESS.try_into().expect("it is short")),
        cluster_keys: secrets().keys_of(ServerKind::WORLD, 1),
        room_capacity: players as u16,
        room_spectators: SPECTATORS_MAX as u16,
        flush_interval_ms,
        status_interval_ms: 1_000,
        reconnect_first_ms: 100,
        reconnect_most_ms: 1_000,
    };
    let mut role = World::new(world_storage(game, players), config)
        .with_notices(lend(NOTICE_LINE_BYTES, || 0));
    if let Some(new_game) = new_game {
        role = role.with_named_rooms(NewGame(Box::leak(Box::new(new_game))));
    }
    let memory: &'static mut WorldNodeMemory = Box::leak(Box::new(WorldNodeMemory::NEW));
    let node = Node::new(memory.storage(), net::<G>(), role, &mut tools.turn());
    let mut host = Host::new(WORLD, node);
    store.restore(&mut tools.turn(), &mut host.node);
    host.act(tools, World::start);
    host
}

/// A client that looks for Main.
pub(crate) fn client<G: Game>(
    tools: &mut Tools<'_>,
    player: usize,
    (nickname, wish): (&str, OwnedWish),
    ears: Ears,
) -> Host<Client<Ears>> {
    let config = ClientConfig {
        nickname: nickname.try_into().expect("at most 24 bytes"),
        wish,
        reconnect_first_ms: 100,
        reconnect_most_ms: 1_000,
        ..ClientConfig::DEFAULT
    };
    let config = config.with_game(G::FINGERPRINT);
    let address = MAIN_ADDRESS.try_into().expect("it is short");
    let role = Client::new(address, config, ears);
    let memory: &'static mut ClientMemory = Box::leak(Box::new(ClientMemory::NEW));
    let node = Node::new(memory.storage(), net::<G>(), role, &mut tools.turn());
    let mut host = Host::new(host_of_player(player), node);
    host.act(tools, Client::start);
    host
}

//! A world on a device, with the game that [`world!`](crate::world!) names.
//!
//! Purpose: registers with Main and takes players, as every world does. Main counts it like any other.
//!
//! Bounds: `rooms × room_capacity` players, and each byte is a `static`: below, and the one of `world!`.

use core::fmt::Write as _;

use embassy_net::{Ipv4Address, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::cluster::{ClusterKey, ClusterKeys};
use tinyrealm_core::node::world::{
    EVENT_FRAME_MAX_BYTES, Game, SaveStorage, StateMemory, StateSizes, StateStorage, World,
    WorldConfig, WorldMemory, WorldStorage, ring_min_bytes_for, world_timers_for,
};
use tinyrealm_core::node::{Node, NodeMemory, NodeStorage};
use tinyrealm_core::protocol::WorldId;
use tinyrealm_core::wire::PacketHeader;
use tinyrealm_core::wire::opcode::OPCODE_BYTES;
use tinyrealm_smoltcp::{Engine, Link, embassy};

use crate::Board;
#[cfg(feature = "secure")]
use crate::Boot;
use crate::device::{self, links};
use crate::keeping::Keeper;
use crate::links::{
    FRAME_LIMIT_BYTES, LIMITS, RECEIVE_BYTES, RECONNECT_FIRST_MS, RECONNECT_MOST_MS,
    SEND_BUFFER_BYTES, SEND_BYTES, SocketBuffers, text,
};
use crate::network::{FEEDING, Network, STACK_SOCKETS};
use crate::places::PLAYERS;
pub use crate::places::{ROOM_CAPACITY, ROOMS};
use crate::report::{REPORT, set};
use crate::unit;

/// The players, those who have not said yet who they are, and Main.
const LISTENERS: usize = PLAYERS + device::world::SPARE_SESSIONS as usize;
/// Sockets of a world.
pub const SOCKETS: usize = LISTENERS + 1;
/// Bytes of both buffers of a socket.
pub const SOCKET_BYTES: usize = RECEIVE_BYTES + SEND_BYTES;
/// Keys that are remembered: those of the players, and of whoever comes next.
const ATTACHES: usize = PLAYERS + device::world::SPARE_SESSIONS as usize;
const RING_BYTES: usize = ROOMS * device::world::RING_BYTES as usize;
/// One a session, for its ping or its answer, and what all share.
const SEND_BUFFERS: usize = SOCKETS + links::SHARED_SEND_BUFFERS as usize;
/// Addresses whose holdings are counted. Without the feature none are: there are fewer sockets than an address could
/// be refused.
const ADDRESSES: usize = if cfg!(feature = "shares") { SOCKETS } else { 0 };
/// The longest frame that comes, with its prefix.
const FRAME_BYTES: usize = FRAME_LIMIT_BYTES as usize + PacketHeader::BYTES;
#[cfg(not(feature = "websocket"))]
const RECEIVE_BUFFERS: usize = links::RECEIVE_BUFFERS as usize;
#[cfg(not(feature = "websocket"))]
const RECEIVE_BUFFER_BYTES: usize = FRAME_BYTES;
/// A handshake and a message in pieces hold theirs for as long as they like, so each socket has its own.
#[cfg(feature = "websocket")]
const RECEIVE_BUFFERS: usize = SOCKETS;
#[cfg(feature = "websocket")]
const RECEIVE_BUFFER_BYTES: usize = tinyrealm_core::wire::ws::buffer_bytes(FRAME_LIMIT_BYTES);

/// The longest packet for one peer alone: the registration.
const REGISTRATION_BYTES: usize = 20 + unit::REGISTERED_TEXT_BYTES;

/// The proof of its key: prefix, id, nonce, proof, and that it has no former one.
const CLUSTER_PROOF_BYTES: usize = 6 + 3 + 16 + 32 + 1;

const _: () = {
    assert!(SEND_BUFFER_BYTES >= REGISTRATION_BYTES, "device.toml: send_buffer_bytes");
    assert!(
        SEND_BUFFER_BYTES >= CLUSTER_PROOF_BYTES,
        "device.toml: send_buffer_bytes holds no proof"
    );
    assert!(SEND_BYTES >= EVENT_FRAME_MAX_BYTES, "device.toml: send_bytes holds no event");
    assert!(RECEIVE_BYTES >= FRAME_BYTES, "device.toml: receive_bytes holds no frame");
    assert!(device::world::RING_BYTES.is_power_of_two(), "device.toml: ring_bytes, a power of two");
};

/// Timers of a node with this game's world.
pub const fn timers<G: Game>() -> usize {
    SOCKETS + world_timers_for(ATTACHES, ROOMS, G::TIMERS)
}

/// The node's memory, with so many timers.
pub type RoleMemory<const TIMERS: usize> = NodeMemory<
    SOCKETS,
    TIMERS,
    RECEIVE_BUFFERS,
    { RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * SEND_BUFFER_BYTES },
    ADDRESSES,
>;

/// The network stack's own memory.
pub static STACK_RESOURCES: ConstStaticCell<StackResources<{ SOCKETS + STACK_SOCKETS }>> =
    ConstStaticCell::new(StackResources::new());
/// The sockets' buffers.
pub static SOCKET_BUFFERS: ConstStaticCell<SocketBuffers<SOCKETS>> =
    ConstStaticCell::new(SocketBuffers::NEW);
static LINKS: ConstStaticCell<[Link; SOCKETS]> = ConstStaticCell::new([Link::CLOSED; SOCKETS]);

/// Bytes of the things of this game's rooms.
pub const fn things_bytes<G: Game>() -> usize {
    StateSizes::of::<G>().things_bytes(ROOMS)
}

/// Bytes of what this game shows of its players.
pub const fn members_bytes<G: Game>() -> usize {
    StateSizes::of::<G>().members_bytes(PLAYERS)
}

/// The memory of what is shown, of these lengths.
pub type GameStates<const THINGS: usize, const MEMBERS: usize> = StateMemory<THINGS, MEMBERS>;

/// The world's own memory, with its games.
pub type GameMemory<G> = WorldMemory<G, PLAYERS, ROOMS, RING_BYTES, ATTACHES>;

/// How a room of a world begins: what [`world!`](crate::world!) makes of its game's `NEW`.
pub trait Beginning: 'static {
    /// The game.
    type Game: Game + 'static;

    /// One that is as new.
    fn game() -> Self::Game;
}

/// The statics of a world with this game, whose `NEW` is a room's start, and `run`, which runs it for ever.
#[macro_export]
macro_rules! world {
    ($Game:ty) => {
        #[allow(unused_imports, reason = "not every board names them")]
        use $crate::world::{SOCKET_BUFFERS, SOCKET_BYTES, SOCKETS, STACK_RESOURCES};

        static NODE_MEMORY: $crate::ConstStaticCell<
            $crate::world::RoleMemory<{ $crate::world::timers::<$Game>() }>,
        > = $crate::ConstStaticCell::new($crate::world::RoleMemory::NEW);
        static WORLD_MEMORY: $crate::ConstStaticCell<$crate::world::GameMemory<$Game>> =
            $crate::ConstStaticCell::new($crate::world::GameMemory::new(
                [<$Game>::NEW; $crate::world::ROOMS],
            ));

        static STATES: $crate::ConstStaticCell<
            $crate::world::GameStates<
                { $crate::world::things_bytes::<$Game>() },
                { $crate::world::members_bytes::<$Game>() },
            >,
        > = $crate::ConstStaticCell::new($crate::world::GameStates::NEW);
        static KEEPING: $crate::ConstStaticCell<
            $crate::keeping::GameKeeping<
                { $crate::keeping::jobs::<$Game>() },
                { $crate::keeping::value_bytes::<$Game>() },
                { $crate::keeping::jobs::<$Game>() * $crate::keeping::value_bytes::<$Game>() },
                { $crate::keeping::kept::<$Game>() },
                { $crate::keeping::rooms_bytes::<$Game>() },
                { $crate::keeping::job_bytes::<$Game>() },
            >,
        > = $crate::ConstStaticCell::new($crate::keeping::GameKeeping::NEW);

        struct Beginning;

        impl $crate::world::Beginning for Beginning {
            type Game = $Game;

            fn game() -> $Game {
                <$Game>::NEW
            }
        }

        async fn run(
            network: $crate::network::Network<SOCKETS, SOCKET_BYTES>,
            entropy: impl $crate::Entropy,
            board: impl $crate::Board,
        ) -> ! {
            let memory = || (NODE_MEMORY.take().storage(), WORLD_MEMORY.take().storage());
            let states = STATES.take().storage();
            let keeping = KEEPING.take().split();
            $crate::world::run::<Beginning, _, _>(memory, states, keeping, network, entropy, board)
                .await
        }
    };
}

/// What a world borrows: its node's memory, and its own.
type Storages<G> = (NodeStorage<'static>, WorldStorage<'static, G>);

/// Whether the device holds this game.
const fn assert_that_it_holds<G: Game>() {
    let longest = G::MESSAGE_MAX_BYTES + OPCODE_BYTES + PacketHeader::BYTES;
    assert!(SEND_BYTES >= longest, "device.toml: send_bytes holds no message of the game");
    let ring = ring_min_bytes_for(ROOM_CAPACITY, G::MESSAGE_MAX_BYTES, StateSizes::of::<G>());
    assert!(
        device::world::RING_BYTES as usize >= ring,
        "device.toml: ring_bytes holds no change of everything that the game shows"
    );
}

/// Runs the world for ever, once the network has an address: it registers with the Main of `device.toml`, as often as it
/// loses it, and takes players at `world.port`. [`world!`](crate::world!) makes the statics that it is handed, each of which is
/// lent once: `memory` of its node and its rooms, taken when the network is there; `states` of what the game shows, and what rooms keep with
/// who keeps it, both empty without the features. `entropy` and `board` are the board's; the latter is told at least every two seconds that the role is alive.
pub async fn run<B: Beginning, const VALUE_BYTES: usize, const KEPT: usize>(
    memory: impl FnOnce() -> Storages<B::Game>,
    states: StateStorage<'static>,
    (saves, mut keeper): (SaveStorage<'static>, Keeper<VALUE_BYTES, KEPT>),
    network: Network<SOCKETS>,
    entropy: impl Entropy,
    mut board: impl Board,
) -> ! {
    const { assert_that_it_holds::<B::Game>() };
    network.wait(&mut board).await;
    let own_address = network.address();
    let mut sockets = network.sockets(RECEIVE_BYTES);
    #[cfg(feature = "secure")]
    let boot = board.count_boot();
    #[cfg(feature = "secure")]
    let mut entropy = crate::randomness::Randomness::new(unit::world_key().bytes(), boot, entropy);
    #[cfg(not(feature = "secure"))]
    let mut entropy = entropy;
    let memory = || {
        let (node, world) = memory();
        #[cfg(feature = "secure")]
        let node = match boot {
            Boot::Lost => node,
            _ => NodeStorage { seals: crate::sealing::of_world(), ..node },
        };
        (node, WorldStorage { saves, states, ..world })
    };
    let mut engine = engine::<B>(memory, own_address, &mut entropy);
    start(&mut engine, &mut entropy);
    let port = device::world::PORT as u16;
    loop {
        embassy::run(&mut engine, &mut sockets, port, &mut entropy, |engine, turn| {
            board.feed_watchdog();
            keeper.serve(engine.node_mut(), turn);
            report(engine.node(), board.idle_ms());
            Some(turn.now.after_ms(FEEDING.as_millis() as u32))
        })
        .await;
    }
}

type WorldEngine<G> = Engine<'static, World<'static, G>>;

/// Not inlined: what it needs of the stack is free again while the world runs.
#[inline(never)]
fn engine<B: Beginning>(
    memory: impl FnOnce() -> Storages<B::Game>,
    own_address: Ipv4Address,
    entropy: &mut dyn Entropy,
) -> WorldEngine<B::Game> {
    let mut turn = Turn { now: embassy::now(), entropy };
    let (node, world) = memory();
    let world = World::new(world, config(own_address));
    #[cfg(feature = "rooms")]
    let world = world.with_named_rooms(tinyrealm_core::node::world::NewGame(&B::game));
    let node = Node::new(node, LIMITS, world, &mut turn);
    Engine::new(node, LINKS.take(), LISTENERS)
}

/// Behind [`engine`], not in it: the engine would be on the stack once more while it starts.
#[inline(never)]
fn start<G: Game + 'static>(engine: &mut WorldEngine<G>, entropy: &mut dyn Entropy) {
    engine.node_mut().act(&mut Turn { now: embassy::now(), entropy }, World::start);
}

fn config(own_address: Ipv4Address) -> WorldConfig {
    WorldConfig {
        world_id: WorldId(unit::world_id()),
        region: text(unit::region()),
        address: public_address(own_address),
        main_addresses: WorldConfig::only_main(text(unit::main_address())),
        cluster_keys: ClusterKeys::of(ClusterKey::new(*unit::world_key().bytes())),
        room_capacity: device::world::ROOM_CAPACITY as u16,
        room_spectators: 0,
        flush_interval_ms: device::world::FLUSH_INTERVAL_MS,
        status_interval_ms: device::world::STATUS_INTERVAL_MS,
        reconnect_first_ms: RECONNECT_FIRST_MS,
        reconnect_most_ms: RECONNECT_MOST_MS,
    }
}

/// Where clients find the device: as it is said, or else its own address, behind a scheme if that says one.
fn public_address<const BYTES: usize>(own_address: Ipv4Address) -> heapless::String<BYTES> {
    let public = unit::public_address();
    let mut address = text(public);
    if matches!(public.as_bytes(), [] | [.., b':', b'/', b'/']) {
        let _ = write!(address, "{own_address}:{}", device::world::PORT);
    }
    address
}

fn report<G: Game + 'static>(node: &Node<'static, World<'static, G>>, idle_ms: u32) {
    REPORT.tell(node, idle_ms);
    let (rooms, stats) = (node.role().rooms(), node.role().stats());
    set(&REPORT.users, rooms.users() as u32);
    set(&REPORT.deliveries, stats.deliveries as u32);
    set(&REPORT.snapshots, stats.snapshots);
    set(&REPORT.events_missed, stats.events_missed as u32);
}

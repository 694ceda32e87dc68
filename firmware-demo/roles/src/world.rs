//! A world on a device, with the tag game on it.
//!
//! Purpose: registers with Main and takes players, as every world does. Main counts it like any other.
//!
//! Bounds: `rooms × room_capacity` players, and each byte is a `static` below.

use core::fmt::Write as _;

use embassy_net::{Ipv4Address, StackResources};
use static_cell::ConstStaticCell;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::cluster::{ClusterKey, ClusterKeys};
use tinyrealm_core::node::world::{
    EVENT_FRAME_MAX_BYTES, Game, World, WorldConfig, WorldMemory, world_timers_for,
};
use tinyrealm_core::node::{Node, NodeMemory};
use tinyrealm_core::protocol::WorldId;
use tinyrealm_core::wire::PacketHeader;
use tinyrealm_smoltcp::{Engine, Link, embassy};
use tinyrealm_tag::Tag;

use crate::Board;
use crate::device::{self, links};
use crate::links::{
    LIMITS, RECEIVE_BYTES, RECONNECT_FIRST_MS, RECONNECT_MOST_MS, SEND_BYTES, SocketBuffers, text,
};
use crate::network::{FEEDING, Network, STACK_SOCKETS};
use crate::report::{REPORT, set};

const ROOMS: usize = device::world::ROOMS as usize;
const PLAYERS: usize = ROOMS * device::world::ROOM_CAPACITY as usize;
/// The players, those who have not said yet who they are, and Main.
const LISTENERS: usize = PLAYERS + device::world::SPARE_SESSIONS as usize;
/// Sockets of a world.
pub const SOCKETS: usize = LISTENERS + 1;
/// Keys that are remembered: those of the players, and of whoever comes next.
const ATTACHES: usize = PLAYERS + device::world::SPARE_SESSIONS as usize;
const RING_BYTES: usize = ROOMS * device::world::RING_BYTES as usize;
/// One a session, for its ping or its answer, and what all share.
const SEND_BUFFERS: usize = SOCKETS + links::SHARED_SEND_BUFFERS as usize;
/// The longest frame that comes, with its prefix.
const FRAME_BYTES: usize = links::FRAME_LIMIT_BYTES as usize + PacketHeader::BYTES;
#[cfg(not(feature = "websocket"))]
const RECEIVE_BUFFERS: usize = links::RECEIVE_BUFFERS as usize;
#[cfg(not(feature = "websocket"))]
const RECEIVE_BUFFER_BYTES: usize = FRAME_BYTES;
/// A handshake and a message in pieces hold theirs for as long as they like, so each socket has its own.
#[cfg(feature = "websocket")]
const RECEIVE_BUFFERS: usize = SOCKETS;
#[cfg(feature = "websocket")]
const RECEIVE_BUFFER_BYTES: usize =
    tinyrealm_core::wire::ws::buffer_bytes(links::FRAME_LIMIT_BYTES);

/// The longest packet for one peer alone: the registration.
const REGISTRATION_BYTES: usize = 20 + device::world::REGION.len() + PUBLIC_ADDRESS_BYTES;
const PUBLIC_ADDRESS_BYTES: usize = match device::world::PUBLIC_ADDRESS.len() {
    0 => "255.255.255.255:65535".len(),
    bytes => bytes,
};

/// What it proves itself with, read while it is built.
const KEY: ClusterKey = match ClusterKey::from_hex(device::main::WORLD_KEY) {
    Some(key) => key,
    None => panic!("device.toml: main.world_key is not 64 hexadecimal digits: see `tinyrealm key`"),
};

/// The proof of its key: prefix, id, nonce, proof, and that it has no former one.
const CLUSTER_PROOF_BYTES: usize = 6 + 3 + 16 + 32 + 1;

const _: () = {
    assert!(
        links::SEND_BUFFER_BYTES as usize >= REGISTRATION_BYTES,
        "device.toml: send_buffer_bytes"
    );
    assert!(
        links::SEND_BUFFER_BYTES as usize >= CLUSTER_PROOF_BYTES,
        "device.toml: send_buffer_bytes holds no proof"
    );
    assert!(SEND_BYTES >= EVENT_FRAME_MAX_BYTES, "device.toml: send_bytes holds no event");
    assert!(RECEIVE_BYTES >= FRAME_BYTES, "device.toml: receive_bytes holds no frame");
    assert!(device::world::RING_BYTES.is_power_of_two(), "device.toml: ring_bytes, a power of two");
};

type Memory = NodeMemory<
    SOCKETS,
    { SOCKETS + world_timers_for(ATTACHES, ROOMS, Tag::TIMERS) },
    RECEIVE_BUFFERS,
    { RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * links::SEND_BUFFER_BYTES as usize },
    // There are fewer sockets than an address could be refused.
    0,
>;

/// The network stack's own memory.
pub static STACK_RESOURCES: ConstStaticCell<StackResources<{ SOCKETS + STACK_SOCKETS }>> =
    ConstStaticCell::new(StackResources::new());
/// The sockets' buffers.
pub static SOCKET_BUFFERS: ConstStaticCell<SocketBuffers<SOCKETS>> =
    ConstStaticCell::new(SocketBuffers::NEW);
static NODE_MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::NEW);
static WORLD_MEMORY: ConstStaticCell<WorldMemory<Tag, PLAYERS, ROOMS, RING_BYTES, ATTACHES>> =
    ConstStaticCell::new(WorldMemory::new([Tag::NEW; ROOMS]));
static LINKS: ConstStaticCell<[Link; SOCKETS]> = ConstStaticCell::new([Link::CLOSED; SOCKETS]);

/// Runs the world for ever.
pub async fn run(network: Network<SOCKETS>, mut entropy: impl Entropy, mut board: impl Board) -> ! {
    network.wait(&mut board).await;
    let own_address = network.address();
    let mut sockets = network.sockets(RECEIVE_BYTES);
    let mut engine = engine(own_address, &mut entropy);
    start(&mut engine, &mut entropy);
    let port = device::world::PORT as u16;
    loop {
        embassy::run(&mut engine, &mut sockets, port, &mut entropy, |engine, turn| {
            board.feed_watchdog();
            report(engine.node(), board.idle_ms());
            Some(turn.now.after_ms(FEEDING.as_millis() as u32))
        })
        .await;
    }
}

type WorldEngine = Engine<'static, World<'static, Tag>>;

/// Not inlined: what it needs of the stack is free again while the world runs.
#[inline(never)]
fn engine(own_address: Ipv4Address, entropy: &mut dyn Entropy) -> WorldEngine {
    let mut turn = Turn { now: embassy::now(), entropy };
    let world = World::new(WORLD_MEMORY.take().storage(), config(own_address));
    let node = Node::new(NODE_MEMORY.take().storage(), LIMITS, world, &mut turn);
    Engine::new(node, LINKS.take(), LISTENERS)
}

/// Behind [`engine`], not in it: the engine would be on the stack once more while it starts.
#[inline(never)]
fn start(engine: &mut WorldEngine, entropy: &mut dyn Entropy) {
    engine.node_mut().act(&mut Turn { now: embassy::now(), entropy }, World::start);
}

fn config(own_address: Ipv4Address) -> WorldConfig {
    WorldConfig {
        world_id: WorldId(device::world::WORLD_ID as u16),
        region: text(device::world::REGION),
        address: public_address(own_address),
        main_address: text(device::main::ADDRESS),
        cluster_keys: ClusterKeys::of(KEY),
        room_capacity: device::world::ROOM_CAPACITY as u16,
        flush_interval_ms: device::world::FLUSH_INTERVAL_MS,
        status_interval_ms: device::world::STATUS_INTERVAL_MS,
        reconnect_first_ms: RECONNECT_FIRST_MS,
        reconnect_most_ms: RECONNECT_MOST_MS,
    }
}

/// Where clients find the device: as `device.toml` says, or else its own address.
fn public_address<const BYTES: usize>(own_address: Ipv4Address) -> heapless::String<BYTES> {
    let mut address = text(device::world::PUBLIC_ADDRESS);
    if device::world::PUBLIC_ADDRESS.is_empty() {
        let _ = write!(address, "{own_address}:{}", device::world::PORT);
    }
    address
}

fn report(node: &Node<'static, World<'static, Tag>>, idle_ms: u32) {
    REPORT.tell(node, idle_ms);
    let (rooms, stats) = (node.role().rooms(), node.role().stats());
    set(&REPORT.users, rooms.users() as u32);
    set(&REPORT.deliveries, stats.deliveries as u32);
    set(&REPORT.snapshots, stats.snapshots);
    set(&REPORT.events_missed, stats.events_missed as u32);
}

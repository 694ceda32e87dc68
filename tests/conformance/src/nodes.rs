//! The nodes of the suite, each the same on every host.

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::client::{
    Client, ClientConfig, ClientEvent, ClientHandler, client_timers,
};
use tinyrealm_core::node::cluster::Way;
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::main::{Guests, Main, MainConfig, MainMemory};
use tinyrealm_core::node::world::saves::{SaveMemory, state_bytes};
use tinyrealm_core::node::world::{
    Game, NewGame, Relay, RoomContext, TimerId, Unreadable, World, WorldConfig, WorldMemory,
    WorldStorage, world_timers_for,
};
use tinyrealm_core::node::{Node, NodeMemory, NodeStorage};
use tinyrealm_core::protocol::{Bytes, EVENT_MAX_BYTES, ServerKind, Uid, WorldId};
use tinyrealm_core::session::SealMemory;
use tinyrealm_core::wire::{Framing, Full, ws};

use crate::cluster;

/// Sessions of a node.
pub const SESSIONS: usize = 9;
/// Users of a world, and of its one room.
pub const USERS: usize = 4;
const ATTACHES: usize = 8;
const BUFFERS: usize = 24;
const BUFFER_BYTES: usize = 512;
/// The longest frame, and what a WebSocket needs beside it.
const RECEIVE_BUFFER_BYTES: usize = ws::buffer_bytes(BUFFER_BYTES as u32);
const RING_BYTES: usize = 2_048;
const ROLE_TIMERS: usize = 17;

type Memory = NodeMemory<
    SESSIONS,
    { SESSIONS + ROLE_TIMERS },
    SESSIONS,
    { SESSIONS * RECEIVE_BUFFER_BYTES },
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
>;

const _: () = {
    assert!(world_timers_for(ATTACHES, 1, Counting::TIMERS) <= ROLE_TIMERS);
    assert!(client_timers(1) <= ROLE_TIMERS);
};

/// A room that is kept, and moves: it counts what is said in it, and rings a bell with that number a while behind its first member.
#[derive(Clone, Default, Debug)]
pub struct Counting {
    said: u32,
}

impl Counting {
    /// The kind of the bell's event.
    pub const BELL: u16 = 999;
    /// When it rings.
    pub const BELL_MS: u32 = 50_000;
}

impl Game for Counting {
    const NAME: &'static str = "counting";
    const HOLD_MS: u32 = 600_000;
    const TIMERS: usize = 1;
    const ROOM_SAVE_BYTES: usize = 4;

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) {
        if room.members().count() == 1 {
            room.after(Self::BELL_MS, TimerId(0));
        }
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        self.said += 1;
        room.broadcast(uid, kind, data)
    }

    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, _: TimerId) {
        let said = self.said.to_le_bytes();
        let data = Bytes::new(&said).expect("it is short");
        room.broadcast(Uid::NOBODY, Self::BELL, data).expect("nothing else waits");
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        out.copy_from_slice(&self.said.to_le_bytes());
        out.len()
    }

    fn restore_room(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        self.said = state.try_into().map(u32::from_le_bytes).map_err(|_| Unreadable)?;
        Ok(())
    }
}

/// Frames that a client may send at once.
pub const PACKET_BURST: u16 = 100;

/// Limits that no script reaches by accident, however slow the machine.
pub const NET: NetConfig = NetConfig {
    greeting_timeout_ms: 20_000,
    ping_interval_ms: 60_000,
    idle_timeout_ms: 120_000,
    drain_timeout_ms: 20_000,
    packets_per_second: 1,
    packet_burst: PACKET_BURST,
    ..NetConfig::DEFAULT
};

/// Of sealed links; records are shorter than some frames, either way.
type Seals = SealMemory<SESSIONS, { SESSIONS * 300 }, { SESSIONS * 300 }>;

/// So many of them may be those of players who come to a world.
const SEALED_CLIENTS: u16 = SESSIONS as u16 - 2;

fn storage() -> NodeStorage<'static> {
    storage_with_clients(0)
}

fn storage_with_clients(clients: u16) -> NodeStorage<'static> {
    let memory: &'static mut Memory = Box::leak(Box::new(Memory::NEW));
    let seals: &'static mut Seals = Box::leak(Box::new(Seals::NEW));
    NodeStorage { seals: seals.storage_with_clients(clients), ..memory.storage() }
}

/// A world that looks for Main at `main_address`, with its link in clear, and flushes after every turn.
pub fn world(turn: &mut Turn<'_>, main_address: &str) -> Node<'static, World<'static, Relay>> {
    world_on(Way::Clear, 0, turn, main_address)
}

/// The same with its link sealed.
pub fn sealed_world(
    turn: &mut Turn<'_>,
    main_address: &str,
) -> Node<'static, World<'static, Relay>> {
    world_on(Way::Sealed, 0, turn, main_address)
}

/// The same whose players may seal their links as well.
pub fn world_of_sealed_players(
    turn: &mut Turn<'_>,
    main_address: &str,
) -> Node<'static, World<'static, Relay>> {
    world_on(Way::Sealed, SEALED_CLIENTS, turn, main_address)
}

/// A world of one room that moves.
pub fn moving_world(
    turn: &mut Turn<'_>,
    main_address: &str,
) -> Node<'static, World<'static, Counting>> {
    type Rooms = WorldMemory<Counting, USERS, 1, RING_BYTES, ATTACHES>;
    type Saves = SaveMemory<0, 0, 1, { state_bytes::<Counting>(USERS) }>;
    let rooms: &'static mut Rooms = Box::leak(Box::new(Rooms::new([Counting::default()])));
    let saves: &'static mut Saves = Box::leak(Box::new(Saves::NEW));
    let storage = WorldStorage { saves: saves.storage(), ..rooms.storage() };
    let role = World::new(storage, world_config(Way::Clear, main_address));
    let role = role.with_named_rooms(NewGame(&Counting::default));
    let mut node = Node::new(storage_with_clients(0), NET, role, turn);
    node.act(turn, World::start);
    node
}

fn world_on(
    way: Way,
    sealed_clients: u16,
    turn: &mut Turn<'_>,
    main_address: &str,
) -> Node<'static, World<'static, Relay>> {
    type Rooms = WorldMemory<Relay, USERS, 1, RING_BYTES, ATTACHES>;
    let rooms: &'static mut Rooms = Box::leak(Box::new(Rooms::new([Relay])));
    let role = World::new(rooms.storage(), world_config(way, main_address));
    let mut node = Node::new(storage_with_clients(sealed_clients), NET, role, turn);
    node.act(turn, World::start);
    node
}

fn world_config(way: Way, main_address: &str) -> WorldConfig {
    WorldConfig {
        world_id: WorldId(cluster::WORLD_ID),
        region: "eu".try_into().expect("short"),
        address: "world:7200".try_into().expect("short"),
        main_addresses: WorldConfig::only_main(main_address.try_into().expect("short")),
        cluster_keys: cluster::secrets(way).keys_of(ServerKind::WORLD, cluster::WORLD_ID),
        room_capacity: USERS as u16,
        room_spectators: 0,
        flush_interval_ms: 0,
        status_interval_ms: 100_000,
        reconnect_first_ms: 50,
        reconnect_most_ms: 200,
    }
}

/// A Main that welcomes guests, and worlds in clear.
pub fn main(turn: &mut Turn<'_>) -> Node<'static, Main<'static, Guests>> {
    main_on(Way::Clear, turn)
}

/// The same with worlds whose links are sealed.
pub fn sealed_main(turn: &mut Turn<'_>) -> Node<'static, Main<'static, Guests>> {
    main_on(Way::Sealed, turn)
}

fn main_on(way: Way, turn: &mut Turn<'_>) -> Node<'static, Main<'static, Guests>> {
    let users: &'static mut MainMemory<8, 2> = Box::leak(Box::new(MainMemory::NEW));
    let config =
        MainConfig { attach_timeout_ms: 20_000, attach_ttl_ms: 40_000, ..MainConfig::DEFAULT };
    let role = Main::new(users.storage(), config, Guests::new([7; 32]), cluster::secrets(way));
    Node::new(storage(), NET, role, turn)
}

/// What nobody looks at.
pub struct Ignore;

impl ClientHandler for Ignore {
    fn on_event(&mut self, _: u16, _: ClientEvent<'_>) {}
}

/// A client that looks for Main at `main_address`.
pub fn client(turn: &mut Turn<'_>, main_address: &str) -> Node<'static, Client<Ignore>> {
    client_with(turn, main_address, ClientConfig::DEFAULT)
}

/// The same by WebSocket.
pub fn client_by_web_socket(
    turn: &mut Turn<'_>,
    main_address: &str,
) -> Node<'static, Client<Ignore>> {
    let config = ClientConfig { framing: Framing::Message, ..ClientConfig::DEFAULT };
    client_with(turn, main_address, config)
}

/// The key of the device that [`device`] is.
pub const DEVICE_KEY: [u8; 32] = [8; 32];

/// The same as a device, which seals its link to Main.
pub fn device(turn: &mut Turn<'_>, main_address: &str) -> Node<'static, Client<Ignore>> {
    let device_key = Some(DeviceKey::new(DEVICE_KEY));
    client_with(turn, main_address, ClientConfig { device_key, ..ClientConfig::DEFAULT })
}

fn client_with(
    turn: &mut Turn<'_>,
    main_address: &str,
    config: ClientConfig,
) -> Node<'static, Client<Ignore>> {
    let role = Client::new(main_address.try_into().expect("short"), config, Ignore);
    let mut node = Node::new(storage(), NET, role, turn);
    node.act(turn, Client::start);
    node
}

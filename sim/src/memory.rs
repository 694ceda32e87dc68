//! The memory that the nodes of a run borrow.
//!
//! Purpose: a node borrows its storage, and a crashed one is replaced by a fresh one in fresh
//! storage. Arenas lend both for as long as the run, without unsafe code.
//!
//! Bounds: small on purpose, so that full pools, rings and tables are a matter of course. Nothing is
//! given back before the end of the run.

use tinyrealm_core::node::chat::ChatMemory;
use tinyrealm_core::node::client::client_timers;
use tinyrealm_core::node::directory::{ClaimSlot, ClaimStorage, NameSlot};
use tinyrealm_core::node::login::LoginMemory;
use tinyrealm_core::node::main::chat::CHANNEL_RING_MIN_BYTES;
use tinyrealm_core::node::main::{
    MainChatMemory, MainMemory, MainRoomMemory, MainStorage, PendingClaim, PendingHello,
    main_timers,
};
use tinyrealm_core::node::world::saves::{SaveMemory, state_bytes};
use tinyrealm_core::node::world::{StateMemory, StateSizes, WorldMemory, world_timers_for};
use tinyrealm_core::node::{NodeMemory, NodeStorage};
use tinyrealm_core::session::{Holding, SealMemory, SealStorage};
use tinyrealm_core::storage::{BufferMeta, Link, Slot};
use typed_arena::Arena;

use crate::actors::Recorder;
use crate::actors::recorder::{SAVE_BYTES, SAVES_IN_FLIGHT, TIMERS};
use crate::ids::{HOARDS, MAINS, WORLDS};
use crate::layout::Layout;
use crate::sizes::{BUFFERS, RING_BYTES, ROOM_MEMBERS, ROOM_SPECTATORS, ROOMS};
use crate::talk::NAMES;

/// Bytes of a buffer: the longest frame, a page of a snapshot, fits.
const BUFFER_BYTES: usize = 512;

const WORLD_USERS: usize = ROOMS * (ROOM_MEMBERS + ROOM_SPECTATORS);
/// All members, Mains, and a few who come or go.
const WORLD_SESSIONS: usize = WORLD_USERS + 5 + MAINS;
const ATTACHES: usize = 8;
/// Places of a world.
pub(crate) const WORLD_PLACES: usize = ROOMS * ROOM_MEMBERS;
/// Who plays by one Main: many fewer, because of seats that are held, and of rooms that are not for everybody.
pub(crate) const MAIN_PLAYERS: usize = 28;
/// Whoever plays, and guests who do not.
const MAIN_USERS: usize = MAIN_PLAYERS + 4 + 72 + HOARDS * HOARDER_SESSIONS;
/// All users, worlds, Login and the chat server, those who hoard, and a few who come or go.
const MAIN_SESSIONS: usize = MAIN_PLAYERS + 4 + 26 + HOARDS * HOARDER_SESSIONS;
/// Clients who do not read may hold an answer about the past each, and a little more.
pub(crate) const MAIN_BUFFERS: usize = MAIN_PLAYERS * 20;
/// All rooms of its worlds, and a few names that are kept for worlds that are lost.
const fn main_rooms(worlds: usize) -> usize {
    worlds * ROOMS + 2
}
const MAIN_ROOMS: usize = main_rooms(WORLDS);
const MAIN_WISHES: usize = 16;
const MAIN_HELLOS: usize = 16;
/// Everybody, and those who have just gone.
const MAIN_CLAIMS: usize = MAIN_USERS + 16;
/// Names about which a Main has something to ask.
const MAIN_NAMES: usize = 6;
/// Channels of the chat server, and of a Main: one less than there are names.
const CHANNELS: usize = NAMES.len() - 2;
const MAIN_MEMBERSHIPS: usize = 48;
const CHAT_MEMBERSHIPS: usize = 90;
const CHAT_HISTORY_BYTES: usize = 2_048;
/// Every Main, and links of theirs that have ended and do not know it.
const CHAT_MAINS: usize = MAINS + 3;
const CHAT_SESSIONS: usize = CHAT_MAINS + 3;
/// Every Main may have as much waiting as a link may.
pub(crate) const CHAT_BUFFERS: usize = 200;
const LOGIN_SESSIONS: usize = 24;
const LOGINS: usize = 16;
const VERIFIES: usize = 24;
const ATTEMPTS: usize = 128;
/// A player has two links, and may be on its way from Login to Main.
const VISITOR_SESSIONS: usize = 3;
const VISITOR_BUFFERS: usize = 4;
/// More than a Main has questions for Login at once.
const HOARDER_SESSIONS: usize = MAIN_HELLOS + 4;

/// What a Main gives to strangers, and how much there is of it.
pub(crate) const MAIN_SHARED: [(Holding, usize); 2] =
    [(Holding::Guest, MAIN_USERS), (Holding::Channel, CHANNELS)];
/// The same, of a Main that asks no directory about those as well.
pub(crate) const MAIN_ASKED: (Holding, usize) = (Holding::Question, MAIN_HELLOS);

type ServerNode<const SESSIONS: usize, const TIMERS: usize> = NodeMemory<
    SESSIONS,
    TIMERS,
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
>;

/// Sealed links of a server, and a few for who has not proven anything. Records are short, so that frames and buffers are
/// cut by them.
type Seals = SealMemory<SEALED_LINKS, { SEALED_LINKS * 240 }, { SEALED_LINKS * 300 }>;
const SEALED_LINKS: usize = 3 * WORLDS + 6;
/// Those of a world, whose players seal theirs as well; a few are for Mains.
type WorldSeals = SealMemory<WORLD_SEALED, { WORLD_SEALED * 240 }, { WORLD_SEALED * 300 }>;
const WORLD_SEALED: usize = WORLD_SESSIONS + 3 * MAINS;
const WORLD_SEALED_PLAYERS: u16 = WORLD_SESSIONS as u16 - 4;
/// Those of a Main, of which devices may have some.
type MainSeals = SealMemory<MAIN_SEALED, { MAIN_SEALED * 240 }, { MAIN_SEALED * 300 }>;
const MAIN_SEALED: usize = SEALED_LINKS + MAIN_SEALED_DEVICES as usize;
const MAIN_SEALED_DEVICES: u16 = 2 * MAIN_PLAYERS as u16;
/// Those of a player.
type PlayerSeals =
    SealMemory<VISITOR_SESSIONS, { VISITOR_SESSIONS * 240 }, { VISITOR_SESSIONS * 300 }>;

/// The memory of one Main.
pub(crate) struct MainBlock {
    node: ServerNode<MAIN_SESSIONS, { MAIN_SESSIONS + main_timers(MAIN_USERS) }>,
    main: MainMemory<MAIN_USERS, WORLDS_AND_ONE>,
    hellos: [Slot<PendingHello>; MAIN_HELLOS],
    claims: [Slot<ClaimSlot<PendingClaim>>; MAIN_CLAIMS],
    claim_links: [[Link; MAIN_CLAIMS]; 2],
    claim_queue: [u16; MAIN_CLAIMS],
    claim_listed: [bool; MAIN_CLAIMS],
    names: [Slot<NameSlot>; MAIN_NAMES],
    rooms: MainRoomMemory<MAIN_ROOMS, MAIN_WISHES>,
    chat: MainChatMemory<CHANNELS, MAIN_MEMBERSHIPS, { CHANNELS * CHANNEL_RING_MIN_BYTES }>,
}

impl MainBlock {
    /// What a node borrows, and what its role does.
    pub(crate) fn storage(&mut self, layout: Layout) -> (NodeStorage<'_>, MainStorage<'_>) {
        let mut main = self.main.storage();
        let (chat, mut rooms) = (self.chat.storage(), self.rooms.storage());
        let worlds = layout.worlds_of_main(0).count();
        // The registry has room for one world more than there are.
        shorten(&mut main.worlds, worlds + 1);
        shorten(&mut rooms.rooms, main_rooms(worlds));
        shorten(&mut rooms.heads, main_rooms(worlds));
        shorten(&mut rooms.nexts, main_rooms(worlds));
        let mut claims = ClaimStorage::default();
        if layout.has_directory() {
            rooms.names = &mut self.names;
            let [heads, nexts] = &mut self.claim_links;
            claims = ClaimStorage {
                claims: &mut self.claims,
                heads,
                nexts,
                queue: &mut self.claim_queue,
                listed: &mut self.claim_listed,
            };
        }
        let main = MainStorage { hellos: &mut self.hellos, claims, chat, rooms, ..main };
        (self.node.storage(), main)
    }
}

const WORLDS_AND_ONE: usize = WORLDS + 1;

/// The memory of the chat server.
pub(crate) struct ChatBlock {
    pub(crate) node: ServerNode<CHAT_SESSIONS, CHAT_SESSIONS>,
    pub(crate) chat:
        ChatMemory<CHANNELS, CHAT_MEMBERSHIPS, CHAT_MAINS, { CHANNELS * CHAT_HISTORY_BYTES }>,
}

/// The memory of Login.
pub(crate) struct LoginBlock {
    pub(crate) node: ServerNode<LOGIN_SESSIONS, LOGIN_SESSIONS>,
    pub(crate) login: LoginMemory<LOGINS, VERIFIES, ATTEMPTS>,
}

/// The memory of one world.
pub(crate) struct WorldBlock {
    pub(crate) node:
        ServerNode<WORLD_SESSIONS, { WORLD_SESSIONS + world_timers_for(ATTACHES, ROOMS, TIMERS) }>,
    pub(crate) world: WorldMemory<Recorder, WORLD_USERS, ROOMS, { ROOMS * RING_BYTES }, ATTACHES>,
    pub(crate) states:
        StateMemory<{ STATES.things_bytes(ROOMS) }, { STATES.members_bytes(WORLD_USERS) }>,
    pub(crate) saves: SaveMemory<
        { ROOMS * SAVES_IN_FLIGHT },
        { ROOMS * SAVES_IN_FLIGHT * SAVE_BYTES },
        ROOMS,
        { ROOMS * state_bytes::<Recorder>(ROOM_MEMBERS) },
    >,
}

/// How much the games of a world show.
const STATES: StateSizes = StateSizes::of::<Recorder>();

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

/// The memory of a hoarder, of an usurper, or of whoever else has many connections.
pub(crate) struct HoarderBlock {
    pub(crate) node: NodeMemory<
        HOARDER_SESSIONS,
        HOARDER_SESSIONS,
        HOARDER_SESSIONS,
        { HOARDER_SESSIONS * BUFFER_BYTES },
        HOARDER_SESSIONS,
        { HOARDER_SESSIONS * BUFFER_BYTES },
    >,
}

/// What makes a world's games.
pub(crate) type GameMaker = Box<dyn Fn() -> Recorder + Send + Sync>;

/// The memory of all nodes; see the [module](self).
#[derive(Default)]
pub(crate) struct Arenas {
    mains: Arena<MainBlock>,
    chats: Arena<ChatBlock>,
    logins: Arena<LoginBlock>,
    buffer_bytes: Arena<u8>,
    buffer_metas: Arena<BufferMeta>,
    worlds: Arena<WorldBlock>,
    game_makers: Arena<GameMaker>,
    seals: Arena<Seals>,
    main_seals: Arena<MainSeals>,
    world_seals: Arena<WorldSeals>,
    player_seals: Arena<PlayerSeals>,
    visitors: Arena<VisitorBlock>,
    hoarders: Arena<HoarderBlock>,
}

impl Arenas {
    pub(crate) fn main(&self) -> &mut MainBlock {
        self.mains.alloc(MainBlock {
            node: NodeMemory::NEW,
            main: MainMemory::NEW,
            hellos: [const { Slot::VACANT }; MAIN_HELLOS],
            claims: [const { Slot::VACANT }; MAIN_CLAIMS],
            claim_links: [[Link::NONE; MAIN_CLAIMS]; 2],
            claim_queue: [0; MAIN_CLAIMS],
            claim_listed: [false; MAIN_CLAIMS],
            names: [const { Slot::VACANT }; MAIN_NAMES],
            rooms: MainRoomMemory::NEW,
            chat: MainChatMemory::NEW,
        })
    }

    /// Gives a node `buffers` for what it sends instead of its own.
    pub(crate) fn lend_send_buffers<'s>(&'s self, storage: &mut NodeStorage<'s>, buffers: usize) {
        let bytes = std::iter::repeat_n(0, buffers * BUFFER_BYTES);
        storage.sessions.send_bytes = self.buffer_bytes.alloc_extend(bytes);
        let metas = std::iter::repeat_n(BufferMeta::VACANT, buffers);
        storage.sessions.send_metas = self.buffer_metas.alloc_extend(metas);
    }

    pub(crate) fn chat(&self) -> &mut ChatBlock {
        self.chats.alloc(ChatBlock { node: NodeMemory::NEW, chat: ChatMemory::NEW })
    }

    pub(crate) fn login(&self) -> &mut LoginBlock {
        self.logins.alloc(LoginBlock { node: NodeMemory::NEW, login: LoginMemory::NEW })
    }

    /// For a server's links to others.
    pub(crate) fn seals(&self) -> SealStorage<'_> {
        self.seals.alloc(Seals::NEW).storage()
    }

    /// For a Main's links to servers and devices.
    pub(crate) fn main_seals(&self) -> SealStorage<'_> {
        self.main_seals.alloc(MainSeals::NEW).storage_with_clients(MAIN_SEALED_DEVICES)
    }

    /// For a world's links to its Main and its players.
    pub(crate) fn world_seals(&self) -> SealStorage<'_> {
        let seals = self.world_seals.alloc(WorldSeals::NEW);
        seals.storage_with_clients(WORLD_SEALED_PLAYERS)
    }

    /// For a player's links.
    pub(crate) fn player_seals(&self) -> SealStorage<'_> {
        self.player_seals.alloc(PlayerSeals::NEW).storage()
    }

    pub(crate) fn game_maker(&self, maker: GameMaker) -> &GameMaker {
        self.game_makers.alloc(maker)
    }

    pub(crate) fn world(&self, games: [Recorder; ROOMS]) -> &mut WorldBlock {
        self.worlds.alloc(WorldBlock {
            node: NodeMemory::NEW,
            world: WorldMemory::new(games),
            states: StateMemory::NEW,
            saves: SaveMemory::NEW,
        })
    }

    pub(crate) fn visitor(&self) -> &mut VisitorBlock {
        self.visitors.alloc(VisitorBlock { node: NodeMemory::NEW })
    }

    pub(crate) fn hoarder(&self) -> &mut HoarderBlock {
        self.hoarders.alloc(HoarderBlock { node: NodeMemory::NEW })
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

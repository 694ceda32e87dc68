//! What Main tells about itself: `MainReport`.

use serde::Serialize;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::main::{
    Authenticator, ChatHub, LivingMain, Main, WorldEntry, WorldRegistry,
};

use crate::operating::Others;
use crate::reachable::Reachable;
use crate::refused::Refused;
use crate::relay::{RelayFigures, RelayReport};
use crate::report::{NetReport, Shared};

/// What is beside the node, and tells of itself.
#[derive(Clone, Debug)]
pub(super) struct BesideFigures {
    pub(super) relay: RelayFigures,
    pub(super) directory: Reachable,
}

/// What Main's thread shares with who runs it: its newest report, and the way to ask the realm's other Mains.
#[derive(Clone, Debug, Default)]
pub(crate) struct Published {
    pub(crate) main: Shared<MainReport>,
    pub(crate) others: Others,
}

/// What Main tells about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct MainReport {
    pub(crate) users: usize,
    pub(crate) worlds: usize,
    /// Whether Login can be asked.
    pub(crate) login: bool,
    /// Whether the directory can't be reached; it never is without one.
    pub(crate) directory_lost: bool,
    /// The Mains of the realm, if it has several, and their directory says so.
    pub(crate) main_list: Vec<KnownMain>,
    pub(crate) mains: usize,
    /// The servers that refuse it.
    pub(crate) refused: Vec<Refused>,
    pub(crate) hellos: u32,
    pub(crate) hellos_refused: u32,
    pub(crate) enters: u32,
    pub(crate) enters_refused: u32,
    pub(crate) worlds_registered: u32,
    pub(crate) worlds_lost: u32,
    pub(crate) revoked: u32,
    pub(crate) banned: u32,
    pub(crate) game_bans: u32,
    pub(crate) displaced: u32,
    pub(crate) claims_lost: u32,
    pub(crate) chat: MainChatReport,
    pub(crate) relay: RelayReport,
    pub(crate) net: NetReport,
    /// For the live page.
    #[serde(skip)]
    pub(crate) registry: Vec<RegisteredWorld>,
}

/// A Main that is alive.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KnownMain {
    /// Where clients find it.
    pub(crate) for_clients: String,
    /// Where servers find it.
    pub(crate) for_servers: String,
    /// It is this one.
    pub(crate) is_here: bool,
}

impl KnownMain {
    fn of(main: &LivingMain) -> Self {
        Self {
            for_clients: main.for_clients.as_str().to_owned(),
            for_servers: main.for_servers.as_str().to_owned(),
            is_here: main.is_here,
        }
    }
}

/// A world that Main can send users to, wherever it runs.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct RegisteredWorld {
    pub(crate) id: u16,
    pub(crate) region: String,
    pub(crate) address: String,
    pub(crate) capacity: u16,
    pub(crate) users: u16,
    pub(crate) rooms: u16,
    /// `open`; `closed`, if nobody new is sent there; `draining`, if it says itself that it takes nobody new.
    pub(crate) state: &'static str,
    /// Whether its rooms can move, and those of others there.
    pub(crate) moves: bool,
    /// Whether its clients may seal their links.
    #[serde(skip)]
    pub(crate) is_sealing: bool,
}

impl RegisteredWorld {
    fn of(world: &WorldEntry) -> Self {
        Self {
            id: world.world_id.0,
            region: world.region.as_str().to_owned(),
            address: world.address.as_str().to_owned(),
            capacity: world.capacity,
            users: world.reported_users,
            rooms: world.reported_rooms,
            state: match world {
                WorldEntry { drains: true, is_closed: true, .. } => "draining",
                WorldEntry { is_closed: true, .. } => "closed",
                _ => "open",
            },
            moves: world.moves_rooms(),
            is_sealing: world.is_sealing,
        }
    }

    /// All that Main knows, by their ids.
    pub(super) fn all(worlds: &WorldRegistry<'_>) -> Vec<Self> {
        let mut all: Vec<Self> = worlds.iter().map(|(_, world)| Self::of(world)).collect();
        all.sort_unstable_by_key(|world| world.id);
        all
    }
}

/// What Main tells about its users' channels.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub(crate) struct MainChatReport {
    pub(crate) is_live: bool,
    pub(crate) opened: u32,
    pub(crate) channels: usize,
    /// Chat servers that share the channels.
    pub(crate) servers: usize,
    /// Links to them that take requests.
    pub(crate) live_links: usize,
    pub(crate) memberships: usize,
    pub(crate) forwarded: u64,
    pub(crate) refused: u64,
    pub(crate) received: u64,
    pub(crate) deliveries: u64,
    pub(crate) missed: u64,
}

impl MainChatReport {
    fn of(chat: &ChatHub<'_>) -> Self {
        let stats = chat.stats();
        Self {
            is_live: chat.is_live(),
            opened: stats.opened,
            channels: chat.channels(),
            servers: chat.map().servers.len(),
            live_links: chat.live_links(),
            memberships: chat.memberships(),
            forwarded: stats.forwarded,
            refused: stats.refused,
            received: stats.received,
            deliveries: stats.deliveries,
            missed: stats.missed,
        }
    }
}

fn refused<A: Authenticator>(main: &Main<'_, A>) -> Vec<Refused> {
    let (login, chat) = (main.login_refusals(), main.chat_refusals());
    let login = Refused::of("Login", login.0, login.1);
    login.into_iter().chain(Refused::of("the chat server", chat.0, chat.1)).collect()
}

/// What this node tells, and what is beside it.
pub(super) fn report_of<A: Authenticator>(
    node: &Node<'_, Main<'_, A>>,
    beside: &BesideFigures,
) -> MainReport {
    let (main, sessions) = (node.role(), node.sessions());
    let buffers = sessions.buffers_in_use() + node.receive_buffers_in_use();
    let stats = main.stats();
    MainReport {
        users: main.users().len(),
        worlds: main.worlds().len(),
        login: main.has_login(),
        directory_lost: !beside.directory.is_so(),
        main_list: main.mains().iter().map(KnownMain::of).collect(),
        mains: main.mains().len(),
        refused: refused(main),
        hellos: stats.hellos,
        hellos_refused: stats.hellos_refused,
        enters: stats.enters,
        enters_refused: stats.enters_refused,
        worlds_registered: stats.worlds_registered,
        worlds_lost: stats.worlds_lost,
        revoked: stats.revoked,
        banned: stats.banned,
        game_bans: stats.game_bans,
        displaced: stats.displaced,
        claims_lost: stats.claims_lost,
        chat: MainChatReport::of(main.chat()),
        relay: beside.relay.report(),
        net: NetReport::new(node.stats(), sessions.len(), buffers),
        registry: RegisteredWorld::all(main.worlds()),
    }
}

//! MainServer as a sans-IO role: who is in the realm, and which world they go to.
//!
//! Purpose: says hello to clients, keeps the [`registry`] of worlds and the [`directory`] of users,
//! and takes users through [`enter`]ing a world. [`authenticator`] tells who somebody is, or that
//! Login has to be asked, which the [link to it](login_link) does.
//!
//! Contract: a user has at most one connection here and is sent to at most one world at a time. An
//! `EnterWorldReq` is always answered: with a world that expects the user, or with the reason. Worlds
//! and their users outlive Main: they register and report again.
//!
//! Bounds: users and worlds are what the storage lends; losing a world costs O(users).
//!
//! ```
//! use tinyrealm_core::node::main::MainConfig;
//! assert!(MainConfig::DEFAULT.attach_timeout_ms < MainConfig::DEFAULT.attach_ttl_ms);
//! ```

mod announcing;
pub mod authenticator;
pub mod chat;
mod claiming;
mod client_link;
#[cfg(feature = "sealed-clients")]
mod devices;
pub mod directory;
mod draining;
pub mod enter;
mod expiring;
#[cfg(feature = "moving")]
mod fitting;
mod hellos;
#[cfg(feature = "shares")]
mod holdings;
mod listing;
pub mod login_link;
mod mains;
mod memory;
#[cfg(feature = "moving")]
pub mod moving;
mod naming;
pub mod nicknames;
mod operating;
mod owed;
mod places;
mod registering;
pub mod registry;
mod revocations;
mod role;
pub mod rooms;
mod staying;
#[cfg(test)]
pub(crate) mod tests;
mod visits;
mod wishes;
mod world_link;

pub use authenticator::{Accounts, Authenticator, Guests, GuestsOrAccounts, Identity};
pub use chat::{ChatHub, ChatPolicy, MainChatStorage};
pub use claiming::PendingClaim;
pub use directory::{EntryKey, Place, UserDirectory, UserEntry};
#[cfg(feature = "moving")]
pub use fitting::MoveProblem;
pub use hellos::PendingHello;
pub use login_link::LoginLinkConfig;
pub use mains::{LivingMain, MainList};
pub use memory::{MainChatMemory, MainMemory, MainRoomMemory};
#[cfg(feature = "moving")]
pub use moving::{MOVE_TIMEOUT_MS, MOVES_MAX, MoveState, RoomMove};
pub use operating::UserLine;
pub use registry::{AllowedWorld, WORLD_COUNT_MAX, WorldEntry, WorldKey, WorldRegistry};
pub use rooms::{MainRoomStorage, RoomDirectory, RoomEntry, RoomKey};

use super::Context;
use super::chat::ChatMap;
use super::cluster::{ClusterSecrets, Gate, Refusals};
use super::directory::{ClaimBook, ClaimStorage};
use super::visit::VisitLog;
use crate::protocol::{ADDRESS_MAX_BYTES, ServerKind};
use crate::rate_limited_log::RateLimitedLog;
use crate::session::LinkTag;
use crate::storage::{Link, Slot};
use announcing::Announcer;
use draining::DrainOrders;
use login_link::LoginLink;
use naming::LostWorlds;

/// The links of Main, as its sessions' tags have them.
mod link {
    /// A peer who has neither said hello nor proven to be a server.
    pub(super) const STRANGER: u8 = 0;
    /// A client; the tag's index is the user's in the directory.
    pub(super) const CLIENT: u8 = 1;
    /// A world; the tag's index is the one in the registry.
    pub(super) const WORLD: u8 = 2;
    /// A peer who is being shown out.
    pub(super) const LEAVING: u8 = 3;
    /// A world that has proven its id, which is the tag's index, and has not registered.
    pub(super) const PROVEN: u8 = 4;
    /// Login.
    pub(super) const LOGIN: u8 = 5;
    /// A client whose token Login is asked about; the tag's index is the pending hello's.
    pub(super) const GREETING: u8 = 6;
    /// A chat server; the tag's index is that of the link to it.
    pub(super) const CHAT: u8 = 7;
    /// A client whose user is being claimed; the tag's index is the claim's.
    pub(super) const CLAIMING: u8 = 8;
}

/// The timers of Main: one a user, then the link to Login, who waits for it, the links to chat servers,
/// and who waits for the directory.
const fn login_link_timer(users: usize) -> u16 {
    users as u16
}

const fn hello_timer(users: usize) -> u16 {
    users as u16 + 1
}

const fn chat_timer(users: usize) -> u16 {
    users as u16 + 2
}

const fn claim_timer(users: usize) -> u16 {
    users as u16 + 3
}

/// How many timers a Main with room for `users` has.
pub const fn main_timers(users: usize) -> usize {
    users + 4
}

/// Main's own settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct MainConfig {
    /// How long a world may take to answer an attach or a detach.
    pub attach_timeout_ms: u32,
    /// How long a client may take to join the world that it was sent to.
    pub attach_ttl_ms: u32,
    /// What users are called.
    pub names: NamePolicy,
    /// For how long after its start no room with a name is made: its worlds are to tell of theirs first.
    pub registry_settle_ms: u32,
    /// For how long the names of a lost world's rooms are kept for it.
    pub room_hold_ms: u32,
    /// How long the directory of a realm of several Mains may take to say where a hello's user is; with Login's time for it
    /// below the greeting's timeout, or clients hear of that.
    pub claim_timeout_ms: u32,
    /// What users may do in channels.
    pub chat: ChatPolicy,
}

/// What users are called.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NamePolicy {
    /// As they like, or like their accounts.
    Any,
    /// Like their accounts; what else they want to be called is passed over.
    Accounts,
}

impl MainConfig {
    /// What a server starts with.
    pub const DEFAULT: Self = Self {
        attach_timeout_ms: 2_000,
        attach_ttl_ms: 15_000,
        registry_settle_ms: 3_000,
        room_hold_ms: 30_000,
        claim_timeout_ms: 1_500,
        names: NamePolicy::Any,
        chat: ChatPolicy::DEFAULT,
    };
}

/// Counters of one Main, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct MainStats {
    /// Clients welcomed.
    pub hellos: u32,
    /// Clients turned away.
    pub hellos_refused: u32,
    /// Clients sent to a world.
    pub enters: u32,
    /// Requests to enter that found no world.
    pub enters_refused: u32,
    /// Registrations of worlds.
    pub worlds_registered: u32,
    /// Worlds that have left the registry.
    pub worlds_lost: u32,
    /// Users who were let go because Login has revoked them.
    pub revoked: u32,
    /// Users who were turned away or let go because they are banned.
    pub banned: u32,
    /// Bans that games have asked for.
    pub game_bans: u32,
    /// Users who have said hello at another Main since.
    pub claims_lost: u32,
    /// Users without a connection here, known by a world's word only, who gave way to somebody else.
    pub displaced: u32,
}

/// The memory of a [`Main`], without its sessions'. It has [`main_timers`].
#[derive(Debug)]
pub struct MainStorage<'a> {
    /// The users.
    pub users: &'a mut [Slot<UserEntry>],
    /// Chains of `users`, as many as those.
    pub user_heads: &'a mut [Link],
    /// Links of `users`, as many as those.
    pub user_nexts: &'a mut [Link],
    /// The worlds, [`WORLD_COUNT_MAX`] at most.
    pub worlds: &'a mut [Slot<WorldEntry>],
    /// Clients whose tokens Login is asked about; none without a Login.
    pub hellos: &'a mut [Slot<PendingHello>],
    /// What the directory knows of users, and who waits for it; nothing if this is the realm's only Main.
    pub claims: ClaimStorage<'a, PendingClaim>,
    /// Channels and memberships; nothing for a Main without chat.
    pub chat: MainChatStorage<'a>,
    /// The directory of rooms; nothing if worlds choose rooms themselves.
    pub rooms: MainRoomStorage<'a>,
}

/// The role of Main; see the [module](self).
#[derive(Debug)]
pub struct Main<'a, A> {
    config: MainConfig,
    authenticator: A,
    gate: Gate<ClusterSecrets>,
    /// What the keys of the servers that it dials are derived from.
    secrets: ClusterSecrets,
    chat: ChatHub<'a>,
    users: UserDirectory<'a>,
    claims: ClaimBook<'a, PendingClaim>,
    worlds: WorldRegistry<'a>,
    lost_worlds: LostWorlds,
    drains: DrainOrders,
    mains: MainList,
    announcer: Announcer,
    rooms: RoomDirectory<'a>,
    allowed: &'a [AllowedWorld],
    login: LoginLink<'a>,
    next_attempt: u32,
    /// Where the search for somebody without a connection goes on.
    absent_hand: u16,
    /// Of worlds that have not answered.
    silence_log: RateLimitedLog,
    visits: VisitLog,
    stats: MainStats,
    #[cfg(feature = "moving")]
    moves: moving::Moves,
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// A Main that knows nobody, and takes worlds that have keys of `secrets`.
    pub fn new(
        storage: MainStorage<'a>,
        config: MainConfig,
        authenticator: A,
        secrets: ClusterSecrets,
    ) -> Self {
        Self {
            config,
            authenticator,
            gate: Gate::new(secrets.clone(), ServerKind::MAIN, ServerKind::WORLD),
            secrets,
            chat: ChatHub::new(storage.chat, config.chat),
            users: UserDirectory::new(storage.users, storage.user_heads, storage.user_nexts),
            claims: ClaimBook::new(storage.claims),
            worlds: WorldRegistry::new(storage.worlds),
            lost_worlds: LostWorlds::default(),
            drains: DrainOrders::default(),
            mains: MainList::new(),
            announcer: Announcer::default(),
            rooms: RoomDirectory::new(storage.rooms),
            allowed: &[],
            login: LoginLink::new(storage.hellos),
            next_attempt: 0,
            absent_hand: 0,
            silence_log: RateLimitedLog::default(),
            visits: VisitLog::NEW,
            stats: MainStats::default(),
            #[cfg(feature = "moving")]
            moves: moving::Moves::default(),
        }
    }

    /// With a list of the worlds that may register; an empty one names whoever has its id's key.
    #[must_use]
    pub const fn with_allowed_worlds(mut self, allowed: &'a [AllowedWorld]) -> Self {
        self.allowed = allowed;
        self
    }

    /// With a Login to ask: [`Main::start`] makes it look for it.
    #[must_use]
    pub fn with_login(mut self, config: LoginLinkConfig) -> Self {
        self.login.configure(config);
        self
    }

    /// The same Main with a chat server at `address`, `host:port`: [`Main::start`] makes it look for
    /// that.
    #[must_use]
    pub fn with_chat(mut self, address: heapless::String<ADDRESS_MAX_BYTES>) -> Self {
        self.chat.map = ChatMap::of_one(address);
        self
    }

    /// Begins to look for Login and chat servers, if there are to be such.
    pub fn start(&mut self, cx: &mut Context<'_, 'a>) {
        let seed = cx.turn().random_u32();
        self.rooms.start(seed, cx.now.after_ms(self.config.registry_settle_ms));
        if self.login.is_configured() {
            self.login_link_connect(cx);
        }
        if self.chat.channel_slots() > 0 {
            self.chat.set_seed(cx.turn().random_u32());
            self.dial_chat_servers(cx);
        }
    }

    /// Whether Login can be asked now.
    pub const fn has_login(&self) -> bool {
        self.login.live().is_some()
    }

    /// Where its Login is, and what that has refused; nothing if it is there.
    pub fn login_refusals(&self) -> (&str, Refusals) {
        let refusals = if self.has_login() { Refusals::NONE } else { self.login.refusals };
        (self.login.address(), refusals)
    }

    /// The same of its chat servers: of one that has refused anything.
    pub fn chat_refusals(&self) -> (&str, Refusals) {
        self.chat.refusals()
    }

    /// Its users' channels.
    pub const fn chat(&self) -> &ChatHub<'a> {
        &self.chat
    }

    fn circle_of(&self, tag: LinkTag) -> Link {
        let user = if tag.kind == link::CLIENT { self.users.at(tag.index) } else { None };
        user.map_or(Link::NONE, |user| user.chat)
    }

    /// What is claimed in the directory.
    pub const fn claims(&self) -> &ClaimBook<'a, PendingClaim> {
        &self.claims
    }

    /// The users whom it knows.
    pub const fn users(&self) -> &UserDirectory<'a> {
        &self.users
    }

    /// The rooms that its worlds have told of.
    pub const fn rooms(&self) -> &RoomDirectory<'a> {
        &self.rooms
    }

    /// The worlds that are registered.
    pub const fn worlds(&self) -> &WorldRegistry<'a> {
        &self.worlds
    }

    /// What it has been through.
    pub const fn stats(&self) -> &MainStats {
        &self.stats
    }
}

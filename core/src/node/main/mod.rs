//! MainServer as a sans-IO role: who is in the realm, and which world they go to.
//!
//! Purpose: says hello to clients, keeps the [`registry`] of worlds and the [`directory`] of users,
//! and takes users through [`enter`]ing a world. [`authenticator`] tells who somebody is.
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

pub mod authenticator;
mod client_link;
pub mod directory;
pub mod enter;
#[cfg(test)]
mod expiry_tests;
mod memory;
pub mod registry;
#[cfg(test)]
mod tests;
mod world_link;

pub use authenticator::{Authenticator, Guests};
pub use directory::{EntryKey, Place, UserDirectory, UserEntry};
pub use memory::MainMemory;
pub use registry::{WORLD_COUNT_MAX, WorldEntry, WorldKey, WorldRegistry};

use super::cluster::{ClusterSecret, Gate};
use super::{Caller, Context, Role};
use crate::protocol::{Dispatched, ErrorCode, ServerKind, client_to_main, world_to_main};
use crate::session::manager::Ended;
use crate::storage::{Key, Link, Slot};
use crate::wire::Frame;
use crate::wire::opcode::{DIALER, WORLD};

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
    /// A world that has proven to be of this realm, and has not registered.
    pub(super) const PROVEN: u8 = 4;
}

/// Main's own settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct MainConfig {
    /// How long a world may take to answer an attach or a detach.
    pub attach_timeout_ms: u32,
    /// How long a client may take to join the world that it was sent to.
    pub attach_ttl_ms: u32,
}

impl MainConfig {
    /// What a server starts with.
    pub const DEFAULT: Self = Self { attach_timeout_ms: 2_000, attach_ttl_ms: 15_000 };
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
}

/// The memory of a [`Main`], without its sessions'. Main has one timer a user.
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
}

/// The role of Main; see the [module](self).
#[derive(Debug)]
pub struct Main<'a, A> {
    config: MainConfig,
    authenticator: A,
    gate: Gate,
    users: UserDirectory<'a>,
    worlds: WorldRegistry<'a>,
    next_attempt: u32,
    stats: MainStats,
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// A Main that knows nobody, and takes worlds that know `secret`.
    pub fn new(
        storage: MainStorage<'a>,
        config: MainConfig,
        authenticator: A,
        secret: ClusterSecret,
    ) -> Self {
        Self {
            config,
            authenticator,
            gate: Gate::new(secret, ServerKind::MAIN, ServerKind::WORLD),
            users: UserDirectory::new(storage.users, storage.user_heads, storage.user_nexts),
            worlds: WorldRegistry::new(storage.worlds),
            next_attempt: 0,
            stats: MainStats::default(),
        }
    }

    /// The users whom it knows.
    pub const fn users(&self) -> &UserDirectory<'a> {
        &self.users
    }

    /// The worlds that are registered.
    pub const fn worlds(&self) -> &WorldRegistry<'a> {
        &self.worlds
    }

    /// What it has been through.
    pub const fn stats(&self) -> &MainStats {
        &self.stats
    }

    /// Moves a user, and counts it where it is expected.
    fn set_place(&mut self, key: EntryKey, place: Place) {
        let Some(user) = self.users.get_mut(key) else { return };
        let before = core::mem::replace(&mut user.place, place);
        if let Some(world) = before.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_sub(1);
        }
        if let Some(world) = place.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_add(1);
        }
    }

    /// A user without a connection and without a world is not in the realm.
    fn forget_if_gone(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        if user.place == Place::Outside && !cx.sessions.is_open(user.session) {
            self.disarm(cx, key);
            self.users.remove(key);
        }
    }

    fn client_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(key) = self.users.key_at(index) else { return };
        if let Some(user) = self.users.get_mut(key) {
            user.session = Key::DANGLING;
            user.wants_in = false;
        }
        self.forget_if_gone(cx, key);
    }
}

impl<'a, A: Authenticator> Role<'a> for Main<'a, A> {
    #[inline]
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::WORLD | link::PROVEN => world_to_main::dispatch(self, caller, frame),
            // The first message tells what a peer is.
            link::STRANGER if DIALER.contains(frame.opcode) => self.world_proves(caller, frame),
            link::STRANGER if WORLD.server_to_peer.contains(frame.opcode) => {
                self.out_of_place(caller, frame.opcode.0);
                Dispatched::Handled
            }
            link::STRANGER | link::CLIENT => client_to_main::dispatch(self, caller, frame),
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, _: i32) {
        if caller.tag.kind == link::STRANGER {
            self.gate.refused_by_peer(caller.now, code);
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        match ended.tag.kind {
            link::CLIENT => self.client_ended(cx, ended.tag.index),
            link::WORLD => {
                if let Some(world) = self.worlds.key_at(ended.tag.index) {
                    self.unregister(cx, world);
                }
            }
            _ => {}
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        if let Some(key) = self.users.key_at(timer) {
            self.enter_timer(cx, key);
        }
    }
}

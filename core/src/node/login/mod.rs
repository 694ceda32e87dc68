//! LoginServer as a sans-IO role: passwords for tokens, and tokens for uids.
//!
//! Purpose: takes logins of clients ([`LoginReq`](crate::protocol::client_to_login::LoginReq)) and
//! tokens of Mains ([`VerifyToken`](crate::protocol::main_to_login::VerifyToken)) that have proven
//! the [cluster's secret](super::cluster), and decides who may try. It tells those Mains what links of
//! [devices](super::device_key) are sealed with, too. It neither hashes nor stores: that is work
//! that it hands out ([`jobs`]) and whose outcomes it takes. [`attempts`] is what keeps guessing slow.
//!
//! Contract: a client's connection makes one attempt and is answered once. A wrong id and a wrong
//! password are the same here: the same count, the same work, the same answer. The token of a
//! `LoginAck` is drawn here and leaves in that answer only; outside there is only its hash.
//!
//! The driver's part, besides a node's: after each turn, [`Login::next_login`],
//! [`Login::next_verify`] and [`Login::next_revocations`] until each is `None`; when an outcome is there,
//! [`Login::finish_login`], [`Login::finish_verify`] and [`Login::finish_revocations`]; and
//! [`Login::store_changed`] when somebody has changed the accounts.
//!
//! Bounds: jobs and attempts are what the storage lends; no more are outside than [`LoginConfig`]
//! says.
//!
//! ```
//! use tinyrealm_core::node::login::LoginConfig;
//! assert!(LoginConfig::DEFAULT.account.free_failures < LoginConfig::DEFAULT.address.free_failures);
//! ```

pub mod attempts;
mod client_link;
pub mod devices;
pub mod jobs;
mod journal;
mod main_link;
mod memory;
mod origins;
pub mod revocations;
pub mod stats;
#[cfg(all(test, feature = "shares"))]
mod tests;
pub mod token;

pub use attempts::{Admission, AttemptBook, AttemptEntry, AttemptPolicy, Verdict};
pub use devices::DeviceClaim;
pub use jobs::{
    CountedBy, LoginKey, LoginSlot, LoginWork, VerifyKey, VerifyQuestion, VerifySlot, VerifyWork,
};
pub use memory::LoginMemory;
pub use revocations::{RevocationPage, RevocationWork};
pub use stats::LoginStats;
pub use token::TokenHash;

use super::cluster::{ClusterKeys, Gate};
use super::{Caller, Context, Role};
use crate::entropy::Turn;
use crate::protocol::{
    ACCOUNT_MAX_BYTES, Dispatched, ErrorCode, LoginDenial, Revision, SealKey, ServerKind, Token,
    Uid, client_to_login, main_to_login,
};
use crate::session::manager::Ended;
use crate::session::{SessionKey, SessionManager};
use crate::storage::Slot;
use crate::time::Instant;
use crate::wire::Frame;
use crate::wire::opcode::{DIALER, LOGIN};
use devices::Devices;
use jobs::JobBook;
use journal::Journal;
use origins::OriginBook;
use revocations::Asks;

/// The links of Login, as its sessions' tags have them.
mod link {
    /// A peer who has said nothing yet.
    pub(super) const STRANGER: u8 = 0;
    /// A client whose login is under way; the tag's index is the job's.
    pub(super) const CLIENT: u8 = 1;
    /// A Main that has proven to be of this realm; the tag's index is 1 while it is to be told the revision.
    pub(super) const MAIN: u8 = 2;
    /// A peer who is being shown out.
    pub(super) const LEAVING: u8 = 3;
}

/// Login's own settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct LoginConfig {
    /// Wrong passwords of one account.
    pub account: AttemptPolicy,
    /// Wrong passwords from one address (an IPv6 /64); of its /48 twice as many, and as many under way, are free.
    pub address: AttemptPolicy,
    /// Logins that are checked outside at once.
    pub logins_running: u16,
    /// Of the places for logins, in percent, those that only who was let in before gets, and as many that
    /// only others get: at most 50.
    pub kept_percent: u8,
    /// Tokens, and keys of devices, that are looked up outside at once.
    pub verifies_running: u16,
    /// When to come back if there is too much to do.
    pub busy_retry_ms: u32,
}

impl LoginConfig {
    /// What a server starts with.
    pub const DEFAULT: Self = Self {
        account: AttemptPolicy::ACCOUNT,
        address: AttemptPolicy::ADDRESS,
        logins_running: 2,
        kept_percent: 25,
        verifies_running: 64,
        busy_retry_ms: 500,
    };
}

/// What has become of a [`LoginWork`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum LoginOutcome {
    /// The password is right, and the token's hash is stored for good.
    Granted {
        /// Whose it is.
        uid: Uid,
        /// For how long the token is good, in seconds.
        ttl_s: u32,
        /// The generation of its password: another one for each that is set.
        generation: u64,
    },
    /// There is no token: `WRONG`, `DISABLED`, `BANNED` or `UNAVAILABLE`; or `LOCKED`, if it
    /// [was held back](LoginWork::is_held_back) and its device is none of the account's any more.
    Denied(LoginDenial),
    /// The same from whoever counts guesses beside this server: `WRONG`, `LOCKED` or `TOO_MANY`.
    Held {
        /// Why there is no token.
        reason: LoginDenial,
        /// When the next attempt may be made, from now.
        retry_after_ms: u32,
    },
}

/// What has become of a [`VerifyWork`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VerifyOutcome {
    /// The token is this user's, at this revision of the accounts; and the account's name.
    Verified(Uid, Revision, heapless::String<ACCOUNT_MAX_BYTES>),
    /// The device's links are sealed with this.
    Sealed(SealKey),
    /// It is nobody's, or not any more.
    Refused,
    /// That can't be found out now.
    Unavailable,
}

/// The memory of a [`Login`], without its sessions'. It has no timers.
#[derive(Debug)]
pub struct LoginStorage<'a> {
    /// Logins, queued and outside.
    pub logins: &'a mut [Slot<LoginSlot>],
    /// Tokens and keys of devices, queued and outside.
    pub verifies: &'a mut [Slot<VerifySlot>],
    /// As many as `verifies`.
    pub verify_queue: &'a mut [u16],
    /// Attempts by account; a multiple of [`attempts::WAYS`].
    pub accounts: &'a mut [AttemptEntry],
    /// Attempts by address; a multiple of [`attempts::WAYS`].
    pub addresses: &'a mut [AttemptEntry],
    /// Attempts by an IPv6 network; a multiple of [`attempts::WAYS`].
    pub networks: &'a mut [AttemptEntry],
    /// Attempts of those who were let in before, by where; a multiple of [`attempts::WAYS`].
    pub ways: &'a mut [AttemptEntry],
}

/// The role of Login; see the [module](self).
#[derive(Debug)]
pub struct Login<'a> {
    config: LoginConfig,
    gate: Gate<ClusterKeys>,
    jobs: JobBook<'a>,
    asks: Asks,
    accounts: AttemptBook<'a>,
    origins: OriginBook<'a>,
    /// Devices and addresses that accounts were let in from.
    ways: AttemptBook<'a>,
    devices: Devices,
    /// Keeps the books' keys from being chosen.
    seed: [u8; 16],
    journal: Journal,
    stats: LoginStats,
}

impl<'a> Login<'a> {
    /// A login server that nobody has tried, and that answers Mains which have `keys`. The turn's
    /// randomness seeds its books.
    pub fn new(
        storage: LoginStorage<'a>,
        config: LoginConfig,
        keys: ClusterKeys,
        turn: &mut Turn<'_>,
    ) -> Self {
        Self {
            gate: Gate::new(keys, ServerKind::LOGIN, ServerKind::MAIN),
            jobs: JobBook::new(
                storage.logins,
                storage.verifies,
                storage.verify_queue,
                config.kept_percent,
            ),
            asks: Asks::default(),
            accounts: AttemptBook::new(storage.accounts, config.account),
            origins: OriginBook::new(storage.addresses, storage.networks, config.address),
            ways: AttemptBook::new(storage.ways, config.account),
            devices: Devices::new(turn.random()),
            seed: turn.random(),
            journal: Journal::NEW,
            config,
            stats: LoginStats::default(),
        }
    }

    /// With a key that outlives it: devices that have logged in before are known.
    #[must_use]
    pub fn with_device_key(mut self, key: [u8; 32]) -> Self {
        self.devices = Devices::new(key);
        self
    }

    /// What it has been through.
    pub const fn stats(&self) -> &LoginStats {
        &self.stats
    }

    /// Logins that are queued or outside.
    pub const fn logins(&self) -> usize {
        self.jobs.logins()
    }

    /// Logins that are outside.
    pub const fn logins_running(&self) -> u16 {
        self.jobs.logins_running()
    }

    /// Tokens and keys of devices that are queued or outside.
    pub const fn verifies(&self) -> usize {
        self.jobs.verifies()
    }

    /// The next password to check, if one may be checked now.
    pub fn next_login(&mut self, cx: &mut Context<'_, 'a>) -> Option<LoginWork> {
        let most = self.config.logins_running;
        if !self.jobs.can_start_login(most) {
            return None;
        }
        self.jobs.start_login(most, Token(cx.turn().random()))
    }

    /// The next token, or key of a device, to look up, if one may be looked up now.
    pub fn next_verify(&mut self) -> Option<VerifyWork> {
        self.jobs.start_verify(self.config.verifies_running)
    }
}

impl<'a> Role<'a> for Login<'a> {
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::MAIN => main_to_login::dispatch(self, caller, frame),
            // The first message tells what a peer is.
            link::STRANGER if DIALER.contains(frame.opcode) => self.main_proves(caller, frame),
            link::STRANGER if LOGIN.peer_to_server.contains(frame.opcode) => {
                self.out_of_place(caller, frame.opcode.0);
                Dispatched::Handled
            }
            link::STRANGER | link::CLIENT => client_to_login::dispatch(self, caller, frame),
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, _: i32) {
        if caller.tag.kind == link::STRANGER {
            self.gate.refused_by_peer(caller.now, code);
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        if ended.tag.kind == link::CLIENT {
            self.client_ended(cx, ended.tag.index);
        }
    }

    /// A Main asks no faster than it takes the answers: half of what may wait for it is for those that are
    /// being found out. It goes on reading while its own words wait, so the two never wait for each other.
    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        sessions.is_server(key)
            && sessions.owed_buffers(key) > sessions.config().send_buffers_per_server / 2
    }

    fn before_transmit(&mut self, _: Instant, sessions: &mut SessionManager<'a>, key: SessionKey) {
        self.tell_revision(sessions, key);
    }
}

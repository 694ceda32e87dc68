//! `SessionManager`: all sessions of a node, from accept to gone.
//!
//! Purpose: the part of a node that is the same for every role. Roles call [`SessionManager::send`],
//! [`SessionManager::prove`] and [`SessionManager::close`]; the node's shell feeds it from the driver.
//!
//! Contract: every session that was accepted or connected ends exactly once, and its end is queued
//! for the role with the reason. A closed peer is told why, if it still takes bytes: error or
//! goodbye, then a shut connection, then at most `drain_timeout_ms` until it is dropped.
//!
//! Bounds: as many sessions as slots; private packets from a shared pool, `send_buffers_per_session`
//! each; one timer a session.
//!
//! What a session is and becomes is here; how it ends is in `ending`, what goes out in `outbound`, what
//! time does in `deadlines`, who gives way when it is crowded in `strangers`, what a WebSocket wants
//! besides in `web_socket`.
//!
//! ```
//! use tinyrealm_core::session::manager::Farewell;
//! use tinyrealm_core::protocol::ErrorCode;
//! let farewell = Farewell::Error { code: ErrorCode::MALFORMED, about: 0x2002 };
//! assert_eq!(farewell.code(), ErrorCode::MALFORMED);
//! ```

mod admission;
mod deadlines;
mod ending;
mod outbound;
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
mod sealed_messages;
#[cfg(feature = "secure")]
mod sealing;
mod storage;
#[cfg(feature = "shares")]
mod strangers;
#[cfg(test)]
mod tests;
#[cfg(feature = "websocket")]
mod web_socket;

#[cfg(feature = "websocket")]
pub use ending::UnsendableClose;
pub use ending::{Ended, Farewell};
pub use storage::SessionStorage;

use super::address::PeerAddress;
#[cfg(feature = "secure")]
use super::inlets::Inlets;
#[cfg(feature = "long-frames")]
use super::receiver::Standing;
#[cfg(feature = "secure")]
use super::seals::{SealStorage, Seals};
use super::session::{Flags, LinkTag, Session, SessionKey, Trust};
#[cfg(feature = "shares")]
use super::shares::Openings;
use super::shares::{AddressBook, AddressKey};
use super::state::{SessionEvent, SessionState};
use crate::config::NetConfig;
use crate::entropy::Turn;
use crate::stats::NetStats;
use crate::storage::{BufferPool, Ring, Table, WorkList};
use crate::time::Instant;
use crate::timer::TimerWheel;
use crate::wire::Framing;
#[cfg(feature = "websocket")]
use crate::wire::ws::MaskKeys;
#[cfg(feature = "shares")]
use strangers::Strangers;

/// Why a new peer is not taken.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Every session is taken.
    Full,
    /// Its address has too many connections.
    AddressLimit,
    /// Its address opens connections too often.
    TooOften,
    /// The node is closing down.
    ShuttingDown,
}

/// What the driver has to do with a session's transport.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum TransportRequest {
    /// Connect it; the address is the role's to tell.
    Connect,
    /// Shut our side of it, and go on reading.
    Shutdown,
    /// Let go of it. The key is stale.
    Drop,
}

/// All sessions of a node; see the [module](self).
#[derive(Debug)]
pub struct SessionManager<'a> {
    table: Table<'a, Session>,
    pool: BufferPool<'a>,
    wheel: TimerWheel<'a>,
    ready: WorkList<'a>,
    requests: WorkList<'a>,
    ended: Ring<'a, Ended>,
    addresses: AddressBook<'a>,
    #[cfg(feature = "shares")]
    openings: Openings<'a>,
    #[cfg(feature = "shares")]
    strangers: Strangers,
    config: NetConfig,
    stats: NetStats,
    /// A link to a server whose packets take more than half of what they may.
    crowded: Option<SessionKey>,
    /// Slots that strangers leave free for connections of our own, and how many of those there are.
    own_links: u16,
    own_sessions: u16,
    shutting_down: bool,
    #[cfg(feature = "log")]
    losses: ending::Losses,
    #[cfg(feature = "secure")]
    seals: Seals<'a>,
    /// What is said on WebSockets that we have opened is masked with these.
    #[cfg(feature = "websocket")]
    mask_keys: MaskKeys,
}

impl<'a> SessionManager<'a> {
    /// No sessions yet. The turn's randomness seeds the address index.
    pub fn new(storage: SessionStorage<'a>, config: NetConfig, turn: &mut Turn<'_>) -> Self {
        let pool = BufferPool::new(storage.send_bytes, storage.send_metas);
        #[cfg(feature = "long-frames")]
        let pool = pool.with_long(storage.send_long);
        let addresses = AddressBook::new(storage.addresses, storage.networks, turn.random_u32());
        Self {
            table: Table::new(storage.sessions),
            pool,
            wheel: TimerWheel::new(storage.levels, storage.timers, turn.now),
            ready: WorkList::new(storage.ready_queue, storage.ready_listed),
            requests: WorkList::new(storage.request_queue, storage.request_listed),
            ended: Ring::new(storage.ended),
            addresses,
            #[cfg(feature = "shares")]
            openings: Openings::new(storage.openings, turn.random_u32()),
            #[cfg(feature = "shares")]
            strangers: Strangers::NONE,
            config,
            stats: NetStats::default(),
            crowded: None,
            own_links: 0,
            own_sessions: 0,
            shutting_down: false,
            #[cfg(feature = "log")]
            losses: ending::Losses::default(),
            #[cfg(feature = "secure")]
            seals: Seals::new(&mut [], &mut [], 0, 0),
            #[cfg(feature = "websocket")]
            mask_keys: MaskKeys::default(),
        }
    }

    /// Lends what sealed links need; what comes in goes through `storage`'s inlets, which are the node's.
    #[cfg(feature = "secure")]
    pub(crate) fn lend_outlets(&mut self, storage: SealStorage<'a>) -> Inlets<'a> {
        let SealStorage { outlets, out_bytes, inlets, in_bytes, client_links } = storage;
        let inlets = Inlets::new(inlets, in_bytes);
        let client_links = client_links.min(outlets.len() as u16);
        self.seals = Seals::new(outlets, out_bytes, inlets.record_bytes(), client_links);
        inlets
    }

    /// Other times and limits count from now on: whoever is here has the deadline that it was given, and the next one by these.
    pub(crate) const fn set_limits(&mut self, limits: &NetConfig) {
        self.config = self.config.with_limits_of(limits);
    }

    /// Its limits and timeouts.
    pub const fn config(&self) -> &NetConfig {
        &self.config
    }

    /// What its sessions have been through.
    pub const fn stats(&self) -> &NetStats {
        &self.stats
    }

    /// How many sessions there can be.
    pub const fn capacity(&self) -> usize {
        self.table.capacity()
    }

    /// How many sessions live, in whatever state.
    pub const fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no session lives.
    pub const fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Pool buffers that hold private packets now.
    pub const fn buffers_in_use(&self) -> u16 {
        self.pool.in_use()
    }

    /// Pool buffers that are free now.
    pub const fn buffers_available(&self) -> usize {
        self.pool.available()
    }

    /// Bytes of one pool buffer.
    pub const fn buffer_bytes(&self) -> u16 {
        self.pool.buffer_bytes()
    }

    /// The session of `key`; `None` if it is gone.
    pub fn get(&self, key: SessionKey) -> Option<&Session> {
        self.table.get(key)
    }

    /// Whether frames are exchanged with this peer.
    pub fn is_open(&self, key: SessionKey) -> bool {
        self.get(key).is_some_and(|session| session.state.is_open())
    }

    /// What a session's peer has proven.
    #[cfg(feature = "long-frames")]
    pub(crate) fn standing(&self, key: SessionKey) -> Standing {
        match self.get(key).map(|session| session.state) {
            Some(SessionState::Ready) => Standing::Known,
            _ => Standing::Stranger,
        }
    }

    /// How the frames of a session stand on its transport.
    pub fn framing(&self, key: SessionKey) -> Framing {
        self.get(key).map_or(Framing::Stream, Session::framing)
    }

    /// The address that an accepted session has come from, as limits count it: a whole IPv4 address
    /// or an IPv6 /64.
    pub fn address(&self, key: SessionKey) -> Option<PeerAddress> {
        Some(self.addresses.group(self.address_key(key))?.first())
    }

    /// What the address of a session is called in [`SessionManager::shares`]; dangling for a session of
    /// our own.
    pub fn address_key(&self, key: SessionKey) -> AddressKey {
        #[cfg(feature = "shares")]
        let found = self.get(key).map(|session| session.address);
        #[cfg(not(feature = "shares"))]
        let found = self.get(key).map(|_| AddressKey::DANGLING);
        found.unwrap_or(AddressKey::DANGLING)
    }

    /// What each address holds, of whatever the role gives.
    pub const fn shares(&self) -> &AddressBook<'a> {
        &self.addresses
    }

    /// The same, to count.
    pub const fn shares_mut(&mut self) -> &mut AddressBook<'a> {
        &mut self.addresses
    }

    /// Every session with its key. O(sessions).
    pub fn iter(&self) -> impl Iterator<Item = (SessionKey, &Session)> {
        self.table.iter()
    }

    /// Remembers what a session is to its role.
    pub fn set_tag(&mut self, key: SessionKey, tag: LinkTag) {
        if let Some(session) = self.table.get_mut(key) {
            session.tag = tag;
        }
    }

    pub(crate) fn connected(&mut self, now: Instant, key: SessionKey) -> bool {
        self.change(now, key, SessionEvent::Connected)
    }

    /// Whether the peer has come to us and is no server that has proven itself.
    pub(crate) fn is_client(&self, key: SessionKey) -> bool {
        let session = self.table.get(key);
        session.is_some_and(|s| !s.flags.has(Flags::OUTBOUND) && !s.flags.has(Flags::TRUSTED))
    }

    /// The peer has proven who it is, and is trusted that far.
    pub fn prove(&mut self, now: Instant, key: SessionKey, trust: Trust) {
        if !self.change(now, key, SessionEvent::Prove) {
            return;
        }
        if let (Some(session), Trust::Server) = (self.table.get_mut(key), trust) {
            session.flags.set(Flags::TRUSTED);
        }
    }

    /// Moves a session along its table and arms its next deadline; `false` if `event` can't happen.
    fn change(&mut self, now: Instant, key: SessionKey, event: SessionEvent) -> bool {
        let Some(session) = self.table.get_mut(key) else {
            return false;
        };
        let Some(state) = session.state.after(event) else {
            return false;
        };
        #[cfg(feature = "shares")]
        let was_stranger = session.is_stranger();
        session.state = state;
        session.since = now.stamp();
        session.flags.clear(Flags::TOLD);
        #[cfg(feature = "shares")]
        match (was_stranger, session.is_stranger()) {
            (true, false) => self.remove_stranger(key),
            (false, true) => self.add_stranger(key),
            _ => {}
        }
        if matches!(state, SessionState::Lingering | SessionState::Gone) {
            self.requests.add(key.index());
        }
        self.arm(key, now);
        true
    }

    /// The next thing that the driver has to do with a transport.
    pub(crate) fn pop_request(&mut self) -> Option<(SessionKey, LinkTag, TransportRequest)> {
        while let Some(index) = self.requests.pop() {
            let Some(key) = self.table.key_at(index) else {
                continue;
            };
            let Some(session) = self.table.get_mut(key) else {
                continue;
            };
            let request = match session.state {
                SessionState::Connecting => TransportRequest::Connect,
                SessionState::Lingering => TransportRequest::Shutdown,
                SessionState::Gone => TransportRequest::Drop,
                SessionState::Greeting | SessionState::Ready | SessionState::Draining => continue,
            };
            if session.flags.has(Flags::TOLD) {
                continue;
            }
            session.flags.set(Flags::TOLD);
            let tag = session.tag;
            if request == TransportRequest::Drop {
                self.remove(key);
            }
            return Some((key, tag, request));
        }
        None
    }
}

//! The shell that every role shares: a packet's way from the driver to the role and back.

#[cfg(not(feature = "secure"))]
use self::unsealed::Inlets;
use super::{Context, Role};
use crate::config::NetConfig;
use crate::dispatch::PacketDispatcher;
use crate::entropy::Turn;
use crate::protocol::ErrorCode;
#[cfg(feature = "secure")]
use crate::session::SealStorage;
#[cfg(feature = "secure")]
use crate::session::inlets::Inlets;
use crate::session::manager::{Refusal, TransportRequest};
use crate::session::session::SessionKey;
use crate::session::{PeerAddress, Receiver, ReceiverStorage, SessionManager, SessionStorage};
use crate::stats::NetStats;
use crate::time::Instant;

mod reception;
#[cfg(feature = "secure")]
mod sealed;
#[cfg(test)]
mod tests;
mod transmission;
#[cfg(not(feature = "secure"))]
mod unsealed;
#[cfg(feature = "websocket")]
mod web_socket;

/// The memory of a [`Node`], without its role's.
#[derive(Debug)]
pub struct NodeStorage<'a> {
    /// Sessions, their private packets and their timers.
    pub sessions: SessionStorage<'a>,
    /// Partial frames.
    pub receiver: ReceiverStorage<'a>,
    /// Sealed links; without any, none is sealed.
    #[cfg(feature = "secure")]
    pub seals: SealStorage<'a>,
}

/// How much of what was received has been taken.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// All of it.
    All,
    /// The first bytes only: offer the rest again after the next round of `poll_transmit`.
    Part(usize),
}

/// What the node wants of its driver.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Request<'n> {
    /// Connect to `address`, then `handle_connected` or `handle_connect_failed`.
    Connect {
        /// The session to connect.
        key: SessionKey,
        /// `host:port`.
        address: &'n str,
    },
    /// Shut the sending side, and go on reading until the peer's end: `handle_disconnected`.
    Shutdown {
        /// The session to shut.
        key: SessionKey,
    },
    /// Let go of the transport at once. The key is stale: no `handle_disconnected`.
    Drop {
        /// The session that was.
        key: SessionKey,
    },
}

/// Why a connection is not to be had.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ConnectFailure {
    /// The host's name leads to no address.
    Unresolved,
    /// Nobody takes connections there, or there is no way there.
    Unreachable,
}

impl ConnectFailure {
    const fn code(self) -> ErrorCode {
        match self {
            Self::Unresolved => ErrorCode::UNRESOLVED,
            Self::Unreachable => ErrorCode::UNREACHABLE,
        }
    }
}

/// What has been offered to the driver and not been answered by `handle_transmitted` yet.
#[derive(Debug)]
struct InFlight {
    key: SessionKey,
    private_bytes: usize,
    ring_bytes: usize,
    /// Of a record, whose frames have been taken already.
    #[cfg(feature = "secure")]
    record_bytes: usize,
}

impl InFlight {
    const fn offered_bytes(&self) -> usize {
        #[cfg(feature = "secure")]
        return self.private_bytes + self.ring_bytes + self.record_bytes;
        #[cfg(not(feature = "secure"))]
        return self.private_bytes + self.ring_bytes;
    }
}

/// One role with its sessions; see the [module](super).
#[derive(Debug)]
pub struct Node<'a, R> {
    inlets: Inlets<'a>,
    receiver: Receiver<'a>,
    sessions: SessionManager<'a>,
    dispatcher: PacketDispatcher,
    in_flight: Option<InFlight>,
    role: R,
}

impl<'a, R: Role<'a>> Node<'a, R> {
    /// A node without sessions. `start` may open the role's own connections.
    pub fn new(storage: NodeStorage<'a>, config: NetConfig, role: R, turn: &mut Turn<'_>) -> Self {
        let mut sessions = SessionManager::new(storage.sessions, config, turn);
        sessions.keep_for_own_links(role.own_links());
        #[cfg_attr(not(feature = "websocket"), expect(unused_mut))]
        let mut receiver = Receiver::new(storage.receiver, config.frame_limit_bytes);
        #[cfg(feature = "websocket")]
        receiver.admit_pages(config.origins, config.hosts);
        #[cfg(feature = "secure")]
        let inlets = sessions.lend_outlets(storage.seals);
        #[cfg(not(feature = "secure"))]
        let inlets = Inlets::default();
        let dispatcher = PacketDispatcher::default();
        Self { inlets, receiver, sessions, dispatcher, in_flight: None, role }
    }

    /// Other times and limits count from now on, those of [`NetConfig::with_limits_of`]: whoever is here has the deadline that it was
    /// given, and the next one by these.
    pub const fn set_limits(&mut self, limits: &NetConfig) {
        self.sessions.set_limits(limits);
    }

    /// The role.
    pub const fn role(&self) -> &R {
        &self.role
    }

    /// The role, when the node has done its work.
    pub fn into_role(self) -> R {
        self.role
    }

    /// The role and its sessions, for whoever acts on the node from outside (a client's user).
    pub fn act<T>(
        &mut self,
        turn: &mut Turn<'_>,
        act: impl FnOnce(&mut R, &mut Context<'_, 'a>) -> T,
    ) -> T {
        let outcome = act(&mut self.role, &mut Context::new(turn, &mut self.sessions));
        self.settle(turn);
        outcome
    }

    /// The sessions.
    pub const fn sessions(&self) -> &SessionManager<'a> {
        &self.sessions
    }

    /// What the sessions have been through.
    pub const fn stats(&self) -> &NetStats {
        self.sessions.stats()
    }

    /// Pool buffers that hold partial frames now.
    pub const fn receive_buffers_in_use(&self) -> u16 {
        self.receiver.buffers_in_use()
    }

    /// Long buffers that hold partial frames now.
    #[cfg(feature = "long-frames")]
    pub const fn long_receive_buffers_in_use(&self) -> u16 {
        self.receiver.long_buffers_in_use()
    }

    /// A peer has connected.
    ///
    /// # Errors
    /// Why it is not taken; the driver closes the transport then.
    pub fn handle_accepted(
        &mut self,
        turn: &mut Turn<'_>,
        address: PeerAddress,
    ) -> Result<SessionKey, Refusal> {
        let key = self.sessions.accept(turn.now, address)?;
        #[cfg(feature = "websocket")]
        let is_open = self.is_open_at_once(key);
        #[cfg(not(feature = "websocket"))]
        let is_open = true;
        self.role.on_accepted(&mut Context::new(turn, &mut self.sessions), key);
        if is_open {
            self.role.on_opened(&mut Context::new(turn, &mut self.sessions), key);
        }
        self.settle(turn);
        Ok(key)
    }

    /// A [`Request::Connect`] has succeeded.
    pub fn handle_connected(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        if self.sessions.connected(turn.now, key) {
            #[cfg(feature = "websocket")]
            let is_open = !self.begins_handshake(turn, key);
            #[cfg(not(feature = "websocket"))]
            let is_open = true;
            if is_open {
                self.role.on_connected(&mut Context::new(turn, &mut self.sessions), key);
                self.role.on_opened(&mut Context::new(turn, &mut self.sessions), key);
            }
            self.settle(turn);
        }
    }

    /// A [`Request::Connect`] has failed; the driver holds no transport for it.
    pub fn handle_connect_failed(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        failure: ConnectFailure,
    ) {
        self.end_transport(turn, key, failure.code());
    }

    /// Whether this session's peer is heard again only when it has taken more of what it is owed: what was
    /// not taken of its input has to wait for that.
    pub fn is_waiting(&self, key: SessionKey) -> bool {
        self.role.must_answer_first(&self.sessions, key)
    }

    /// The transport has ended, by the peer or by an error, and the driver has let go of it. Who has said
    /// goodbye before has ended already; everyone else is lost.
    pub fn handle_disconnected(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        self.end_transport(turn, key, ErrorCode::LOST);
    }

    fn end_transport(&mut self, turn: &mut Turn<'_>, key: SessionKey, reason: ErrorCode) {
        self.forget_partial_frame(key);
        self.sessions.disconnected(turn.now, key, reason);
        self.settle(turn);
    }

    /// Tells the role which sessions have ended meanwhile, before it hears of anything else: what it
    /// keeps for them must not be given to others first. Telling may end others.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        while let Some(ended) = self.sessions.pop_ended() {
            self.role.on_ended(&mut Context::new(turn, &mut self.sessions), ended);
        }
    }

    /// When [`Node::handle_timeout`] is due; `None` for never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.sessions.has_ended() {
            // A session has ended while it was transmitted to: the role is still to be told.
            return Some(Instant::ZERO);
        }
        match (self.sessions.next_deadline(), self.role.next_deadline()) {
            (Some(wheel), Some(role)) => Some(wheel.min(role)),
            (wheel, role) => wheel.or(role),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        while let Some(timer) = self.sessions.pop_role_timer(turn.now) {
            self.settle(turn);
            self.role.on_timer(&mut Context::new(turn, &mut self.sessions), timer);
        }
        self.settle(turn);
        if self.role.next_deadline().is_some_and(|at| at <= turn.now) {
            self.role.on_deadline(&mut Context::new(turn, &mut self.sessions));
        }
        self.settle(turn);
    }

    /// The node is to close down: every peer is told. Go on driving until [`Node::is_finished`].
    pub fn handle_shutdown(&mut self, turn: &mut Turn<'_>) {
        self.sessions.shut_down(turn.now);
        self.role.on_shutdown(&mut Context::new(turn, &mut self.sessions));
        self.settle(turn);
    }

    /// Whether a node that is closing down has no session left.
    pub const fn is_finished(&self) -> bool {
        self.sessions.is_shutting_down() && self.sessions.is_empty()
    }

    /// The next thing that the driver has to do with a transport.
    pub fn poll_request(&mut self) -> Option<Request<'_>> {
        let (key, tag, request) = self.sessions.pop_request()?;
        Some(match request {
            TransportRequest::Connect => Request::Connect { key, address: self.role.address(tag) },
            TransportRequest::Shutdown => Request::Shutdown { key },
            TransportRequest::Drop => {
                self.receiver.release(key.index());
                Request::Drop { key }
            }
        })
    }
}

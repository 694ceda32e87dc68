//! `Engine`: a node and its links, one turn at a time.
//!
//! ```text
//!             listen              a peer knocks             it answers
//!  Closed ────────────► Listening ────────────► Knocked ────────────────┐
//!    ▲  │                   ▲                      │ too slow           ▼    Shutdown: shut,
//!    │  │ Connect           └──────────────────────┼─────────────────  Open  goes on receiving
//!    │  └─────────────► Dialing ───────────────────┼────────────────────▲
//!    │                     │ failed, dropped       │                    │ ended
//!    │                     ▼                       ▼      too slow      ▼
//!    ├──────────────── Resetting ◄──────────────────────────────── Finishing
//!    └───────────────────────────────────────────── all has arrived ────┘
//! ```
//! Links `0 .. listeners` listen whenever they are free; the others are for connections of our own.
//!
//! Contract: bytes that the node does not take stay in the socket. Frames are sent whole, so a link's
//! send buffer has to hold the longest one: a peer that is owed one that it does not hold is closed,
//! and counted ([`Engine::unsendable`]). What was sent before a connection's end arrives, if the
//! peer takes it in time.
//!
//! Bounds: no link waits for a peer without a limit: [`KNOCK_TIMEOUT_MS`], [`FINISH_TIMEOUT_MS`] and
//! [`RESET_TIMEOUT_MS`] here, the node's own timeouts while a session lives.

use core::net::SocketAddr;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{ConnectFailure, Node, Request, Role};
use tinyrealm_core::session::SessionKey;
use tinyrealm_core::time::{Instant, Stamp};

use crate::bank::{SocketBank, SocketState};

#[cfg(test)]
mod tests;
mod traffic;

/// How long a peer may take to complete a connection: it holds a listening socket meanwhile.
pub const KNOCK_TIMEOUT_MS: u32 = 5_000;
/// How long the last bytes of an ended session may take to arrive.
pub const FINISH_TIMEOUT_MS: u32 = 2_000;
/// How long a peer that is given up may stay out of reach of being told so.
pub const RESET_TIMEOUT_MS: u32 = 1_000;

/// The longest way of a link in one turn: it ends, is free, listens, is knocked at, is open, has said
/// all that it has to say, ends.
const STEPS_PER_TURN: usize = 8;

/// One link of an [`Engine`]'s storage.
#[derive(Copy, Clone, Debug)]
pub struct Link {
    state: LinkState,
    /// The room that was left when the next frame did not fit.
    blocked_at_room: Option<u16>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum LinkState {
    Closed,
    Listening,
    Knocked(Stamp),
    Dialing(SessionKey),
    Open(SessionKey),
    Finishing(Stamp),
    Resetting(Stamp),
}

impl LinkState {
    const fn key(self) -> Option<SessionKey> {
        match self {
            Self::Dialing(key) | Self::Open(key) => Some(key),
            Self::Closed
            | Self::Listening
            | Self::Knocked(_)
            | Self::Finishing(_)
            | Self::Resetting(_) => None,
        }
    }

    /// Since when it waits for its peer, and for how long at most.
    const fn limit(self) -> Option<(Stamp, u32)> {
        match self {
            Self::Knocked(since) => Some((since, KNOCK_TIMEOUT_MS)),
            Self::Finishing(since) => Some((since, FINISH_TIMEOUT_MS)),
            Self::Resetting(since) => Some((since, RESET_TIMEOUT_MS)),
            Self::Closed | Self::Listening | Self::Dialing(_) | Self::Open(_) => None,
        }
    }

    fn is_overdue(self, now: Instant) -> bool {
        self.limit().is_some_and(|(since, limit_ms)| since.age_ms(now) >= limit_ms)
    }
}

impl Link {
    /// A link without a connection.
    pub const CLOSED: Self = Self { state: LinkState::Closed, blocked_at_room: None };

    /// Whether something of it has to be sent before more fits.
    pub const fn is_blocked(&self) -> bool {
        self.blocked_at_room.is_some()
    }
}

/// A node and its links; see the [module](self).
#[derive(Debug)]
pub struct Engine<'a, R> {
    node: Node<'a, R>,
    links: &'a mut [Link],
    listeners: usize,
    /// The time of the last turn.
    now: Instant,
    /// The receive buffers that were taken when a link found none for its partial frame.
    starved_at: Option<u16>,
    unsendable: u32,
}

impl<'a, R: Role<'a>> Engine<'a, R> {
    /// An engine whose first `listeners` links listen.
    pub const fn new(node: Node<'a, R>, links: &'a mut [Link], listeners: usize) -> Self {
        Self { node, links, listeners, now: Instant::ZERO, starved_at: None, unsendable: 0 }
    }

    /// The node.
    pub const fn node(&self) -> &Node<'a, R> {
        &self.node
    }

    /// The node, to act on from outside.
    pub const fn node_mut(&mut self) -> &mut Node<'a, R> {
        &mut self.node
    }

    /// The links.
    pub const fn links(&self) -> &[Link] {
        self.links
    }

    /// Sessions that were closed because a frame for them is longer than their link's send buffer.
    /// Anything but 0 says that the send buffers are too small.
    pub const fn unsendable(&self) -> u32 {
        self.unsendable
    }

    /// When the next turn is due, if no socket has anything before.
    pub fn next_turn(&self) -> Option<Instant> {
        if self.starved_at.is_some_and(|taken| self.node.receive_buffers_in_use() < taken) {
            // A buffer has become free after its link had its turn.
            return Some(Instant::ZERO);
        }
        let limits = self.links.iter().filter_map(|link| link.state.limit());
        let limits = limits.map(|(since, limit_ms)| since.after_ms(limit_ms, self.now));
        limits.chain(self.node.poll_timeout()).min()
    }

    /// Lets the node have what has come, lets time act, and sends what it has to say.
    pub fn turn(&mut self, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        self.now = turn.now;
        self.starved_at = None;
        for number in 0..self.links.len() {
            self.follow(number, turn, bank);
        }
        if self.node.poll_timeout().is_some_and(|at| at <= turn.now) {
            self.node.handle_timeout(turn);
        }
        self.transmit(turn, bank);
        while self.fulfil_requests(turn, bank) {
            self.transmit(turn, bank);
        }
    }

    /// Whether a node that is closing down has no session left, and all that it has said has arrived.
    pub fn is_finished(&self) -> bool {
        let is_on_its_way =
            |link: &Link| matches!(link.state, LinkState::Finishing(_) | LinkState::Resetting(_));
        self.node.is_finished() && !self.links.iter().any(is_on_its_way)
    }

    fn set(&mut self, number: usize, state: LinkState) {
        if let Some(link) = self.links.get_mut(number) {
            *link = Link { state, blocked_at_room: None };
        }
    }

    fn follow(&mut self, number: usize, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        for _ in 0..STEPS_PER_TURN {
            if !self.step(number, turn, bank) {
                return;
            }
        }
    }

    /// One step of a link after its socket; answers whether there may be another.
    fn step(&mut self, number: usize, turn: &mut Turn<'_>, bank: &mut impl SocketBank) -> bool {
        let Some(Link { state, .. }) = self.links.get(number).copied() else { return false };
        match (state, bank.state(number)) {
            (LinkState::Closed, SocketState::Idle) => self.listen(number, bank),
            // Given up for good, or free as soon as its peer is told.
            (LinkState::Closed, SocketState::Resetting) => false,
            (LinkState::Closed, _) => self.reset(number, bank),

            (LinkState::Listening, SocketState::Listening) => false,
            (LinkState::Listening, SocketState::Connecting) => {
                self.set(number, LinkState::Knocked(turn.now.stamp()));
                false
            }
            (LinkState::Knocked(_), SocketState::Listening) => {
                self.set(number, LinkState::Listening);
                false
            }
            (LinkState::Knocked(_), SocketState::Connecting) => {
                state.is_overdue(turn.now) && self.reset(number, bank)
            }
            (
                LinkState::Listening | LinkState::Knocked(_),
                SocketState::Open | SocketState::Ended,
            ) => self.accept(number, turn, bank),
            (
                LinkState::Listening | LinkState::Knocked(_),
                SocketState::Idle | SocketState::Resetting,
            ) => self.free(number, bank),

            (LinkState::Dialing(_), SocketState::Connecting) => false,
            (LinkState::Dialing(key), SocketState::Open | SocketState::Ended) => {
                self.set(number, LinkState::Open(key));
                self.node.handle_connected(turn, key);
                true
            }
            (
                LinkState::Dialing(key),
                SocketState::Idle | SocketState::Listening | SocketState::Resetting,
            ) => {
                self.free(number, bank);
                self.node.handle_connect_failed(turn, key, ConnectFailure::Unreachable);
                false
            }

            (LinkState::Open(key), SocketState::Open) => {
                self.unblock(number, key, bank);
                self.receive(number, key, turn, bank)
            }
            (LinkState::Open(key), _) => self.end(number, key, turn, bank),

            (LinkState::Finishing(_) | LinkState::Resetting(_), SocketState::Idle) => {
                self.free(number, bank)
            }
            (LinkState::Finishing(_), _) => state.is_overdue(turn.now) && self.reset(number, bank),
            // Whoever can't be told finds out.
            (LinkState::Resetting(_), _) => state.is_overdue(turn.now) && self.free(number, bank),
        }
    }

    fn free(&mut self, number: usize, bank: &mut impl SocketBank) -> bool {
        self.set(number, LinkState::Closed);
        self.listen(number, bank)
    }

    fn listen(&mut self, number: usize, bank: &mut impl SocketBank) -> bool {
        let listens = number < self.listeners && !self.node.sessions().is_shutting_down();
        if listens {
            bank.listen(number);
            self.set(number, LinkState::Listening);
        }
        listens
    }

    fn accept(&mut self, number: usize, turn: &mut Turn<'_>, bank: &mut impl SocketBank) -> bool {
        match self.node.handle_accepted(turn, bank.peer(number)) {
            Ok(key) => {
                self.set(number, LinkState::Open(key));
                true
            }
            Err(_) => self.reset(number, bank),
        }
    }

    /// The peer has closed its side. It has its answers, and then the session ends.
    fn end(
        &mut self,
        number: usize,
        key: SessionKey,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) -> bool {
        self.transmit(turn, bank);
        if position_of(self.links, key) != Some(number) {
            // It was given up for what it is owed.
            return true;
        }
        bank.shut(number);
        self.set(number, LinkState::Finishing(turn.now.stamp()));
        self.node.handle_disconnected(turn, key);
        true
    }

    fn reset(&mut self, number: usize, bank: &mut impl SocketBank) -> bool {
        bank.abort(number);
        self.set(number, LinkState::Resetting(self.now.stamp()));
        true
    }

    /// Answers whether a connection of our own has begun, which may stand at once.
    fn fulfil_requests(&mut self, turn: &mut Turn<'_>, bank: &mut impl SocketBank) -> bool {
        let mut has_dialed = false;
        while let Some(request) = self.node.poll_request() {
            match request {
                Request::Connect { key, address } => {
                    // The drivers have IPv4 alone; reading the other kind is a kilobyte of flash.
                    let address = address.parse().ok().map(SocketAddr::V4);
                    self.dial(key, address, turn, bank);
                    has_dialed = true;
                }
                Request::Shutdown { key } => {
                    if let Some(number) = position_of(self.links, key) {
                        bank.shut(number);
                    }
                }
                Request::Drop { key } => {
                    if let Some(number) = position_of(self.links, key) {
                        self.reset(number, bank);
                    }
                }
            }
        }
        has_dialed
    }

    fn dial(
        &mut self,
        key: SessionKey,
        address: Option<SocketAddr>,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) {
        let own = self.links.iter().enumerate().skip(self.listeners);
        let mut own = own.filter(|(_, link)| link.state == LinkState::Closed);
        if let (Some((number, _)), Some(address)) = (own.next(), address)
            && bank.connect(number, address)
        {
            self.set(number, LinkState::Dialing(key));
            self.follow(number, turn, bank);
            return;
        }
        let failure = match address {
            Some(_) => ConnectFailure::Unreachable,
            None => ConnectFailure::Unresolved,
        };
        self.node.handle_connect_failed(turn, key, failure);
    }
}

fn position_of(links: &[Link], key: SessionKey) -> Option<usize> {
    links.iter().position(|link| link.state.key() == Some(key))
}

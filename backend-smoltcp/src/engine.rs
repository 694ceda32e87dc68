//! `Engine`: a node and its links, one turn at a time.
//!
//! ```text
//!            listen                    a peer has come
//!  Closed ────────────► Listening ───────────────────────► Open ──┐ ended: handle_disconnected
//!    ▲  │ Connect                       connected          ▲ │    │
//!    │  └─────────────► Dialing ───────────────────────────┘ │ Shutdown: shut, goes on receiving
//!    │                     │ failed                          │ Drop
//!    └──── Resetting ◄─────┴─────────────────────────────────┘
//! ```
//! Links `0 .. listeners` listen whenever they are free; the others are for connections of our own.
//!
//! Contract: bytes that the node does not take stay in the socket. Frames are sent whole, so a link's
//! send buffer has to hold the longest one.

use core::net::SocketAddr;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Node, Request, Role, Taken};
use tinyrealm_core::session::SessionKey;
use tinyrealm_core::time::Instant;

use crate::bank::{SocketBank, SocketState};

/// One link of an [`Engine`]'s storage.
#[derive(Copy, Clone, Debug)]
pub struct Link {
    state: LinkState,
    /// The room that it had when it had too little; 0 while it is not blocked.
    blocked_at_room: Option<u16>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum LinkState {
    Closed,
    Listening,
    Dialing(SessionKey),
    Open(SessionKey),
    Resetting,
}

impl Link {
    /// A link without a connection.
    pub const CLOSED: Self = Self { state: LinkState::Closed, blocked_at_room: None };

    const fn key(&self) -> Option<SessionKey> {
        match self.state {
            LinkState::Dialing(key) | LinkState::Open(key) => Some(key),
            LinkState::Closed | LinkState::Listening | LinkState::Resetting => None,
        }
    }

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
}

impl<'a, R: Role<'a>> Engine<'a, R> {
    /// An engine whose first `listeners` links listen.
    pub const fn new(node: Node<'a, R>, links: &'a mut [Link], listeners: usize) -> Self {
        Self { node, links, listeners }
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

    /// When the next turn is due, if no socket has anything before.
    pub fn next_turn(&self) -> Option<Instant> {
        self.node.poll_timeout()
    }

    /// Lets the node have what has come, lets time act, and sends what it has to say.
    pub fn turn(&mut self, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        for number in 0..self.links.len() {
            self.follow(number, turn, bank);
        }
        if self.node.poll_timeout().is_some_and(|at| at <= turn.now) {
            self.node.handle_timeout(turn);
        }
        self.transmit(turn.now, bank);
        self.fulfil_requests(turn, bank);
    }

    /// Whether a node that is closing down has no session left.
    pub const fn is_finished(&self) -> bool {
        self.node.is_finished()
    }

    fn set(&mut self, number: usize, state: LinkState) {
        if let Some(link) = self.links.get_mut(number) {
            *link = Link { state, blocked_at_room: None };
        }
    }

    fn follow(&mut self, number: usize, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        let Some(link) = self.links.get(number) else { return };
        match (link.state, bank.state(number)) {
            (LinkState::Closed, SocketState::Idle) => self.listen(number, bank),
            (LinkState::Listening, SocketState::Open) => self.accept(number, turn, bank),
            (LinkState::Listening | LinkState::Resetting, SocketState::Idle) => {
                self.set(number, LinkState::Closed);
                self.listen(number, bank);
            }
            (LinkState::Dialing(key), SocketState::Open) => {
                self.set(number, LinkState::Open(key));
                self.node.handle_connected(turn, key);
            }
            (LinkState::Dialing(key), SocketState::Idle | SocketState::Ended) => {
                self.reset(number, bank);
                self.node.handle_connect_failed(turn, key);
            }
            (LinkState::Open(key), SocketState::Open) => {
                self.unblock(number, key, bank);
                self.receive(number, key, turn, bank);
            }
            (LinkState::Open(key), SocketState::Ended | SocketState::Idle) => {
                self.reset(number, bank);
                self.node.handle_disconnected(turn, key);
            }
            (LinkState::Listening, SocketState::Ended) => self.reset(number, bank),
            (LinkState::Closed | LinkState::Resetting, SocketState::Open | SocketState::Ended) => {
                self.reset(number, bank);
            }
            (_, SocketState::Waiting) => {}
        }
    }

    fn listen(&mut self, number: usize, bank: &mut impl SocketBank) {
        if number < self.listeners && !self.node.sessions().is_shutting_down() {
            bank.listen(number);
            self.set(number, LinkState::Listening);
        }
    }

    fn accept(&mut self, number: usize, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        match self.node.handle_accepted(turn, bank.peer(number)) {
            Ok(key) => {
                self.set(number, LinkState::Open(key));
                self.receive(number, key, turn, bank);
            }
            Err(_) => self.reset(number, bank),
        }
    }

    fn reset(&mut self, number: usize, bank: &mut impl SocketBank) {
        bank.abort(number);
        self.set(number, LinkState::Resetting);
    }

    /// A link that had too little room has more now.
    fn unblock(&mut self, number: usize, key: SessionKey, bank: &impl SocketBank) {
        let Some(link) = self.links.get_mut(number) else { return };
        if link.blocked_at_room.is_some_and(|before| bank.room(number) > usize::from(before)) {
            link.blocked_at_room = None;
            self.node.handle_writable(key);
        }
    }

    /// Hands over what lies there. Where the node wants to write first, it does, and goes on; what it
    /// has no buffer for stays where it is.
    fn receive(
        &mut self,
        number: usize,
        key: SessionKey,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) {
        loop {
            let node = &mut self.node;
            let mut taken_of_all = 0;
            let lay_there = bank.receive(number, &mut |bytes| {
                taken_of_all = match node.handle_received(turn, key, bytes) {
                    Taken::All => bytes.len(),
                    Taken::Part(count) => count,
                };
                taken_of_all
            });
            if lay_there == 0 {
                return;
            }
            let has_sent = taken_of_all < lay_there && self.transmit(turn.now, bank);
            if taken_of_all == 0 && !has_sent {
                return;
            }
        }
    }

    /// Sends what the node has to say, whole frames only; answers whether there was any.
    fn transmit(&mut self, now: Instant, bank: &mut impl SocketBank) -> bool {
        let mut has_sent = false;
        while let Some(transmit) = self.node.poll_transmit(now) {
            let number = self.links.iter().position(|link| link.key() == Some(transmit.key()));
            let room = number.map_or(0, |number| bank.room(number));
            let (total, count) = (transmit.bytes(), transmit.whole_frames(room));
            if let Some(number) = number {
                let mut left = count;
                for part in transmit.slices() {
                    let (now_sent, _) = part.split_at(left.min(part.len()));
                    if !now_sent.is_empty() {
                        bank.send(number, now_sent);
                    }
                    left -= now_sent.len();
                }
                if count < total
                    && let Some(link) = self.links.get_mut(number)
                {
                    let after = room - count;
                    link.blocked_at_room = Some(u16::try_from(after).unwrap_or(u16::MAX));
                }
            }
            has_sent |= count > 0;
            self.node.handle_transmitted(now, count);
        }
        has_sent
    }

    fn number_of(&self, key: SessionKey) -> Option<usize> {
        self.links.iter().position(|link| link.key() == Some(key))
    }

    fn fulfil_requests(&mut self, turn: &mut Turn<'_>, bank: &mut impl SocketBank) {
        while let Some(request) = self.node.poll_request() {
            match request {
                Request::Connect { key, address } => {
                    let address = address.parse().ok();
                    self.dial(key, address, turn, bank);
                }
                Request::Shutdown { key } => {
                    if let Some(number) = self.number_of(key) {
                        bank.shut(number);
                    }
                }
                Request::Drop { key } => {
                    if let Some(number) = self.number_of(key) {
                        self.reset(number, bank);
                    }
                }
            }
        }
    }

    fn dial(
        &mut self,
        key: SessionKey,
        address: Option<SocketAddr>,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) {
        let mut numbers = self.listeners..self.links.len();
        let free = numbers.find(|number| {
            let link = self.links.get(*number);
            link.is_some_and(|link| link.state == LinkState::Closed)
                && bank.state(*number) == SocketState::Idle
        });
        if let (Some(number), Some(address)) = (free, address)
            && bank.connect(number, address)
        {
            self.set(number, LinkState::Dialing(key));
            return;
        }
        self.node.handle_connect_failed(turn, key);
    }
}

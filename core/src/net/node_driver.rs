//! `NodeDriver`: a node of the realm on sessions of any connector, with one `tick`.
//!
//! Purpose: the realm's client ([`Client`](crate::node::client::Client): Login, Main, world, chat) is a
//! node, whose frames have a length in front. Here each of its connections is a [`NetSession`], so
//! that it runs wherever there is a connector: over TCP, over WebSocket, in a browser.
//!
//! Contract: the node only dials; a session of the node is a session of the connector. A body becomes
//! `[len][body]` on its way in, and a body again on its way out, one message each.
//!
//! Bounds: as many connections as it was lent slots; each tick tells of each within the bounds of
//! [`the module`](super). Nothing allocates here.

use super::events::NetSender;
use super::events::{NetError, NetErrorKind, NetEvents, NetHandler};
use super::outbound::{NetOutbound, NetState};
use super::session::{NetConnector, NetSession};
use crate::entropy::Turn;
use crate::log::info;
use crate::node::{ConnectFailure, Node, Request, Role, Taken, Transmit};
use crate::protocol::{ADDRESS_MAX_BYTES, SendError};
use crate::session::{SessionKey, SessionState};
use crate::wire::ws::CloseCode;
use crate::wire::{FRAME_LIMIT_MAX_BYTES, PacketHeader};

#[cfg(test)]
mod tests;

/// The longest scheme with its `://`, in bytes.
const SCHEME_MAX_BYTES: usize = 16;

/// Where one connection of the node is kept.
pub struct DriverSlot<S: NetSession> {
    link: Option<Link<S>>,
    /// Its queue was full; it is tried again with the next tick. Not in the link, where it would make a
    /// vacant slot something else than all-zero bits.
    is_blocked: bool,
}

struct Link<S: NetSession> {
    key: SessionKey,
    handle: S::Handle,
    /// Not here while it is ticked.
    session: Option<S>,
}

impl<S: NetSession> DriverSlot<S> {
    /// Without a connection.
    pub const VACANT: Self = Self { link: None, is_blocked: false };
}

/// Runs a node, each of whose connections is a session of a connector.
pub struct NodeDriver<'a, R, C: NetConnector> {
    node: Node<'a, R>,
    slots: &'a mut [DriverSlot<C::Session>],
    connector: C,
    scheme: &'static str,
}

impl<'a, R: Role<'a>, C: NetConnector> NodeDriver<'a, R, C> {
    /// Runs `node`, whose addresses `host:port` are connected to as `{scheme}://host:port`, and those that have
    /// a scheme as they are. As many
    /// slots as the node has sessions.
    pub const fn new(
        node: Node<'a, R>,
        slots: &'a mut [DriverSlot<C::Session>],
        connector: C,
        scheme: &'static str,
    ) -> Self {
        Self { node, slots, connector, scheme }
    }

    /// The node.
    pub const fn node(&self) -> &Node<'a, R> {
        &self.node
    }

    /// The node, to act on it from outside. What that makes it send goes out with the next tick.
    pub const fn node_mut(&mut self) -> &mut Node<'a, R> {
        &mut self.node
    }

    /// Lets the node deal with what has come and with the time, and sends what it has to say. Answers
    /// how much has happened.
    pub fn tick(&mut self, turn: &mut Turn<'_>) -> usize {
        let mut count = 0;
        for index in 0..self.slots.len() {
            count += self.tick_slot(turn, index);
        }
        if self.node.poll_timeout().is_some_and(|at| at <= turn.now) {
            self.node.handle_timeout(turn);
        }
        transmit(&mut self.node, self.slots, turn);
        self.fulfil_requests(turn);
        count
    }

    fn tick_slot(&mut self, turn: &mut Turn<'_>, index: usize) -> usize {
        let Some(slot) = self.slots.get_mut(index) else { return 0 };
        let Some(link) = &mut slot.link else { return 0 };
        let key = link.key;
        if core::mem::take(&mut slot.is_blocked) {
            self.node.handle_writable(key);
        }
        // Out of its slot, so that its frames may make the node send into every slot.
        let Some(mut session) = link.session.take() else { return 0 };
        let Self { node, slots, .. } = self;
        let failure = ConnectFailure::Unreachable;
        let mut inbound = Inbound { node, slots, turn, key, failure };
        let count = session.tick(&mut inbound);
        let has_ended = session.state() == NetState::Closed;
        if let Some(slot) = self.slots.get_mut(index) {
            match &mut slot.link {
                Some(link) if !has_ended => link.session = Some(session),
                _ => slot.link = None,
            }
        }
        count
    }

    fn fulfil_requests(&mut self, turn: &mut Turn<'_>) {
        while let Some(request) = self.node.poll_request() {
            match request {
                Request::Connect { key, address } => {
                    let made = url_of(self.scheme, address)
                        .and_then(|url| self.connector.create_session(&url).ok());
                    let slot = self.slots.get_mut(usize::from(key.index()));
                    let (Some(mut session), Some(slot)) = (made, slot) else {
                        self.node.handle_connect_failed(turn, key, ConnectFailure::Unresolved);
                        continue;
                    };
                    session.connect();
                    let handle = session.handle();
                    let link = Some(Link { key, handle, session: Some(session) });
                    *slot = DriverSlot { link, is_blocked: false };
                }
                Request::Shutdown { key } => {
                    if let Some((link, _)) = link_of(self.slots, key) {
                        link.handle.close(CloseCode::NORMAL, "");
                    }
                }
                Request::Drop { key } => {
                    if let Some(slot) = self.slots.get_mut(usize::from(key.index())) {
                        slot.link = None;
                    }
                }
            }
        }
    }
}

fn url_of(
    scheme: &str,
    address: &str,
) -> Option<heapless::String<{ SCHEME_MAX_BYTES + ADDRESS_MAX_BYTES }>> {
    let mut url = heapless::String::new();
    if !address.as_bytes().windows(3).any(|part| part == b"://") {
        url.push_str(scheme).ok()?;
        url.push_str("://").ok()?;
    }
    url.push_str(address).ok()?;
    Some(url)
}

/// The connection of `key`, and whether it is blocked.
fn link_of<S: NetSession>(
    slots: &mut [DriverSlot<S>],
    key: SessionKey,
) -> Option<(&mut Link<S>, &mut bool)> {
    let slot = slots.get_mut(usize::from(key.index()))?;
    let link = slot.link.as_mut()?;
    (link.key == key).then_some((link, &mut slot.is_blocked))
}

/// Sends what the node has to send; answers whether there was any.
fn transmit<'a, R: Role<'a>, S: NetSession>(
    node: &mut Node<'a, R>,
    slots: &mut [DriverSlot<S>],
    turn: &mut Turn<'_>,
) -> bool {
    let mut has_transmitted = false;
    while let Some(transmit) = node.poll_transmit(turn.now) {
        has_transmitted = true;
        let taken = match link_of(slots, transmit.key()) {
            Some((link, is_blocked)) => {
                let taken = send_frames(&transmit, &mut link.handle);
                *is_blocked = taken < transmit.bytes();
                taken
            }
            // What has gone takes everything.
            None => transmit.bytes(),
        };
        node.handle_transmitted(turn.now, taken);
    }
    has_transmitted
}

/// Sends whole frames as long as there is room, and answers how many bytes those were. What the
/// connector never takes ends its session: everything behind it would wait for ever.
fn send_frames(transmit: &Transmit<'_>, handle: &mut impl NetOutbound) -> usize {
    let mut taken = 0;
    while let Some(frame_bytes) = transmit.frame_at(taken) {
        let start = taken + PacketHeader::BYTES;
        let body_bytes = frame_bytes - PacketHeader::BYTES;
        let sent = handle.send_body(&|out| transmit.copy_into(start, body_bytes, out));
        if sent == Err(SendError::TooLong) {
            handle.close(CloseCode::INTERNAL_ERROR, "a frame over the connector's limit");
            return transmit.bytes();
        }
        if sent.is_err() {
            break;
        }
        taken += frame_bytes;
    }
    taken
}

/// A node as what one of its sessions tells everything.
struct Inbound<'i, 't, 'a, R, S: NetSession> {
    node: &'i mut Node<'a, R>,
    slots: &'i mut [DriverSlot<S>],
    turn: &'i mut Turn<'t>,
    key: SessionKey,
    /// What it means if it ends before it stands.
    failure: ConnectFailure,
}

impl<'a, R: Role<'a>, S: NetSession> Inbound<'_, '_, 'a, R, S> {
    /// Hands `bytes` over. Where the node wants to send first, it does; what it takes neither then is
    /// for a session that its storage has no room for, and which ends.
    fn receive(&mut self, sender: &mut NetSender<'_>, mut bytes: &[u8]) {
        let mut is_stuck = false;
        while let Taken::Part(taken) = self.node.handle_received(self.turn, self.key, bytes) {
            bytes = bytes.get(taken..).unwrap_or_default();
            let has_transmitted = transmit(self.node, self.slots, self.turn);
            // Of a record's frames some may be heard before any of its bytes is taken.
            let has_moved = taken > 0 || has_transmitted || self.node.has_heard();
            if is_stuck && !has_moved {
                sender.close(CloseCode::INTERNAL_ERROR, "no buffer for a frame");
                self.node.handle_disconnected(self.turn, self.key);
                return;
            }
            is_stuck = !has_moved;
        }
    }
}

impl<'a, R: Role<'a>, S: NetSession> NetEvents for Inbound<'_, '_, 'a, R, S> {
    fn on_open(&mut self, _: &mut NetSender<'_>) {
        self.node.handle_connected(self.turn, self.key);
    }

    fn on_close(&mut self, _: CloseCode, _: &str) {
        let session = self.node.sessions().get(self.key);
        if session.is_some_and(|session| session.state() == SessionState::Connecting) {
            self.node.handle_connect_failed(self.turn, self.key, self.failure);
        } else {
            self.node.handle_disconnected(self.turn, self.key);
        }
    }

    fn on_error(&mut self, error: NetError<'_>) {
        if error.kind == NetErrorKind::Resolve {
            self.failure = ConnectFailure::Unresolved;
        }
        info!("a connection has trouble: {}", error.text);
    }
}

impl<'a, R: Role<'a>, S: NetSession> NetHandler for Inbound<'_, '_, 'a, R, S> {
    fn on_frame(&mut self, sender: &mut NetSender<'_>, body: &[u8]) {
        // What is over every stream's limit is so as the longest length that there is, too.
        let body_bytes = u16::try_from(body.len()).unwrap_or(u16::MAX);
        self.receive(sender, &PacketHeader { body_bytes }.encode());
        if body_bytes <= FRAME_LIMIT_MAX_BYTES {
            self.receive(sender, body);
        }
    }
}

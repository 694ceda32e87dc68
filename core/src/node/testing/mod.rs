//! The bench at which nodes are tested: a node, a virtual clock, and peers that are byte vectors.
//!
//! Purpose: one harness for every role. [`Bench`] keeps the driver's contract of [`Node`]: it hands
//! over what peers say, lets time act when `poll_timeout` has passed, transmits until nothing is
//! left, and collects requests. A peer's transport takes as many bytes as the test lets it.
//!
//! Contract: after every step the next deadline lies in the future. [`Bench::finish`], which every
//! `with_…` helper calls, shuts the node down and checks that every session has ended exactly once
//! and that no buffer is left out.

mod chaos;
mod drive;
mod memory;
mod places;
mod recorder;
mod said;
#[cfg(feature = "secure")]
pub(crate) mod sealed;
mod watched;
#[cfg(feature = "websocket")]
pub(crate) mod web;

pub(crate) use chaos::{Step, Word, any_steps};
pub(crate) use memory::{BenchMemory, Sizes, trim};
pub(crate) use places::{Case, cases, expect_of_server};
pub(crate) use recorder::{Recorder, Seen, with_recorder};
pub(crate) use said::{Said, address_of, frame_of, said_in, stream_of};
pub(crate) use watched::Watched;

use std::string::String;
use std::vec::Vec;

use super::{ConnectFailure, Context, Node, Role, Taken};
use crate::config::NetConfig;
use crate::entropy::{Entropy, Turn};
use crate::protocol::{ErrorCode, Message};
use crate::session::manager::Refusal;
use crate::session::{PeerAddress, SessionKey, SessionState};
use crate::stats::NetStats;
use crate::time::Instant;

/// More rounds than any step has a reason for.
const ROUNDS_PER_STEP: usize = 1_000;

/// Limits with timeouts of whole ticks, far apart from each other.
pub(crate) const BENCH_CONFIG: NetConfig = NetConfig {
    greeting_timeout_ms: 4_800,
    ping_interval_ms: 9_600,
    idle_timeout_ms: 28_800,
    drain_timeout_ms: 1_600,
    connections_per_address: 1_000,
    #[cfg(feature = "websocket")]
    origins: &["*"],
    ..NetConfig::DEFAULT
};

/// Random bytes that are the same in every run (splitmix64).
#[derive(Debug)]
struct Draws {
    state: u64,
}

impl Entropy for Draws {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = ((mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 56) as u8;
        }
    }
}

/// A [`Request`] that owns its address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    Connect { key: SessionKey, address: String },
    Shutdown(SessionKey),
    Drop(SessionKey),
}

/// The other end of a session.
#[derive(Debug)]
struct Peer {
    key: SessionKey,
    /// Everything that its transport has taken.
    stream: Vec<u8>,
    /// Bytes of `stream` that the test has looked at.
    seen_bytes: usize,
    /// How many more bytes its transport takes before it is full.
    room: usize,
    /// The node was told that its transport is full.
    is_blocked: bool,
    /// What it has said and the node has not taken yet.
    unheard: Vec<u8>,
    /// The driver has let go of its transport.
    is_gone: bool,
    /// It is a WebSocket, and has got these bytes that are no whole message yet.
    #[cfg(feature = "websocket")]
    unread_messages: Option<Vec<u8>>,
}

/// A node under test; see the [module](self).
pub(crate) struct Bench<'a, R> {
    pub(crate) node: Node<'a, Watched<R>>,
    pub(crate) now: Instant,
    entropy: Draws,
    peers: Vec<Peer>,
    requests: Vec<Asked>,
    /// Sessions that the driver is about to connect.
    dials: Vec<SessionKey>,
    /// Whether every second peer that connects is a WebSocket.
    #[cfg(feature = "websocket")]
    is_mixed: bool,
}

impl<'a, R: Role<'a>> Bench<'a, R> {
    pub(crate) fn new(storage: super::NodeStorage<'a>, config: NetConfig, role: R) -> Self {
        let now = crate::time::testing::start();
        let mut entropy = Draws { state: 7 };
        let mut turn = Turn { now, entropy: &mut entropy };
        let node = Node::new(storage, config, Watched::new(role), &mut turn);
        let (peers, requests, dials) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            node,
            now,
            entropy,
            peers,
            requests,
            dials,
            #[cfg(feature = "websocket")]
            is_mixed: false,
        }
    }

    /// It draws otherwise from now on: two of one realm would make the same keys.
    pub(crate) const fn seed(&mut self, seed: u64) {
        self.entropy.state = seed;
    }

    /// Calls the node with a turn, and does nothing else.
    pub(crate) fn turn<T>(
        &mut self,
        call: impl FnOnce(&mut Node<'a, Watched<R>>, &mut Turn<'_>) -> T,
    ) -> T {
        call(&mut self.node, &mut Turn { now: self.now, entropy: &mut self.entropy })
    }

    /// Acts on the role, as its user does, and does what comes of it.
    pub(crate) fn act<T>(&mut self, act: impl FnOnce(&mut R, &mut Context<'_, 'a>) -> T) -> T {
        let outcome =
            self.turn(|node, turn| node.act(turn, |watched, cx| act(&mut watched.role, cx)));
        self.drive();
        outcome
    }

    pub(crate) fn role(&self) -> &R {
        &self.node.role().role
    }

    pub(crate) fn stats(&self) -> NetStats {
        *self.node.stats()
    }

    pub(crate) fn state(&self, key: SessionKey) -> Option<SessionState> {
        Some(self.node.sessions().get(key)?.state())
    }

    // What peers do.

    /// A peer connects, from an address of its own.
    pub(crate) fn accept(&mut self) -> SessionKey {
        let number = self.peers.len() as u16;
        self.accept_from(address_of(number)).expect("the node takes one more")
    }

    /// A peer connects of whom nothing is known: not even whether it is a WebSocket.
    #[cfg(feature = "websocket")]
    pub(crate) fn accept_stranger(&mut self) -> SessionKey {
        let address = address_of(self.peers.len() as u16);
        let key = self.turn(|node, turn| node.handle_accepted(turn, address));
        let key = key.expect("the node takes one more");
        self.meet(key);
        self.drive();
        key
    }

    pub(crate) fn accept_from(&mut self, address: PeerAddress) -> Result<SessionKey, Refusal> {
        let key = self.turn(|node, turn| node.handle_accepted(turn, address))?;
        self.meet(key);
        // As if its first bytes had come, so that tests can speak first.
        #[cfg(feature = "websocket")]
        self.act(|_, cx| cx.sessions.stream_begins(key));
        #[cfg(feature = "websocket")]
        if self.is_mixed && self.peers.len().is_multiple_of(2) {
            self.open_web_socket(key);
        }
        self.drive();
        Ok(key)
    }

    /// A peer that has connected, and said nothing, is a WebSocket: what it says and gets is read and written as that.
    #[cfg(feature = "websocket")]
    pub(crate) fn open_web_socket(&mut self, key: SessionKey) {
        self.hand_over_raw(key, web::REQUEST);
        self.peer_mut(key).unread_messages = Some(Vec::new());
    }

    /// From now on every second peer that connects is a WebSocket.
    #[cfg(feature = "websocket")]
    pub(crate) const fn mix_in_web_sockets(&mut self) {
        self.is_mixed = true;
    }

    /// The driver has connected the session that the oldest request is about.
    pub(crate) fn connect_next(&mut self) -> SessionKey {
        let Asked::Connect { key, .. } = self.requests.remove(0) else {
            panic!("the node asks for no connection")
        };
        self.connected(key);
        key
    }

    pub(crate) fn connected(&mut self, key: SessionKey) {
        self.dials.retain(|dial| *dial != key);
        self.meet(key);
        self.turn(|node, turn| node.handle_connected(turn, key));
        self.drive();
    }

    pub(crate) fn connect_failed(&mut self, key: SessionKey) {
        self.dials.retain(|dial| *dial != key);
        self.turn(|node, turn| {
            node.handle_connect_failed(turn, key, ConnectFailure::Unreachable);
        });
        self.drive();
    }

    fn meet(&mut self, key: SessionKey) {
        self.peers.push(Peer {
            key,
            stream: Vec::new(),
            seen_bytes: 0,
            room: usize::MAX,
            is_blocked: false,
            unheard: Vec::new(),
            is_gone: false,
            #[cfg(feature = "websocket")]
            unread_messages: None,
        });
    }

    /// The peer says `message`.
    pub(crate) fn say<M: Message>(&mut self, key: SessionKey, message: &M) {
        self.say_bytes(key, &frame_of(message));
    }

    /// The peer sends `bytes`; what the node does not take now is offered again in every step.
    pub(crate) fn say_bytes(&mut self, key: SessionKey, bytes: &[u8]) {
        self.say_silently(key, bytes);
        self.drive();
    }

    /// [`Bench::say_bytes`] without the transmissions that follow.
    pub(crate) fn say_silently(&mut self, key: SessionKey, bytes: &[u8]) {
        #[cfg(feature = "websocket")]
        if self.peer(key).unread_messages.is_some() {
            self.hand_over_raw(key, &web::messages_of(bytes));
            return;
        }
        self.hand_over_raw(key, bytes);
    }

    fn hand_over_raw(&mut self, key: SessionKey, bytes: &[u8]) {
        self.peer_mut(key).unheard.extend_from_slice(bytes);
        self.hand_over(key);
    }

    /// Offers what the peer has said, and keeps what is not taken.
    fn hand_over(&mut self, key: SessionKey) {
        let mut bytes = core::mem::take(&mut self.peer_mut(key).unheard);
        if let Taken::Part(count) = self.turn(|node, turn| node.handle_received(turn, key, &bytes))
        {
            bytes.drain(..count);
            self.peer_mut(key).unheard = bytes;
        }
    }

    /// How many bytes of what the peer has said wait.
    pub(crate) fn unheard_bytes(&self, key: SessionKey) -> usize {
        self.peer(key).unheard.len()
    }

    /// The peer ends its connection.
    pub(crate) fn disconnect(&mut self, key: SessionKey) {
        self.let_go(key);
        self.turn(|node, turn| node.handle_disconnected(turn, key));
        self.drive();
    }

    fn let_go(&mut self, key: SessionKey) {
        self.dials.retain(|dial| *dial != key);
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.key == key) {
            peer.is_gone = true;
            peer.unheard.clear();
        }
    }

    // What transports take.

    /// From now on the peer's transport takes `room` bytes, and then no more.
    pub(crate) fn limit(&mut self, key: SessionKey, room: usize) {
        self.peer_mut(key).room = room;
    }

    /// The peer's transport, which was full, takes `room` more bytes.
    pub(crate) fn unblock(&mut self, key: SessionKey, room: usize) {
        self.unblock_silently(key, room);
        self.drive();
    }

    /// [`Bench::unblock`] without the transmissions that follow.
    pub(crate) fn unblock_silently(&mut self, key: SessionKey, room: usize) {
        let peer = self.peer_mut(key);
        peer.room = room;
        peer.is_blocked = false;
        self.node.handle_writable(key);
    }

    // What has come out.

    /// Everything that the peer has ever got.
    pub(crate) fn stream(&self, key: SessionKey) -> &[u8] {
        &self.peer(key).stream
    }

    /// The whole frames that the peer has got since the last call.
    pub(crate) fn heard(&mut self, key: SessionKey) -> Vec<Said> {
        let peer = self.peer_mut(key);
        let (said, rest_bytes) = said_in(&peer.stream[peer.seen_bytes..]);
        peer.seen_bytes = peer.stream.len() - rest_bytes;
        said
    }

    /// The bytes that the peer has got since the last call.
    #[cfg(feature = "websocket")]
    pub(crate) fn new_bytes(&mut self, key: SessionKey) -> Vec<u8> {
        let peer = self.peer_mut(key);
        let new = peer.stream[peer.seen_bytes..].to_vec();
        peer.seen_bytes = peer.stream.len();
        new
    }

    /// The next of the frames that [`Bench::heard`] would answer, alone.
    pub(crate) fn next_heard(&mut self, key: SessionKey) -> Option<Said> {
        let peer = self.peer_mut(key);
        let (said, _) = said_in(&peer.stream[peer.seen_bytes..]);
        let next = said.into_iter().next()?;
        peer.seen_bytes += stream_of(core::slice::from_ref(&next)).len();
        Some(next)
    }

    /// What the node has asked of its driver since the last call.
    pub(crate) fn requests(&mut self) -> Vec<Asked> {
        core::mem::take(&mut self.requests)
    }

    /// Why the role was told that a session has ended; `None` if it was not told.
    pub(crate) fn ended(&self, key: SessionKey) -> Option<ErrorCode> {
        let ended = self.node.role().ended.iter().find(|ended| ended.key == key);
        ended.map(|ended| ended.reason)
    }

    fn peer(&self, key: SessionKey) -> &Peer {
        self.peers.iter().find(|peer| peer.key == key).expect("a peer of this bench")
    }

    fn peer_mut(&mut self, key: SessionKey) -> &mut Peer {
        self.peers.iter_mut().find(|peer| peer.key == key).expect("a peer of this bench")
    }
}

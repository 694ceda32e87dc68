//! A node: one role of the realm as a sans-IO state machine, ready to be driven.
//!
//! Purpose: [`Node`] is the shell that every role shares (framing, sessions, dispatch, timers,
//! transmission); a [`Role`] is what makes it a world, a Main, a client. One driver per backend runs
//! any node, and one node runs on any backend (invariant 3).
//!
//! Contract, the driver's loop:
//! ```text
//! for each thing that happened:   handle_accepted / handle_connected / handle_connect_failed
//!                                 handle_received / handle_disconnected / handle_writable
//! when poll_timeout() has passed: handle_timeout
//! then, until each is None:       poll_transmit → write → handle_transmitted
//!                                 poll_request  → connect / shut down / drop
//! then wait for the next thing, or for poll_timeout()
//! ```
//! Bytes that `handle_received` does not take are offered again after the next `poll_transmit` round.
//!
//! Bounds: work per call is bounded by the bytes handed in and by the members of one room; nothing
//! allocates.
//!
//! ```
//! use tinyrealm_core::node::Transmit;
//! use tinyrealm_core::wire::Framing;
//! let parts: [&[u8]; 2] = [b"\x04\x00abcd", b"\x05\x00vwxyz"];
//! let transmit = Transmit::test_only(Framing::Stream, b"", &parts);
//! assert_eq!(transmit.bytes(), 13);
//! assert_eq!(transmit.whole_frames(12), 6); // the second would be cut
//! ```

pub mod asks;
pub mod chat;
pub mod client;
pub mod cluster;
pub mod device_key;
pub mod directory;
mod greeting;
mod limited_lines;
pub mod login;
pub mod longest;
pub mod main;
mod memory;
pub mod names;
#[cfg(feature = "sealed-clients")]
mod sealed_client;
mod shell;
#[cfg(test)]
pub(crate) mod testing;
mod transmit;
mod uid_table;
mod visit;
pub mod world;

pub use asks::{ASKS_MAX, Answer};
pub use memory::NodeMemory;
pub use names::Names;
pub use shell::{ConnectFailure, Node, NodeStorage, Request, Taken};
pub use transmit::{TRANSMIT_SLICES, Transmit};
pub use uid_table::{HasUid, UidTable};

use crate::entropy::{Entropy, Turn};
use crate::protocol::{Dispatched, ErrorCode};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey, SessionManager};
use crate::time::Instant;
use crate::wire::{Frame, Framing};

/// What a role works with while something is handled: time, randomness, its sessions.
pub struct Context<'c, 'a> {
    /// The driver's clock at the start of this turn.
    pub now: Instant,
    /// Where random bytes come from.
    pub entropy: &'c mut dyn Entropy,
    /// The node's sessions.
    pub sessions: &'c mut SessionManager<'a>,
}

impl<'c, 'a> Context<'c, 'a> {
    fn new(turn: &'c mut Turn<'_>, sessions: &'c mut SessionManager<'a>) -> Self {
        Self { now: turn.now, entropy: turn.entropy, sessions }
    }

    /// Time and randomness alone.
    pub fn turn(&mut self) -> Turn<'_> {
        Turn { now: self.now, entropy: self.entropy }
    }

    /// A shorter loan of the same.
    pub fn reborrow(&mut self) -> Context<'_, 'a> {
        Context { now: self.now, entropy: self.entropy, sessions: self.sessions }
    }
}

/// A [`Context`], and whose frame is being handled.
pub struct Caller<'c, 'a> {
    /// The driver's clock at the start of this turn.
    pub now: Instant,
    /// Where random bytes come from.
    pub entropy: &'c mut dyn Entropy,
    /// The node's sessions.
    pub sessions: &'c mut SessionManager<'a>,
    /// The session that the frame came from.
    pub key: SessionKey,
    /// What that session is to the role.
    pub tag: LinkTag,
}

impl<'a> Caller<'_, 'a> {
    /// The context without the caller.
    pub fn context(&mut self) -> Context<'_, 'a> {
        Context { now: self.now, entropy: self.entropy, sessions: self.sessions }
    }
}

/// How much of its broadcast bytes a session's transport has taken.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct BroadcastTaken {
    /// Bytes taken.
    pub bytes: usize,
    /// Bytes offered.
    pub offered: usize,
}

/// What makes a node a world, a Main, a client: handlers that the shell calls.
pub trait Role<'a> {
    /// How many connections the role opens by itself while others connect to it: so many sessions
    /// are kept for them.
    fn own_links(&self) -> u16 {
        0
    }

    /// A peer has connected to us, and has not said anything yet. Nor may we: see [`Role::on_opened`].
    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let _ = (cx, key);
    }

    /// A connection that we asked for stands.
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let _ = (cx, key);
    }

    /// From now on there is somebody to speak to, whoever has connected. A connection of our own opens
    /// behind [`Role::on_connected`]; a peer's with its first two bytes if it is a stream, and behind the
    /// answer to its handshake if it is a WebSocket. What is sent before is refused as
    /// [`Closed`](crate::protocol::SendError::Closed): so on a port of both kinds a stream speaks first.
    /// Where no WebSockets are accepted, everyone who connects is open at once.
    fn on_opened(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let _ = (cx, key);
    }

    /// Whether who connects to us may open a WebSocket.
    #[cfg(feature = "websocket")]
    fn accepts_web_sockets(&self) -> bool {
        true
    }

    /// A frame outside of the common band has come.
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched;

    /// The peer reports that it has refused something.
    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        let _ = (caller, code, about);
    }

    /// A frame that no link of this role knows, already counted. Answers whether it was dealt with;
    /// if not, a rate-limited line is logged.
    fn on_unknown(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> bool {
        let _ = (caller, frame);
        false
    }

    /// A session has ended, once, for the reason given.
    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended);

    /// A timer that the role had scheduled is due.
    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        let _ = (cx, timer);
    }

    /// When [`Role::on_deadline`] wants to be called, for what is due too often for the wheel.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The role's own deadline has passed.
    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        let _ = cx;
    }

    /// The node is closing down, and every session has been told goodbye.
    fn on_shutdown(&mut self, cx: &mut Context<'_, 'a>) {
        let _ = cx;
    }

    /// Where to connect a session with this tag to: `host:port`.
    fn address(&self, tag: LinkTag) -> &str {
        let _ = tag;
        ""
    }

    /// How frames are to stand on a connection of our own with this tag. As a WebSocket it can be told
    /// private packets only, and [`Role::on_connected`] waits for the answer to its handshake. Whoever
    /// connects to us chooses for themselves.
    fn framing(&self, tag: LinkTag) -> Framing {
        let _ = tag;
        Framing::Stream
    }

    /// Whether the broadcast rings take no more before they are flushed: input waits meanwhile.
    fn must_flush_first(&self) -> bool {
        false
    }

    /// Whether a session's input waits until its peer has taken some of what it is owed: what is not taken
    /// stays with the driver, or in the transport.
    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        let _ = (sessions, key);
        false
    }

    /// Publishes broadcasts that are due and marks who has them to get.
    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        let _ = (now, sessions);
    }

    /// A session is about to be transmitted to: the moment to give it what it can only get now.
    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        let _ = (now, sessions, key);
    }

    /// The broadcast bytes that a session has still to get, from a frame's beginning.
    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        let _ = tag;
        [&[]; 3]
    }

    /// The session's transport has taken some of the broadcast bytes that it was offered.
    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        let _ = (now, sessions, key, taken);
    }
}

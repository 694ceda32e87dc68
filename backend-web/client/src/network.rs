//! `WebNetwork`: what lies between the host, who has the sockets, and the client, who wants them.
//!
//! Purpose: three queues. The host puts what its sockets have heard into the *inbox*; the client's
//! requests (open, send, close, drop) wait in the *outbox*, and what the game is to hear among the
//! *events*, until the host takes them.
//!
//! Contract: one side at a time, and nobody calls the other. What the host hands over is taken whole or
//! not at all; what the client accepted from its node is never lost, because it takes a frame from the
//! inbox only while there is room for whatever that may lead to.
//!
//! Bounds: three queues of [`QUEUE_BYTES`](crate::QUEUE_BYTES), [`SOCKETS`] sockets.

mod inner;

use core::cell::RefCell;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::net::NetState;
use tinyrealm_core::protocol::SendError;
use tinyrealm_core::wire::ws::CloseCode;

use crate::messages::{CLOSE_REASON_MAX_BYTES, URL_MAX_BYTES};
use crate::queue::{ByteQueue, RECORD_HEADER_BYTES, Record};
use crate::socket::SocketEvent;
use inner::{Inner, VACANT};

/// Sockets at a time: the node's three sessions, and as many that the host has still to let go.
pub const SOCKETS: usize = 6;
/// The longest body that goes either way, in bytes.
pub const BODY_MAX_BYTES: usize = NetConfig::SERVER.frame_limit_bytes as usize;
/// What is handed over at once: of a longer body the first so many bytes, which are too many already.
pub const HANDOVER_BYTES: usize = BODY_MAX_BYTES + 1;

const BODY_RECORD_BYTES: usize = RECORD_HEADER_BYTES + BODY_MAX_BYTES;
/// What each socket may ask for besides frames: a URL, a close code, and to be let go.
const SOCKET_REQUEST_BYTES: usize = 3 * RECORD_HEADER_BYTES + URL_MAX_BYTES + 2;
/// Frames leave so much of the outbox to requests that can't wait. Each socket has one of each kind.
const OUTBOX_RESERVE_BYTES: usize = SOCKETS * SOCKET_REQUEST_BYTES;
/// A frame is heard only with room for an answer.
const OUTBOX_ROOM_BYTES: usize = OUTBOX_RESERVE_BYTES + 2 * BODY_RECORD_BYTES;
/// A frame is heard, and time passes, only with room for a frame and for two dozen changes of state: a
/// tick can't have more, because each of the two links waits for a timer before it is tried again.
const EVENT_ROOM_BYTES: usize = 2 * BODY_RECORD_BYTES + 512;

/// What a request to the host is about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RequestKind {
    /// Open a WebSocket to the URL in it, `ws://host:port`; whether it is `wss` the host knows.
    Open = 1,
    /// Send the body in it as one binary message.
    Send = 2,
    /// Close it, with the code in it (`u16`, little-endian); report when that is done.
    Close = 3,
    /// Close it, and report nothing of it any more.
    Drop = 4,
}

/// What a socket has heard.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    Opened,
    Body,
    Closed,
}

impl Heard {
    const fn kind(self) -> u8 {
        match self {
            Self::Opened => 1,
            Self::Body => 2,
            Self::Closed => 3,
        }
    }

    const fn of_kind(kind: u8) -> Self {
        match kind {
            1 => Self::Opened,
            2 => Self::Body,
            _ => Self::Closed,
        }
    }
}

/// Events have one kind: all of them are bodies.
const EVENT_KIND: u8 = 1;

/// What became of something that was handed over.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was taken.
    Taken = 0,
    /// There is no room now: keep it, and try again after the next tick.
    Full = 1,
    /// There is nobody for it: no such socket, or no such link at present.
    Nobody = 2,
    /// It is nothing that can be taken, now or later.
    Refused = 3,
}

/// What lies between the host and the client: the queues and the sockets. See the [crate](crate).
#[derive(Debug)]
pub struct WebNetwork {
    // Borrowed inside of single methods only, none of which calls out.
    inner: RefCell<Inner>,
}

impl Default for WebNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl WebNetwork {
    /// Without sockets, and all queues empty: all-zero bits.
    pub const fn new() -> Self {
        Self {
            inner: RefCell::new(Inner {
                sockets: [VACANT; SOCKETS],
                last_number: 0,
                inbox: ByteQueue::NEW,
                outbox: ByteQueue::NEW,
                events: ByteQueue::NEW,
                has_client: false,
                things_left: 0,
                bytes_left: 0,
            }),
        }
    }

    /// The host's socket stands.
    pub fn opened(&self, socket: u16) -> Answer {
        self.inner.borrow_mut().report(socket, Heard::Opened, [&[], &[]])
    }

    /// The host's socket has heard a binary message; of one that is longer, [`HANDOVER_BYTES`] of it.
    pub fn heard(&self, socket: u16, body: &[u8]) -> Answer {
        if body.len() > HANDOVER_BYTES {
            return Answer::Refused;
        }
        self.inner.borrow_mut().report(socket, Heard::Body, [body, &[]])
    }

    /// The host's socket has ended, or never came to be: the last that is reported of it. `reason` is what
    /// a Close frame has room for, of a longer one the beginning.
    pub fn closed(&self, socket: u16, code: u16, reason: &[u8]) -> Answer {
        let reason = reason.get(..CLOSE_REASON_MAX_BYTES).unwrap_or(reason);
        self.inner.borrow_mut().report(socket, Heard::Closed, [&code.to_le_bytes(), reason])
    }

    /// Whether something was handed over that no tick has dealt with.
    pub fn is_waiting(&self) -> bool {
        self.inner.borrow().inbox.first().is_some()
    }

    /// Shows the oldest request: its record has a [`RequestKind`].
    pub fn request<T>(&self, show: impl FnOnce(Record<'_>) -> T) -> Option<T> {
        self.inner.borrow().outbox.first().map(show)
    }

    /// The host has done what the oldest request wants.
    pub fn request_taken(&self) {
        self.inner.borrow_mut().request_taken();
    }

    /// Shows the oldest event, a body.
    pub fn event<T>(&self, show: impl FnOnce(Record<'_>) -> T) -> Option<T> {
        self.inner.borrow().events.first().map(show)
    }

    /// The game has heard the oldest event.
    pub fn event_taken(&self) {
        self.inner.borrow_mut().events.pop();
    }

    /// Bytes in the inbox, the outbox and among the events.
    pub fn used(&self) -> [usize; 3] {
        let inner = self.inner.borrow();
        [inner.inbox.used(), inner.outbox.used(), inner.events.used()]
    }

    /// Tells the game something: a body in two parts. [`WebNetwork::begin_tick`] has seen to the room.
    pub(crate) fn tell(&self, parts: [&[u8]; 2]) {
        let told = self.inner.borrow_mut().events.push(EVENT_KIND, 0, parts);
        debug_assert!(told.is_ok(), "a tick began without room for what it tells");
    }

    /// From now on a realm's client has the sockets.
    pub(crate) fn serve_client(&self) {
        self.inner.borrow_mut().has_client = true;
    }

    /// Whether a realm's client has the sockets.
    pub(crate) fn has_client(&self) -> bool {
        self.inner.borrow().has_client
    }

    /// A realm's client begins a tick, in which all of its sessions share a bound. `false` if events have to be
    /// taken first.
    pub(crate) fn begin_tick(&self) -> bool {
        let mut inner = self.inner.borrow_mut();
        inner.renew_bound();
        inner.events.has_room(EVENT_ROOM_BYTES)
    }

    /// A session is ticked: one that is nobody's but its caller's has the bound for itself.
    pub(crate) fn begin_session_tick(&self) {
        let mut inner = self.inner.borrow_mut();
        if !inner.has_client {
            inner.renew_bound();
            inner.discard_orphans();
        }
    }

    /// A socket for a session.
    pub(crate) fn create(&self) -> Option<u16> {
        self.inner.borrow_mut().create()
    }

    pub(crate) fn connect(&self, socket: u16, url: &str) {
        let mut inner = self.inner.borrow_mut();
        if inner.change(socket, SocketEvent::Connect) {
            inner.ask(RequestKind::Open, socket, url.as_bytes());
        }
    }

    pub(crate) fn send(&self, socket: u16, body: &[u8]) -> Result<(), SendError> {
        self.inner.borrow_mut().send(socket, body)
    }

    pub(crate) fn close(&self, socket: u16, code: CloseCode) {
        let mut inner = self.inner.borrow_mut();
        if inner.change(socket, SocketEvent::Close) {
            inner.ask(RequestKind::Close, socket, &code.0.to_le_bytes());
        }
    }

    pub(crate) fn drop_socket(&self, socket: u16) {
        self.inner.borrow_mut().drop_socket(socket);
    }

    /// The host is to let go of every socket: their sessions lie in memory that nobody looks at any more.
    pub(crate) fn drop_all(&self) {
        let mut inner = self.inner.borrow_mut();
        for number in inner.sockets.map(|socket| socket.number) {
            inner.drop_socket(number);
        }
    }

    pub(crate) fn state(&self, socket: u16) -> NetState {
        let inner = self.inner.borrow();
        inner.find(socket).map_or(NetState::Closed, |found| found.state.net_state())
    }

    /// The next that this socket's session is to hear; a body is copied into `body`.
    pub(crate) fn hear(&self, socket: u16, body: &mut [u8]) -> Option<(Heard, usize)> {
        self.inner.borrow_mut().hear(socket, body)
    }

    /// Forgets what was heard for sessions that have gone.
    pub(crate) fn discard_orphans(&self) {
        self.inner.borrow_mut().discard_orphans();
    }
}

const _: () =
    assert!(OUTBOX_ROOM_BYTES < crate::QUEUE_BYTES && EVENT_ROOM_BYTES < crate::QUEUE_BYTES);

//! `NetSession`, `NetOutbound`, `NetConnector`: a connection as its user sees it.

use super::events::{NetError, NetEvents, NetHandler};
use super::url::UrlError;
use crate::protocol::{Encode, FrameSink, Message, SendError, encode_body};
use crate::wire::ws::CloseCode;
use crate::wire::{NetFrameV1, Opcode};

/// Which session: a number that its connector has not given to another one.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct NetSessionId(pub u32);

/// Where a session is; see [the module](super).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum NetState {
    /// Nothing was asked of it yet.
    #[default]
    Idle,
    /// On its way.
    Connecting,
    /// Lost, and to be tried again in a moment.
    Waiting,
    /// It stands.
    Open,
    /// `close` was called, and `on_close` is still to be told.
    Closing,
    /// `on_close` was told.
    Closed,
}

/// The sending half of a session.
pub trait NetOutbound {
    /// Which session it is.
    fn session_id(&self) -> NetSessionId;

    /// Where the session is.
    fn state(&self) -> NetState;

    /// Has `encode` write one frame body, `[opcode][payload]`, into pooled memory, and returns; it is
    /// sent later.
    ///
    /// # Errors
    /// [`SendError::Full`] if the queue is full, [`SendError::TooLong`] if the body is over the
    /// session's frame limit, [`SendError::Closed`] if the session is not open. Nothing was sent then.
    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError>;

    /// Asks for the end, in good order: what was sent before is sent, then the peer is told. Nothing
    /// happens if the session has not begun or is ending already.
    fn close(&mut self, code: CloseCode, reason: &str);

    /// Copies one frame into pooled memory, and returns; it is sent later.
    ///
    /// # Errors
    /// As [`NetOutbound::send_body`].
    fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.send_body(&|out| NetFrameV1::build(out, opcode, payload))
    }
}

/// A connection; see [the module](super).
pub trait NetSession: NetOutbound {
    /// A sending half that can be kept elsewhere; several proxies share a session by it.
    type Handle: NetOutbound + Clone;

    /// Another sending half.
    fn handle(&self) -> Self::Handle;

    /// Where it goes.
    fn url(&self) -> &str;

    /// What went wrong last, in words; empty if nothing did.
    fn last_error(&self) -> &str;

    /// Begins to connect, and returns. Nothing happens unless the session is idle or closed.
    fn connect(&mut self);

    /// Tells `handler` what has happened since the last tick, within the bounds of
    /// [the module](super), and answers how much that was.
    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize;
}

/// Makes sessions.
pub trait NetConnector {
    /// The sessions that it makes.
    type Session: NetSession;

    /// A session for `url`, which has not begun to connect.
    ///
    /// # Errors
    /// What is wrong with the address.
    fn create_session(&self, url: &str) -> Result<Self::Session, UrlError>;
}

/// What a handler answers through: its session's sending half, for the time of one call.
pub struct NetSender<'s> {
    session: &'s mut dyn NetOutbound,
    failure: Option<&'static str>,
}

impl<'s> NetSender<'s> {
    /// The sending half of `session`.
    pub fn new(session: &'s mut dyn NetOutbound) -> Self {
        Self { session, failure: None }
    }

    /// Tells `events` that the peer has done something wrong. A session keeps it as its
    /// [`last_error`](NetSession::last_error).
    pub fn report(&mut self, events: &mut (impl NetEvents + ?Sized), error: NetError<'static>) {
        self.failure = Some(error.text);
        events.on_error(error);
    }

    /// What was reported last through this sender, for the session that has lent it.
    pub const fn failure(&self) -> Option<&'static str> {
        self.failure
    }
}

impl NetOutbound for NetSender<'_> {
    fn session_id(&self) -> NetSessionId {
        self.session.session_id()
    }

    fn state(&self) -> NetState {
        self.session.state()
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        self.session.send_body(encode)
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        self.session.close(code, reason);
    }
}

impl FrameSink for NetSender<'_> {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        self.session.send_body(&|out| encode_body(message, out))
    }
}

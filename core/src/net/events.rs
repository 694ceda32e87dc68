//! What a session tells, to whom, and through what that answers.

use super::outbound::{NetOutbound, NetSessionId, NetState};
use crate::protocol::{Encode, ErrorCode, FrameSink, Message, SendError, encode_body};
use crate::wire::Opcode;
use crate::wire::ws::CloseCode;

/// What went wrong.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NetErrorKind {
    /// The host's name has no address.
    Resolve,
    /// Nobody answers there, or not in time.
    Connect,
    /// The peer can't be trusted, or speaks no TLS: a wrong name, an unknown authority.
    Tls,
    /// The peer does not want to speak this protocol.
    Handshake,
    /// The peer broke the rules of the transport.
    Protocol,
    /// The payload of a known opcode does not decode.
    Malformed(Opcode),
    /// The peer has refused something, for this reason.
    Refused(ErrorCode),
    /// The connection broke.
    Lost,
    /// The peer has not closed its side in time.
    CloseTimeout,
    /// This machine has no thread, no socket or no memory for it.
    Resources,
}

/// What went wrong, in words for the person who looks for the reason.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NetError<'e> {
    /// What kind it is, for the program.
    pub kind: NetErrorKind,
    /// What happened, in words.
    pub text: &'e str,
}

/// What happens to a connection as a whole. Each is told inside of a tick, and by default ignored.
pub trait NetEvents {
    /// The connection stands. With a back-off it may come again after a loss.
    fn on_open(&mut self, sender: &mut NetSender<'_>) {
        let _ = sender;
    }

    /// It is over, for the reason in the numbers of RFC 6455, which every transport uses: told once, and last.
    fn on_close(&mut self, code: CloseCode, reason: &str) {
        let _ = (code, reason);
    }

    /// Something went wrong. If that is the end, `on_close` follows.
    fn on_error(&mut self, error: NetError<'_>) {
        let _ = error;
    }
}

/// Whoever a session tells everything: what happens to it, and each frame.
pub trait NetHandler: NetEvents {
    /// A whole frame body has come: `[opcode][payload]`.
    fn on_frame(&mut self, sender: &mut NetSender<'_>, body: &[u8]);
}

/// Two that listen to one connection.
impl<A: NetEvents, B: NetEvents> NetEvents for (A, B) {
    fn on_open(&mut self, sender: &mut NetSender<'_>) {
        self.0.on_open(sender);
        self.1.on_open(sender);
    }

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.0.on_close(code, reason);
        self.1.on_close(code, reason);
    }

    fn on_error(&mut self, error: NetError<'_>) {
        self.0.on_error(error);
        self.1.on_error(error);
    }
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
    /// [`last_error`](super::NetSession::last_error).
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

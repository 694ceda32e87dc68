//! What a node does for WebSockets: heeds what they say besides frames, and opens its own.

use super::Node;
use crate::entropy::Turn;
use crate::node::{Context, Role};
use crate::protocol::ErrorCode;
use crate::session::manager::Farewell;
use crate::session::{SessionKey, Signal};
use crate::wire::Framing;
use crate::wire::ws::handshake::Requester;

/// What a WebSocket has said besides frames. Not inlined: what it writes here, a device's stack would
/// have to hold below every frame's handler.
#[inline(never)]
pub(super) fn heed<'a>(
    role: &mut impl Role<'a>,
    cx: &mut Context<'_, 'a>,
    key: SessionKey,
    signal: Signal<'_>,
) {
    let Context { now, sessions, .. } = cx.reborrow();
    match signal {
        Signal::HandshakeBegun => {
            if !sessions.handshake_begins(key) {
                sessions.violation(now, key, ErrorCode::BAD_FRAME, 0);
            }
        }
        Signal::Accepted(accepted) => {
            sessions.accept_web_socket(now, key, accepted);
            if sessions.is_open(key) {
                role.on_opened(cx, key);
            }
        }
        Signal::Refused(refusal) => sessions.refuse_web_socket(now, key, refusal),
        Signal::Opened => {
            sessions.web_socket_opens(key);
            role.on_connected(cx, key);
            role.on_opened(cx, key);
        }
        Signal::Denied(error) => sessions.web_socket_denied(now, key, error),
        Signal::Piece => {
            sessions.charge(now, key);
        }
        Signal::Ping(payload) => {
            if sessions.hear(now, key).is_some() {
                sessions.pong(key, payload);
            }
        }
        Signal::Pong => {
            sessions.hear(now, key);
        }
        Signal::Close(code) => sessions.web_socket_closes(now, key, code),
        Signal::Broken(code) => sessions.web_socket_broke(now, key, code),
    }
}

impl<'a, R: Role<'a>> Node<'a, R> {
    /// Tells the role of a peer whose first bytes show that it is a stream.
    pub(super) fn open_stream(&mut self, turn: &mut Turn<'_>, key: SessionKey, bytes: &[u8]) {
        if self.sessions.awaits_first_bytes(key) && self.receiver.is_stream(key.index(), bytes) {
            self.sessions.stream_begins(key);
            self.role.on_opened(&mut Context::new(turn, &mut self.sessions), key);
        }
    }

    /// A peer has connected; answers whether it can be spoken to already.
    pub(super) fn is_open_at_once(&mut self, key: SessionKey) -> bool {
        if self.role.accepts_web_sockets() {
            self.sessions.await_first_bytes(key);
            return false;
        }
        self.receiver.expect_stream(key.index());
        true
    }

    /// Asks for a WebSocket if this session, which has just been connected, is to be one: then the role
    /// hears of the connection when the peer has answered, or that it has ended.
    pub(super) fn begins_handshake(&mut self, turn: &mut Turn<'_>, key: SessionKey) -> bool {
        let Some(session) = self.sessions.get(key) else { return false };
        if self.role.framing(session.tag()) != Framing::Message {
            return false;
        }
        let requester = Requester::new(turn.random());
        let host = self.role.address(session.tag());
        let has_begun = self.receiver.expect_answer(key.index(), requester)
            && self.sessions.ask_for_web_socket(turn, key, &requester, host);
        if !has_begun {
            // The role tries again, as with any server that can't be reached.
            self.sessions.close(turn.now, key, Farewell::Nothing(ErrorCode::BUSY));
        }
        if !self.sessions.is_open(key) {
            self.receiver.release(key.index());
        }
        true
    }
}

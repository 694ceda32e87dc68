//! What sessions say as WebSockets, besides frames: a handshake or the answer to it, Pong, Close.
//!
//! Contract: nothing is sent between a handshake's beginning and its end, nor behind a Close. A peer
//! that breaks RFC 6455 is told so twice: by an `Error` for whoever wrote it, and by the code of the
//! Close.

use super::SessionManager;
use super::ending::{Farewell, UnsendableClose};
use crate::entropy::Turn;
use crate::log;
use crate::protocol::ErrorCode;
use crate::protocol::either_way::Error;
use crate::session::session::{Flags, SessionKey};
use crate::stats::Count;
use crate::time::Instant;
use crate::wire::ws::CONTROL_PAYLOAD_MAX_BYTES;
use crate::wire::ws::close::REASON_MAX_BYTES;
use crate::wire::ws::handshake::{Accepted, Acceptor, AnswerError, Refusal, Request, Requester};
use crate::wire::ws::header::CONTROL_FRAME_MAX_BYTES;
use crate::wire::ws::{Close, CloseCode, FrameKind, write_frame};

/// The longest request that is written here: 170 bytes, and the name of whom we have connected to.
const REQUEST_MAX_BYTES: usize = 512;

impl SessionManager<'_> {
    /// A peer has connected, and its first bytes tell what it speaks: until then nothing can be said.
    pub(crate) fn await_first_bytes(&mut self, key: SessionKey) {
        if let Some(session) = self.table.get_mut(key) {
            session.flags.set(Flags::HANDSHAKE);
        }
    }

    /// A peer wants a WebSocket; `false` if it is we who have connected, and it can't be one.
    pub(crate) fn handshake_begins(&mut self, key: SessionKey) -> bool {
        let Some(session) = self.table.get_mut(key) else { return false };
        if session.flags.has(Flags::OUTBOUND) {
            return false;
        }
        session.flags.set(Flags::HANDSHAKE);
        session.flags.set(Flags::MESSAGES);
        true
    }

    /// Whether it is open what a peer is going to speak.
    pub(crate) fn awaits_first_bytes(&self, key: SessionKey) -> bool {
        self.get(key).is_some_and(|session| {
            let flags = session.flags;
            let has_begun = flags.has(Flags::MESSAGES) || flags.has(Flags::OUTBOUND);
            flags.has(Flags::HANDSHAKE) && !has_begun
        })
    }

    /// A peer speaks frames of a stream.
    pub(crate) fn stream_begins(&mut self, key: SessionKey) {
        if let Some(session) = self.table.get_mut(key) {
            session.flags.clear(Flags::HANDSHAKE);
        }
    }

    /// [`SessionManager::close`] with words of the role's own for a WebSocket, which clients of any make
    /// hear: a code that may be sent, and up to 123 bytes of text. A stream has the farewell alone.
    ///
    /// # Errors
    /// [`UnsendableClose`]; nothing has changed then.
    pub fn close_with(
        &mut self,
        now: Instant,
        key: SessionKey,
        farewell: Farewell,
        close: Close<'_>,
    ) -> Result<(), UnsendableClose> {
        if !close.code.is_sendable() {
            return Err(UnsendableClose::Code);
        }
        if close.reason.len() > REASON_MAX_BYTES {
            return Err(UnsendableClose::Reason);
        }
        self.close_saying(now, key, farewell, close);
        Ok(())
    }

    /// Asks by WebSocket's own Ping, which clients of any make answer.
    pub(super) fn ping(&mut self, key: SessionKey) {
        if self.get(key).is_some_and(|session| session.flags.has(Flags::MESSAGES)) {
            self.queue_control(key, FrameKind::Ping, b"");
        }
    }

    /// The request is whole, and the session a WebSocket behind the answer.
    pub(crate) fn accept_web_socket(&mut self, now: Instant, key: SessionKey, accepted: Accepted) {
        let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
        // It is as long as the longest.
        let used = accepted.write_response(&mut response).unwrap_or(0);
        self.say_raw(now, key, response.get(..used).unwrap_or_default());
        self.web_socket_opens(key);
    }

    /// The request can't be granted: the peer is told in its language, and closed.
    pub(crate) fn refuse_web_socket(&mut self, now: Instant, key: SessionKey, refusal: Refusal) {
        self.stats.handshakes_refused.count();
        self.say_raw(now, key, refusal.response().as_bytes());
        self.close(now, key, Farewell::Nothing(ErrorCode::BAD_FRAME));
    }

    /// We have connected, and ask `host` for a WebSocket: nothing is said before it has answered.
    /// `false` if the request can't be written.
    pub(crate) fn ask_for_web_socket(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        requester: &Requester,
        host: &str,
    ) -> bool {
        let mut text = [0; REQUEST_MAX_BYTES];
        let request = Request::new(host, "/");
        let Ok(used) = requester.write_request(request, &mut text) else { return false };
        if let Some(session) = self.table.get_mut(key) {
            session.flags.set(Flags::HANDSHAKE);
        }
        self.mask_keys.renew(turn.random());
        self.say_raw(turn.now, key, text.get(..used).unwrap_or_default());
        true
    }

    /// The handshake is over, whoever has asked for it.
    pub(crate) fn web_socket_opens(&mut self, key: SessionKey) {
        self.stats.web_sockets.count();
        if let Some(session) = self.table.get_mut(key) {
            session.flags.clear(Flags::HANDSHAKE);
            session.flags.set(Flags::MESSAGES);
        }
    }

    /// The peer that we have asked does not grant it, or is no server of this protocol.
    pub(crate) fn web_socket_denied(&mut self, now: Instant, key: SessionKey, error: AnswerError) {
        self.stats.handshakes_refused.count();
        log::info!("a server has opened no WebSocket: {}", error.name());
        self.close(now, key, Farewell::Nothing(ErrorCode::BAD_FRAME));
    }

    /// The peer's Ping is answered. One whose queue is full is told nothing: it has not read either.
    pub(crate) fn pong(&mut self, key: SessionKey, payload: &[u8]) {
        self.queue_control(key, FrameKind::Pong, payload);
    }

    /// The peer has said Close: it is echoed. Who means an end in good order says so; any other code is that of a
    /// connection that broke, at the peer or at a proxy between.
    pub(crate) fn web_socket_closes(&mut self, now: Instant, key: SessionKey, code: CloseCode) {
        self.say_close(key, Close { code, reason: "" });
        let reason = if code.is_goodbye() { ErrorCode::GOODBYE } else { ErrorCode::LOST };
        self.close(now, key, Farewell::Nothing(reason));
    }

    /// The peer broke RFC 6455.
    pub(crate) fn web_socket_broke(&mut self, now: Instant, key: SessionKey, code: CloseCode) {
        self.stats.violations.count();
        // A peer whose queue is full learns it from the closing itself.
        let _ = self.send(key, &Error { code: ErrorCode::BAD_FRAME, about: 0 });
        self.say_close(key, Close { code, reason: "" });
        self.close(now, key, Farewell::Nothing(ErrorCode::BAD_FRAME));
    }

    /// Queues a Close behind whatever waits, once, if the session is a WebSocket.
    pub(super) fn say_close(&mut self, key: SessionKey, close: Close<'_>) {
        #[cfg(feature = "sealed-clients")]
        if self.is_sealing(key) {
            return self.close_sealed(key, close.code);
        }
        let is_silent = self
            .table
            .get(key)
            .is_none_or(|it| !it.flags.has(Flags::MESSAGES) || !it.can_be_told());
        if is_silent {
            return;
        }
        let mut payload = [0; CONTROL_PAYLOAD_MAX_BYTES];
        let used = close.write(&mut payload).unwrap_or(0);
        let payload = payload.get(..used).unwrap_or_default();
        self.queue_control(key, FrameKind::Close, payload);
        if let Some(session) = self.table.get_mut(key) {
            session.flags.set(Flags::CLOSE_SAID);
        }
    }

    /// Queues text that is no frame, in as many buffers as it takes.
    fn say_raw(&mut self, now: Instant, key: SessionKey, text: &[u8]) {
        let piece_bytes = usize::from(self.pool.buffer_bytes()).max(1);
        for piece in text.chunks(piece_bytes) {
            let Some(session) = self.table.get_mut(key) else { return };
            if session.outbox.append_bytes(&mut self.pool, piece, u16::MAX).is_err() {
                self.overflow(now, key);
                return;
            }
        }
        self.ready.add(key.index());
    }

    /// Queues a control frame, in as many buffers as it takes. A queue without room loses all of it.
    fn queue_control(&mut self, key: SessionKey, kind: FrameKind, payload: &[u8]) {
        #[cfg(feature = "sealed-clients")]
        if self.is_sealing(key) {
            return self.put_control(key, kind, payload);
        }
        let most_buffers = self.config.send_buffers_per_session;
        let Some(session) = self.table.get_mut(key) else { return };
        if !session.can_be_told() {
            return;
        }
        let mask = if session.is_masked() { Some(self.mask_keys.draw()) } else { None };
        let mut frame = [0; CONTROL_FRAME_MAX_BYTES];
        let used = write_frame(&mut frame, kind, mask, payload).unwrap_or(0);
        let piece_bytes = usize::from(self.pool.buffer_bytes()).max(1);
        let pieces = frame.get(..used).unwrap_or_default().chunks(piece_bytes);
        let free = usize::from(most_buffers.saturating_sub(session.outbox.buffers()));
        // One piece may find room in a buffer that is there already.
        if pieces.len() > free.min(self.pool.available()).max(1) {
            return;
        }
        for piece in pieces {
            if session.outbox.append_bytes(&mut self.pool, piece, most_buffers).is_err() {
                return;
            }
        }
        self.ready.add(key.index());
    }
}

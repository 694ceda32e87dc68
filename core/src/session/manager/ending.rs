//! How a session ends: what its role learns, and what its peer is told.

use super::SessionManager;
#[cfg(feature = "log")]
use crate::log;
use crate::protocol::ErrorCode;
use crate::protocol::either_way::{Bye, Error};
#[cfg(feature = "log")]
use crate::rate_limited_log::RateLimitedLog;
#[cfg(feature = "shares")]
use crate::session::session::Session;
use crate::session::session::{Flags, LinkTag, SessionKey};
use crate::session::state::{SessionEvent, SessionState};
use crate::stats::Count;
use crate::storage::Key;
use crate::time::Instant;
#[cfg(feature = "websocket")]
use crate::wire::ws::{Close, CloseCode};

/// The end of a session, as its role learns it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Which. The key is stale, or about to be.
    pub key: SessionKey,
    /// What it was to the role.
    pub tag: LinkTag,
    /// Why.
    pub reason: ErrorCode,
}

impl Ended {
    /// No end: all-zero bits.
    pub const VACANT: Self =
        Self { key: Key::DANGLING, tag: LinkTag { kind: 0, index: 0 }, reason: ErrorCode(0) };
}

/// What a peer is told last.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// It broke a rule: an `Error` packet.
    Error {
        /// Which rule.
        code: ErrorCode,
        /// The opcode that broke it; 0 if none did.
        about: i32,
    },
    /// It did nothing wrong: a `Bye` packet.
    Bye(ErrorCode),
    /// Nothing: the role has said it already.
    Nothing(ErrorCode),
}

impl Farewell {
    /// The reason in it.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Error { code, .. } | Self::Bye(code) | Self::Nothing(code) => code,
        }
    }

    /// The same as a code of RFC 6455 §7.4.
    #[cfg(feature = "websocket")]
    const fn close_code(self) -> CloseCode {
        let code = self.code().close_code();
        match self {
            // Whoever is refused has done something, and would be refused again.
            Self::Error { .. } if matches!(code, CloseCode::NORMAL) => CloseCode::POLICY_VIOLATION,
            Self::Error { .. } | Self::Bye(_) | Self::Nothing(_) => code,
        }
    }
}

/// Why a WebSocket can't be closed with these words.
#[cfg(feature = "websocket")]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum UnsendableClose {
    /// The code may not be sent (RFC 6455, 7.4).
    Code,
    /// The text is longer than 123 bytes.
    Reason,
}

/// Lines about peers that were lost, or can't be understood: one a second of servers, and one of all others.
#[cfg(feature = "log")]
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Losses {
    servers: RateLimitedLog,
    others: RateLimitedLog,
}

#[cfg(feature = "log")]
impl SessionManager<'_> {
    /// Tells the log of a peer whose stream can't be framed any more.
    pub(crate) fn log_bad_frame(&mut self, now: Instant, key: SessionKey, body_bytes: u16) {
        let from = self.address(key).unwrap_or_default();
        if let Some(count) = self.losses.others.admit(now) {
            log::info!(
                "bad frame length {} from {} ({} since the last line)",
                body_bytes,
                from,
                count
            );
        }
    }

    /// Tells the log of a peer that has come, had proven something and is gone without a word. (Who dials
    /// knows whom, and tells it itself.)
    pub(super) fn log_loss(&mut self, now: Instant, key: SessionKey, reason: ErrorCode) {
        let is_lost =
            matches!(reason, ErrorCode::LOST | ErrorCode::SILENT | ErrorCode::BROKEN_SEAL);
        let Some(session) = self.table.get(key) else { return };
        let is_outbound = session.flags.has(Flags::OUTBOUND);
        if !is_lost || is_outbound || session.state != SessionState::Ready {
            return;
        }
        let is_server = session.flags.has(Flags::TRUSTED);
        let from = self.address(key).unwrap_or_default();
        if is_server {
            if let Some(count) = self.losses.servers.admit(now) {
                log::warning!(
                    "lost a server at {} ({}; {} since the last line)",
                    from,
                    reason.name(),
                    count
                );
            }
        } else if let Some(count) = self.losses.others.admit(now) {
            log::info!(
                "lost a client at {} ({}; {} since the last line)",
                from,
                reason.name(),
                count
            );
        }
    }
}

#[cfg(not(feature = "log"))]
impl SessionManager<'_> {
    #[expect(clippy::unused_self, reason = "with a log it says so")]
    pub(crate) const fn log_bad_frame(&self, _: Instant, _: SessionKey, _: u16) {}
}

impl SessionManager<'_> {
    /// Ends a session: `farewell` is what the peer is told, and why the role is.
    pub fn close(&mut self, now: Instant, key: SessionKey, farewell: Farewell) {
        #[cfg(feature = "websocket")]
        let close = Close { code: farewell.close_code(), reason: "" };
        self.close_saying(
            now,
            key,
            farewell,
            #[cfg(feature = "websocket")]
            close,
        );
    }

    /// `close` is the last word of a WebSocket.
    pub(super) fn close_saying(
        &mut self,
        now: Instant,
        key: SessionKey,
        farewell: Farewell,
        #[cfg(feature = "websocket")] close: Close<'_>,
    ) {
        #[cfg(feature = "log")]
        self.log_loss(now, key, farewell.code());
        let Some(session) = self.table.get(key) else {
            return;
        };
        if session.state.after(SessionEvent::Close).is_none() {
            return;
        }
        let ended = Ended { key, tag: session.tag, reason: farewell.code() };
        if session.state == SessionState::Connecting && !session.flags.has(Flags::TOLD) {
            // The driver has not heard of it, and has nothing to let go of.
            self.remove(key);
            self.end(ended);
            return;
        }
        if session.state.is_open() {
            #[cfg(feature = "websocket")]
            if self.awaits_first_bytes(key) {
                // Whoever was silent from the beginning is told so in frames of a stream.
                self.stream_begins(key);
            }
            // A peer whose queue is full learns it from the closing itself.
            let _ = match farewell {
                Farewell::Error { code, about } => self.send(key, &Error { code, about }),
                Farewell::Bye(reason) => self.send(key, &Bye { reason }),
                Farewell::Nothing(_) => Ok(()),
            };
            #[cfg(feature = "websocket")]
            self.say_close(key, close);
        }
        self.change(now, key, SessionEvent::Close);
        self.ready.add(key.index());
        self.end(ended);
    }

    /// The transport has ended, and the driver has let go of it.
    pub(crate) fn disconnected(&mut self, now: Instant, key: SessionKey, reason: ErrorCode) {
        #[cfg(feature = "log")]
        self.log_loss(now, key, reason);
        #[cfg(not(feature = "log"))]
        let _ = now;
        let Some(session) = self.table.get(key) else {
            return;
        };
        if session.state.is_open() || session.state == SessionState::Connecting {
            self.end(Ended { key, tag: session.tag, reason });
        }
        self.remove(key);
    }

    pub(super) fn remove(&mut self, key: SessionKey) {
        #[cfg(feature = "shares")]
        if self.get(key).is_some_and(Session::is_stranger) {
            self.remove_stranger(key);
        }
        #[cfg(feature = "secure")]
        self.release_outlet(key);
        let Some(mut session) = self.table.remove(key) else {
            return;
        };
        session.outbox.release(&mut self.pool);
        if session.flags.has(Flags::OUTBOUND) {
            self.own_sessions -= 1;
        }
        #[cfg(feature = "shares")]
        self.addresses.leave(session.address);
        self.wheel.cancel(key.index());
    }

    /// Ends a session whose peer broke the protocol.
    pub fn violation(&mut self, now: Instant, key: SessionKey, code: ErrorCode, about: i32) {
        if self.is_open(key) {
            self.stats.violations.count();
            self.close(now, key, Farewell::Error { code, about });
        }
    }

    pub(super) fn end(&mut self, ended: Ended) {
        self.stats.closed.count();
        // There is room for every session, and a session ends once.
        let _ = self.ended.push(ended);
    }

    pub(crate) const fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    pub(crate) fn pop_ended(&mut self) -> Option<Ended> {
        self.ended.pop()
    }

    /// Closes every session with a goodbye, and takes no new ones.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        self.shutting_down = true;
        for index in 0..self.table.capacity() as u16 {
            if let Some(key) = self.table.key_at(index) {
                self.close(now, key, Farewell::Bye(ErrorCode::SHUTTING_DOWN));
            }
        }
    }

    /// Whether the node is closing down.
    pub const fn is_shutting_down(&self) -> bool {
        self.shutting_down
    }
}

//! How a session ends: what its role learns, and what its peer is told.

use super::SessionManager;
#[cfg(feature = "log")]
use crate::dispatch::RateLimitedLog;
#[cfg(feature = "log")]
use crate::log;
use crate::protocol::ErrorCode;
#[cfg(feature = "log")]
use crate::session::session::Flags;
use crate::session::session::{LinkTag, SessionKey};
#[cfg(feature = "log")]
use crate::session::state::SessionState;
use crate::stats::Count;
use crate::storage::Key;
use crate::time::Instant;

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

/// Lines about peers that were lost: one a second of servers, and one of all others.
#[cfg(feature = "log")]
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Losses {
    servers: RateLimitedLog,
    others: RateLimitedLog,
}

#[cfg(feature = "log")]
impl SessionManager<'_> {
    /// Tells the log of a peer that has come, had proven something and is gone without a word. (Who dials
    /// knows whom, and tells it itself.)
    pub(super) fn log_loss(&mut self, now: Instant, key: SessionKey, reason: ErrorCode) {
        let is_lost = matches!(reason, ErrorCode::LOST | ErrorCode::SILENT);
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

impl SessionManager<'_> {
    /// Ends a session whose peer broke the protocol (DESIGN §4).
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

//! How a session ends: what its role learns, and what its peer is told.

use crate::protocol::ErrorCode;
use crate::session::session::{LinkTag, SessionKey};
use crate::storage::Key;

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

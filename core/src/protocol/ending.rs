//! What the end of a connection means to whoever is at its other side: whether to come back.
//!
//! ```
//! use tinyrealm_core::protocol::ErrorCode;
//! assert!(ErrorCode::SILENT.close_code().may_come_back());
//! assert!(!ErrorCode::REPLACED.close_code().may_come_back());
//! ```

use super::ErrorCode;
use crate::wire::ws::CloseCode;

impl ErrorCode {
    /// What this end of a connection is in the numbers of RFC 6455: whoever lost its place by time, by
    /// crowds or by a server's end may try again, and everyone else was sent away on purpose.
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::BAD_FRAME | Self::MALFORMED => CloseCode::PROTOCOL_ERROR,
            Self::SHUTTING_DOWN => CloseCode::GOING_AWAY,
            Self::SILENT
            | Self::GREETING_TIMEOUT
            | Self::TOO_SLOW
            | Self::FULL
            | Self::BUSY
            | Self::NO_WORLD
            | Self::WORLD_TIMEOUT
            | Self::WORLD_LOST
            | Self::CHAT_UNAVAILABLE
            | Self::LOGIN_UNAVAILABLE
            | Self::LOST
            | Self::UNRESOLVED
            | Self::UNREACHABLE => CloseCode::TRY_AGAIN_LATER,
            _ => CloseCode::NORMAL,
        }
    }

    /// Whether an `Error` with this code is the last word, and would be so again.
    pub const fn ends_for_good(self) -> bool {
        matches!(self, Self::BAD_FRAME | Self::MALFORMED | Self::TOO_FAST | Self::BAD_VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_says_whether_to_come_back() {
        let later: std::vec::Vec<_> = ErrorCode::ALL
            .iter()
            .filter(|code| code.close_code().may_come_back())
            .map(|code| code.name())
            .collect();
        let expected = "GREETING_TIMEOUT SILENT SHUTTING_DOWN TOO_SLOW FULL NO_WORLD WORLD_TIMEOUT \
            WORLD_LOST CHAT_UNAVAILABLE BUSY LOGIN_UNAVAILABLE LOST UNRESOLVED UNREACHABLE";
        assert_eq!(later.join(" "), expected);
        assert!(ErrorCode::ALL.iter().all(|code| code.close_code().is_sendable()));
    }
}

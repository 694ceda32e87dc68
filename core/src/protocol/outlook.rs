//! What is for good: which refusals lead to the same when they are tried again.
//!
//! Purpose: the one table by which a client decides whether it comes back by itself.
//!
//! Contract: every code of this version is in it. What a newer peer says besides may pass.
//!
//! ```
//! use tinyrealm_core::protocol::{ErrorCode, Outlook};
//! assert_eq!(ErrorCode::BANNED.outlook(), Outlook::Final);
//! assert_eq!(ErrorCode::FULL.outlook(), Outlook::Passing);
//! ```

use super::{ErrorCode, JoinDenial, LoginDenial};

/// Whether somebody may come back that was refused or sent away.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Outlook {
    /// It may be otherwise in a while.
    Passing,
    /// It stays so, whichever server of the realm says it, and of whatever.
    Final,
    /// It stays so if Main says it.
    FinalOfMain,
    /// It stays so for whoever has no account to log in with.
    FinalForGuests,
    /// It stays so for the wish that is answered so; of anything else it says nothing.
    FinalForWish,
}

impl ErrorCode {
    /// Whether whoever is told so may come back.
    pub const fn outlook(self) -> Outlook {
        match self.known_outlook() {
            Some(outlook) => outlook,
            None => Outlook::Passing,
        }
    }

    const fn known_outlook(self) -> Option<Outlook> {
        Some(match self {
            Self::BAD_VERSION
            | Self::REMOVED
            | Self::REVOKED
            | Self::BANNED
            | Self::BAD_NAME
            | Self::GAME_CHANGED
            | Self::TLS_NEEDED => Outlook::Final,
            // It goes on elsewhere.
            Self::REPLACED => Outlook::FinalOfMain,
            Self::LOGIN_NEEDED => Outlook::FinalForGuests,
            Self::WRONG_SECRET | Self::BAD_ROOM => Outlook::FinalForWish,
            // The room may be opened, given back or unlocked meanwhile.
            Self::NO_ROOM | Self::ROOM_EXISTS | Self::ROOM_LOCKED | Self::ROOM_CLOSED => {
                Outlook::Passing
            }
            // There may be a place, or a server.
            Self::FULL
            | Self::BUSY
            | Self::NO_WORLD
            | Self::WORLD_TIMEOUT
            | Self::WORLD_LOST
            | Self::MOVED
            | Self::DETACHED
            | Self::LOGIN_UNAVAILABLE
            | Self::DIRECTORY_UNAVAILABLE
            | Self::CHAT_UNAVAILABLE
            | Self::UNRESOLVED
            | Self::UNREACHABLE
            | Self::LOST
            | Self::SHUTTING_DOWN
            | Self::GOODBYE => Outlook::Passing,
            // The next connection is another one.
            Self::BAD_FRAME
            | Self::MALFORMED
            | Self::OUT_OF_PLACE
            | Self::TOO_FAST
            | Self::GREETING_TIMEOUT
            | Self::SILENT
            | Self::TOO_SLOW
            | Self::NOT_UNDERSTOOD
            | Self::BAD_TOKEN => Outlook::Passing,
            // Said before a link is sealed, by whoever is on the way.
            Self::NO_ACCOUNTS => Outlook::Passing,
            // Of one message.
            Self::NOT_IN_CHANNEL
            | Self::ALREADY_IN_CHANNEL
            | Self::TOO_MANY_CHANNELS
            | Self::CHANNEL_FULL
            | Self::CHANNELS_FULL
            | Self::BAD_CHANNEL
            | Self::MESSAGE_TOO_LONG
            | Self::CHAT_TOO_FAST
            | Self::CHAT_INTERRUPTED
            | Self::PAGE_LOST
            | Self::BAD_NUMBER
            | Self::SPECTATING
            | Self::REFUSED
            | Self::TIMED_OUT => Outlook::Passing,
            // Between servers, whose operators mend it.
            Self::STALE_CLAIM
            | Self::STALE_ROOM
            | Self::NOT_YOURS
            | Self::BAD_PROOF
            | Self::BROKEN_SEAL
            | Self::NOT_SEALED => Outlook::Passing,
            _ => return None,
        })
    }
}

impl JoinDenial {
    /// What it is over with for whom a world denies to join, if that is for good.
    pub const fn end(self) -> Option<ErrorCode> {
        match self {
            Self::REFUSED => Some(ErrorCode::REMOVED),
            Self::BANNED => Some(ErrorCode::BANNED),
            Self::GAME_CHANGED => Some(ErrorCode::GAME_CHANGED),
            _ => None,
        }
    }
}

impl LoginDenial {
    /// Whether Login would say the same again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::WRONG | Self::DISABLED | Self::BANNED)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_code_is_decided_on_and_what_a_newer_peer_says_may_pass() {
        let undecided = ErrorCode::ALL.iter().find(|code| code.known_outlook().is_none());
        assert_eq!(undecided, None);
        assert_eq!(ErrorCode(9_999).outlook(), Outlook::Passing);
    }

    #[test]
    fn every_denial_is_decided_on() {
        let (join, login) = (JoinDenial::ALL.iter(), LoginDenial::ALL.iter());
        let for_good: Vec<_> = join.filter(|denial| denial.end().is_some()).collect();
        assert_eq!(
            for_good,
            [&JoinDenial::REFUSED, &JoinDenial::BANNED, &JoinDenial::GAME_CHANGED]
        );
        let all = JoinDenial::ALL.iter().filter_map(|denial| denial.end());
        assert!(all.into_iter().all(|code| code.outlook() == Outlook::Final));
        let for_good: Vec<_> = login.filter(|denial| denial.is_final()).collect();
        assert_eq!(for_good, [&LoginDenial::WRONG, &LoginDenial::DISABLED, &LoginDenial::BANNED]);
    }
}

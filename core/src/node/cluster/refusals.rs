//! `Refusals`: what another server says again and again that can't become better by trying.
//!
//! Contract: a key that is not had, an id or a version that is not taken, and a server of another kind are refusals. Whatever else
//! ends an attempt, a peer that is not there above all, begins the count anew, and so does a link that stands.

use crate::protocol::ErrorCode;
use crate::protocol::dialer_to_listener::SecureHello;

/// What attempts at one link have been refused for: how often in a row, and why.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Refusals {
    reason: ErrorCode,
    count: u8,
}

impl Refusals {
    /// Whether a peer that says so, `about` an opcode, ends the link behind it: that is its reason then. A world without the
    /// cargo feature `mains` looks for its key alone. One that has no place for a sealed link is busy with other questions as well,
    /// and goes on.
    pub const fn is_last_word(code: ErrorCode, about: i32) -> bool {
        matches!(code, ErrorCode::BAD_PROOF)
            || (cfg!(feature = "mains")
                && (matches!(code, ErrorCode::NOT_SEALED | ErrorCode::OUT_OF_PLACE)
                    || (matches!(code, ErrorCode::BUSY) && about == SecureHello::OPCODE.0)))
    }

    /// None so far.
    pub const NONE: Self = Self { reason: ErrorCode(0), count: 0 };

    /// One that stands for as many as there can be.
    pub const fn for_good(reason: ErrorCode) -> Self {
        Self { reason, count: u8::MAX }
    }

    /// An attempt has ended.
    pub const fn note(&mut self, reason: ErrorCode) {
        if !is_refusal(reason) {
            *self = Self::NONE;
            return;
        }
        self.reason = reason;
        self.count = self.count.saturating_add(1);
    }

    /// Why the last attempt was refused, and how many in a row were; `None` if it was not.
    pub const fn last(&self) -> Option<(ErrorCode, u8)> {
        if self.count == 0 { None } else { Some((self.reason, self.count)) }
    }
}

const fn is_refusal(reason: ErrorCode) -> bool {
    matches!(
        reason,
        ErrorCode::BAD_PROOF
            | ErrorCode::NOT_YOURS
            | ErrorCode::REPLACED
            | ErrorCode::BAD_VERSION
            | ErrorCode::NOT_SEALED
            | ErrorCode::OUT_OF_PLACE
            | ErrorCode::BAD_FRAME
            | ErrorCode::MALFORMED
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_in_a_row_count() {
        let mut refusals = Refusals::NONE;
        assert_eq!(refusals.last(), None);
        for count in 1..=3 {
            refusals.note(ErrorCode::BAD_PROOF);
            assert_eq!(refusals.last(), Some((ErrorCode::BAD_PROOF, count)));
        }
        refusals.note(ErrorCode::LOST);
        assert_eq!(refusals.last(), None);
        for _ in 0..300 {
            refusals.note(ErrorCode::NOT_YOURS);
        }
        assert_eq!(refusals.last(), Some((ErrorCode::NOT_YOURS, u8::MAX)));
    }
}

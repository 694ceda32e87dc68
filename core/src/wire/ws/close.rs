//! Why a connection ends: `[code: u16 BE][reason: UTF-8, 0..=123 bytes]`, or nothing at all.
//!
//! Purpose: the payload of a Close frame (RFC 6455, 5.5.1 and 7.4), read and written.
//!
//! Contract: reading borrows and answers the code that a wrong payload is refused with. Codes that
//! stand for something which was never sent (1005, 1006, 1015) are not taken from the wire and not
//! put on it.
//!
//! ```
//! use tinyrealm_core::wire::ws::{Close, CloseCode};
//! let close = Close { code: CloseCode::GOING_AWAY, reason: "bye" };
//! let mut payload = [0; 8];
//! let used = close.write(&mut payload).unwrap();
//! assert_eq!(payload[..used], *b"\x03\xE9bye");
//! assert_eq!(Close::parse(&payload[..used]), Ok(close));
//! assert_eq!(Close::parse(&[3]), Err(CloseCode::PROTOCOL_ERROR));
//! ```

use super::CONTROL_PAYLOAD_MAX_BYTES;
use crate::wire::{BinaryWriter, Full};

/// The longest reason, in bytes: what a control frame holds behind the code.
pub const REASON_MAX_BYTES: usize = CONTROL_PAYLOAD_MAX_BYTES - CODE_BYTES;

const CODE_BYTES: usize = 2;

/// Why a connection ends (RFC 6455, 7.4.1, and IANA's registry).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// What the connection was for is done.
    pub const NORMAL: Self = Self(1000);
    /// A server goes down, or somebody leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A kind of data that is not taken: text.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// The peer's Close had no code. Never on the wire.
    pub const NO_STATUS: Self = Self(1005);
    /// The connection ended without a Close. Never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// Data that is not what it claims to be: a reason that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A message against a policy, when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// A message over the limit.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// We could not go on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The server starts again: come back.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// The server is full: come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// Whether the peer ends in good order: no code is no complaint, and an application's own is meant. Who is going
    /// away is not: a page that loads itself anew says so, and comes back.
    pub const fn is_goodbye(self) -> bool {
        matches!(self.0, 1000 | 1005 | 3000..=4999)
    }

    /// Whether a peer that ended like this may be there again: the connection broke, or the server had
    /// to go. Whatever else it says is said on purpose, and would be said again.
    pub const fn may_come_back(self) -> bool {
        matches!(self.0, 1001 | 1005 | 1006 | 1011..=1014)
    }

    /// Whether a Close frame may carry this code: a registered one, a library's (3000 to 3999) or an
    /// application's (4000 to 4999).
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// The payload of a Close frame.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Close<'a> {
    /// Why; [`CloseCode::NO_STATUS`] if the payload is empty.
    pub code: CloseCode,
    /// For whoever reads logs; may be empty.
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads the payload of a Close frame.
    ///
    /// # Errors
    /// [`CloseCode::PROTOCOL_ERROR`] for half a code or one that may not be sent,
    /// [`CloseCode::INVALID_DATA`] for a reason that is not UTF-8.
    pub fn parse(payload: &'a [u8]) -> Result<Self, CloseCode> {
        if payload.is_empty() {
            return Ok(Self { code: CloseCode::NO_STATUS, reason: "" });
        }
        let (code, reason) =
            payload.split_first_chunk::<CODE_BYTES>().ok_or(CloseCode::PROTOCOL_ERROR)?;
        let code = CloseCode(u16::from_be_bytes(*code));
        if !code.is_sendable() {
            return Err(CloseCode::PROTOCOL_ERROR);
        }
        let reason = core::str::from_utf8(reason).map_err(|_| CloseCode::INVALID_DATA)?;
        Ok(Self { code, reason })
    }

    /// Writes the payload and answers its length: 0 for a code that may not be sent, so that what
    /// was read can be sent back.
    ///
    /// # Errors
    /// [`Full`] if it does not fit, or if the reason is over [`REASON_MAX_BYTES`].
    pub fn write(self, destination: &mut [u8]) -> Result<usize, Full> {
        if !self.code.is_sendable() {
            return Ok(0);
        }
        if self.reason.len() > REASON_MAX_BYTES {
            return Err(Full);
        }
        let mut writer = BinaryWriter::new(destination);
        writer.bytes(&self.code.0.to_be_bytes())?;
        writer.bytes(self.reason.as_bytes())?;
        Ok(writer.written())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_sendable_or_not() {
        for code in 0..=u16::MAX {
            let reserved = code < 1000
                || [1004, 1005, 1006, 1015].contains(&code)
                || (1016..3000).contains(&code)
                || code >= 5000;
            assert_eq!(CloseCode(code).is_sendable(), !reserved, "{code}");
            let parsed = Close::parse(&code.to_be_bytes()).map(|close| close.code.0);
            let expected = if reserved { Err(CloseCode::PROTOCOL_ERROR) } else { Ok(code) };
            assert_eq!(parsed, expected);
        }
    }

    #[test]
    fn who_had_to_go_may_come_back() {
        for code in 1000..1016 {
            let had_to = [1001, 1005, 1006, 1011, 1012, 1013, 1014].contains(&code);
            assert_eq!(CloseCode(code).may_come_back(), had_to, "{code}");
        }
        assert!(!CloseCode(4000).may_come_back());
    }

    #[test]
    fn both_sides_of_the_payload_length() {
        let parse = |payload| Close::parse(payload).map(|close| (close.code.0, close.reason));
        assert_eq!(parse(&[]), Ok((1005, "")));
        assert_eq!(parse(&[3]), Err(CloseCode::PROTOCOL_ERROR));
        assert_eq!(parse(&[3, 232]), Ok((1000, "")));
    }

    #[test]
    fn a_reason_is_utf8() {
        let reason = "κόσμε";
        let mut payload = [0; 125];
        let used = Close { code: CloseCode(4000), reason }.write(&mut payload).unwrap();
        assert_eq!(Close::parse(&payload[..used]).unwrap().reason, reason);
        assert_eq!(Close::parse(&payload[..used - 1]), Err(CloseCode::INVALID_DATA));
        // A surrogate, and a form that is longer than it has to be.
        for bad in [&b"\x03\xE8\xED\xA0\x80"[..], b"\x03\xE8\xC0\xAF", b"\x03\xE8\xFF"] {
            assert_eq!(Close::parse(bad), Err(CloseCode::INVALID_DATA));
        }
    }

    #[test]
    fn both_sides_of_the_reason_and_the_room() {
        let text = [b'a'; 124];
        let text = core::str::from_utf8(&text).unwrap();
        let close = |bytes| Close { code: CloseCode::NORMAL, reason: &text[..bytes] };
        assert_eq!(close(123).write(&mut [0; 125]), Ok(125));
        assert_eq!(close(123).write(&mut [0; 124]), Err(Full));
        assert_eq!(close(124).write(&mut [0; 200]), Err(Full));
    }

    #[test]
    fn a_close_without_code_is_sent_back_without_one() {
        let close = Close::parse(&[]).unwrap();
        assert_eq!(close.write(&mut [0; 8]), Ok(0));
    }
}

//! `Begins`: whether a connection begins with TLS.

/// What the first bytes of a connection say.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Begins {
    /// It can't be told yet.
    Unknown,
    /// With a TLS record.
    Tls,
    /// With something else.
    Clear,
}

/// The type of a handshake's record, and the first byte of every version's number (RFC 8446, section 5.1).
const HANDSHAKE: [u8; 2] = [0x16, 0x03];

impl Begins {
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Unknown,
            [first] if *first == HANDSHAKE[0] => Self::Unknown,
            [first, second, ..] if *first == HANDSHAKE[0] && *second == HANDSHAKE[1] => Self::Tls,
            _ => Self::Clear,
        }
    }
}

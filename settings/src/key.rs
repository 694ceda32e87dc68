//! `Key`: 32 bytes that nobody else is to see.

use core::fmt::{self, Debug, Formatter};
use core::str::FromStr;

/// Bytes of a key.
const BYTES: usize = 32;

/// A key of a role, or of an account; its `Debug` does not say which one.
#[derive(Copy, Clone, PartialEq, Eq)]
pub struct Key([u8; BYTES]);

/// A text is not 64 hexadecimal digits.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NoKey;

/// The keys in the demonstration's `device.toml`, whose secret everyone knows: of its world and of its chat server.
pub const DEMONSTRATION_KEYS: [Key; 2] = [
    Key([
        0x50, 0xd5, 0xe4, 0x75, 0x2d, 0x7b, 0x38, 0xe0, 0x57, 0x09, 0x21, 0xfb, 0x74, 0x5f, 0xc0,
        0xe2, 0x73, 0x38, 0x36, 0xf6, 0x2c, 0x47, 0xac, 0xd9, 0x82, 0x03, 0x3d, 0xc9, 0x7a, 0x1c,
        0x40, 0x0b,
    ]),
    Key([
        0x57, 0xf9, 0xac, 0x44, 0xd4, 0x63, 0xe6, 0xe0, 0x85, 0x24, 0x15, 0x78, 0x4d, 0x19, 0x7b,
        0x4c, 0x40, 0x7d, 0x71, 0xa1, 0x73, 0xbb, 0x99, 0xe2, 0xd7, 0x66, 0xdc, 0x6c, 0x1e, 0xed,
        0xee, 0xa2,
    ]),
];

impl Key {
    /// Of these bytes.
    pub const fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl Debug for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl core::error::Error for NoKey {}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("not 64 hexadecimal digits")
    }
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != BYTES || !rest.is_empty() {
            return Err(NoKey);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NoKey);
        let mut bytes = [0; BYTES];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
        }
        Ok(Self(bytes))
    }
}

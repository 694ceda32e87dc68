//! The types that messages are made of, each with its unit and its bound.
//!
//! ```
//! use tinyrealm_core::protocol::{HandshakeKey, Text};
//! assert!(Text::<4>::new("main").is_some());
//! assert!(Text::<4>::new("maine").is_none());
//! assert_eq!(format!("{:?}", HandshakeKey([7; 16])), "HandshakeKey(…)"); // no secret in a log
//! ```

use core::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// A user of the realm. 0 is nobody; guests have the top bit set.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Uid(pub u32);

impl Uid {
    /// Nobody: the sender of what the game itself says.
    pub const NOBODY: Self = Self(0);
}

/// A world server of the realm.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorldId(pub u16);

/// A room of a world.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(pub u16);

/// A place in a room, in thousandths of the game's unit of length.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// East.
    pub x: i32,
    /// North.
    pub y: i32,
    /// Up.
    pub z: i32,
}

impl Position {
    /// The origin of a room.
    pub const ORIGIN: Self = Self { x: 0, y: 0, z: 0 };
}

/// A heading: 65,536 is a full turn, 0 is east, and it grows counter-clockwise.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Direction(pub u16);

/// Where a member of a room is.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MemberState {
    /// Who.
    pub uid: Uid,
    /// Where.
    pub pos: Position,
    /// Which way it faces.
    pub dir: Direction,
}

/// The key that lets one user join one world once: 128 random bits. Compared in constant time.
#[derive(Copy, Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandshakeKey(#[serde(deserialize_with = "byte_array")] pub [u8; 16]);

/// What a client shows to be recognised as the same user: 256 bits. Compared in constant time.
#[derive(Copy, Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(#[serde(deserialize_with = "byte_array")] pub [u8; 32]);

/// 128 random bits that one connection begins with.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(#[serde(deserialize_with = "byte_array")] pub [u8; 16]);

/// An HMAC that only a server of the same realm can make. Compared in constant time.
#[derive(Copy, Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proof(#[serde(deserialize_with = "byte_array")] pub [u8; 32]);

/// A loop, where serde's own way with arrays is one call a byte: 1.7 KB of code for 32 bytes.
fn byte_array<'de, D: Deserializer<'de>, const N: usize>(source: D) -> Result<[u8; N], D::Error> {
    struct Visitor<const N: usize>;

    impl<'de, const N: usize> de::Visitor<'de> for Visitor<N> {
        type Value = [u8; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut bytes: A) -> Result<[u8; N], A::Error> {
            let mut array = [0; N];
            for (place, byte) in array.iter_mut().enumerate() {
                let next = bytes.next_element()?;
                *byte = next.ok_or_else(|| de::Error::invalid_length(place, &self))?;
            }
            Ok(array)
        }
    }

    source.deserialize_tuple(N, Visitor)
}

macro_rules! secret {
    ($Secret:ident) => {
        impl PartialEq for $Secret {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl fmt::Debug for $Secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($Secret), "(…)"))
            }
        }
    };
}

secret!(HandshakeKey);
secret!(Token);
secret!(Proof);

/// The longest password, in bytes.
pub const PASSWORD_MAX_BYTES: usize = 128;

/// A password on its way to the login server: UTF-8 of at most [`PASSWORD_MAX_BYTES`] bytes.
#[derive(Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password<'a>(#[serde(borrow)] pub Text<'a, PASSWORD_MAX_BYTES>);

impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// UTF-8 text of at most `MAX` bytes. A longer one does not decode.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Text<'a, const MAX: usize>(&'a str);

impl<'a, const MAX: usize> Text<'a, MAX> {
    /// `text`, if it is short enough.
    pub fn new(text: &'a str) -> Option<Self> {
        (text.len() <= MAX).then_some(Self(text))
    }

    /// As much of `text` as fits, cut between characters.
    pub fn truncated(text: &'a str) -> Self {
        let end = (0..=MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        Self(end.and_then(|end| text.get(..end)).unwrap_or_default())
    }

    /// The text itself.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Text<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'a str>::deserialize(deserializer)?;
        Self::new(text).ok_or_else(|| de::Error::custom("text over its limit"))
    }
}

/// At most `MAX` raw bytes. More do not decode.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Bytes<'a, const MAX: usize>(&'a [u8]);

impl<'a, const MAX: usize> Bytes<'a, MAX> {
    /// `bytes`, if they are few enough.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() <= MAX).then_some(Self(bytes))
    }

    /// The bytes themselves.
    pub const fn as_slice(&self) -> &'a [u8] {
        self.0
    }
}

impl<const MAX: usize> Serialize for Bytes<'_, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Bytes<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = &'de [u8];
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
                Ok(bytes)
            }
        }
        let bytes = deserializer.deserialize_bytes(Borrowed)?;
        Self::new(bytes).ok_or_else(|| de::Error::custom("bytes over their limit"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::decode;

    #[test]
    fn both_sides_of_the_text_limit() {
        assert_eq!(decode::<Text<3>>(b"\x03abc"), Text::new("abc"));
        assert_eq!(decode::<Text<3>>(b"\x04abcd"), None);
        assert_eq!(decode::<Text<3>>(b"\x02\xFF\xFF"), None); // not UTF-8
    }

    #[test]
    fn both_sides_of_the_bytes_limit() {
        assert_eq!(decode::<Bytes<3>>(b"\x03\xFF\x00\x01"), Bytes::new(&[255, 0, 1]));
        assert_eq!(decode::<Bytes<3>>(b"\x04abcd"), None);
        assert_eq!(decode::<Bytes<3>>(b"\x03ab"), None); // truncated
    }

    #[test]
    fn truncation_keeps_characters_whole() {
        assert_eq!(Text::<4>::truncated("aß한").as_str(), "aß");
        assert_eq!(Text::<6>::truncated("aß한").as_str(), "aß한");
        assert_eq!(Text::<0>::truncated("한").as_str(), "");
    }

    #[test]
    fn a_password_does_not_print() {
        let password = Password(Text::new("hunter2").unwrap());
        assert_eq!(std::format!("{password:?}"), "Password(…)");
    }

    #[test]
    fn secrets_compare_by_value() {
        assert_eq!(Token([1; 32]), Token([1; 32]));
        assert_ne!(HandshakeKey([1; 16]), HandshakeKey([2; 16]));
    }
}

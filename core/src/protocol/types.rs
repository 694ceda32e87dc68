//! The types that messages are made of, each with its unit and its bound.
//!
//! ```
//! use tinyrealm_core::protocol::{HandshakeKey, Text};
//! assert!(Text::<4>::new("main").is_some());
//! assert!(Text::<4>::new("maine").is_none());
//! assert_eq!(format!("{:?}", HandshakeKey([7; 32])), "HandshakeKey(…)"); // no secret in a log
//! ```

use core::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// A user of the realm, below 2^53, so that it is a number in every language. 0 is nobody; guests have
/// [`Uid::GUEST_BIT`]. A larger one does not decode.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Uid(#[serde(deserialize_with = "safe_integer")] pub u64);

impl Uid {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// The largest there can be.
    pub const MAX: Self = Self(SAFE_INTEGER_MAX);
    /// The bit that guests' uids have, and accounts' have not. Below it, a guest's are 52 random bits.
    pub const GUEST_BIT: u64 = 1 << 52;

    /// Whether it is one that Main has invented.
    pub const fn is_guest(self) -> bool {
        self.0 & Self::GUEST_BIT != 0
    }
}

/// Which claim of a user a Main speaks for: the higher, the newer. 0 where a realm has one Main and no directory.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ClaimNumber(#[serde(deserialize_with = "safe_integer")] pub u64);

/// The largest integer that a double holds with all of those below it.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

fn safe_integer<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(source)?;
    if number > SAFE_INTEGER_MAX {
        return Err(de::Error::custom("over 2^53"));
    }
    Ok(number)
}

/// The versions of the protocol that a peer speaks. Every greeting begins with them, in this form for
/// ever, and they are read before the rest of it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Versions {
    /// The oldest.
    pub from: u16,
    /// The newest.
    pub to: u16,
}

impl Versions {
    /// What this code speaks.
    pub const OURS: Self = Self { from: 2, to: 2 };

    /// The version that is spoken with a peer whose greeting was taken.
    pub const fn spoken_with(theirs: Self) -> u16 {
        match Self::OURS.shared(theirs) {
            Some(version) => version,
            None => Self::OURS.to,
        }
    }

    /// The newest that both speak; `None` if there is none.
    pub const fn shared(self, other: Self) -> Option<u16> {
        let from = if self.from > other.from { self.from } else { other.from };
        let to = if self.to < other.to { self.to } else { other.to };
        if from <= to { Some(to) } else { None }
    }
}

/// The revision of a realm's accounts: it rises with whatever ends somebody's rights. Below 2^53.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(#[serde(deserialize_with = "safe_integer")] pub u64);

/// Somebody whose rights have ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Revocation {
    /// Who; [`Uid::NOBODY`] for everybody.
    pub uid: Uid,
    /// What began before this revision.
    pub revision: Revision,
    /// The revision of the account's newest login since; 0 for none.
    pub renewed_at: Revision,
}

/// A world server of the realm.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
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

/// What a member is called in its room, for as long as it is in there: 1 to 65,535 in turn, passing over
/// those who are present. 0 is the game.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemberNumber(pub u16);

impl MemberNumber {
    /// The game itself.
    pub const GAME: Self = Self(0);

    /// The next in turn: behind 65,535 comes 1 again.
    pub const fn next(self) -> Self {
        Self(if self.0 == u16::MAX { 1 } else { self.0 + 1 })
    }
}

/// The number of a message in its channel, below 2^53: its server's epoch times 2^32, and a count. They
/// rise, whatever becomes of servers; a count that is full carries into the epoch.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(#[serde(deserialize_with = "safe_integer")] pub u64);

impl Seq {
    /// The last one there can be; behind it a channel takes no more.
    pub const MAX: Self = Self(SAFE_INTEGER_MAX);

    /// The first number of an epoch; behind the last epoch, [`Seq::MAX`].
    pub const fn first_of(epoch: u32) -> Self {
        let first = (epoch as u64) << 32;
        Self(if first > SAFE_INTEGER_MAX { SAFE_INTEGER_MAX } else { first })
    }

    /// The epoch that it is of.
    pub const fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The number behind it, or itself if there is none.
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// So many further, as far as there are numbers.
    pub const fn plus(self, count: u32) -> Self {
        let sum = self.0 + count as u64;
        Self(if sum > SAFE_INTEGER_MAX { SAFE_INTEGER_MAX } else { sum })
    }

    /// So many back, to 0 at most.
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count as u64))
    }

    /// How many numbers it is behind `other`: none if it is before it, `u32::MAX` if they are too many.
    pub const fn since(self, other: Self) -> u32 {
        let distance = self.0.saturating_sub(other.0);
        if distance > u32::MAX as u64 { u32::MAX } else { distance as u32 }
    }
}

/// A member of a room.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MemberState {
    /// What it is called in this room.
    pub number: MemberNumber,
    /// Who.
    pub uid: Uid,
    /// Where.
    pub pos: Position,
    /// Which way it faces.
    pub dir: Direction,
}

/// The key that lets one user join one world once: 256 random bits. Compared in constant time.
#[derive(Copy, Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandshakeKey(#[serde(deserialize_with = "byte_array")] pub [u8; 32]);

/// Which key a client's sealed link begins with: 64 bits that tell nothing of the key, and nothing of whose it is. Those that a Main
/// hands out behind one hello begin alike, so that the logs of its worlds can tell which visit a ticket is of.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(#[serde(deserialize_with = "byte_array")] pub [u8; 8]);

/// What a device's link to Main is sealed with: 256 bits. Compared in constant time.
#[derive(Copy, Clone, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealKey(#[serde(deserialize_with = "byte_array")] pub [u8; 32]);

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

/// One of both messages of a sealed link's handshake: a public key of 32 bytes, four sealed ones that both ends have to
/// agree about (how many bytes of frames a record to the sender may have, and the version: the newest that the dialer
/// speaks, and then the one that the link speaks), and a tag of 16.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedStart(
    #[serde(serialize_with = "write_byte_array", deserialize_with = "byte_array")] pub [u8; 52],
);

/// Serde's own way ends at 32 bytes.
fn write_byte_array<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    target: S,
) -> Result<S::Ok, S::Error> {
    let mut tuple = target.serialize_tuple(N)?;
    bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
    tuple.end()
}

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
secret!(SealKey);

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
    /// No text.
    pub const EMPTY: Self = Self("");

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
    /// None.
    pub const EMPTY: Self = Self(&[]);

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
    fn both_sides_of_the_uid_limit() {
        assert_eq!(decode::<Uid>(&[255, 255, 255, 255, 255, 255, 255, 15]), Some(Uid::MAX));
        assert_eq!(decode::<Uid>(&[128, 128, 128, 128, 128, 128, 128, 16]), None);
    }

    #[test]
    fn numbers_of_members_go_round_without_the_game_s() {
        assert_eq!(MemberNumber(0).next(), MemberNumber(1));
        assert_eq!(MemberNumber(u16::MAX).next(), MemberNumber(1));
    }

    #[test]
    fn numbers_of_messages_carry_and_end() {
        assert_eq!(Seq::first_of(3).minus(1).next(), Seq::first_of(3));
        assert_eq!(Seq::first_of(2).plus(u32::MAX).next(), Seq::first_of(3));
        assert_eq!(Seq::MAX.minus(1).next(), Seq::MAX);
        assert_eq!(Seq::MAX.next(), Seq::MAX);
        assert_eq!(Seq::first_of(3).since(Seq::first_of(1)), u32::MAX);
        assert_eq!((Seq(7).since(Seq(3)), Seq(3).since(Seq(7))), (4, 0));
        let last = Seq::MAX.epoch();
        assert_eq!(Seq::first_of(last).plus(u32::MAX), Seq::MAX);
        assert_eq!([last + 1, u32::MAX].map(Seq::first_of), [Seq::MAX; 2]);
    }

    #[test]
    fn the_newest_shared_version_is_chosen() {
        let versions = |from, to| Versions { from, to };
        assert_eq!(versions(1, 3).shared(versions(2, 5)), Some(3));
        assert_eq!(versions(2, 5).shared(versions(1, 2)), Some(2));
        assert_eq!(versions(1, 1).shared(versions(2, 2)), None);
        assert_eq!(versions(3, 2).shared(versions(0, 9)), None); // nonsense is no version
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
        assert_ne!(HandshakeKey([1; 32]), HandshakeKey([2; 32]));
    }
}

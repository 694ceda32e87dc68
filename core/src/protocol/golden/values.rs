//! Values that vectors are made of.

use crate::protocol::{Bytes, HandshakeKey, KeyId, MemberNumber, Text, Token, Uid, Versions};

pub(super) const GUEST: Uid = Uid(Uid::GUEST_BIT + 7);
pub(super) const OTHER: Uid = Uid(Uid::GUEST_BIT + 8);
pub(super) const LAST_UID: Uid = Uid::MAX;
pub(super) const LAST_NUMBER: MemberNumber = MemberNumber(u16::MAX);
/// Versions are read before the rest, and are what they are.
pub(super) const LAST_VERSIONS: Versions = Versions { from: 0, to: u16::MAX };

pub(super) fn token() -> Token {
    Token(core::array::from_fn(|place| place as u8))
}

pub(super) fn handshake_key() -> HandshakeKey {
    HandshakeKey(core::array::from_fn(|place| 0xA0 + place as u8))
}

pub(super) fn key_id() -> KeyId {
    KeyId(core::array::from_fn(|place| 0x10 + place as u8))
}

pub(super) fn text<const MAX: usize>(text: &'static str) -> Text<'static, MAX> {
    Text::new(text).unwrap()
}

pub(super) fn longest_text<const MAX: usize>(character: &str) -> Text<'static, MAX> {
    text(character.repeat(MAX).leak())
}

pub(super) fn bytes<const MAX: usize>(bytes: &'static [u8]) -> Bytes<'static, MAX> {
    Bytes::new(bytes).unwrap()
}

//! What the fields of a schema are on the wire, for documentation and generators of other languages.
//!
//! Purpose: a [`FieldSchema`] has the Rust type as it is written; [`Vocabulary::wire_type`] says what bytes that is.
//! The names of the realm's own types, limits and codes are known; whoever has further ones adds them.
//!
//! Contract: a type that nobody has told of is `None`, never a guess.
//!
//! ```
//! use tinyrealm_core::protocol::schema::{Vocabulary, WireType};
//! let words = Vocabulary::REALM;
//! assert_eq!(words.wire_type("Text<'a, CHANNEL_MAX_BYTES>"), Some(WireType::Text(24)));
//! assert_eq!(words.wire_type("Option<Token>"), Some(WireType::Option("Token")));
//! assert_eq!(words.wire_type("Sprocket"), None);
//! ```

use super::fingerprint::Hash;
use super::{ErrorCode, FieldSchema, JoinDenial, LinkSchema, LoginDenial, ServerKind};

/// What a field is on the wire.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum WireType<'s> {
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    U8,
    /// A zig-zag varint of 16 bits.
    I16,
    /// Four bytes: IEEE 754, little-endian.
    F32,
    /// A varint of 16 bits.
    U16,
    /// A varint of 32 bits.
    U32,
    /// A varint below 2^53.
    U53,
    /// A zig-zag varint of 32 bits.
    I32,
    /// A `u16` that is one of these, or one that a newer peer knows.
    Code(&'static Codes),
    /// So many bytes.
    Array(usize),
    /// A count of at most this, and as many bytes.
    Bytes(usize),
    /// The same, and UTF-8.
    Text(usize),
    /// Nothing, or one of the type of this name.
    Option(&'s str),
    /// A count of at most this, and as many of the type of this name.
    List(usize, &'s str),
    /// Its fields.
    Structure(&'static Structure),
}

/// A type that is its fields, one behind the other.
#[derive(PartialEq, Eq, Debug)]
pub struct Structure {
    /// What PROTOCOL.md calls it.
    pub name: &'static str,
    /// The struct's name.
    pub type_name: &'static str,
    /// The fields in wire order.
    pub fields: &'static [FieldSchema],
}

/// The known values of a type that is a number.
#[derive(PartialEq, Eq, Debug)]
pub struct Codes {
    /// The type's name.
    pub name: &'static str,
    /// Each number with its name, by rising number.
    pub values: &'static [(u16, &'static str)],
}

const fn field(name: &'static str, type_name: &'static str) -> FieldSchema {
    FieldSchema { name, type_name }
}

/// The types of the realm that have fields.
pub const STRUCTURES: &[Structure] = &[
    Structure {
        name: "position",
        type_name: "Position",
        fields: &[field("x", "i32"), field("y", "i32"), field("z", "i32")],
    },
    Structure {
        name: "member",
        type_name: "MemberState",
        fields: &[
            field("number", "MemberNumber"),
            field("uid", "Uid"),
            field("pos", "Position"),
            field("dir", "Direction"),
        ],
    },
    Structure {
        name: "revocation",
        type_name: "Revocation",
        fields: &[
            field("uid", "Uid"),
            field("revision", "Revision"),
            field("renewed_at", "Revision"),
        ],
    },
    Structure {
        name: "versions",
        type_name: "Versions",
        fields: &[field("from", "u16"), field("to", "u16")],
    },
];

/// The kinds of codes of the realm.
pub const CODES: &[&Codes] =
    &[&ErrorCode::CODES, &JoinDenial::CODES, &LoginDenial::CODES, &ServerKind::CODES];

/// The limits that the realm's types are written with.
pub const LIMITS: &[(&str, usize)] = &[
    ("REGION_MAX_BYTES", super::REGION_MAX_BYTES),
    ("ADDRESS_MAX_BYTES", super::ADDRESS_MAX_BYTES),
    ("ACCOUNT_MAX_BYTES", super::ACCOUNT_MAX_BYTES),
    ("PASSWORD_MAX_BYTES", super::PASSWORD_MAX_BYTES),
    ("CHANNEL_MAX_BYTES", super::CHANNEL_MAX_BYTES),
    ("CHAT_MAX_BYTES", super::CHAT_MAX_BYTES),
    ("CHAT_PAGE_MEMBERS", super::CHAT_PAGE_MEMBERS),
    ("EVENT_MAX_BYTES", super::EVENT_MAX_BYTES),
    ("SNAPSHOT_PAGE_MEMBERS", super::SNAPSHOT_PAGE_MEMBERS),
    ("USER_PAGE_USERS", super::USER_PAGE_USERS),
    ("REVOCATION_PAGE", super::REVOCATION_PAGE),
];

/// The names that somebody's schema has besides the realm's own.
#[derive(Copy, Clone, Debug)]
pub struct Vocabulary {
    /// Types that have fields.
    pub structures: &'static [Structure],
    /// Names of numbers.
    pub limits: &'static [(&'static str, usize)],
}

impl Vocabulary {
    /// The realm's own names, and no others.
    pub const REALM: Self = Self { structures: &[], limits: &[] };

    /// What this type is on the wire, if its name is known.
    pub fn wire_type(self, type_name: &str) -> Option<WireType<'_>> {
        let name = type_name.trim();
        if let Some(some) = inside(name, "Option<") {
            return Some(WireType::Option(some));
        }
        if let Some((item, most)) =
            inside(name, "heapless::Vec<").and_then(|it| it.rsplit_once(','))
        {
            return Some(WireType::List(self.limit(most)?, item.trim()));
        }
        if let Some(most) = inside(name, "Text<'a,") {
            return Some(WireType::Text(self.limit(most)?));
        }
        if let Some(most) = inside(name, "Bytes<'a,") {
            return Some(WireType::Bytes(self.limit(most)?));
        }
        plain(name).or_else(|| self.structure(name).map(WireType::Structure))
    }

    /// A limit by its name, or as a number.
    fn limit(self, name: &str) -> Option<usize> {
        let name = name.trim();
        let named = self.limits.iter().chain(LIMITS).find(|(known, _)| *known == name);
        named.map(|(_, value)| *value).or_else(|| name.parse().ok())
    }

    fn structure(self, type_name: &str) -> Option<&'static Structure> {
        self.structures.iter().chain(STRUCTURES).find(|known| known.type_name == type_name)
    }
}

/// What a game and its clients say to each other in messages of the game's own.
#[derive(Copy, Clone, Debug)]
pub struct GameSchema {
    /// The directions.
    pub links: &'static [&'static LinkSchema],
    /// The names in them that are not the realm's.
    pub words: Vocabulary,
}

impl GameSchema {
    /// No message.
    pub const NONE: Self = Self { links: &[], words: Vocabulary::REALM };

    /// What tells the game of this name, version and schema from others: names, opcodes and fields in their order.
    /// Never 0.
    pub const fn fingerprint(&self, name: &str, version: u16) -> u32 {
        let hash = Hash::START.text(name).number(version as u32);
        let hash =
            hash.links(self.links).structures(self.words.structures).limits(self.words.limits);
        if hash.0 == 0 { 1 } else { hash.0 }
    }
}

fn inside<'s>(name: &'s str, outer: &str) -> Option<&'s str> {
    name.strip_prefix(outer)?.strip_suffix('>')
}

fn plain(name: &str) -> Option<WireType<'static>> {
    Some(match name {
        "bool" => WireType::Bool,
        "u8" => WireType::U8,
        "i16" => WireType::I16,
        "f32" => WireType::F32,
        "u16" | "WorldId" | "RoomId" | "MemberNumber" | "Direction" => WireType::U16,
        "u32" => WireType::U32,
        "Uid" | "Seq" | "Revision" => WireType::U53,
        "i32" => WireType::I32,
        "ErrorCode" => WireType::Code(&ErrorCode::CODES),
        "JoinDenial" => WireType::Code(&JoinDenial::CODES),
        "LoginDenial" => WireType::Code(&LoginDenial::CODES),
        "ServerKind" => WireType::Code(&ServerKind::CODES),
        "HandshakeKey" | "Nonce" => WireType::Array(16),
        "Token" | "Proof" => WireType::Array(32),
        "Password<'a>" => WireType::Text(super::PASSWORD_MAX_BYTES),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SCHEMAS;

    #[test]
    fn every_field_of_the_realm_has_a_type_on_the_wire() {
        let words = Vocabulary::REALM;
        let messages = SCHEMAS.iter().flat_map(|link| link.messages);
        let fields = messages.flat_map(|message| message.fields);
        for field in fields.chain(STRUCTURES.iter().flat_map(|structure| structure.fields)) {
            let mut wire_type = words.wire_type(field.type_name);
            if let Some(WireType::Option(inner) | WireType::List(_, inner)) = wire_type {
                wire_type = words.wire_type(inner);
            }
            assert!(wire_type.is_some(), "{}: {}", field.name, field.type_name);
        }
    }

    #[test]
    fn names_of_others_are_added() {
        const GEAR: Structure = Structure { name: "gear", type_name: "Gear", fields: &[] };
        let words = Vocabulary { structures: &[GEAR], limits: &[("TEETH", 7)] };
        assert_eq!(words.wire_type("Gear"), Some(WireType::Structure(&GEAR)));
        assert_eq!(words.wire_type("heapless::Vec<Gear, TEETH>"), Some(WireType::List(7, "Gear")));
        assert_eq!(words.wire_type("Bytes<'a, 12>"), Some(WireType::Bytes(12)));
        assert_eq!(words.wire_type("Bytes<'a, NOBODY_S>"), None);
        assert_eq!(words.wire_type("Position"), Vocabulary::REALM.wire_type("Position"));
    }
}

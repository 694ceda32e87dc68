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

pub use super::codes::Codes;
use super::fingerprint::Hash;
use super::words;
use super::{
    ErrorCode, FieldSchema, JoinDenial, LinkSchema, LoginDenial, MoveWord, ServerKind, WishKind,
};
use crate::wire::opcode::GAME;
use crate::wire::{VARINT_U16_MAX_BYTES, VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};

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
    Structure {
        name: "wish",
        type_name: "Wish",
        fields: &[
            field("kind", "WishKind"),
            field("name", "Text<'a, ROOM_NAME_MAX_BYTES>"),
            field("mode", "Text<'a, ROOM_MODE_MAX_BYTES>"),
            field("secret", "Text<'a, ROOM_SECRET_MAX_BYTES>"),
            field("options", "Bytes<'a, ROOM_OPTIONS_MAX_BYTES>"),
            field("is_listed", "bool"),
            field("places", "u16"),
        ],
    },
    Structure {
        name: "room",
        type_name: "RoomLine",
        fields: &[
            field("name", "Text<'a, ROOM_NAME_MAX_BYTES>"),
            field("mode", "Text<'a, ROOM_MODE_MAX_BYTES>"),
            field("members", "u16"),
            field("capacity", "u16"),
            field("is_locked", "bool"),
            field("is_private", "bool"),
            field("properties", "Bytes<'a, ROOM_PROPERTIES_MAX_BYTES>"),
        ],
    },
];

/// The kinds of codes of the realm.
pub const CODES: &[&Codes] = &[
    &ErrorCode::CODES,
    &JoinDenial::CODES,
    &LoginDenial::CODES,
    &ServerKind::CODES,
    &WishKind::CODES,
    &MoveWord::CODES,
];

/// The limits that the realm's types are written with.
pub const LIMITS: &[(&str, usize)] = &[
    ("REGION_MAX_BYTES", super::REGION_MAX_BYTES),
    ("ADDRESS_MAX_BYTES", super::ADDRESS_MAX_BYTES),
    ("ACCOUNT_MAX_BYTES", super::ACCOUNT_MAX_BYTES),
    ("NICKNAME_MAX_BYTES", super::NICKNAME_MAX_BYTES),
    ("NAME_MAX_BYTES", super::NAME_MAX_BYTES),
    ("REFUSAL_MAX_BYTES", super::REFUSAL_MAX_BYTES),
    ("PASSWORD_MAX_BYTES", super::PASSWORD_MAX_BYTES),
    ("CHANNEL_MAX_BYTES", super::CHANNEL_MAX_BYTES),
    ("CHAT_MAX_BYTES", super::CHAT_MAX_BYTES),
    ("ANNOUNCEMENT_MAX_BYTES", super::ANNOUNCEMENT_MAX_BYTES),
    ("CHAT_PAGE_MEMBERS", super::CHAT_PAGE_MEMBERS),
    ("CHAT_SERVERS_MAX", super::CHAT_SERVERS_MAX),
    ("EVENT_MAX_BYTES", super::EVENT_MAX_BYTES),
    ("THING_MAX_BYTES", super::THING_MAX_BYTES),
    ("INPUT_MAX_BYTES", super::INPUT_MAX_BYTES),
    ("SNAPSHOT_PAGE_MEMBERS", super::SNAPSHOT_PAGE_MEMBERS),
    ("USER_PAGE_USERS", super::USER_PAGE_USERS),
    ("REVOCATION_PAGE", super::REVOCATION_PAGE),
    ("ROOM_NAME_MAX_BYTES", super::ROOM_NAME_MAX_BYTES),
    ("ROOM_MODE_MAX_BYTES", super::ROOM_MODE_MAX_BYTES),
    ("ROOM_SECRET_MAX_BYTES", super::ROOM_SECRET_MAX_BYTES),
    ("ROOM_OPTIONS_MAX_BYTES", super::ROOM_OPTIONS_MAX_BYTES),
    ("ROOM_PROPERTIES_MAX_BYTES", super::ROOM_PROPERTIES_MAX_BYTES),
    ("ROOM_PAGE_ROOMS", super::ROOM_PAGE_ROOMS),
    ("ROOM_BLOCK_BYTES", super::ROOM_BLOCK_BYTES),
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
    pub const fn wire_type(self, type_name: &str) -> Option<WireType<'_>> {
        let name = words::trim(type_name);
        if let Some(some) = words::inside(name, "Option<") {
            return Some(WireType::Option(words::trim(some)));
        }
        if let Some(inner) = words::inside(name, "heapless::Vec<") {
            let Some((item, most)) = words::split_last(inner, b',') else { return None };
            let Some(most) = self.limit(most) else { return None };
            return Some(WireType::List(most, words::trim(item)));
        }
        if let Some(most) = words::inside(name, "Text<'a,") {
            let Some(most) = self.limit(most) else { return None };
            return Some(WireType::Text(most));
        }
        if let Some(most) = words::inside(name, "Bytes<'a,") {
            let Some(most) = self.limit(most) else { return None };
            return Some(WireType::Bytes(most));
        }
        match (plain(name), self.structure(name)) {
            (None, Some(structure)) => Some(WireType::Structure(structure)),
            (plain, _) => plain,
        }
    }

    /// A limit by its name, or as a number.
    const fn limit(self, name: &str) -> Option<usize> {
        let name = words::trim(name);
        let (mut own, mut realm) = (self.limits, LIMITS);
        while let [(known, value), rest @ ..] = own {
            if words::is_same(known, name) {
                return Some(*value);
            }
            own = rest;
        }
        while let [(known, value), rest @ ..] = realm {
            if words::is_same(known, name) {
                return Some(*value);
            }
            realm = rest;
        }
        words::number(name)
    }

    const fn structure(self, type_name: &str) -> Option<&'static Structure> {
        let type_name = words::without_lifetime(type_name);
        let (mut own, mut realm) = (self.structures, STRUCTURES);
        while let [known, rest @ ..] = own {
            if words::is_same(known.type_name, type_name) {
                return Some(known);
            }
            own = rest;
        }
        while let [known, rest @ ..] = realm {
            if words::is_same(known.type_name, type_name) {
                return Some(known);
            }
            realm = rest;
        }
        None
    }

    /// The most bytes of a type, if its name bounds them.
    pub const fn longest_bytes(self, type_name: &str) -> Option<usize> {
        let Some(kind) = self.wire_type(type_name) else { return None };
        Some(match kind {
            WireType::Bool | WireType::U8 => 1,
            WireType::I16 | WireType::U16 | WireType::Code(_) => VARINT_U16_MAX_BYTES,
            WireType::F32 => 4,
            WireType::U32 | WireType::I32 => VARINT_U32_MAX_BYTES,
            WireType::U53 => VARINT_U53_MAX_BYTES,
            WireType::Array(count) => count,
            WireType::Bytes(most) | WireType::Text(most) => varint_bytes(most) + most,
            WireType::Option(some) => match self.longest_bytes(some) {
                Some(bytes) => 1 + bytes,
                None => return None,
            },
            WireType::List(most, item) => match self.longest_bytes(item) {
                Some(bytes) => varint_bytes(most) + most * bytes,
                None => return None,
            },
            WireType::Structure(structure) => return self.longest_fields_bytes(structure.fields),
        })
    }

    const fn longest_fields_bytes(self, mut fields: &[FieldSchema]) -> Option<usize> {
        let mut sum = 0;
        while let [field, rest @ ..] = fields {
            let Some(bytes) = self.longest_bytes(field.type_name) else { return None };
            sum += bytes;
            fields = rest;
        }
        Some(sum)
    }
}

/// Bytes of a count of at most this.
const fn varint_bytes(most: usize) -> usize {
    let bits = usize::BITS - most.leading_zeros();
    if bits == 0 { 1 } else { bits.div_ceil(7) as usize }
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

    /// The most bytes of what the game says, without its opcode: of the messages whose fields bound it.
    pub const fn longest_said_bytes(&self) -> usize {
        let (mut longest, mut links) = (0, self.links);
        while let [link, others @ ..] = links {
            let mut messages = link.messages;
            while let [message, rest @ ..] = messages {
                if GAME.server_to_client.contains(message.opcode)
                    && let Some(bytes) = self.words.longest_fields_bytes(message.fields)
                    && bytes > longest
                {
                    longest = bytes;
                }
                messages = rest;
            }
            links = others;
        }
        longest
    }

    /// The most bytes of what the game says by this name, without its opcode: for a thing's, or a member's state.
    /// [`usize::MAX`] if it says nothing by that name, or its fields do not bound it: no world of such a game
    /// compiles.
    pub const fn bytes_of(&self, name: &str) -> usize {
        let mut links = self.links;
        while let [link, others @ ..] = links {
            let mut messages = link.messages;
            while let [message, rest @ ..] = messages {
                if GAME.server_to_client.contains(message.opcode)
                    && words::is_same(message.name, name)
                {
                    return match self.words.longest_fields_bytes(message.fields) {
                        Some(bytes) => bytes,
                        None => usize::MAX,
                    };
                }
                messages = rest;
            }
            links = others;
        }
        usize::MAX
    }

    /// What tells the game of this name, version and schema from others: names, opcodes and fields in their order.
    /// Never 0.
    pub const fn fingerprint(&self, name: &str, version: u16) -> u32 {
        let hash = Hash::START.text(name).number(version as u32);
        let hash = with_structures(hash.links(self.links), self.words.structures)
            .limits(self.words.limits);
        if hash.0 == 0 { 1 } else { hash.0 }
    }
}

const fn with_structures(mut hash: Hash, mut rest: &[Structure]) -> Hash {
    while let [structure, behind @ ..] = rest {
        hash = hash.text(structure.type_name).fields(structure.fields);
        rest = behind;
    }
    hash.byte(0xFF)
}

const fn plain(name: &str) -> Option<WireType<'static>> {
    Some(match name.as_bytes() {
        b"bool" => WireType::Bool,
        b"u8" => WireType::U8,
        b"i16" => WireType::I16,
        b"f32" => WireType::F32,
        b"u16" | b"WorldId" | b"RoomId" | b"MemberNumber" | b"Direction" => WireType::U16,
        b"u32" => WireType::U32,
        b"Uid" | b"Seq" | b"Revision" | b"ClaimNumber" => WireType::U53,
        b"i32" => WireType::I32,
        b"ErrorCode" => WireType::Code(&ErrorCode::CODES),
        b"JoinDenial" => WireType::Code(&JoinDenial::CODES),
        b"LoginDenial" => WireType::Code(&LoginDenial::CODES),
        b"ServerKind" => WireType::Code(&ServerKind::CODES),
        b"WishKind" => WireType::Code(&WishKind::CODES),
        b"MoveWord" => WireType::Code(&MoveWord::CODES),
        b"KeyId" => WireType::Array(8),
        b"Nonce" => WireType::Array(16),
        b"HandshakeKey" | b"Token" | b"Proof" | b"SealKey" => WireType::Array(32),
        b"SealedStart" => WireType::Array(52),
        b"Password<'a>" => WireType::Text(super::PASSWORD_MAX_BYTES),
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
    fn both_sides_of_what_bounds_a_type() {
        const PAIR: Structure = Structure {
            name: "pair",
            type_name: "Pair",
            fields: &[field("one", "u8"), field("two", "Option<Uid>")],
        };
        const OPEN: Structure =
            Structure { fields: &[field("open", "Sprocket")], type_name: "Open", ..PAIR };
        let words = Vocabulary { structures: &[PAIR, OPEN], limits: &[("TEETH", 200)] };
        for (name, most) in [
            ("bool", 1),
            ("i16", 3),
            ("f32", 4),
            ("i32", 5),
            ("Uid", 8),
            ("Token", 32),
            ("Position", 15),
            ("Pair", 1 + 1 + 8),
            ("Text<'a, 127>", 1 + 127),
            ("Bytes<'a, 128>", 2 + 128),
            ("Bytes<'a, TEETH>", 2 + 200),
            ("heapless::Vec<Pair, 10>", 1 + 10 * 10),
            ("heapless::Vec<u8, 0>", 1),
        ] {
            assert_eq!(words.longest_bytes(name), Some(most), "{name}");
        }
        for name in ["&'a str", "Open", "Option<Open>", "heapless::Vec<Open, 3>", "Bytes<'a, NONE>"]
        {
            assert_eq!(words.longest_bytes(name), None, "{name}");
        }
    }

    /// What the longest values of the golden vectors take, by another way.
    #[test]
    fn no_message_of_the_realm_is_longer_than_its_bound() {
        for (opcode, bytes) in crate::protocol::golden::payload_bytes() {
            let all = SCHEMAS.iter().flat_map(|link| link.messages);
            let message = all.clone().find(|message| message.opcode == opcode).unwrap();
            let bound = Vocabulary::REALM.longest_fields_bytes(message.fields).unwrap();
            assert!(bytes <= bound, "{}: {bytes} of {bound}", message.name);
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

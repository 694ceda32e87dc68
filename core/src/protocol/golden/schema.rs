//! The protocol as data: `protocol.json`, and the values of vectors as JSON.

use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value, json};

use crate::protocol::{
    self, ErrorCode, JoinDenial, LinkSchema, LoginDenial, MessageSchema, SCHEMAS, ServerKind,
    Versions,
};
use crate::wire::{FRAME_LIMIT_MAX_BYTES, Opcode};

/// What is inside of the types that have fields.
pub(super) const STRUCTURES: [(&str, &[(&str, &str)]); 4] = [
    ("position", &[("x", "i32"), ("y", "i32"), ("z", "i32")]),
    ("member", &[("number", "u16"), ("uid", "u53"), ("pos", "position"), ("dir", "u16")]),
    ("revocation", &[("uid", "u53"), ("revision", "u53"), ("renewed_at", "u53")]),
    ("versions", &[("from", "u16"), ("to", "u16")]),
];

pub(super) const LIMITS: [(&str, usize); 11] = [
    ("REGION_MAX_BYTES", protocol::REGION_MAX_BYTES),
    ("ADDRESS_MAX_BYTES", protocol::ADDRESS_MAX_BYTES),
    ("ACCOUNT_MAX_BYTES", protocol::ACCOUNT_MAX_BYTES),
    ("PASSWORD_MAX_BYTES", protocol::PASSWORD_MAX_BYTES),
    ("CHANNEL_MAX_BYTES", protocol::CHANNEL_MAX_BYTES),
    ("CHAT_MAX_BYTES", protocol::CHAT_MAX_BYTES),
    ("CHAT_PAGE_MEMBERS", protocol::CHAT_PAGE_MEMBERS),
    ("EVENT_MAX_BYTES", protocol::EVENT_MAX_BYTES),
    ("SNAPSHOT_PAGE_MEMBERS", protocol::SNAPSHOT_PAGE_MEMBERS),
    ("USER_PAGE_USERS", protocol::USER_PAGE_USERS),
    ("REVOCATION_PAGE", protocol::REVOCATION_PAGE),
];

/// The word for the type of a field, here and in PROTOCOL.md.
pub(super) fn wire_type(type_name: &str) -> String {
    let name: String = type_name.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = |outer: &str| name.strip_prefix(outer)?.strip_suffix('>');
    if let Some(some) = inner("Option<") {
        return format!("option({})", wire_type(some));
    }
    if let Some((items, most)) = inner("heapless::Vec<").and_then(|list| list.split_once(',')) {
        return format!("list({}, {})", limit(most), wire_type(items));
    }
    if let Some(most) = inner("Text<'a,") {
        return format!("text({})", limit(most));
    }
    if let Some(most) = inner("Bytes<'a,") {
        return format!("bytes({})", limit(most));
    }
    String::from(match name.as_str() {
        "u16" | "WorldId" | "RoomId" | "MemberNumber" | "Direction" | "ErrorCode"
        | "JoinDenial" | "LoginDenial" | "ServerKind" => "u16",
        "u32" => "u32",
        "bool" => "bool",
        "Uid" | "Seq" | "Revision" => "u53",
        "i32" => "i32",
        "Position" => "position",
        "MemberState" => "member",
        "Revocation" => "revocation",
        "Versions" => "versions",
        "HandshakeKey" | "Nonce" => "byte[16]",
        "Token" | "Proof" => "byte[32]",
        "Password<'a>" => return format!("text({})", protocol::PASSWORD_MAX_BYTES),
        _ => panic!("the protocol has no word for `{type_name}` yet"),
    })
}

fn limit(name: &str) -> usize {
    LIMITS.iter().find(|(known, _)| *known == name).unwrap().1
}

pub(super) fn message_of(opcode: Opcode) -> &'static MessageSchema {
    let mut messages = SCHEMAS.iter().flat_map(|schema| schema.messages);
    messages.find(|message| message.opcode == opcode).unwrap()
}

/// What serde makes of a message, with bytes as hex.
pub(super) fn plain_fields(opcode: Opcode, message: Value) -> Value {
    let fields = message_of(opcode).fields.iter();
    let plain = fields.map(|field| {
        (String::from(field.name), plain(&wire_type(field.type_name), &message[field.name]))
    });
    Value::Object(plain.collect::<Map<_, _>>())
}

fn plain(kind: &str, value: &Value) -> Value {
    let Value::Array(items) = value else { return value.clone() };
    if kind.starts_with("list(") {
        return value.clone();
    }
    let bytes: Vec<u8> = items.iter().map(|item| item.as_u64().unwrap() as u8).collect();
    Value::String(super::hex_of(&bytes))
}

fn link(schema: &LinkSchema) -> Value {
    let messages = schema.messages.iter().map(|message| {
        let fields = message.fields.iter();
        let fields =
            fields.map(|field| json!({ "name": field.name, "type": wire_type(field.type_name) }));
        json!({
            "name": message.name,
            "opcode": message.opcode.0,
            "fields": fields.collect::<Vec<_>>(),
        })
    });
    json!({ "direction": schema.name, "messages": messages.collect::<Vec<_>>() })
}

/// The whole of it.
pub(super) fn json() -> String {
    let structures = STRUCTURES.iter().map(|(name, fields)| {
        let fields = fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind }));
        json!({ "name": name, "fields": fields.collect::<Vec<_>>() })
    });
    macro_rules! codes {
        ($Code:ident) => {{
            let codes = $Code::ALL.iter();
            let codes = codes.map(|code| json!({ "number": code.0, "name": code.name() }));
            json!({ "name": stringify!($Code), "codes": codes.collect::<Vec<_>>() })
        }};
    }
    let limits = LIMITS.iter().map(|(name, value)| (String::from(*name), json!(value)));
    let protocol = json!({
        "versions": { "from": Versions::OURS.from, "to": Versions::OURS.to },
        "limits": Value::Object(limits.collect()),
        "frame_limit_max_bytes": FRAME_LIMIT_MAX_BYTES,
        "structures": structures.collect::<Vec<_>>(),
        "codes": [codes!(ErrorCode), codes!(JoinDenial), codes!(LoginDenial), codes!(ServerKind)],
        "links": SCHEMAS.iter().map(|schema| link(schema)).collect::<Vec<_>>(),
    });
    format!("{protocol:#}\n")
}

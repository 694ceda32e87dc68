//! The words of PROTOCOL.md for types, and the values of vectors as JSON.

use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use crate::protocol::schema::{Vocabulary, WireType};
use crate::protocol::{MessageSchema, SCHEMAS};
use crate::wire::Opcode;

/// The word for the type of a field in PROTOCOL.md, and what a test goes by.
pub(super) fn wire_type(type_name: &str) -> String {
    let found = Vocabulary::REALM.wire_type(type_name);
    match found.unwrap_or_else(|| panic!("the protocol has no word for `{type_name}` yet")) {
        WireType::Bool => String::from("bool"),
        WireType::U8 => String::from("u8"),
        WireType::I16 => String::from("i16"),
        WireType::F32 => String::from("f32"),
        WireType::U16 | WireType::Code(_) => String::from("u16"),
        WireType::U32 => String::from("u32"),
        WireType::U53 => String::from("u53"),
        WireType::I32 => String::from("i32"),
        WireType::Array(count) => format!("byte[{count}]"),
        WireType::Bytes(most) => format!("bytes({most})"),
        WireType::Text(most) => format!("text({most})"),
        WireType::Option(some) => format!("option({})", wire_type(some)),
        WireType::List(most, item) => format!("list({most}, {})", wire_type(item)),
        WireType::Structure(structure) => String::from(structure.name),
    }
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

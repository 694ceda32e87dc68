//! The words of PROTOCOL.md for types, and the values of vectors as JSON.

use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use crate::protocol::schema::{Vocabulary, WireType};
use crate::protocol::{FieldSchema, MessageSchema, SCHEMAS};
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
    plain_structure(message_of(opcode).fields, &message)
}

fn plain_structure(fields: &[FieldSchema], value: &Value) -> Value {
    let plain = fields.iter().map(|field| {
        let wire_type = Vocabulary::REALM.wire_type(field.type_name).unwrap();
        (String::from(field.name), plain(wire_type, &value[field.name]))
    });
    Value::Object(plain.collect::<Map<_, _>>())
}

fn plain(wire_type: WireType<'_>, value: &Value) -> Value {
    let inner = |name| Vocabulary::REALM.wire_type(name).unwrap();
    match wire_type {
        WireType::Structure(structure) => plain_structure(structure.fields, value),
        WireType::Option(_) if value.is_null() => Value::Null,
        WireType::Option(some) => plain(inner(some), value),
        WireType::List(_, item) => {
            let items = value.as_array().unwrap().iter();
            Value::Array(items.map(|value| plain(inner(item), value)).collect())
        }
        WireType::Array(_) | WireType::Bytes(_) => {
            let items = value.as_array().unwrap().iter();
            let bytes: Vec<u8> = items.map(|item| item.as_u64().unwrap() as u8).collect();
            Value::String(super::hex_of(&bytes))
        }
        _ => value.clone(),
    }
}

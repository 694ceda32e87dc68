//! Golden vectors: every message as bytes, so that no change of the wire goes unseen.
//!
//! Purpose: [`vectors`] has the values; here they are encoded and decoded, and compared with what is
//! checked in: `vectors.json`, for whoever writes a client in another language. [`page`] compares PROTOCOL.md with the code, so that what strangers read is what we speak.
//!
//! Contract: a new message fails here until it has a vector and a place in PROTOCOL.md. A vector that
//! changes is another protocol: peers that are out there do not understand it. `cargo xtask protocol`
//! writes the file anew.

mod channel_vectors;
mod chat_server_vectors;
mod move_vectors;
mod negative;
pub(crate) mod page;
mod room_vectors;
mod schema;
mod values;
mod vectors;
mod world_vectors;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::negative::Negative;
use super::{Message, SCHEMAS, decode, encode_frame};
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{Framed, Opcode, PacketFramer, PacketHeader};

/// A message that has been found to be these bytes, and these bytes it.
struct Vector {
    opcode: Opcode,
    name: &'static str,
    fields: Value,
    frame: Vec<u8>,
}

/// Of every vector its opcode, and how long its payload is.
pub(crate) fn payload_bytes() -> impl Iterator<Item = (Opcode, usize)> {
    let head_bytes = PacketHeader::BYTES + crate::wire::opcode::OPCODE_BYTES;
    vectors::all().into_iter().map(move |vector| (vector.opcode, vector.frame.len() - head_bytes))
}

/// Checks one vector, both ways.
fn golden<M>(message: M) -> Vector
where
    M: Message + Serialize + Deserialize<'static> + PartialEq + Debug,
{
    let mut room = [0; 1024];
    let used = encode_frame(&message, &mut room).unwrap();
    let frame: &'static [u8] = room[..used].to_vec().leak();
    let payload = &frame[PacketHeader::BYTES + OPCODE_BYTES..];
    let fields = schema::plain_fields(M::OPCODE, serde_json::to_value(&message).unwrap());
    assert_eq!(decode(payload), Some(message), "{frame:02x?} as a message");
    for end in 0..payload.len() {
        assert_eq!(decode::<M>(&payload[..end]), None, "the first {end} bytes of {frame:02x?}");
    }
    let mut longer = payload.to_vec();
    longer.push(0);
    assert_eq!(decode::<M>(longer.leak()), None, "{frame:02x?} with a byte too many");
    Vector { opcode: M::OPCODE, name: M::NAME, fields, frame: frame.to_vec() }
}

/// The stream frame of an ordinary message of this name; two links have one of the same name, and then its opcode
/// says which is meant.
pub(crate) fn ordinary_frame(name: &str) -> Vec<u8> {
    let (word, opcode) = name.split_once(' ').unwrap_or((name, ""));
    let is_meant =
        |frame: &[u8]| opcode.is_empty() || opcode == format!("0x{:02X}{:02X}", frame[3], frame[2]);
    let mut vectors = vectors::all().into_iter();
    let named = vectors.find(|vector| vector.name == word && is_meant(&vector.frame));
    named.unwrap_or_else(|| panic!("no vector of `{name}`")).frame
}

/// The bytes of spaced hex, where `|` stands between length, opcode and payload.
fn bytes_of(hex: &str) -> Vec<u8> {
    let plain = hex.replace('|', " ");
    plain.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line a vector, so that a change shows as that.
fn vectors_json() -> String {
    let positive = vectors::all().into_iter().map(|vector| {
        json!({ "message": vector.name, "fields": vector.fields, "frame": hex_of(&vector.frame) })
    });
    let negative = negative::all().into_iter().map(|Negative { pretends, why, frame }| {
        json!({ "message": pretends, "why": why, "frame": hex_of(&frame) })
    });
    let lines =
        |values: Vec<Value>| values.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\"valid\": [\n{}\n],\n\"invalid\": [\n{}\n]}}\n",
        lines(positive.collect()),
        lines(negative.collect())
    )
}

/// Compares a checked-in file with what it has to be, or writes it.
fn expect_file(name: &str, text: &str) {
    let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("TINYREALM_WRITE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{name} is not what the code says: see the change, then `cargo xtask protocol`"
    );
}

#[test]
fn the_vectors_for_other_languages_are_what_the_code_says() {
    expect_file("vectors.json", &vectors_json());
}

#[test]
fn every_message_has_a_vector() {
    let covered: BTreeSet<Opcode> = vectors::all().iter().map(|vector| vector.opcode).collect();
    let known = SCHEMAS.iter().flat_map(|schema| schema.messages);
    let missing: Vec<&str> =
        known.filter(|known| !covered.contains(&known.opcode)).map(|known| known.name).collect();
    assert!(missing.is_empty(), "messages without a vector: {missing:?}");
}

#[test]
fn every_vector_is_one_frame() {
    let framer = PacketFramer::new(crate::wire::FRAME_LIMIT_MAX_BYTES);
    for vector in vectors::all() {
        let Framed::Frame { frame, rest } = framer.next_frame(&vector.frame) else {
            panic!("{} is no frame", vector.fields.to_string())
        };
        assert_eq!((frame.opcode, rest), (vector.opcode, &[][..]));
    }
}

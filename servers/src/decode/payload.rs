//! A body: its opcode, its fields, and what is wrong with it.

use super::framing::opcode_of;
use super::json::json;
use super::reader::{Reader, write_line};
use super::{bytes_of, spaced};
use crate::schema::model::{Message, Schema};
use tinyrealm_core::wire::opcode::OPCODE_BYTES;

/// Writes the message that `body` is, as far as it goes.
///
/// # Errors
/// What is wrong with it.
pub(super) fn tell(schema: &Schema, body: &[u8], out: &mut String) -> Result<(), String> {
    let Some(opcode) = opcode_of(body) else {
        return Err(format!(
            "a body has at least {OPCODE_BYTES} bytes, and this one {}",
            body.len()
        ));
    };
    let (head, payload) = body.split_at(OPCODE_BYTES);
    let Some((message, direction)) = schema.message(opcode) else {
        write_line(out, 0, head, &format!("opcode {opcode:#06x}, which nobody knows"));
        return Err("an opcode of no message; a peer passes over it".to_owned());
    };
    let name = format!("{} {opcode:#06x}, {direction}", message.name);
    write_line(out, 0, head, &name);
    tell_fields(schema, message, payload, 0, out)?;
    tell_carried(schema, message, payload, out)
}

fn tell_fields(
    schema: &Schema,
    message: &Message,
    payload: &[u8],
    depth: usize,
    out: &mut String,
) -> Result<(), String> {
    let mut reader = Reader { schema, payload, place: 0, out };
    reader.fields(&message.fields, depth)?;
    match payload.len() - reader.place {
        0 => Ok(()),
        left => Err(format!("{left} bytes are left over: {}", spaced(&payload[reader.place..]))),
    }
}

/// What a whole message carries of the game's own, if the schema knows that.
fn tell_carried(
    schema: &Schema,
    message: &Message,
    payload: &[u8],
    out: &mut String,
) -> Result<(), String> {
    let Some(first) = message.carries else { return Ok(()) };
    let fields = json(schema, &message.fields, payload)?;
    let kind = fields["kind"].as_u64().and_then(|kind| i32::try_from(kind).ok());
    let carried = kind.and_then(|kind| schema.message(first + kind));
    // No bytes have no hex.
    let data = fields["data"].as_str().map(|hex| bytes_of(hex).unwrap_or_default());
    let (Some((carried, _)), Some(data)) = (carried, data) else { return Ok(()) };
    write_line(out, 1, &[], &format!("{} of the game", carried.name));
    tell_fields(schema, carried, &data, 2, out)
}

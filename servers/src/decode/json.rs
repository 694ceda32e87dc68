//! A payload's fields as JSON.

use serde_json::{Map, Value, json};

use super::reader::{Reader, zigzag};
use crate::schema::model::{Field, Schema, Type};
use crate::secret::hex;

/// The fields that `payload` is.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn json(schema: &Schema, fields: &[Field], payload: &[u8]) -> Result<Value, String> {
    let mut text = String::new();
    let mut reader = Reader { schema, payload, place: 0, out: &mut text };
    let value = structure(&mut reader, fields)?;
    match payload.len() - reader.place {
        0 => Ok(value),
        left => Err(format!("{left} bytes are left over")),
    }
}

fn structure(reader: &mut Reader<'_>, fields: &[Field]) -> Result<Value, String> {
    let mut map = Map::new();
    for Field { name, kind } in fields {
        map.insert((*name).to_owned(), value(reader, kind)?);
    }
    Ok(Value::Object(map))
}

fn value(reader: &mut Reader<'_>, kind: &Type) -> Result<Value, String> {
    Ok(match kind {
        Type::Option(some) => match reader.flag()? {
            true => value(reader, some)?,
            false => Value::Null,
        },
        Type::List(most, item) => {
            let count = reader.count(*most, "items")?;
            (0..count).map(|_| value(reader, item)).collect::<Result<_, _>>()?
        }
        Type::Structure(name) => structure(reader, reader.schema.structure(name))?,
        Type::Array(count) => json!(hex(reader.take(*count)?)),
        Type::Bytes(most) => json!(hex(reader.counted(*most)?)),
        Type::Text(most) => json!(String::from_utf8_lossy(reader.counted(*most)?)),
        Type::Bool => json!(reader.flag()?),
        Type::U8 => json!(reader.take(1)?[0]),
        Type::I16 => json!(zigzag(reader.varint(16)?)),
        Type::F32 => json!(reader.float()?),
        Type::U16 | Type::Code(_) => json!(reader.varint(16)?),
        Type::U32 => json!(reader.varint(32)?),
        Type::U53 => json!(reader.varint(53)?),
        Type::I32 => json!(zigzag(reader.varint(32)?)),
    })
}

//! A body: its opcode, its fields, and what is wrong with it.

use std::fmt::Write;

use super::framing::opcode_of;
use super::schema::{Field, Schema};
use super::spaced;
use tinyrealm_core::wire::opcode::OPCODE_BYTES;

/// Bytes that are shown of a longer field.
const SHOWN_BYTES: usize = 16;

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
    let mut reader = Reader { schema, message: &message.name, payload, place: 0, out };
    reader.fields(&message.fields, 0)?;
    match payload.len() - reader.place {
        0 => Ok(()),
        left => Err(format!("{left} bytes are left over: {}", spaced(&payload[reader.place..]))),
    }
}

fn write_line(out: &mut String, depth: usize, bytes: &[u8], text: &str) {
    let shown = match bytes.len() {
        0..=SHOWN_BYTES => spaced(bytes),
        _ => format!("{} …", spaced(&bytes[..SHOWN_BYTES])),
    };
    let (column, indent) = (format!("{shown:<14}"), "  ".repeat(depth));
    // Writing to a string does not fail.
    let _ = writeln!(out, "  {column} {indent}{text}");
}

struct Reader<'r> {
    schema: &'r Schema,
    message: &'r str,
    payload: &'r [u8],
    place: usize,
    out: &'r mut String,
}

impl Reader<'_> {
    fn fields(&mut self, fields: &[Field], depth: usize) -> Result<(), String> {
        for Field { name, kind } in fields {
            self.value(name, kind, depth).map_err(|problem| format!("`{name}`: {problem}"))?;
        }
        Ok(())
    }

    /// One value of this type: `u16`, `text(16)`, `option(byte[32])`, `list(16, member)`, a structure.
    fn value(&mut self, name: &str, kind: &str, depth: usize) -> Result<(), String> {
        let start = self.place;
        let inner = |outer: &str| kind.strip_prefix(outer)?.strip_suffix([')', ']']);
        if let Some(kind) = inner("option(") {
            return self.option(name, kind, depth);
        }
        if let Some((most, kind)) = inner("list(").and_then(|list| list.split_once(", ")) {
            return self.list(name, limit(most)?, kind, depth);
        }
        let told = if let Some(count) = inner("byte[") {
            spaced(self.take(limit(count)?)?).replace(' ', "")
        } else if let Some(most) = inner("bytes(") {
            spaced(self.counted(limit(most)?)?).replace(' ', "")
        } else if let Some(most) = inner("text(") {
            self.text(limit(most)?)?
        } else if let Some(fields) = self.schema.structure(kind) {
            write_line(self.out, depth, &[], name);
            return self.fields(fields, depth + 1);
        } else {
            self.number(name, kind)?
        };
        let bytes = &self.payload[start..self.place];
        write_line(self.out, depth, bytes, &format!("{name}: {told}"));
        Ok(())
    }

    fn option(&mut self, name: &str, kind: &str, depth: usize) -> Result<(), String> {
        let start = self.place;
        let tag = self.take(1)?[0];
        let bytes = &self.payload[start..self.place];
        match tag {
            0 => write_line(self.out, depth, bytes, &format!("{name}: none")),
            1 => {
                write_line(self.out, depth, bytes, &format!("{name}: there is one"));
                self.value(name, kind, depth)?;
            }
            other => {
                return Err(format!(
                    "{other:02x} says neither that there is one (01) nor none (00)"
                ));
            }
        }
        Ok(())
    }

    fn list(&mut self, name: &str, most: usize, kind: &str, depth: usize) -> Result<(), String> {
        let start = self.place;
        let count = self.count(most, "items")?;
        let bytes = &self.payload[start..self.place];
        write_line(self.out, depth, bytes, &format!("{name}: {count} items"));
        for item in 0..count {
            self.value(&format!("[{item}]"), kind, depth + 1)?;
        }
        Ok(())
    }

    fn number(&mut self, name: &str, kind: &str) -> Result<String, String> {
        let bits = kind.get(1..).and_then(|bits| bits.parse().ok());
        let bits: u32 = bits.ok_or_else(|| format!("the type `{kind}` is not known here"))?;
        let raw = self.varint(bits)?;
        let number = match kind.starts_with('i') {
            true => (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed(),
            false => raw.cast_signed(),
        };
        let meaning = self.schema.meaning(self.message, name, number);
        Ok(meaning.map_or_else(|| number.to_string(), |meaning| format!("{number}, {meaning}")))
    }

    fn varint(&mut self, bits: u32) -> Result<u64, String> {
        let start = self.place;
        let mut number = 0_u128;
        for shift in (0..bits).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u128::from(byte & 0x7F) << shift;
            if byte >= 0x80 {
                continue;
            }
            let bytes = spaced(&self.payload[start..self.place]);
            if byte == 0 && shift > 0 {
                return Err(format!("{bytes} is a longer form of {number} than it needs"));
            }
            let fits = number >> bits == 0;
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            return fits.then_some(number).ok_or(format!("{bytes} has more than {bits} bits"));
        }
        let bytes = spaced(&self.payload[start..self.place]);
        Err(format!("{bytes} goes on, and a number of {bits} bits does not"))
    }

    fn count(&mut self, most: usize, what: &str) -> Result<usize, String> {
        let count = usize::try_from(self.varint(u32::BITS)?).unwrap_or(usize::MAX);
        if count > most {
            return Err(format!("{count} {what}, and {most} is the most"));
        }
        Ok(count)
    }

    fn counted(&mut self, most: usize) -> Result<&[u8], String> {
        let count = self.count(most, "bytes")?;
        self.take(count)
    }

    fn text(&mut self, most: usize) -> Result<String, String> {
        let bytes = self.counted(most)?;
        let text = std::str::from_utf8(bytes);
        text.map(|text| format!("{text:?}")).map_err(|_| format!("{} is no UTF-8", spaced(bytes)))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let left = &self.payload[self.place..];
        if count > left.len() {
            return Err(format!(
                "it ends here: {count} bytes should follow, and {} do",
                left.len()
            ));
        }
        self.place += count;
        Ok(&left[..count])
    }
}

fn limit(number: &str) -> Result<usize, String> {
    number.parse().map_err(|_| format!("`{number}` is no limit"))
}

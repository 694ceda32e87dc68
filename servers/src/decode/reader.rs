//! `Reader`: a payload's values, one after the other, and what is wrong with them.

use std::fmt::Write;

use super::spaced;
use crate::schema::model::{Field, Schema, Type};
use tinyrealm_core::protocol::schema::Codes;

/// Bytes that are shown of a longer field.
const SHOWN_BYTES: usize = 16;
/// The fields that tell an opcode.
const ABOUT: &str = "about";

pub(super) fn write_line(out: &mut String, depth: usize, bytes: &[u8], text: &str) {
    let shown = match bytes.len() {
        0..=SHOWN_BYTES => spaced(bytes),
        _ => format!("{} …", spaced(&bytes[..SHOWN_BYTES])),
    };
    let (column, indent) = (format!("{shown:<14}"), "  ".repeat(depth));
    // Writing to a string does not fail.
    let _ = writeln!(out, "  {column} {indent}{text}");
}

pub(super) struct Reader<'r> {
    pub(super) schema: &'r Schema,
    pub(super) payload: &'r [u8],
    pub(super) place: usize,
    pub(super) out: &'r mut String,
}

impl Reader<'_> {
    pub(super) fn fields(&mut self, fields: &[Field], depth: usize) -> Result<(), String> {
        for Field { name, kind } in fields {
            self.value(name, kind, depth).map_err(|problem| format!("`{name}`: {problem}"))?;
        }
        Ok(())
    }

    /// One value of this type.
    fn value(&mut self, name: &str, kind: &Type, depth: usize) -> Result<(), String> {
        let start = self.place;
        let told = match kind {
            Type::Option(some) => return self.option(name, some, depth),
            Type::List(most, item) => return self.list(name, *most, item, depth),
            Type::Structure(structure) => {
                write_line(self.out, depth, &[], name);
                return self.fields(self.schema.structure(structure), depth + 1);
            }
            Type::Array(count) => spaced(self.take(*count)?).replace(' ', ""),
            Type::Bytes(most) => spaced(self.counted(*most)?).replace(' ', ""),
            Type::Text(most) => self.text(*most)?,
            Type::Bool => self.flag()?.to_string(),
            Type::U8 => self.take(1)?[0].to_string(),
            Type::I16 => zigzag(self.varint(16)?).to_string(),
            Type::F32 => self.float()?.to_string(),
            Type::U16 => self.varint(16)?.to_string(),
            Type::U32 => self.varint(32)?.to_string(),
            Type::U53 => self.varint(53)?.to_string(),
            Type::I32 => self.signed(name)?,
            Type::Code(codes) => self.code(codes)?,
        };
        let bytes = &self.payload[start..self.place];
        write_line(self.out, depth, bytes, &format!("{name}: {told}"));
        Ok(())
    }

    fn option(&mut self, name: &str, kind: &Type, depth: usize) -> Result<(), String> {
        let start = self.place;
        let is_there = self.flag()?;
        let bytes = &self.payload[start..self.place];
        let told = if is_there { "there is one" } else { "none" };
        write_line(self.out, depth, bytes, &format!("{name}: {told}"));
        if is_there { self.value(name, kind, depth) } else { Ok(()) }
    }

    pub(super) fn flag(&mut self) -> Result<bool, String> {
        match self.take(1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("{other:02x} says neither yes (01) nor no (00)")),
        }
    }

    fn list(&mut self, name: &str, most: usize, kind: &Type, depth: usize) -> Result<(), String> {
        let start = self.place;
        let count = self.count(most, "items")?;
        let bytes = &self.payload[start..self.place];
        write_line(self.out, depth, bytes, &format!("{name}: {count} items"));
        for item in 0..count {
            self.value(&format!("[{item}]"), kind, depth + 1)?;
        }
        Ok(())
    }

    fn code(&mut self, codes: &Codes) -> Result<String, String> {
        let number = self.varint(16)?;
        let known = codes.values.iter().find(|(value, _)| u64::from(*value) == number);
        Ok(known.map_or_else(|| number.to_string(), |(_, name)| format!("{number}, {name}")))
    }

    /// A number; one that is about an opcode, with its message's name.
    fn signed(&mut self, name: &str) -> Result<String, String> {
        let raw = self.varint(32)?;
        let number = zigzag(raw);
        let opcode = i32::try_from(number).ok().filter(|_| name == ABOUT);
        let about = opcode.and_then(|opcode| self.schema.message(opcode));
        Ok(about.map_or_else(|| number.to_string(), |(of, _)| format!("{number}, {}", of.name)))
    }

    pub(super) fn float(&mut self) -> Result<f32, String> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(f32::from_le_bytes(bytes))
    }

    pub(super) fn varint(&mut self, bits: u32) -> Result<u64, String> {
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

    pub(super) fn count(&mut self, most: usize, what: &str) -> Result<usize, String> {
        let count = usize::try_from(self.varint(u32::BITS)?).unwrap_or(usize::MAX);
        if count > most {
            return Err(format!("{count} {what}, and {most} is the most"));
        }
        Ok(count)
    }

    pub(super) fn counted(&mut self, most: usize) -> Result<&[u8], String> {
        let count = self.count(most, "bytes")?;
        self.take(count)
    }

    fn text(&mut self, most: usize) -> Result<String, String> {
        let bytes = self.counted(most)?;
        let text = std::str::from_utf8(bytes);
        text.map(|text| format!("{text:?}")).map_err(|_| format!("{} is no UTF-8", spaced(bytes)))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&[u8], String> {
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

pub(super) fn zigzag(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

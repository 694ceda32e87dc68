//! Links as JavaScript codecs, and as TypeScript types.

use std::fmt::Write;

use tinyrealm_core::protocol::schema::Vocabulary;
use tinyrealm_core::protocol::{FieldSchema, LinkSchema, MessageSchema};

use crate::names::pascal;
use crate::types::FieldType;

/// Writes the links as codecs.
///
/// # Errors
/// The field whose type is not known.
pub(crate) fn push_links(
    out: &mut String,
    words: Vocabulary,
    links: &[(&str, &LinkSchema)],
) -> Result<(), String> {
    for (name, schema) in links {
        *out += &format!("\nexport const {name} = link({{\n");
        for message in schema.messages {
            push_message(out, words, message)?;
        }
        *out += "});\n";
    }
    Ok(())
}

fn push_message(
    out: &mut String,
    words: Vocabulary,
    message: &MessageSchema,
) -> Result<(), String> {
    let codec_of = |field: &FieldSchema| {
        Ok(format!("{}: {}", field.name, type_of(words, message, field)?.codec))
    };
    let fields = message.fields.iter().map(codec_of).collect::<Result<Vec<_>, String>>()?;
    let fields = if fields.is_empty() { String::new() } else { format!(" {} ", fields.join(", ")) };
    // Writing to a string does not fail.
    let _ = writeln!(out, "  {}: [0x{:04x}, {{{fields}}}],", message.name, message.opcode.0);
    Ok(())
}

fn type_of(
    words: Vocabulary,
    message: &MessageSchema,
    field: &FieldSchema,
) -> Result<FieldType, String> {
    FieldType::of(words, field.type_name)
        .map_err(|problem| format!("{}.{}: {problem}", message.name, field.name))
}

/// Writes the links' types.
///
/// # Errors
/// As [`push_links`].
pub(crate) fn push_types(
    out: &mut String,
    words: Vocabulary,
    links: &[(&str, &LinkSchema)],
) -> Result<(), String> {
    for (name, schema) in links {
        let union = pascal(name);
        for message in schema.messages {
            let line = |field: &FieldSchema| {
                Ok(format!("  {}: {};\n", field.name, type_of(words, message, field)?.typescript))
            };
            let fields = message.fields.iter().map(line).collect::<Result<String, String>>()?;
            let name = message.name;
            *out += &format!("\nexport interface {name} {{\n  type: \"{name}\";\n{fields}}}\n");
        }
        let names: Vec<&str> = schema.messages.iter().map(|message| message.name).collect();
        *out += &format!("\nexport type {union} = {};\n", names.join(" | "));
        *out += &format!("export const {name}: Link<{union}>;\n");
    }
    Ok(())
}

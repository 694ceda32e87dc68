//! How one field of a message is written in the two languages.

use tinyrealm_core::protocol::schema::{Structure, Vocabulary, WireType};

/// One field, as a codec of `postcard.js` and as a type.
pub(crate) struct FieldType {
    pub(crate) codec: String,
    pub(crate) typescript: String,
}

impl FieldType {
    fn new(codec: impl Into<String>, typescript: impl Into<String>) -> Self {
        Self { codec: codec.into(), typescript: typescript.into() }
    }

    /// The type of this name.
    ///
    /// # Errors
    /// That nobody has told of it.
    pub(crate) fn of(words: Vocabulary, type_name: &str) -> Result<Self, String> {
        let unknown = || format!("nobody has told what `{type_name}` is on the wire");
        Ok(match words.wire_type(type_name).ok_or_else(unknown)? {
            WireType::Bool => Self::new("bool", "boolean"),
            WireType::U8 => Self::new("u8", "number"),
            WireType::I16 => Self::new("i16", "number"),
            WireType::F32 => Self::new("f32", "number"),
            WireType::U16 | WireType::Code(_) => Self::new("u16", "number"),
            WireType::U32 => Self::new("u32", "number"),
            WireType::U53 => Self::new("u53", "number"),
            WireType::I32 => Self::new("i32", "number"),
            WireType::Array(count) => Self::new(format!("array({count})"), "Uint8Array"),
            WireType::Bytes(most) => Self::new(format!("bytes({most})"), "Uint8Array"),
            WireType::Text(most) => Self::new(format!("text({most})"), "string"),
            WireType::Option(some) => {
                let Self { codec, typescript } = Self::of(words, some)?;
                Self::new(format!("option({codec})"), format!("{typescript} | null"))
            }
            WireType::List(most, item) => {
                let Self { codec, typescript } = Self::of(words, item)?;
                Self::new(format!("list({most}, {codec})"), list_of(&typescript))
            }
            WireType::Structure(structure) => Self::new(structure.name, structure.type_name),
        })
    }
}

fn list_of(item: &str) -> String {
    if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
}

/// A structure's codec, under its name.
///
/// # Errors
/// As [`FieldType::of`].
pub(crate) fn codec_of(words: Vocabulary, structure: &Structure) -> Result<String, String> {
    let field = |field: &tinyrealm_core::protocol::FieldSchema| {
        Ok(format!("{}: {}", field.name, FieldType::of(words, field.type_name)?.codec))
    };
    let fields = structure.fields.iter().map(field).collect::<Result<Vec<_>, String>>()?;
    Ok(format!("const {} = record({{ {} }});\n", structure.name, fields.join(", ")))
}

/// A structure's type.
///
/// # Errors
/// As [`FieldType::of`].
pub(crate) fn type_of(words: Vocabulary, structure: &Structure) -> Result<String, String> {
    let field = |field: &tinyrealm_core::protocol::FieldSchema| {
        Ok(format!("  {}: {};\n", field.name, FieldType::of(words, field.type_name)?.typescript))
    };
    let fields = structure.fields.iter().map(field).collect::<Result<String, String>>()?;
    Ok(format!("\nexport interface {} {{\n{fields}}}\n", structure.type_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_put_together() {
        let written = |type_name| {
            let field = FieldType::of(Vocabulary::REALM, type_name).unwrap();
            (field.codec, field.typescript)
        };
        let pair = |codec: &str, typescript: &str| (codec.to_owned(), typescript.to_owned());
        assert_eq!(written("Option<Token>"), pair("option(array(32))", "Uint8Array | null"));
        let members = written("heapless::Vec<MemberState, SNAPSHOT_PAGE_MEMBERS>");
        assert_eq!(members, pair("list(16, member)", "MemberState[]"));
        let list = written("heapless::Vec<Option<u8>, 4>");
        assert_eq!(list, pair("list(4, option(u8))", "(number | null)[]"));
    }

    #[test]
    fn a_type_that_is_not_known_is_named() {
        let problem = FieldType::of(Vocabulary::REALM, "Sprocket").err().unwrap();
        assert!(problem.contains("`Sprocket`"), "{problem}");
    }
}

//! The schema as JSON: `protocol.json`.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::schema::LIMITS;
use tinyrealm_core::wire::FRAME_LIMIT_MAX_BYTES;

use super::model;
use super::model::{Schema, Type};

#[derive(Serialize)]
struct Protocol {
    versions: Versions,
    #[serde(skip_serializing_if = "Option::is_none")]
    game: Option<Game>,
    limits: Limits,
    frame_limit_max_bytes: u16,
    structures: Vec<Structure>,
    codes: Vec<Codes>,
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Game {
    name: &'static str,
    version: u16,
    fingerprint: u32,
}

struct Limits;

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(LIMITS.len()))?;
        for (name, value) in LIMITS {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Structure {
    name: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Codes {
    name: &'static str,
    codes: Vec<Code>,
}

#[derive(Serialize)]
struct Code {
    number: u16,
    name: &'static str,
}

#[derive(Serialize)]
struct Link {
    direction: &'static str,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Message {
    name: &'static str,
    opcode: i32,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    kind: String,
    /// The kind of codes that it is one of.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<&'static str>,
}

/// The whole of it.
pub(super) fn write(schema: &Schema) -> String {
    let structures = schema.structures.iter();
    let protocol = Protocol {
        versions: Versions::OURS,
        game: schema.game.as_ref().map(game),
        limits: Limits,
        frame_limit_max_bytes: FRAME_LIMIT_MAX_BYTES,
        structures: structures
            .map(|it| Structure { name: it.name, fields: fields(&it.fields) })
            .collect(),
        codes: schema.codes.iter().copied().map(codes).collect(),
        links: schema.links.iter().map(link).collect(),
    };
    let text = serde_json::to_string_pretty(&protocol);
    text.expect("strings and numbers are JSON") + "\n"
}

fn game(game: &model::Identity) -> Game {
    let &model::Identity { name, version, fingerprint } = game;
    Game { name, version, fingerprint }
}

fn codes(codes: &tinyrealm_core::protocol::schema::Codes) -> Codes {
    let values = codes.values.iter().map(|&(number, name)| Code { number, name });
    Codes { name: codes.name, codes: values.collect() }
}

fn link(link: &model::Link) -> Link {
    let messages = link.messages.iter().map(|message| Message {
        name: message.name,
        opcode: message.opcode,
        fields: fields(&message.fields),
    });
    Link { direction: link.name, messages: messages.collect() }
}

fn fields(fields: &[model::Field]) -> Vec<Field> {
    let fields = fields.iter().map(|field| {
        let codes = match field.kind {
            Type::Code(codes) => Some(codes.name),
            _ => None,
        };
        Field { name: field.name, kind: field.kind.word(), codes }
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_json_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol.json");
        let text = write(&Schema::of_today());
        if std::env::var_os("TINYREALM_WRITE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == text,
            "protocol.json is stale: see the change, then `cargo xtask protocol`"
        );
    }
}

//! `protocol.json`, read.

use serde::Deserialize;

const PROTOCOL: &str = include_str!("../../../protocol.json");

#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    structures: Vec<Structure>,
    codes: Vec<Codes>,
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Structure {
    name: String,
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Codes {
    name: String,
    codes: Vec<Code>,
}

#[derive(Debug, Deserialize)]
struct Code {
    number: u64,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    direction: String,
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) name: String,
    opcode: i32,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Schema {
    /// The one that this binary speaks.
    pub(super) fn of_today() -> Self {
        serde_json::from_str(PROTOCOL).expect("protocol.json is the schema's own writing")
    }

    /// The message of this opcode, and the words for its direction.
    pub(super) fn message(&self, opcode: i32) -> Option<(&Message, String)> {
        self.links.iter().find_map(|link| {
            let message = link.messages.iter().find(|message| message.opcode == opcode)?;
            Some((message, link.direction.replace('_', " ")))
        })
    }

    pub(super) fn structure(&self, name: &str) -> Option<&[Field]> {
        let found = self.structures.iter().find(|structure| structure.name == name);
        found.map(|structure| &structure.fields[..])
    }

    /// What a number means in this field of this message.
    pub(super) fn meaning(&self, message: &str, field: &str, number: i64) -> Option<String> {
        let kind = match (message, field) {
            ("LoginDenied", "reason") => "LoginDenial",
            ("JoinDenied", "reason") => "JoinDenial",
            ("Error", "code") | (_, "reason") => "ErrorCode",
            ("ClusterHello", "kind") => "ServerKind",
            (_, "about") => {
                return self.message(number.try_into().ok()?).map(|(of, _)| of.name.clone());
            }
            _ => return None,
        };
        let codes = self.codes.iter().find(|codes| codes.name == kind)?;
        let code = codes.codes.iter().find(|code| i64::try_from(code.number) == Ok(number))?;
        Some(code.name.clone())
    }
}

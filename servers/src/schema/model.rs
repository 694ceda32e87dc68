//! The schema with every type looked up, which `decode` and the writers of other languages go by.

use anyhow::{Context, Result};
use tinyrealm_core::protocol::schema::{
    CODES, Codes, GameSchema, STRUCTURES, Structure, Vocabulary, WireType,
};
use tinyrealm_core::protocol::{FieldSchema, LinkSchema, MessageSchema, SCHEMAS};
use tinyrealm_core::wire::opcode::{Band, GAME, Opcode, WORLD};

use crate::games::{self, Games};

/// Links, and what their messages are made of.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) structures: Vec<Record>,
    pub(crate) codes: &'static [&'static Codes],
    pub(crate) links: Vec<Link>,
    /// The game that it is of; none if it is the realm's alone.
    pub(crate) game: Option<Identity>,
}

/// Which game it is.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) version: u16,
    pub(crate) fingerprint: u32,
}

/// A structure.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// One direction of a link.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: &'static str,
    pub(crate) messages: Vec<Message>,
}

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: &'static str,
    pub(crate) opcode: i32,
    pub(crate) fields: Vec<Field>,
    /// It carries one of the game's own messages, by its place (`kind`) behind this opcode, and its payload (`data`).
    pub(crate) carries: Option<i32>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
}

/// A [`WireType`] with all that is inside of it.
#[derive(Debug)]
pub(crate) enum Type {
    Bool,
    U8,
    I16,
    F32,
    U16,
    U32,
    U53,
    I32,
    Code(&'static Codes),
    Array(usize),
    Bytes(usize),
    Text(usize),
    Option(Box<Self>),
    List(usize, Box<Self>),
    /// The structure of this name.
    Structure(&'static str),
}

impl Schema {
    /// What the realm speaks, and this game; of an empty name, the first.
    ///
    /// # Errors
    /// There is no such game, or a field of it has a type that has no word.
    pub(crate) fn with_game(games: Games, name: &str) -> Result<Self> {
        let game = games::find(games, name)?;
        let GameSchema { links, words } = game.schema();
        let (name, version, fingerprint) = (game.name(), game.version(), game.fingerprint());
        let schema = Self::of(&[&SCHEMAS[..], links].concat(), words)?;
        Ok(Self { game: Some(Identity { name, version, fingerprint }), ..schema })
    }

    /// What the realm itself speaks.
    #[cfg(test)]
    pub(crate) fn of_today() -> Self {
        Self::of(&SCHEMAS, Vocabulary::REALM).expect("a test of core looks all of its types up")
    }

    /// These links, whose types have names of this vocabulary.
    ///
    /// # Errors
    /// A field whose type has no word.
    pub(crate) fn of(links: &[&LinkSchema], words: Vocabulary) -> Result<Self> {
        let structures = STRUCTURES.iter().chain(words.structures);
        let structures = structures.map(|structure| Record::of(structure, words));
        let links = links.iter().map(|link| Link::of(link, words));
        Ok(Self {
            structures: structures.collect::<Result<_>>()?,
            codes: CODES,
            links: links.collect::<Result<_>>()?,
            game: None,
        })
    }

    /// The message of this opcode, and the words for its direction.
    pub(crate) fn message(&self, opcode: i32) -> Option<(&Message, String)> {
        self.links.iter().find_map(|link| {
            let message = link.messages.iter().find(|message| message.opcode == opcode)?;
            Some((message, link.direction()))
        })
    }

    pub(crate) fn structure(&self, name: &str) -> &[Field] {
        let found = self.structures.iter().find(|structure| structure.name == name);
        found.map_or(&[], |structure| &structure.fields[..])
    }
}

impl Record {
    fn of(structure: &Structure, words: Vocabulary) -> Result<Self> {
        let fields = fields_of(structure.fields, words);
        Ok(Self { name: structure.name, fields: fields.context(structure.type_name)? })
    }
}

impl Link {
    fn of(link: &LinkSchema, words: Vocabulary) -> Result<Self> {
        let messages = link.messages.iter().map(|message| Message::of(message, words));
        Ok(Self { name: link.name, messages: messages.collect::<Result<_>>().context(link.name)? })
    }

    /// `client to main`.
    pub(crate) fn direction(&self) -> String {
        self.name.replace('_', " ")
    }
}

impl Message {
    fn of(message: &MessageSchema, words: Vocabulary) -> Result<Self> {
        let fields = fields_of(message.fields, words).context(message.name)?;
        let carries = carried_band(message.opcode, &fields).map(|band| band.first);
        Ok(Self { name: message.name, opcode: message.opcode.0, fields, carries })
    }
}

/// The game's messages that a message has within it, if it is one of those between a client and its world that do.
fn carried_band(opcode: Opcode, fields: &[Field]) -> Option<Band> {
    let has = |name, is: fn(&Type) -> bool| {
        fields.iter().any(|field| field.name == name && is(&field.kind))
    };
    let does = has("kind", |kind| matches!(kind, Type::U8))
        && has("data", |kind| matches!(kind, Type::Bytes(_)));
    let bands = [
        (WORLD.client_to_server, GAME.client_to_server),
        (WORLD.server_to_client, GAME.server_to_client),
    ];
    let found = bands.into_iter().find(|(realm_s, _)| does && realm_s.contains(opcode));
    found.map(|(_, game_s)| game_s)
}

fn fields_of(fields: &[FieldSchema], words: Vocabulary) -> Result<Vec<Field>> {
    let fields = fields.iter().map(|field| {
        let kind = Type::of(field.type_name, words);
        Ok(Field { name: field.name, kind: kind.context(field.name)? })
    });
    fields.collect()
}

impl Type {
    fn of(type_name: &str, words: Vocabulary) -> Result<Self> {
        let kind = words.wire_type(type_name);
        let kind =
            kind.with_context(|| format!("nobody knows what `{type_name}` is on the wire"))?;
        Ok(match kind {
            WireType::Bool => Self::Bool,
            WireType::U8 => Self::U8,
            WireType::I16 => Self::I16,
            WireType::F32 => Self::F32,
            WireType::U16 => Self::U16,
            WireType::U32 => Self::U32,
            WireType::U53 => Self::U53,
            WireType::I32 => Self::I32,
            WireType::Code(codes) => Self::Code(codes),
            WireType::Array(count) => Self::Array(count),
            WireType::Bytes(most) => Self::Bytes(most),
            WireType::Text(most) => Self::Text(most),
            WireType::Option(some) => Self::Option(Box::new(Self::of(some, words)?)),
            WireType::List(most, item) => Self::List(most, Box::new(Self::of(item, words)?)),
            WireType::Structure(structure) => Self::Structure(structure.name),
        })
    }

    /// As PROTOCOL.md and `protocol.json` have it.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::U8 => "u8".to_owned(),
            Self::I16 => "i16".to_owned(),
            Self::F32 => "f32".to_owned(),
            Self::U16 | Self::Code(_) => "u16".to_owned(),
            Self::U32 => "u32".to_owned(),
            Self::U53 => "u53".to_owned(),
            Self::I32 => "i32".to_owned(),
            Self::Array(count) => format!("byte[{count}]"),
            Self::Bytes(most) => format!("bytes({most})"),
            Self::Text(most) => format!("text({most})"),
            Self::Option(some) => format!("option({})", some.word()),
            Self::List(most, item) => format!("list({most}, {})", item.word()),
            Self::Structure(name) => (*name).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::wire::Opcode;

    #[test]
    fn a_type_that_nobody_knows_is_told_with_its_place() {
        const GAME: LinkSchema = LinkSchema {
            name: "client_to_game",
            messages: &[MessageSchema {
                name: "Steer",
                method: "steer",
                opcode: Opcode(1),
                fields: &[FieldSchema { name: "wheel", type_name: "Option<Sprocket>" }],
            }],
        };
        let problem = Schema::of(&[&GAME], Vocabulary::REALM).unwrap_err();
        assert_eq!(
            format!("{problem:#}"),
            "client_to_game: Steer: wheel: nobody knows what `Sprocket` is on the wire"
        );
    }
}

//! A game's own messages as a module of their own, beside `tinyrealm.js`.

use tinyrealm_core::protocol::LinkSchema;
use tinyrealm_core::protocol::schema::GameSchema;
use tinyrealm_core::wire::opcode::GAME;

use crate::CODECS;
use crate::links::{push_links, push_types};
use crate::names::{camel, pascal};
use crate::types::{codec_of, type_of};

const RECORDS: &str = "const position = record({ x: i32, y: i32, z: i32 });
const member = record({ number: u16, uid: u53, pos: position, dir: u16 });
";

/// The module `NAME.js` and its types, of the game of this name: its directions, and `game`, which is what
/// `connect` wants, with its fingerprint.
///
/// # Errors
/// It has several directions from clients or to them, or a field whose type nobody has told of.
pub fn game_files(
    name: &str,
    schema: GameSchema,
    fingerprint: u32,
) -> Result<[(String, String); 2], String> {
    let named: Vec<(String, &LinkSchema)> =
        schema.links.iter().map(|link| (camel(link.name), *link)).collect();
    let links: Vec<_> = named.iter().map(|(name, link)| (name.as_str(), *link)).collect();
    let (says, hears) = (direction(&links, true)?, direction(&links, false)?);
    let head = format!("// Generated from the messages of the game {name}.\n\n");
    let mut module = format!("{head}import {{ {CODECS} }} from \"./postcard.js\";\n\n{RECORDS}");
    let mut types = head + "import type { Link } from \"./postcard.js\";\n";
    types += "import type { MemberState, Position } from \"./protocol.js\";\n";
    for structure in schema.words.structures {
        module += &codec_of(schema.words, structure)?;
        types += &type_of(schema.words, structure)?;
    }
    push_links(&mut module, schema.words, &links)?;
    let codec = |link: Option<&str>| link.unwrap_or("link({})").to_owned();
    module += &format!(
        "\nexport const game = Object.freeze({{ says: {}, hears: {}, fingerprint: {fingerprint} }});\n",
        codec(says),
        codec(hears)
    );
    push_types(&mut types, schema.words, &links)?;
    let union = |link: Option<&str>| link.map_or_else(|| "never".to_owned(), pascal);
    let (said, heard) = (union(says), union(hears));
    types += &format!(
        "\nexport const game: {{ says: Link<{said}>; hears: Link<{heard}>; fingerprint: number }};\n"
    );
    Ok([(format!("{name}.js"), module), (format!("{name}.d.ts"), types)])
}

/// The one direction from clients, or to them, if there is one.
fn direction<'l>(
    links: &[(&'l str, &LinkSchema)],
    is_from_clients: bool,
) -> Result<Option<&'l str>, String> {
    let is_so = |link: &LinkSchema| {
        let first = link.messages.first();
        first.is_some_and(|message| {
            GAME.client_to_server.contains(message.opcode) == is_from_clients
        })
    };
    let mut found = links.iter().filter(|(_, link)| is_so(link)).map(|(name, _)| *name);
    match (found.next(), found.next()) {
        (only, None) => Ok(only),
        _ => Err("its SCHEMA has several directions from clients, or to them: a page has one each"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::protocol;
    use tinyrealm_core::protocol::schema::Vocabulary;

    protocol! {
        /// From a client.
        mod client_to_rink in GAME.client_to_server;

        /// An input: glides.
        2 glide => Glide {
            /// So far.
            by: i16,
            /// So it is seen.
            is_fast: bool,
        }
    }

    #[test]
    fn an_input_is_a_message_like_any_other() {
        let schema = GameSchema { links: &[&client_to_rink::SCHEMA], words: Vocabulary::REALM };
        let [(module_name, module), (types_name, types)] = game_files("rink", schema, 7).unwrap();
        assert_eq!([&*module_name, &*types_name], ["rink.js", "rink.d.ts"]);
        let link = "
export const clientToRink = link({
  Glide: [0x5002, { by: i16, is_fast: bool }],
});

export const game = Object.freeze({ says: clientToRink, hears: link({}), fingerprint: 7 });
";
        assert!(module.ends_with(link), "{module}");
        let written = "
export interface Glide {
  type: \"Glide\";
  by: number;
  is_fast: boolean;
}

export type ClientToRink = Glide;
export const clientToRink: Link<ClientToRink>;

export const game: { says: Link<ClientToRink>; hears: Link<never>; fingerprint: number };
";
        assert!(types.ends_with(written), "{types}");
    }
}

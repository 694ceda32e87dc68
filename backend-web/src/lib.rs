//! The protocol's schema as JavaScript modules, and as TypeScript types.
//!
//! Purpose: [`files`] are what `protocol.js`, `module.js` and their types beside this crate have to be;
//! `cargo xtask web` writes them, a test compares them. The first has what a client says to Main, a world
//! and Login, and what they answer; the second what `tinyrealm.js` and the wasm module say to each other.
//! [`game_files`] are the same for a game's own messages.
//!
//! Contract: a type that the schema has and this does not know is a panic here, before anything is
//! written, never a wrong module.

mod game;
mod links;
mod names;
mod types;

use tinyrealm_core::protocol::schema::{Codes, STRUCTURES, Vocabulary};
use tinyrealm_core::protocol::{
    self, ErrorCode, JoinDenial, LinkSchema, LoginDenial, Versions, WishKind,
};
use tinyrealm_web_client::{self as client, messages};

pub use game::game_files;
use links::{push_links, push_types};

/// All that `postcard.js` has: which of them a link needs, its fields decide.
const CODECS: &str =
    "array, bool, bytes, f32, i16, i32, link, list, option, record, text, u16, u32, u53, u8";

const HEAD: &str =
    "// Generated from core/src/protocol by `cargo xtask web`; a test finds what is stale.\n\n";

/// The links that a client has, by their names in the module.
const LINKS: [(&str, &LinkSchema); 7] = [
    ("eitherWay", &protocol::either_way::SCHEMA),
    ("clientToMain", &protocol::client_to_main::SCHEMA),
    ("mainToClient", &protocol::main_to_client::SCHEMA),
    ("clientToWorld", &protocol::client_to_world::SCHEMA),
    ("worldToClient", &protocol::world_to_client::SCHEMA),
    ("clientToLogin", &protocol::client_to_login::SCHEMA),
    ("loginToClient", &protocol::login_to_client::SCHEMA),
];

/// The structures of the realm that a client's messages have.
const CLIENT_STRUCTURES: [&str; 5] = ["position", "member", "versions", "wish", "room"];
/// Those of them whose types `types_head.d.ts` has not.
const UNDESCRIBED: [&str; 2] = ["wish", "room"];

/// What a host and the wasm module say to each other.
const MODULE_LINKS: [(&str, &LinkSchema); 2] = [
    ("toModule", &messages::host_to_module::SCHEMA),
    ("fromModule", &messages::module_to_host::SCHEMA),
];

/// What a host of the wasm module has to know.
const MODULE_NUMBERS: [(&str, usize); 4] = [
    ("FINGERPRINT", messages::FINGERPRINT as usize),
    ("HANDOVER_BYTES", client::HANDOVER_BYTES),
    ("ENTROPY_BYTES", client::ENTROPY_BYTES),
    ("RECORD_HEADER_BYTES", client::RECORD_HEADER_BYTES),
];

/// What the module tells by their places.
const MODULE_NAMES: [(&str, &[&str]); 3] = [
    ("MAIN_STATES", &messages::MAIN_STATES),
    ("WORLD_STATES", &messages::WORLD_STATES),
    ("LINKS", &messages::LINKS),
];

const LIMITS: [(&str, usize); 10] = [
    ("REGION_MAX_BYTES", protocol::REGION_MAX_BYTES),
    ("ADDRESS_MAX_BYTES", protocol::ADDRESS_MAX_BYTES),
    ("ACCOUNT_MAX_BYTES", protocol::ACCOUNT_MAX_BYTES),
    ("NICKNAME_MAX_BYTES", protocol::NICKNAME_MAX_BYTES),
    ("CHANNEL_MAX_BYTES", protocol::CHANNEL_MAX_BYTES),
    ("CHAT_MAX_BYTES", protocol::CHAT_MAX_BYTES),
    ("CHAT_PAGE_MEMBERS", protocol::CHAT_PAGE_MEMBERS),
    ("EVENT_MAX_BYTES", protocol::EVENT_MAX_BYTES),
    ("THING_MAX_BYTES", protocol::THING_MAX_BYTES),
    ("SNAPSHOT_PAGE_MEMBERS", protocol::SNAPSHOT_PAGE_MEMBERS),
];

/// The names in what host and module say to each other.
const WORDS: Vocabulary = Vocabulary {
    structures: &[],
    limits: &[
        ("URL_MAX_BYTES", messages::URL_MAX_BYTES),
        ("CLOSE_REASON_MAX_BYTES", messages::CLOSE_REASON_MAX_BYTES),
    ],
};

/// The codes that a client hears.
const CODES: [&Codes; 4] =
    [&ErrorCode::CODES, &JoinDenial::CODES, &LoginDenial::CODES, &WishKind::CODES];

/// Every generated file, by its name.
///
/// # Panics
/// If the schema has a type that is not known here.
pub fn files() -> [(&'static str, String); 4] {
    [
        ("protocol.js", protocol_module()),
        ("protocol.d.ts", protocol_types()),
        ("module.js", wasm_module()),
        ("module.d.ts", wasm_types()),
    ]
}

/// The realm's own types are all known; a new one is found by the first who runs this.
fn known<T>(made: Result<T, String>) -> T {
    made.unwrap_or_else(|problem| panic!("{problem}"))
}

fn protocol_module() -> String {
    let mut out = String::from(HEAD);
    out += &format!("import {{ {CODECS} }} from \"./postcard.js\";\n\n");
    let Versions { from, to } = Versions::OURS;
    out += &format!("export const VERSIONS = Object.freeze({{ from: {from}, to: {to} }});\n");
    for (name, value) in LIMITS {
        out += &format!("export const {name} = {value};\n");
    }
    for Codes { name, values } in CODES {
        out += &format!("\nexport const {name} = Object.freeze({{\n");
        for (number, name) in *values {
            out += &format!("  {name}: {number},\n");
        }
        out += "});\n";
    }
    out.push('\n');
    for structure in STRUCTURES.iter().filter(|one| CLIENT_STRUCTURES.contains(&one.name)) {
        out += &known(types::codec_of(WORDS, structure));
    }
    known(push_links(&mut out, WORDS, &LINKS));
    out
}

fn wasm_module() -> String {
    let mut out = String::from(HEAD);
    out += &format!("import {{ {CODECS} }} from \"./postcard.js\";\n\n");
    for (name, value) in MODULE_NUMBERS {
        out += &format!("export const {name} = {value};\n");
    }
    for (name, names) in MODULE_NAMES {
        out += &format!("export const {name} = Object.freeze({names:?});\n");
    }
    known(push_links(&mut out, WORDS, &MODULE_LINKS));
    out
}

fn protocol_types() -> String {
    let mut out = String::from(HEAD);
    out += "import type { Link } from \"./postcard.js\";\n\n";
    out += "export const VERSIONS: Readonly<Versions>;\n";
    for (name, _) in LIMITS {
        out += &format!("export const {name}: number;\n");
    }
    for Codes { name, values } in CODES {
        let names: Vec<String> =
            values.iter().map(|(_, name)| format!("  readonly {name}: number;\n")).collect();
        out += &format!("\nexport const {name}: {{\n{}}};\n", names.concat());
    }
    out += include_str!("types_head.d.ts");
    for structure in STRUCTURES.iter().filter(|one| UNDESCRIBED.contains(&one.name)) {
        out += &known(types::type_of(WORDS, structure));
    }
    known(push_types(&mut out, WORDS, &LINKS));
    out
}

fn wasm_types() -> String {
    let mut out = String::from(HEAD) + "import type { Link } from \"./postcard.js\";\n\n";
    for (name, _) in MODULE_NUMBERS {
        out += &format!("export const {name}: number;\n");
    }
    for (name, names) in MODULE_NAMES {
        out += &format!("export const {name}: readonly {names:?};\n");
    }
    known(push_types(&mut out, WORDS, &MODULE_LINKS));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_checked_in_files_are_what_the_protocol_says() {
        for (name, content) in files() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let there = std::fs::read_to_string(path).unwrap_or_default();
            assert!(there == content, "{name} is stale: run `cargo xtask web`");
        }
    }
}

//! The schema as a dissector for Wireshark and tshark, in Lua: tables that are made here, behind them the
//! code of `wireshark/dissector.lua`, which goes by them.

use std::fmt::Write;

use tinyrealm_core::wire::FRAME_LIMIT_MAX_BYTES;
use tinyrealm_core::wire::opcode::{
    Band, CHAT, COMMON, DIALER, GAME, LISTENER, LOGIN, MAIN, ServerBand, WORLD,
};
use tinyrealm_core::wire::ws::SUB_PROTOCOL;

use super::model::{Field, Link, Schema, Type};

const HEAD: &str = "\
-- The protocol of Tinyrealm, for Wireshark and tshark 3.6 and newer. Written by `tinyrealm schema --wireshark`.
-- Put it into the folder of Lua plugins (Help, About, Folders), or name it: -X lua_script:tinyrealm.lua

";

/// What makes the types of fields in the tables.
const CONSTRUCTORS: &str = "
local bool, u8 = { kind = \"bool\" }, { kind = \"u8\" }
local i16, f32 = { kind = \"i16\" }, { kind = \"f32\" }
local u16, u32 = { kind = \"u16\" }, { kind = \"u32\" }
local u53, i32 = { kind = \"u53\" }, { kind = \"i32\" }
local function code(codes) return { kind = \"code\", codes = codes } end
local function array(count) return { kind = \"array\", count = count } end
local function bytes(most) return { kind = \"bytes\", most = most } end
local function text(most) return { kind = \"text\", most = most } end
local function option(inner) return { kind = \"option\", inner = inner } end
local function list(most, inner) return { kind = \"list\", most = most, inner = inner } end
local function structure(name) return { kind = \"structure\", name = name } end
";

const DISSECTOR: &str = include_str!("wireshark/dissector.lua");

/// The whole file.
pub(super) fn write(schema: &Schema) -> String {
    let mut out = String::from(HEAD);
    out += &format!("local SUB_PROTOCOL = \"{SUB_PROTOCOL}\"\n");
    out += &format!("local FRAME_LIMIT_MAX_BYTES = {FRAME_LIMIT_MAX_BYTES}\n");
    out += CONSTRUCTORS;
    push_codes(&mut out, schema);
    push_bands(&mut out);
    out += "\nlocal STRUCTURES = {\n";
    for structure in &schema.structures {
        push(&mut out, format_args!("  {} = {},\n", structure.name, table(&structure.fields)));
    }
    out += "}\n\nlocal MESSAGES = {\n";
    schema.links.iter().for_each(|link| push_messages(&mut out, link));
    out += "}\n";
    out += DISSECTOR;
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}

fn push_codes(out: &mut String, schema: &Schema) {
    *out += "\nlocal CODES = {\n";
    for codes in schema.codes {
        let values =
            codes.values.iter().map(|(number, name)| format!("    [{number}] = \"{name}\",\n"));
        let values: String = values.collect();
        push(out, format_args!("  {} = {{\n{values}  }},\n", codes.name));
    }
    *out += "}\n";
}

/// The directions of opcodes that are no message's, by their bands.
fn push_bands(out: &mut String) {
    *out += "\nlocal BANDS = {\n";
    let mut push_band = |band: Band, direction: &str| {
        push(
            out,
            format_args!("  {{ {:#06x}, {:#x}, \"{direction}\" }},\n", band.first, band.count),
        );
    };
    push_band(COMMON, "either way");
    push_band(DIALER, "dialer to listener");
    push_band(LISTENER, "listener to dialer");
    for (server, name) in
        [(MAIN, "main"), (WORLD, "world"), (LOGIN, "login"), (CHAT, "chat"), (GAME, "game")]
    {
        let ServerBand { client_to_server, server_to_client, server_to_peer, peer_to_server } =
            server;
        push_band(client_to_server, &format!("client to {name}"));
        push_band(server_to_client, &format!("{name} to client"));
        push_band(server_to_peer, &format!("{name} to its peer"));
        push_band(peer_to_server, &format!("peer to {name}"));
    }
    *out += "}\n";
}

fn push_messages(out: &mut String, link: &Link) {
    for message in &link.messages {
        push(out, format_args!("  [{:#06x}] = {{\n", message.opcode));
        push(
            out,
            format_args!(
                "    name = \"{}\", direction = \"{}\",\n",
                message.name,
                link.direction()
            ),
        );
        push(out, format_args!("    path = \"{}.{}\",\n", link.name, snake(message.name)));
        if let Some(first) = message.carries {
            push(out, format_args!("    carries = {first:#06x},\n"));
        }
        push(out, format_args!("    fields = {},\n  }},\n", table(&message.fields)));
    }
}

fn table(fields: &[Field]) -> String {
    let entries =
        fields.iter().map(|field| format!("{{ \"{}\", {} }}", field.name, type_of(&field.kind)));
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

fn type_of(kind: &Type) -> String {
    match kind {
        Type::Bool
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U53
        | Type::I16
        | Type::I32
        | Type::F32 => kind.word(),
        Type::Code(codes) => format!("code(\"{}\")", codes.name),
        Type::Array(count) => format!("array({count})"),
        Type::Bytes(most) => format!("bytes({most})"),
        Type::Text(most) => format!("text({most})"),
        Type::Option(some) => format!("option({})", type_of(some)),
        Type::List(most, item) => format!("list({most}, {})", type_of(item)),
        Type::Structure(name) => format!("structure(\"{name}\")"),
    }
}

/// `EnterWorldReq` as `enter_world_req`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

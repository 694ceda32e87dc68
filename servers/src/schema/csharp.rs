//! The schema as C#: one file with the codec, the messages of every link, and a polled client.
//!
//! The messages are made here; `csharp/` has the rest, as it stands in the file.

use std::fmt::{Arguments, Write};

use tinyrealm_core::node::ASKS_MAX;
use tinyrealm_core::protocol::schema::{Codes, LIMITS};
use tinyrealm_core::protocol::{ErrorCode, JoinDenial, LoginDenial, Outlook, Versions};
use tinyrealm_core::wire::FRAME_LIMIT_MAX_BYTES;
use tinyrealm_core::wire::opcode::GAME;

use super::model::{Field, Link, Message, Schema, Type};
use crate::names::pascal;

const HEAD: &str = include_str!("csharp/head.cs");
const CODEC: &str = include_str!("csharp/codec.cs");
const TLS: &str = include_str!("csharp/tls.cs");
const CONNECTION: &str = include_str!("csharp/connection.cs");
const ROOM: &str = include_str!("csharp/room.cs");
const ROOMS: &str = include_str!("csharp/rooms.cs");
const CHANNELS: &str = include_str!("csharp/channels.cs");
const ASKS: &str = include_str!("csharp/asks.cs");
const CLIENT: &str = include_str!("csharp/client.cs");
/// What a message's struct has besides its fields.
const TAKEN_NAMES: [&str; 5] = ["Opcode", "OpcodeNumber", "Encode", "TryDecode", "TryRead"];

/// The whole file.
pub(super) fn write(schema: &Schema) -> String {
    let mut out = [HEAD, CODEC, "namespace Tinyrealm\n{\n"].concat();
    push_numbers(&mut out, schema);
    schema.codes.iter().for_each(|codes| push_codes(&mut out, codes));
    push_final(&mut out);
    for structure in &schema.structures {
        push(&mut out, 1, format_args!("public struct {}", pascal(structure.name)));
        push(&mut out, 1, format_args!("{{"));
        push_fields(&mut out, 2, structure.name, &structure.fields);
        push_decode(&mut out, 2, structure.name, &structure.fields);
        push_encode(&mut out, 2, structure.name, &structure.fields);
        push(&mut out, 1, format_args!("}}\n"));
    }
    schema.links.iter().for_each(|link| push_link(&mut out, link));
    out += "}\n\n";
    out + TLS + CONNECTION + ROOM + ROOMS + CHANNELS + ASKS + CLIENT
}

/// One line.
fn push(out: &mut String, depth: usize, line: Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{line}", "", indent = 4 * depth);
}

fn push_numbers(out: &mut String, schema: &Schema) {
    let Versions { from, to } = Versions::OURS;
    push(out, 1, format_args!("/// <summary>The numbers of the protocol.</summary>"));
    push(out, 1, format_args!("public static class Protocol\n    {{"));
    push(
        out,
        2,
        format_args!(
            "public static Versions VERSIONS => new Versions {{ From = {from}, To = {to} }};"
        ),
    );
    push(out, 2, format_args!("public const int FRAME_LIMIT_MAX_BYTES = {FRAME_LIMIT_MAX_BYTES};"));
    let fingerprint = schema.game.as_ref().map_or(0, |game| game.fingerprint);
    push(out, 2, format_args!("/// <summary>Of the game that this was made for.</summary>"));
    push(out, 2, format_args!("public const uint FINGERPRINT = {fingerprint};"));
    for (name, value) in LIMITS {
        push(out, 2, format_args!("public const int {name} = {value};"));
    }
    push(
        out,
        2,
        format_args!("/// <summary>Questions of either side that may be under way.</summary>"),
    );
    push(out, 2, format_args!("public const int ASKS_MAX = {ASKS_MAX};"));
    push(
        out,
        2,
        format_args!(
            "/// <summary>The first opcodes of what a room's game hears and says.</summary>"
        ),
    );
    let (hears, says) = (GAME.client_to_server.first, GAME.server_to_client.first);
    push(
        out,
        2,
        format_args!("public const int GAME_HEARS = {hears:#06x}, GAME_SAYS = {says:#06x};"),
    );
    push(out, 1, format_args!("}}\n"));
}

fn push_codes(out: &mut String, codes: &Codes) {
    push(
        out,
        1,
        format_args!("/// <summary>Numbers with names; a newer peer may send others.</summary>"),
    );
    push(out, 1, format_args!("public static class {}\n    {{", codes.name));
    for (number, name) in codes.values {
        push(out, 2, format_args!("public const ushort {name} = {number};"));
    }
    push(out, 0, format_args!("\n        public static string NameOf(ushort code)\n        {{"));
    push(out, 3, format_args!("switch (code)\n            {{"));
    for (_, name) in codes.values {
        push(out, 4, format_args!("case {name}: return \"{name}\";"));
    }
    push(out, 4, format_args!("default: return \"UNKNOWN\";"));
    push(out, 3, format_args!("}}\n        }}\n    }}\n"));
}

/// What a client does not try again, as core decides it.
fn push_final(out: &mut String) {
    push(out, 1, format_args!("/// <summary>What stays so when it is tried again.</summary>"));
    push(out, 1, format_args!("public static class Final\n    {{"));
    let codes = |outlook| ErrorCode::ALL.iter().filter(move |code| code.outlook() == outlook);
    let names = |outlook| codes(outlook).map(|code| code.name()).collect::<Vec<_>>();
    push_any(out, ("", "ErrorCode"), &names(Outlook::Final));
    push_any(out, ("OfMain", "ErrorCode"), &names(Outlook::FinalOfMain));
    push_any(out, ("ForGuests", "ErrorCode"), &names(Outlook::FinalForGuests));
    push_any(out, ("ForWish", "ErrorCode"), &names(Outlook::FinalForWish));
    let join = JoinDenial::ALL.iter().filter(|denial| denial.end().is_some());
    push_any(out, ("", "JoinDenial"), &join.map(|denial| denial.name()).collect::<Vec<_>>());
    let login = LoginDenial::ALL.iter().filter(|denial| denial.is_final());
    push_any(out, ("", "LoginDenial"), &login.map(|denial| denial.name()).collect::<Vec<_>>());
    push(out, 1, format_args!("}}\n"));
}

/// Whether a code is one of these.
fn push_any(out: &mut String, (method, codes): (&str, &str), names: &[&str]) {
    let is_it = names.iter().map(|name| format!("code == {codes}.{name}"));
    let is_any = is_it.collect::<Vec<_>>().join(" || ");
    let owner = codes.trim_end_matches("Code").trim_end_matches("Denial");
    push(out, 2, format_args!("public static bool {owner}{method}(ushort code) => {is_any};"));
}

fn push_link(out: &mut String, link: &Link) {
    push(out, 1, format_args!("/// <summary>From {}.</summary>", link.direction()));
    push(out, 1, format_args!("public static class {}\n    {{", pascal(link.name)));
    for message in &link.messages {
        push_message(out, message);
    }
    push_listener(out, link);
    push(out, 1, format_args!("}}\n"));
}

fn push_message(out: &mut String, message: &Message) {
    let Message { name, opcode, fields, .. } = message;
    push(out, 2, format_args!("public struct {name} : IMessage\n        {{"));
    push(out, 3, format_args!("public const int Opcode = {opcode:#06x};"));
    push(out, 3, format_args!("public int OpcodeNumber => Opcode;"));
    push_fields(out, 3, name, fields);
    push(out, 0, format_args!(""));
    push(
        out,
        3,
        format_args!(
            "public static bool TryDecode(byte[] bytes, int offset, int count, out {name} message)\n            {{"
        ),
    );
    push(out, 4, format_args!("var reader = new Reader(bytes, offset, count);"));
    push(out, 4, format_args!("message = Decode(ref reader);"));
    push(out, 4, format_args!("return reader.IsWhole;"));
    push(out, 3, format_args!("}}\n"));
    push(
        out,
        3,
        format_args!(
            "public bool TryRead(byte[] bytes, int offset, int count) => TryDecode(bytes, offset, count, out this);"
        ),
    );
    push_decode(out, 3, name, fields);
    push_encode(out, 3, name, fields);
    push(out, 2, format_args!("}}\n"));
}

fn push_fields(out: &mut String, depth: usize, owner: &str, fields: &[Field]) {
    for field in fields {
        push(out, depth, format_args!("public {} {};", type_of(&field.kind), member(owner, field)));
    }
}

fn push_decode(out: &mut String, depth: usize, owner: &str, fields: &[Field]) {
    let name = pascal(owner);
    push(
        out,
        depth,
        format_args!(
            "\n{:indent$}internal static {name} Decode(ref Reader reader)",
            "",
            indent = 4 * depth
        ),
    );
    push(out, depth, format_args!("{{"));
    push(out, depth + 1, format_args!("var value = new {name}();"));
    for field in fields {
        push_decode_value(out, depth + 1, &format!("value.{}", member(owner, field)), &field.kind);
    }
    push(out, depth + 1, format_args!("return value;"));
    push(out, depth, format_args!("}}"));
}

fn push_decode_value(out: &mut String, depth: usize, target: &str, kind: &Type) {
    match kind {
        Type::Option(some) => {
            push(out, depth, format_args!("if (reader.Option())"));
            push_decode_value(out, depth + 1, target, some);
        }
        Type::List(most, item) => {
            let place = format!("place{depth}");
            push(
                out,
                depth,
                format_args!("{target} = new {}[reader.Count({most})];", type_of(item)),
            );
            push(
                out,
                depth,
                format_args!("for (int {place} = 0; {place} < {target}.Length; {place}++)"),
            );
            push_decode_value(out, depth + 1, &format!("{target}[{place}]"), item);
        }
        Type::Structure(name) => {
            push(out, depth, format_args!("{target} = {}.Decode(ref reader);", pascal(name)));
        }
        plain => {
            let (method, limit) = method_of(plain);
            let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
            push(out, depth, format_args!("{target} = reader.{method}({limit});"));
        }
    }
}

/// What reader and writer call a type that is neither an option nor of several, and its length or the most of it.
fn method_of(kind: &Type) -> (&'static str, Option<usize>) {
    match kind {
        Type::Bool => ("Bool", None),
        Type::U8 => ("U8", None),
        Type::I16 => ("I16", None),
        Type::F32 => ("F32", None),
        Type::U16 | Type::Code(_) => ("U16", None),
        Type::U32 => ("U32", None),
        Type::U53 => ("U53", None),
        Type::I32 => ("I32", None),
        Type::Array(count) => ("Array", Some(*count)),
        Type::Bytes(most) => ("Bytes", Some(*most)),
        Type::Text(most) => ("Text", Some(*most)),
        Type::Option(_) | Type::List(..) | Type::Structure(_) => {
            unreachable!("it is made of others")
        }
    }
}

fn push_encode(out: &mut String, depth: usize, owner: &str, fields: &[Field]) {
    push(out, 0, format_args!(""));
    push(out, depth, format_args!("public void Encode(ref Writer writer)"));
    push(out, depth, format_args!("{{"));
    for field in fields {
        push_encode_value(out, depth + 1, &member(owner, field), &field.kind);
    }
    push(out, depth, format_args!("}}"));
}

fn push_encode_value(out: &mut String, depth: usize, value: &str, kind: &Type) {
    match kind {
        Type::Option(some) => {
            let inner = if is_class(some) { value.to_owned() } else { format!("{value}.Value") };
            push(out, depth, format_args!("if (writer.Option({value} != null))"));
            push_encode_value(out, depth + 1, &inner, some);
        }
        Type::List(most, item) => {
            let (place, count) = (format!("place{depth}"), format!("({value}?.Length ?? 0)"));
            push(out, depth, format_args!("writer.Count({count}, {most});"));
            push(out, depth, format_args!("for (int {place} = 0; {place} < {count}; {place}++)"));
            push_encode_value(out, depth + 1, &format!("{value}[{place}]"), item);
        }
        Type::Structure(_) => push(out, depth, format_args!("{value}.Encode(ref writer);")),
        plain => {
            let (method, limit) = method_of(plain);
            let limit = limit.map(|limit| format!(", {limit}")).unwrap_or_default();
            push(out, depth, format_args!("writer.{method}({value}{limit});"));
        }
    }
}

/// The link's listener: an event a message, and what calls them.
fn push_listener(out: &mut String, link: &Link) {
    push(out, 2, format_args!("/// <summary>Hears what comes on this link.</summary>"));
    push(out, 2, format_args!("public sealed class Listener\n        {{"));
    for Message { name, .. } in &link.messages {
        push(out, 3, format_args!("public event Heard<{name}> On{name};"));
    }
    push(out, 0, format_args!(""));
    push(
        out,
        3,
        format_args!(
            "/// <summary>Decodes a payload, and tells whoever wants to hear of it.</summary>"
        ),
    );
    push(
        out,
        3,
        format_args!(
            "public Dispatched Dispatch(int opcode, byte[] bytes, int offset, int count)\n            {{"
        ),
    );
    push(out, 4, format_args!("switch (opcode)\n                {{"));
    for Message { name, .. } in &link.messages {
        push(out, 5, format_args!("case {name}.Opcode:\n                    {{"));
        push(
            out,
            6,
            format_args!(
                "if (!{name}.TryDecode(bytes, offset, count, out var message)) return Dispatched.Malformed;"
            ),
        );
        push(out, 6, format_args!("On{name}?.Invoke(in message);"));
        push(out, 6, format_args!("return Dispatched.Handled;"));
        push(out, 5, format_args!("}}"));
    }
    push(out, 5, format_args!("default: return Dispatched.Unknown;"));
    push(out, 4, format_args!("}}\n            }}\n        }}"));
}

fn type_of(kind: &Type) -> String {
    match kind {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "byte".to_owned(),
        Type::I16 => "short".to_owned(),
        Type::F32 => "float".to_owned(),
        Type::U16 | Type::Code(_) => "ushort".to_owned(),
        Type::U32 => "uint".to_owned(),
        Type::U53 => "ulong".to_owned(),
        Type::I32 => "int".to_owned(),
        Type::Array(_) => "byte[]".to_owned(),
        Type::Bytes(_) => "ReadOnlyMemory<byte>".to_owned(),
        Type::Text(_) => "string".to_owned(),
        Type::Option(some) if is_class(some) => type_of(some),
        Type::Option(some) => format!("{}?", type_of(some)),
        Type::List(_, item) => format!("{}[]", type_of(item)),
        Type::Structure(name) => pascal(name),
    }
}

/// Whether its values can be null.
const fn is_class(kind: &Type) -> bool {
    matches!(kind, Type::Array(_) | Type::Text(_) | Type::List(..))
}

/// A field's name. A struct's members can't be called as the struct is.
fn member(owner: &str, field: &Field) -> String {
    let name = pascal(field.name);
    let is_taken = name == pascal(owner) || TAKEN_NAMES.contains(&name.as_str());
    if is_taken { name + "Value" } else { name }
}

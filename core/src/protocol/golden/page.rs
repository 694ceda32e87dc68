//! PROTOCOL.md says what the code says: names, numbers, types, vectors, limits.

use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::{bytes_of, vectors};
use crate::config::NetConfig;
use crate::node::login::AttemptPolicy;
use crate::node::main::MainConfig;
use crate::protocol::{
    self, ErrorCode, JoinDenial, LoginDenial, MessageSchema, SCHEMAS, ServerKind,
};
use crate::wire::FRAME_LIMIT_MAX_BYTES;

const PAGE: &str = include_str!("../../../../PROTOCOL.md");

/// How the page writes the type of a field.
fn wire_type(type_name: &str) -> String {
    let name: String = type_name.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = |outer: &str| name.strip_prefix(outer)?.strip_suffix('>');
    if let Some(some) = inner("Option<") {
        return format!("option({})", wire_type(some));
    }
    if let Some((items, most)) = inner("heapless::Vec<").and_then(|list| list.split_once(',')) {
        return format!("list({}, {})", limit(most), wire_type(items));
    }
    if let Some(most) = inner("Text<'a,") {
        return format!("text({})", limit(most));
    }
    if let Some(most) = inner("Bytes<'a,") {
        return format!("bytes({})", limit(most));
    }
    String::from(match name.as_str() {
        "u16" | "WorldId" | "RoomId" | "Direction" | "ErrorCode" | "JoinDenial" | "LoginDenial"
        | "ServerKind" => "u16",
        "u32" | "Uid" => "u32",
        "i32" => "i32",
        "Position" => "position",
        "MemberState" => "member",
        "HandshakeKey" | "Nonce" => "byte[16]",
        "Token" | "Proof" => "byte[32]",
        "Password<'a>" => return format!("text({})", protocol::PASSWORD_MAX_BYTES),
        _ => panic!("PROTOCOL.md has no word for `{type_name}` yet"),
    })
}

const LIMITS: [(&str, usize); 10] = [
    ("REGION_MAX_BYTES", protocol::REGION_MAX_BYTES),
    ("ADDRESS_MAX_BYTES", protocol::ADDRESS_MAX_BYTES),
    ("ACCOUNT_MAX_BYTES", protocol::ACCOUNT_MAX_BYTES),
    ("PASSWORD_MAX_BYTES", protocol::PASSWORD_MAX_BYTES),
    ("CHANNEL_MAX_BYTES", protocol::CHANNEL_MAX_BYTES),
    ("CHAT_MAX_BYTES", protocol::CHAT_MAX_BYTES),
    ("CHAT_PAGE_MEMBERS", protocol::CHAT_PAGE_MEMBERS),
    ("EVENT_MAX_BYTES", protocol::EVENT_MAX_BYTES),
    ("SNAPSHOT_PAGE_MEMBERS", protocol::SNAPSHOT_PAGE_MEMBERS),
    ("USER_PAGE_USERS", protocol::USER_PAGE_USERS),
];

fn limit(name: &str) -> usize {
    LIMITS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The page behind this heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let start = format!("\n{heading}\n");
    let (_, rest) = PAGE.split_once(&start).unwrap_or_else(|| panic!("no heading `{heading}`"));
    rest.split("\n#").next().unwrap()
}

/// The first two cells of a section's table, without its head.
fn rows(section: &'static str) -> Vec<(&'static str, &'static str)> {
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let cells = cells.map(|(first, rest)| (first, rest.split(" |").next().unwrap()));
    cells.skip(1).collect()
}

fn expected_rows(message: &MessageSchema) -> Vec<(String, String)> {
    let fields = message.fields.iter();
    fields
        .map(|field| (format!("`{}`", field.name), format!("`{}`", wire_type(field.type_name))))
        .collect()
}

#[test]
fn every_message_is_described_as_it_is() {
    for message in SCHEMAS.iter().flat_map(|schema| schema.messages) {
        let heading = format!("### `{}` `0x{:04X}`", message.name, message.opcode.0);
        let rows = rows(section(&heading));
        let found: Vec<_> =
            rows.iter().map(|(a, b)| (String::from(*a), String::from(*b))).collect();
        assert_eq!(found, expected_rows(message), "the fields under `{heading}`");
    }
}

#[test]
fn no_message_is_described_that_is_not_there() {
    let headings = PAGE.lines().filter(|line| line.starts_with("### `") && line.contains("0x"));
    let messages = SCHEMAS.iter().map(|schema| schema.messages.len()).sum();
    assert_eq!(headings.count(), messages);
}

#[test]
fn the_vectors_are_the_same() {
    let ours: BTreeSet<&str> = vectors::all().iter().map(|vector| vector.hex).collect();
    let blocks = PAGE.split("```vector\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let theirs: BTreeSet<&str> = lines.skip(1).step_by(2).collect();
    assert_eq!(theirs.difference(&ours).count(), 0, "{:#?}", theirs.difference(&ours));
    assert_eq!(ours.difference(&theirs).count(), 0, "{:#?}", ours.difference(&theirs));
}

#[test]
fn frames_that_are_taken_apart_are_vectors() {
    let whole: BTreeSet<Vec<u8>> =
        vectors::all().iter().map(|vector| bytes_of(vector.hex)).collect();
    let tables = PAGE.split("| bytes | what |\n|---|---|\n").skip(1);
    for table in tables {
        let rows = table.lines().map_while(|line| line.strip_prefix("| `"));
        let parts: String =
            rows.map(|row| format!("{} ", row.split('`').next().unwrap())).collect();
        assert!(whole.contains(&bytes_of(&parts)), "{parts} is no vector");
    }
}

#[test]
fn every_code_has_its_number_and_its_name() {
    let codes = |heading| -> Vec<_> { rows(section(heading)) };
    let errors = ErrorCode::ALL.iter().map(|code| (code.0, code.name()));
    let login_denials = LoginDenial::ALL.iter().map(|code| (code.0, code.name()));
    let denials = JoinDenial::ALL.iter().map(|code| (code.0, code.name()));
    let kinds = ServerKind::ALL.iter().map(|kind| (kind.0, kind.name()));
    let row = |(number, name): (u16, &str)| (format!("{number}"), format!("`{name}`"));
    let same = |found: Vec<(&str, &str)>, known: Vec<(String, String)>| {
        let known: Vec<_> = known.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, known);
    };
    same(codes("### Error codes"), errors.map(row).collect());
    same(codes("### Join denials"), denials.map(row).collect());
    same(codes("### Server kinds"), kinds.map(row).collect());
    same(codes("### Login denials"), login_denials.map(row).collect());
}

#[test]
fn the_limits_are_the_defaults() {
    let (net, main) = (NetConfig::DEFAULT, MainConfig::DEFAULT);
    let (account, address) = (AttemptPolicy::ACCOUNT, AttemptPolicy::ADDRESS);
    let defaults = [
        ("frame_limit_bytes", u32::from(net.frame_limit_bytes)),
        ("greeting_timeout_ms", net.greeting_timeout_ms),
        ("ping_interval_ms", net.ping_interval_ms),
        ("idle_timeout_ms", net.idle_timeout_ms),
        ("drain_timeout_ms", net.drain_timeout_ms),
        ("packets_per_second", u32::from(net.packets_per_second)),
        ("packet_burst", u32::from(net.packet_burst)),
        ("connections_per_address", u32::from(net.connections_per_address)),
        ("attach_timeout_ms", main.attach_timeout_ms),
        ("attach_ttl_ms", main.attach_ttl_ms),
        ("account_free_failures", account.free_failures.into()),
        ("account_first_delay_ms", account.first_delay_ms),
        ("account_most_delay_ms", account.most_delay_ms),
        ("address_free_failures", address.free_failures.into()),
        ("address_first_delay_ms", address.first_delay_ms),
        ("address_most_delay_ms", address.most_delay_ms),
        ("address_logins", address.most_under_way.into()),
    ];
    let fixed = LIMITS.map(|(name, value)| (name, value as u32));
    let limits = section("## Limits");
    for (name, value) in defaults.into_iter().chain(fixed) {
        let row = format!("| `{name}` | {value} |");
        assert!(limits.contains(&row), "no row `{row}`");
    }
    assert!(section("## Frames").contains(&format!("never more than {FRAME_LIMIT_MAX_BYTES}")));
}

//! PROTOCOL.md says what the code says: names, numbers, types, vectors, limits.

use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::schema::wire_type;
use super::{bytes_of, vectors};
use crate::config::NetConfig;
use crate::node::chat::ChatConfig;
use crate::node::login::AttemptPolicy;
use crate::node::main::MainConfig;
use crate::protocol::schema::{LIMITS, STRUCTURES};
use crate::protocol::{
    ErrorCode, FieldSchema, JoinDenial, LoginDenial, MoveWord, SCHEMAS, ServerKind, WishKind,
};
use crate::wire::FRAME_LIMIT_MAX_BYTES;

const PAGE: &str = include_str!("../../../../PROTOCOL.md");

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

/// The tables of what is taken, each as its lines' cells.
fn tables_of_what_is_taken() -> impl Iterator<Item = Vec<Vec<&'static str>>> {
    let cells_of = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let headings = ["### What is taken when", "### What servers take of each other"];
    let parts = headings.into_iter().flat_map(|heading| section(heading).split("\n\n"));
    let tables = parts.filter(|part| part.starts_with('|'));
    tables.map(move |table| table.lines().map(cells_of).collect())
}

fn names_in(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split(", ").map(|name| name.trim_matches('`'))
}

/// Each table has each message of its links once.
#[test]
fn no_message_between_servers_is_left_out() {
    for table in tables_of_what_is_taken().skip(1) {
        let names: Vec<_> = table.iter().skip(2).flat_map(|cells| names_in(cells[0])).collect();
        let of_servers = |name: &&str| {
            ["either_way", "dialer_to_listener", "listener_to_dialer"].contains(name)
                || (name.contains("main") && !name.contains("client"))
        };
        let schemas = SCHEMAS.iter().filter(|schema| of_servers(&schema.name));
        for message in schemas.flat_map(|schema| schema.messages) {
            let is_it = |name: &&&str| name.split(' ').next() == Some(message.name);
            assert_eq!(names.iter().filter(is_it).count(), 1, "rows of `{}`", message.name);
        }
    }
}

/// What becomes of each message in the state that this column of those tables is about: the message's name, or none
/// for any other opcode, and the cell.
pub(crate) fn taken_when(state: &str) -> Vec<(&'static str, &'static str)> {
    let column_in = |table: &Vec<Vec<&str>>| table[0].iter().position(|cell| *cell == state);
    let found = tables_of_what_is_taken().find_map(|table| Some((column_in(&table)?, table)));
    let (column, table) = found.unwrap_or_else(|| panic!("no column `{state}`"));
    let rows = table.into_iter().skip(2);
    rows.flat_map(|cells| names_in(cells[0]).map(move |name| (name, cells[column]))).collect()
}

fn expected_rows(fields: &[FieldSchema]) -> Vec<(String, String)> {
    fields
        .iter()
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
        assert_eq!(found, expected_rows(message.fields), "the fields under `{heading}`");
    }
}

#[test]
fn every_structure_is_described_as_it_is() {
    for structure in STRUCTURES {
        let name = structure.name;
        let rows = rows(section(&format!("### `{name}`")));
        let expected = expected_rows(structure.fields);
        let found: Vec<_> =
            rows.iter().map(|(a, b)| (String::from(*a), String::from(*b))).collect();
        assert_eq!(found, expected, "the fields under `{name}`");
    }
}

#[test]
fn no_message_is_described_that_is_not_there() {
    let headings = PAGE.lines().filter(|line| line.starts_with("### `") && line.contains("0x"));
    let messages: usize = SCHEMAS.iter().map(|schema| schema.messages.len()).sum();
    assert_eq!(headings.count(), messages);
}

/// The frames of the page's blocks, each behind a line that names its message.
#[test]
fn frames_that_are_shown_are_vectors() {
    let whole: BTreeSet<Vec<u8>> = vectors::all().into_iter().map(|vector| vector.frame).collect();
    let blocks = PAGE.split("```vector\n").skip(1);
    let lines: Vec<&str> =
        blocks.flat_map(|block| block.split("```").next().unwrap().lines()).collect();
    assert!(!lines.is_empty());
    for frame in lines.iter().skip(1).step_by(2) {
        assert!(whole.contains(&bytes_of(frame)), "{frame} is no vector");
    }
}

#[test]
fn frames_that_are_taken_apart_are_vectors() {
    let whole: BTreeSet<Vec<u8>> = vectors::all().into_iter().map(|vector| vector.frame).collect();
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
    let wishes = WishKind::ALL.iter().map(|kind| (kind.0, kind.name()));
    same(codes("### Kinds of wishes"), wishes.map(row).collect());
    let words = MoveWord::ALL.iter().map(|word| (word.0, word.name()));
    same(codes("### Move words"), words.map(row).collect());
    same(codes("### Server kinds"), kinds.map(row).collect());
    same(codes("### Login denials"), login_denials.map(row).collect());
}

#[test]
fn the_limits_are_the_defaults() {
    let (net, main) = (NetConfig::SERVER, MainConfig::DEFAULT);
    let (account, address) = (AttemptPolicy::ACCOUNT, AttemptPolicy::ADDRESS);
    let defaults = [
        ("frame_limit_bytes", net.frame_limit_bytes),
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
        ("channels_per_user", main.chat.channels_per_user.into()),
        ("message_bytes", main.chat.message_bytes.into()),
        ("requests_per_second", main.chat.requests_per_second.into()),
        ("request_burst", main.chat.request_burst.into()),
        ("channel_members", ChatConfig::DEFAULT.channel_members.into()),
        ("past_page", ChatConfig::DEFAULT.past_page.into()),
    ];
    let fixed = LIMITS.iter().map(|(name, value)| (*name, *value as u32));
    let limits = section("## Limits");
    for (name, value) in defaults.into_iter().chain(fixed) {
        let row = format!("| `{name}` | {value} |");
        assert!(limits.contains(&row), "no row `{row}`");
    }
    assert!(section("## Frames").contains(&format!("never more than {FRAME_LIMIT_MAX_BYTES}")));
}

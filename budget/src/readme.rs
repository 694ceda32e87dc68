//! The tables of a README, from the images themselves.
//!
//! Contract: what stands between `<!-- budget: NAME -->` and `<!-- /budget -->` is the table of the image of
//! that name, or of the abilities; of the block `boards` each row is an image's, by its board and its name. Another compiler makes other bytes, so a table is today's while no number in it is further
//! from its own than a twentieth, or 64.

use crate::part::Part;
use crate::parts::Sums;
use crate::report::Report;

const BEGIN: &str = "<!-- budget: ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- /budget -->";

/// A table, and the name of its block.
pub type Named = (String, String);

/// The block in which each image of each board has a row.
const BOARDS: &str = "boards";

/// A row of the block of all boards: how it begins, and all of it.
pub type Row = (String, String);

/// An image's row.
pub fn row(board: &str, report: &Report<'_>) -> Row {
    let Report { settings, account, .. } = report;
    let begin = format!("| `{board}` | {} |", settings.name);
    let (ram, flash) = (account.ram_bytes(), account.flash_bytes);
    let row = format!(
        "{begin} {} | {} | {} | {} |\n",
        account.static_bytes,
        account.stack.bytes(),
        of(ram, settings.ram_bytes),
        of(flash, settings.flash_bytes)
    );
    (begin, row)
}

/// The text with today's rows, where it has rows of these images; of others it gets them at the end of the block.
pub fn with_rows(text: &str, rows: &[Row]) -> String {
    let Some((before, told)) = boards(text) else { return text.to_owned() };
    let is_new = |(begin, _): &&Row| !told.contains(begin.as_str());
    let renewed = told.split_inclusive('\n').map(|line| {
        let row = rows.iter().find(|(begin, _)| line.starts_with(begin.as_str()));
        row.map_or(line, |(_, row)| row.as_str())
    });
    let new = rows.iter().filter(is_new).map(|(_, row)| row.as_str());
    let block: String = renewed.chain(new).collect();
    let after = &text[before.len() + told.len()..];
    format!("{before}{block}{after}")
}

/// The beginnings of those rows that are not today's, or are not there.
pub fn outdated_rows<'r>(text: &str, rows: &'r [Row]) -> Vec<&'r str> {
    let Some((_, told)) = boards(text) else { return Vec::new() };
    let is_told = |(begin, row): &&Row| {
        told.lines().any(|line| line.starts_with(begin.as_str()) && is_near(line, row))
    };
    rows.iter().filter(|row| !is_told(row)).map(|(begin, _)| begin.as_str()).collect()
}

/// What stands before the rows of all boards, and those.
fn boards(text: &str) -> Option<(&str, &str)> {
    let begin = text.find(&format!("{BEGIN}{BOARDS}{BEGIN_END}"))?;
    let begin = begin + BEGIN.len() + BOARDS.len() + BEGIN_END.len();
    let end = begin + text[begin..].find(END)?;
    Some((&text[..begin], &text[begin..end]))
}

/// The text with today's tables.
pub fn with_tables(text: &str, tables: &[Named]) -> String {
    let mut whole = String::new();
    let mut parts = text.split(BEGIN);
    whole += parts.next().unwrap_or_default();
    for part in parts {
        whole += BEGIN;
        match block(part).and_then(|(name, _, rest)| Some((table_of(name, tables)?, name, rest))) {
            Some((table, name, rest)) => whole += &format!("{name}{BEGIN_END}{table}{rest}"),
            None => whole += part,
        }
    }
    whole
}

/// The blocks that are not today's.
pub fn outdated<'t>(text: &'t str, tables: &[Named]) -> Vec<&'t str> {
    let blocks = text.split(BEGIN).skip(1).filter_map(block);
    let is_outdated = |(name, told, _): &(&str, &str, &str)| {
        table_of(name, tables).is_some_and(|table| !is_near(told, table))
    };
    blocks.filter(is_outdated).map(|(name, ..)| name).collect()
}

/// The name, the table, and what begins with its end.
fn block(part: &str) -> Option<(&str, &str, &str)> {
    let (name, behind) = part.split_once(BEGIN_END)?;
    let end = behind.find(END)?;
    Some((name, &behind[..end], &behind[end..]))
}

fn table_of<'t>(name: &str, tables: &'t [Named]) -> Option<&'t str> {
    tables.iter().find(|(table, _)| table == name).map(|(_, table)| table.as_str())
}

fn of(used: u64, limit: Option<u64>) -> String {
    limit.map_or_else(|| used.to_string(), |limit| format!("{used} of {limit}"))
}

/// The table of an image.
pub fn table(report: &Report<'_>) -> String {
    let account = &report.account;
    let mut text = String::from("| | RAM | flash |\n|---|---|---|\n");
    for part in Part::ALL {
        let bytes = |sums: &Sums| sums.get(&part).copied().unwrap_or(0);
        let (ram, flash) = (bytes(&account.parts.ram), bytes(&account.parts.flash));
        if ram + flash > 0 {
            text += &format!("| {} | {ram} | {flash} |\n", part.label());
        }
    }
    text += &format!("| stack, at most | {} | 0 |\n", account.stack.bytes());
    text + &format!(
        "| **in all** | {} | {} |\n",
        of(account.ram_bytes(), report.settings.ram_bytes),
        of(account.flash_bytes, report.settings.flash_bytes)
    )
}

/// Whether both tables have the same rows, and nearly the same numbers.
fn is_near(told: &str, today: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (told, today) = (words(told), words(today));
    let is_near = |(told, today): (&String, &String)| match (told.parse(), today.parse()) {
        (Ok(told), Ok(today)) => {
            i64::abs_diff(told, today) <= (i64::unsigned_abs(today) / 20).max(64)
        }
        _ => told == today,
    };
    told.len() == today.len() && told.iter().zip(&today).all(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_what_is_near() {
        assert!(is_near("| a | 100 |", "| a | 164 |"));
        assert!(!is_near("| a | 100 |", "| a | 165 |"));
        assert!(is_near("| a | 10500 |", "| a | 10000 |"));
        assert!(!is_near("| a | 10501 |", "| a | 10000 |"));
        assert!(!is_near("| a | 100 |", "| b | 100 |"));
        assert!(!is_near("| a | 100 |", "| a | 100 |\n| b | 1 |"));
    }

    #[test]
    fn a_block_has_a_name_and_an_end() {
        let text = "world -->\n| a |\n<!-- /budget -->\nrest";
        assert_eq!(block(text), Some(("world", "| a |\n", "<!-- /budget -->\nrest")));
        assert_eq!(block("world -->\n| a |\n"), None);
    }

    #[test]
    fn rows_of_boards_are_renewed_added_and_compared_each_by_its_board_and_name() {
        let row = |board: &str, bytes: u32| {
            let begin = format!("| `{board}` | world |");
            (begin.clone(), format!("{begin} {bytes} |\n"))
        };
        let text =
            "a\n<!-- budget: boards -->\n| b |\n| `x` | world | 1000 |\n<!-- /budget -->\nz\n";
        assert!(outdated_rows(text, &[row("x", 1_064)]).is_empty());
        assert_eq!(outdated_rows(text, &[row("x", 1_065)]), ["| `x` | world |"]);
        assert_eq!(outdated_rows(text, &[row("y", 7)]), ["| `y` | world |"]);
        let renewed = with_rows(text, &[row("x", 2), row("y", 7)]);
        let rows = "| b |\n| `x` | world | 2 |\n| `y` | world | 7 |\n";
        assert_eq!(renewed, format!("a\n<!-- budget: boards -->\n{rows}<!-- /budget -->\nz\n"));
        assert_eq!(with_rows("no such block\n", &[row("x", 2)]), "no such block\n");
    }

    #[test]
    fn what_is_no_image_of_these_stays() {
        let text = "a\n<!-- budget: moon -->\n| a |\n<!-- /budget -->\nb\n";
        assert_eq!(with_tables(text, &[]), text);
        assert!(outdated(text, &[]).is_empty());
    }
}

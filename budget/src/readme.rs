//! The tables of a README, from the images themselves.
//!
//! Contract: what stands between `<!-- budget: NAME -->` and `<!-- /budget -->` is the table of the image of
//! that name, or of the abilities. Another compiler makes other bytes, so a table is today's while no number in it is further
//! from its own than a twentieth, or 64.

use crate::part::Part;
use crate::parts::Sums;
use crate::report::Report;

const BEGIN: &str = "<!-- budget: ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- /budget -->";

/// A table, and the name of its block.
pub type Named = (String, String);

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
        "| **in all** | {} of {} | {} of {} |\n",
        account.ram_bytes(),
        report.settings.ram_bytes,
        account.flash_bytes,
        report.settings.flash_bytes
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
    fn what_is_no_image_of_these_stays() {
        let text = "a\n<!-- budget: moon -->\n| a |\n<!-- /budget -->\nb\n";
        assert_eq!(with_tables(text, &[]), text);
        assert!(outdated(text, &[]).is_empty());
    }
}

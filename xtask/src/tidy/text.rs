//! Rules for every text: no leftover markers, no paths of one machine.

use super::source::is_word;
use super::{Complaints, File, Tree};

// In two halves, so that this file does not break its own rules.
const MARKERS: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

const MACHINE_FOLDERS: [&str; 4] =
    [concat!("/tm", "p/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/")];

pub(super) fn leftover_marker(_: &Tree, file: &File) -> Complaints {
    let is_one =
        |before: &str, after: &str| !before.ends_with(is_word) && !after.starts_with(is_word);
    find(file, &MARKERS, is_one)
}

/// A path that begins with one of the folders; a folder of that name further down is fine.
pub(super) fn machine_path(_: &Tree, file: &File) -> Complaints {
    let is_in_path = |c: char| is_word(c) || matches!(c, '.' | '-' | '}' | ')' | '~');
    find(file, &MACHINE_FOLDERS, |before, _| !before.ends_with(is_in_path))
}

/// Where the text has one of these words, between a before and an after that make it one.
fn find(file: &File, words: &[&str], is_one: impl Fn(&str, &str) -> bool) -> Complaints {
    let mut found = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for word in words {
            let mut places = line.match_indices(word);
            if places.any(|(at, _)| is_one(&line[..at], &line[at + word.len()..])) {
                found.push((number, format!("`{word}`")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::findings_in;
    use super::*;

    #[test]
    fn every_marker_is_found_wherever_it_is() {
        for marker in MARKERS {
            let found = findings_in(&[("a.md", &format!("one\n- {marker}: two\n"))]);
            assert_eq!(found, ["a.md:2: leftover-marker"]);
            let inside = findings_in(&[("a.md", &format!("un{marker}\n"))]);
            assert_eq!(inside, [""; 0]);
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(findings_in(&[("a.toml", &format!("a = \"{folder}b\""))]).len(), 1);
            assert_eq!(findings_in(&[("a.toml", &format!("a = \"b{folder}c\""))]), [""; 0]);
        }
    }
}

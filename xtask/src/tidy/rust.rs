//! Rules for Rust: lengths, heads, what the core may not have.

use std::collections::HashSet;

use super::source::is_word;
use super::{Complaints, File, Tree};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// So many of a hundred functions of a crate are shorter than [`USUAL_LINES_LIMIT`].
const USUAL_PERCENT: usize = 99;
const USUAL_LINES_LIMIT: usize = 40;

/// The lines of code, or of comments, that are no tests.
pub(super) fn file_length(_: &Tree, file: &File) -> Complaints {
    let Some(source) = &file.source else { return Vec::new() };
    let lines = source.is_test.iter().filter(|is_test| !**is_test).count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![(1, format!("{lines} lines without tests, {FILE_LINES_MAX} is the most"))]
}

pub(super) fn function_length(_: &Tree, file: &File) -> Complaints {
    let functions = file.source.iter().flat_map(|source| &source.functions);
    let long = functions.filter(|function| function.body_lines > FUNCTION_LINES_MAX);
    long.map(|function| {
        let (name, lines) = (&function.name, function.body_lines);
        (function.line, format!("`{name}` has {lines} lines, {FUNCTION_LINES_MAX} is the most"))
    })
    .collect()
}

/// All but a hundredth of a crate's functions are short; the crate is told at its manifest.
pub(super) fn usual_function_length(tree: &Tree, file: &File) -> Complaints {
    if !is_manifest(&file.path) {
        return Vec::new();
    }
    let in_crate = tree.files.iter().filter(|it| tree.manifest_of(&it.path) == Some(&file.path));
    let mut functions: Vec<_> = in_crate
        .flat_map(|it| it.source.iter().map(move |source| (it, source)))
        .flat_map(|(it, source)| {
            source.functions.iter().map(move |function| (it, source, function))
        })
        .filter(|(_, source, function)| !source.is_test[function.line - 1])
        .collect();
    functions.sort_by_key(|(_, _, function)| function.body_lines);
    let usual = (functions.len() * USUAL_PERCENT).div_ceil(100);
    let long = functions[..usual].iter().filter(|(_, _, it)| it.body_lines >= USUAL_LINES_LIMIT);
    long.map(|(it, _, function)| {
        let (name, lines) = (&function.name, function.body_lines);
        let place = format!("{}:{}", it.path, function.line);
        (1, format!("`{name}` of {place} has {lines} lines, and is not one of the few that may"))
    })
    .collect()
}

fn is_manifest(path: &str) -> bool {
    path.rsplit('/').next() == Some("Cargo.toml")
}

/// A file says first what it is; only attributes may come before.
pub(super) fn module_head(_: &Tree, file: &File) -> Complaints {
    if file.source.is_none() {
        return Vec::new();
    }
    let mut rest = file.text.trim_start();
    while rest.starts_with("#!") {
        rest = rest.split_once("]\n").map_or("", |(_, after)| after).trim_start();
    }
    if rest.starts_with("//!") { Vec::new() } else { vec![(1, "no `//!` head".to_string())] }
}

pub(super) fn ignored_test(_: &Tree, file: &File) -> Complaints {
    in_code(file, &["#[ignore"], |_| true)
}

/// The core runs where there is nobody to catch a panic, and nothing to allocate from.
pub(super) fn core_cannot_panic(_: &Tree, file: &File) -> Complaints {
    if !file.path.starts_with("core/src/") {
        return Vec::new();
    }
    let forbidden = [
        ".unwrap()",
        ".expect(",
        "panic!",
        "unreachable!",
        "unsafe",
        "extern crate alloc",
        "use std::",
    ];
    in_code(file, &forbidden, |is_test| !is_test)
}

/// Where the code has one of these words, in the lines that are wanted.
fn in_code(file: &File, words: &[&str], is_wanted: fn(bool) -> bool) -> Complaints {
    let Some(source) = &file.source else { return Vec::new() };
    let lines = source.code.iter().zip(&source.is_test).zip(1..);
    lines
        .filter(|((_, is_test), _)| is_wanted(**is_test))
        .flat_map(|((line, _), number)| {
            let found = words.iter().filter(|word| has_word(line, word));
            found.map(move |word| (number, format!("`{word}`")))
        })
        .collect()
}

/// Whether `word` stands in `line`, and not inside a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let begins_inside = word.starts_with(is_word) && before.ends_with(is_word);
        let ends_inside = word.ends_with(is_word) && after.starts_with(is_word);
        !begins_inside && !ends_inside
    })
}

/// The folder that the modules of a file lie in, with its last slash.
pub(super) fn children_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    match name.trim_end_matches(".rs") {
        "mod" | "lib" | "main" => folder,
        module => format!("{folder}{module}/"),
    }
}

/// Whether a file is test code: by its name, or because it or a module around it is `declared` so.
pub(super) fn is_test_path(path: &str, declared: &HashSet<String>) -> bool {
    let is_test_name = |part: &str| matches!(part, "tests" | "tests.rs" | "benches");
    if path.split('/').any(is_test_name) {
        return true;
    }
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let mut ends = module.match_indices('/').map(|(at, _)| at).chain([module.len()]);
    ends.any(|end| declared.contains(&module[..end]))
}

#[cfg(test)]
mod tests {
    use super::super::findings_in;

    fn lines(count: usize) -> String {
        "//! Head.\n".to_string() + &"const _: () = ();\n".repeat(count - 1)
    }

    #[test]
    fn both_sides_of_the_file_length() {
        let tests = "#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(findings_in(&[("a.rs", &(lines(400) + tests))]), [""; 0]);
        assert_eq!(findings_in(&[("a.rs", &(lines(401) + tests))]), ["a.rs:1: file-length"]);
        assert_eq!(findings_in(&[("a/tests.rs", &lines(401))]), [""; 0]);
        assert_eq!(findings_in(&[("tests/a/b.rs", &lines(401))]), [""; 0]);
    }

    #[test]
    fn a_module_that_is_declared_for_tests_is_a_test() {
        let parent = "//! Head.\n#[cfg(test)]\nmod golden;\n";
        let long = lines(401);
        let child = |path| findings_in(&[("a/src/b/mod.rs", parent), (path, &long)]);
        assert_eq!(child("a/src/b/golden.rs"), [""; 0]);
        assert_eq!(child("a/src/b/golden/vectors.rs"), [""; 0]);
        assert_eq!(child("a/src/golden.rs"), ["a/src/golden.rs:1: file-length"]);
    }

    #[test]
    fn both_sides_of_the_function_length() {
        let function = |lines| format!("//! Head.\nfn f() {{\n{}}}\n", "    g();\n".repeat(lines));
        assert_eq!(findings_in(&[("a.rs", &function(70))]), [""; 0]);
        assert_eq!(findings_in(&[("a.rs", &function(71))]), ["a.rs:2: function-length"]);
    }

    #[test]
    fn both_sides_of_the_usual_function_length() {
        let function = |lines| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines));
        let found = |long: &str, short_count: usize| {
            let text = format!("//! Head.\n{long}{}", "fn f() {}\n".repeat(short_count));
            findings_in(&[("a/Cargo.toml", ""), ("a/src/b.rs", &text), ("c.rs", "//! Head.\n")])
        };
        assert_eq!(found(&function(40), 99), [""; 0]);
        assert_eq!(found(&function(40), 98), ["a/Cargo.toml:1: usual-function-length"]);
        assert_eq!(found(&function(39), 0), [""; 0]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(40));
        assert_eq!(found(&tests, 0), [""; 0]);
    }

    #[test]
    fn a_module_has_a_head() {
        assert_eq!(findings_in(&[("a.rs", "#![no_std]\n#![a(\n b)]\n\n//! Head.\n")]), [""; 0]);
        assert_eq!(findings_in(&[("a.rs", "// Head.\nfn f() {}\n")]), ["a.rs:1: module-head"]);
        assert_eq!(findings_in(&[("a.rs", "")]), ["a.rs:1: module-head"]);
    }

    #[test]
    fn no_test_is_ignored() {
        assert_eq!(findings_in(&[("a.rs", "//! `#[ignore]`\n#[test]\nfn f() {}\n")]), [""; 0]);
        let ignored = "//! Head.\n#[test]\n#[ignore]\nfn f() {}\n";
        assert_eq!(findings_in(&[("a.rs", ignored)]), ["a.rs:3: ignored-test"]);
    }

    #[test]
    fn the_core_has_nothing_that_panics() {
        let found = ["core/src/a.rs:2: core-cannot-panic"];
        let bad = [
            "a.unwrap();",
            "a.expect(\"b\");",
            "panic!();",
            "unreachable!();",
            "unsafe {}",
            "extern crate alloc;",
            "use std::vec;",
        ];
        for line in bad {
            let text = format!("//! Head.\n{line}\n");
            assert_eq!(findings_in(&[("core/src/a.rs", &text)]), found, "{line}");
            assert_eq!(findings_in(&[("sim/src/a.rs", &text)]), [""; 0], "{line}");
            let tests = format!("//! Head.\n#[cfg(test)]\nmod tests {{\n{line}\n}}\n");
            assert_eq!(findings_in(&[("core/src/a.rs", &tests)]), [""; 0], "{line}");
        }
        for line in ["a.unwrap_or(0);", "#![forbid(unsafe_code)]", "// panic!", "\"panic!\";"] {
            let text = format!("//! Head.\n{line}\n");
            assert_eq!(findings_in(&[("core/src/a.rs", &text)]), [""; 0], "{line}");
        }
    }
}

//! No two files name each other: which of them can be read first is plain, and what both need has a place of its own.
//!
//! Contract: a path in code, `crate::…` or `super::…`, names the file that it leads to through folders; what a file
//! hands on from another is its own. A module and those inside it are one thing, and may. Tests are not looked at.

use std::collections::BTreeSet;

use super::rust::children_folder;
use super::source::is_word;
use super::{Complaints, File, Tree};

pub(super) fn circle(tree: &Tree, file: &File) -> Complaints {
    let named = names(tree, file);
    let mutual = named.iter().filter(|path| *path > &file.path).filter(|path| {
        let other = tree.files.iter().find(|other| other.path == **path);
        other.is_some_and(|other| names(tree, other).contains(&file.path))
    });
    let found: BTreeSet<&str> = mutual.map(String::as_str).collect();
    found.into_iter().map(|other| (1, format!("it and {other} name each other"))).collect()
}

/// The files of the same crate that a file names, but for those that it is inside of, or that are inside of it.
fn names(tree: &Tree, file: &File) -> BTreeSet<String> {
    let Some((source, (root, module))) = file.source.as_ref().zip(module_of(&file.path)) else {
        return BTreeSet::new();
    };
    let lines = source.code.iter().zip(&source.is_test).filter(|(_, is_test)| !**is_test);
    let code: String = lines.map(|(line, _)| line.clone() + "\n").collect();
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if !code[..at].ends_with(|c| is_word(c) || c == ':') {
                expand(&code[at..], &mut Vec::new(), &mut paths);
            }
        }
    }
    let is_kin = |other: &str| {
        let Some((_, other)) = module_of(other) else { return true };
        other.starts_with(&module) || module.starts_with(&other)
    };
    let files = paths.iter().filter_map(|path| file_of(tree, root, &module, path));
    files.filter(|path| !is_kin(path)).collect()
}

/// The folder of a crate's sources, and the module of a file in it.
fn module_of(path: &str) -> Option<(&str, Vec<&str>)> {
    let root = path.find("src/")? + "src/".len();
    let module = children_folder(path).len().max(root);
    let inside = path[root..].trim_end_matches(".rs").trim_end_matches("mod");
    let is_root = module == root && !inside.contains('/') && matches!(inside, "lib" | "main");
    let parts = inside.split('/').filter(|part| !part.is_empty() && !is_root);
    Some((&path[..root], parts.collect()))
}

/// The paths that a use or an expression begins with; answers with what is behind it.
fn expand<'c>(code: &'c str, before: &mut Vec<&'c str>, paths: &mut Vec<Vec<&'c str>>) -> &'c str {
    let code = code.trim_start();
    let length = code.find(|c| !is_word(c)).unwrap_or(code.len());
    let (word, behind) = code.split_at(length);
    before.push(word);
    let rest = match behind.strip_prefix("::") {
        Some(list) if list.starts_with('{') => expand_list(&list[1..], before, paths),
        Some(path) if path.starts_with(is_word) => expand(path, before, paths),
        _ => {
            paths.push(before.clone());
            behind
        }
    };
    before.pop();
    rest
}

fn expand_list<'c>(
    mut code: &'c str,
    before: &mut Vec<&'c str>,
    paths: &mut Vec<Vec<&'c str>>,
) -> &'c str {
    loop {
        code = code.trim_start();
        match code.chars().next() {
            None => return code,
            Some('}') => return &code[1..],
            Some(c) if is_word(c) => code = expand(code, before, paths),
            Some(c) => code = &code[c.len_utf8()..],
        }
    }
}

/// Where a path leads to, seen from a module: as far as there are files.
fn file_of(tree: &Tree, root: &str, module: &[&str], path: &[&str]) -> Option<String> {
    let ups = path.iter().take_while(|word| **word == "super").count();
    let base = if ups == 0 { &[] } else { module.get(..module.len().checked_sub(ups)?)? };
    let mut folder = base.iter().fold(root.to_owned(), |folder, part| format!("{folder}{part}/"));
    let mut found = None;
    for word in &path[ups.max(1)..] {
        let (file, inside) = (format!("{folder}{word}.rs"), format!("{folder}{word}/mod.rs"));
        found = match [file, inside].into_iter().find(|path| tree.paths.contains(path)) {
            None => break,
            there => there,
        };
        folder += &format!("{word}/");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::findings_in;

    fn found(one: &str, other: &str) -> Vec<String> {
        let [one, other] = [one, other].map(|text| format!("//! Head.\n{text}\n"));
        let head = "//! Head.\n";
        findings_in(&[
            ("a/src/lib.rs", head),
            ("a/src/b/mod.rs", head),
            ("a/src/b/one.rs", &one),
            ("a/src/b/other.rs", &other),
        ])
    }

    #[test]
    fn two_files_may_not_name_each_other() {
        let circle = ["a/src/b/one.rs:1: circle"];
        let to_one = ["use super::one::One;", "use crate::{c, b::{d, one::{self, One}}};"];
        for back in to_one {
            assert_eq!(found("use super::other::Other;", back), circle, "{back}");
        }
        assert_eq!(found("fn f() { super::other::f() }", "type T = crate::b::one::T;"), circle);
        assert_eq!(found("use super::other::Other;", "use super::One;"), [""; 0]);
        assert_eq!(found("use super::other::Other;", "use std::one::One;"), [""; 0]);
        let tests = "#[cfg(test)]\nmod tests {\nuse super::super::one::One;\n}";
        assert_eq!(found("use super::other::Other;", tests), [""; 0]);
    }

    #[test]
    fn a_module_and_what_is_inside_may() {
        let inside = "//! Head.\nuse super::A;\n";
        let around = "//! Head.\nuse crate::a::b::B;\n";
        for around_path in ["c/src/a.rs", "c/src/a/mod.rs"] {
            assert_eq!(findings_in(&[(around_path, around), ("c/src/a/b.rs", inside)]), [""; 0]);
        }
    }
}

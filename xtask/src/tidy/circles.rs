//! No files name each other in a circle: which of them can be read first is plain, and what they need of one another
//! has a place of its own.
//!
//! Contract: what a file names is as in [`names`](super::names): it is where the thing was made, whoever hands it on.
//! A file may name what it likes of the modules that it is inside of. Each circle is told once, at the manifest of
//! its crate, with all files that can be reached from one another.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Crate, module_of};
use super::{Complaints, File, Tree};

type Names<'f> = BTreeMap<&'f str, BTreeSet<&'f str>>;

pub(super) fn circle(tree: &Tree, file: &File) -> Complaints {
    if !file.path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let in_crate = tree.files.iter().filter(|it| tree.manifest_of(&it.path) == Some(&file.path));
    let sources = Crate::of(in_crate);
    let mut names = sources.names();
    for (path, named) in &mut names {
        named.retain(|other| !is_inside(path, other));
    }
    circles(&names).iter().map(|circle| (1, told(&names, circle))).collect()
}

/// Whether a file's module is inside of another's.
fn is_inside(path: &str, other: &str) -> bool {
    module_of(path).zip(module_of(other)).is_some_and(|(one, other)| one.starts_with(&other))
}

/// Files that can be reached from one another, all those of one circle together.
fn circles<'f>(names: &Names<'f>) -> Vec<BTreeSet<&'f str>> {
    let reached: Names<'f> = names.keys().map(|path| (*path, reachable(names, path))).collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for (path, others) in &reached {
        let circle: BTreeSet<&str> =
            others.iter().copied().filter(|other| reached[other].contains(path)).collect();
        if !circle.is_empty() && found.iter().all(|told| told.is_disjoint(&circle)) {
            found.push(circle);
        }
    }
    found
}

/// The files that one leads to, in one step or more.
fn reachable<'f>(names: &Names<'f>, from: &str) -> BTreeSet<&'f str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = names[from].iter().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&names[next]);
        }
    }
    found
}

/// Who names whom, a line each.
fn told(names: &Names<'_>, circle: &BTreeSet<&str>) -> String {
    let mut text = String::from("these name each other");
    for from in circle {
        let named: Vec<&str> = names[from].intersection(circle).copied().collect();
        text += &format!("\n    {from} -> {}", named.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::findings_in;

    const FOUND: [&str; 1] = ["a/Cargo.toml:1: circle"];

    /// What is found in a crate with these files, besides their heads.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let texts: Vec<(String, String)> = files
            .iter()
            .map(|(path, text)| (format!("a/src/{path}"), format!("//! Head.\n{text}\n")))
            .collect();
        let mut all: Vec<(&str, &str)> =
            texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        all.push(("a/Cargo.toml", ""));
        findings_in(&all)
    }

    fn pair(one: &str, other: &str) -> Vec<String> {
        found(&[("lib.rs", ""), ("b/mod.rs", ""), ("b/one.rs", one), ("b/other.rs", other)])
    }

    #[test]
    fn two_files_may_not_name_each_other() {
        let to_one = [
            "use super::one::One;",
            "use crate::{c, b::{d, one::{self, One}}};\nfn f() { one::f() }",
            "use super::one;\nfn f() { one::f() }",
            "type T = crate::b::one::T;",
        ];
        for back in to_one {
            assert_eq!(pair("use super::other::Other;", back), FOUND, "{back}");
        }
        for none in ["use super::One;", "use std::one::One;", "use super::one;"] {
            assert_eq!(pair("use super::other::Other;", none), [""; 0], "{none}");
        }
        let tests = "#[cfg(test)]\nmod tests {\nuse super::super::one::One;\n}";
        assert_eq!(pair("use super::other::Other;", tests), [""; 0]);
        let links = "#[cfg(doc)]\nuse super::one::One;\nuse super::Three;";
        assert_eq!(pair("use super::other::Other;", links), [""; 0]);
    }

    #[test]
    fn what_is_handed_on_is_named_where_it_is_made() {
        let through = |hand: &str, other: &str| {
            let one = "use super::other::Other;\npub struct One;";
            found(&[("lib.rs", ""), ("b/mod.rs", hand), ("b/one.rs", one), ("b/other.rs", other)])
        };
        for hand in [
            "pub use one::One;",
            "pub(crate) use self::one::{One, Two};",
            "use one::One;",
            "pub use one::*;",
            "#[cfg(unix)]\npub use three::One;\n#[cfg(not(unix))]\npub use one::One;",
        ] {
            assert_eq!(through(hand, "use super::One;"), FOUND, "{hand}");
            assert_eq!(through(hand, "fn f() { crate::b::One::f() }"), FOUND, "{hand}");
        }
        assert_eq!(through("pub use one::One as Two;", "use super::Two;"), FOUND);
        assert_eq!(through("pub use one::One as Two;", "use super::One;"), [""; 0]);
        assert_eq!(through("pub use one::*;", "use super::Two;"), [""; 0]);
        assert_eq!(through("pub use one::One;", "pub use super::One;"), [""; 0]);
        assert_eq!(through("pub use one::One;", "pub use super::One;\ntype T = One;"), FOUND);
    }

    #[test]
    fn nor_may_longer_rings() {
        let ring = |last: &str| {
            found(&[
                ("lib.rs", ""),
                ("one.rs", "use crate::two::B;"),
                ("two.rs", "use crate::three::four::C;"),
                ("three/mod.rs", ""),
                ("three/four.rs", last),
            ])
        };
        assert_eq!(ring("use crate::one::A;"), FOUND);
        assert_eq!(ring("use crate::five::A;"), [""; 0]);
    }

    #[test]
    fn what_is_inside_may_name_what_is_around() {
        let [inside, around] = ["use super::A;", "use crate::a::b::B;"];
        for path in ["a.rs", "a/mod.rs"] {
            assert_eq!(found(&[(path, around), ("a/b.rs", inside)]), [""; 0]);
            let through = "use crate::c::C;";
            let back = "use crate::a::A;";
            assert_eq!(found(&[(path, around), ("a/b.rs", through), ("c.rs", back)]), FOUND);
        }
    }
}

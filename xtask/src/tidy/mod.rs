//! `cargo xtask tidy`: the rules of the house that neither the compiler nor clippy knows.
//!
//! Purpose: [`RULES`] is the list; each rule is a function from a file to what is wrong with it.
//!
//! Contract: looks at what git tracks or would offer to track. Prints a line for each finding, as
//! `file:line: rule: what`, and fails if there is one.
//!
//! Bounds: Rust is read by [`source`], which knows strings and comments, and nothing of types.

mod circles;
mod markdown;
mod names;
mod rust;
mod source;
mod text;

use std::collections::HashSet;

use crate::{Failure, process, workspace};
use source::Source;

/// Something that a rule does not allow.
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    rule: &'static str,
    what: String,
}

/// One file of the repository.
struct File {
    path: String,
    text: String,
    /// How a Rust file reads; `None` for the others.
    source: Option<Source>,
}

/// Every file, and what rules need to know of all of them together.
struct Tree {
    files: Vec<File>,
    paths: HashSet<String>,
    /// What `cargo xtask` is called with.
    commands: Vec<&'static str>,
}

/// What a rule has to say about a file: lines from 1, and what is wrong there.
type Complaints = Vec<(usize, String)>;

/// One rule.
struct Rule {
    name: &'static str,
    check: fn(&Tree, &File) -> Complaints,
}

const RULES: &[Rule] = &[
    Rule { name: "file-length", check: rust::file_length },
    Rule { name: "function-length", check: rust::function_length },
    Rule { name: "usual-function-length", check: rust::usual_function_length },
    Rule { name: "circle", check: circles::circle },
    Rule { name: "module-head", check: rust::module_head },
    Rule { name: "ignored-test", check: rust::ignored_test },
    Rule { name: "core-cannot-panic", check: rust::core_cannot_panic },
    Rule { name: "leftover-marker", check: text::leftover_marker },
    Rule { name: "machine-path", check: text::machine_path },
    Rule { name: "broken-link", check: markdown::broken_link },
    Rule { name: "unknown-command", check: markdown::unknown_command },
];

/// Looks at the whole workspace, where these are the commands of `cargo xtask`.
///
/// # Errors
/// What is to be tidied.
pub(crate) fn run(commands: Vec<&'static str>) -> Result<(), Failure> {
    let tree = Tree::of_workspace(commands)?;
    let findings = tree.findings();
    if findings.is_empty() {
        println!("{} files, {} rules, nothing to tidy", tree.files.len(), RULES.len());
        return Ok(());
    }
    let lines = findings.iter().map(|finding| {
        let Finding { path, line, rule, what } = finding;
        format!("{path}:{line}: {rule}: {what}\n")
    });
    Err((lines.collect::<String>() + &format!("{} to tidy", findings.len())).into())
}

impl Tree {
    fn of_workspace(commands: Vec<&'static str>) -> Result<Self, Failure> {
        let mut git = std::process::Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::require(git.current_dir(workspace::root()))?;
        let read = |path: &str| {
            // A listed file may be deleted, or be no text.
            let text = std::fs::read_to_string(workspace::root().join(path)).ok()?;
            Some((path.to_string(), text))
        };
        Ok(Self::new(listed.split('\0').filter_map(read), commands))
    }

    fn new(files: impl Iterator<Item = (String, String)>, commands: Vec<&'static str>) -> Self {
        let files = files.map(|(path, text)| {
            let source = path.ends_with(".rs").then(|| Source::parse(&text));
            File { path, text, source }
        });
        let mut tree = Self { files: files.collect(), paths: HashSet::new(), commands };
        tree.paths = tree.files.iter().map(|file| file.path.clone()).collect();
        tree.mark_test_modules();
        tree
    }

    /// A file is test code if its name says so, or if its parent declares it for tests alone.
    fn mark_test_modules(&mut self) {
        let rust = self.files.iter().filter_map(|file| Some((file, file.source.as_ref()?)));
        let declared: HashSet<String> = rust
            .flat_map(|(file, source)| {
                let folder = rust::children_folder(&file.path);
                source.test_modules.iter().map(move |name| format!("{folder}{name}"))
            })
            .collect();
        for file in &mut self.files {
            if let Some(source) = &mut file.source
                && rust::is_test_path(&file.path, &declared)
            {
                source.mark_all_as_test();
            }
        }
    }

    /// The manifest of the crate that a file is in.
    fn manifest_of(&self, path: &str) -> Option<&String> {
        let folders = path.rmatch_indices('/').map(|(at, _)| &path[..=at]).chain([""]);
        folders.into_iter().find_map(|folder| self.paths.get(&format!("{folder}Cargo.toml")))
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for file in &self.files {
            for rule in RULES {
                for (line, what) in (rule.check)(self, file) {
                    findings.push(Finding { path: file.path.clone(), line, rule: rule.name, what });
                }
            }
        }
        findings
    }
}

/// A tree of these files, for the tests of the rules.
#[cfg(test)]
fn findings_in(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(path, text)| (path.to_string(), text.to_string()));
    let findings = Tree::new(files, vec!["test", "bare-metal"]).findings();
    findings.iter().map(|found| format!("{}:{}: {}", found.path, found.line, found.rule)).collect()
}

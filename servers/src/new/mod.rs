//! `tinyrealm new`: a repository for a game of one's own, or a crate for a board; each builds and can be played at once.
//!
//! Contract: a folder that is there already stays as it is. What is written depends on the checkout that this
//! binary was built from, or on `--git`.

mod board;
mod device;
mod game;
mod source;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::cli::{NewOptions, Wanted};
use crate::say::say;
use source::Source;

/// What is written, and what to do with it.
struct Contents {
    files: Vec<(String, &'static str)>,
    /// The words of the templates, and what stands for them.
    words: Vec<(&'static str, String)>,
    /// Commands to go on with, in its folder.
    next: &'static [&'static str],
}

/// Writes the repository, or the crate.
pub(crate) fn run(options: &NewOptions) -> anyhow::Result<ExitCode> {
    let wanted = options.wanted();
    let folder = options.into.clone().unwrap_or_else(|| wanted.name().into());
    ensure!(
        !folder.exists(),
        "there is a {} already, which stays as it is: take another name, or say where with --into FOLDER",
        folder.display()
    );
    let Contents { files, words, next } = contents(wanted, &Source::of(options)?);
    for (path, template) in files {
        write(&folder.join(path), &filled(template, &words))?;
    }
    say!("{} is there. Now:", folder.display());
    say!("  cd {}", folder.display());
    for command in next {
        say!("  {command}");
    }
    Ok(ExitCode::SUCCESS)
}

fn contents(wanted: Wanted<'_>, source: &Source) -> Contents {
    match wanted {
        Wanted::Game { name, from } => Contents {
            files: game::files(from),
            words: game::words(from, name, source),
            next: &["cargo test --workspace", "cargo run --release -- --set http.page=web"],
        },
        Wanted::Board { name } => Contents {
            files: board::files(),
            words: board::words(name, source),
            next: &["cat README.md     # five commands, and what to change for a chip of yours"],
        },
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let problem = || format!("can't write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(problem)?;
    }
    std::fs::write(path, text).with_context(problem)
}

fn filled(template: &str, words: &[(&str, String)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
}

#[cfg(test)]
mod tests;

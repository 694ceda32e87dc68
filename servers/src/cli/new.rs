//! The flags of `new`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tinyrealm_core::node::world::GAME_NAME_MAX_BYTES;

/// Names that a crate can't have beside those it uses.
const TAKEN: [&str; 9] =
    ["core", "std", "alloc", "test", "proc-macro", "tinyrealm", "game", "server", "device"];
/// Words of the language, which no crate can be called.
const WORDS: [&str; 46] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "unsafe", "use",
    "where",
];

/// What a game begins as.
#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Beginning {
    /// As little as there can be: players move, and wave.
    Smallest,
    /// Coin rush as it is: coins, rounds, scores, what is kept.
    CoinRush,
}

/// `new`
#[derive(Clone, Debug, Args)]
pub(crate) struct NewOptions {
    /// The game's name, as crates and configurations have it: `coin-rush`.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub(crate) name: String,
    /// What the game begins as.
    #[arg(long, value_name = "GAME", default_value = "smallest")]
    pub(crate) from: Beginning,
    /// The folder that it goes into; NAME, unless told otherwise.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Depend on Tinyrealm in this repository, instead of on the checkout that this binary is from.
    #[arg(long, value_name = "URL")]
    pub(crate) git: Option<String>,
    /// The commit of that repository.
    #[arg(long, value_name = "REV", requires = "git")]
    pub(crate) rev: Option<String>,
}

/// A game's name that a crate can have, too.
///
/// # Errors
/// What is wrong with it.
fn parse_name(text: &str) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() > GAME_NAME_MAX_BYTES || !text.chars().all(is_letter) {
        return Err(format!("expected at most {GAME_NAME_MAX_BYTES} of a-z, 0-9 and -"));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase())
        || text.ends_with('-')
        || text.contains("--")
    {
        return Err("expected words with one - between them, beginning with a letter".to_owned());
    }
    if TAKEN.contains(&text) || WORDS.contains(&text) || text.starts_with("tinyrealm-") {
        return Err("a crate can't be called so".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_name() {
        for good in ["a", "coin-rush", "tag2", "abcdefghijklmnop"] {
            assert_eq!(parse_name(good).as_deref(), Ok(good));
        }
        let bad = [
            "",
            "-a",
            "a-",
            "a--b",
            "2d",
            "Tag",
            "a_b",
            "abcdefghijklmnopq",
            "core",
            "fn",
            "tinyrealm-x",
        ];
        for bad in bad {
            assert!(parse_name(bad).is_err(), "{bad}");
        }
    }
}

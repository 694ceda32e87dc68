//! The flags of `new`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tinyrealm_core::node::world::GAME_NAME_MAX_BYTES;

/// Names that a crate can't have beside those it uses.
const TAKEN: [&str; 6] = ["core", "std", "alloc", "test", "proc-macro", "tinyrealm"];
/// Those of the packages beside a game.
const TAKEN_BY_GAMES: [&str; 3] = ["game", "server", "device"];
/// What a board's crate depends on, and its other binary.
const TAKEN_BY_BOARDS: [&str; 7] = [
    "cortex-m",
    "cortex-m-rt",
    "critical-section",
    "defmt",
    "echo",
    "portable-atomic",
    "static-cell",
];
/// How the names of others' crates begin.
const FAMILIES: [&str; 2] = ["tinyrealm-", "embassy-"];
/// The longest name of a board.
const BOARD_NAME_MAX_BYTES: usize = 64;
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

/// What is to be made.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wanted<'o> {
    /// A repository for a game.
    Game { name: &'o str, from: Beginning },
    /// A crate for a board.
    Board { name: &'o str },
}

impl<'o> Wanted<'o> {
    pub(crate) const fn name(self) -> &'o str {
        match self {
            Self::Game { name, .. } | Self::Board { name } => name,
        }
    }
}

/// `new`
#[derive(Clone, Debug, Args)]
pub(crate) struct NewOptions {
    /// The game's name, as crates and configurations have it: `coin-rush`.
    #[arg(value_name = "NAME", value_parser = parse_game, required_unless_present = "board")]
    name: Option<String>,
    /// What the game begins as.
    #[arg(long, value_name = "GAME", default_value = "smallest")]
    from: Beginning,
    /// Make a crate for a board of your own instead: a world on a microcontroller, written for QEMU's, to be changed.
    #[arg(long, value_name = "NAME", value_parser = parse_board, conflicts_with_all = ["name", "from"])]
    board: Option<String>,
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

impl NewOptions {
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        match &self.board {
            Some(name) => Wanted::Board { name },
            None => {
                // clap has asked for it.
                let name = self.name.as_deref().unwrap_or_default();
                Wanted::Game { name, from: self.from }
            }
        }
    }
}

/// A game's name that a crate can have, too.
///
/// # Errors
/// What is wrong with it.
fn parse_game(text: &str) -> Result<String, String> {
    parse_name(text, GAME_NAME_MAX_BYTES, &TAKEN_BY_GAMES)
}

/// A board's name that a crate can have.
///
/// # Errors
/// What is wrong with it.
fn parse_board(text: &str) -> Result<String, String> {
    parse_name(text, BOARD_NAME_MAX_BYTES, &TAKEN_BY_BOARDS)
}

fn parse_name(text: &str, max_bytes: usize, taken: &[&str]) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() > max_bytes || !text.chars().all(is_letter) {
        return Err(format!("expected at most {max_bytes} of a-z, 0-9 and -"));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase())
        || text.ends_with('-')
        || text.contains("--")
    {
        return Err("expected words with one - between them, beginning with a letter".to_owned());
    }
    let is_taken = [TAKEN.as_slice(), taken, &WORDS].into_iter().flatten().any(|it| *it == text);
    if is_taken || FAMILIES.iter().any(|family| text.starts_with(family)) {
        return Err("a crate here can't be called so: take another name".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn both_sides_of_a_name() {
        let boards: [&str; 2] = ["stm32f746g-discovery", &"a".repeat(64)];
        for good in ["a", "coin-rush", "tag2", "abcdefghijklmnop"] {
            assert_eq!(parse_game(good).as_deref(), Ok(good));
            assert_eq!(parse_board(good).as_deref(), Ok(good));
        }
        for good in boards {
            assert_eq!(parse_board(good).as_deref(), Ok(good));
            assert!(parse_game(good).is_err(), "{good}");
        }
        let bad = ["", "-a", "a-", "a--b", "2d", "Tag", "a_b", "core", "fn", "tinyrealm-x"];
        for bad in bad.into_iter().chain(["embassy-rp", &"a".repeat(65)]) {
            assert!(parse_game(bad).is_err() && parse_board(bad).is_err(), "{bad}");
        }
        assert!(parse_game("device").is_err() && parse_board("device").is_ok());
        assert!(parse_game("echo").is_ok() && parse_board("echo").is_err());
    }

    #[test]
    fn a_game_or_a_board_is_wanted_and_not_both() {
        let wanted = |words: &[&str]| {
            let words = ["tinyrealm", "new"].iter().chain(words);
            let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
            let Some(Command::New(options)) = cli.command else { return Err("none".to_owned()) };
            Ok(match options.wanted() {
                Wanted::Game { name, from } => format!("{name} {from:?}"),
                Wanted::Board { name } => format!("board {name}"),
            })
        };
        assert_eq!(wanted(&["a"]).as_deref(), Ok("a Smallest"));
        assert_eq!(wanted(&["a", "--from", "coin-rush"]).as_deref(), Ok("a CoinRush"));
        assert_eq!(wanted(&["--board", "a"]).as_deref(), Ok("board a"));
        let refused: [&[&str]; 4] =
            [&[], &["--board"], &["a", "--board", "b"], &["--board", "b", "--from", "smallest"]];
        for words in refused {
            assert!(wanted(words).is_err(), "{words:?}");
        }
    }
}

//! What the book says is true: its commands are this command line's, and its configurations are taken.

use std::path::{Path, PathBuf};

use clap::Parser;
use tinyrealm_coin_rush::CoinRush;

use crate::Games;
use crate::cli::Cli;
use crate::config::Config;

const GAMES: Games = crate::games![CoinRush<64>];

/// What a page's commands begin with, besides [`OURS`]: they are others' programs.
const OTHERS: [&str; 7] = [
    "cd ",
    "cargo install ",
    "cargo run --release --bin ",
    "cargo run --release --features ",
    "cargo test ",
    "cargo xtask ",
    "rustup target add ",
];
/// What a configuration holds that is none of a server's: it is tested with what reads it.
const NOT_A_SERVER_S: [&str; 2] = ["[dependencies]", "# device.toml"];
/// What stands for this binary.
const OURS: [&str; 2] = ["tinyrealm ", "cargo run --release -- "];
const TINYREALM: &str = "tinyrealm";

fn pages() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The code blocks of all pages in `language`, each with its page.
fn blocks(language: &str) -> Vec<(PathBuf, String)> {
    let fence = format!("```{language}\n");
    let of_page = |(path, text): (PathBuf, String)| {
        let parts = text.split(&fence).skip(1);
        let blocks = parts.map(|part| part.split("```").next().unwrap_or_default().to_owned());
        blocks.map(|block| (path.clone(), block)).collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of_page).collect()
}

#[test]
fn every_command_is_one() {
    let blocks = blocks("sh");
    assert!(!blocks.is_empty());
    for (page, block) in blocks {
        for line in block.lines().map(|line| line.split(" #").next().unwrap_or(line).trim()) {
            if OTHERS.iter().any(|other| line.starts_with(other)) {
                continue;
            }
            let ours = OURS.iter().find_map(|ours| line.strip_prefix(ours));
            let words = ours.unwrap_or_else(|| panic!("{}: `{line}`", page.display()));
            let words = std::iter::once(TINYREALM).chain(words.split_whitespace());
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{}: `{line}`: {error}", page.display());
            }
        }
    }
}

#[test]
fn every_configuration_is_taken() {
    let blocks = blocks("toml");
    assert!(!blocks.is_empty());
    let is_a_server_s = |block: &str| !NOT_A_SERVER_S.iter().any(|other| block.contains(other));
    for (page, block) in blocks.iter().filter(|(_, block)| is_a_server_s(block)) {
        let file = std::env::temp_dir().join(format!("tinyrealm-book-{}.toml", std::process::id()));
        std::fs::write(&file, block).unwrap();
        let config = Config::load(GAMES, Some(&file), std::iter::empty(), &[]);
        std::fs::remove_file(&file).unwrap();
        if let Err(error) = config {
            panic!("{}: {error:#}\n{block}", page.display());
        }
    }
}

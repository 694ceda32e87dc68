//! What the book says is true: its commands are this command line's, and its configurations are taken; and so are those
//! of `deploy/`.

use std::path::{Path, PathBuf};

use clap::Parser;
use tinyrealm_coin_rush::CoinRush;

use crate::Games;
use crate::cli::Cli;
use crate::config::Config;
use crate::config::login::WANTED_FEATURE;

const GAMES: Games = crate::games![CoinRush<64>];

/// What a page's commands begin with, besides [`OURS`]: they are others' programs.
const OTHERS: [&str; 11] = [
    "cd ",
    "cargo install ",
    "cargo run --release --bin ",
    "cargo run --release --features ",
    "cargo test ",
    "cargo xtask ",
    "chmod ",
    "grep ",
    "journalctl ",
    "rustup target add ",
    "sudo dpkg --install ",
];
/// What a configuration holds that is none of a server's: it is tested with what reads it.
const NOT_A_SERVER_S: [&str; 3] = ["[dependencies]", "# device.toml", "# unit.toml"];
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
            let is_another_build_s = format!("{error:#}").contains(WANTED_FEATURE);
            assert!(is_another_build_s, "{}: {error:#}\n{block}", page.display());
        }
    }
}

fn deployed(folder: &str, end: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == end));
    let files: Vec<_> =
        files.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    assert!(!files.is_empty());
    files
}

/// These words are a command, and what it sets with these variables is a configuration.
fn expect_command(place: &Path, words: &[String], variables: Vec<(String, String)>) {
    let all = std::iter::once(TINYREALM.to_owned()).chain(words.iter().cloned());
    let cli =
        Cli::try_parse_from(all).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let config = Config::load(GAMES, None, variables.into_iter(), &cli.overrides());
    config.unwrap_or_else(|error| panic!("{}: {words:?}: {error:#}", place.display()));
}

#[test]
fn every_unit_starts_a_server() {
    for (path, text) in deployed("systemd", "service") {
        let text =
            text.replace("%i", "7").replace("%d", "/run/credentials").replace("%S", "/var/lib");
        let command =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/tinyrealm "));
        let words: Vec<_> = command.unwrap().split(' ').map(str::to_owned).collect();
        expect_command(&path, &words, Vec::new());
    }
}

/// `["main", "--listen", "0.0.0.0:7000"]`, with quotes where the author liked them.
fn listed(list: &str) -> Vec<String> {
    let words = list.trim().trim_matches(['[', ']']).split(',');
    words.map(|word| word.trim().trim_matches('"').to_owned()).collect()
}

#[test]
fn every_container_starts_a_server() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/Containerfile");
    let text = std::fs::read_to_string(&file).unwrap();
    let command = text.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    expect_command(&file, &listed(command), Vec::new());
    assert!(text.contains("\nUSER 65532:65532\n") && text.contains("\nFROM scratch\n"));
    let mut count = 0;
    for (path, text) in deployed("kubernetes", "yaml") {
        let Some(list) = text.lines().find_map(|line| line.trim().strip_prefix("args: ")) else {
            continue;
        };
        let mut variables = Vec::new();
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let Some(name) = line.strip_prefix("- name: TINYREALM_") else { continue };
            // What is not here the cluster fills in: the number of a world.
            let value = lines.peek().and_then(|line| line.strip_prefix("value: ")).unwrap_or("7");
            let value = value.replace("$(HOST_IP)", "192.0.2.1");
            variables.push((format!("TINYREALM_{name}"), value));
        }
        assert!(variables.len() >= 4, "{}", path.display());
        expect_command(&path, &listed(list), variables);
        count += 1;
    }
    assert_eq!(count, 4);
}

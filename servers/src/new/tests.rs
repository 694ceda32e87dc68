//! What is written is whole, and nothing is written over.

use clap::Parser;

use super::*;
use crate::cli::{Beginning, Cli, Command};

const WANTED: [Wanted<'_>; 3] = [
    Wanted::Game { name: "gold-rush", from: Beginning::Smallest },
    Wanted::Game { name: "gold-rush", from: Beginning::CoinRush },
    Wanted::Board { name: "my-board" },
];

#[test]
fn nothing_is_left_to_fill_in() {
    let source = Source::Checkout("/somewhere".into());
    for wanted in WANTED {
        let Contents { files, words, .. } = contents(wanted, &source);
        for (path, template) in files {
            let text = filled(template, &words);
            let is_left = text.lines().any(|line| {
                let word = line.split_once("{{").and_then(|(_, rest)| rest.split_once("}}"));
                word.is_some_and(|(word, _)| word.chars().all(char::is_alphanumeric))
            });
            assert!(!is_left && !text.contains("tinyrealm_coin_rush"), "{path}");
            assert!(!text.is_empty() && !text.contains('\t'), "{path}");
        }
    }
}

#[test]
fn a_folder_that_is_there_stays_and_the_error_says_what_to_do() {
    let folder = std::env::temp_dir().join(format!("tinyrealm-new-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    for name in [["--board", "my-board"].as_slice(), &["my-game"]] {
        let words = ["tinyrealm", "new", "--into", folder.to_str().unwrap()];
        let cli = Cli::try_parse_from(words.iter().chain(name)).unwrap();
        let Some(Command::New(options)) = cli.command else { panic!("{name:?}") };
        let problem = run(&options).unwrap_err().to_string();
        assert!(problem.contains("--into FOLDER"), "{problem}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir(&folder).unwrap();
}

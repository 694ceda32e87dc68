//! Every command of the command line answers for itself.

use clap::builder::ValueParser;
use clap::error::ErrorKind;

use super::*;

/// The words of every command, those of the program itself first.
fn paths(command: &clap::Command, before: &[String]) -> Vec<Vec<String>> {
    let below = command.get_subcommands().flat_map(|sub| {
        let path = [before, &[sub.get_name().to_owned()]].concat();
        paths(sub, &path)
    });
    [before.to_vec()].into_iter().chain(below).collect()
}

fn every_path() -> Vec<Vec<String>> {
    let mut command = Cli::command();
    command.build();
    let paths = paths(&command, &["tinyrealm".to_owned()]);
    assert!(paths.len() > 25, "{paths:?}");
    paths.into_iter().filter(|path| !path.contains(&"help".to_owned())).collect()
}

fn answer(path: &[String], more: &[&str]) -> clap::Error {
    let words = path.iter().map(String::as_str).chain(more.iter().copied());
    let answer = Cli::command().try_get_matches_from(words);
    answer.expect_err(&format!("{path:?} {more:?} is no error"))
}

#[test]
fn every_command_tells_what_it_does_and_what_it_takes() {
    for path in every_path() {
        let told = answer(&path, &["--help"]);
        assert_eq!((told.kind(), told.exit_code()), (ErrorKind::DisplayHelp, 0), "{path:?}");
        assert!(told.to_string().contains(&format!("Usage: {}", path.join(" "))), "{told}");
    }
}

#[test]
fn every_command_refuses_a_flag_that_it_does_not_have() {
    for path in every_path() {
        let told = answer(&path, &["--no-such-flag"]);
        assert_eq!((told.kind(), told.exit_code()), (ErrorKind::UnknownArgument, 2), "{path:?}");
        assert!(told.to_string().starts_with("error: unexpected argument '--no-such-flag'"));
    }
}

fn check(command: &clap::Command, path: &str) {
    assert!(command.get_about().is_some(), "{path} does not tell what it does");
    for argument in command.get_arguments() {
        let name = argument.get_id();
        assert!(argument.get_help().is_some(), "{path} does not tell what {name} is");
    }
    for sub in command.get_subcommands() {
        check(sub, &format!("{path} {}", sub.get_name()));
    }
}

#[test]
fn every_command_and_every_flag_has_a_line() {
    let command = Cli::command();
    command.clone().debug_assert();
    check(&command, "tinyrealm");
}

/// Whether the values of a flag are numbers of some type.
fn is_number(parser: &ValueParser) -> bool {
    let numbers = [
        ValueParser::from(clap::value_parser!(u8)).type_id(),
        ValueParser::from(clap::value_parser!(u16)).type_id(),
        ValueParser::from(clap::value_parser!(u32)).type_id(),
        ValueParser::from(clap::value_parser!(u64)).type_id(),
    ];
    numbers.contains(&parser.type_id())
}

#[test]
fn every_number_beyond_its_flag_s_type_is_told_with_its_bounds() {
    let mut program = Cli::command();
    program.build();
    let mut count = 0;
    for path in every_path() {
        let below = path[1..].iter();
        let command = below.fold(&program, |command, name| {
            command.find_subcommand(name).expect("it is one of them")
        });
        for argument in command.get_arguments().filter(|it| is_number(it.get_value_parser())) {
            let Some(flag) = argument.get_long() else { continue };
            count += 1;
            let told = answer(&path, &[&format!("--{flag}=4294967296000")]).to_string();
            assert!(told.contains(flag) && told.contains("is not in "), "{told}");
        }
    }
    assert!(count > 15, "{count}");
}

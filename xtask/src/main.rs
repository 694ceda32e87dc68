//! `cargo xtask`: the project's own commands.
//!
//! Purpose: everything that a developer or a continuous integration runs is one of these, so that
//! both run the same. One file a command.
//!
//! Contract: a command answers with its exit code: 0 it holds, 1 it does not, 2 it was called wrongly.
//! Nothing but the standard library, so that the tool itself is there in a second or two.

mod bare_metal;
mod bench;
mod browser;
mod budget;
mod chaos;
mod clocks;
mod cluster;
mod command;
mod commands;
mod crates;
mod csharp;
mod deploy;
mod each_feature;
mod failure;
mod firmware;
mod fuzz;
mod hostile;
mod interop;
mod mixed;
mod new_board;
mod new_game;
mod no_panic;
mod package;
mod packages;
mod peers;
mod process;
mod protocol;
mod proxies;
mod qemu;
mod revision;
mod ten_minutes;
mod test;
mod tidy;
mod toolchain;
mod wasm_shape;
mod web;
mod wireshark;
mod workspace;

use std::process::ExitCode;

use command::{Call, is_help};
use commands::COMMANDS;
use failure::Failure;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", help());
        return ExitCode::from(2);
    };
    if name == "help" || is_help(name) {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    match answer(name, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn answer(name: &str, arguments: &[String]) -> Result<(), Failure> {
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        let line = format!("There is no command `{name}`: `cargo xtask --help` names them");
        return Err(Failure::misused(line));
    };
    match command.read(arguments)? {
        Call::Run(arguments) => (command.run)(&arguments),
        Call::Help(text) => {
            print!("{text}");
            Ok(())
        }
    }
}

/// The commands, a line each.
fn help() -> String {
    let mut text = String::from("cargo xtask COMMAND; `--help` behind one says more\n\n");
    for command in COMMANDS {
        text += &format!("  {:<13} {} ({})\n", command.name, command.does, command.takes);
    }
    text + "\nSteps of `cargo xtask test`, in two lanes that run beside each other:\n\n"
        + &test::help()
}

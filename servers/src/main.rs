//! `tinyrealm`: the servers of a realm, its bots and its terminal client, in one binary.
//!
//! Purpose: [`cli`] says what there is, [`config`] where numbers come from; one module a command.
//!
//! Contract: results go to standard output, logs to standard error. A mistake of the user is one
//! line that says what to do, and exit code 2 for the command line, 1 for the rest.

mod accounts;
mod ban;
mod bans;
mod bots;
mod chat_server;
mod cli;
mod client;
mod config;
mod decode;
mod http;
mod keyring;
mod login_server;
mod main_server;
mod password_input;
mod process;
mod report;
mod secret;
mod status;
mod up;
mod user;
mod world_server;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use config::Config;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let config = Config::load(cli.config.as_deref(), std::env::vars(), &cli.overrides())?;
    process::start_logging(&config.log)?;
    match &cli.command {
        None => up::run(&config),
        Some(Command::Up(_)) => up::run(&config),
        Some(Command::Main(_)) => main_server::run(&config),
        Some(Command::Login(options)) => login_server::run(&config, options.if_lost()),
        Some(Command::World(_)) => world_server::run(&config),
        Some(Command::User(command)) => user::run(command, &config),
        Some(Command::Ban(command)) => ban::run(command, &config),
        Some(Command::Key(command)) => keyring::run_key(command, &config),
        Some(Command::Secret(command)) => keyring::run_secret(command),
        Some(Command::Chat(_)) => chat_server::run(&config),
        Some(Command::Bots(options)) => bots::run(options, &config),
        Some(Command::Client(options)) => client::run(options, &config),
        Some(Command::Decode(options)) => decode::run(options),
        Some(Command::CheckConfig) => {
            print!("{}", config.to_toml()?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

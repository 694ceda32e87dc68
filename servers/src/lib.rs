//! A whole realm's servers as one call: the command line, configuration, metrics, secrets and all, with
//! games of your own.
//!
//! Purpose: [`serve`] is the `main` of a game's server. It is the binary `tinyrealm` with other games:
//! `up`, `world`, `bots`, `client` and every other command. [`games!`] names them, and each is a
//! [`Game`](tinyrealm_core::node::world::Game) that knows nothing of servers, so it runs on a board, too.
//!
//! Contract: results go to standard output, logs to standard error. A mistake of the user is one
//! line that says what to do, and exit code 2 for the command line, 1 for the rest. The first game is
//! the one that worlds run which are told no other.
//!
//! Threads of the author's own act on running worlds: [`Server::with_thread`].
//!
//! Bounds: what the configuration says; `check-config` prints all of it.
//!
//! ```no_run
//! use tinyrealm_core::node::world::Game;
//!
//! #[derive(Default)]
//! struct CoinRush;
//! impl Game for CoinRush {
//!     const NAME: &'static str = "coin-rush";
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     tinyrealm::serve(tinyrealm::games![CoinRush])
//! }
//! ```

mod accounts;
mod admin;
mod ban;
mod bans;
#[cfg(unix)]
mod board;
#[cfg(test)]
mod book;
mod bots;
mod cert;
mod chat_server;
mod cli;
mod client;
mod cluster_secret;
mod config;
mod control;
mod ctl;
mod database;
mod db;
mod decode;
#[cfg(feature = "cluster")]
mod directory;
mod exceptions;
mod game_settings;
mod games;
mod hangups;
mod hopeless;
mod http;
mod json_lines;
mod keyring;
mod link_limits;
mod log_bridge;
mod logging;
mod login_server;
mod main_server;
mod names;
mod new;
mod operating;
mod password_input;
#[cfg(feature = "cluster")]
mod postgres;
mod process;
mod reachable;
mod refused;
mod relay;
mod reload;
mod report;
mod results;
mod say;
mod schema;
mod secret;
#[cfg(unix)]
mod serial;
mod server;
mod service_manager;
mod shares;
mod status;
mod store;
mod tls;
mod up;
mod user;
mod web;
mod world_server;

use std::process::ExitCode;

use cli::{Cli, Command};
use config::Config;
use control::Threads;
pub use control::{
    Answer, COMMANDS_MAX, COMMANDS_PER_TURN, ControlError, NOTICE_LINE_BYTES, NOTICES_MAX, Notice,
    RoomKey, WorldHandle,
};
#[doc(hidden)]
pub use games::names_differ;
pub use games::{Games, HostedGame};
use log_bridge::VisitLines;
use reload::Reload;
pub use server::Server;
use tinyrealm_core::node::longest;

/// Runs the command line of this process with these games; see the [crate](self).
pub fn serve(games: Games) -> ExitCode {
    Server::new(games).serve()
}

/// The servers that a command starts, and the longest of what others say to each.
const fn roles_of(command: Option<&Command>) -> &'static [(&'static str, usize)] {
    const MAIN: (&str, usize) = ("Main", longest::MAIN_HEARS_BYTES);
    const WORLD: (&str, usize) = ("a world", longest::WORLD_HEARS_BYTES);
    const CHAT: (&str, usize) = ("the chat server", longest::CHAT_HEARS_BYTES);
    const LOGIN: (&str, usize) = ("Login", longest::LOGIN_HEARS_BYTES);
    match command {
        None | Some(Command::Up(_)) => &[MAIN, WORLD, CHAT, LOGIN],
        Some(Command::Main(_)) => &[MAIN],
        Some(Command::World(_)) => &[WORLD],
        Some(Command::Chat(_)) => &[CHAT],
        Some(Command::Login(_)) => &[LOGIN],
        _ => &[],
    }
}

/// A whole realm in one terminal has bots, and says there how it does.
const fn visit_lines_of(command: Option<&Command>) -> VisitLines {
    match command {
        None | Some(Command::Up(_)) => VisitLines::Debug,
        Some(_) => VisitLines::Info,
    }
}

fn run(cli: &Cli, games: Games, threads: Threads) -> anyhow::Result<ExitCode> {
    let (file, overrides) = (cli.config.clone(), cli.overrides());
    let mut config = Config::load(games, file.as_deref(), std::env::vars(), &overrides)?;
    games::ensure_threads(games, &threads)?;
    config.threads = threads;
    let visits = visit_lines_of(cli.command.as_ref());
    logging::start(&config.log.level, config.log.format, visits)?;
    let roles = roles_of(cli.command.as_ref());
    for (role, least_bytes) in roles {
        config.net.ensure_hears(role, *least_bytes)?;
    }
    if !roles.is_empty() {
        Reload::new(games, file, overrides, &config).start()?;
        config.net.identity = tls::start(&config.net.tls)?;
    }
    match &cli.command {
        None => up::run(&config),
        Some(Command::Up(_)) => up::run(&config),
        Some(Command::Main(_)) => main_server::run(&config),
        Some(Command::Login(options)) => login_server::run(&config, options.if_lost()),
        Some(Command::World(_)) => world_server::run(&config),
        Some(Command::User(command)) => user::run(command, &config),
        Some(Command::Db(command)) => db::run(command, &config),
        Some(Command::Ban(command)) => ban::run(command, &config),
        Some(Command::Ctl(options)) => ctl::run(options, &config),
        Some(Command::Key(command)) => keyring::run_key(command, &config),
        Some(Command::Secret(command)) => keyring::run_secret(command),
        Some(Command::Cert(command)) => cert::run(command),
        Some(Command::Chat(_)) => chat_server::run(&config),
        Some(Command::Bots(options)) => bots::run(options, &config),
        Some(Command::Client(options)) => client::run(options, &config),
        Some(Command::Results(options)) => results::run(options, &config, games),
        Some(Command::Decode(options)) => decode::run(options, games),
        Some(Command::New(options)) => new::run(options),
        Some(Command::Web(options)) => web::run(&options.out, games),
        Some(Command::Schema(options)) => schema::run(options, games),
        #[cfg(unix)]
        Some(Command::Serial(options)) => serial::run(options),
        #[cfg(unix)]
        Some(Command::Board(command)) => board::run(command),
        Some(Command::CheckConfig) => {
            say::text(format_args!("{}", config.to_toml()?))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

//! The command line.
//!
//! Every flag of a server is an override of one key of the configuration, so there is one way in
//! which a number gets its value.

mod ban;
#[cfg(unix)]
mod board;
mod bots;
mod cert;
mod ctl;
mod db;
mod decode;
mod key;
mod new;
mod results;
mod room;
mod schema;
#[cfg(unix)]
mod serial;
#[cfg(test)]
mod tests;
mod trust;
mod user;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use tinyrealm_core::protocol::NICKNAME_MAX_BYTES;

use crate::accounts::IfLost;
use crate::config::Override;
use crate::games::{Games, names};
pub(crate) use ban::BanCommand;
#[cfg(unix)]
pub(crate) use board::{BoardCommand, ProvisionOptions};
pub(crate) use bots::BotOptions;
pub(crate) use cert::{CertCommand, DevOptions};
pub(crate) use ctl::{
    Admin, Banned, CtlCommand, CtlOptions, Drained, ListOptions as CtlListOptions, Spoken,
};
pub(crate) use db::DbCommand;
pub(crate) use decode::DecodeOptions;
pub(crate) use key::{KeyCommand, SecretCommand};
pub(crate) use new::{Beginning, NewOptions, Wanted};
pub(crate) use results::ResultsOptions;
pub(crate) use room::RoomOptions;
pub(crate) use schema::{Language, SchemaOptions};
#[cfg(unix)]
pub(crate) use serial::SerialOptions;
use trust::parse_server;
pub(crate) use trust::{TrustOptions, scheme_of};
pub(crate) use user::{AddOptions, Credential, UserCommand};
use user::{CreateOptions, DataOptions};

/// A realm of small rooms: gateway, worlds, bots and a terminal client in one binary.
///
/// Without a command, `up` runs: everything in one process, with demo bots.
#[derive(Debug, Parser)]
#[command(name = "tinyrealm", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// What to run.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The flags of `up`, when no command is given.
    #[command(flatten)]
    up: UpOptions,
    /// Read the configuration from FILE (TOML); see `check-config` for all keys.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set one key of the configuration, like `--set world.rooms=4`; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = parse_override)]
    set: Vec<Override>,
    /// How much to log: error, warn, info, debug or trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
}

/// What to run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process: Login, Main, chat, worlds and demo bots.
    Up(UpOptions),
    /// Run MainServer, the gateway that clients say hello to.
    Main(MainOptions),
    /// Run WorldServer, whose rooms clients play in.
    World(WorldOptions),
    /// Run LoginServer, which knows the accounts.
    Login(LoginOptions),
    /// Make, change and list accounts; works while the login server runs, too.
    #[command(subcommand)]
    User(UserCommand),
    /// Prepare the database that accounts are in if `login.database` is set, and bring them there.
    #[command(subcommand)]
    Db(DbCommand),
    /// Turn users and addresses away, guests too; works while Main runs, too.
    #[command(subcommand)]
    Ban(BanCommand),
    /// Ask a running server, and have it do things: list, kick, ban, drain.
    Ctl(CtlOptions),
    /// Print what games have recorded, while the worlds run, too.
    Results(ResultsOptions),
    /// Print the key of one server, from the realm's secret: all that this server needs.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make a secret for a realm.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Make certificates, for TLS.
    #[command(subcommand)]
    Cert(CertCommand),
    /// Run ChatServer, which owns the channels.
    Chat(ChatOptions),
    /// Send bots into a realm, and check that everything they say arrives.
    Bots(BotOptions),
    /// Enter a realm in this terminal: see your room, and move with the keys.
    Client(ClientOptions),
    /// Print the configuration as it would be used, with every key, or say what is wrong with it.
    CheckConfig,
    /// Make a repository for a game of your own, or a crate for a board of your own; either can be played at once.
    New(NewOptions),
    /// Write the browser's client, and the games' own messages as JavaScript, into a folder for a page.
    Web(WebOptions),
    /// Say in words what bytes of the protocol are: names, fields, values, or what is wrong with them.
    Decode(DecodeOptions),
    /// Write the protocol for another language or tool.
    Schema(SchemaOptions),
    /// Connect a board that has a serial line and no network: its players and Main are reached by this machine.
    #[cfg(unix)]
    Serial(SerialOptions),
    /// Tell a board in set-up mode what it is.
    #[cfg(unix)]
    #[command(subcommand)]
    Board(BoardCommand),
}

/// The flags of `up`.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// How many demo bots to send in.
    #[arg(long, value_name = "N")]
    bots: Option<u32>,
    /// How many worlds to run, each on its own thread; 0 for as many as there are cores.
    #[arg(long, value_name = "N")]
    worlds: Option<u32>,
    /// What the rooms are for.
    #[arg(long, value_name = "GAME")]
    game: Option<String>,
}

/// The flags of `main`.
#[derive(Debug, Args)]
pub(crate) struct MainOptions {
    /// Where to listen, HOST:PORT.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The port to listen at; 0 picks a free one and prints it.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Where the chat server is, HOST:PORT; empty for a realm without channels.
    #[arg(long, value_name = "ADDR")]
    chat: Option<String>,
}

/// The flags of `world`.
#[derive(Debug, Args)]
pub(crate) struct WorldOptions {
    /// The id of the world; further nodes of this process count up from it.
    #[arg(long, value_name = "N")]
    id: Option<u16>,
    /// Where Main is, HOST:PORT; several with commas.
    #[arg(long, value_name = "ADDR")]
    main: Option<String>,
    /// Where to listen, HOST:PORT; further nodes count the port up.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The port to listen at; 0 picks a free one and prints it.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address that clients are told, if it is not the listening one.
    #[arg(long, value_name = "ADDR")]
    advertise: Option<String>,
    /// The region that the world serves.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// How many worlds this process runs, each on its own thread.
    #[arg(long, value_name = "N")]
    nodes: Option<u16>,
    /// How many rooms a world has.
    #[arg(long, value_name = "N")]
    rooms: Option<u16>,
    /// How many members a room takes.
    #[arg(long, value_name = "N")]
    room_capacity: Option<u16>,
    /// How long moves wait for each other; 0 to send at once.
    #[arg(long, value_name = "MS")]
    flush_interval_ms: Option<u32>,
    /// What the rooms are for.
    #[arg(long, value_name = "GAME")]
    game: Option<String>,
}

/// The flags of `web`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WebOptions {
    /// The folder; it is made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

/// The flags of `login`.
#[derive(Debug, Args)]
pub(crate) struct LoginOptions {
    /// Where to listen, HOST:PORT.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The port to listen at; 0 picks a free one and prints it.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    create: CreateOptions,
}

/// The flags of `chat`.
#[derive(Debug, Args)]
pub(crate) struct ChatOptions {
    /// Where to listen, HOST:PORT.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The port to listen at; 0 picks a free one and prints it.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

/// The flags of `client`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClientOptions {
    /// Where Main is, HOST:PORT; by TLS tls://HOST:PORT, by WebSocket ws://… or wss://…
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7000", value_parser = parse_server)]
    pub(crate) main: String,
    #[command(flatten)]
    pub(crate) trust: TrustOptions,
    /// The region to enter; any, if it is not given.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) region: String,
    #[command(flatten)]
    pub(crate) room: RoomOptions,
    /// What you want to be called, at most 24 bytes; nothing, or your account's name, if it is not given.
    #[arg(long, value_name = "NAME", default_value = "", value_parser = parse_nickname)]
    pub(crate) name: String,
    /// Log in as this account; without, come as a guest.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Where Login is, as Main.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LOGIN, value_parser = parse_server)]
    pub(crate) login: String,
    /// Read the password from the first line of FILE; without, it is asked for.
    #[arg(long, value_name = "FILE", requires = "id")]
    pub(crate) password_file: Option<PathBuf>,
    /// Come as a device: with the key in FILE, as `tinyrealm user add --device-key` prints it. Its link to Main is sealed
    /// with it, and no Login is needed.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    pub(crate) device_key: Option<PathBuf>,
}

const DEFAULT_LOGIN: &str = "127.0.0.1:7200";
/// A nickname that is short enough; Main looks at the rest of it.
fn parse_nickname(text: &str) -> Result<String, String> {
    if text.len() > NICKNAME_MAX_BYTES {
        return Err(format!("at most {NICKNAME_MAX_BYTES} bytes"));
    }
    Ok(text.to_owned())
}

fn parse_override(text: &str) -> Result<Override, String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok(Override::new(key.trim(), value.trim()))
}

impl Cli {
    /// The command line of this process, whose help knows these games. It ends here if it is wrong.
    pub(crate) fn parse_with(games: Games) -> Self {
        let help = format!("What the rooms are for: {}", names(games));
        let command = Self::command().mut_arg("game", |game| game.help(help.clone()));
        let command = command
            .mut_subcommand("up", |up| up.mut_arg("game", |game| game.help(help.clone())))
            .mut_subcommand("world", |world| world.mut_arg("game", |game| game.help(help.clone())));
        let matches = command.get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// What the flags set, in the configuration's own words. Later ones win.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let mut overrides = self.set.clone();
        let mut push = |key: &str, value: Option<String>| {
            overrides.extend(value.map(|value| Override::new(key, &value)));
        };
        push("log.level", self.log.clone());
        match &self.command {
            None => self.up.push_to(&mut push),
            Some(Command::Up(options)) => options.push_to(&mut push),
            Some(Command::Main(options)) => options.push_to(&mut push),
            Some(Command::World(options)) => options.push_to(&mut push),
            Some(Command::Login(options)) => options.push_to(&mut push),
            Some(Command::User(command)) => command.data().push_to(&mut push),
            Some(Command::Ban(command)) => command.push_to(&mut push),
            Some(Command::Chat(options)) => options.push_to(&mut push),
            Some(Command::Results(options)) => options.push_to(&mut push),
            Some(
                Command::Bots(_)
                | Command::Client(_)
                | Command::Ctl(_)
                | Command::Key(_)
                | Command::Secret(_)
                | Command::Cert(_)
                | Command::Db(_)
                | Command::CheckConfig
                | Command::New(_)
                | Command::Web(_)
                | Command::Decode(_)
                | Command::Schema(_),
            ) => {}
            #[cfg(unix)]
            Some(Command::Serial(_) | Command::Board(_)) => {}
        }
        overrides
    }
}

fn text(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}

impl UpOptions {
    fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("up.bots", text(self.bots.as_ref()));
        push("up.worlds", text(self.worlds.as_ref()));
        push("world.game", self.game.clone());
    }
}

impl MainOptions {
    fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("main.listen", text(self.listen.as_ref()));
        push("main.port", text(self.port.as_ref()));
        push("main.chat", self.chat.clone());
    }
}

impl ChatOptions {
    fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("chat.listen", text(self.listen.as_ref()));
        push("chat.port", text(self.port.as_ref()));
    }
}

impl WorldOptions {
    fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("world.id", text(self.id.as_ref()));
        push("world.mains", self.main.clone());
        push("world.listen", text(self.listen.as_ref()));
        push("world.port", text(self.port.as_ref()));
        push("world.advertise", self.advertise.clone());
        push("world.region", self.region.clone());
        push("world.nodes", text(self.nodes.as_ref()));
        push("world.rooms", text(self.rooms.as_ref()));
        push("world.room_capacity", text(self.room_capacity.as_ref()));
        push("world.flush_interval_ms", text(self.flush_interval_ms.as_ref()));
        push("world.game", self.game.clone());
    }
}

impl LoginOptions {
    fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("login.listen", text(self.listen.as_ref()));
        push("login.port", text(self.port.as_ref()));
        self.data.push_to(push);
    }

    /// What becomes of accounts that are gone.
    pub(crate) const fn if_lost(&self) -> IfLost {
        self.create.if_lost()
    }
}

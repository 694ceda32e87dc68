//! The flags of `bots`.

use std::path::PathBuf;

use clap::Args;
use tinyrealm_core::protocol::ACCOUNT_MAX_BYTES;

use super::trust::{TrustOptions, parse_server};
use super::{DEFAULT_LOGIN, RoomOptions};
use crate::accounts::id_problem;

/// The flags of `bots`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BotOptions {
    /// Where Main is, HOST:PORT; by TLS tls://HOST:PORT, by WebSocket ws://… or wss://… Of several, with commas between them,
    /// each bot says hello to another one, and to the next one when that is gone.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', default_value = "127.0.0.1:7000", value_parser = parse_server)]
    pub(crate) main: Vec<String>,
    #[command(flatten)]
    pub(crate) trust: TrustOptions,
    /// Where Login is, as Main, for bots with accounts.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LOGIN, value_parser = parse_server)]
    pub(crate) login: String,
    /// Log in with the accounts of FILE: one `ID PASSWORD` a line, at least one a bot.
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// Log in with throw-away accounts whose ids begin with PREFIX, made in the store of a Login on
    /// this machine and removed at the end.
    #[arg(long, value_name = "PREFIX", conflicts_with = "accounts", value_parser = parse_prefix)]
    pub(crate) make_accounts: Option<String>,
    /// How many bots.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) count: u16,
    /// How often each of them sends, a second.
    #[arg(long, value_name = "R", default_value_t = 10.0, value_parser = parse_rate)]
    pub(crate) hz: f64,
    /// For how long they send, in seconds.
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = parse_seconds)]
    pub(crate) seconds: f64,
    /// The region to enter; any, if it is not given.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) region: String,
    #[command(flatten)]
    pub(crate) room: RoomOptions,
    /// Play this game by the bot of its author, who says what must hold; without, they walk, and count what
    /// arrives.
    #[arg(long, value_name = "GAME", conflicts_with = "events")]
    pub(crate) game: Option<String>,
    /// Connect as WebSockets, which they all do where Main is ws://… or wss://…: all of them, or N, spread evenly so that rooms have both kinds.
    #[arg(long, value_name = "N")]
    pub(crate) ws: Option<Option<u16>>,
    /// Send events, which are never replaced by newer ones, instead of moves.
    #[arg(long)]
    pub(crate) events: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// How often each of them says something in a channel, a second; 0 for never.
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = parse_chat_rate)]
    pub(crate) chat_hz: f64,
    /// How many channels they share.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) channels: u16,
    /// Servers go away and come back meanwhile: that is no fault, if everyone is back in a room and in
    /// its channel at the end.
    #[arg(long)]
    pub(crate) through_restarts: bool,
    /// How long they may take to join, in seconds.
    #[arg(long, value_name = "S", default_value_t = 30.0, value_parser = parse_seconds)]
    pub(crate) join_seconds: f64,
}

/// Bytes of a bot's number behind its prefix.
const BOT_NUMBER_MAX_BYTES: usize = 5;

fn parse_prefix(text: &str) -> Result<String, String> {
    match id_problem(text) {
        Some(problem) => Err(problem),
        None if text.len() + BOT_NUMBER_MAX_BYTES > ACCOUNT_MAX_BYTES => {
            Err(format!("expected at most {} characters", ACCOUNT_MAX_BYTES - BOT_NUMBER_MAX_BYTES))
        }
        None => Ok(text.to_owned()),
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    parse_between(text, 0.1, 1_000.0)
}

fn parse_chat_rate(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, 1_000.0)
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    parse_between(text, 0.1, 1_000_000.0)
}

fn parse_between(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    let fits = (least..=most).contains(&value);
    fits.then_some(value).ok_or_else(|| format!("expected a number between {least} and {most}"))
}

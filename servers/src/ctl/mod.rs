//! `tinyrealm ctl`: whoever runs a server, at its operator's listener, from a shell.
//!
//! Contract: what was asked for is on standard output, for people or as the server's own JSON; what is wrong is one line
//! that says what to do.

mod client;
mod show;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::{Admin, Banned, CtlCommand, CtlListOptions, CtlOptions, Drained, Spoken};
use crate::config::Config;
use crate::http::Token;
use crate::process;
use crate::say::hand_out;
use client::Client;

/// Asks one thing of a server.
pub(crate) fn run(options: &CtlOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let admin = match &options.admin {
        Some(admin) => admin.clone(),
        None => Admin { spoken: Spoken::InClear, place: main_here(config).to_string() },
    };
    let file = options.token_file.clone();
    let configured = || {
        Some(config.admin.token_file.as_str().into())
            .filter(|_| !config.admin.token_file.is_empty())
    };
    let token = file.or_else(configured).map(|path| Token::read(&path)).transpose();
    let tls = match admin.spoken {
        Spoken::InClear => None,
        Spoken::ByTls => Some(options.trust.trust()?.config().map_err(anyhow::Error::msg)?),
    };
    let token = token.context("the operator's token")?;
    let client = Client { admin: admin.place, tls, token };
    let answer = ask(&client, &options.command)?;
    if options.json {
        hand_out!("{answer}")?;
    } else {
        show::show(&options.command, &answer)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the operator of this machine's Main is.
fn main_here(config: &Config) -> SocketAddr {
    process::local(config.admin.address(config.main.address()))
}

fn ask(client: &Client, command: &CtlCommand) -> anyhow::Result<Value> {
    match command {
        CtlCommand::Status => client.read("server", ""),
        CtlCommand::Worlds(options) => list(client, "worlds", options),
        CtlCommand::Rooms(options) => list(client, "rooms", options),
        CtlCommand::Users(options) => list(client, "users", options),
        CtlCommand::Channels(options) => list(client, "channels", options),
        CtlCommand::Bans(options) => list(client, "bans", options),
        CtlCommand::Kick(options) => {
            let mut body = user(&options.who);
            body["reason"] = json!(options.reason);
            client.act("kick", &body)
        }
        CtlCommand::Ban(options) => {
            let mut body = match options.who.parse::<std::net::IpAddr>() {
                Ok(address) => json!({ "address": address }),
                Err(_) => user(&options.who),
            };
            body["reason"] = json!(options.reason);
            body["seconds"] = json!(options.seconds);
            client.act("ban", &body)
        }
        CtlCommand::Unban(options) => client.act(
            "unban",
            &match options.who {
                Banned::Uid(uid) => json!({ "uid": uid }),
                Banned::Address(address) => json!({ "address": address }),
            },
        ),
        CtlCommand::Say(options) => client.act("say", &json!({ "text": options.words.join(" ") })),
        CtlCommand::Drain(options) => {
            let world = Drained::world(options.who);
            client.act("drain", &json!({ "world": world, "within_seconds": options.within }))
        }
        CtlCommand::Undrain(options) => {
            client.act("undrain", &json!({ "world": Drained::world(options.who) }))
        }
        CtlCommand::Move(options) => {
            let mut body = match options.from {
                Some(from) => {
                    let number = options.room.parse::<u16>();
                    let number = number.context("with --from, ROOM is a number of `ctl rooms`")?;
                    json!({ "from": from, "number": number })
                }
                None => json!({ "room": options.room }),
            };
            body["to"] = json!(options.to);
            client.act("move", &body)
        }
        CtlCommand::Log(options) => client.act("log", &json!({ "level": options.level })),
    }
}

/// Somebody, by number or by name.
fn user(who: &str) -> Value {
    match who.parse::<u64>() {
        Ok(uid) => json!({ "uid": uid }),
        Err(_) => json!({ "user": who }),
    }
}

fn list(client: &Client, what: &str, options: &CtlListOptions) -> anyhow::Result<Value> {
    let text = client::encoded(options.text.as_deref().unwrap_or_default());
    client.read(what, &format!("?page={}&q={text}", options.page))
}

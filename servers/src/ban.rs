//! `tinyrealm ban`: whom Main and Login turn away, from a shell.

use std::process::ExitCode;

use anyhow::bail;

use crate::accounts::now;
use crate::bans::{self, BanFile};
use crate::cli::BanCommand;
use crate::config::Config;
use crate::say::{hand_out, say};
use crate::user::date;

/// Does one thing to the list of bans.
pub(crate) fn run(command: &BanCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let files = BanFile::all(config)?;
    match command {
        BanCommand::Add(options) => {
            let until = options.seconds.map(|seconds| now() + seconds);
            for file in &files {
                file.change(|bans| bans.add(options.who, until, options.reason()))?;
            }
            let end = until.map_or_else(String::new, |until| format!(" until {}", date(until)));
            say!("{} is banned{end}", options.who);
        }
        BanCommand::Remove(options) => {
            let mut was_banned = false;
            for file in &files {
                file.change(|bans| {
                    was_banned |= bans.remove(options.who);
                    Ok(())
                })?;
            }
            if !was_banned {
                bail!("{} is not banned", options.who);
            }
            say!("{} is not banned any more", options.who);
        }
        BanCommand::List(_) => {
            for ban in bans::in_force(&files)? {
                let until = ban.until.map_or_else(|| "for ever".to_owned(), date);
                let by = if ban.by_game { "  by a game" } else { "" };
                let why = if ban.reason.is_empty() { "" } else { "  " };
                hand_out!("{:<24}  {until}{by}{why}{}", ban.who.to_string(), ban.reason)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

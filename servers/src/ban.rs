//! `tinyrealm ban`: whom Main turns away, from a shell.

use std::process::ExitCode;

use anyhow::bail;

use crate::accounts::now;
use crate::bans::BanFile;
use crate::cli::BanCommand;
use crate::config::Config;
use crate::user::date;

/// Does one thing to the list of bans.
pub(crate) fn run(command: &BanCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let file = BanFile::of(&config.main)?;
    match command {
        BanCommand::Add(options) => {
            let until = options.seconds.map(|seconds| now() + seconds);
            file.change(|bans| bans.add(options.who, until))?;
            let end = until.map_or_else(String::new, |until| format!(" until {}", date(until)));
            println!("{} is banned{end}", options.who);
        }
        BanCommand::Remove(options) => {
            file.change(|bans| match bans.remove(options.who) {
                true => Ok(()),
                false => bail!("{} is not banned", options.who),
            })?;
            println!("{} is not banned any more", options.who);
        }
        BanCommand::List(_) => {
            for ban in file.read()?.in_force() {
                let until = ban.until.map_or_else(|| "for ever".to_owned(), date);
                println!("{:<24}  {until}", ban.who.to_string());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

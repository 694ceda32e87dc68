//! What `tinyrealm db` does, where there is PostgreSQL.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::accounts;
use crate::bans;
use crate::cli::DbCommand;
use crate::config::Config;
use crate::postgres::Link;
use crate::postgres::address::Address;
use crate::postgres::migrations::{self, Schema};
use crate::say::{hand_out, say};
use crate::status::StatusLine;

/// Does one thing to the database; `status` ends with 1 if a server would not start with it.
pub(crate) fn run(command: &DbCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let settings = &config.login;
    ensure!(
        settings.has_database(),
        "there is no database: set login.database or login.database_file"
    );
    let address = Address::read("login", settings.said())?;
    let mut link = Link::new(&address)?;
    let what = || format!("the database {address}");
    match command {
        DbCommand::Migrate => migrate(&mut link).with_context(what)?,
        DbCommand::Status => return status(&mut link, &address).with_context(what),
        DbCommand::Import(options) => import(&options.file, config).with_context(what)?,
        DbCommand::Restored => {
            accounts::note_restored(settings).with_context(what)?;
            say!("all tokens have ended, and new accounts get uids far above those that there are");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn migrate(link: &mut Link) -> anyhow::Result<()> {
    let done = migrations::migrate(link)?;
    for migration in &done {
        say!("migration {} ({}) is done", migration.number, migration.name);
    }
    say!("the database is what this program knows: migration {}", migrations::known().len());
    Ok(())
}

fn status(link: &mut Link, address: &Address) -> anyhow::Result<ExitCode> {
    let (applied, schema) = migrations::status(link)?;
    hand_out!("{address}")?;
    for one in &applied {
        hand_out!("  migration {:>3}  {:<20}  {}", one.number, one.name, one.at)?;
    }
    for missing in migrations::known().iter().skip(applied.len()) {
        hand_out!("  migration {:>3}  {:<20}  missing", missing.number, missing.name)?;
    }
    hand_out!(
        "{}",
        schema.problem().unwrap_or_else(|| "it is what this program knows".to_owned())
    )?;
    Ok(if schema == Schema::Fits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn import(file: &Path, config: &Config) -> anyhow::Result<()> {
    let mut line = StatusLine::on_stderr();
    let imported = accounts::import(&config.login, file, |text| line.show(text))?;
    drop(line);
    match imported {
        Some(count) => {
            say!("{count} accounts of {} are in the database", file.display());
            let bans = bans::import(&config.login, file)?;
            if bans > 0 {
                say!("{bans} bans that lie beside them are in the database");
            }
        }
        None => say!("the accounts of {} are in the database already", file.display()),
    }
    say!("a Login that still has the file is to be ended, and started with login.database");
    Ok(())
}

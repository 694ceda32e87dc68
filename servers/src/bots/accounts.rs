//! The accounts that bots log in with: those of a file, or throw-away ones.

use std::path::Path;

use anyhow::{Context, ensure};
use tinyrealm_core::node::client;

use crate::accounts::throw_away::{Credentials, ThrowAways};
use crate::cli::BotOptions;
use crate::config::Config;
use crate::secret;

/// What bots log in with.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    /// Where Login is.
    pub(crate) login_address: String,
    /// One a bot.
    pub(crate) credentials: Vec<Credentials>,
}

impl Accounts {
    /// What this bot shows to Login.
    pub(super) fn of(&self, bot: u16) -> client::Credentials<'_> {
        let own = self.credentials.get(usize::from(bot));
        own.map_or_else(client::Credentials::default, |own| client::Credentials {
            login_address: &self.login_address,
            id: &own.id,
            password: &own.password,
            device: None,
        })
    }
}

/// What bots log in with, and what removes it behind them.
pub(super) fn of(
    options: &BotOptions,
    config: &Config,
) -> anyhow::Result<(Option<Accounts>, Option<ThrowAways>)> {
    let accounts = |credentials| Accounts { login_address: options.login.clone(), credentials };
    if let Some(path) = &options.accounts {
        let credentials = read_accounts(path)?;
        ensure!(
            credentials.len() >= usize::from(options.count),
            "{} has {} accounts, fewer than the {} bots",
            path.display(),
            credentials.len(),
            options.count
        );
        return Ok((Some(accounts(credentials)), None));
    }
    let Some(prefix) = &options.make_accounts else { return Ok((None, None)) };
    let made = ThrowAways::make(&config.login, prefix, options.count)?;
    Ok((Some(accounts(made.credentials.clone())), Some(made)))
}

/// One `ID PASSWORD` a line.
fn read_accounts(path: &Path) -> anyhow::Result<Vec<Credentials>> {
    let text = String::from_utf8(secret::read(path, "the file of accounts")?)
        .with_context(|| format!("the file of accounts {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        let (id, password) = line.split_once(' ').with_context(|| {
            format!("line {} of {} is not `ID PASSWORD`", number + 1, path.display())
        })?;
        Ok(Credentials { id: id.to_owned(), password: password.to_owned() })
    });
    read.collect()
}

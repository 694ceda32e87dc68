//! `Home`: which store is configured, and what is done with it as a whole.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::place::Place;
#[cfg(feature = "cluster")]
use super::postgres;
use super::sqlite::SqliteStore;
use super::{AccountStore, IfLost, copies};
use crate::config::login::LoginSettings;
#[cfg(feature = "cluster")]
use crate::postgres::address::Address;
use crate::secret;

/// Which store is configured.
enum Home {
    Folder(Place),
    #[cfg(feature = "cluster")]
    Database(Box<Address>),
}

impl Home {
    fn of(settings: &LoginSettings) -> anyhow::Result<Self> {
        #[cfg(feature = "cluster")]
        if settings.has_database() {
            return Ok(Self::Database(Box::new(database(settings)?)));
        }
        let folder = secret::data_folder(&settings.data_folder)
            .context("the accounts: set login.data_folder")?;
        Ok(Self::Folder(Place::in_folder(&folder)))
    }

    /// For what is done with a file.
    fn folder(settings: &LoginSettings) -> anyhow::Result<Place> {
        match Self::of(settings)? {
            Self::Folder(place) => Ok(place),
            #[cfg(feature = "cluster")]
            Self::Database(address) => anyhow::bail!(
                "the accounts are in {address}: copy it with `pg_dump`, and bring copies back with `pg_restore` and \
                 `tinyrealm db restored`"
            ),
        }
    }
}

/// Where the configured store is, in words.
///
/// # Errors
/// If no folder is configured and the user has none.
pub(crate) fn location(settings: &LoginSettings) -> anyhow::Result<String> {
    Ok(match Home::of(settings)? {
        Home::Folder(place) => place.file.display().to_string(),
        #[cfg(feature = "cluster")]
        Home::Database(address) => address.to_string(),
    })
}

/// Whether there are, or were, accounts.
///
/// # Errors
/// If that can't be told.
pub(crate) fn are_known(settings: &LoginSettings) -> anyhow::Result<bool> {
    Ok(match Home::of(settings)? {
        Home::Folder(place) => place.look().is_some() || place.known()?.is_some(),
        #[cfg(feature = "cluster")]
        Home::Database(_) => true,
    })
}

/// What the tokens are signed with that devices keep: of all Logins of a store the same.
///
/// # Errors
/// If it can't be read or made.
pub(crate) fn device_secret(settings: &LoginSettings) -> anyhow::Result<[u8; 32]> {
    match Home::of(settings)? {
        Home::Folder(_) => secret::devices(&settings.data_folder),
        #[cfg(feature = "cluster")]
        Home::Database(address) => open_database(&address, settings)?.device_secret(),
    }
}

#[cfg(feature = "cluster")]
fn open_database(
    address: &Address,
    settings: &LoginSettings,
) -> anyhow::Result<postgres::PostgresStore> {
    let store = postgres::PostgresStore::open(address, settings);
    store.with_context(|| format!("the accounts in {address}"))
}

/// Opens the configured store; makes it if none was known.
///
/// # Errors
/// If it can't be read or made, or is lost.
pub(crate) fn open(settings: &LoginSettings) -> anyhow::Result<Box<dyn AccountStore>> {
    open_or(settings, IfLost::Refuse)
}

/// The same, but for what becomes of a store that is lost.
///
/// # Errors
/// If it can't be read or made.
pub(crate) fn open_or(
    settings: &LoginSettings,
    if_lost: IfLost,
) -> anyhow::Result<Box<dyn AccountStore>> {
    Ok(match Home::of(settings)? {
        Home::Folder(place) => Box::new(SqliteStore::open(place, if_lost)?),
        #[cfg(feature = "cluster")]
        Home::Database(address) => Box::new(open_database(&address, settings)?),
    })
}

/// The same at a server's start: all of it is checked, what is lost is made anew if `if_lost` says so,
/// and throw-away accounts of whoever was killed go.
///
/// # Errors
/// If it can't be read or made, or is lost or damaged.
pub(crate) fn open_at_start(settings: &LoginSettings, if_lost: IfLost) -> anyhow::Result<()> {
    let mut store: Box<dyn AccountStore> = match Home::of(settings)? {
        Home::Folder(place) => {
            let store = SqliteStore::open(place, if_lost)?;
            store.check()?;
            Box::new(store)
        }
        #[cfg(feature = "cluster")]
        Home::Database(address) => Box::new(open_database(&address, settings)?),
    };
    store.sweep(super::now())?;
    Ok(())
}

/// Copies the configured store into a file.
///
/// # Errors
/// If that can't be.
pub(crate) fn backup(settings: &LoginSettings, target: &Path) -> anyhow::Result<()> {
    copies::backup(&Home::folder(settings)?, target)
}

/// Puts a backup into the place of the configured store; answers where the former one is.
///
/// # Errors
/// If that can't be.
pub(crate) fn restore(settings: &LoginSettings, backup: &Path) -> anyhow::Result<Option<PathBuf>> {
    copies::restore(&Home::folder(settings)?, backup)
}

/// Brings the accounts of a file into the configured database; answers how many, or `None` if they were there.
///
/// # Errors
/// If that can't be: nothing was brought then.
#[cfg(feature = "cluster")]
pub(crate) fn import(
    settings: &LoginSettings,
    file: &Path,
    show: impl FnMut(&str),
) -> anyhow::Result<Option<usize>> {
    let source = postgres::import::Source::open(file);
    let source = source.with_context(|| format!("can't import {}", file.display()))?;
    open_database(&database(settings)?, settings)?.import(&source, show)
}

/// The configured database is a copy from before: ends all tokens, and no uid is given again.
///
/// # Errors
/// If it can't be changed.
#[cfg(feature = "cluster")]
pub(crate) fn note_restored(settings: &LoginSettings) -> anyhow::Result<()> {
    Ok(open_database(&database(settings)?, settings)?.note_restored()?)
}

#[cfg(feature = "cluster")]
fn database(settings: &LoginSettings) -> anyhow::Result<Address> {
    Address::read("login", settings.said())
}

//! `BanFile`: the file with the list of bans, and when it was last looked at; of a realm's list a copy.
//!
//! Contract: whoever reads it finds a whole list. A copy outlives an outage of its database: bans hold meanwhile, and none can be
//! made.

#[cfg(feature = "cluster")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(feature = "cluster")]
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context;

#[cfg(feature = "cluster")]
use super::of_realm::RealmBans;
use super::replacing::replace_file;
use super::{Ban, Bans};
use crate::config::login::LoginSettings;
use crate::config::{Auth, Config};
use crate::secret;

const FILE_NAME: &str = "bans.toml";
#[cfg(feature = "cluster")]
const COPY_NAME: &str = "bans-of-realm.toml";

/// For changes of one process at once: neither is lost.
static CHANGE: Mutex<()> = Mutex::new(());

/// The bans of these lists that hold now, each once; as the realm's list has them, if they are its copies.
///
/// # Errors
/// If one can't be read.
pub(crate) fn in_force(files: &[BanFile]) -> anyhow::Result<Vec<Ban>> {
    files.iter().try_for_each(BanFile::refresh)?;
    let lists: Vec<Bans> = files.iter().map(BanFile::read).collect::<anyhow::Result<_>>()?;
    let mut all: Vec<Ban> = lists.iter().flat_map(Bans::in_force).cloned().collect();
    all.sort_by_key(|ban| ban.who.to_string());
    all.dedup();
    Ok(all)
}

/// The file with the list, and when it was last looked at.
pub(crate) struct BanFile {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
    /// What it is a copy of, in a realm with a database.
    #[cfg(feature = "cluster")]
    realm: Option<Arc<RealmBans>>,
}

impl BanFile {
    /// In Main's data folder.
    ///
    /// # Errors
    /// If none is configured and the user has none.
    pub(crate) fn of_main(config: &Config) -> anyhow::Result<Self> {
        Self::within(&config.main.data_folder, &config.login)
            .context("the list of bans: set main.data_folder")
    }

    /// In Login's data folder.
    ///
    /// # Errors
    /// If none is configured and the user has none.
    pub(crate) fn of_login(settings: &LoginSettings) -> anyhow::Result<Self> {
        Self::within(&settings.data_folder, settings)
            .context("the list of bans: set login.data_folder")
    }

    /// Those of the servers that this configuration speaks of: often they are one.
    ///
    /// # Errors
    /// If a server has no folder, and the user has none.
    pub(crate) fn all(config: &Config) -> anyhow::Result<Vec<Self>> {
        let mut all = vec![Self::of_main(config)?];
        let has_login = config.main.auth == Auth::Login || !config.login.data_folder.is_empty();
        // Those of a realm are one list, wherever its copies are.
        if has_login && !config.login.has_database() {
            let of_login = Self::of_login(&config.login)?;
            all.extend((of_login.path != all[0].path).then_some(of_login));
        }
        Ok(all)
    }

    #[cfg(not(feature = "cluster"))]
    fn within(configured: &str, _: &LoginSettings) -> anyhow::Result<Self> {
        Ok(Self { path: secret::data_folder(configured)?.join(FILE_NAME), seen: None })
    }

    #[cfg(feature = "cluster")]
    fn within(configured: &str, database: &LoginSettings) -> anyhow::Result<Self> {
        let realm = RealmBans::of(database)?.map(Arc::new);
        let name = if realm.is_some() { COPY_NAME } else { FILE_NAME };
        Ok(Self { path: secret::data_folder(configured)?.join(name), seen: None, realm })
    }

    /// What it says; nobody, if it is not there.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn read(&self) -> anyhow::Result<Bans> {
        let what = || format!("the list of bans {}", self.path.display());
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Bans::default());
            }
            read => read.with_context(what)?,
        };
        let read = toml::from_str(&text);
        read.map_err(|error: toml::de::Error| anyhow::anyhow!("{}", error.message()))
            .with_context(what)
    }

    /// The same file, for somebody else to change.
    pub(crate) fn again(&self) -> Self {
        Self {
            path: self.path.clone(),
            seen: None,
            #[cfg(feature = "cluster")]
            realm: self.realm.clone(),
        }
    }

    /// Brings what the realm's list says into this file, if it is a copy.
    ///
    /// # Errors
    /// If the database does not answer, or the file can't be written.
    pub(crate) fn refresh(&self) -> anyhow::Result<()> {
        #[cfg(feature = "cluster")]
        if let Some(realm) = &self.realm {
            return realm.copy_to(&self.path);
        }
        Ok(())
    }

    /// [`BanFile::refresh`], which is tried again and again: its failure is said once.
    #[cfg(feature = "cluster")]
    pub(crate) fn keep_up(&self) {
        if let Some(realm) = &self.realm {
            realm.keep_up(&self.path);
        }
    }

    /// Whether there is something to keep up with.
    #[cfg(feature = "cluster")]
    pub(crate) const fn is_copy(&self) -> bool {
        self.realm.is_some()
    }

    /// What it says, if it is another file than at the last look.
    pub(crate) fn read_if_changed(&mut self) -> Option<anyhow::Result<Bans>> {
        let metadata = std::fs::metadata(&self.path).ok();
        let seen = metadata.and_then(|found| Some((found.modified().ok()?, found.len())));
        let is_new = seen != self.seen;
        self.seen = seen;
        is_new.then(|| self.read())
    }

    /// Changes the list, as a whole.
    ///
    /// # Errors
    /// If it can't be read or written, or the change can't be made.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&mut Bans) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        #[cfg(feature = "cluster")]
        if let Some(realm) = &self.realm {
            realm.change(change)?;
            // The list has it: what the copy lacks now, it has with the next look.
            realm.keep_up(&self.path);
            return Ok(());
        }
        let _change = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bans = self.read()?;
        change(&mut bans)?;
        replace_file(&self.path, &toml::to_string(&bans)?)
    }
}

/// Brings the bans that lie beside this file of accounts into the database; answers how many hold.
///
/// # Errors
/// If they can't be read, or the database does not answer.
#[cfg(feature = "cluster")]
pub(crate) fn import(settings: &LoginSettings, accounts: &Path) -> anyhow::Result<usize> {
    let path = accounts.with_file_name(FILE_NAME);
    let Some(realm) = RealmBans::of(settings)?.filter(|_| path.is_file()) else { return Ok(0) };
    let read = || Ok::<Bans, anyhow::Error>(toml::from_str(&std::fs::read_to_string(&path)?)?);
    let own = read().with_context(|| format!("the list of bans {}", path.display()))?;
    realm.change(|bans| own.in_force().try_for_each(|ban| bans.bring(ban)))?;
    Ok(own.in_force().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_when_it_has_changed() {
        let path = std::env::temp_dir().join(format!("tinyrealm-bans-{}.toml", std::process::id()));
        let mut list = BanFile {
            path: path.clone(),
            seen: None,
            #[cfg(feature = "cluster")]
            realm: None,
        };
        assert!(list.read_if_changed().is_none(), "there is none");
        list.change(|bans| bans.add("7".parse().unwrap(), Some(1 << 40), "")).unwrap();
        list.change(|bans| bans.add("192.0.2.1".parse().unwrap(), None, "")).unwrap();
        let read = list.read_if_changed().unwrap().unwrap();
        assert_eq!(read.in_force().count(), 2);
        assert!(list.read_if_changed().is_none());
        std::fs::write(&path, "nonsense").unwrap();
        assert!(list.read_if_changed().unwrap().is_err());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(list.read_if_changed().unwrap().unwrap(), Bans::default());
    }
}

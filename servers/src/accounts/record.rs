//! `Record`: what a data folder knows of its accounts besides the file that has them.
//!
//! Purpose: a uid is never given twice, whatever becomes of that file: it may be lost, or a copy of last
//! week may take its place. So the highest uid that was ever given stands in a file of its own, with
//! the realm's id and the highest revision.
//!
//! Contract: it is written by whoever holds the store's write lock. A uid stands here before its account
//! is in the store; a revision does after its change is. Numbers only rise.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

const HEAD: &str =
    "# Which accounts belong here, and which uids were given. Keep it with accounts.db.\n";

/// See the [module](self).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// 128 random bits.
    pub(super) realm: String,
    pub(super) highest_uid: i64,
    pub(super) revision: i64,
}

impl Record {
    /// What the file says; `None` if there is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let what = || {
            let path = path.display();
            format!(
                "can't read {path}: put it back from where its folder is kept, or remove it, then uids go \
                 on far above those of the accounts"
            )
        };
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(what)?,
        };
        let record: Self = toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.message()))
            .with_context(what)?;
        let is_sound = record.highest_uid >= 0 && record.revision >= 0 && !record.realm.is_empty();
        ensure!(is_sound, what());
        Ok(Some(record))
    }

    /// Whether there is anything that could be lost.
    pub(super) const fn has_accounts(&self) -> bool {
        self.highest_uid > 0
    }

    /// Written aside and renamed: a crash leaves the one or the other.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            let aside = path.with_extension("realm-new");
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&aside)?;
            file.write_all(format!("{HEAD}{}", toml::to_string(self)?).as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&aside, path)?;
            sync_folder(path)
        };
        write().with_context(|| format!("can't write {}", path.display()))
    }
}

/// What was renamed in the folder of `path` is so behind a crash, too.
pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

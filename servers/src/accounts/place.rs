//! `Place`: where a store is, and whether it is still there.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::record::Record;

/// The files of a store; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The database.
    pub(super) file: PathBuf,
    /// What is known without it.
    pub(super) record: PathBuf,
}

/// Which file a store has opened, and how much there was of it: a database never gets shorter.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    identity: (u64, u64),
    bytes: u64,
}

impl Place {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { file: folder.join("accounts.db"), record: folder.join("accounts.realm") }
    }

    /// What lies there; `None` if nothing does, or nothing is in it.
    pub(super) fn look(&self) -> Option<Found> {
        let metadata = std::fs::metadata(&self.file).ok().filter(|metadata| metadata.len() > 0)?;
        Some(Found { identity: identity(&metadata), bytes: metadata.len() })
    }

    /// Whether what was found is there still; answers how much there is of it now.
    pub(super) fn check(&self, found: Found) -> Result<Found, StoreError> {
        let is_it = |now: &Found| now.identity == found.identity && now.bytes >= found.bytes;
        self.look().filter(is_it).ok_or_else(|| StoreError::Displaced(self.file.clone()))
    }

    /// The database and what SQLite keeps beside it while it is open.
    pub(super) fn all_files(&self) -> [PathBuf; 3] {
        ["", "-wal", "-shm"].map(|suffix| with_suffix(&self.file, suffix))
    }

    /// What is known, if anything is.
    pub(super) fn known(&self) -> anyhow::Result<Option<Record>> {
        Record::read(&self.record)
    }
}

/// `path` with more behind its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere a file that is open can't be removed or replaced.
#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

//! `Place`: where a store is, and whether it is still there.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::record::Record;
use crate::database::{Found, with_suffix};

/// The files of a store; see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The database.
    pub(super) file: PathBuf,
    /// What is known without it.
    pub(super) record: PathBuf,
}

impl Place {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { file: folder.join("accounts.db"), record: folder.join("accounts.realm") }
    }

    /// What lies there; `None` if nothing does, or nothing is in it.
    pub(super) fn look(&self) -> Option<Found> {
        Found::look(&self.file)
    }

    /// Whether what was found is there still; answers how much there is of it now.
    pub(super) fn check(&self, found: Found) -> Result<Found, StoreError> {
        found.look_again(&self.file).ok_or_else(|| StoreError::Displaced(self.file.clone()))
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

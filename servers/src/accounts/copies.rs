//! Copies of a store: `tinyrealm user backup` and `restore`.
//!
//! Contract: a backup is one whole file, whatever is written meanwhile. What is restored has been checked
//! and belongs to this realm; its uids go on above all that were given, and its tokens have ended. What
//! was there before is kept beside it. A login server that runs meanwhile refuses everything from then
//! on, until it is started anew.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rusqlite::Connection;

use super::StoreError;
use super::opening::{self, Origin};
use super::place::Place;
use super::record::{Record, sync_folder};
use crate::database::{connect_to_read, make_private, with_suffix};

/// Copies the store of `place` into `target`, which is not there yet.
pub(super) fn backup(place: &Place, target: &Path) -> anyhow::Result<()> {
    ensure!(!target.exists(), "{} is there already: name another file", target.display());
    let source = connect_to_read(&place.file)?;
    opening::check(&source, &place.file)?;
    let aside = with_suffix(target, ".part");
    let copied = copy(&source, &aside).and_then(|()| Ok(std::fs::rename(&aside, target)?));
    if copied.is_err() {
        // It may not even have been made.
        let _ = std::fs::remove_file(&aside);
    }
    copied.with_context(|| format!("can't write {}", target.display()))?;
    sync_folder(&target.canonicalize()?)
}

/// All that `source` has, also what only its log has, as one file that nobody else reads.
fn copy(source: &Connection, target: &Path) -> anyhow::Result<()> {
    if target.exists() {
        std::fs::remove_file(target)?;
    }
    make_private(target)?;
    let name = target.to_str().context("its name is no text")?;
    source.execute("VACUUM INTO ?1", [name]).map_err(StoreError::from)?;
    Ok(File::open(target)?.sync_all()?)
}

/// Puts the accounts of `backup` into `place`; answers where those are that were there.
pub(super) fn restore(place: &Place, backup: &Path) -> anyhow::Result<Option<PathBuf>> {
    let what = || format!("can't restore {}", backup.display());
    ensure!(backup.is_file(), "there is no file {}", backup.display());
    let source = connect_to_read(backup).with_context(what)?;
    opening::check(&source, backup).with_context(what)?;
    let known = place.known()?;
    let aside = with_suffix(&place.file, ".restored");
    copy(&source, &aside).with_context(what)?;
    let record = settle(&aside, known.as_ref()).with_context(what)?;
    // From here on the former accounts are older than what is known.
    record.write(&place.record)?;
    let former = move_away(place)?;
    std::fs::rename(&aside, &place.file).with_context(what)?;
    sync_folder(&place.file)?;
    Ok(former)
}

/// Makes a copy one of this realm.
fn settle(path: &Path, known: Option<&Record>) -> anyhow::Result<Record> {
    let mut copy = Connection::open(path).map_err(StoreError::from)?;
    let change = opening::begin(&mut copy)?;
    ensure!(opening::version(&change)? > 0, "it is no account store");
    opening::upgrade(&change)?;
    let record = opening::settle(&change, known, Origin::Restored)?;
    change.commit().map_err(StoreError::from)?;
    drop(copy);
    File::open(path)?.sync_all()?;
    Ok(record)
}

fn move_away(place: &Place) -> anyhow::Result<Option<PathBuf>> {
    if !place.file.exists() {
        return Ok(None);
    }
    let former = (1..1_000)
        .map(|number| with_suffix(&place.file, &format!(".former-{number}")))
        .find(|former| !former.exists());
    let Some(former) = former else {
        bail!("there are too many former accounts beside {}: remove some", place.file.display());
    };
    for (from, suffix) in place.all_files().iter().zip(["", "-wal", "-shm"]) {
        if from.exists() {
            std::fs::rename(from, with_suffix(&former, suffix))?;
        }
    }
    Ok(Some(former))
}

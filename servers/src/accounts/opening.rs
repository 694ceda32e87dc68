//! How a store is opened: made if none was known, checked, brought up to date, held against what its
//! folder knows.
//!
//! Contract: no store is made in the place of one that was there. Whatever file lies in the folder, no
//! uid and no revision that was given is given again: one that is older than the folder knows, a copy,
//! goes on above that, and all tokens that are in it end. One of which nothing is known may have been
//! copied at any time, so it goes on far above.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::password::random_password;
use super::place::Place;
use super::record::Record;
use super::{FIRST_GUEST, StoreError};
use crate::database::{connect, damage, make_private};

pub(super) const SCHEMA_VERSION: i64 = 3;
const SCHEMA: &str = "
    CREATE TABLE accounts (
        uid INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        is_enabled INTEGER NOT NULL,
        is_throw_away INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        last_login_at INTEGER
    ) STRICT;
    CREATE TABLE tokens (
        hash BLOB PRIMARY KEY,
        uid INTEGER NOT NULL REFERENCES accounts (uid) ON DELETE CASCADE,
        issued INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tokens_of_account ON tokens (uid, issued);
";
/// A realm's one line; when throw-away accounts end; who was revoked, at which revision.
const SECOND_VERSION: &str = "
    CREATE TABLE realm (
        id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        all_revoked_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO realm VALUES ('', 1, 0);
    ALTER TABLE accounts ADD COLUMN expires_at INTEGER;
    ALTER TABLE accounts ADD COLUMN used_s INTEGER;
    ALTER TABLE accounts ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    UPDATE accounts SET expires_at = created_at + 86400, used_s = 86400 WHERE is_throw_away;
    CREATE INDEX throw_aways ON accounts (expires_at) WHERE is_throw_away;
    CREATE TABLE revocations (uid INTEGER PRIMARY KEY,
        revision INTEGER NOT NULL,
        renewed_at INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX revocations_by_revision ON revocations (revision, uid);
    PRAGMA user_version = 2;
";
/// Keys of devices.
const THIRD_VERSION: &str = "
    CREATE TABLE device_keys (
        key_id BLOB PRIMARY KEY,
        uid INTEGER NOT NULL REFERENCES accounts (uid) ON DELETE CASCADE,
        seal_key BLOB NOT NULL,
        token_hash BLOB NOT NULL UNIQUE,
        made_at INTEGER NOT NULL,
        last_used_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX device_keys_of_account ON device_keys (uid);
    PRAGMA user_version = 3;
";
/// So far above goes on who may have been copied at any time.
pub(super) const SKIPPED: i64 = 1_000_000;

/// What the operator wants of a store that is not there.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum IfLost {
    /// To be told.
    Refuse,
    /// A new one: `--create`.
    Create,
}

/// A connection to the store of `place`; see the [module](self).
pub(super) fn open(place: &Place, if_lost: IfLost) -> anyhow::Result<Connection> {
    let what = || format!("can't open the accounts {}", place.file.display());
    let known = place.known()?;
    if let Some(known) = known.filter(Record::has_accounts)
        && place.look().is_none()
    {
        match if_lost {
            IfLost::Refuse => bail!(
                "the accounts {} are gone or empty, and {} were known: put the file back, or bring a \
                 backup with `tinyrealm user restore FILE`, or begin anew: `tinyrealm login --create`, or `tinyrealm \
                 user add ID --create`",
                place.file.display(),
                match known.highest_uid {
                    1 => "one account".to_owned(),
                    uid => format!("accounts up to uid {uid}"),
                }
            ),
            IfLost::Create => remove_all(place).with_context(what)?,
        }
    }
    make_private(&place.file).with_context(what)?;
    let mut connection = connect(&place.file).map_err(StoreError::from).with_context(what)?;
    prepare(&mut connection, place, if_lost).with_context(what)?;
    Ok(connection)
}

/// What SQLite has left of a database that is gone is not for the next one.
fn remove_all(place: &Place) -> std::io::Result<()> {
    place.all_files().iter().filter(|path| path.exists()).try_for_each(std::fs::remove_file)
}

/// Of several processes that start at once, one makes the tables.
fn prepare(connection: &mut Connection, place: &Place, if_lost: IfLost) -> anyhow::Result<()> {
    let change = begin(connection)?;
    let is_new = version(&change)? == 0;
    let before = place.known()?;
    if is_new && if_lost == IfLost::Refuse && before.as_ref().is_some_and(Record::has_accounts) {
        return Err(StoreError::Damaged("nothing is left of them".to_owned()).into());
    }
    upgrade(&change)?;
    let origin = if is_new { Origin::Made } else { Origin::Found };
    let after = settle(&change, before.as_ref(), origin)?;
    if before.as_ref() != Some(&after) {
        after.write(&place.record)?;
    }
    Ok(change.commit().map_err(StoreError::from)?)
}

pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the tables up to date.
pub(super) fn upgrade(change: &Transaction<'_>) -> anyhow::Result<()> {
    let version = version(change)?;
    ensure!(
        (0..=SCHEMA_VERSION).contains(&version),
        "it is of version {version}, and this program knows {SCHEMA_VERSION}: update the program"
    );
    let tables: i64 =
        change.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    ensure!((version == 0) == (tables == 0), "it is no account store");
    let run = |text| change.execute_batch(text).map_err(StoreError::from);
    if version == 0 {
        run(SCHEMA)?;
    }
    if version < 2 {
        run(SECOND_VERSION)?;
    }
    if version < SCHEMA_VERSION {
        run(THIRD_VERSION)?;
    }
    Ok(())
}

/// What a store says of itself.
pub(super) fn read_record(connection: &Connection) -> Result<Record, StoreError> {
    let text = "SELECT id, revision, coalesce((SELECT max(seq) FROM sqlite_sequence
                WHERE name = 'accounts'), 0) FROM realm";
    let mut query = connection.prepare_cached(text)?;
    Ok(query.query_row([], |row| {
        Ok(Record { realm: row.get(0)?, revision: row.get(1)?, highest_uid: row.get(2)? })
    })?)
}

/// How a database has come into its folder.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// It has just been made.
    Made,
    /// It was found there.
    Found,
    /// An operator brings it.
    Restored,
}

/// Makes a store one of this folder, of which that is known; answers what there is to know from here
/// on.
pub(super) fn settle(
    change: &Transaction<'_>,
    known: Option<&Record>,
    origin: Origin,
) -> anyhow::Result<Record> {
    let own = read_record(change)?;
    // A new one has no name yet, and those of the first version had none.
    let is_unnamed = own.realm.is_empty();
    if let Some(known) = known.filter(|known| !is_unnamed && known.realm != own.realm) {
        bail!(
            "it is of another realm ({}) than this folder ({}): another realm wants another folder",
            own.realm,
            known.realm
        );
    }
    let is_copy = origin == Origin::Restored
        || known.map_or(!is_unnamed, |known| known.revision > own.revision);
    let mut record = match known {
        Some(known) => known.clone(),
        None if is_unnamed => Record { realm: random_password()?, ..own.clone() },
        None => own.clone(),
    };
    record.highest_uid = record.highest_uid.max(own.highest_uid);
    record.revision = record.revision.max(own.revision);
    if is_copy {
        let skipped = if known.is_none() { SKIPPED } else { 0 };
        record.highest_uid += skipped;
        record.revision += skipped + 1;
        end_all_tokens(change, record.revision)?;
    }
    if is_copy && origin == Origin::Found {
        tracing::warn!(
            "these accounts are a copy, older than what their folder knew: all tokens have ended, and new \
             accounts get uids from {} on",
            record.highest_uid + 1
        );
    }
    ensure!(record.highest_uid < FIRST_GUEST, "no uid is left");
    if record != own {
        set_record(change, &record)?;
    }
    Ok(record)
}

/// Nobody's session, ticket or token from before `revision` is good any more.
fn end_all_tokens(change: &Transaction<'_>, revision: i64) -> Result<(), StoreError> {
    change.execute_batch("DELETE FROM tokens; DELETE FROM revocations;")?;
    change.execute("UPDATE realm SET all_revoked_at = ?1", [revision])?;
    Ok(())
}

fn set_record(change: &Transaction<'_>, record: &Record) -> Result<(), StoreError> {
    change.execute(
        "UPDATE realm SET id = ?1, revision = ?2",
        params![record.realm, record.revision],
    )?;
    // SQLite's own table of the uids that it has given.
    change.execute("DELETE FROM sqlite_sequence WHERE name = 'accounts'", [])?;
    change.execute(
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', ?1)",
        [record.highest_uid],
    )?;
    Ok(())
}

/// Looks at every page, every row and every index.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match damage(connection, path, "the accounts")? {
        Some(text) => Err(StoreError::Damaged(text)),
        None => Ok(()),
    }
}

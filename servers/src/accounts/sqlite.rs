//! The built-in store: one SQLite file.
//!
//! A commit is on the disk before it is answered (`synchronous = FULL` over a write-ahead log), and
//! other processes may read and write meanwhile: whoever finds it locked waits. While it is open, the
//! log lies beside the file; the last one to close it leaves one file.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use tinyrealm_core::node::login::TokenHash;
use tinyrealm_core::protocol::Uid;

use super::{
    Account, AccountStore, FIRST_GUEST, Grant, NewAccount, Purpose, Standing, StoreError,
    UnixSeconds,
};

/// How long a call waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const SCHEMA_VERSION: i64 = 1;
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
    PRAGMA user_version = 1;
";
const COLUMNS: &str =
    "uid, id, password_hash, is_enabled, is_throw_away, created_at, last_login_at";

/// One connection to the file; see the [module](self).
pub(super) struct SqliteStore {
    connection: Connection,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl SqliteStore {
    /// Opens the store; makes it, and its folder, if it is not there.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("can't open the accounts {}", path.display());
        make_private(path).with_context(what)?;
        let mut connection = Connection::open(path).with_context(what)?;
        prepare(&mut connection).with_context(what)?;
        Ok(Self { connection })
    }

    fn change(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// Nobody but the owner reads password hashes; the log beside it gets the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn prepare(connection: &mut Connection) -> anyhow::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Of several processes that start at once, one makes the tables.
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        change.execute_batch(SCHEMA)?;
    }
    anyhow::ensure!(
        version <= SCHEMA_VERSION,
        "it is of version {version}, and this program knows {SCHEMA_VERSION}: update the program"
    );
    Ok(change.commit()?)
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        uid: Uid(row.get(0)?),
        id: row.get(1)?,
        password_hash: row.get(2)?,
        standing: if row.get(3)? { Standing::Enabled } else { Standing::Disabled },
        purpose: if row.get(4)? { Purpose::ThrowAway } else { Purpose::Person },
        created_at: row.get(5)?,
        last_login_at: row.get(6)?,
    })
}

/// The uid of an account that is to be changed.
fn uid_of(change: &Transaction<'_>, id: &str) -> Result<u32, StoreError> {
    let uid = change.query_row("SELECT uid FROM accounts WHERE id = ?1", [id], |row| row.get(0));
    uid.optional()?.ok_or_else(|| StoreError::Unknown(id.to_owned()))
}

fn revoke_all(change: &Transaction<'_>, uid: u32) -> Result<(), StoreError> {
    change.execute("DELETE FROM tokens WHERE uid = ?1", [uid])?;
    Ok(())
}

fn insert(change: &Transaction<'_>, new: &NewAccount) -> Result<(), StoreError> {
    if new.purpose == Purpose::ThrowAway {
        change.execute("DELETE FROM accounts WHERE id = ?1 AND is_throw_away", [&new.id])?;
    }
    let taken = change.query_row("SELECT 1 FROM accounts WHERE id = ?1", [&new.id], |_| Ok(()));
    if taken.optional()?.is_some() {
        return Err(StoreError::Taken(new.id.clone()));
    }
    change.execute(
        "INSERT INTO accounts (id, password_hash, is_enabled, is_throw_away, created_at)
         VALUES (?1, ?2, 1, ?3, ?4)",
        params![new.id, new.password_hash, new.purpose == Purpose::ThrowAway, super::now()],
    )?;
    if change.last_insert_rowid() >= FIRST_GUEST {
        return Err(StoreError::Database("no uid is left".to_owned()));
    }
    Ok(())
}

impl AccountStore for SqliteStore {
    fn find(&mut self, id: &str) -> Result<Option<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1");
        let mut query = self.connection.prepare_cached(&text)?;
        Ok(query.query_row([id], account).optional()?)
    }

    fn list(&mut self) -> Result<Vec<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts ORDER BY id");
        let mut query = self.connection.prepare(&text)?;
        let accounts = query.query_map([], account)?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    fn create(&mut self, accounts: &[NewAccount]) -> Result<(), StoreError> {
        let change = self.change()?;
        accounts.iter().try_for_each(|new| insert(&change, new))?;
        Ok(change.commit()?)
    }

    fn set_password(&mut self, id: &str, password_hash: &str) -> Result<(), StoreError> {
        let change = self.change()?;
        let uid = uid_of(&change, id)?;
        change.execute(
            "UPDATE accounts SET password_hash = ?2 WHERE uid = ?1",
            params![uid, password_hash],
        )?;
        revoke_all(&change, uid)?;
        Ok(change.commit()?)
    }

    fn set_standing(&mut self, id: &str, standing: Standing) -> Result<(), StoreError> {
        let change = self.change()?;
        let uid = uid_of(&change, id)?;
        change.execute(
            "UPDATE accounts SET is_enabled = ?2 WHERE uid = ?1",
            params![uid, standing == Standing::Enabled],
        )?;
        revoke_all(&change, uid)?;
        Ok(change.commit()?)
    }

    fn revoke(&mut self, id: &str) -> Result<(), StoreError> {
        let change = self.change()?;
        let uid = uid_of(&change, id)?;
        revoke_all(&change, uid)?;
        Ok(change.commit()?)
    }

    fn remove(&mut self, id: &str) -> Result<(), StoreError> {
        let change = self.change()?;
        let uid = uid_of(&change, id)?;
        change.execute("DELETE FROM accounts WHERE uid = ?1", [uid])?;
        Ok(change.commit()?)
    }

    fn remove_throw_aways(&mut self, prefix: &str) -> Result<usize, StoreError> {
        let removed = self.connection.execute(
            "DELETE FROM accounts WHERE is_throw_away AND substr(id, 1, length(?1)) = ?1",
            [prefix],
        )?;
        Ok(removed)
    }

    fn grant(&mut self, grant: &Grant<'_>) -> Result<bool, StoreError> {
        let uid = grant.uid.0;
        let change = self.change()?;
        let is_same = change.execute(
            "UPDATE accounts SET last_login_at = ?3
             WHERE uid = ?1 AND password_hash = ?2 AND is_enabled",
            params![uid, grant.checked_hash, grant.now],
        )?;
        if is_same == 0 {
            return Ok(false);
        }
        change.execute(
            "INSERT INTO tokens (hash, uid, issued, expires_at) VALUES
             (?1, ?2, (SELECT coalesce(max(issued), 0) + 1 FROM tokens WHERE uid = ?2), ?3)",
            params![grant.token.0, uid, grant.expires_at],
        )?;
        change.execute(
            "DELETE FROM tokens WHERE uid = ?1 AND (expires_at <= ?2 OR issued <=
             (SELECT max(issued) FROM tokens WHERE uid = ?1) - ?3)",
            params![uid, grant.now, grant.most_tokens],
        )?;
        change.commit()?;
        Ok(true)
    }

    fn rehash(&mut self, uid: Uid, old_hash: &str, new_hash: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE accounts SET password_hash = ?3 WHERE uid = ?1 AND password_hash = ?2",
            params![uid.0, old_hash, new_hash],
        )?;
        Ok(())
    }

    fn verify(&mut self, token: &TokenHash, now: UnixSeconds) -> Result<Option<Uid>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT accounts.uid FROM tokens JOIN accounts USING (uid)
             WHERE hash = ?1 AND expires_at > ?2 AND is_enabled",
        )?;
        let uid = query.query_row(params![token.0, now], |row| row.get(0));
        Ok(uid.optional()?.map(Uid))
    }
}

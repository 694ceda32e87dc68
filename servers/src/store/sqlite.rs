//! The built-in store: one SQLite file a world, `world-ID.db`.
//!
//! While a world uses it, it holds a lock on `world-ID.lock` beside it, so that no two worlds write what the other
//! has: the lock ends with the process, whatever ends that. Others may read meanwhile. That file also knows that there
//! was a store, so that one that has gone is not begun anew in silence; and each is checked when it is opened.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, params};
use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::protocol::RoomId;

use super::{Change, Kept, Owner, Store, StoreError};
use crate::accounts;
use crate::database::{Found, connect, connect_to_read, damage, make_private};

const SCHEMA_VERSION: i64 = 1;
/// `fingerprint` and `version` are the game's that has written the line.
const SCHEMA: &str = "
    CREATE TABLE saves (
        game TEXT NOT NULL,
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        fingerprint INTEGER NOT NULL,
        saved_at INTEGER NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (game, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE records (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        game TEXT NOT NULL,
        id BLOB NOT NULL,
        kind INTEGER NOT NULL,
        version INTEGER NOT NULL,
        fingerprint INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        value BLOB NOT NULL,
        UNIQUE (game, id)
    ) STRICT;
    CREATE TABLE rooms (
        game TEXT NOT NULL,
        room INTEGER NOT NULL,
        version INTEGER NOT NULL,
        fingerprint INTEGER NOT NULL,
        saved_at INTEGER NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (game, room)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// One world's connection to its file; see the [module](self).
pub(super) struct SqliteStore {
    connection: Connection,
    file: PathBuf,
    found: Found,
    owner: Owner,
    /// Its transaction is the lock.
    _lock: Connection,
}

/// A record, as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredRecord {
    pub(crate) number: i64,
    pub(crate) game: String,
    pub(crate) id: Vec<u8>,
    pub(crate) kind: u16,
    pub(crate) version: u16,
    pub(crate) recorded_at: i64,
    pub(crate) value: Vec<u8>,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl SqliteStore {
    /// Opens the store of world `id`; makes it, and its folder, if it is not there.
    pub(super) fn open(folder: &Path, id: u16, owner: Owner) -> anyhow::Result<Self> {
        let file = folder.join(format!("world-{id}.db"));
        let what = || format!("can't open what rooms have kept in {}", file.display());
        let lock_file = file.with_extension("lock");
        let lock = lock(&lock_file, id)?;
        let was_known = schema_version(&lock)? > 0;
        ensure!(
            !was_known || Found::look(&file).is_some(),
            "what rooms have kept in {} is gone or empty: put it back, or remove {} to begin anew",
            file.display(),
            lock_file.display()
        );
        make_private(&file).with_context(what)?;
        let connection = connect(&file).with_context(what)?;
        if let Some(text) = damage(&connection, &file, "what rooms have kept").with_context(what)? {
            bail!("{}, which is damaged ({text}): put a copy back in its place", what());
        }
        prepare(&connection).with_context(what)?;
        let found = Found::look(&file).with_context(what)?;
        if !was_known {
            lock.execute_batch("PRAGMA user_version = 1; COMMIT; BEGIN EXCLUSIVE")?;
        }
        Ok(Self { connection, file, found, owner, _lock: lock })
    }

    /// The connection, as long as its file is where it was found.
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        let found = self.found.look_again(&self.file);
        self.found = found.ok_or_else(|| StoreError::Displaced(self.file.clone()))?;
        Ok(&mut self.connection)
    }
}

/// A transaction that nobody else has on this file, until the process ends.
fn lock(path: &Path, id: u16) -> anyhow::Result<Connection> {
    make_private(path).with_context(|| format!("can't make {}", path.display()))?;
    let lock = Connection::open(path)?;
    lock.busy_timeout(std::time::Duration::ZERO)?;
    match lock.execute_batch("BEGIN EXCLUSIVE") {
        Ok(()) => Ok(lock),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => bail!(
            "another process runs world {id} on {}: give this one its own world.id or world.data_folder",
            path.display()
        ),
        Err(error) => bail!("can't lock {}, remove it if it is damaged: {error}", path.display()),
    }
}

fn prepare(connection: &Connection) -> anyhow::Result<()> {
    let version = schema_version(connection)?;
    ensure!(
        version <= SCHEMA_VERSION,
        "it was written by a newer version of the servers: start that one"
    );
    if version == 0 {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))?;
    }
    Ok(())
}

fn schema_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept { version: row.get("version")?, bytes: row.get("bytes")? })
}

fn apply(change: &Transaction<'_>, owner: Owner, what: &Change, now: i64) -> rusqlite::Result<()> {
    let Owner { game, fingerprint } = owner;
    match what {
        Change::Save(key, Kept { version, bytes }) => change
            .prepare_cached("INSERT OR REPLACE INTO saves VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![game, key, version, fingerprint, now, bytes]),
        Change::Record { id: RecordId(id), kind, kept: Kept { version, bytes } } => change
            .prepare_cached(
                "INSERT INTO records (game, id, kind, version, fingerprint, recorded_at, value)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (game, id) DO NOTHING",
            )?
            .execute(params![game, id.as_slice(), kind, version, fingerprint, now, bytes]),
        Change::SaveRoom(RoomId(room), Kept { version, bytes }) => change
            .prepare_cached("INSERT OR REPLACE INTO rooms VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![game, room, version, fingerprint, now, bytes]),
        Change::ForgetRoom(RoomId(room)) => change
            .prepare_cached("DELETE FROM rooms WHERE game = ?1 AND room = ?2")?
            .execute(params![game, room]),
    }
    .map(|_| ())
}

impl Store for SqliteStore {
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let (owner, now) = (self.owner, accounts::now());
        let change = self.connection()?.transaction()?;
        for what in changes {
            apply(&change, owner, what, now)?;
        }
        Ok(change.commit()?)
    }

    fn load(&mut self, key: &str) -> Result<Option<Kept>, StoreError> {
        let game = self.owner.game;
        let text = "SELECT version, value AS bytes FROM saves WHERE game = ?1 AND key = ?2";
        let mut statement = self.connection()?.prepare_cached(text)?;
        Ok(statement.query_row([game, key], kept).optional()?)
    }

    fn rooms(&mut self) -> Result<Vec<(RoomId, Kept)>, StoreError> {
        let game = self.owner.game;
        let text = "SELECT room, version, state AS bytes FROM rooms WHERE game = ?1 ORDER BY room";
        let mut statement = self.connection()?.prepare_cached(text)?;
        let rooms =
            statement.query_map([game], |row| Ok((RoomId(row.get("room")?), kept(row)?)))?;
        Ok(rooms.collect::<Result<_, _>>()?)
    }
}

/// The records of one file, oldest first, while its world runs, too; of an empty name, all games'.
///
/// # Errors
/// If it can't be read.
pub(crate) fn records(file: &Path, game: &str) -> anyhow::Result<Vec<StoredRecord>> {
    let what = || format!("can't read {}", file.display());
    let connection = connect_to_read(file).with_context(what)?;
    ensure!(
        schema_version(&connection).with_context(what)? == SCHEMA_VERSION,
        "{} is of another version of the servers",
        file.display()
    );
    let mut statement =
        connection.prepare("SELECT * FROM records WHERE ?1 = '' OR game = ?1 ORDER BY number")?;
    let records = statement.query_map([game], |row| {
        Ok(StoredRecord {
            number: row.get("number")?,
            game: row.get("game")?,
            id: row.get("id")?,
            kind: row.get("kind")?,
            version: row.get("version")?,
            recorded_at: row.get("recorded_at")?,
            value: row.get("value")?,
        })
    })?;
    records.collect::<Result<_, _>>().with_context(what)
}

//! `tinyrealm db import`: all that a file of accounts has, into a database; and `tinyrealm db restored`.
//!
//! Contract: one transaction, under the realm's line: all of it or nothing. The database has no accounts before. The same file
//! again changes nothing; one that has changed since is refused, for what was changed here meanwhile is not known to it.
//! Uids, passwords, tokens, keys of devices and revisions stay what they are, so nobody has to log in anew.

use std::path::Path;

use anyhow::{bail, ensure};
use rusqlite::Connection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::{Parameter, PostgresStore};
use crate::accounts::opening::{self, SCHEMA_VERSION, SKIPPED};
use crate::accounts::record::Record;
use crate::database::connect_to_read;
use crate::postgres::{Patience, Problem};
use crate::secret;

/// Rows that are sent together.
const BATCH: usize = 1_000;
/// Beside the file: what devices' tokens are signed with.
const DEVICES_FILE: &str = "devices.secret";

/// How a table goes over: as one JSON object a row, which the other end takes apart.
struct Table {
    name: &'static str,
    read: &'static str,
    write: &'static str,
}

const TABLES: [Table; 4] = [
    Table {
        name: "accounts",
        read: "SELECT json_object('uid', uid, 'id', id, 'password_hash', password_hash, 'is_enabled', is_enabled,
               'is_throw_away', is_throw_away, 'created_at', created_at, 'last_login_at', last_login_at,
               'expires_at', expires_at, 'used_s', used_s, 'generation', generation) FROM accounts",
        write: "INSERT INTO accounts (uid, id, password_hash, is_enabled, is_throw_away, created_at, last_login_at,
                expires_at, used_s, generation)
                SELECT uid, id, password_hash, is_enabled <> 0, is_throw_away <> 0, created_at, last_login_at,
                expires_at, used_s, generation FROM json_to_recordset($1::text::json) AS row (uid bigint, id text,
                password_hash text, is_enabled integer, is_throw_away integer, created_at bigint,
                last_login_at bigint, expires_at bigint, used_s bigint, generation bigint)",
    },
    Table {
        name: "tokens",
        read: "SELECT json_object('hash', hex(hash), 'uid', uid, 'issued', issued, 'expires_at', expires_at) FROM tokens",
        write: "INSERT INTO tokens (hash, uid, issued, expires_at)
                SELECT decode(hash, 'hex'), uid, issued, expires_at FROM json_to_recordset($1::text::json)
                AS row (hash text, uid bigint, issued bigint, expires_at bigint)",
    },
    Table {
        name: "device_keys",
        read: "SELECT json_object('key_id', hex(key_id), 'uid', uid, 'seal_key', hex(seal_key), 'token_hash',
               hex(token_hash), 'made_at', made_at, 'last_used_at', last_used_at) FROM device_keys",
        write: "INSERT INTO device_keys (key_id, uid, seal_key, token_hash, made_at, last_used_at)
                SELECT decode(key_id, 'hex'), uid, decode(seal_key, 'hex'), decode(token_hash, 'hex'), made_at,
                last_used_at FROM json_to_recordset($1::text::json) AS row (key_id text, uid bigint, seal_key text,
                token_hash text, made_at bigint, last_used_at bigint)",
    },
    Table {
        name: "revocations",
        read: "SELECT json_object('uid', uid, 'revision', revision, 'renewed_at', renewed_at) FROM revocations",
        write: "INSERT INTO revocations (uid, revision, renewed_at)
                SELECT uid, revision, renewed_at FROM json_to_recordset($1::text::json)
                AS row (uid bigint, revision bigint, renewed_at bigint)",
    },
];

/// A file that is to be imported.
pub(in crate::accounts) struct Source {
    connection: Connection,
    record: Record,
    all_revoked_at: i64,
    device_secret: Option<Vec<u8>>,
}

impl Source {
    /// # Errors
    /// If it is no sound store of this program's version.
    pub(in crate::accounts) fn open(path: &Path) -> anyhow::Result<Self> {
        ensure!(path.is_file(), "there is no such file");
        let connection = connect_to_read(path)?;
        opening::check(&connection, path)?;
        let version = opening::version(&connection)?;
        ensure!(version > 0, "it is no account store");
        ensure!(
            version == SCHEMA_VERSION,
            "it is of version {version}, and this program knows {SCHEMA_VERSION}: `tinyrealm user list` with that folder \
             brings an older one up to date"
        );
        let record = opening::read_record(&connection)?;
        let text = "SELECT all_revoked_at FROM realm";
        let all_revoked_at = connection.query_row(text, [], |row| row.get(0))?;
        let devices = path.with_file_name(DEVICES_FILE);
        let device_secret = match devices.exists() {
            true => Some(secret::read(&devices, "the key of devices")?),
            false => None,
        };
        Ok(Self { connection, record, all_revoked_at, device_secret })
    }

    fn count(&self, table: &str) -> rusqlite::Result<usize> {
        let text = format!("SELECT count(*) FROM {table}");
        self.connection.query_row(&text, [], |row| row.get::<_, i64>(0)).map(|count| count as usize)
    }
}

/// Within a transaction something else may fail than the database.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl PostgresStore {
    /// Brings all of `source`; answers how many accounts that are, or `None` if they were there.
    pub(in crate::accounts) fn import(
        &mut self,
        source: &Source,
        mut show: impl FnMut(&str),
    ) -> anyhow::Result<Option<usize>> {
        let imported = self.link.change(Patience::Import, async |client: &Client| {
            if is_imported(client, &source.record).await? {
                return Ok(None);
            }
            for table in &TABLES {
                copy(client, source, table, &mut show).await?;
            }
            finish(client, source).await?;
            Ok::<_, Failed>(Some(source.count("accounts")?))
        });
        imported.map_err(|Failed(error)| error.context("nothing was imported"))
    }

    /// The database is a copy from before: nobody's token is good any more, and no uid is given again.
    pub(in crate::accounts) fn note_restored(&mut self) -> Result<(), Problem> {
        self.link.change(Patience::Batch, async |client: &Client| {
            let text = "UPDATE realm SET revision = revision + $1, all_revoked_at = revision + $1";
            client.execute_typed(text, &[(&(SKIPPED + 1), Type::INT8)]).await?;
            client.batch_execute("DELETE FROM tokens; DELETE FROM revocations").await?;
            let text = "SELECT setval(pg_get_serial_sequence('accounts', 'uid'), greatest(
                        nextval(pg_get_serial_sequence('accounts', 'uid')), (SELECT max(uid) FROM accounts)) + $1)";
            client.query_typed(text, &[(&SKIPPED, Type::INT8)]).await?;
            Ok(())
        })
    }
}

/// Whether that was brought before, as it is.
async fn is_imported(client: &Client, record: &Record) -> Result<bool, Failed> {
    let text = "SELECT imported_from, imported_revision, (SELECT count(*) FROM accounts) FROM realm FOR UPDATE";
    let row = client.query_typed_one(text, &[]).await.map_err(Problem::from)?;
    let from: Option<String> = row.try_get(0)?;
    let (revision, accounts): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let check = || -> anyhow::Result<bool> {
        match from {
            Some(realm) if realm == record.realm && revision == record.revision => Ok(true),
            Some(realm) if realm == record.realm => bail!(
                "the file has changed since it was imported (its revision is {}, and was {revision}): whoever was made \
                 or changed in it since then is not in the database; import it into an empty one",
                record.revision
            ),
            Some(_) => {
                bail!("the database has the accounts of another realm: import into an empty one")
            }
            None if accounts > 0 => bail!(
                "the database has {accounts} accounts that are not from this file: import into an empty one"
            ),
            None => Ok(false),
        }
    };
    Ok(check()?)
}

async fn copy(
    client: &Client,
    source: &Source,
    table: &Table,
    show: &mut impl FnMut(&str),
) -> Result<(), Failed> {
    let count = source.count(table.name)?;
    let mut query = source.connection.prepare(table.read)?;
    let mut rows = query.query([])?;
    let mut done = 0;
    loop {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(row) = rows.next()?
        {
            batch.push(row.get::<_, String>(0)?);
        }
        if batch.is_empty() {
            break;
        }
        let text = format!("[{}]", batch.join(","));
        let parameters: [Parameter<'_>; 1] = [(&text, Type::TEXT)];
        let written =
            client.execute_typed(table.write, &parameters).await.map_err(Problem::from)?;
        done += written as usize;
        show(&format!("importing {}: {done} of {count}", table.name.replace('_', " ")));
    }
    let is_whole = done == count;
    let check = || -> anyhow::Result<()> {
        ensure!(is_whole, "{done} of {count} rows of {} came over", table.name);
        Ok(())
    };
    Ok(check()?)
}

/// What the realm itself knows: numbers go on above those of the file.
async fn finish(client: &Client, source: &Source) -> Result<(), Failed> {
    let record = &source.record;
    let text = "UPDATE realm SET revision = greatest(revision, $1) + 1, all_revoked_at = $2, imported_from = $3,
                imported_revision = $1, device_secret = coalesce($4, device_secret)";
    let parameters: [Parameter<'_>; 4] = [
        (&record.revision, Type::INT8),
        (&source.all_revoked_at, Type::INT8),
        (&record.realm, Type::TEXT),
        (&source.device_secret, Type::BYTEA),
    ];
    client.execute_typed(text, &parameters).await.map_err(Problem::from)?;
    let text = "SELECT setval(pg_get_serial_sequence('accounts', 'uid'), $1) WHERE $1 > 0";
    let highest: [Parameter<'_>; 1] = [(&record.highest_uid, Type::INT8)];
    client.query_typed(text, &highest).await.map_err(Problem::from)?;
    Ok(())
}

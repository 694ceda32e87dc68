//! The built-in store: one SQLite file.
//!
//! A commit is on the disk before it is answered (`synchronous = FULL` over a write-ahead log), and
//! other processes may read and write meanwhile: whoever finds it locked waits. While it is open, the
//! log lies beside the file; the last one to close it leaves one file.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, params};
use tinyrealm_core::node::login::{RevocationPage, RevocationWork, TokenHash};
use tinyrealm_core::protocol::{KeyId, REVOCATION_PAGE, Revision, Revocation, SealKey, Uid};

use super::device_keys::{self, DeviceKeyUse, NewDeviceKey, Noting};
use super::opening::{self, IfLost};
use super::place::Place;
use super::rows::{revision_in, uid_in};
use super::{
    Account, AccountStore, FIRST_GUEST, Grant, NewAccount, Purpose, Standing, StoreError,
    UnixSeconds, Verified,
};
use crate::database::Found;

const COLUMNS: &str =
    "uid, id, password_hash, is_enabled, is_throw_away, created_at, last_login_at, generation";
/// So many revocations are told one by one; whoever has not asked since those before hears that
/// everybody is revoked.
const REVOCATIONS_MAX: i64 = 65_536;

/// One connection to the file; see the [module](self).
pub(super) struct SqliteStore {
    connection: Connection,
    place: Place,
    found: Found,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<anyhow::Error> for StoreError {
    fn from(error: anyhow::Error) -> Self {
        Self::Database(format!("{error:#}"))
    }
}

impl SqliteStore {
    /// Opens the store; makes it, and its folder, if none was known there.
    pub(super) fn open(place: Place, if_lost: IfLost) -> anyhow::Result<Self> {
        let connection = opening::open(&place, if_lost)?;
        let found = place.look().ok_or_else(|| StoreError::Displaced(place.file.clone()))?;
        Ok(Self { connection, place, found })
    }

    /// Whether everything in it is sound.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        opening::check(&self.connection, &self.place.file)
    }

    /// The connection, as long as its file is where it was found.
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.found = self.place.check(self.found)?;
        Ok(&mut self.connection)
    }

    fn change<T>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let change = opening::begin(self.connection()?)?;
        let done = act(&change)?;
        change.commit()?;
        Ok(done)
    }

    /// A change of who there is, or of who may come: it has a revision, which the folder knows behind it.
    fn revise<T>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>, i64) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = self.change(|change| {
            let text = "UPDATE realm SET revision = revision + 1 RETURNING revision";
            let revision = change.query_row(text, [], |row| row.get(0))?;
            act(change, revision)
        })?;
        self.remember()?;
        Ok(done)
    }

    /// Has the folder know what has been committed.
    fn remember(&mut self) -> Result<(), StoreError> {
        // Under the lock, so that of several writers none puts an older one into its place.
        let lock = opening::begin(&mut self.connection)?;
        Ok(opening::read_record(&lock)?.write(&self.place.record)?)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        uid: uid_in(row, 0)?,
        id: row.get(1)?,
        password_hash: row.get(2)?,
        standing: if row.get(3)? { Standing::Enabled } else { Standing::Disabled },
        purpose: if row.get(4)? { Purpose::ThrowAway } else { Purpose::Person },
        created_at: row.get(5)?,
        last_login_at: row.get(6)?,
        generation: row.get::<_, i64>(7)? as u64,
    })
}

/// The uid of an account that is to be changed.
fn uid_of(change: &Transaction<'_>, id: &str) -> Result<i64, StoreError> {
    let uid = change.query_row("SELECT uid FROM accounts WHERE id = ?1", [id], |row| row.get(0));
    uid.optional()?.ok_or_else(|| StoreError::Unknown(id.to_owned()))
}

/// Ends whatever an account has been given.
fn revoke_all(change: &Transaction<'_>, uid: i64, revision: i64) -> Result<(), StoreError> {
    change.execute("DELETE FROM tokens WHERE uid = ?1", [uid])?;
    note_revocations(change, "uid = ?1", uid, revision)
}

/// Notes that the accounts of a condition with one parameter are revoked.
fn note_revocations(
    change: &Transaction<'_>,
    condition: &str,
    parameter: impl rusqlite::ToSql,
    revision: i64,
) -> Result<(), StoreError> {
    let text = format!(
        "INSERT OR REPLACE INTO revocations (uid, revision)
         SELECT uid, ?2 FROM accounts WHERE {condition}"
    );
    change.execute(&text, params![parameter, revision])?;
    let surplus = "SELECT revision FROM revocations ORDER BY revision DESC LIMIT 1 OFFSET ?1";
    let last = change.query_row(surplus, [REVOCATIONS_MAX], |row| row.get::<_, i64>(0));
    if let Some(last) = last.optional()? {
        change.execute("DELETE FROM revocations WHERE revision <= ?1", [last])?;
        change.execute("UPDATE realm SET all_revoked_at = max(all_revoked_at, ?1)", [last])?;
    }
    Ok(())
}

/// Removes the accounts of a condition with one parameter.
fn remove_all(
    change: &Transaction<'_>,
    condition: &str,
    parameter: impl rusqlite::ToSql + Copy,
    revision: i64,
) -> Result<usize, StoreError> {
    note_revocations(change, condition, parameter, revision)?;
    Ok(change.execute(&format!("DELETE FROM accounts WHERE {condition}"), [parameter])?)
}

fn insert(change: &Transaction<'_>, new: &NewAccount, revision: i64) -> Result<(), StoreError> {
    if new.lease.is_some() {
        remove_all(change, "id = ?1 AND is_throw_away", new.id.as_str(), revision)?;
    }
    let taken = change.query_row("SELECT 1 FROM accounts WHERE id = ?1", [&new.id], |_| Ok(()));
    if taken.optional()?.is_some() {
        return Err(StoreError::Taken(new.id.clone()));
    }
    let now = super::now();
    let lease = new.lease;
    change.execute(
        "INSERT INTO accounts
         (id, password_hash, is_enabled, is_throw_away, created_at, expires_at, used_s)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)",
        params![
            new.id,
            new.password_hash,
            lease.is_some(),
            now,
            lease.map(|lease| now + UnixSeconds::from(lease.unused_s)),
            lease.map(|lease| lease.used_s)
        ],
    )?;
    Ok(())
}

/// Whose token of a login it is.
fn verify_granted(
    connection: &Connection,
    token: &TokenHash,
    now: UnixSeconds,
) -> Result<Option<Verified>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT accounts.uid, revision, accounts.id FROM realm, tokens JOIN accounts USING (uid)
         WHERE hash = ?1 AND tokens.expires_at > ?2 AND is_enabled",
    )?;
    let found = query.query_row(params![token.0, now], |row| {
        Ok((uid_in(row, 0)?, revision_in(row, 1)?, row.get(2)?))
    });
    Ok(found.optional()?)
}

const OF_PREFIX: &str = "is_throw_away AND substr(id, 1, length(?1)) = ?1";

impl AccountStore for SqliteStore {
    fn find(&mut self, id: &str) -> Result<Option<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1");
        let mut query = self.connection()?.prepare_cached(&text)?;
        Ok(query.query_row([id], account).optional()?)
    }

    fn list(&mut self) -> Result<Vec<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts ORDER BY id");
        let mut query = self.connection()?.prepare(&text)?;
        let accounts = query.query_map([], account)?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    fn create(&mut self, accounts: &[NewAccount]) -> Result<(), StoreError> {
        let path = self.place.record.clone();
        self.revise(|change, revision| {
            accounts.iter().try_for_each(|new| insert(change, new, revision))?;
            let mut record = opening::read_record(change)?;
            if record.highest_uid >= FIRST_GUEST {
                return Err(StoreError::Database("no uid is left".to_owned()));
            }
            // The uids stand there before anyone can have them. The revision is not one yet.
            record.revision -= 1;
            Ok(record.write(&path)?)
        })
    }

    fn set_password(&mut self, id: &str, password_hash: &str) -> Result<(), StoreError> {
        self.revise(|change, revision| {
            let uid = uid_of(change, id)?;
            change.execute(
                "UPDATE accounts SET password_hash = ?2, generation = ?3 WHERE uid = ?1",
                params![uid, password_hash, revision],
            )?;
            revoke_all(change, uid, revision)
        })
    }

    fn set_standing(&mut self, id: &str, standing: Standing) -> Result<(), StoreError> {
        self.revise(|change, revision| {
            let uid = uid_of(change, id)?;
            change.execute(
                "UPDATE accounts SET is_enabled = ?2 WHERE uid = ?1",
                params![uid, standing == Standing::Enabled],
            )?;
            revoke_all(change, uid, revision)
        })
    }

    fn revoke(&mut self, id: &str) -> Result<(), StoreError> {
        self.revise(|change, revision| {
            let uid = uid_of(change, id)?;
            revoke_all(change, uid, revision)
        })
    }

    fn remove(&mut self, id: &str) -> Result<(), StoreError> {
        self.revise(|change, revision| {
            let uid = uid_of(change, id)?;
            remove_all(change, "uid = ?1", uid, revision).map(drop)
        })
    }

    fn remove_throw_aways(&mut self, prefix: &str) -> Result<usize, StoreError> {
        self.revise(|change, revision| remove_all(change, OF_PREFIX, prefix, revision))
    }

    fn keep_throw_aways(&mut self, prefix: &str, until: UnixSeconds) -> Result<(), StoreError> {
        let text =
            format!("UPDATE accounts SET expires_at = max(expires_at, ?2) WHERE {OF_PREFIX}");
        self.change(|change| Ok(change.execute(&text, params![prefix, until]).map(drop)?))
    }

    fn sweep(&mut self, now: UnixSeconds) -> Result<usize, StoreError> {
        const EXPIRED: &str = "is_throw_away AND expires_at <= ?1";
        let text = format!("SELECT 1 FROM accounts WHERE {EXPIRED} LIMIT 1");
        let any = self.connection()?.query_row(&text, [now], |_| Ok(()));
        match any.optional()? {
            None => Ok(0),
            Some(()) => self.revise(|change, revision| remove_all(change, EXPIRED, now, revision)),
        }
    }

    fn grant(&mut self, grant: &Grant<'_>) -> Result<bool, StoreError> {
        let uid = grant.uid.0.cast_signed();
        self.change(|change| {
            let is_same = change.execute(
                "UPDATE accounts SET last_login_at = ?3, expires_at = max(expires_at, ?3 + used_s)
                 WHERE uid = ?1 AND password_hash = ?2 AND is_enabled",
                params![uid, grant.checked_hash, grant.now],
            )?;
            if is_same == 0 {
                return Ok(false);
            }
            change.execute(
                "UPDATE revocations SET renewed_at = (SELECT revision FROM realm) WHERE uid = ?1",
                [uid],
            )?;
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
            Ok(true)
        })
    }

    fn rehash(&mut self, uid: Uid, old_hash: &str, new_hash: &str) -> Result<(), StoreError> {
        self.connection()?.execute(
            "UPDATE accounts SET password_hash = ?3 WHERE uid = ?1 AND password_hash = ?2",
            params![uid.0.cast_signed(), old_hash, new_hash],
        )?;
        Ok(())
    }

    fn verify(
        &mut self,
        token: &TokenHash,
        now: UnixSeconds,
    ) -> Result<Option<Verified>, StoreError> {
        let connection = self.connection()?;
        if let Some(verified) = verify_granted(connection, token, now)? {
            return Ok(Some(verified));
        }
        let found = device_keys::verify(connection, token, now)?;
        if let Some((_, Noting::Due)) = found {
            self.change(|change| device_keys::note_use(change, token, now))?;
        }
        Ok(found.map(|(verified, _)| verified))
    }

    fn add_device_key(&mut self, id: &str, key: &NewDeviceKey) -> Result<(), StoreError> {
        self.change(|change| {
            let uid = uid_of(change, id)?;
            device_keys::add(change, uid, key, super::now())
        })
    }

    fn remove_device_key(&mut self, id: &str, key_id: KeyId) -> Result<(), StoreError> {
        self.revise(|change, revision| {
            let uid = uid_of(change, id)?;
            device_keys::remove(change, uid, key_id)?;
            revoke_all(change, uid, revision)
        })
    }

    fn device_keys(&mut self, id: &str) -> Result<Vec<DeviceKeyUse>, StoreError> {
        device_keys::list(self.connection()?, id)
    }

    fn find_device(&mut self, key_id: KeyId) -> Result<Option<SealKey>, StoreError> {
        device_keys::find(self.connection()?, key_id)
    }

    fn revision(&mut self) -> Result<Revision, StoreError> {
        let mut query = self.connection()?.prepare_cached("SELECT revision FROM realm")?;
        Ok(query.query_row([], |row| revision_in(row, 0))?)
    }

    fn revoked_since(&mut self, after: &RevocationWork) -> Result<RevocationPage, StoreError> {
        // One snapshot for both: what is not on the page has a higher revision than the realm.
        let read = self.connection()?.transaction()?;
        let text = "SELECT revision FROM realm";
        let complete = read.query_row(text, [], |row| revision_in(row, 0))?;
        let mut query = read.prepare_cached(
            "SELECT 0, all_revoked_at, 0 FROM realm WHERE (all_revoked_at, 0) > (?1, ?2)
             UNION ALL
             SELECT uid, revision, renewed_at FROM revocations WHERE (revision, uid) > (?1, ?2)
             ORDER BY 2, 1 LIMIT ?3",
        )?;
        let (revision, uid) = (after.revision.0 as i64, after.uid.0 as i64);
        let most = REVOCATION_PAGE as i64 + 1;
        let mut list = heapless::Vec::new();
        let mut rows = query.query(params![revision, uid, most])?;
        while let Some(row) = rows.next()? {
            let one = Revocation {
                uid: uid_in(row, 0)?,
                revision: revision_in(row, 1)?,
                renewed_at: revision_in(row, 2)?,
            };
            if list.push(one).is_err() {
                return Ok(RevocationPage { list, complete: Revision(0) });
            }
        }
        Ok(RevocationPage { list, complete })
    }
}

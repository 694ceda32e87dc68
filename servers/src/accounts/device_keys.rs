//! Keys of devices: how an account is let in without a password.
//!
//! Purpose: what stores keep of each, here as [`sqlite`](super::sqlite) does: what it is called by, what its links are sealed with, and the
//! hash of its token. The key itself is its device's alone.
//!
//! Contract: two keys are never called the same. When a key was used last is noted once an hour at most: looking one up
//! is no write.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::login::TokenHash;
use tinyrealm_core::protocol::{KeyId, SealKey};

use super::rows::{revision_in, uid_in};
use super::{StoreError, UnixSeconds, Verified};

/// So many keys has an account at most: one of a device, and the next one while keys are exchanged, of a few devices.
pub(crate) const DEVICE_KEYS_MAX: u32 = 8;
/// A use is noted so long behind the one that was noted before.
pub(super) const USE_NOTED_S: UnixSeconds = 3_600;

/// A key to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewDeviceKey {
    pub(crate) key_id: KeyId,
    pub(crate) seal_key: SealKey,
    pub(crate) token: TokenHash,
}

impl From<&DeviceKey> for NewDeviceKey {
    fn from(key: &DeviceKey) -> Self {
        let (key_id, seal_key) = (key.key_id(), key.seal_key());
        Self { key_id, seal_key, token: TokenHash::of(&key.token()) }
    }
}

/// A key that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeviceKeyUse {
    pub(crate) key_id: KeyId,
    pub(crate) made_at: UnixSeconds,
    pub(crate) last_used_at: Option<UnixSeconds>,
}

fn key_id_in(row: &Row<'_>, column: usize) -> rusqlite::Result<KeyId> {
    Ok(KeyId(row.get(column)?))
}

pub(super) fn add(
    change: &Transaction<'_>,
    uid: i64,
    key: &NewDeviceKey,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let count = "SELECT count(*) FROM device_keys WHERE uid = ?1";
    let count: u32 = change.query_row(count, [uid], |row| row.get(0))?;
    if count >= DEVICE_KEYS_MAX {
        return Err(StoreError::TooManyKeys);
    }
    let inserted = change.execute(
        "INSERT INTO device_keys (key_id, uid, seal_key, token_hash, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![key.key_id.0, uid, key.seal_key.0, key.token.0, now],
    )?;
    if inserted == 0 { Err(StoreError::KeyTaken) } else { Ok(()) }
}

pub(super) fn remove(change: &Transaction<'_>, uid: i64, key_id: KeyId) -> Result<(), StoreError> {
    let text = "DELETE FROM device_keys WHERE uid = ?1 AND key_id = ?2";
    match change.execute(text, params![uid, key_id.0])? {
        0 => Err(StoreError::UnknownKey(key_id)),
        _ => Ok(()),
    }
}

/// The keys of an account, the oldest first.
pub(super) fn list(connection: &Connection, id: &str) -> Result<Vec<DeviceKeyUse>, StoreError> {
    let mut query = connection.prepare(
        "SELECT key_id, made_at, last_used_at FROM device_keys JOIN accounts USING (uid)
         WHERE id = ?1 ORDER BY made_at, key_id",
    )?;
    let keys = query.query_map([id], |row| {
        Ok(DeviceKeyUse {
            key_id: key_id_in(row, 0)?,
            made_at: row.get(1)?,
            last_used_at: row.get(2)?,
        })
    })?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// What links are sealed with whose key is called so, if its account may come in.
pub(super) fn find(connection: &Connection, key_id: KeyId) -> Result<Option<SealKey>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT seal_key FROM device_keys JOIN accounts USING (uid)
         WHERE key_id = ?1 AND is_enabled",
    )?;
    let found = query.query_row([key_id.0], |row| Ok(SealKey(row.get(0)?)));
    Ok(found.optional()?)
}

/// Whose token it is, and whether that is to be noted.
pub(super) fn verify(
    connection: &Connection,
    token: &TokenHash,
    now: UnixSeconds,
) -> Result<Option<(Verified, Noting)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT accounts.uid, revision, accounts.id, coalesce(last_used_at + ?3 <= ?2, TRUE)
         OR EXISTS (SELECT 1 FROM revocations WHERE uid = accounts.uid AND renewed_at = 0)
         FROM realm, device_keys JOIN accounts USING (uid)
         WHERE token_hash = ?1 AND is_enabled",
    )?;
    let found = query.query_row(params![token.0, now, USE_NOTED_S], |row| {
        let verified: Verified = (uid_in(row, 0)?, revision_in(row, 1)?, row.get(2)?);
        let noting = if row.get(3)? { Noting::Due } else { Noting::Done };
        Ok((verified, noting))
    });
    Ok(found.optional()?)
}

/// Whether a use is to be noted.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Noting {
    Due,
    Done,
}

/// Notes that a key was used: also that its account has come again behind what it was revoked with.
pub(super) fn note_use(
    change: &Transaction<'_>,
    token: &TokenHash,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let text = "UPDATE device_keys SET last_used_at = ?2 WHERE token_hash = ?1 RETURNING uid";
    let uid = change.query_row(text, params![token.0, now], |row| row.get::<_, i64>(0));
    let Some(uid) = uid.optional()? else { return Ok(()) };
    change.execute("UPDATE accounts SET last_login_at = ?2 WHERE uid = ?1", params![uid, now])?;
    change.execute(
        "UPDATE revocations SET renewed_at = (SELECT revision FROM realm) WHERE uid = ?1",
        [uid],
    )?;
    Ok(())
}

//! Keys of devices, as PostgreSQL keeps them; see [`super::super::device_keys`].

use tinyrealm_core::node::login::TokenHash;
use tinyrealm_core::protocol::{KeyId, SealKey};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::changes::renew;
use super::{Parameter, PostgresStore, revision_in, uid_in};
use crate::accounts::device_keys::{
    DEVICE_KEYS_MAX, DeviceKeyUse, NewDeviceKey, Noting, USE_NOTED_S,
};
use crate::accounts::{StoreError, UnixSeconds, Verified};
use crate::postgres::Patience;

/// Bytes of a fixed length.
fn bytes_in<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::Damaged("a key has another length".to_owned()))
}

/// To the account of this uid, which is locked.
pub(super) async fn add(
    client: &Client,
    uid: i64,
    key: &NewDeviceKey,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let count = "SELECT count(*) FROM device_keys WHERE uid = $1";
    let row = client.query_typed_one(count, &[(&uid, Type::INT8)]).await?;
    if row.try_get::<_, i64>(0)? >= i64::from(DEVICE_KEYS_MAX) {
        return Err(StoreError::TooManyKeys);
    }
    let text = "INSERT INTO device_keys (key_id, uid, seal_key, token_hash, made_at)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let parameters: [Parameter<'_>; 5] = [
        (&&key.key_id.0[..], Type::BYTEA),
        (&uid, Type::INT8),
        (&&key.seal_key.0[..], Type::BYTEA),
        (&&key.token.0[..], Type::BYTEA),
        (&now, Type::INT8),
    ];
    match client.execute_typed(text, &parameters).await? {
        0 => Err(StoreError::KeyTaken),
        _ => Ok(()),
    }
}

/// From the account of this uid, which is locked.
pub(super) async fn remove(client: &Client, uid: i64, key_id: KeyId) -> Result<(), StoreError> {
    let text = "DELETE FROM device_keys WHERE uid = $1 AND key_id = $2";
    let parameters: [Parameter<'_>; 2] = [(&uid, Type::INT8), (&&key_id.0[..], Type::BYTEA)];
    match client.execute_typed(text, &parameters).await? {
        0 => Err(StoreError::UnknownKey(key_id)),
        _ => Ok(()),
    }
}

impl PostgresStore {
    /// The oldest first.
    pub(super) fn list_device_keys(&mut self, id: &str) -> Result<Vec<DeviceKeyUse>, StoreError> {
        let text = "SELECT key_id, made_at, last_used_at FROM device_keys JOIN accounts USING (uid)
                    WHERE id = $1 ORDER BY made_at, key_id";
        let rows = self.rows(Patience::Job, text, &[(&id, Type::TEXT)])?;
        let key = |row: &Row| -> Result<DeviceKeyUse, StoreError> {
            let key_id = KeyId(bytes_in(row, 0)?);
            Ok(DeviceKeyUse { key_id, made_at: row.try_get(1)?, last_used_at: row.try_get(2)? })
        };
        rows.iter().map(key).collect()
    }

    /// What links are sealed with whose key is called so, if its account may come in.
    pub(super) fn seal_key_of(&mut self, key_id: KeyId) -> Result<Option<SealKey>, StoreError> {
        let text = "SELECT seal_key FROM device_keys JOIN accounts USING (uid)
                    WHERE key_id = $1 AND is_enabled";
        let found = self.row(text, &[(&&key_id.0[..], Type::BYTEA)])?;
        found.map(|row| Ok(SealKey(bytes_in(&row, 0)?))).transpose()
    }

    /// Whose token it is, and whether that is to be noted.
    pub(super) fn verify_device(
        &mut self,
        token: &TokenHash,
        now: UnixSeconds,
    ) -> Result<Option<(Verified, Noting)>, StoreError> {
        let text = "SELECT accounts.uid, revision, accounts.id, coalesce(last_used_at + $3 <= $2, TRUE)
                    OR EXISTS (SELECT 1 FROM revocations WHERE uid = accounts.uid AND renewed_at = 0)
                    FROM realm, device_keys JOIN accounts USING (uid)
                    WHERE token_hash = $1 AND is_enabled";
        let parameters: [Parameter<'_>; 3] =
            [(&&token.0[..], Type::BYTEA), (&now, Type::INT8), (&USE_NOTED_S, Type::INT8)];
        let Some(row) = self.row(text, &parameters)? else { return Ok(None) };
        let noting = if row.try_get(3)? { Noting::Due } else { Noting::Done };
        Ok(Some(((uid_in(&row, 0)?, revision_in(&row, 1)?, row.try_get(2)?), noting)))
    }

    /// Notes that a key was used: also that its account has come again behind what it was revoked with.
    pub(super) fn note_use(
        &mut self,
        token: &TokenHash,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.link.change(Patience::Job, async |client: &Client| {
            // The account before the key, as everywhere.
            let text = "UPDATE accounts SET last_login_at = $2 WHERE is_enabled
                        AND uid = (SELECT uid FROM device_keys WHERE token_hash = $1) RETURNING uid";
            let parameters: [Parameter<'_>; 2] =
                [(&&token.0[..], Type::BYTEA), (&now, Type::INT8)];
            let Some(row) = client.query_typed_opt(text, &parameters).await? else {
                return Ok(());
            };
            let text = "UPDATE device_keys SET last_used_at = $2 WHERE token_hash = $1";
            match client.execute_typed(text, &parameters).await? {
                0 => Ok(()),
                _ => renew(client, row.try_get(0)?).await,
            }
        })
    }
}

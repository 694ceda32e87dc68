//! What is done to accounts within a transaction.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::Parameter;
use crate::accounts::{self, Grant, NewAccount, StoreError};

/// The uid of an account that is to be changed, which nobody else changes until then.
pub(super) async fn lock_account(client: &Client, id: &str) -> Result<i64, StoreError> {
    let text = "SELECT uid FROM accounts WHERE id = $1 FOR UPDATE";
    match client.query_typed_opt(text, &[(&id, Type::TEXT)]).await? {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(StoreError::Unknown(id.to_owned())),
    }
}

/// Removes the accounts of a condition, whose parameters go on from $2; answers how many there were.
pub(super) async fn remove_all(
    client: &Client,
    condition: &str,
    revision: i64,
    parameters: &[Parameter<'_>],
) -> Result<usize, StoreError> {
    let text = format!(
        "WITH gone AS (DELETE FROM accounts WHERE {condition} RETURNING uid)
         INSERT INTO revocations (uid, revision) SELECT uid, $1 FROM gone
         ON CONFLICT (uid) DO UPDATE SET revision = excluded.revision, renewed_at = 0"
    );
    let first: [Parameter<'_>; 1] = [(&revision, Type::INT8)];
    let all: Vec<Parameter<'_>> = first.into_iter().chain(parameters.iter().cloned()).collect();
    Ok(client.execute_typed(&text, &all).await? as usize)
}

pub(super) const OF_PREFIX: &str = "is_throw_away AND starts_with(id, $2)";

/// All of them, or none.
pub(super) async fn insert_all(
    client: &Client,
    accounts: &[NewAccount],
    revision: i64,
) -> Result<(), StoreError> {
    let now = accounts::now();
    let ids: Vec<&str> = accounts.iter().map(|new| new.id.as_str()).collect();
    let hashes: Vec<&str> = accounts.iter().map(|new| new.password_hash.as_str()).collect();
    let leases = accounts.iter().map(|new| new.lease);
    let ends: Vec<Option<i64>> =
        leases.clone().map(|lease| Some(now + i64::from(lease?.unused_s))).collect();
    let used: Vec<Option<i64>> = leases.map(|lease| Some(i64::from(lease?.used_s))).collect();
    let replaced: Vec<&str> =
        accounts.iter().filter(|new| new.lease.is_some()).map(|new| new.id.as_str()).collect();
    let condition = "is_throw_away AND id = ANY($2)";
    remove_all(client, condition, revision, &[(&replaced, Type::TEXT_ARRAY)]).await?;
    let text = "INSERT INTO accounts
                (id, password_hash, is_enabled, is_throw_away, created_at, expires_at, used_s)
                SELECT id, hash, TRUE, used_s IS NOT NULL, $5, expires_at, used_s
                FROM unnest($1, $2, $3, $4) AS new (id, hash, expires_at, used_s)
                ON CONFLICT (id) DO NOTHING RETURNING id";
    let parameters: [Parameter<'_>; 5] = [
        (&ids, Type::TEXT_ARRAY),
        (&hashes, Type::TEXT_ARRAY),
        (&ends, Type::INT8_ARRAY),
        (&used, Type::INT8_ARRAY),
        (&now, Type::INT8),
    ];
    let mut made = std::collections::HashSet::new();
    for row in client.query_typed(text, &parameters).await? {
        made.insert(row.try_get::<_, String>(0)?);
    }
    match ids.into_iter().find(|id| !made.remove(*id)) {
        Some(taken) => Err(StoreError::Taken(taken.to_owned())),
        None => Ok(()),
    }
}

/// A token for whoever has the account still as it was checked.
pub(super) async fn give(client: &Client, grant: &Grant<'_>) -> Result<bool, StoreError> {
    let uid = grant.uid.0.cast_signed();
    let text =
        "UPDATE accounts SET last_login_at = $3, expires_at = greatest(expires_at, $3 + used_s)
                WHERE uid = $1 AND password_hash = $2 AND is_enabled";
    let parameters: [Parameter<'_>; 3] =
        [(&uid, Type::INT8), (&grant.checked_hash, Type::TEXT), (&grant.now, Type::INT8)];
    if client.execute_typed(text, &parameters).await? == 0 {
        return Ok(false);
    }
    renew(client, uid).await?;
    let text = "INSERT INTO tokens (hash, uid, issued, expires_at)
                SELECT $2, $1, coalesce(max(issued), 0) + 1, $3 FROM tokens WHERE uid = $1";
    let parameters: [Parameter<'_>; 3] =
        [(&uid, Type::INT8), (&&grant.token.0[..], Type::BYTEA), (&grant.expires_at, Type::INT8)];
    client.execute_typed(text, &parameters).await?;
    let most = i64::from(grant.most_tokens);
    let text = "DELETE FROM tokens WHERE uid = $1 AND (expires_at <= $2 OR issued <=
                (SELECT max(issued) FROM tokens WHERE uid = $1) - $3)";
    let parameters: [Parameter<'_>; 3] =
        [(&uid, Type::INT8), (&grant.now, Type::INT8), (&most, Type::INT8)];
    client.execute_typed(text, &parameters).await?;
    Ok(true)
}

/// Somebody who was revoked has come again.
pub(super) async fn renew(client: &Client, uid: i64) -> Result<(), StoreError> {
    let text = "UPDATE revocations SET renewed_at = (SELECT revision FROM realm) WHERE uid = $1";
    client.execute_typed(text, &[(&uid, Type::INT8)]).await?;
    Ok(())
}

//! The store of a realm of several machines: a database in PostgreSQL, which several Logins and whoever runs
//! `tinyrealm user` anywhere share.
//!
//! Contract: as [`AccountStore`]'s. Whatever changes who may come first takes the realm's line, so revisions are committed in
//! their order, and who has read one has seen all before it; then the account's. Whatever lets somebody in takes the
//! account's, so it is either behind a revocation and sees it, or is ended by it.
//!
//! Bounds: [`revocations`]' own and [`attempts`]'; both are held to when it is swept, [`SWEPT_AT_ONCE`] accounts at a time.

mod attempts;
mod changes;
mod device_keys;
pub(super) mod import;
mod revocations;

use tinyrealm_core::node::login::{
    CountedBy, LoginConfig, LoginWork, RevocationPage, RevocationWork, TokenHash, Verdict,
};
use tinyrealm_core::protocol::{KeyId, Revision, SealKey, Uid};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use changes::{OF_PREFIX, give, insert_all, lock_account, remove_all};

use super::device_keys::{DeviceKeyUse, NewDeviceKey, Noting};
use super::{
    Account, AccountStore, Grant, Held, NewAccount, Purpose, Standing, StoreError, UnixSeconds,
    Verified,
};
use crate::config::login::LoginSettings;
use crate::postgres::address::Address;
use crate::postgres::{Link, Patience, Problem, migrations};

const COLUMNS: &str =
    "uid, id, password_hash, is_enabled, is_throw_away, created_at, last_login_at, generation";
/// Whoever waits for the watch does not wait for more.
const SWEPT_AT_ONCE: i64 = 4_096;

/// A parameter, and what it is there: nothing has to be prepared.
type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// One connection to the database; see the [module](self).
pub(super) struct PostgresStore {
    link: Link,
    policy: LoginConfig,
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unreachable(why) => Self::Unreachable(why),
            Problem::Refused(why) => Self::Database(why),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        Problem::from(error).into()
    }
}

fn uid_in(row: &Row, column: usize) -> Result<Uid, tokio_postgres::Error> {
    Ok(Uid(row.try_get::<_, i64>(column)?.cast_unsigned()))
}

fn revision_in(row: &Row, column: usize) -> Result<Revision, tokio_postgres::Error> {
    Ok(Revision(row.try_get::<_, i64>(column)?.cast_unsigned()))
}

fn account(row: &Row) -> Result<Account, tokio_postgres::Error> {
    Ok(Account {
        uid: uid_in(row, 0)?,
        id: row.try_get(1)?,
        password_hash: row.try_get(2)?,
        standing: if row.try_get(3)? { Standing::Enabled } else { Standing::Disabled },
        purpose: if row.try_get(4)? { Purpose::ThrowAway } else { Purpose::Person },
        created_at: row.try_get(5)?,
        last_login_at: row.try_get(6)?,
        generation: row.try_get::<_, i64>(7)?.cast_unsigned(),
    })
}

impl PostgresStore {
    /// # Errors
    /// If the database is not there, or is not what this program knows.
    pub(super) fn open(address: &Address, settings: &LoginSettings) -> anyhow::Result<Self> {
        let mut link = Link::new(address)?;
        let (_, schema) = migrations::status(&mut link)?;
        match schema.problem() {
            None => Ok(Self { link, policy: settings.to_core() }),
            Some(problem) => anyhow::bail!(problem),
        }
    }

    /// What devices' tokens are signed with, made if there is none.
    pub(super) fn device_secret(&mut self) -> anyhow::Result<[u8; 32]> {
        let mut new = [0; 32];
        getrandom::fill(&mut new)?;
        let secret = self.link.change(Patience::Job, async |client: &Client| {
            let text = "UPDATE realm SET device_secret = coalesce(device_secret, $1) RETURNING device_secret";
            let parameters: [Parameter<'_>; 1] = [(&&new[..], Type::BYTEA)];
            let row = client.query_typed_one(text, &parameters).await?;
            Ok::<Vec<u8>, Problem>(row.try_get(0)?)
        })?;
        secret.try_into().map_err(|_| anyhow::anyhow!("the key of devices has not 32 bytes"))
    }

    /// The rows of a statement that changes nothing.
    fn rows(
        &mut self,
        patience: Patience,
        text: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self
            .link
            .read(patience, async |client| Ok(client.query_typed(text, parameters).await?))?)
    }

    /// The only row of such a statement, if there is one.
    fn row(&mut self, text: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.link.read(Patience::Job, async |client| {
            Ok(client.query_typed_opt(text, parameters).await?)
        })?)
    }

    /// A change of who there is, or of who may come: it has a revision.
    fn revise<T>(
        &mut self,
        patience: Patience,
        act: impl AsyncFnOnce(&Client, i64) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.link.change(patience, async |client: &Client| {
            let text = "UPDATE realm SET revision = revision + 1 RETURNING revision";
            let row = client.query_typed_one(text, &[]).await?;
            act(client, row.try_get(0)?).await
        })
    }

    /// A change of one account, whose uid it is given, that ends whatever the account has been given.
    fn change_rights(
        &mut self,
        id: &str,
        act: impl AsyncFnOnce(&Client, i64, i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.revise(Patience::Job, async |client, revision| {
            let uid = lock_account(client, id).await?;
            act(client, uid, revision).await?;
            let text = "DELETE FROM tokens WHERE uid = $1";
            client.execute_typed(text, &[(&uid, Type::INT8)]).await?;
            let text = "INSERT INTO revocations (uid, revision) VALUES ($1, $2)
                        ON CONFLICT (uid) DO UPDATE SET revision = excluded.revision, renewed_at = 0";
            client.execute_typed(text, &[(&uid, Type::INT8), (&revision, Type::INT8)]).await?;
            Ok(())
        })
    }
}

impl AccountStore for PostgresStore {
    fn find(&mut self, id: &str) -> Result<Option<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts WHERE id = $1");
        let found = self.row(&text, &[(&id, Type::TEXT)])?;
        Ok(found.as_ref().map(account).transpose()?)
    }

    fn list(&mut self) -> Result<Vec<Account>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM accounts ORDER BY id");
        let rows = self.rows(Patience::Batch, &text, &[])?;
        Ok(rows.iter().map(account).collect::<Result<_, _>>()?)
    }

    fn create(&mut self, accounts: &[NewAccount]) -> Result<(), StoreError> {
        self.revise(Patience::Batch, async |client, revision| {
            insert_all(client, accounts, revision).await
        })
    }

    fn set_password(&mut self, id: &str, password_hash: &str) -> Result<(), StoreError> {
        self.change_rights(id, async |client, uid, revision| {
            let text = "UPDATE accounts SET password_hash = $2, generation = $3 WHERE uid = $1";
            let parameters: [Parameter<'_>; 3] =
                [(&uid, Type::INT8), (&password_hash, Type::TEXT), (&revision, Type::INT8)];
            client.execute_typed(text, &parameters).await?;
            Ok(())
        })
    }

    fn set_standing(&mut self, id: &str, standing: Standing) -> Result<(), StoreError> {
        let is_enabled = standing == Standing::Enabled;
        self.change_rights(id, async |client, uid, _| {
            let text = "UPDATE accounts SET is_enabled = $2 WHERE uid = $1";
            client.execute_typed(text, &[(&uid, Type::INT8), (&is_enabled, Type::BOOL)]).await?;
            Ok(())
        })
    }

    fn revoke(&mut self, id: &str) -> Result<(), StoreError> {
        self.change_rights(id, async |_, _, _| Ok(()))
    }

    fn remove(&mut self, id: &str) -> Result<(), StoreError> {
        self.revise(Patience::Job, async |client, revision| {
            let uid = lock_account(client, id).await?;
            remove_all(client, "uid = $2", revision, &[(&uid, Type::INT8)]).await?;
            Ok(())
        })
    }

    fn remove_throw_aways(&mut self, prefix: &str) -> Result<usize, StoreError> {
        self.revise(Patience::Batch, async |client, revision| {
            remove_all(client, OF_PREFIX, revision, &[(&prefix, Type::TEXT)]).await
        })
    }

    fn keep_throw_aways(&mut self, prefix: &str, until: UnixSeconds) -> Result<(), StoreError> {
        self.link.change(Patience::Batch, async |client: &Client| {
            let text = format!(
                "UPDATE accounts SET expires_at = greatest(expires_at, $1) WHERE {OF_PREFIX}"
            );
            client.execute_typed(&text, &[(&until, Type::INT8), (&prefix, Type::TEXT)]).await?;
            Ok(())
        })
    }

    fn sweep(&mut self, now: UnixSeconds) -> Result<usize, StoreError> {
        self.trim_revocations()?;
        self.sweep_attempts()?;
        let any = "SELECT 1 FROM accounts WHERE is_throw_away AND expires_at <= $1 LIMIT 1";
        if self.row(any, &[(&now, Type::INT8)])?.is_none() {
            return Ok(0);
        }
        let condition = "is_throw_away AND expires_at <= $2 AND uid IN
            (SELECT uid FROM accounts WHERE is_throw_away AND expires_at <= $2 LIMIT $3)";
        self.revise(Patience::Job, async |client, revision| {
            let parameters: [Parameter<'_>; 2] = [(&now, Type::INT8), (&SWEPT_AT_ONCE, Type::INT8)];
            remove_all(client, condition, revision, &parameters).await
        })
    }

    fn grant(&mut self, grant: &Grant<'_>) -> Result<bool, StoreError> {
        self.link.change(Patience::Job, async |client: &Client| give(client, grant).await)
    }

    fn rehash(&mut self, uid: Uid, old_hash: &str, new_hash: &str) -> Result<(), StoreError> {
        let uid = uid.0.cast_signed();
        self.link.change(Patience::Job, async |client: &Client| {
            let text =
                "UPDATE accounts SET password_hash = $3 WHERE uid = $1 AND password_hash = $2";
            let parameters: [Parameter<'_>; 3] =
                [(&uid, Type::INT8), (&old_hash, Type::TEXT), (&new_hash, Type::TEXT)];
            client.execute_typed(text, &parameters).await?;
            Ok(())
        })
    }

    fn verify(
        &mut self,
        token: &TokenHash,
        now: UnixSeconds,
    ) -> Result<Option<Verified>, StoreError> {
        let text = "SELECT accounts.uid, revision, accounts.id
                    FROM realm, tokens JOIN accounts USING (uid)
                    WHERE hash = $1 AND tokens.expires_at > $2 AND is_enabled";
        if let Some(row) = self.row(text, &[(&&token.0[..], Type::BYTEA), (&now, Type::INT8)])? {
            return Ok(Some((uid_in(&row, 0)?, revision_in(&row, 1)?, row.try_get(2)?)));
        }
        let found = self.verify_device(token, now)?;
        if let Some((_, Noting::Due)) = found {
            self.note_use(token, now)?;
        }
        Ok(found.map(|(verified, _)| verified))
    }

    fn add_device_key(&mut self, id: &str, key: &NewDeviceKey) -> Result<(), StoreError> {
        let now = super::now();
        self.link.change(Patience::Job, async |client: &Client| {
            let uid = lock_account(client, id).await?;
            device_keys::add(client, uid, key, now).await
        })
    }

    fn remove_device_key(&mut self, id: &str, key_id: KeyId) -> Result<(), StoreError> {
        self.change_rights(id, async |client, uid, _| {
            device_keys::remove(client, uid, key_id).await
        })
    }

    fn device_keys(&mut self, id: &str) -> Result<Vec<DeviceKeyUse>, StoreError> {
        self.list_device_keys(id)
    }

    fn find_device(&mut self, key_id: KeyId) -> Result<Option<SealKey>, StoreError> {
        self.seal_key_of(key_id)
    }

    fn revision(&mut self) -> Result<Revision, StoreError> {
        let found = self.row("SELECT revision FROM realm", &[])?;
        let row =
            found.ok_or_else(|| StoreError::Damaged("the realm's line is gone".to_owned()))?;
        Ok(revision_in(&row, 0)?)
    }

    fn revoked_since(&mut self, after: &RevocationWork) -> Result<RevocationPage, StoreError> {
        self.page_of_revocations(after)
    }

    fn begin_attempt(
        &mut self,
        work: &LoginWork,
        by: CountedBy,
    ) -> Result<Option<Held>, StoreError> {
        self.charge(work, by)
    }

    fn end_attempt(
        &mut self,
        work: &LoginWork,
        by: CountedBy,
        verdict: Verdict,
    ) -> Result<u32, StoreError> {
        self.settle(work, by, verdict)
    }
}

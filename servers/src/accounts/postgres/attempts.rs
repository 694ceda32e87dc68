//! Guesses at passwords, counted for all Logins of a database together.
//!
//! Purpose: what the [books](tinyrealm_core::node::login::attempts) of one Login are, with the same policy, for several: who
//! guesses at two has no more guesses than who guesses at one. Those books come first, and keep most from asking here.
//!
//! Contract: before a password is hashed, one statement counts the attempt as a failure of its account, or says when to come
//! again; so of however many at once, no more are hashed than are free. Behind it the right password makes that
//! forgotten, and a wrong one counts for the address, too, of which as many more may be under way as Logins hash at
//! once. Time is the database's.
//!
//! Bounds: a line is forgotten with its failures; above [`LINES_MAX`] those go first that wait the least.

use tinyrealm_core::node::login::{AttemptPolicy, CountedBy, LoginWork, Verdict};
use tinyrealm_core::protocol::LoginDenial;
use tinyrealm_core::session::NETWORK_SHARES;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::{Parameter, PostgresStore};
use crate::accounts::{Held, StoreError};
use crate::postgres::{Patience, Problem};

/// As many as Logins make in an hour that hash two hundred passwords a second.
const LINES_MAX: i64 = 1_000_000;

/// Counts a failure for `$1`; unless `$7`, only if neither it nor one of `$6` has to wait.
const CHARGE: &str = "
    INSERT INTO attempts AS known (key, failures, blocked_until, forgotten_at)
    SELECT $1, 1, now() + attempt_delay(1, $2, $3, $4), now() + $5 * interval '1 millisecond'
    WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE key = ANY($6) AND blocked_until > now())
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN known.forgotten_at <= now() THEN 1 ELSE known.failures + 1 END,
        blocked_until = greatest(known.blocked_until, now() + attempt_delay(
            CASE WHEN known.forgotten_at <= now() THEN 1 ELSE known.failures + 1 END, $2, $3, $4)),
        forgotten_at = excluded.forgotten_at
    WHERE $7 OR known.blocked_until <= now()
    RETURNING 1";

/// How long `$1` has to wait, and the longest of `$2`.
const WAITS: &str = "
    SELECT coalesce(max(CASE WHEN key = $1 THEN wait_ms END), 0), coalesce(max(CASE WHEN key = ANY($2) THEN wait_ms END), 0)
    FROM (SELECT key, ceil(extract(epoch FROM blocked_until - now()) * 1000)::bigint AS wait_ms
          FROM attempts WHERE key = $1 OR key = ANY($2)) AS waits";

/// What an attempt counts for: its own line, and those of where it comes from.
struct Lines {
    own: String,
    origins: Vec<(String, AttemptPolicy)>,
}

impl Lines {
    fn of(work: &LoginWork, by: CountedBy, address: AttemptPolicy) -> Self {
        let (id, group) = (&work.id, work.from.group());
        let own = match by {
            CountedBy::Account => format!("account {id}"),
            CountedBy::Address => format!("way {} {id}", group.first()),
            CountedBy::Device => format!("device {id}"),
        };
        if by != CountedBy::Account {
            return Self { own, origins: Vec::new() };
        }
        let mut origins = vec![(format!("address {}", group.first()), address)];
        let wider = AttemptPolicy {
            free_failures: address.free_failures.saturating_mul(NETWORK_SHARES),
            ..address
        };
        origins.extend(group.network().map(|net| (format!("network {}", net.first()), wider)));
        Self { own, origins }
    }

    fn origins(&self) -> Vec<&str> {
        self.origins.iter().map(|(key, _)| key.as_str()).collect()
    }
}

/// When a failure is counted.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Charge<'c> {
    /// Before it is one, if neither it nor one of these has to wait.
    Ahead(&'c [&'c str]),
    /// Behind it.
    Behind,
}

/// Counts a failure; answers whether it was counted.
async fn charge(
    client: &Client,
    key: &str,
    policy: AttemptPolicy,
    when: Charge<'_>,
) -> Result<bool, Problem> {
    let (others, is_behind) = match when {
        Charge::Ahead(others) => (others, false),
        Charge::Behind => (&[][..], true),
    };
    let free = i32::from(policy.free_failures);
    let [first_ms, most_ms, forget_ms] =
        [policy.first_delay_ms, policy.most_delay_ms, policy.forget_after_ms].map(i64::from);
    let parameters: [Parameter<'_>; 7] = [
        (&key, Type::TEXT),
        (&free, Type::INT4),
        (&first_ms, Type::INT8),
        (&most_ms, Type::INT8),
        (&forget_ms, Type::INT8),
        (&others, Type::TEXT_ARRAY),
        (&is_behind, Type::BOOL),
    ];
    Ok(client.query_typed_opt(CHARGE, &parameters).await?.is_some())
}

fn wait_in(row: &Row, column: usize) -> Result<u32, Problem> {
    let wait_ms: i64 = row.try_get(column)?;
    Ok(wait_ms.clamp(0, i64::from(u32::MAX)) as u32)
}

/// How long the own line waits, and the longest of the others.
async fn waits(client: &Client, own: &str, origins: &[&str]) -> Result<(u32, u32), Problem> {
    let parameters: [Parameter<'_>; 2] = [(&own, Type::TEXT), (&origins, Type::TEXT_ARRAY)];
    let row = client.query_typed_one(WAITS, &parameters).await?;
    Ok((wait_in(&row, 0)?, wait_in(&row, 1)?))
}

impl PostgresStore {
    /// Counts an attempt that is to be made; answers who has to wait instead.
    pub(super) fn charge(
        &mut self,
        work: &LoginWork,
        by: CountedBy,
    ) -> Result<Option<Held>, StoreError> {
        let policy = self.policy;
        let lines = Lines::of(work, by, policy.address);
        let origins = lines.origins();
        Ok(self.link.read(Patience::Job, async |client| {
            if charge(client, &lines.own, policy.account, Charge::Ahead(&origins)).await? {
                return Ok(None);
            }
            let (own_ms, origin_ms) = waits(client, &lines.own, &origins).await?;
            // It may just have ended.
            let reason =
                if origin_ms > own_ms { LoginDenial::TOO_MANY } else { LoginDenial::LOCKED };
            Ok(Some(Held { reason, retry_after_ms: own_ms.max(origin_ms).max(1) }))
        })?)
    }

    /// An attempt is over; answers how long the next one has to wait.
    pub(super) fn settle(
        &mut self,
        work: &LoginWork,
        by: CountedBy,
        verdict: Verdict,
    ) -> Result<u32, StoreError> {
        let lines = Lines::of(work, by, self.policy.address);
        let origins = lines.origins();
        Ok(self.link.read(Patience::Job, async |client| {
            let own: [Parameter<'_>; 1] = [(&lines.own, Type::TEXT)];
            match verdict {
                Verdict::Failed => {
                    for (key, policy) in &lines.origins {
                        charge(client, key, *policy, Charge::Behind).await?;
                    }
                    let (own_ms, origin_ms) = waits(client, &lines.own, &origins).await?;
                    return Ok(own_ms.max(origin_ms));
                }
                Verdict::Succeeded => {
                    client.execute_typed("DELETE FROM attempts WHERE key = $1", &own).await?;
                }
                // It was counted before it was judged.
                Verdict::Void => {
                    let text = "UPDATE attempts SET failures = greatest(failures - 1, 0), blocked_until = now()
                                WHERE key = $1";
                    client.execute_typed(text, &own).await?;
                }
            }
            Ok(0)
        })?)
    }

    /// Forgets what is over, and what is too much.
    pub(super) fn sweep_attempts(&mut self) -> Result<(), StoreError> {
        self.trim_attempts(LINES_MAX)
    }

    fn trim_attempts(&mut self, most: i64) -> Result<(), StoreError> {
        self.link.change(Patience::Job, async |client: &Client| {
            client.execute_typed("DELETE FROM attempts WHERE forgotten_at <= now()", &[]).await?;
            let row = client.query_typed_one("SELECT count(*) FROM attempts", &[]).await?;
            let surplus = row.try_get::<_, i64>(0)? - most;
            if surplus > 0 {
                let text = "DELETE FROM attempts WHERE key IN
                            (SELECT key FROM attempts ORDER BY blocked_until, forgotten_at LIMIT $1)";
                client.execute_typed(text, &[(&surplus, Type::INT8)]).await?;
            }
            Ok(())
        })
    }
}

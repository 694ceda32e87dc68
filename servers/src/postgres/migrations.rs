//! What is in the database: numbered steps, which are in the program.
//!
//! Contract: each step is one transaction, with its line in `migrations`, and is never changed: its checksum stands
//! there. Of several that migrate at once one does each step, under the lock of a row, which ends with its
//! transaction. A server starts with exactly the steps that it knows.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::{Link, Patience, Problem};
use crate::secret::hex;

/// One step.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) number: i32,
    pub(crate) name: &'static str,
    text: &'static str,
}

/// In order, each with the next number.
const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "accounts", text: include_str!("migrations/0001_accounts.sql") },
    Migration { number: 2, name: "bans", text: include_str!("migrations/0002_bans.sql") },
];

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        number integer PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE IF NOT EXISTS migration_lock (is_only boolean PRIMARY KEY CHECK (is_only));
    INSERT INTO migration_lock VALUES (TRUE) ON CONFLICT DO NOTHING;
";
/// Two that make the tables at once stand in each other's way, once.
const TABLES_TRIES: u32 = 5;

impl Migration {
    fn checksum(&self) -> String {
        hex(&Sha256::digest(self.text))
    }
}

/// A step that the database has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Applied {
    pub(crate) number: i32,
    pub(crate) name: String,
    pub(crate) at: String,
    checksum: String,
}

/// How what is in a database stands to what this program knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Schema {
    /// It is that.
    Fits,
    /// Steps are missing, so many of so many.
    Older { missing: usize },
    /// It has steps that this program does not know.
    Newer { number: i32 },
    /// A step is not the one that this program knows by its number.
    Other { number: i32 },
}

impl Schema {
    /// What a server says that doesn't start.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Fits => None,
            Self::Older { missing } => Some(format!(
                "the database is older than this program ({missing} of {} migrations are missing): run `tinyrealm db \
                 migrate`",
                MIGRATIONS.len()
            )),
            Self::Newer { number } => Some(format!(
                "the database is newer than this program (it has migration {number}, the last one here is {}): update \
                 the program, `tinyrealm db status` says more",
                MIGRATIONS.len()
            )),
            Self::Other { number } => Some(format!(
                "migration {number} of the database is not this program's: another program's database? `tinyrealm db \
                 status` says more"
            )),
        }
    }
}

fn judge(applied: &[Applied]) -> Schema {
    for (place, one) in applied.iter().enumerate() {
        match MIGRATIONS.get(place) {
            None => return Schema::Newer { number: one.number },
            Some(known) if known.number != one.number || known.checksum() != one.checksum => {
                return Schema::Other { number: one.number };
            }
            Some(_) => {}
        }
    }
    match MIGRATIONS.len() - applied.len() {
        0 => Schema::Fits,
        missing => Schema::Older { missing },
    }
}

async fn read_applied(client: &Client) -> Result<Vec<Applied>, Problem> {
    let text = "SELECT number, name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
                FROM migrations ORDER BY number";
    let mut applied = Vec::new();
    for row in client.query_typed(text, &[]).await? {
        applied.push(Applied {
            number: row.try_get(0)?,
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
            at: row.try_get(3)?,
        });
    }
    Ok(applied)
}

/// What the database has, and how that stands to what this program knows.
///
/// # Errors
/// If the database is not there, or refuses.
pub(crate) fn status(link: &mut Link) -> Result<(Vec<Applied>, Schema), Problem> {
    let applied = link.read(Patience::Job, async |client| {
        let found = client.query_typed_one("SELECT to_regclass('migrations') IS NOT NULL", &[]);
        match found.await?.try_get(0)? {
            true => read_applied(client).await,
            false => Ok(Vec::new()),
        }
    })?;
    let schema = judge(&applied);
    Ok((applied, schema))
}

/// All steps that this program knows.
pub(crate) const fn known() -> &'static [Migration] {
    MIGRATIONS
}

/// Brings the database to what this program knows; answers the steps that were done here.
///
/// # Errors
/// If the database is not there, refuses, or has what this program does not know.
pub(crate) fn migrate(link: &mut Link) -> Result<Vec<&'static Migration>, Problem> {
    make_tables(link)?;
    let mut done = Vec::new();
    for migration in MIGRATIONS {
        if link.change(Patience::Batch, async |client| apply(client, migration).await)? {
            done.push(migration);
        }
    }
    // One that this program doesn't know is only seen here.
    let (_, schema) = status(link)?;
    schema.problem().map_or(Ok(done), |problem| Err(Problem::Refused(problem)))
}

fn make_tables(link: &mut Link) -> Result<(), Problem> {
    let mut tries = 0;
    loop {
        let made = link.change(Patience::Batch, async |client| {
            Ok::<_, Problem>(client.batch_execute(TABLES).await?)
        });
        tries += 1;
        match made {
            Err(Problem::Refused(_)) if tries < TABLES_TRIES => {}
            made => return made,
        }
    }
}

/// Does a step, unless it was done; answers whether it was done here.
async fn apply(client: &Client, migration: &Migration) -> Result<bool, Problem> {
    client.query_typed("SELECT 1 FROM migration_lock FOR UPDATE", &[]).await?;
    let applied = read_applied(client).await?;
    match judge(&applied) {
        Schema::Older { .. } | Schema::Fits => {}
        other => return Err(Problem::Refused(other.problem().unwrap_or_default())),
    }
    if applied.iter().any(|one| one.number == migration.number) {
        return Ok(false);
    }
    client.batch_execute(migration.text).await?;
    let checksum = migration.checksum();
    client
        .execute_typed(
            "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
            &[
                (&migration.number, Type::INT4),
                (&migration.name, Type::TEXT),
                (&checksum, Type::TEXT),
            ],
        )
        .await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(count: usize) -> Vec<Applied> {
        let of = |known: &Migration| Applied {
            number: known.number,
            name: known.name.to_owned(),
            at: String::new(),
            checksum: known.checksum(),
        };
        MIGRATIONS.iter().take(count).map(of).collect()
    }

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number as usize, place + 1, "{}", migration.name);
        }
    }

    #[test]
    fn both_sides_of_a_schema_that_fits() {
        let all = MIGRATIONS.len();
        assert_eq!(judge(&applied(all)), Schema::Fits);
        assert_eq!(judge(&[]), Schema::Older { missing: all });
        let mut newer = applied(all);
        newer.push(Applied { number: all as i32 + 1, ..newer[0].clone() });
        assert_eq!(judge(&newer), Schema::Newer { number: all as i32 + 1 });
        let mut other = applied(all);
        other[0].checksum = "another".to_owned();
        assert_eq!(judge(&other), Schema::Other { number: 1 });
        for (schema, command) in [
            (judge(&[]), "tinyrealm db migrate"),
            (judge(&newer), "update the program"),
            (judge(&other), "tinyrealm db status"),
        ] {
            assert!(schema.problem().unwrap().contains(command));
        }
    }
}

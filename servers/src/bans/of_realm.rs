//! `RealmBans`: the list of bans in a realm's database, of which every server keeps a copy.
//!
//! Contract: a change is one transaction, under the lock of the list's one line, whose version it counts; so of two at once
//! neither is lost. A copy is written when the version is another one, or the file is not what was written last: whoever shares
//! a folder writes the same.
//!
//! Bounds: a question a look while nothing changes, of one number; behind a change all of the list, which is as long as a
//! [file's](super::Bans).

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Context;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::replacing::replace_file;
use super::{Ban, Bans, Who};
use crate::accounts::UnixSeconds;
use crate::config::login::LoginSettings;
use crate::postgres::address::Address;
use crate::postgres::{Link, Patience, Problem};

/// See the [module](self).
pub(super) struct RealmBans {
    address: Address,
    state: Mutex<State>,
}

struct State {
    link: Link,
    /// The version that was copied, and the file as it was then.
    copied: Option<(i64, Stamp)>,
    /// The last look has failed.
    is_lost: bool,
}

/// What another file would not have.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl RealmBans {
    /// The list of this database; `None` if none is configured.
    ///
    /// # Errors
    /// If its address can't be read.
    pub(super) fn of(settings: &LoginSettings) -> anyhow::Result<Option<Self>> {
        if !settings.has_database() {
            return Ok(None);
        }
        let address = Address::read("login", settings.said())?;
        let state = State { link: Link::new(&address)?, copied: None, is_lost: false };
        Ok(Some(Self { address, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn what(&self) -> String {
        format!("the list of bans in {}", self.address)
    }

    /// # Errors
    /// If the database does not answer, or the change can't be made.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Bans) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut state = self.state();
        let done = state.link.change(Patience::Batch, async |client: &Client| {
            client
                .query_typed("SELECT 1 FROM ban_list FOR UPDATE", &[])
                .await
                .map_err(Problem::from)?;
            let before = read(client).await?;
            let mut bans = before.clone();
            change(&mut bans)?;
            Ok::<_, anyhow::Error>(replace(client, &before, &bans).await?)
        });
        done.with_context(|| self.what())
    }

    /// # Errors
    /// If the database does not answer, or the file can't be written.
    pub(super) fn copy_to(&self, path: &Path) -> anyhow::Result<()> {
        self.state().copy_to(path).with_context(|| self.what())
    }

    /// [`RealmBans::copy_to`]; says once that it fails, and that it does not any more.
    pub(super) fn keep_up(&self, path: &Path) {
        let mut state = self.state();
        let copied = state.copy_to(path);
        let was_lost = std::mem::replace(&mut state.is_lost, copied.is_err());
        match copied {
            Err(error) if !was_lost => {
                tracing::warn!("{}: {error:#}; what is known of it holds", self.what());
            }
            Ok(()) if was_lost => tracing::info!("{} is there again", self.what()),
            Err(_) | Ok(()) => {}
        }
    }
}

impl State {
    fn copy_to(&mut self, path: &Path) -> anyhow::Result<()> {
        let copied = self.copied.filter(|(_, file)| file.is_some() && *file == stamp(path));
        let known = copied.map(|(version, _)| version);
        let news = self.link.read(Patience::Job, async |client| {
            let row = client.query_typed_one("SELECT version FROM ban_list", &[]).await?;
            let version: i64 = row.try_get(0)?;
            // What is changed behind the version is read again with the next one.
            Ok(if known == Some(version) { None } else { Some((version, read(client).await?)) })
        })?;
        let Some((version, bans)) = news else { return Ok(()) };
        let text = toml::to_string(&bans)?;
        if std::fs::read_to_string(path).ok().as_deref() != Some(&text) {
            replace_file(path, &text)?;
        }
        self.copied = Some((version, stamp(path)));
        Ok(())
    }
}

/// As the list has it.
fn key(who: Who) -> String {
    match who {
        Who::Uid(uid) => uid.to_string(),
        Who::Address(address) => address.to_string(),
    }
}

async fn read(client: &Client) -> Result<Bans, Problem> {
    let text = "SELECT who, until_s, by_game, reason FROM bans ORDER BY who";
    let rows = client.query_typed(text, &[]).await?;
    let mut bans = Bans::default();
    for row in &rows {
        bans.ban.extend(ban(row)?);
    }
    Ok(bans)
}

/// `None` if somebody has written there what is nobody.
fn ban(row: &Row) -> Result<Option<Ban>, Problem> {
    let Ok(who) = row.try_get::<_, &str>(0)?.parse() else { return Ok(None) };
    Ok(Some(Ban { who, until: row.try_get(1)?, by_game: row.try_get(2)?, reason: row.try_get(3)? }))
}

/// Makes these bans of those, and counts.
async fn replace(client: &Client, before: &Bans, bans: &Bans) -> Result<(), Problem> {
    let gone: Vec<String> = before
        .ban
        .iter()
        .filter(|old| !bans.ban.iter().any(|ban| ban.who == old.who))
        .map(|old| key(old.who))
        .collect();
    client
        .execute_typed("DELETE FROM bans WHERE who = ANY($1)", &[(&gone, Type::TEXT_ARRAY)])
        .await?;
    let new: Vec<&Ban> = bans.ban.iter().filter(|ban| !before.ban.contains(ban)).collect();
    let who: Vec<String> = new.iter().map(|ban| key(ban.who)).collect();
    let until: Vec<Option<UnixSeconds>> = new.iter().map(|ban| ban.until).collect();
    let by_game: Vec<bool> = new.iter().map(|ban| ban.by_game).collect();
    let reason: Vec<&str> = new.iter().map(|ban| ban.reason.as_str()).collect();
    let text = "INSERT INTO bans (who, until_s, by_game, reason)
                SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT (who) DO UPDATE SET until_s = excluded.until_s, by_game = excluded.by_game,
                reason = excluded.reason";
    client
        .execute_typed(
            text,
            &[
                (&who, Type::TEXT_ARRAY),
                (&until, Type::INT8_ARRAY),
                (&by_game, Type::BOOL_ARRAY),
                (&reason, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    client.execute_typed("UPDATE ban_list SET version = version + 1", &[]).await?;
    Ok(())
}

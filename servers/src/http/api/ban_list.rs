//! Bans: the lists of this process's Main and Login, which every Main and Login that shares their folder reads.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lists::Wanted;
use super::people::checked_reason;
use super::{Api, PAGE_LINES, Problem, Told, page, read};
use crate::accounts::{UnixSeconds, now};
use crate::bans::{self, Ban, BanFile, Who};

/// Whom, for how long, and why: one of `uid`, `user` and `address`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    uid: Option<u64>,
    user: Option<String>,
    address: Option<IpAddr>,
    /// For ever, if it is left out.
    seconds: Option<u32>,
    #[serde(default)]
    reason: String,
}

/// Whom: one of `uid` and `address`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    uid: Option<u64>,
    address: Option<IpAddr>,
}

impl Api {
    pub(super) async fn ban(&self, body: &[u8]) -> Told {
        let Add { uid, user, address, seconds, reason } = read(body)?;
        checked_reason(&reason)?;
        if seconds == Some(0) {
            return Err(Problem::bad("seconds are one at least; left out, it is for ever"));
        }
        let who = match address {
            Some(address) if uid.is_none() && user.is_none() => Who::of_address(address),
            Some(_) => return Err(Problem::bad("name one: uid, user or address")),
            None => Who::Uid(self.resolve(uid, user).await?.0),
        };
        let until = seconds.map(|seconds| now() + UnixSeconds::from(seconds));
        self.change_bans(move |file| {
            file.change(|bans| bans.add(who, until, &reason)).map(|()| true)
        })
        .await?;
        Ok(json!({ "banned": who.to_string(), "until": until }))
    }

    pub(super) async fn unban(&self, body: &[u8]) -> Told {
        let who = match read(body)? {
            Remove { uid: Some(uid), address: None } => Who::Uid(uid),
            Remove { uid: None, address: Some(address) } => Who::of_address(address),
            _ => return Err(Problem::bad("name one: uid, or address")),
        };
        let was_banned = self.change_bans(move |file| {
            let mut was_banned = false;
            file.change(|bans| {
                was_banned = bans.remove(who);
                Ok(())
            })?;
            Ok(was_banned)
        });
        match was_banned.await? {
            true => Ok(json!({ "unbanned": who.to_string() })),
            false => Err(Problem(StatusCode::NOT_FOUND, format!("{who} is not banned"))),
        }
    }

    pub(super) async fn list_bans(&self, query: &str) -> Told {
        let wanted = Wanted::of(query)?;
        let files = self.ban_files()?;
        let read = move || bans::in_force(&files);
        let all = tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from)??;
        let text = wanted.text.to_lowercase();
        let fits = |ban: &&Ban| {
            let line = format!("{} {}", ban.who, ban.reason).to_lowercase();
            line.contains(&text)
        };
        let fitting: Vec<Value> = all.iter().filter(fits).map(line_of).collect();
        let lines: Vec<_> = fitting.iter().skip(wanted.skip()).take(PAGE_LINES).collect();
        Ok(page(wanted.page, fitting.len(), &lines))
    }

    fn ban_files(&self) -> Result<Arc<[BanFile]>, Problem> {
        if self.bans.is_empty() {
            let text = "bans are kept by Main and Login: ask the listener of one of them";
            return Err(Problem(StatusCode::NOT_FOUND, text.to_owned()));
        }
        Ok(Arc::clone(&self.bans))
    }

    /// Changes each of the lists, on a thread that may wait for a disk; whether any says yes.
    async fn change_bans(
        &self,
        change: impl Fn(&BanFile) -> anyhow::Result<bool> + Send + 'static,
    ) -> Result<bool, Problem> {
        let files = self.ban_files()?;
        let change_all = move || {
            files.iter().try_fold(false, |any, file| Ok::<_, anyhow::Error>(change(file)? || any))
        };
        let changed = tokio::task::spawn_blocking(change_all).await.map_err(anyhow::Error::from)?;
        Ok(changed?)
    }
}

fn line_of(ban: &Ban) -> Value {
    let (uid, address) = match ban.who {
        Who::Uid(uid) => (Some(uid), None),
        Who::Address(address) => (None, Some(address)),
    };
    let by = if ban.by_game { "game" } else { "operator" };
    json!({ "uid": uid, "address": address, "until": ban.until, "reason": ban.reason, "by": by })
}

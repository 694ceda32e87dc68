//! Who is to go: kicked, or banned.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tinyrealm_core::protocol::Uid;

use super::{Api, Problem, REASON_MAX_BYTES, Told, read};
use crate::operating::{List, Match, Question, Refused};

/// Whom, and why: one of `uid` and `user`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kick {
    uid: Option<u64>,
    /// The name of an account, or a nickname that only one has.
    user: Option<String>,
    #[serde(default)]
    reason: String,
}

/// A reason that can be shown in a line.
pub(super) fn checked_reason(reason: &str) -> Result<(), Problem> {
    let is_line = reason.len() <= REASON_MAX_BYTES && !reason.contains(char::is_control);
    is_line.then_some(()).ok_or_else(|| {
        Problem::bad(format!("a reason is one line of at most {REASON_MAX_BYTES} bytes"))
    })
}

impl Api {
    pub(super) async fn kick(&self, body: &[u8]) -> Told {
        let Kick { uid, user, reason } = read(body)?;
        checked_reason(&reason)?;
        let uid = self.resolve(uid, user).await?;
        self.put_out(uid, &reason).await?;
        Ok(json!({ "uid": uid.0 }))
    }

    /// Who is meant.
    pub(super) async fn resolve(
        &self,
        uid: Option<u64>,
        user: Option<String>,
    ) -> Result<Uid, Problem> {
        match (uid, user) {
            (Some(uid), None) => Ok(Uid(uid)),
            (None, Some(name)) => self.named(name).await,
            _ => Err(Problem::bad("name one: uid, or user")),
        }
    }

    /// The user of this name. An account's name is one user's; a nickname may be several's.
    async fn named(&self, name: String) -> Result<Uid, Problem> {
        let lines = Match::Exactly(name.clone());
        let (found, total) = self.find(List::Users, &lines, 0, super::PAGE_LINES).await?;
        let of_account = found.iter().find(|line| line["account"] == name.as_str());
        let only = found.first().filter(|_| total == 1);
        let uid = of_account.or(only).and_then(|line| line["uid"].as_u64()).map(Uid);
        uid.ok_or_else(|| match total {
            0 => Problem(StatusCode::NOT_FOUND, format!("nobody here is called {name:?}")),
            _ => {
                let uids: Vec<_> =
                    found.iter().map(|line: &Value| line["uid"].to_string()).collect();
                let text =
                    format!("{total} are called {name:?}: take a uid of {}", uids.join(", "));
                Problem(StatusCode::CONFLICT, text)
            }
        })
    }

    /// A user is out: of the worlds that are here, with the reason, and of Main.
    pub(super) async fn put_out(&self, uid: Uid, reason: &str) -> Result<(), Refused> {
        let mut outcome = Err(Refused::NotHere);
        for desk in self.worlds_then_main() {
            match desk.ask(Question::Kick(uid, reason.to_owned())).await {
                Ok(_) => outcome = Ok(()),
                Err(refused @ (Refused::NotHere | Refused::NoSuchUser)) => {
                    outcome = outcome.or(Err(refused));
                }
                Err(refused) => return Err(refused),
            }
        }
        outcome
    }
}

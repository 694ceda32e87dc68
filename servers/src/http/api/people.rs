//! Who is to go: kicked, or banned.

use std::collections::BTreeSet;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tinyrealm_core::protocol::Uid;

use super::elsewhere::Elsewhere;
use super::{Api, PAGE_LINES, Problem, REASON_MAX_BYTES, Told, read};
use crate::operating::{List, Match, Outcome, Question, Refused, Search};

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
        let unanswered = self.put_out(uid, &reason).await?;
        Ok(json!({ "uid": uid.0, "unanswered": unanswered }))
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

    /// The user of this name, at whatever Main. An account's name is one user's; a nickname may be several's.
    async fn named(&self, name: String) -> Result<Uid, Problem> {
        let lines = Match::Exactly(name.clone());
        let (found, _) = self.find(List::Users, &lines, 0, PAGE_LINES).await?;
        let search = Search { lines, take: PAGE_LINES, ..Search::default() };
        let Elsewhere { outcomes, unanswered } =
            self.ask_others(&Question::Lines(List::Users, search)).await;
        let elsewhere = outcomes.into_iter().flat_map(|outcome| match outcome {
            Outcome::Lines(piece) => piece.lines,
            _ => Vec::new(),
        });
        only(&name, found.into_iter().chain(elsewhere), &unanswered)
    }

    /// A user is out: of the worlds that are here, with the reason, of Main, and of the realm's other Mains. Answers which of those
    /// have not answered.
    pub(super) async fn put_out(&self, uid: Uid, reason: &str) -> Result<Vec<String>, Problem> {
        let mut outcome = Err(Refused::NotHere);
        let kick = Question::Kick(uid, reason.to_owned());
        for desk in self.worlds_then_main() {
            match desk.ask(kick.clone()).await {
                Ok(_) => outcome = Ok(()),
                Err(refused @ (Refused::NotHere | Refused::NoSuchUser)) => {
                    outcome = outcome.or(Err(refused));
                }
                Err(refused) => return Err(refused.into()),
            }
        }
        let Elsewhere { outcomes, unanswered } = self.ask_others(&kick).await;
        match outcome {
            Err(_) if outcomes.is_empty() && !unanswered.is_empty() => Err(silent(&unanswered)),
            Err(refused) if outcomes.is_empty() => Err(refused.into()),
            _ => Ok(unanswered),
        }
    }
}

/// Nobody who has answered knows of that user.
fn silent(unanswered: &[String]) -> Problem {
    let text = format!("there is no such user here, and no answer from {}", unanswered.join(", "));
    Problem(StatusCode::GATEWAY_TIMEOUT, text)
}

/// The one user of these lines, which may tell of the same one several times.
fn only(
    name: &str,
    lines: impl Iterator<Item = Value>,
    unanswered: &[String],
) -> Result<Uid, Problem> {
    let mut uids = BTreeSet::new();
    for line in lines {
        let uid = line["uid"].as_u64().map(Uid);
        if let Some(uid) = uid.filter(|_| line["account"] == name) {
            return Ok(uid);
        }
        uids.extend(uid);
    }
    match (uids.first(), uids.len()) {
        (Some(uid), 1) => Ok(*uid),
        (Some(_), count) => {
            let uids: Vec<_> = uids.iter().map(|uid| uid.0.to_string()).collect();
            let text = format!("{count} are called {name:?}: take a uid of {}", uids.join(", "));
            Err(Problem(StatusCode::CONFLICT, text))
        }
        (None, _) if unanswered.is_empty() => {
            Err(Problem(StatusCode::NOT_FOUND, format!("nobody here is called {name:?}")))
        }
        (None, _) => Err(silent(unanswered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(uid: u64, account: &str) -> Value {
        json!({ "uid": uid, "account": account, "nickname": "ann" })
    }

    #[test]
    fn a_name_is_one_user_s_at_whatever_mains_it_is_known() {
        let of = |lines: &[Value], unanswered: &[String]| {
            let found = only("ann", lines.iter().cloned(), unanswered);
            found.map(|uid| uid.0).map_err(|Problem(status, _)| status.as_u16())
        };
        assert_eq!(of(&[line(7, ""), line(7, "")], &[]), Ok(7));
        assert_eq!(of(&[line(7, ""), line(8, "bob")], &[]), Err(409));
        // An account's name goes before nicknames.
        assert_eq!(of(&[line(7, ""), line(8, "ann")], &[]), Ok(8));
        assert_eq!(of(&[], &[]), Err(404));
        assert_eq!(of(&[], &["a:7".to_owned()]), Err(504));
    }
}

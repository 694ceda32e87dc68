//! Asking: what whoever runs one Main asks of all others of the realm, by NATS, as a request and its answer.
//!
//! Contract: a Main answers at `tinyrealm.REALM.ask.LIFE`, as its own [`Desk`] does, what concerns users: who has a name, kicks, and what
//! is said to all. Each question has one answer: what has come of it there, or why nothing; whoever does not answer is taken
//! for hanging. Who may speak there may take users over as well: a directory has nobody in it but the realm's servers.
//!
//! Bounds: a Main has as many questions under way as a [`Desk`] takes.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::{Client, Message};
use serde::{Deserialize, Serialize};
use tinyrealm_core::protocol::Uid;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::StreamExt;

use super::life::Life;
use super::shared::Shared;
use crate::config::directory::DirectorySettings;
use crate::operating::{Asked, Desk, List, Other, Outcome, Piece, Question, Refused, Search};

/// Shorter than a [`Desk`] waits.
const ANSWER_MOST: Duration = Duration::from_millis(1_500);

/// A question between Mains.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Request {
    Users(Search),
    Kick { uid: u64, reason: String },
    Announce(String),
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    Lines(Piece),
    Told(usize),
    Done,
    Refused(Refused),
}

impl Request {
    /// `None` for what one Main does alone.
    fn of(question: Question) -> Option<Self> {
        match question {
            Question::Lines(List::Users, search) => Some(Self::Users(search)),
            Question::Kick(uid, reason) => Some(Self::Kick { uid: uid.0, reason }),
            Question::Announce(text) => Some(Self::Announce(text)),
            Question::Lines(List::Rooms | List::Channels, _)
            | Question::TakeNobody(_)
            | Question::OrderDrain { .. }
            | Question::MoveRoom { .. }
            | Question::Move(_) => None,
        }
    }

    fn question(self) -> Question {
        match self {
            Self::Users(search) => Question::Lines(List::Users, search),
            Self::Kick { uid, reason } => Question::Kick(Uid(uid), reason),
            Self::Announce(text) => Question::Announce(text),
        }
    }
}

impl Reply {
    fn of(outcome: Result<Outcome, Refused>) -> Self {
        match outcome {
            Ok(Outcome::Lines(piece)) => Self::Lines(piece),
            Ok(Outcome::Told(users)) => Self::Told(users),
            Ok(Outcome::Done) => Self::Done,
            Ok(Outcome::Moving(_) | Outcome::Move(_)) => Self::Refused(Refused::NotHere),
            Err(refused) => Self::Refused(refused),
        }
    }

    fn outcome(self) -> Result<Outcome, Refused> {
        match self {
            Self::Lines(piece) => Ok(Outcome::Lines(piece)),
            Self::Told(users) => Ok(Outcome::Told(users)),
            Self::Done => Ok(Outcome::Done),
            Self::Refused(refused) => Err(refused),
        }
    }
}

fn subject(settings: &DirectorySettings, life: Life) -> String {
    format!("tinyrealm.{}.ask.{life}", settings.realm)
}

/// Answers the others until the thread ends.
pub(super) async fn answer_others(shared: &Shared, client: &Client) {
    let Some(asking) = &shared.asking else { return };
    // An error is a client that has ended.
    let Ok(mut asked) = client.subscribe(subject(&shared.settings, shared.life)).await else {
        return;
    };
    let mut answers = JoinSet::new();
    while let Some(message) = asked.next().await {
        answers.spawn(answer(client.clone(), asking.desk.clone(), message));
        while answers.try_join_next().is_some() {}
    }
}

async fn answer(client: Client, desk: Desk, message: Message) {
    let Some(to) = message.reply else { return };
    let reply = match serde_json::from_slice::<Request>(&message.payload) {
        Ok(Request::Users(search)) => {
            Reply::of(desk.lines(List::Users, search).await.map(Outcome::Lines))
        }
        Ok(request) => Reply::of(desk.ask(request.question()).await),
        // One of another version asks for what is not known here.
        Err(_) => Reply::Refused(Refused::NotHere),
    };
    if let Ok(reply) = serde_json::to_vec(&reply) {
        // Whoever has asked waits no longer than it likes.
        let _ = client.publish(to, reply.into()).await;
    }
}

/// Puts this Main's questions to the others: a desk for each of them, as long as it is there.
pub(super) struct Desks {
    desks: HashMap<Life, Other>,
    askers: JoinSet<()>,
}

impl Desks {
    pub(super) fn new() -> Self {
        Self { desks: HashMap::new(), askers: JoinSet::new() }
    }

    /// These are there, each at its address.
    pub(super) fn are_for(
        &mut self,
        shared: &Shared,
        client: &Client,
        living: impl Iterator<Item = (Life, String)>,
    ) {
        let Some(asking) = &shared.asking else { return };
        let mut former = std::mem::take(&mut self.desks);
        for (life, at) in living {
            let desk = match former.remove(&life) {
                Some(known) => known.desk,
                None => self.open(client.clone(), subject(&shared.settings, life)),
            };
            self.desks.insert(life, Other { at, desk });
        }
        let mut others: Vec<Other> = self.desks.values().cloned().collect();
        others.sort_unstable_by(|one, other| one.at.cmp(&other.at));
        asking.others.are(others);
        while self.askers.try_join_next().is_some() {}
    }

    fn open(&mut self, client: Client, subject: String) -> Desk {
        let desk = Desk::default();
        if let Some(mut counter) = desk.counter() {
            self.askers.spawn(async move {
                let mut questions = JoinSet::new();
                while let Some(asked) = counter.next().await {
                    questions.spawn(ask(client.clone(), subject.clone(), asked));
                    while questions.try_join_next().is_some() {}
                }
            });
        }
        desk
    }
}

async fn ask(client: Client, subject: String, (question, answer): Asked) {
    // Whoever waits no longer knows why.
    let _ = answer.send(match Request::of(question) {
        Some(request) => request_of(&client, subject, &request).await,
        None => Err(Refused::NotHere),
    });
}

async fn request_of(
    client: &Client,
    subject: String,
    request: &Request,
) -> Result<Outcome, Refused> {
    let text = serde_json::to_vec(request).map_err(|_| Refused::NotHere)?;
    let reply = timeout(ANSWER_MOST, client.request(subject, text.into())).await;
    let Ok(Ok(reply)) = reply else { return Err(Refused::Hangs) };
    serde_json::from_slice::<Reply>(&reply.payload).map_err(|_| Refused::NotHere)?.outcome()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operating::Match;

    #[test]
    fn questions_about_users_go_from_main_to_main_and_no_others() {
        let search = Search { lines: Match::Exactly("ann".to_owned()), ..Search::default() };
        for question in [
            Question::Lines(List::Users, search),
            Question::Kick(Uid(7), "loud".to_owned()),
            Question::Announce("closing".to_owned()),
        ] {
            let told = format!("{question:?}");
            let text = serde_json::to_vec(&Request::of(question).unwrap()).unwrap();
            let read: Request = serde_json::from_slice(&text).unwrap();
            assert_eq!(format!("{:?}", read.question()), told);
        }
        for own in [
            Question::Lines(List::Rooms, Search::default()),
            Question::Lines(List::Channels, Search::default()),
            Question::TakeNobody(true),
            Question::Move(1),
        ] {
            assert_eq!(Request::of(own), None);
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_given() {
        let lines = || Piece { lines: vec![7.into()], matched: 3, next: Some(9) };
        for outcome in [
            || Ok(Outcome::Done),
            || Ok(Outcome::Told(3)),
            || Err(Refused::NoSuchUser),
            || Err(Refused::Busy),
        ] {
            let text = serde_json::to_vec(&Reply::of(outcome())).unwrap();
            let read: Reply = serde_json::from_slice(&text).unwrap();
            assert_eq!(format!("{:?}", read.outcome()), format!("{:?}", outcome()));
        }
        let text = serde_json::to_vec(&Reply::of(Ok(Outcome::Lines(lines())))).unwrap();
        let read: Reply = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            format!("{:?}", read.outcome()),
            format!("{:?}", Ok::<_, Refused>(Outcome::Lines(lines())))
        );
        assert!(matches!(Reply::of(Ok(Outcome::Moving(1))), Reply::Refused(Refused::NotHere)));
    }
}

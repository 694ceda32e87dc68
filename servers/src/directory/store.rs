//! `Store`: the realm's bucket in NATS JetStream, as the one key-value store that compares and swaps.
//!
//! Contract: a user's key is `user.UID`, its value the [`Life`] that has it, its number the revision: the sequence of its message in
//! the bucket's stream, which rises with every write of whatever key. It rises over the bucket's own end too: a new one
//! begins behind whatever an older one can have counted, and one that has lost its last writes is set ahead of what was seen.
//! The name of a room is `room.` and its bytes in hexadecimal, its value the number of the world that it is at.
//! Nobody's key is not there: what marks its removal is removed as well. A Main's key is `main.LIFE` and a chat server's `chat.LIFE`, which are written and removed
//! whatever they were; that of the map of chat servers is `chat_map`, whose number is its revision as well.
//!
//! Bounds: every question ends within [`ASK_LIMIT`].

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::connection::State;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::{
    Context, ContextBuilder, CreateStreamError, CreateStreamErrorKind, PublishErrorKind,
};
use async_nats::jetstream::stream::{
    Config, DirectGetErrorKind, DiscardPolicy, LastRawMessageErrorKind, Stream,
};
use async_nats::{Client, HeaderMap, HeaderValue};
use tinyrealm_core::node::chat::ChatMap;
use tinyrealm_core::node::directory::{Answer, Ask, NameAnswer, NameAsk, NameHolder};
use tinyrealm_core::protocol::{ClaimNumber, Uid, WorldId};
use tokio_stream::StreamExt;

use super::announcement::{Announcement, Found, chat_map};
use super::life::Life;
use super::{Kind, Trouble};

/// How long one question may take: behind it another one is asked.
const ASK_LIMIT: Duration = Duration::from_millis(500);
/// Servers of a kind that one look finds.
const KEYS_MAX: usize = 64;
/// For how many servers each key is kept, if there are so many.
const REPLICAS: usize = 3;
/// The server is alone: NATS's code for more replicas than one.
const NOT_CLUSTERED: u64 = 10_074;
/// When a bucket is made, its first number is this many for each second since 2020: no realm writes faster.
const NUMBERS_A_SECOND: u64 = 1 << 20;
/// 2020-01-01, in seconds of Unix.
const EPOCH: u64 = 1_577_836_800;
/// Headers of a key-value store's removals, as all of NATS's clients have them.
const OPERATION: &str = "KV-Operation";
const DELETION: &str = "DEL";

/// Somebody's key.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// 0 if it is not there.
    pub(super) number: ClaimNumber,
    /// Whose it is; nobody's if it is not there.
    pub(super) life: Option<Life>,
}

/// See the [module](self).
#[derive(Clone)]
pub(super) struct Store {
    stream: Stream,
    context: Context,
    realm: String,
}

impl Store {
    /// The bucket of a realm, which is made if it is not there.
    ///
    /// # Errors
    /// Why it can't be had: also only for now.
    pub(super) async fn open(client: &Client, realm: &str) -> Result<Self, Trouble> {
        // Which server it is has to be known first: an older one would count from 1.
        if client.connection_state() != State::Connected {
            return Err(Trouble("there is no connection".to_owned()));
        }
        if !client.is_server_compatible(2, 10, 0) {
            return Err(Trouble("NATS is older than 2.10".to_owned()));
        }
        let context = ContextBuilder::new().timeout(ASK_LIMIT).ack_timeout(ASK_LIMIT);
        let context = context.build(client.clone());
        let wanted = |replicas| context.get_or_create_stream(config(realm, replicas));
        let stream = match wanted(REPLICAS).await {
            Err(error) if is_alone(&error) => wanted(1).await,
            other => other,
        }
        .map_err(Trouble::of)?;
        Ok(Self { stream, context, realm: realm.to_owned() })
    }

    /// What it is reached by.
    pub(super) fn client(&self) -> Client {
        self.context.client()
    }

    fn subject(&self, uid: Uid) -> String {
        format!("$KV.{}.user.{}", self.realm, uid.0)
    }

    /// A name has any letters: its bytes are told in hexadecimal.
    fn name_subject(&self, name: &str) -> String {
        let mut subject = format!("$KV.{}.room.", self.realm);
        for byte in name.bytes() {
            // A string takes all that is written to it.
            let _ = write!(subject, "{byte:02x}");
        }
        subject
    }

    fn server_subject(&self, kind: Kind, life: impl std::fmt::Display) -> String {
        format!("$KV.{}.{}.{life}", self.realm, kind.word())
    }

    fn map_subject(&self) -> String {
        format!("$KV.{}.chat_map", self.realm)
    }

    /// This life's server is there.
    ///
    /// # Errors
    /// If it was perhaps not taken.
    pub(super) async fn announce(
        &self,
        kind: Kind,
        life: Life,
        at: &Announcement,
    ) -> Result<(), Trouble> {
        let said = self.context.publish(self.server_subject(kind, life), at.text().into()).await;
        said.map_err(Trouble::of)?.await.map_err(Trouble::of)?;
        Ok(())
    }

    /// This life's server is there no more.
    ///
    /// # Errors
    /// If it was perhaps not taken.
    pub(super) async fn withdraw(&self, kind: Kind, life: Life) -> Result<(), Trouble> {
        self.stream.purge().filter(self.server_subject(kind, life)).await.map_err(Trouble::of)?;
        Ok(())
    }

    /// The servers of a kind that there are, as the bucket's leader knows them.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) async fn announced(&self, kind: Kind) -> Result<Vec<Found>, Trouble> {
        let all = self.server_subject(kind, "*");
        let subjects = self.stream.info_with_subjects(all).await.map_err(Trouble::of)?;
        let mut subjects = subjects.take(KEYS_MAX);
        let mut found = Vec::new();
        while let Some(subject) = subjects.next().await {
            let (subject, _) = subject.map_err(Trouble::of)?;
            let life = subject.rsplit('.').next().and_then(|life| Life::parse(life.as_bytes()));
            let Some(life) = life else { continue };
            match self.stream.get_last_raw_message_by_subject(&subject).await {
                Ok(message) => found.push(Found {
                    life,
                    revision: message.sequence,
                    announcement: Announcement::parse(&message.payload),
                }),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(Trouble::of(error)),
            }
        }
        Ok(found)
    }

    /// The map of chat servers, as the bucket's leader knows it: without a number if there is none.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) async fn chat_map(&self) -> Result<ChatMap, Trouble> {
        match self.stream.get_last_raw_message_by_subject(&self.map_subject()).await {
            Ok(message) => Ok(chat_map(ClaimNumber(message.sequence), &message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                Ok(ChatMap::default())
            }
            Err(error) => Err(Trouble::of(error)),
        }
    }

    /// Writes the map of chat servers in place of that which has this number; `None` if it has another one.
    ///
    /// # Errors
    /// What has kept it from being answered. Whether it was taken is not known then.
    pub(super) async fn write_chat_map(
        &self,
        expected: ClaimNumber,
        text: String,
    ) -> Result<Option<ClaimNumber>, Trouble> {
        self.publish(self.map_subject(), expected, HeaderMap::new(), text).await
    }

    /// Carries a question out.
    ///
    /// # Errors
    /// What has kept it from being answered. Whether a write was taken is not known then.
    pub(super) async fn ask(&self, uid: Uid, ask: Ask, life: Life) -> Result<Answer, Trouble> {
        match ask {
            Ask::Write { expected } => {
                let written =
                    self.publish(self.subject(uid), expected, HeaderMap::new(), life.to_string());
                Ok(written.await?.map_or(Answer::Conflict, Answer::Written))
            }
            Ask::Remove { expected } => {
                let is_removed = self.remove(self.subject(uid), expected).await?;
                Ok(if is_removed { Answer::Removed } else { Answer::Conflict })
            }
            Ask::Read => Ok(Answer::Found(self.newest(uid).await?.number)),
        }
    }

    /// Carries a question about the name of a room out.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub(super) async fn ask_name(&self, name: &str, ask: NameAsk) -> Result<NameAnswer, Trouble> {
        let subject = self.name_subject(name);
        match ask {
            NameAsk::Write { world, expected } => {
                let value = world.0.to_string();
                let written = self.publish(subject, expected, HeaderMap::new(), value).await?;
                Ok(written.map_or(NameAnswer::Conflict, NameAnswer::Written))
            }
            NameAsk::Remove { expected } => {
                let is_removed = self.remove(subject, expected).await?;
                Ok(if is_removed { NameAnswer::Removed } else { NameAnswer::Conflict })
            }
            NameAsk::Read => match self.stream.get_last_raw_message_by_subject(&subject).await {
                Ok(message) => Ok(holder(message.sequence, &message.payload)),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    Ok(NameAnswer::Free(ClaimNumber(0)))
                }
                Err(error) => Err(Trouble::of(error)),
            },
        }
    }

    /// Whether the key had the number that is expected.
    async fn remove(&self, subject: String, expected: ClaimNumber) -> Result<bool, Trouble> {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, DELETION);
        let mark = self.publish(subject, expected, headers, String::new()).await?;
        if let Some(mark) = mark {
            self.forget(mark).await;
        }
        Ok(mark.is_some())
    }

    /// Its number; `None` if the key has another one than is expected.
    async fn publish(
        &self,
        subject: String,
        expected: ClaimNumber,
        mut headers: HeaderMap,
        value: String,
    ) -> Result<Option<ClaimNumber>, Trouble> {
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(expected.0));
        let said = self.context.publish_with_headers(subject, headers, value.into());
        let heard = match said.await {
            Ok(said) => said.await,
            Err(error) => Err(error),
        };
        match heard {
            Ok(heard) => Ok(Some(ClaimNumber(heard.sequence))),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
            Err(error) => Err(Trouble::of(error)),
        }
    }

    /// The mark of a removal is of no more use. If it stays, it costs one more question at the user's next hello.
    async fn forget(&self, mark: ClaimNumber) {
        let subject = format!("STREAM.MSG.DELETE.KV_{}", self.realm);
        let wanted = serde_json::json!({ "seq": mark.0, "no_erase": true });
        let _: Result<serde_json::Value, _> = self.context.request(subject, &wanted).await;
    }

    /// What the bucket's leader has.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) async fn newest(&self, uid: Uid) -> Result<Entry, Trouble> {
        match self.stream.get_last_raw_message_by_subject(&self.subject(uid)).await {
            Ok(message) => Ok(entry(message.sequence, &message.payload)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(NOBODY),
            Err(error) => Err(Trouble::of(error)),
        }
    }

    /// What any of its servers has, which may be old.
    ///
    /// # Errors
    /// If none answers.
    pub(super) async fn any(&self, uid: Uid) -> Result<Entry, Trouble> {
        match self.stream.direct_get_last_for_subject(self.subject(uid)).await {
            Ok(message) => Ok(entry(message.sequence, &message.payload)),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(NOBODY),
            Err(error) => Err(Trouble::of(error)),
        }
    }

    /// Sees to it that the next number is above `highest`: a bucket that was lost is made anew, and one that has lost its
    /// last writes passes them over. Answers whether it had.
    ///
    /// # Errors
    /// If the bucket can't be had.
    pub(super) async fn keep_ahead(
        &mut self,
        client: &Client,
        highest: ClaimNumber,
    ) -> Result<bool, Trouble> {
        *self = Self::open(client, &self.realm).await?;
        let last = self.stream.cached_info().state.last_sequence;
        if last >= highest.0 {
            return Ok(false);
        }
        // What stands below is nobody's any more: who is there is claimed anew with the next hello.
        self.stream.purge().sequence(highest.0 + 1).await.map_err(Trouble::of)?;
        Ok(true)
    }
}

const NOBODY: Entry = Entry { number: ClaimNumber(0), life: None };

fn entry(number: u64, value: &[u8]) -> Entry {
    Entry { number: ClaimNumber(number), life: Life::parse(value) }
}

fn is_alone(error: &CreateStreamError) -> bool {
    match error.kind() {
        CreateStreamErrorKind::JetStream(error) => error.error_code().0 == NOT_CLUSTERED,
        _ => false,
    }
}

/// A removal's mark is nobody's, and so is what no Main has written.
fn holder(number: u64, value: &[u8]) -> NameAnswer {
    let number = ClaimNumber(number);
    let world = std::str::from_utf8(value).ok().and_then(|world| world.parse().ok());
    world.map_or(NameAnswer::Free(number), |world| {
        NameAnswer::Found(NameHolder {
            number,
            world: WorldId(world),
            is_here: false,
            is_elsewhere: false,
        })
    })
}

/// A bucket as NATS's clients make one, whose numbers begin above those of any before it.
fn config(realm: &str, replicas: usize) -> Config {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Config {
        name: format!("KV_{realm}"),
        subjects: vec![format!("$KV.{realm}.>")],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        allow_direct: true,
        num_replicas: replicas,
        first_sequence: Some(now.saturating_sub(EPOCH) * NUMBERS_A_SECOND),
        ..Config::default()
    }
}

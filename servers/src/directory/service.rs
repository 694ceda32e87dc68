//! `Service`: the directory's thread: connecting, answering, and hearing from other Mains.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_nats::{Client, ConnectOptions, ServerAddr};
use tinyrealm_core::node::directory::{Answer, NameAnswer, Work};
use tinyrealm_core::protocol::{ClaimNumber, Uid};
use tinyrealm_std::client::Trust;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::StreamExt;

use super::announce::announce;
use super::announcement::Announcement;
use super::asking::answer_others;
use super::chats::share_channels;
use super::presence::{be_present, withdraw};
use super::review::review;
use super::shared::{Shared, subject};
use super::{Asked, Purpose, Told, Whose};
use crate::config::directory::{DirectorySettings, server_address};
use crate::secret;

/// Between attempts to reach NATS.
const RECONNECT_FIRST: Duration = Duration::from_millis(20);
const RECONNECT_MOST: Duration = Duration::from_secs(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// A server that hangs is noticed behind two of these.
const PING_INTERVAL: Duration = Duration::from_millis(500);
/// For what is under way when Main has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// See the [module](self).
pub(super) struct Service {
    shared: Arc<Shared>,
    options: ConnectOptions,
    servers: Vec<ServerAddr>,
}

impl Service {
    pub(super) fn new(
        settings: &DirectorySettings,
        whose: Whose,
        announcement: watch::Sender<Option<Announcement>>,
        told: Sender<Told>,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::new(settings, whose, announcement, told)?);
        let options = options(settings, &shared)?;
        let servers = settings.servers.iter().map(|server| server.parse());
        let servers = servers.collect::<Result<_, _>>().context("directory.servers")?;
        Ok(Self { shared, options, servers })
    }

    /// Answers until nobody can ask any more.
    pub(super) async fn run(self, mut asked: Receiver<Asked>) {
        let Self { shared, options, servers } = self;
        let mut beside = JoinSet::new();
        beside.spawn(serve(Arc::clone(&shared), options, servers));
        let mut answers = JoinSet::new();
        while let Some(work) = asked.recv().await {
            answers.spawn(answer(Arc::clone(&shared), work));
            while answers.try_join_next().is_some() {}
        }
        // Those who have left with the node's end are nobody's.
        let last_words = async { tokio::join!(withdraw(&shared), answers.join_all()) };
        let _ = timeout(LAST_WORDS, last_words).await;
    }
}

/// Connects, and does what is done besides answering. Dropped at the end.
async fn serve(shared: Arc<Shared>, options: ConnectOptions, servers: Vec<ServerAddr>) {
    let client = match options.connect(servers).await {
        Ok(client) => client,
        // It is tried again by the client itself: what is left is a configuration that never works.
        Err(error) => return tracing::error!("the directory can't be reached: {error}"),
    };
    let mut beside = JoinSet::new();
    beside.spawn(review(Arc::clone(&shared), client.clone()));
    if shared.purpose == Purpose::Chat {
        beside.spawn(be_present(shared));
    } else {
        beside.spawn(announce(Arc::clone(&shared), client.clone()));
        if shared.purpose == Purpose::MainWithChannels {
            beside.spawn(share_channels(Arc::clone(&shared), client.clone()));
        }
        let (asked, asking) = (Arc::clone(&shared), client.clone());
        beside.spawn(async move { answer_others(&asked, &asking).await });
        beside.spawn(hear(shared, client));
    }
    while beside.join_next().await.is_some() {}
}

async fn hear(shared: Arc<Shared>, client: Client) {
    let subject = subject(&shared.settings, shared.life);
    // An error is a client that has ended.
    let Ok(mut heard) = client.subscribe(subject).await else { return };
    while let Some(message) = heard.next().await {
        let Some((uid, number)) = parse(&message.payload) else { continue };
        shared.heard(uid, number, None).await;
    }
}

fn parse(payload: &[u8]) -> Option<(Uid, ClaimNumber)> {
    let (uid, number) = std::str::from_utf8(payload).ok()?.split_once(' ')?;
    Some((Uid(uid.parse().ok()?), ClaimNumber(number.parse().ok()?)))
}

async fn answer(shared: Arc<Shared>, asked: Asked) {
    let limit = Duration::from_millis(shared.settings.claim_timeout_ms.into());
    match asked {
        Asked::User(work) => {
            let carried_out = timeout(limit, shared.carry_out(|store| shared.ask(store, work)));
            let answer = carried_out.await.ok().flatten().unwrap_or(Answer::Unavailable);
            tell(&shared, work, answer).await;
        }
        Asked::Name(work) => {
            let carried_out =
                timeout(limit, shared.carry_out(|store| shared.ask_name(store, &work)));
            let answer = carried_out.await.ok().flatten().unwrap_or(NameAnswer::Unavailable);
            // Nobody listens: Main has ended.
            let _ = shared.told.send(Told::Named(work, answer)).await;
        }
    }
}

async fn tell(shared: &Shared, work: Work, answer: Answer) {
    let taken_from = shared.note(work, answer);
    if let (Some(life), Answer::Written(number)) = (taken_from, answer) {
        shared.tell_of(life, work.uid, number).await;
    }
    // Nobody listens: Main has ended.
    let _ = shared.told.send(Told::Answered(work, answer)).await;
}

fn options(settings: &DirectorySettings, shared: &Arc<Shared>) -> anyhow::Result<ConnectOptions> {
    let told = Arc::downgrade(shared);
    let mut options = ConnectOptions::new()
        .name("tinyrealm")
        .retry_on_initial_connect()
        // Those of the configuration are those that can be reached from here.
        .ignore_discovered_servers()
        .connection_timeout(CONNECT_LIMIT)
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(|attempt| {
            RECONNECT_MOST.min(RECONNECT_FIRST * (1 << attempt.min(10)))
        })
        .event_callback(move |event| {
            if let Some(shared) = told.upgrade() {
                shared.happened(&event);
            }
            std::future::ready(())
        });
    if !settings.password_file.is_empty() {
        let secret = secret::read(Path::new(&settings.password_file), "directory.password_file")?;
        let secret = String::from_utf8(secret).context("directory.password_file is no text")?;
        let secret = secret.trim().to_owned();
        options = match settings.user.as_str() {
            "" => options.token(secret),
            user => options.user_and_password(user.to_owned(), secret),
        };
    }
    let by_tls = settings.servers.iter().map(|server| server_address(server));
    let by_tls = by_tls.collect::<anyhow::Result<Vec<_>>>()?;
    if by_tls.iter().any(|(is_by_tls, _)| *is_by_tls) {
        let config = trust(&settings.authorities)?.config().map_err(anyhow::Error::msg)?;
        options = options.require_tls(true).tls_client_config((*config).clone());
    }
    Ok(options)
}

fn trust(authorities: &str) -> anyhow::Result<Trust> {
    if authorities.is_empty() {
        return Ok(Trust::system());
    }
    let told = || format!("directory.authorities: {authorities}");
    let pem = std::fs::read(authorities).with_context(told)?;
    Trust::pinned(&pem).map_err(anyhow::Error::msg).with_context(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_main_says_is_two_numbers() {
        assert_eq!(parse(b"7 12"), Some((Uid(7), ClaimNumber(12))));
        for other in ["", "7", "7 ", "x 1", "7 -1", "7 1 2"] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}

//! Which chat servers share the channels: a Main looks at them, and agrees with the other Mains about a map.
//!
//! Contract: the map is one key, `chat_map`, its value the addresses of the chat servers, its revision the map's number. It is
//! written by comparing and swapping alone, so all Mains know the same one under a number. A server comes into it when its key has
//! risen under this Main's eyes, and goes out of it when its key has not risen in [`LOOKS_MOST`] looks, or was not there in
//! [`ABSENT_MOST`], or when it drains and somebody is left: never because a link was lost. If nobody is alive, the map stays: who comes back finds its channels. Only
//! looks that NATS has answered count.
//!
//! Bounds: [`CHAT_SERVERS_MAX`] servers; a look is two questions, and one for each key.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use tinyrealm_core::node::chat::ChatMap;
use tinyrealm_core::protocol::{CHAT_SERVERS_MAX, ClaimNumber};

use super::announcement::{Announcement, Found, chat_map, chat_map_text};
use super::life::Life;
use super::living::{Cause, Living};
use super::looks::{Looks, subject};
use super::presence::INTERVAL;
use super::shared::Shared;
use super::{Kind, Told, Trouble};

/// As many looks that find nothing new are the end of a chat server: four intervals, of which it is certain of its channels for
/// three.
const LOOKS_MOST: u8 = 4;
/// The same of one whose key is not there.
const ABSENT_MOST: u8 = 2;
/// Looks that somebody asks for are not closer than this.
const HEARD_INTERVAL: Duration = Duration::from_millis(50);

/// Who is alive, and who of the map is not there.
struct Book {
    living: Living,
    /// Servers of the map that a look has not found, and how many looks.
    absent: HashMap<String, u8>,
}

impl Book {
    fn new() -> Self {
        Self { living: Living::new(LOOKS_MOST), absent: HashMap::new() }
    }

    /// Notes what a look has found, and answers whose end it is.
    fn look(&mut self, found: Vec<Found>, cause: Cause) -> Vec<Life> {
        let over = self.living.look(found, cause, None);
        for (_, seen) in &over {
            if let Some(announcement) = &seen.announcement {
                self.absent.insert(announcement.for_servers.clone(), ABSENT_MOST);
            }
        }
        over.into_iter().map(|(life, _)| life).collect()
    }

    /// What those say who are alive, and whether they were seen to go on.
    fn alive(&self) -> impl Iterator<Item = (&Announcement, bool)> {
        let seen = self.living.seen.values();
        seen.filter_map(|seen| Some((seen.announcement.as_ref()?, seen.has_risen)))
    }

    fn drains(&self, server: &str) -> bool {
        self.alive().any(|(it, _)| it.drains && it.for_servers == server)
    }

    /// Counts who of the map is not there.
    fn count_absent(&mut self, map: &[String], cause: Cause) {
        let mut absent = std::mem::take(&mut self.absent);
        for server in map {
            if !self.alive().any(|(it, _)| it.for_servers == *server) {
                let looks = absent.remove(server).unwrap_or(0);
                let looks = looks.saturating_add(u8::from(cause == Cause::Time));
                self.absent.insert(server.clone(), looks);
            }
        }
    }

    /// Who is to share the channels, when these do now.
    fn wanted(&self, map: &[String]) -> Vec<String> {
        let is_there =
            |server: &&String| self.absent.get(*server).is_none_or(|looks| *looks < ABSENT_MOST);
        let mut wanted: Vec<String> = map.iter().filter(is_there).cloned().collect();
        let mut newcomers: Vec<&str> = self
            .alive()
            .filter(|(it, has_risen)| *has_risen && !it.drains && !map.contains(&it.for_servers))
            .map(|(it, _)| it.for_servers.as_str())
            .collect();
        newcomers.sort_unstable();
        newcomers.dedup();
        wanted.extend(newcomers.into_iter().map(str::to_owned));
        // One that drains keeps what nobody else could take.
        if wanted.iter().any(|server| !self.drains(server)) {
            wanted.retain(|server| !self.drains(server));
        }
        wanted.truncate(CHAT_SERVERS_MAX);
        wanted.sort_unstable();
        wanted
    }
}

/// Until the thread ends.
pub(super) async fn share_channels(shared: Arc<Shared>, client: Client) {
    let mut keeper = Keeper { book: Book::new(), told: ClaimNumber(0), shared };
    let times = (INTERVAL, HEARD_INTERVAL);
    let looks = Looks::start(&keeper.shared, &client, Kind::Chat, times).await;
    let Some(mut looks) = looks else { return };
    loop {
        let cause = looks.next(pending()).await;
        if let Err(trouble) = keeper.turn(&client, cause).await {
            keeper.shared.complain(&trouble);
        }
    }
}

struct Keeper {
    shared: Arc<Shared>,
    book: Book,
    /// The number of what Main knows.
    told: ClaimNumber,
}

impl Keeper {
    async fn turn(&mut self, client: &Client, cause: Cause) -> Result<(), Trouble> {
        let Some(store) = self.shared.store.borrow().clone() else { return Ok(()) };
        let found = store.announced(Kind::Chat).await?;
        for life in self.book.look(found, cause) {
            tracing::warn!("a chat server is not there any more: life {life}");
            store.withdraw(Kind::Chat, life).await?;
        }
        let map = store.chat_map().await?;
        let servers: Vec<String> = map.servers.iter().map(ToString::to_string).collect();
        self.book.count_absent(&servers, cause);
        let wanted = self.book.wanted(&servers);
        if wanted.is_empty() || wanted == servers {
            return self.tell(map).await;
        }
        // Whoever was faster is read with the next look.
        let Some(number) = store.write_chat_map(map.number, chat_map_text(&wanted)).await? else {
            return Ok(());
        };
        tracing::info!("channels are shared by {}", wanted.join(", "));
        self.tell(chat_map(number, chat_map_text(&wanted).as_bytes())).await?;
        let said = client.publish(subject(&self.shared, Kind::Chat), "".into()).await;
        said.map_err(Trouble::of)
    }

    async fn tell(&mut self, map: ChatMap) -> Result<(), Trouble> {
        if map.number > self.told && !map.servers.is_empty() {
            self.told = map.number;
            // Nobody listens: Main has ended.
            let _ = self.shared.told.send(Told::ChatServers(Box::new(map))).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(host: u8, life: u64, revision: u64) -> Found {
        let address = at(host);
        let (for_clients, worlds) = (address.clone(), Vec::new());
        let announcement =
            Announcement { for_clients, for_servers: address, worlds, drains: false };
        Found { life: Life::of(life), revision, announcement: Some(announcement) }
    }

    fn at(host: u8) -> String {
        format!("10.0.0.{host}:7")
    }

    fn map(hosts: &[u8]) -> Vec<String> {
        hosts.iter().map(|host| at(*host)).collect()
    }

    /// What is wanted behind a look that finds these.
    fn look(book: &mut Book, found: Vec<Found>, servers: &[String]) -> Vec<String> {
        book.look(found, Cause::Time);
        book.count_absent(servers, Cause::Time);
        book.wanted(servers)
    }

    #[test]
    fn one_comes_in_when_it_has_risen_and_goes_when_it_has_not_in_four_looks() {
        let mut book = Book::new();
        assert_eq!(look(&mut book, vec![found(1, 1, 5)], &[]), map(&[]));
        assert_eq!(look(&mut book, vec![found(1, 1, 5)], &[]), map(&[]), "what somebody has left");
        let both = || vec![found(1, 1, 7), found(2, 2, 6)];
        assert_eq!(look(&mut book, both(), &[]), map(&[1]));
        for revision in 8..12 {
            let found = vec![found(1, 1, 7), found(2, 2, revision)];
            let expected = if revision < 11 { map(&[1, 2]) } else { map(&[2]) };
            assert_eq!(look(&mut book, found, &map(&[1])), expected, "{revision}");
        }
    }

    #[test]
    fn one_whose_key_is_not_there_goes_behind_two_looks() {
        let mut book = Book::new();
        let servers = map(&[1, 2]);
        assert_eq!(look(&mut book, vec![found(1, 1, 5)], &servers), servers);
        // Looks that somebody has asked for do not count.
        book.look(vec![found(1, 1, 6)], Cause::Heard);
        book.count_absent(&servers, Cause::Heard);
        assert_eq!(book.wanted(&servers), servers);
        assert_eq!(look(&mut book, vec![found(1, 1, 7)], &servers), map(&[1]));
        // It is back, under another life, before that was written.
        let back = vec![found(1, 1, 8), found(2, 3, 7)];
        assert_eq!(look(&mut book, back, &servers), servers);
    }

    /// [`found`], of one that drains.
    fn draining(host: u8, life: u64, revision: u64) -> Found {
        let mut found = found(host, life, revision);
        found.announcement.iter_mut().for_each(|it| it.drains = true);
        found
    }

    #[test]
    fn one_that_drains_goes_if_somebody_is_left_and_does_not_come_in() {
        let mut book = Book::new();
        look(&mut book, vec![found(1, 1, 1), found(2, 2, 1)], &map(&[1, 2]));
        let drains = |revision| vec![draining(1, 1, revision), found(2, 2, revision)];
        assert_eq!(look(&mut book, drains(2), &map(&[1, 2])), map(&[2]));
        assert_eq!(look(&mut book, drains(3), &map(&[2])), map(&[2]));
        let both = vec![draining(1, 1, 4), draining(2, 2, 4)];
        assert_eq!(look(&mut book, both, &map(&[2])), map(&[2]), "the last one stays");
        let back = vec![found(1, 1, 5), draining(2, 2, 5)];
        assert_eq!(look(&mut book, back, &map(&[2])), map(&[1]), "it takes newcomers again");
    }

    #[test]
    fn nobody_is_nothing_to_agree_about() {
        let mut book = Book::new();
        let servers = map(&[1]);
        for _ in 0..3 {
            look(&mut book, vec![], &servers);
        }
        assert_eq!(book.wanted(&servers), map(&[]));
    }

    #[test]
    fn those_who_share_already_stay_when_there_are_too_many() {
        let mut book = Book::new();
        let many = |revision: u64| -> Vec<Found> {
            (1..=12u8).map(|host| found(host, host.into(), revision)).collect()
        };
        let servers: Vec<String> = map(&[12]);
        look(&mut book, many(1), &servers);
        let wanted = look(&mut book, many(2), &servers);
        assert_eq!((wanted.len(), wanted.contains(&at(12))), (CHAT_SERVERS_MAX, true));
        assert!(wanted.is_sorted());
    }
}

//! Announcing: a Main says in the bucket that it is alive, and finds out which others are.
//!
//! Contract: a key is `main.LIFE`, its value where clients and servers find that Main, and which worlds it has. It is written again every
//! [`INTERVAL`], so its revision rises for as long as its Main lives; a Main whose revision was the same in [`LOOKS_MOST`] looks, one
//! an interval, is not there any more, and its key is removed by whoever has seen that. One that ends in good order removes it
//! itself. Until NATS has answered, this one knows itself alone. Only looks that NATS has answered count: while it is away, nobody is lost, and nobody is found. That something
//! has changed is said aloud as well, which only makes the next look come sooner.
//!
//! Bounds: [`MAIN_LIST_MAX`] Mains, this one among them; [`KEYS_MAX`](super::store) keys; a look is one question, and one for each key.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use tinyrealm_core::node::main::{LivingMain, MainList};
use tinyrealm_core::protocol::MAIN_LIST_MAX;

use super::announcement::{Announcement, Found};
use super::asking::Desks;
use super::life::Life;
use super::living::{Cause, Living};
use super::looks::{Looks, news, subject};
use super::shared::Shared;
use super::store::Store;
use super::{Kind, Told, Trouble};

/// Between two announcements, and between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// As many looks that find nothing new are the end of a Main.
const LOOKS_MOST: u8 = 5;
/// Looks that somebody asks for are not closer than this.
const HEARD_INTERVAL: Duration = Duration::from_millis(100);

/// Which Mains are alive; see the [module](self).
struct Book {
    here: Life,
    living: Living,
}

impl Book {
    fn new(here: Life) -> Self {
        Self { here, living: Living::new(LOOKS_MOST) }
    }

    /// Notes what a look has found, and answers whose end it is: not this one's.
    fn look(&mut self, found: Vec<Found>, cause: Cause) -> Vec<Life> {
        let over = self.living.look(found, cause, Some(self.here));
        over.into_iter().map(|(life, _)| life).collect()
    }

    /// The other Mains that are alive, and where servers find them.
    fn others(&self) -> impl Iterator<Item = (Life, String)> {
        let others = self.living.seen.iter().filter(|(life, _)| **life != self.here);
        others.filter_map(|(life, seen)| {
            Some((*life, seen.announcement.as_ref()?.for_servers.clone()))
        })
    }

    /// The worlds that other Mains have.
    fn worlds_elsewhere(&self) -> HashSet<u16> {
        let others = self.living.seen.iter().filter(|(life, _)| **life != self.here);
        let announcements = others.filter_map(|(_, seen)| seen.announcement.as_ref());
        announcements.flat_map(|announcement| announcement.worlds.iter().copied()).collect()
    }

    /// All that are alive, in an order that is the same everywhere, and this one in any case. Of two at one address the newer
    /// counts.
    fn list(&self, own: Option<&Announcement>) -> MainList {
        let others = self.living.seen.iter().filter(|(life, _)| **life != self.here);
        let mut others: Vec<(u64, &Announcement)> =
            others.filter_map(|(_, it)| Some((it.revision, it.announcement.as_ref()?))).collect();
        others
            .sort_unstable_by_key(|(revision, it)| (it.for_servers.as_str(), u64::MAX - revision));
        others.dedup_by_key(|(_, it)| it.for_servers.as_str());
        others.retain(|(_, it)| own.is_none_or(|own| own.for_servers != it.for_servers));
        others.truncate(MAIN_LIST_MAX - usize::from(own.is_some()));
        let others = others.iter().map(|(_, announcement)| announcement.living(false));
        let mut all: Vec<LivingMain> =
            others.chain(own.map(|announcement| announcement.living(true))).collect();
        all.sort_unstable_by(|one, other| one.for_servers.cmp(&other.for_servers));
        all.into_iter().collect()
    }
}

/// Until the thread ends.
pub(super) async fn announce(shared: Arc<Shared>, client: Client) {
    let (mut own, mut stores) = (shared.announcement.subscribe(), shared.store.subscribe());
    let (book, told, desks) = (Book::new(shared.life), MainList::new(), Desks::new());
    let mut announcer = Announcer { book, told, desks, shared };
    announcer.tell().await;
    let times = (INTERVAL, HEARD_INTERVAL);
    let looks = Looks::start(&announcer.shared, &client, Kind::Main, times).await;
    let Some(mut looks) = looks else { return };
    loop {
        let cause = looks.next(news(&mut own, &mut stores)).await;
        if let Err(trouble) = announcer.turn(&client, cause).await {
            announcer.shared.complain(&trouble);
        }
    }
}

struct Announcer {
    shared: Arc<Shared>,
    book: Book,
    /// What Main knows.
    told: MainList,
    desks: Desks,
}

impl Announcer {
    async fn turn(&mut self, client: &Client, cause: Cause) -> Result<(), Trouble> {
        self.tell().await;
        let Some(store) = self.shared.store.borrow().clone() else { return Ok(()) };
        if cause != Cause::Heard {
            self.say(client, &store).await?;
        }
        let found = store.announced(Kind::Main).await?;
        for life in self.book.look(found, cause) {
            tracing::info!("a Main is not there any more: life {life}");
            store.withdraw(Kind::Main, life).await?;
        }
        self.shared.elsewhere.send_replace(self.book.worlds_elsewhere());
        self.desks.are_for(&self.shared, client, self.book.others());
        self.tell().await;
        Ok(())
    }

    async fn say(&self, client: &Client, store: &Store) -> Result<(), Trouble> {
        let own = self.shared.announcement.borrow().clone();
        let Some(own) = own else { return Ok(()) };
        store.announce(Kind::Main, self.shared.life, &own).await?;
        if !self.book.living.seen.contains_key(&self.shared.life) {
            client
                .publish(subject(&self.shared, Kind::Main), "".into())
                .await
                .map_err(Trouble::of)?;
        }
        Ok(())
    }

    async fn tell(&mut self) {
        let list = self.book.list(self.shared.announcement.borrow().as_ref());
        if list == self.told {
            return;
        }
        self.told = list.clone();
        // Nobody listens: Main has ended.
        let _ = self.shared.told.send(Told::Mains(Box::new(list))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Life = Life::of(1);
    const OTHER: Life = Life::of(2);

    fn at(host: u8) -> Announcement {
        let address = format!("10.0.0.{host}:7");
        let for_clients = format!("tls://{address}");
        Announcement { for_clients, for_servers: address, worlds: vec![host.into()], drains: false }
    }

    fn found(life: Life, revision: u64, host: u8) -> Found {
        Found { life, revision, announcement: Some(at(host)) }
    }

    fn servers(list: &MainList) -> Vec<&str> {
        list.iter().map(|main| main.for_servers.as_str()).collect()
    }

    #[test]
    fn whoever_is_not_heard_of_again_is_gone_behind_five_looks_that_count() {
        let mut book = Book::new(HERE);
        assert_eq!(book.look(vec![found(OTHER, 5, 2)], Cause::Time), []);
        for _ in 1..LOOKS_MOST {
            assert_eq!(book.look(vec![found(OTHER, 5, 2)], Cause::Time), []);
            assert_eq!(book.look(vec![found(OTHER, 5, 2)], Cause::Heard), []);
        }
        assert_eq!(servers(&book.list(Some(&at(1)))), ["10.0.0.1:7", "10.0.0.2:7"]);
        // At the last moment it says something.
        assert_eq!(book.look(vec![found(OTHER, 6, 2)], Cause::Time), []);
        for _ in 1..LOOKS_MOST {
            // What is older is nothing new.
            assert_eq!(book.look(vec![found(OTHER, 4, 2)], Cause::Time), []);
        }
        assert_eq!(book.look(vec![found(OTHER, 4, 2)], Cause::Time), [OTHER]);
        assert_eq!(servers(&book.list(Some(&at(1)))), ["10.0.0.1:7"]);
    }

    #[test]
    fn a_key_that_is_removed_is_a_main_that_is_gone() {
        let mut book = Book::new(HERE);
        book.look(vec![found(OTHER, 5, 2), found(HERE, 6, 1)], Cause::Time);
        book.look(vec![found(HERE, 6, 1)], Cause::Heard);
        assert_eq!(servers(&book.list(None)), Vec::<&str>::new());
        // It does not take itself for gone, whatever it finds.
        for _ in 0..2 * LOOKS_MOST {
            assert_eq!(book.look(vec![found(HERE, 6, 1)], Cause::Time), []);
        }
    }

    #[test]
    fn the_worlds_of_others_are_alive() {
        let mut book = Book::new(HERE);
        book.look(vec![found(OTHER, 5, 2), found(HERE, 6, 1)], Cause::Time);
        assert_eq!(book.worlds_elsewhere(), HashSet::from([2]));
        book.look(vec![found(HERE, 7, 1)], Cause::Time);
        assert_eq!(book.worlds_elsewhere(), HashSet::new());
    }

    #[test]
    fn a_list_is_bounded_in_order_and_has_one_of_each_address() {
        let mut book = Book::new(HERE);
        let many = (10..40).map(|host| found(Life::of(host.into()), 1, host));
        book.look(many.collect(), Cause::Time);
        let list = book.list(Some(&at(99)));
        assert_eq!(list.len(), MAIN_LIST_MAX);
        assert_eq!(list.iter().filter(|main| main.is_here).count(), 1);
        assert!(list.is_sorted_by(|one, other| one.for_servers < other.for_servers));
        // A Main that was started again has another life, and its former one is not over yet.
        book.look(
            vec![found(OTHER, 7, 2), found(Life::of(3), 6, 2), found(Life::of(4), 5, 1)],
            Cause::Time,
        );
        assert_eq!(servers(&book.list(Some(&at(1)))), ["10.0.0.1:7", "10.0.0.2:7"]);
        book.look(vec![Found { announcement: None, ..found(OTHER, 8, 2) }], Cause::Time);
        assert_eq!(servers(&book.list(Some(&at(1)))), ["10.0.0.1:7"]);
    }
}

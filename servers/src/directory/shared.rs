//! `Shared`: what the directory's tasks have in common: the store, whom this Main has, and what is told of both.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::Event;
use tinyrealm_core::node::directory::{Answer, Ask, NameAnswer, NameHolder, NameWork, Work};
use tinyrealm_core::protocol::{ClaimNumber, Uid};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::announcement::Announcement;
use super::held::Held;
use super::life::Life;
use super::store::Store;
use super::{Purpose, Told, Trouble, Whose};
use crate::config::directory::DirectorySettings;
use crate::operating::Asking;
use crate::reachable::Reachable;

/// Behind what has kept a question from being answered it is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// While it can't be reached, that is said this often.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);
/// Users who were read, and are to be taken over, at most.
const READ_MAX: usize = 4_096;

/// What somebody says who has taken a user over.
pub(super) fn subject(settings: &DirectorySettings, life: Life) -> String {
    format!("tinyrealm.{}.taken_from.{life}", settings.realm)
}

/// What all tasks share.
pub(super) struct Shared {
    pub(super) purpose: Purpose,
    pub(super) asking: Option<Asking>,
    pub(super) life: Life,
    pub(super) told: Sender<Told>,
    /// Where this server is; none if that is to be told to nobody.
    pub(super) announcement: watch::Sender<Option<Announcement>>,
    pub(super) store: watch::Sender<Option<Store>>,
    /// The worlds that other Mains have.
    pub(super) elsewhere: watch::Sender<HashSet<u16>>,
    pub(super) settings: DirectorySettings,
    /// Told when there is a connection, again or for the first time.
    pub(super) connected: Notify,
    state: Mutex<State>,
    reachable: Reachable,
    complaints: Mutex<Complaints>,
}

/// What has been said of a directory that can't be reached.
#[derive(Default)]
struct Complaints {
    at: Option<Instant>,
    unsaid: u32,
}

#[derive(Default)]
struct State {
    held: Held,
    /// Who had a user that was read, until it is written.
    readings: HashMap<u64, Life>,
    highest: ClaimNumber,
}

impl Shared {
    pub(super) fn new(
        settings: &DirectorySettings,
        Whose { purpose, reachable, asking }: Whose,
        announcement: watch::Sender<Option<Announcement>>,
        told: Sender<Told>,
    ) -> anyhow::Result<Self> {
        reachable.set(false);
        Ok(Self {
            purpose,
            asking,
            life: Life::new()?,
            told,
            announcement,
            store: watch::Sender::new(None),
            elsewhere: watch::Sender::default(),
            settings: settings.clone(),
            connected: Notify::new(),
            state: Mutex::default(),
            reachable,
            complaints: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it is answered: whoever has no time for that gives it up. `None` if there will be no store.
    pub(super) async fn carry_out<T, F>(&self, ask: impl Fn(Store) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut stores = self.store.subscribe();
        loop {
            let store = stores.wait_for(Option::is_some).await.ok()?.clone();
            let Some(store) = store else { continue };
            match ask(store).await {
                Ok(answer) => {
                    self.reached();
                    return Some(answer);
                }
                Err(trouble) => self.complain(&trouble),
            }
            sleep(RETRY_AFTER).await;
        }
    }

    pub(super) async fn ask(&self, store: Store, work: Work) -> Result<Answer, Trouble> {
        let Ask::Read = work.ask else { return store.ask(work.uid, work.ask, self.life).await };
        let entry = store.newest(work.uid).await?;
        let mut state = self.state();
        match entry.life {
            Some(life) if life != self.life && state.readings.len() < READ_MAX => {
                state.readings.insert(work.uid.0, life);
            }
            _ => drop(state.readings.remove(&work.uid.0)),
        }
        Ok(Answer::Found(entry.number))
    }

    pub(super) async fn ask_name(
        &self,
        store: Store,
        work: &NameWork,
    ) -> Result<NameAnswer, Trouble> {
        let mut answer = store.ask_name(&work.name, work.ask).await?;
        if let NameAnswer::Found(holder) = &mut answer {
            holder.is_elsewhere = self.elsewhere.borrow().contains(&holder.world.0);
        }
        if let NameAnswer::Written(number)
        | NameAnswer::Free(number)
        | NameAnswer::Found(NameHolder { number, .. }) = answer
        {
            let mut state = self.state();
            state.highest = state.highest.max(number);
        }
        Ok(answer)
    }

    /// Answers from whom a user was taken.
    pub(super) fn note(&self, work: Work, answer: Answer) -> Option<Life> {
        let mut state = self.state();
        state.held.note(work, answer);
        if let Answer::Written(number) | Answer::Found(number) = answer {
            state.highest = state.highest.max(number);
        }
        match work.ask {
            Ask::Read => None,
            Ask::Write { .. } | Ask::Remove { .. } => state.readings.remove(&work.uid.0),
        }
    }

    pub(super) async fn tell_of(&self, life: Life, uid: Uid, number: ClaimNumber) {
        let Some(client) = self.store.borrow().as_ref().map(Store::client) else { return };
        let said = format!("{} {}", uid.0, number.0);
        // If it is lost, that Main finds it out.
        let _ = client.publish(subject(&self.settings, life), said.into()).await;
    }

    /// The store has this number of a user, which is this life's or another's.
    pub(super) async fn heard(&self, uid: Uid, number: ClaimNumber, life: Option<Life>) {
        let is_ours = life == Some(self.life);
        {
            let mut state = self.state();
            state.highest = state.highest.max(number);
            if !is_ours {
                state.held.lost(uid, number);
            }
        }
        let _ = self.told.send(Told::Changed { uid, number, is_ours }).await;
    }

    pub(super) fn highest(&self) -> ClaimNumber {
        self.state().highest
    }

    pub(super) fn held(&self) -> usize {
        self.state().held.len()
    }

    pub(super) fn next_held(&self, most: usize) -> Vec<Uid> {
        self.state().held.next(most)
    }

    pub(super) fn reached(&self) {
        if !self.reachable.set(true) {
            tracing::info!("the directory is there");
        }
    }

    pub(super) fn complain(&self, trouble: &Trouble) {
        let is_news = self.reachable.set(false);
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        complaints.unsaid += 1;
        if is_news || complaints.at.is_none_or(|at| at.elapsed() >= COMPLAINT_INTERVAL) {
            let count = complaints.unsaid;
            tracing::warn!(
                "the directory can't be reached: {} ({count} since the last line)",
                trouble.0
            );
            *complaints = Complaints { at: Some(Instant::now()), unsaid: 0 };
        }
    }

    pub(super) fn happened(&self, event: &Event) {
        match event {
            Event::Connected => self.connected.notify_one(),
            Event::Closed | Event::Draining | Event::LameDuckMode | Event::SlowConsumer(_) => {}
            Event::Disconnected | Event::ServerError(_) | Event::ClientError(_) => {
                self.complain(&Trouble::of(event));
            }
        }
    }
}

//! A login server's eye on its store, on a thread of its own.
//!
//! It tells the node when the accounts have another revision, whoever has changed them, reads who was
//! revoked and who is banned, and sweeps away throw-away accounts whose runs were killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tinyrealm_core::node::login::RevocationWork;
use tinyrealm_core::protocol::Revision;
use tokio::sync::mpsc::Sender;

use super::outcome::{Complaints, Outcome};
use crate::accounts::{self, AccountStore};
use crate::bans::{BanFile, Bans};

/// How often the store is looked at: within two seconds of a change nobody is in the realm any more
/// whom it has revoked.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// What is looked at.
pub(super) struct Watched {
    pub(super) store: Box<dyn AccountStore>,
    /// Whether it could not be seen the last time.
    pub(super) store_lost: Arc<AtomicBool>,
}

/// Until there is no more work to come.
pub(super) fn watch(
    watched: Watched,
    (ban_file, bans): (BanFile, Arc<RwLock<Bans>>),
    work: &Receiver<RevocationWork>,
    outcomes: Sender<Outcome>,
) -> Box<dyn AccountStore> {
    let now = Instant::now();
    let complaints = Complaints::start();
    let revision = Revision::default();
    let mut watch = Watch {
        watched,
        ban_file,
        bans,
        outcomes,
        complaints,
        revision,
        looked_at: now,
        swept_at: now,
    };
    loop {
        let left = LOOK_INTERVAL.saturating_sub(watch.looked_at.elapsed());
        let is_heard = match work.recv_timeout(left) {
            Ok(work) => watch.read(work),
            Err(RecvTimeoutError::Timeout) => watch.look(),
            Err(RecvTimeoutError::Disconnected) => false,
        };
        if !is_heard {
            return watch.watched.store;
        }
    }
}

struct Watch {
    watched: Watched,
    ban_file: BanFile,
    bans: Arc<RwLock<Bans>>,
    outcomes: Sender<Outcome>,
    complaints: Complaints,
    /// The newest that the node was told.
    revision: Revision,
    looked_at: Instant,
    swept_at: Instant,
}

impl Watch {
    /// `false` if nobody listens.
    fn tell(&self, outcome: Outcome) -> bool {
        self.outcomes.blocking_send(outcome).is_ok()
    }

    fn read(&mut self, work: RevocationWork) -> bool {
        let page = self.watched.store.revoked_since(&work);
        let page = page.inspect_err(|error| {
            self.complaints.log("who was revoked is not known", error);
        });
        self.tell(Outcome::Revocations(page.ok().map(Box::new)))
    }

    fn look(&mut self) -> bool {
        self.looked_at = Instant::now();
        if self.swept_at.elapsed() >= SWEEP_INTERVAL {
            self.swept_at = self.looked_at;
            self.sweep();
        }
        self.read_bans();
        let seen = self.watched.store.revision();
        self.watched.store_lost.store(seen.is_err(), Ordering::Relaxed);
        match seen {
            Ok(revision) if revision > self.revision => {
                self.revision = revision;
                self.tell(Outcome::Revision(revision))
            }
            Ok(_) => true,
            Err(error) => {
                self.complaints.log("the accounts are not seen", &error);
                true
            }
        }
    }

    fn read_bans(&mut self) {
        #[cfg(feature = "cluster")]
        self.ban_file.keep_up();
        match self.ban_file.read_if_changed() {
            None => {}
            Some(Ok(bans)) => *self.bans.write().unwrap_or_else(PoisonError::into_inner) = bans,
            Some(Err(error)) => tracing::warn!("{error:#}; the former one holds"),
        }
    }

    fn sweep(&mut self) {
        match self.watched.store.sweep(accounts::now()) {
            Ok(0) => {}
            Ok(count) => tracing::info!("removed {count} throw-away accounts whose time is over"),
            Err(error) => self.complaints.log("throw-away accounts are left", &error),
        }
    }
}

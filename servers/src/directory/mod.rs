//! The directory's driver: what Main asks about users is carried out on NATS JetStream, on a thread of its own.
//!
//! Purpose: takes the [`Work`] that Main hands out, and brings an answer for each, and what it hears of its own accord.
//!
//! Contract: nothing is decided here: the [`Store`](store) compares and swaps, and the core has the rest. A question is asked again
//! until it is answered or its time is over ([`Answer::Unavailable`]), so an election among NATS's servers is waited out. Whoever
//! takes a user over tells the Main that had it, by name; and since that can be lost, every Main looks its own users up, each within
//! `directory.review_ms`, and all of them when it is connected again. So what an enter costs does not grow with the
//! number of Mains, as it would if all of them heard of all claims.
//!
//! Mains are [announced](announce) in the same store.
//!
//! Bounds: [`IN_FLIGHT_MAX`] questions at a time, 16 looks at a time, one number for each user who is here.

mod announce;
mod announcement;
mod held;
mod life;
mod review;
mod service;
mod shared;
mod store;

use std::fmt;
use std::thread::JoinHandle;

use anyhow::Context;
use tinyrealm_core::node::directory::{Answer, IN_FLIGHT_MAX, Work};
use tinyrealm_core::node::main::MainList;
use tinyrealm_core::protocol::{ClaimNumber, Uid};
use tinyrealm_std::runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;

use crate::config::directory::DirectorySettings;
use crate::main_server::report::Reachable;
pub(crate) use announcement::Announcement;
use service::Service;

/// What waits for Main's node at most.
const TOLD_MAX: usize = 1_024;

/// What the directory says.
#[derive(Debug)]
pub(crate) enum Told {
    /// What has become of a question.
    Answered(Work, Answer),
    /// It has this number of a user now, or had it a moment ago.
    Changed {
        /// Whom it is about.
        uid: Uid,
        /// The number.
        number: ClaimNumber,
        /// Whether this Main has written it, in its present life.
        is_ours: bool,
    },
    /// These are the realm's Mains from now on.
    Mains(Box<MainList>),
}

/// The way to the directory; see the [module](self).
pub(crate) struct Directory {
    /// For what Main asks.
    pub(crate) work: Sender<Work>,
    /// For what it is told.
    pub(crate) told: Receiver<Told>,
    announcement: watch::Sender<Option<Announcement>>,
    thread: JoinHandle<()>,
}

impl Directory {
    /// Starts its thread, which ends when nobody can ask any more.
    ///
    /// # Errors
    /// If what the configuration names can't be read. NATS itself need not be there.
    pub(crate) fn start(
        settings: &DirectorySettings,
        reachable: Reachable,
    ) -> anyhow::Result<Self> {
        let (work, asked) = channel(IN_FLIGHT_MAX);
        let (teller, told) = channel(TOLD_MAX);
        let announcement = watch::Sender::new(None);
        let service = Service::new(settings, announcement.clone(), teller, reachable)?;
        let runtime = runtime::current_thread()?;
        let builder = std::thread::Builder::new().name("directory".to_owned());
        let thread = builder
            .spawn(move || runtime.block_on(service.run(asked)))
            .context("the directory's thread")?;
        Ok(Self { work, told, announcement, thread })
    }

    /// This Main is there, which all others and whoever asks them are to know from now on.
    pub(crate) fn announce(&self, at: Announcement) {
        self.announcement.send_replace(Some(at));
    }

    /// Waits for what is under way, for a moment at most.
    pub(crate) fn end(self) {
        drop((self.work, self.told));
        if self.thread.join().is_err() {
            tracing::error!("the directory's thread has panicked");
        }
    }
}

/// Why a question was not answered.
#[derive(Debug)]
struct Trouble(String);

impl Trouble {
    fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

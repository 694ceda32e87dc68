//! The directory's driver: what Main asks about users is carried out on NATS JetStream, on a thread of its own; a chat server's, too.
//!
//! Purpose: takes the [`Work`] that Main hands out, and brings an answer for each, and what it hears of its own accord.
//!
//! Contract: nothing is decided here: the [`Store`](store) compares and swaps, and the core has the rest. A question is asked again
//! until it is answered or its time is over ([`Answer::Unavailable`]), so an election among NATS's servers is waited out. Whoever
//! takes a user over tells the Main that had it, by name; and since that can be lost, every Main looks its own users up, each within
//! `directory.review_ms`, and all of them when it is connected again. So what an enter costs does not grow with the
//! number of Mains, as it would if all of them heard of all claims.
//!
//! The names of rooms are claimed in the same store. Mains are [announced](announce) there, with the worlds that each of them has,
//! and chat servers [are there](presence), who share the channels as Mains [agree](chats). What whoever runs a Main wants of all is
//! [asked](asking) of the others.
//!
//! Bounds: [`IN_FLIGHT_MAX`] questions about users and as many about names at a time, 16 looks at a time, one number for each user who is here.

mod announce;
mod announcement;
mod asking;
mod chats;
mod held;
mod life;
mod living;
mod looks;
mod presence;
mod review;
mod service;
mod shared;
mod store;

use std::fmt;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use tinyrealm_core::node::chat::ChatMap;
use tinyrealm_core::node::directory::{Answer, IN_FLIGHT_MAX, NameAnswer, NameWork, Work};
use tinyrealm_core::node::main::MainList;
use tinyrealm_core::protocol::{ClaimNumber, Uid};
use tinyrealm_std::runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;

use crate::config::directory::DirectorySettings;
use crate::operating::Asking;
use crate::reachable::Reachable;
pub(crate) use announcement::Announcement;
use service::Service;

/// What waits for Main's node at most.
const TOLD_MAX: usize = 1_024;

/// What Main asks.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// About a user.
    User(Work),
    /// About the name of a room.
    Name(NameWork),
}

/// What the directory says.
#[derive(Debug)]
pub(crate) enum Told {
    /// What has become of a question about a user.
    Answered(Work, Answer),
    /// What has become of one about a name.
    Named(NameWork, NameAnswer),
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
    /// These chat servers share the channels, as Mains have agreed.
    ChatServers(Box<ChatMap>),
    /// A chat server may have been certain of that since then: it has been asked for, or nobody could ask.
    Certain(Instant),
}

/// Whose directory it is, and what for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A Main's, whose chat server is none of its concern.
    Main,
    /// A Main's that shares the channels among the chat servers that are there.
    MainWithChannels,
    /// A chat server's.
    Chat,
}

/// Whose directory it is.
pub(crate) struct Whose {
    /// What for.
    pub(crate) purpose: Purpose,
    /// Told whether it can be asked.
    pub(crate) reachable: Reachable,
    /// How a Main asks the others, and answers them.
    pub(crate) asking: Option<Asking>,
}

/// Whose a key is that says that it is there.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Kind {
    Main,
    Chat,
}

impl Purpose {
    const fn kind(self) -> Kind {
        match self {
            Self::Main | Self::MainWithChannels => Kind::Main,
            Self::Chat => Kind::Chat,
        }
    }
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Chat => "chat",
        }
    }
}

/// For how long a chat server is certain of its channels: shorter than it takes Mains to give them to others.
pub(crate) const CERTAIN_FOR: Duration = Duration::from_millis(1_500);

/// The way to the directory; see the [module](self).
pub(crate) struct Directory {
    /// For what Main asks.
    pub(crate) work: Sender<Asked>,
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
    pub(crate) fn start(settings: &DirectorySettings, whose: Whose) -> anyhow::Result<Self> {
        let (work, asked) = channel(2 * IN_FLIGHT_MAX);
        let (teller, told) = channel(TOLD_MAX);
        let announcement = watch::Sender::new(None);
        let service = Service::new(settings, whose, announcement.clone(), teller)?;
        let runtime = runtime::current_thread()?;
        let builder = std::thread::Builder::new().name("directory".to_owned());
        let thread = builder
            .spawn(move || runtime.block_on(service.run(asked)))
            .context("the directory's thread")?;
        Ok(Self { work, told, announcement, thread })
    }

    /// This server is there, which all others and whoever asks them are to know from now on.
    pub(crate) fn announce(&self, at: Announcement) {
        self.announcement.send_replace(Some(at));
    }

    /// Those are the worlds that this Main has.
    pub(crate) fn tell_of_worlds(&self, worlds: Vec<u16>) {
        self.announcement.send_if_modified(|announcement| match announcement {
            Some(it) if it.worlds != worlds => {
                it.worlds = worlds;
                true
            }
            _ => false,
        });
    }

    /// Whether this server hands over what it has.
    pub(crate) fn tell_of_draining(&self, drains: bool) {
        self.announcement.send_if_modified(|announcement| match announcement {
            Some(it) if it.drains != drains => {
                it.drains = drains;
                true
            }
            _ => false,
        });
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

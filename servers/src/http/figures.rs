//! `Figures`: what the servers of this process publish about themselves, together.
//!
//! Bounds: a report is at most 200 ms old while its node's thread turns, and [`SILENCE_MOST`] says when it does not.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bots::report::BotsReport;
use crate::chat_server::report::ChatReport;
use crate::config::{Auth, MainSettings};
use crate::login_server::report::LoginReport;
use crate::main_server::report::{MainReport, Published, RegisteredWorld};
use crate::operating::Others;
use crate::refused::Refused;
use crate::report::Shared;
use crate::world_server::node::WorldReport;

/// One world's.
#[derive(Clone, Debug)]
pub(crate) struct WorldFigures {
    pub(crate) id: u16,
    pub(crate) report: Shared<WorldReport>,
}

/// The newest reports of the servers that this process has; see the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) started: Instant,
    pub(crate) login: Option<Shared<LoginReport>>,
    pub(crate) main: Option<Shared<MainReport>>,
    /// The realm's other Mains.
    pub(crate) others: Others,
    pub(crate) chat: Option<Shared<ChatReport>>,
    pub(crate) worlds: Vec<WorldFigures>,
    pub(crate) bots: Option<Shared<BotsReport>>,
    /// What Main is to have, wherever that runs.
    pub(crate) wanted: Wanted,
}

/// Servers that Main does not do without.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) login: bool,
    pub(crate) chat: bool,
}

impl Wanted {
    pub(crate) const fn by(main: &MainSettings) -> Self {
        Self { login: matches!(main.auth, Auth::Login), chat: !main.chat.is_empty() }
    }
}

/// Behind so long a silence a node's thread does not turn.
const SILENCE_MOST: Duration = Duration::from_secs(2);

/// Of a server that may not be here.
fn newest<T: Clone + Default>(report: Option<&Shared<T>>) -> T {
    report.map(Shared::read).unwrap_or_default()
}

/// Sums over all servers, at one moment.
#[derive(Copy, Clone, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) users: usize,
    pub(crate) rooms: usize,
    pub(crate) packets: u64,
    pub(crate) deliveries: u64,
    pub(crate) messages: u64,
}

/// What the live page shows. Counts rise; who wants rates divides by the time between two.
#[derive(Serialize)]
pub(super) struct Summary {
    /// Since the start.
    uptime_ms: u64,
    #[serde(flatten)]
    counts: Counts,
    bots: usize,
    p99_ms: f64,
    lost: u64,
    /// All that Main knows: whoever registers there is one, in whatever process or board.
    worlds: Vec<RegisteredWorld>,
}

impl Figures {
    /// Of a process without servers.
    pub(crate) fn new() -> Self {
        let (started, wanted) = (Instant::now(), Wanted::default());
        Self {
            started,
            login: None,
            main: None,
            others: Others::default(),
            chat: None,
            worlds: Vec::new(),
            bots: None,
            wanted,
        }
    }

    /// With a Main, and what that is to have.
    pub(crate) fn with_main(self, published: Published, wanted: Wanted) -> Self {
        Self { main: Some(published.main), others: published.others, wanted, ..self }
    }

    /// The sums.
    pub(crate) fn counts(&self) -> Counts {
        let reports = self.worlds.iter().map(|world| world.report.read());
        let mut counts = reports.fold(Counts::default(), |sum, world| Counts {
            users: sum.users + world.users,
            rooms: sum.rooms + world.rooms,
            packets: sum.packets + world.net.frames_received,
            deliveries: sum.deliveries + world.deliveries,
            ..sum
        });
        counts.messages = newest(self.chat.as_ref()).said;
        counts.packets += newest(self.main.as_ref()).net.frames_received;
        counts
    }

    pub(super) fn summary(&self) -> Summary {
        let (bots, main) = (newest(self.bots.as_ref()), newest(self.main.as_ref()));
        let worlds = main.registry;
        let sum =
            |of: fn(&RegisteredWorld) -> u16| worlds.iter().map(|it| usize::from(of(it))).sum();
        // Of other processes' worlds nothing else is known.
        let counts =
            Counts { users: sum(|it| it.users), rooms: sum(|it| it.rooms), ..self.counts() };
        Summary {
            uptime_ms: self.started.elapsed().as_millis() as u64,
            counts,
            bots: bots.joined,
            p99_ms: bots.p99_ms,
            lost: bots.lost,
            worlds,
        }
    }

    /// What keeps a player from playing, one line each.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if newest(self.login.as_ref()).store_lost {
            missing.push("Login's accounts can't be reached".to_owned());
        }
        if newest(self.chat.as_ref()).directory_lost {
            missing.push("the chat server's directory can't be reached".to_owned());
        }
        if let Some(main) = self.main.as_ref().map(Shared::read) {
            if self.wanted.login && !main.login {
                missing.push("Main has no login server".to_owned());
            }
            if main.directory_lost {
                missing.push("Main's directory can't be reached".to_owned());
            }
            if self.wanted.chat && !main.chat.is_live {
                missing.push("Main has no chat server".to_owned());
            }
        }
        let absent = self.worlds.iter().filter(|world| !world.report.read().registered);
        missing.extend(absent.map(|world| format!("world {} is not registered", world.id)));
        missing.extend(self.refused().iter().map(Refused::line));
        missing
    }

    /// The servers that refuse those of this process.
    fn refused(&self) -> Vec<Refused> {
        let worlds = self.worlds.iter().flat_map(|world| world.report.read().refused);
        newest(self.main.as_ref()).refused.into_iter().chain(worlds).collect()
    }

    /// One that refuses them so often that they can't do their work.
    pub(crate) fn hopeless(&self) -> Option<Refused> {
        let by_all = self.worlds.iter().filter_map(|world| {
            let report = world.report.read();
            let is_hopeless = report.refused.iter().filter(|by| by.is_hopeless()).count();
            report.refused.into_iter().next().filter(|_| is_hopeless == report.mains)
        });
        let of_main = newest(self.main.as_ref()).refused.into_iter();
        of_main.filter(Refused::is_hopeless).chain(by_all).next()
    }

    /// The worlds that take nobody new, one line each.
    pub(super) fn draining(&self) -> Vec<String> {
        let draining = self.worlds.iter().filter(|world| world.report.read().draining);
        draining.map(|world| format!("world {} is draining", world.id)).collect()
    }

    /// Whether nobody is with any of these servers.
    pub(crate) fn are_empty(&self) -> bool {
        let has_no_user = newest(self.main.as_ref()).users == 0;
        let has_no_member = newest(self.chat.as_ref()).memberships == 0;
        has_no_user && has_no_member && self.worlds.iter().all(|it| it.report.read().users == 0)
    }

    /// The servers whose threads do not turn, one line each.
    pub(crate) fn hanging(&self) -> Vec<String> {
        let main = self.main.iter().map(|main| ("main".to_owned(), main.silence()));
        let login = self.login.iter().map(|login| ("login".to_owned(), login.silence()));
        let chat = self.chat.iter().map(|chat| ("chat".to_owned(), chat.silence()));
        let worlds = self.worlds.iter();
        let worlds = worlds.map(|world| (format!("world {}", world.id), world.report.silence()));
        let all = main.chain(login).chain(chat).chain(worlds);
        let hanging = all.filter(|(_, silence)| *silence > SILENCE_MOST);
        hanging.map(|(name, _)| format!("{name} hangs")).collect()
    }
}

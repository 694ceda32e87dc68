//! `Figures`: what the servers of this process publish about themselves, together.

use std::time::Instant;

use serde::Serialize;

use crate::bots::plan::BotsReport;
use crate::chat_server::ChatReport;
use crate::login_server::LoginReport;
use crate::main_server::{MainReport, RegisteredWorld};
use crate::report::Shared;
use crate::world_server::node::WorldReport;

/// One world's.
#[derive(Clone, Debug)]
pub(crate) struct WorldFigures {
    pub(crate) id: u16,
    pub(crate) report: Shared<WorldReport>,
}

/// The newest reports of all servers; see the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) started: Instant,
    /// Unless everyone is a guest.
    pub(crate) login: Option<Shared<LoginReport>>,
    pub(crate) main: Shared<MainReport>,
    pub(crate) chat: Shared<ChatReport>,
    pub(crate) worlds: Vec<WorldFigures>,
    pub(crate) bots: Shared<BotsReport>,
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
        counts.messages = self.chat.read().said;
        counts.packets += self.main.read().net.frames_received;
        counts
    }

    pub(super) fn summary(&self) -> Summary {
        let (bots, worlds) = (self.bots.read(), self.main.read().registry);
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

    /// What keeps a visitor from playing, one line each.
    pub(super) fn missing(&self) -> Vec<String> {
        let main = self.main.read();
        let mut missing = Vec::new();
        if self.login.is_some() && !main.login {
            missing.push("Main has no login server".to_owned());
        }
        if !main.chat.is_live {
            missing.push("Main has no chat server".to_owned());
        }
        let absent = self.worlds.iter().filter(|world| !world.report.read().registered);
        missing.extend(absent.map(|world| format!("world {} is not registered", world.id)));
        missing
    }
}

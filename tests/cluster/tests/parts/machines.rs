//! `Machines`: a realm whose every server is there several times, each behind a cable, and the bots in it.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Database, Directory};
use crate::support::process::binary;
use crate::support::whole_realm::{CHAT_FAULTS, ROOM_FAULTS};
use crate::support::{BotOutcome, Bots, Cable, Cables, Report, Server, Stream, operator};

/// Bots who are in one room, which has a name.
pub(crate) const DEN: u64 = 8;
pub(crate) const DEN_NAME: &str = "den";
const ROOM_CAPACITY: u64 = 8;
/// After so long a silence a peer is lost.
pub(crate) const SILENCE: Duration = Duration::from_secs(4);
/// Every server's and the bots': these come all from one address, and often.
const NET: [&str; 4] = [
    "net.ping_interval_ms=1300",
    "net.idle_timeout_ms=4000",
    "net.connections_per_address=16384",
    "net.openings_per_second=8192",
];
const LOGIN: [&str; 2] = ["login.address_logins=4096", "login.queue=4096"];
/// How long rooms may take to leave a world that is to end.
const MOVE_AWAY_MS: u32 = 10_000;
/// Within which all are everywhere again.
const BACK_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How many there are of what.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) bots: u64,
    pub(crate) mains: usize,
    pub(crate) logins: usize,
    pub(crate) chats: usize,
    pub(crate) worlds: usize,
    pub(crate) nats: usize,
    /// What worlds and bots play; none: bots walk, and number their moves.
    pub(crate) game: Option<&'static str>,
}

impl Plan {
    /// Those that are left when one is away have places for all, twice: whoever had a ticket for one that was cut off takes a place
    /// there until that has run out, which is longer than until the next step.
    fn rooms(&self) -> u64 {
        (2 * self.bots / (self.worlds as u64 - 1)).div_ceil(ROOM_CAPACITY)
    }
}

/// A server, and what leads to it.
pub(crate) struct Machine {
    pub(crate) server: Server,
    pub(crate) cable: Cable,
}

impl Machine {
    /// Starts one that knows where it is found.
    #[track_caller]
    fn start(cables: &Cables, start: impl FnOnce(&Cable) -> Server) -> Self {
        let cable = cables.lay();
        let server = start(&cable);
        cable.lead_to(server.address);
        Self { server, cable }
    }
}

/// See the [module](self).
pub(crate) struct Machines {
    pub(crate) plan: Plan,
    pub(crate) directory: Directory,
    pub(crate) database: Database,
    pub(crate) logins: Vec<Machine>,
    pub(crate) chats: Vec<Machine>,
    pub(crate) mains: Vec<Machine>,
    pub(crate) worlds: Vec<Machine>,
    pub(crate) cables: Cables,
}

fn text(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

fn with(own: impl IntoIterator<Item = String>) -> Vec<String> {
    own.into_iter().chain(NET.map(str::to_owned)).collect()
}

impl Machines {
    #[track_caller]
    pub(crate) fn start(name: &str, plan: Plan) -> Self {
        let cables = Cables::default();
        let directory = Directory::start_behind(&cables, name, plan.nats);
        let database = Database::start_behind(&cables, name);
        let settings =
            with(database.settings_by_cable().into_iter().chain(LOGIN.map(str::to_owned)));
        let login = |_: &Cable| Server::login(&["--port", "0"], &text(&settings));
        let logins: Vec<_> = (0..plan.logins).map(|_| Machine::start(&cables, login)).collect();
        let chat = |_| {
            Machine::start(&cables, |cable| {
                let own = with(directory.settings());
                let found = [format!("chat.advertise={}", cable.address)];
                Server::chat(&text(&[&own[..], &found].concat()))
            })
        };
        let chats: Vec<_> = (0..plan.chats).map(chat).collect();
        let main = |number: usize| {
            let login = &logins[number % logins.len()];
            let own = [
                "main.auth=login".to_owned(),
                format!("main.login={}", login.cable.address),
                "main.chat=announced".to_owned(),
            ];
            let own = with(directory.settings().into_iter().chain(own));
            Machine::start(&cables, |cable| {
                let at = cable.address;
                let found =
                    [format!("main.advertise={at}"), format!("main.advertise_servers={at}")];
                Server::main(&text(&[&own[..], &found].concat()))
            })
        };
        let mains: Vec<_> = (0..plan.mains).map(main).collect();
        let worlds = (1..=plan.worlds as u16).map(|id| Self::world(&cables, &mains, id, &plan));
        let worlds = worlds.collect();
        let machines = Self { plan, directory, database, logins, chats, mains, worlds, cables };
        machines.wait_until_linked();
        machines
    }

    #[track_caller]
    fn world(cables: &Cables, mains: &[Machine], id: u16, plan: &Plan) -> Machine {
        let mains: Vec<_> = mains.iter().map(|main| main.cable.address).collect();
        Machine::start(cables, |cable| {
            let own = with([
                format!("world.rooms={}", plan.rooms()),
                format!("world.room_capacity={ROOM_CAPACITY}"),
                format!("world.advertise={}", cable.address),
                format!("world.game={}", plan.game.unwrap_or_default()),
                format!("world.move_away_ms={MOVE_AWAY_MS}"),
            ]);
            Server::world_with_mains(id, &mains, &text(&own))
        })
    }

    #[track_caller]
    fn wait_until_linked(&self) {
        for Machine { server: main, .. } in &self.mains {
            for what in ["the directory is there", "connected to Login"] {
                main.process.wait_until_said(Stream::Stderr, what, 1);
            }
            main.wait_until_reported(&[("chat.live_links", self.chats.len() as u64)]);
        }
        self.worlds.iter().for_each(|world| world.server.wait_until_registered(self.mains.len()));
    }

    /// Those of each Login, and those of the den.
    #[track_caller]
    pub(crate) fn bots(&self) -> Swarms {
        // They are few, and would wait behind all others.
        let den = self.swarm("den-", 0, DEN, &["--room", DEN_NAME]);
        den.bots.wait_until_running();
        let logins = self.logins.len() as u64;
        let others = self.plan.bots - DEN;
        let swarms = (0..logins).map(|number| {
            let count = others / logins + u64::from(number < others % logins);
            self.swarm(&format!("swarm-{number}-"), number as usize, count, &[])
        });
        Swarms { swarms: swarms.chain([den]).collect() }
    }

    #[track_caller]
    fn swarm(&self, prefix: &str, login: usize, count: u64, more: &[&str]) -> Swarm {
        let mains: Vec<_> = self.mains.iter().map(|main| main.cable.address).collect();
        let login = self.logins[login].cable.address.to_string();
        let (number, channels) = (count.to_string(), count.div_ceil(20).to_string());
        let settings = with(self.database.settings());
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let who = ["--login", &login, "--make-accounts", prefix, "--count", &number];
        let what = ["--hz", "1", "--seconds", "86400", "--chat-hz", "0.2", "--channels", &channels];
        let rest = ["--through-restarts", "--join-seconds", "120"];
        let game = self.plan.game.map(|game| ["--game", game]);
        let game = game.as_ref().map_or(&[][..], |game| &game[..]);
        let all = [&who[..], &what, &rest, game, more].concat().into_iter().chain(settings);
        let bots = Bots::start_with_mains(binary(), &mains, &all.collect::<Vec<_>>());
        Swarm { bots, count }
    }

    /// What all of these count together.
    #[track_caller]
    pub(crate) fn sum(machines: &[Machine], count: &str) -> u64 {
        machines.iter().map(|machine| machine.server.report().count(count)).sum()
    }

    /// Waits until everybody is once in a room, once at a Main and once in a channel, and every server agrees.
    ///
    /// # Errors
    /// Who is not where.
    #[track_caller]
    pub(crate) fn wait_until_complete(&self) -> Result<Duration, String> {
        let started = Instant::now();
        let (bots, mains) = (self.plan.bots, self.mains.len() as u64);
        // Of every Main one to each world and chat server, and one to Login.
        let links = mains * (self.worlds.len() + self.chats.len() + 1) as u64;
        loop {
            let inside = Self::sum(&self.worlds, "users");
            let known = Self::sum(&self.mains, "users") / mains;
            let at_mains = Self::sum(&self.mains, "net.sessions").saturating_sub(links);
            let in_channels = Self::sum(&self.mains, "chat.memberships");
            let at_chat = Self::sum(&self.chats, "memberships");
            if [inside, known, at_mains, in_channels, at_chat] == [bots; 5] {
                return Ok(started.elapsed());
            }
            if started.elapsed() > BACK_WITHIN {
                return Err(format!(
                    "of {bots} bots {inside} are in worlds, {known} as Mains know, {at_mains} at Mains, {in_channels} and \
                     {at_chat} in channels"
                ));
            }
            sleep(LOOK_AGAIN);
        }
    }

    /// Writes all that servers have said to files of a folder; a server that was started again has begun anew.
    #[track_caller]
    pub(crate) fn write_down(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        let kinds = [
            ("main", &self.mains[..]),
            ("world", &self.worlds),
            ("login", &self.logins),
            ("chat", &self.chats),
        ];
        for (kind, machines) in kinds {
            for (number, machine) in (1..).zip(machines) {
                let path = folder.join(format!("{kind}-{number}.log"));
                machine.server.process.write_down(&path).unwrap();
            }
        }
    }

    /// Where each Main says that the den is.
    #[track_caller]
    pub(crate) fn dens(&self) -> Vec<serde_json::Value> {
        let ask = |main: &Machine| {
            let path = format!("/api/rooms?q={DEN_NAME}");
            let (_, text) = operator::ask(operator::of(&main.server), &path, None);
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["lines"].clone()
        };
        self.mains.iter().map(ask).collect()
    }
}

/// Bots of one process.
pub(crate) struct Swarm {
    pub(crate) bots: Bots,
    count: u64,
}

/// All bots.
pub(crate) struct Swarms {
    pub(crate) swarms: Vec<Swarm>,
}

/// What bots count that is never well, whatever is done to servers.
fn harms(report: &Report) -> Vec<(&'static str, u64)> {
    let announced = ["missed_announced", "chat_missed_announced"];
    let harms = ROOM_FAULTS.into_iter().chain(CHAT_FAULTS);
    let harms = harms.filter(|name| !announced.contains(name));
    harms.map(|name| (name, report.count(name))).filter(|(_, count)| *count > 0).collect()
}

impl Swarms {
    /// How they do, each with what it had to do without since it was asked last.
    #[track_caller]
    pub(crate) fn reports(&self) -> Vec<Report> {
        self.swarms.iter().map(|swarm| swarm.bots.report()).collect()
    }

    /// All that has gone wrong by now, by its names.
    pub(crate) fn harms(reports: &[Report]) -> Vec<(&'static str, u64)> {
        reports.iter().flat_map(harms).collect()
    }

    /// Ends them; answers what has gone wrong.
    #[track_caller]
    pub(crate) fn end(self) -> Vec<String> {
        self.swarms.iter().for_each(|swarm| swarm.bots.stop());
        let ends = self.swarms.into_iter().map(|swarm| (swarm.bots.outcome(), swarm.count));
        let wrong = ends.filter_map(|(BotOutcome { code, report }, count)| {
            let is_whole = report.shows(&[("present", count), ("chat_present", count)]);
            let is_well = code == Some(0) && is_whole && harms(&report).is_empty();
            (!is_well).then(|| format!("bots end with {code:?}: {report:?}"))
        });
        wrong.collect()
    }
}

//! `Tour`: something is done to each server of a realm in turn, and bots tell what they had to do without.
//!
//! Contract: behind each step everybody is back, once, in a room, at a Main and in a channel; the room with a name is there once;
//! nobody has lost a room whose world was well; nothing that was acknowledged is lost. A step that does not hold is told, and the
//! tour goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::machines::{Machine, Machines, SILENCE, Swarms};
use crate::support::{Cable, Report, Signal, Stream, operator};

/// One server, by its number among its like.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Main(usize),
    World(usize),
    Chat(usize),
    Login(usize),
    Nats(usize),
    Postgres,
}

impl Part {
    /// Every server of a realm that is ours.
    pub(crate) fn ours(machines: &Machines) -> Vec<Self> {
        let is_ours = |part: &Self| !matches!(part, Self::Nats(_) | Self::Postgres);
        Self::all(machines).into_iter().filter(is_ours).collect()
    }

    /// Every server of a realm.
    pub(crate) fn all(machines: &Machines) -> Vec<Self> {
        let plan = &machines.plan;
        let mains = (0..plan.mains).map(Self::Main);
        let all =
            mains.chain((0..plan.chats).map(Self::Chat)).chain((0..plan.worlds).map(Self::World));
        let all = all.chain((0..plan.logins).map(Self::Login));
        all.chain((0..plan.nats).map(Self::Nats)).chain([Self::Postgres]).collect()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main(index) => write!(f, "Main {}", index + 1),
            Self::World(index) => write!(f, "world {}", index + 1),
            Self::Chat(index) => write!(f, "chat {}", index + 1),
            Self::Login(index) => write!(f, "Login {}", index + 1),
            Self::Nats(index) => write!(f, "NATS {}", index + 1),
            Self::Postgres => write!(f, "PostgreSQL"),
        }
    }
}

/// What is done to it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// `kill -9`, and it is started again.
    Kill,
    /// SIGSTOP, and SIGCONT.
    Hang,
    /// Its connections are reset, and new ones refused, both ways.
    Cut,
    /// SIGTERM: it ends in good order, and is started again. A chat server is drained first, as `ctl` does.
    Replace,
}

impl Fault {
    pub(crate) const OF_TOUR: [Self; 3] = [Self::Kill, Self::Hang, Self::Cut];

    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Hang => "hang",
            Self::Cut => "cut",
            Self::Replace => "replace",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How long servers are away, and then all is left alone, so that what is lost is told with what has lost it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Pace {
    pub(crate) kill: Duration,
    pub(crate) hang: Duration,
    pub(crate) cut: Duration,
    pub(crate) judged: Duration,
}

impl Pace {
    const fn away(&self, fault: Fault) -> Duration {
        match fault {
            Fault::Kill => self.kill,
            Fault::Hang => self.hang,
            Fault::Cut => self.cut,
            Fault::Replace => Duration::ZERO,
        }
    }
}

/// What a bot may have to do without; those in the den have no other room than that of its name.
pub(crate) const LACKS: [&str; 4] = ["main", "chat", "world", "den"];
const ROOMS: usize = 2;
const DEN: usize = 3;

/// What a server says that is drained.
const DRAINED: &str = "drained: nobody is left";

/// For so long a bot may be without its room when that moves.
const MOVED_WITHIN_MS: u64 = 300;

/// For how long bots may have to do without each of [`LACKS`].
fn goal_ms(part: Part, fault: Fault, away: Duration) -> [u64; 4] {
    let own = |at_once_ms| match fault {
        Fault::Kill | Fault::Cut | Fault::Replace => at_once_ms,
        Fault::Hang => SILENCE.as_millis() as u64 + 2_000,
    };
    // A name is its world's until that is back, and says that it is without the room.
    let named = away.as_millis() as u64 + own(2_000);
    match part {
        Part::Main(_) => [own(2_000), own(2_000), 0, 0],
        Part::Chat(_) => [0, own(5_000), 0, 0],
        // Its rooms go to other worlds first.
        Part::World(_) if fault == Fault::Replace => [0, 0, MOVED_WITHIN_MS, MOVED_WITHIN_MS],
        Part::World(_) => [0, 0, own(1_000), named],
        // Those inside do not need it,
        Part::Login(_) | Part::Postgres => [0; 4],
        // but where servers find out by it what has become of each other.
        Part::Nats(_) => [own(0), own(0), 0, 0],
    }
}

/// What has come of one step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) part: String,
    pub(crate) fault: Fault,
    /// Bots that were there: connected to it, or in its channels.
    pub(crate) bots: u64,
    pub(crate) outage_ms: [u64; 4],
    pub(crate) goal_ms: [u64; 4],
    /// How long after it was back all were everywhere.
    pub(crate) back_ms: Option<u64>,
    /// What must hold and does not.
    pub(crate) wrong: Vec<String>,
}

impl Step {
    pub(crate) fn has_missed(&self) -> bool {
        self.outage_ms.iter().zip(self.goal_ms).any(|(outage_ms, goal_ms)| *outage_ms > goal_ms)
    }
}

/// Outages of one kind of server.
#[derive(Copy, Clone, Debug, Default)]
struct Outage {
    times: u64,
    longest_ms: u64,
    open: u64,
    ended_at: Option<Instant>,
}

impl Outage {
    /// Who hangs is missed before that is noticed, but no longer than a silence may be.
    fn length_ms(&self, fault: Fault, began: Instant) -> u64 {
        let (Fault::Hang, Some(ended_at)) = (fault, self.ended_at) else { return self.longest_ms };
        let since = ended_at.duration_since(began).as_millis() as u64;
        since.min(self.longest_ms + SILENCE.as_millis() as u64)
    }

    fn add(&mut self, report: &Report, server: &str, now: Instant) {
        let count = |name: &str| report.count(&format!("outages.{server}.{name}"));
        self.times += count("times");
        self.open += count("open");
        self.longest_ms = self.longest_ms.max(count("longest_ms"));
        if count("longest_ms") > 0 {
            let ago = Duration::from_millis(count("ended_ms_ago"));
            self.ended_at = self.ended_at.max(now.checked_sub(ago));
        }
    }
}

/// A realm, its bots, and how long each fault lasts.
pub(crate) struct Tour {
    pub(crate) machines: Machines,
    pub(crate) swarms: Swarms,
    pace: Pace,
    harms: BTreeMap<&'static str, u64>,
}

/// Within which what lasts ends when all servers are well.
const OPEN_MOST: Duration = Duration::from_secs(30);

impl Tour {
    #[track_caller]
    pub(crate) fn new(machines: Machines, pace: Pace) -> Self {
        let swarms = machines.bots();
        let complete = machines.wait_until_complete();
        complete.unwrap_or_else(|problem| panic!("at the start: {problem}"));
        let tour = Self { machines, swarms, pace, harms: BTreeMap::new() };
        sleep(pace.judged);
        tour.swarms.reports();
        tour
    }

    /// Does this to that server.
    #[track_caller]
    pub(crate) fn step(&mut self, part: Part, fault: Fault) -> Step {
        let name = self.name_of(part);
        let bots = self.bots_at(part);
        let newcomers = self.newcomers_but_of(part);
        let began = Instant::now();
        self.commit(part, fault);
        let back = self.machines.wait_until_complete();
        let (outages, mut wrong) = self.judge();
        let outage_ms = outages.map(|outage| outage.length_ms(fault, began));
        let at_risk = if matches!(part, Part::World(_)) { bots } else { 0 };
        let lost = outages[ROOMS].times + outages[DEN].times;
        if lost > at_risk {
            let lost = lost - at_risk;
            wrong.push(format!("{lost} have lost a room whose world was well"));
        }
        if fault == Fault::Replace {
            let newcomers = self.newcomers_but_of(part) - newcomers;
            wrong.extend((newcomers > 0).then(|| format!("{newcomers} have lost their seats")));
        }
        let goal_ms = goal_ms(part, fault, self.pace.away(fault));
        let back_ms = back.as_ref().ok().map(|back| back.as_millis() as u64);
        wrong.extend(back.err());
        Step { part: name, fault, bots, outage_ms, goal_ms, back_ms, wrong }
    }

    #[track_caller]
    fn bots_at(&self, part: Part) -> u64 {
        let machines = &self.machines;
        match part {
            Part::Main(index) => Machines::sum(&machines.mains[index..=index], "chat.memberships"),
            Part::World(index) => Machines::sum(&machines.worlds[index..=index], "users"),
            Part::Chat(index) => Machines::sum(&machines.chats[index..=index], "memberships"),
            Part::Login(_) | Part::Nats(_) | Part::Postgres => 0,
        }
    }

    /// Who has come in without a seat, since their start, in all worlds but this one, if it is one.
    #[track_caller]
    fn newcomers_but_of(&self, part: Part) -> u64 {
        let worlds = self.machines.worlds.iter().enumerate();
        let others = worlds.filter(|(index, _)| part != Part::World(*index));
        others.map(|(_, world)| world.server.report().count("joined")).sum()
    }

    fn name_of(&self, part: Part) -> String {
        let leads = matches!(part, Part::Nats(index) if self.machines.directory.nats.leader() == Some(index));
        if leads { format!("{part}, which leads") } else { part.to_string() }
    }

    /// What bots had to do without, and what must hold and does not.
    #[track_caller]
    fn judge(&mut self) -> ([Outage; 4], Vec<String>) {
        let mut outages = [Outage::default(); 4];
        let started = Instant::now();
        sleep(self.pace.judged);
        let reports = loop {
            let reports = self.swarms.reports();
            let now = Instant::now();
            outages.iter_mut().for_each(|outage| outage.open = 0);
            for (place, report) in reports.iter().enumerate() {
                // The den's are the last ones.
                let rooms = if place + 1 == reports.len() { DEN } else { ROOMS };
                outages[0].add(report, "main", now);
                outages[1].add(report, "chat", now);
                outages[rooms].add(report, "world", now);
            }
            let is_over = outages.iter().all(|outage| outage.open == 0);
            if is_over || started.elapsed() > OPEN_MOST {
                break reports;
            }
            sleep(Duration::from_millis(500));
        };
        let mut wrong = Vec::new();
        for (outage, what) in outages.iter().zip(LACKS).filter(|(outage, _)| outage.open > 0) {
            wrong.push(format!("{} bots still lack {what}", outage.open));
        }
        wrong.extend(self.new_harms(&reports));
        wrong.extend(self.names_twice());
        (outages, wrong)
    }

    fn new_harms(&mut self, reports: &[Report]) -> Vec<String> {
        let mut all = BTreeMap::new();
        for (name, count) in Swarms::harms(reports) {
            *all.entry(name).or_insert(0) += count;
        }
        let before = std::mem::replace(&mut self.harms, all);
        let more = self.harms.iter().map(|(name, count)| {
            (name, count.saturating_sub(before.get(name).copied().unwrap_or_default()))
        });
        more.filter(|(_, more)| *more > 0).map(|(name, more)| format!("{name} {more}")).collect()
    }

    /// Every Main knows one room of that name, and the same.
    #[track_caller]
    fn names_twice(&self) -> Option<String> {
        let dens = self.machines.dens();
        let is_one = |lines: &serde_json::Value| lines.as_array().is_some_and(|it| it.len() == 1);
        let is_well = dens.iter().all(|lines| {
            is_one(lines)
                && lines[0]["world"] == dens[0][0]["world"]
                && lines[0]["number"] == dens[0][0]["number"]
        });
        (!is_well).then(|| format!("the den as Mains know it: {dens:?}"))
    }

    #[track_caller]
    fn commit(&mut self, part: Part, fault: Fault) {
        let away = self.pace.away(fault);
        match fault {
            Fault::Kill => self.kill(part, away),
            Fault::Hang => {
                self.signal(part, Signal::Stop);
                sleep(away);
                self.signal(part, Signal::Continue);
            }
            Fault::Replace => {
                let server = &mut self.machine(part).expect("it is one of ours").server;
                if matches!(part, Part::Chat(_)) {
                    // Its channels are the others' before it is told to end.
                    operator::told(operator::of(server), &["drain"]);
                    server.process.wait_until_said(Stream::Stderr, DRAINED, 1);
                }
                server.replace();
            }
            Fault::Cut => {
                let (cables, process) = self.cut_at(part);
                self.machines.cables.cut(&cables, process);
                sleep(away);
                self.machines.cables.mend(&cables, process);
            }
        }
    }

    fn machine(&mut self, part: Part) -> Option<&mut Machine> {
        let machines = &mut self.machines;
        match part {
            Part::Main(index) => Some(&mut machines.mains[index]),
            Part::World(index) => Some(&mut machines.worlds[index]),
            Part::Chat(index) => Some(&mut machines.chats[index]),
            Part::Login(index) => Some(&mut machines.logins[index]),
            Part::Nats(_) | Part::Postgres => None,
        }
    }

    #[track_caller]
    fn kill(&mut self, part: Part, away: Duration) {
        if let Some(machine) = self.machine(part) {
            return machine.server.restart_after(away);
        }
        let (nats, postgres) =
            (&mut self.machines.directory.nats, &mut self.machines.database.postgres);
        match part {
            Part::Nats(index) => {
                nats.kill(index);
                sleep(away);
                nats.start_again(index).unwrap();
            }
            _ => {
                postgres.kill();
                sleep(away);
                postgres.start_again().unwrap();
            }
        }
    }

    #[track_caller]
    fn process_of(&self, part: Part) -> u32 {
        let machines = &self.machines;
        let id = match part {
            Part::Main(index) => Some(machines.mains[index].server.process.id()),
            Part::World(index) => Some(machines.worlds[index].server.process.id()),
            Part::Chat(index) => Some(machines.chats[index].server.process.id()),
            Part::Login(index) => Some(machines.logins[index].server.process.id()),
            Part::Nats(index) => machines.directory.nats.process(index),
            Part::Postgres => machines.database.postgres.process(),
        };
        id.unwrap_or_else(|| panic!("{part} does not run"))
    }

    /// Of PostgreSQL each client has a process.
    #[track_caller]
    fn signal(&self, part: Part, signal: Signal) {
        let process = self.process_of(part);
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        let children = children.unwrap_or_default();
        let name = if signal == Signal::Stop { "STOP" } else { "CONT" };
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &process.to_string()]).args(children.split_ascii_whitespace());
        // A child may have ended meanwhile.
        kill.status().unwrap();
    }

    fn cut_at(&self, part: Part) -> (Vec<&Cable>, u32) {
        let machines = &self.machines;
        let cables = match part {
            Part::Main(index) => vec![&machines.mains[index].cable],
            Part::World(index) => vec![&machines.worlds[index].cable],
            Part::Chat(index) => vec![&machines.chats[index].cable],
            Part::Login(index) => vec![&machines.logins[index].cable],
            Part::Nats(index) => machines.directory.nats.cables(index),
            Part::Postgres => machines.database.cable.iter().collect(),
        };
        (cables, self.process_of(part))
    }
}

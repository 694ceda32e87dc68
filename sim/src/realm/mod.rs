//! `Realm`: everything that one run is made of, and its course.
//!
//! ```text
//!   busy: players come, move, speak, go; faults ──► quiet: healed, nobody but hoarders does anything new ──► finale:
//!   every client inside, every server agrees ──► closing down: every node is told ──► nothing is left
//! ```
//! One idea a file: [`servers`] are the hosts that serve, [`start`] makes hosts, [`workload`] is what
//! players do, [`talking`] what they do in channels, [`wishing`] which rooms they want, [`accounts`] who they are, and what Login hands
//! out; [`revoking`] is the operator, and [`exchange`] gives servers other secrets; [`hoarding`] is who takes all
//! there is, [`impostors`] who has stolen keys; [`faults`] is what goes wrong, [`finale`] and [`agreement`] what the realm must come back to.

mod accounts;
mod agreement;
mod directory;
mod exchange;
mod faults;
mod finale;
mod hoarding;
mod impostors;
mod keeping;
mod revoking;
mod servers;
mod start;
mod talking;
mod wishing;
mod workload;

use tinyrealm_core::protocol::Uid;

use crate::actors::Visitor;
use crate::broken::{Broken, ensure};
use crate::checks::Checks;
use crate::host::{Driven, Host, Tools};
use crate::ids::{HostId, Role, WORLDS};
use crate::journal::{Entry, Fact, Heard, InRoom, Journal};
use crate::memory::Arenas;
use crate::network::{Network, Parting};
use crate::profile::{Profile, Weather};
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::store::Store;
use crate::timeline::{Happening, Timeline};
use crate::trace::What;
use crate::tuning::Tuning;
use accounts::Account;
use directory::Directory;
use keeping::Keep;
use servers::Servers;
use tinyrealm_testing::Random;

/// How long players are busy, and things go wrong.
const BUSY_US: (u64, u64) = (7_000_000, 11_000_000);
/// How long the realm has to come to rest: each half is longer than every timeout and back-off in a row.
const QUIET_US: u64 = 16_000_000;
/// How long closing down may take: the drain timeout, and a way there and back.
const CLOSING_US: u64 = 2_000_000;

/// Turns of all hosts between two looks at what addresses hold.
const TURNS_PER_AUDIT: u64 = 4;

/// Whether anything new begins.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Phase {
    Busy,
    Quiet,
    /// Everything ends.
    Closing,
}

/// One run; see the [module](self).
pub(crate) struct Realm<'a> {
    profile: Profile,
    weather: Weather,
    tuning: Tuning,
    phase: Phase,
    random: Random,
    arenas: &'a Arenas,
    journal: &'a Journal,
    timeline: Timeline,
    network: Network,
    servers: Servers<'a>,
    directory: Directory,
    secrets: Secrets,
    /// How often Login has started.
    login_life: u32,
    store: Store,
    visitors: Vec<Option<Host<'a, Visitor<'a>>>>,
    /// By visitor: whose login it is; intruders have no account.
    account_of: Vec<Option<usize>>,
    /// By visitor: the Main that it goes to first; intruders go to none.
    first_main_of: Vec<Option<usize>>,
    accounts: Vec<Account>,
    /// By world.
    keeps: [Keep; WORLDS],
    checks: Checks,
}

impl<'a> Realm<'a> {
    pub(crate) fn new(settings: &Settings, arenas: &'a Arenas, journal: &'a Journal) -> Self {
        let mut random = Random::new(settings.seed);
        let picked = Profile::pick(&mut random);
        let profile = settings.profile.unwrap_or(picked);
        let weather = profile.weather();
        let tuning = Tuning::pick(&mut random, profile, settings.sabotage);
        Self {
            profile,
            weather,
            tuning,
            phase: Phase::Busy,
            timeline: Timeline::new(random.fork(), settings.seed),
            random,
            arenas,
            journal,
            network: Network::new(weather, settings.sabotage),
            servers: Servers::default(),
            directory: Directory::new(),
            secrets: Secrets::new(tuning.layout, settings.sabotage),
            login_life: 0,
            store: Store::new(tuning.token_ttl_us, settings.sabotage),
            visitors: Vec::new(),
            account_of: Vec::new(),
            first_main_of: Vec::new(),
            accounts: Vec::new(),
            keeps: std::array::from_fn(|world| {
                let random = Random::new(!settings.seed ^ (world as u64) << 32);
                Keep::new(profile.store(), random, settings.sabotage)
            }),
            checks: Checks::new(profile, tuning.layout),
        }
    }

    pub(crate) const fn profile(&self) -> Profile {
        self.profile
    }

    pub(crate) const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The whole course of the run.
    pub(crate) fn run(&mut self) -> Result<(), Broken> {
        self.begin();
        let busy_us = self.random.within(BUSY_US);
        self.go_on_until(busy_us)?;
        self.calm_down()?;
        self.go_on_until(busy_us + QUIET_US / 2)?;
        self.end_hoarding()?;
        self.go_on_until(busy_us + QUIET_US)?;
        self.check_rest()?;
        self.close_down();
        self.go_on_until(busy_us + QUIET_US + CLOSING_US)?;
        self.check_nothing_left()
    }

    fn go_on_until(&mut self, end_us: u64) -> Result<(), Broken> {
        while let Some(happening) = self.timeline.next_before(end_us) {
            self.happen(happening)?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        let (timeline, network) = (&mut self.timeline, &mut self.network);
        match happening {
            Happening::Turn(host) => return self.turn(host),
            Happening::DialArrives(id) => network.dial_arrives(timeline, id),
            Happening::DialAnswered(id) => network.dial_answered(timeline, id),
            Happening::DialFails(id) => network.dial_fails(timeline, id),
            Happening::Arrives(id, side) => network.arrives(timeline, id, side),
            Happening::Writable(id, side) => network.writable(timeline, id, side),
            Happening::Resumes(id, side) => network.resumes(timeline, id, side),
            Happening::Resets(id, side) => network.resets(timeline, id, side),
            Happening::Acts(visitor) => self.acts(visitor),
            Happening::Hoards(visitor) => self.hoard(visitor),
            Happening::LogsIn(account) => self.log_in(account),
            Happening::StoreAnswers(job) => self.store_answers(job),
            Happening::StoreIsAsked(question) => self.store_is_asked(question),
            Happening::QuestionIsAnswered(question) => self.question_is_answered(question),
            Happening::MainIsTold(tell) => self.main_is_told(tell),
            Happening::Looks(main, life) => self.look(main, life),
            Happening::Keeps(world) => return self.keeps(world),
            Happening::Enables(account) => self.enable(account),
            Happening::StoreWatched => self.watch_store(),
            Happening::RevokedAreOut(revision) => return self.check_revoked(revision),
            Happening::Exchanges => self.exchange(),
            Happening::Restarts(host) => return self.restart(host),
            Happening::Fault => self.fault(),
        }
        Ok(())
    }

    /// One turn of one host, and every check behind it.
    fn turn(&mut self, host: HostId) -> Result<(), Broken> {
        if !self.network.begins_turn(&mut self.timeline, host) {
            return Ok(());
        }
        self.timeline.counters.turns += 1;
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        let outcome = match host.role() {
            Role::Visitor(number) => self.visitors[number].as_mut().map(|host| host.turn(tools)),
            _ => self.servers.host_mut(host).map(|host| host.turn(tools)),
        };
        outcome.unwrap_or(Ok(()))?;
        self.digest()?;
        self.check_shares(host)?;
        match host.role() {
            Role::Chat => {}
            Role::Main(number) => self.hand_out_questions(number),
            Role::Login => self.hand_out_work(),
            Role::World(number) => {
                self.check_world(number)?;
                self.checks.claims.check_ghosts()?;
                self.hand_out_saves(number);
            }
            Role::Visitor(number) => self.retire_if_done(number),
        }
        self.lose_if_closed(host);
        Ok(())
    }

    /// Reads what the turn has noted.
    fn digest(&mut self) -> Result<(), Broken> {
        for entry in self.journal.take() {
            if let Some((host, what)) = entry.line() {
                self.timeline.note(host, what);
            }
            self.checks.take(&self.network, &entry)?;
            self.remember(&entry)?;
        }
        Ok(())
    }

    /// Keeps what an account learns for its next login.
    fn remember(&mut self, entry: &Entry) -> Result<(), Broken> {
        let (visitor, heard) = match &entry.fact {
            Fact::Client { visitor, heard } => (visitor, heard),
            Fact::Kept { world, room, what } => return self.keeps[*world].check(*room, what),
            Fact::BadProof => return self.check_refusal(entry.cause),
            Fact::Confided(opcode) => return self.check_confided(entry.cause, *opcode),
            Fact::Room { what, .. } => {
                let counters = &mut self.timeline.counters;
                counters.spectators += u64::from(matches!(what, InRoom::Watches(_)));
                let is_named = matches!(what, InRoom::Opened(name) if !name.is_empty());
                counters.rooms_named += u64::from(is_named);
                counters.timers_fired += u64::from(matches!(what, InRoom::Fired { .. }));
                return Ok(());
            }
            Fact::Numbered { .. } | Fact::OfMain(_) => return Ok(()),
        };
        if let Heard::Token(_, token) = heard
            && self.tuning.has_accounts
        {
            self.store.welcomed(token)?;
        }
        if matches!(heard, Heard::Joined(_)) && self.seals(*visitor) {
            self.timeline.counters.sealed_joins += 1;
        }
        if matches!(heard, Heard::Welcome(_)) && self.is_device(*visitor) {
            self.timeline.counters.devices += 1;
        }
        if let Some(account) = self.account_of[*visitor] {
            self.take_verdict(*visitor, account, heard)?;
            return self.accounts[account].remember(heard);
        }
        // Two thieves may believe each other.
        let is_fooled = entry.cause.is_some_and(|link| self.servers.usurped.contains(&link));
        let is_welcome = matches!(heard, Heard::Welcome(_)) && !is_fooled;
        ensure(!is_welcome, "nobody is welcome with wrong papers", || format!("{heard:?}"))?;
        let is_in = matches!(heard, Heard::Joined(_));
        self.timeline.counters.intrusions_admitted += u64::from(is_in);
        Ok(())
    }

    fn seals(&self, visitor: usize) -> bool {
        let host = self.visitors[visitor].as_ref();
        host.is_some_and(|host| host.sealed_connections().next().is_some())
    }

    fn is_device(&self, visitor: usize) -> bool {
        let player =
            self.visitors[visitor].as_ref().and_then(|host| host.node().role().as_player());
        player.is_some_and(|player| player.device().is_some())
    }

    /// The user that a visitor is, once it knows it.
    fn uid_of(&self, visitor: usize) -> Option<Uid> {
        self.visitors[visitor].as_ref()?.node().role().as_player()?.machine.uid()
    }

    fn check_world(&mut self, number: usize) -> Result<(), Broken> {
        match &self.servers.worlds[number] {
            Some(host) => self.checks.rooms.check(number, &host.node().role().role),
            None => Ok(()),
        }
    }

    /// Compares what addresses hold of a server with its own book, now and then.
    fn check_shares(&self, host: HostId) -> Result<(), Broken> {
        if self.timeline.counters.turns.is_multiple_of(TURNS_PER_AUDIT) {
            self.servers.check_shares(host)?;
            if let Role::Main(number) = host.role() {
                self.check_hoards(number)?;
            }
        }
        Ok(())
    }

    /// A server that was closed down, and has told everybody, is no more.
    fn lose_if_closed(&mut self, host: HostId) {
        let is_closed = self.servers.host_mut(host).is_some_and(|host| host.is_finished())
            && self.servers.is_all_kept(host);
        if is_closed && self.phase != Phase::Closing {
            self.lose_server(host, Parting::Silence);
        }
    }

    /// A visitor that has nothing left to do goes home.
    fn retire_if_done(&mut self, number: usize) {
        let is_done = self.visitors[number]
            .as_ref()
            .is_some_and(|host| !wants_in(host) && host.node().sessions().is_empty());
        if is_done {
            self.timeline.note(HostId::visitor(number), What::Retired);
            self.network.stop_host(HostId::visitor(number));
            self.visitors[number] = None;
        }
    }

    /// The visitors who want to be in the realm by this Main.
    fn players_of(&self, main: usize) -> impl Iterator<Item = (usize, &Host<'a, Visitor<'a>>)> {
        self.players().filter(move |(number, _)| self.main_of(*number) == Some(main))
    }

    /// The Main where a visitor is, or is on its way to.
    fn main_of(&self, visitor: usize) -> Option<usize> {
        let links = self.visitors[visitor].as_ref().into_iter().flat_map(Host::connections);
        let mut mains = links.filter_map(|link| match self.network.acceptor(link).role() {
            Role::Main(main) => Some(main),
            _ => None,
        });
        mains.next().or(self.first_main_of[visitor])
    }

    /// The visitors who want to be in the realm.
    fn players(&self) -> impl Iterator<Item = (usize, &Host<'a, Visitor<'a>>)> {
        let hosts = self.visitors.iter().enumerate();
        let present = hosts.filter_map(|(number, host)| Some((number, host.as_ref()?)));
        present.filter(|(_, host)| wants_in(host))
    }
}

/// Whether a visitor wants to be in the realm, for as long as it lives.
fn wants_in(host: &Host<'_, Visitor<'_>>) -> bool {
    host.node().role().wants_in() && !host.node().sessions().is_shutting_down()
}

//! `Realm`: everything that one run is made of, and its course.
//!
//! ```text
//!   busy: players come, move, speak, go; faults ──► quiet: healed, nobody does anything new ──► finale:
//!   every client inside, every server agrees ──► closing down: every node is told ──► nothing is left
//! ```
//! One idea a file: [`start`] makes hosts, [`workload`] is what players do, [`faults`] what goes
//! wrong, [`finale`] what the realm must come back to.

mod faults;
mod finale;
mod start;
mod workload;

use tinyrealm_core::node::main::{Guests, Main};
use tinyrealm_core::node::world::World;
use tinyrealm_core::protocol::Uid;

use crate::actors::{Recorder, Visitor};
use crate::broken::Broken;
use crate::checks::Checks;
use crate::host::{Host, Tools};
use crate::ids::{HostId, Role, WORLDS};
use crate::journal::{Entry, Fact, Heard, Journal};
use crate::memory::Arenas;
use crate::network::{Network, Parting};
use crate::profile::{Profile, Weather};
use crate::random::Random;
use crate::settings::Settings;
use crate::timeline::{Happening, Timeline};
use crate::trace::What;
use crate::tuning::Tuning;
use workload::Account;

/// How long players are busy, and things go wrong.
const BUSY_US: (u64, u64) = (7_000_000, 11_000_000);
/// How long the realm has to come to rest: longer than every timeout and back-off in a row.
const QUIET_US: u64 = 11_000_000;
/// How long closing down may take: the drain timeout, and a way there and back.
const CLOSING_US: u64 = 2_000_000;

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
    arenas: &'a Arenas<'a>,
    journal: &'a Journal,
    timeline: Timeline,
    network: Network,
    main: Option<Host<'a, Main<'a, Guests>>>,
    worlds: [Option<Host<'a, World<'a, Recorder<'a>>>>; WORLDS],
    visitors: Vec<Option<Host<'a, Visitor<'a>>>>,
    /// By visitor: whose login it is; intruders have no account.
    account_of: Vec<Option<usize>>,
    accounts: Vec<Account>,
    checks: Checks,
}

impl<'a> Realm<'a> {
    pub(crate) fn new(settings: &Settings, arenas: &'a Arenas<'a>, journal: &'a Journal) -> Self {
        let mut random = Random::new(settings.seed);
        let picked = Profile::pick(&mut random);
        let profile = settings.profile.unwrap_or(picked);
        let weather = profile.weather();
        Self {
            profile,
            weather,
            tuning: Tuning::pick(&mut random, profile, settings.sabotage),
            phase: Phase::Busy,
            timeline: Timeline::new(random.fork()),
            random,
            arenas,
            journal,
            network: Network::new(weather, settings.sabotage),
            main: None,
            worlds: [const { None }; WORLDS],
            visitors: Vec::new(),
            account_of: Vec::new(),
            accounts: Vec::new(),
            checks: Checks::new(profile),
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
        let busy_us = self.random.between(BUSY_US);
        self.go_on_until(busy_us)?;
        self.calm_down();
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
            Happening::LogsIn(account) => self.log_in(account),
            Happening::Restarts(host) => self.restart(host),
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
            Role::Main => self.main.as_mut().map(|host| host.turn(tools)),
            Role::World(number) => self.worlds[number].as_mut().map(|host| host.turn(tools)),
            Role::Visitor(number) => self.visitors[number].as_mut().map(|host| host.turn(tools)),
        };
        outcome.unwrap_or(Ok(()))?;
        self.digest()?;
        match host.role() {
            Role::Main => {}
            Role::World(number) => self.check_world(number)?,
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
        let Fact::Client { visitor, heard } = &entry.fact else { return Ok(()) };
        if let Some(account) = self.account_of[*visitor] {
            return self.accounts[account].remember(heard);
        }
        let is_in = matches!(heard, Heard::Joined(_));
        self.timeline.counters.intrusions_admitted += u64::from(is_in);
        Ok(())
    }

    /// The user that a visitor is, once it knows it.
    fn uid_of(&self, visitor: usize) -> Option<Uid> {
        self.visitors[visitor].as_ref()?.node().role().as_player()?.machine.uid()
    }

    fn check_world(&mut self, number: usize) -> Result<(), Broken> {
        match &self.worlds[number] {
            Some(host) => self.checks.rooms.check(number, host.node().role()),
            None => Ok(()),
        }
    }

    /// A server that was closed down, and has told everybody, is no more.
    fn lose_if_closed(&mut self, host: HostId) {
        let is_closed = match host.role() {
            Role::Main => self.main.as_ref().is_some_and(|host| host.node().is_finished()),
            Role::World(number) => {
                self.worlds[number].as_ref().is_some_and(|host| host.node().is_finished())
            }
            Role::Visitor(_) => false,
        };
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

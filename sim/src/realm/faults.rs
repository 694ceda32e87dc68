//! What goes wrong, and when it stops going wrong.

use std::collections::BTreeSet;

use super::exchange::EXCHANGED_US;
use super::{Phase, Realm};
use crate::broken::Broken;
use crate::host::{Driven, Tools};
use crate::ids::{ConnectionId, HOARDERS, HostId, Role, Side, WORLDS};
use crate::network::{Links, Meddling, Parting};
use crate::profile::FaultKind;
use crate::timeline::Happening;
use crate::trace::What;

const PAUSE_US: (u64, u64) = (100_000, 3_500_000);
const PARTITION_US: (u64, u64) = (100_000, 4_000_000);
const DOWN_US: (u64, u64) = (50_000, 2_500_000);
const STALL_US: (u64, u64) = (20_000, 3_000_000);
/// From an attach that times out to a link that is given up for its silence.
const HANG_US: (u64, u64) = (600_000, 5_000_000);
const DIRECTORY_US: (u64, u64) = (100_000, 2_500_000);
const STORE_US: (u64, u64) = (300_000, 3_000_000);
/// How often somebody is on the way of a link from its beginning.
const NEXT_PERMILLE: u32 = 300;

impl Realm<'_> {
    pub(super) fn plan_fault(&mut self) {
        if !self.weather.faults.is_empty() {
            self.timeline.plan_after(self.weather.fault_interval_us, Happening::Fault);
        }
    }

    /// One more thing goes wrong.
    pub(super) fn fault(&mut self) {
        let Some(kind) = self.random.pick_weighted(self.weather.faults) else { return };
        if self.phase != Phase::Busy {
            return;
        }
        self.plan_fault();
        if let Some(host) = self.strike(kind) {
            self.timeline.note(host, What::Fault(kind));
            self.timeline.counters.faults[kind as usize] += 1;
        }
    }

    /// Does it, if there is anything to do it to, and answers to whom.
    fn strike(&mut self, kind: FaultKind) -> Option<HostId> {
        match kind {
            FaultKind::PauseReader => self.pause_reader(),
            FaultKind::PauseServer => self.pause_server(),
            FaultKind::Reset => self.break_off(&[Side::Dialer, Side::Acceptor]),
            FaultKind::HalfOpen => {
                let told = if self.random.chance(500) { Side::Dialer } else { Side::Acceptor };
                self.break_off(&[told])
            }
            FaultKind::Vanish => self.break_off(&[]),
            FaultKind::PartServers => {
                let (one, other) = self.any_link();
                self.part(one, Some(other))
            }
            FaultKind::PartVisitor => {
                let server = self.any_server();
                let visitor = self.any_player()?;
                self.part(HostId::visitor(visitor), Some(server))
            }
            FaultKind::Isolate => {
                let server = self.any_server();
                self.part(server, None)
            }
            FaultKind::CrashMain => {
                let main = self.any_main();
                self.crash(main)
            }
            FaultKind::CrashLogin => self.crash(HostId::LOGIN),
            FaultKind::CrashChat => self.crash(HostId::CHAT),
            FaultKind::CrashWorld => {
                let world = self.any_world();
                self.crash(world)
            }
            FaultKind::CloseServer => {
                let server = self.any_server();
                self.close_server(server)
            }
            FaultKind::CrashVisitor => self.crash_visitor(),
            FaultKind::Stall => self.stall(),
            FaultKind::HangWorld => {
                let world = self.any_world();
                self.stop_for_a_while(world, HANG_US)
            }
            FaultKind::SlowStore => {
                self.store.slow_until_us = self.until_us(STORE_US);
                Some(HostId::LOGIN)
            }
            FaultKind::FailingStore => {
                self.store.failing_until_us = self.until_us(STORE_US);
                Some(HostId::LOGIN)
            }
            FaultKind::ExpireTokens => {
                self.store.expire_all();
                Some(HostId::LOGIN)
            }
            FaultKind::RevokeUsers => self.revoke_users(),
            FaultKind::Meddle => self.meddle(),
            _ => self.strike_directory(kind),
        }
    }

    fn strike_directory(&mut self, kind: FaultKind) -> Option<HostId> {
        if !self.tuning.layout.has_directory() {
            return None;
        }
        let (main, until_us) = (self.any_main(), self.until_us(DIRECTORY_US));
        match (kind, main.role()) {
            (FaultKind::PartDirectory, Role::Main(number)) => {
                self.directory.parted_until_us[number] = until_us;
            }
            (FaultKind::StopDirectory, _) => self.stop_store(until_us),
            (FaultKind::SlowDirectory, _) => self.directory.slow_until_us = until_us,
            _ => self.directory.old_until_us = until_us,
        }
        Some(main)
    }

    fn until_us(&mut self, range_us: (u64, u64)) -> u64 {
        self.timeline.now_us() + self.random.within(range_us)
    }

    fn any_world(&mut self) -> HostId {
        HostId::world(self.random.below(WORLDS as u64) as usize)
    }

    fn any_main(&mut self) -> HostId {
        HostId::main(self.random.below(self.tuning.layout.mains() as u64) as usize)
    }

    fn any_server(&mut self) -> HostId {
        {
            let servers: Vec<HostId> = self.tuning.layout.servers().collect();
            self.random.pick(&servers).unwrap_or(HostId::LOGIN)
        }
    }

    /// Two servers that have a link.
    fn any_link(&mut self) -> (HostId, HostId) {
        match self.random.below(4) {
            0 => (self.any_main(), HostId::LOGIN),
            1 => (self.any_main(), HostId::CHAT),
            _ => {
                let world = self.random.below(WORLDS as u64) as usize;
                let mains: Vec<usize> = self.tuning.layout.mains_of_world(world).collect();
                let main = self.random.pick(&mains).unwrap_or(0);
                (HostId::world(world), HostId::main(main))
            }
        }
    }

    fn any_player(&mut self) -> Option<usize> {
        let players: Vec<usize> = self.players().map(|(number, _)| number).collect();
        self.random.pick(&players)
    }

    /// A connection that works; those between servers come up more often than their number.
    fn any_connection(&mut self) -> Option<ConnectionId> {
        let between_servers = self.random.chance(200);
        self.any_connection_of(between_servers)
    }

    fn any_connection_of(&mut self, between_servers: bool) -> Option<ConnectionId> {
        let up = self.network.up();
        let wanted = up.filter(|(_, connection)| {
            connection.end(Side::Dialer).host.is_visitor() != between_servers
        });
        let wanted: Vec<ConnectionId> = wanted.map(|(id, _)| id).collect();
        self.random.pick(&wanted)
    }

    fn pause_reader(&mut self) -> Option<HostId> {
        let id = self.any_connection_of(false)?;
        let until_us = self.until_us(PAUSE_US);
        self.network.pause(&mut self.timeline, id, Side::Dialer, until_us);
        Some(self.network.dialer(id))
    }

    fn pause_server(&mut self) -> Option<HostId> {
        let id = self.any_connection_of(true)?;
        let side = self.random.pick(&[Side::Dialer, Side::Acceptor])?;
        let until_us = self.until_us(PAUSE_US);
        self.network.pause(&mut self.timeline, id, side, until_us);
        Some(self.network.dialer(id))
    }

    fn break_off(&mut self, told: &[Side]) -> Option<HostId> {
        let id = self.any_connection()?;
        self.network.break_off(&mut self.timeline, id, told);
        Some(self.network.dialer(id))
    }

    /// Somebody is on the way of a sealed link, or of the next one.
    fn meddle(&mut self) -> Option<HostId> {
        let side = self.random.pick(&[Side::Dialer, Side::Acceptor])?;
        let links = self.random.pick(&[Links::Servers, Links::Players])?;
        let meddling = Meddling::any(&mut self.random);
        if self.random.chance(NEXT_PERMILLE) {
            self.network.meddle_with_next(links, side, meddling);
            return Some(HostId::main(0));
        }
        let id = match links {
            Links::Servers => self.any_connection_of(true)?,
            Links::Players => self.any_sealed_link_of_players()?,
        };
        self.network.meddle(id, side, meddling);
        Some(self.network.dialer(id))
    }

    /// One that works: of streams in any state, of WebSockets behind their beginning.
    fn any_sealed_link_of_players(&mut self) -> Option<ConnectionId> {
        let up: BTreeSet<ConnectionId> = self.network.up().map(|(id, _)| id).collect();
        let streams = up.iter().copied().filter(|id| self.network.is_of(Links::Players, *id));
        let sealed = self.players().flat_map(|(_, host)| host.sealed_connections());
        let all: BTreeSet<ConnectionId> =
            sealed.filter(|id| up.contains(id)).chain(streams).collect();
        let all: Vec<ConnectionId> = all.into_iter().collect();
        self.random.pick(&all)
    }

    fn part(&mut self, one: HostId, other: Option<HostId>) -> Option<HostId> {
        let until_us = self.until_us(PARTITION_US);
        self.network.part(one, other, until_us);
        Some(one)
    }

    fn stall(&mut self) -> Option<HostId> {
        let host = match self.random.below(4) {
            0 => self.any_server(),
            _ => HostId::visitor(self.any_player()?),
        };
        self.stop_for_a_while(host, STALL_US)
    }

    /// A host takes what its transports have room for, and answers nothing.
    fn stop_for_a_while(&mut self, host: HostId, range_us: (u64, u64)) -> Option<HostId> {
        if !self.network.is_up(host) {
            return None;
        }
        let until_us = self.until_us(range_us);
        self.network.stall(host, until_us);
        Some(host)
    }

    fn any_parting(&mut self) -> Parting {
        self.random.pick(&[Parting::End, Parting::Reset, Parting::Silence]).unwrap_or(Parting::End)
    }

    /// A server is gone, with all that it knew, and comes back later.
    fn crash(&mut self, host: HostId) -> Option<HostId> {
        if !self.network.is_up(host) {
            return None;
        }
        let parting = self.any_parting();
        self.timeline.note(host, What::Crashed);
        self.lose_server(host, parting);
        Some(host)
    }

    /// A server is no more, and with it what it knew.
    pub(super) fn lose_server(&mut self, host: HostId, parting: Parting) {
        self.network.lose_host(&mut self.timeline, host, parting);
        self.servers.count(&mut self.timeline.counters, host);
        self.servers.remove(host);
        if let Role::Main(number) = host.role() {
            self.end_life(number);
        }
        if let Role::World(number) = host.role() {
            self.checks.rooms.world_ends(number);
            self.checks.labels.world_starts(number);
            self.checks.claims.world_starts(number);
            self.lose_saves(number);
        }
        let is_exchanged = self.is_exchanged(host);
        let until_us = self.until_us(if is_exchanged { EXCHANGED_US } else { DOWN_US });
        self.timeline.plan(until_us, Happening::Restarts(host));
        self.usurp(host);
    }

    /// A server is told to close down; when it has, it is no more.
    pub(super) fn close_server(&mut self, host: HostId) -> Option<HostId> {
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        self.servers.host_mut(host)?.shut_down(tools);
        Some(host)
    }

    fn crash_visitor(&mut self) -> Option<HostId> {
        let number = self.any_player()?;
        let host = HostId::visitor(number);
        let parting = self.any_parting();
        self.network.lose_host(&mut self.timeline, host, parting);
        self.visitors[number] = None;
        *self.checks.client_mut(number) = Default::default();
        if let Some(account) = self.account_of[number]
            && self.random.chance(700)
        {
            self.plan_return(account);
        }
        Some(host)
    }

    /// Nothing goes wrong any more, and nobody begins anything new.
    pub(super) fn calm_down(&mut self) -> Result<(), Broken> {
        self.phase = Phase::Quiet;
        self.network.heal(&mut self.timeline);
        self.store.heal();
        self.directory.heal();
        self.timeline.note(HostId::main(0), What::Healed);
        for server in self.tuning.layout.servers() {
            self.restart(server)?;
        }
        for number in HOARDERS..self.visitors.len() {
            if self.account_of[number].is_none() {
                self.stop(number);
            }
        }
        Ok(())
    }

    /// Everybody is told to close down, in any order.
    pub(super) fn close_down(&mut self) {
        self.phase = Phase::Closing;
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        tools.timeline.note(HostId::main(0), What::ShutDown);
        for server in self.tuning.layout.servers() {
            if let Some(host) = self.servers.host_mut(server) {
                host.shut_down(tools);
            }
        }
        for host in self.visitors.iter_mut().flatten() {
            host.shut_down(tools);
        }
    }
}

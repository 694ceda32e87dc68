//! Starting hosts: at the beginning, and again after a crash.

use std::cell::Cell;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::main::{Guests, Main};
use tinyrealm_core::node::world::World;

use super::Realm;
use super::workload::Account;
use crate::actors::player::Ears;
use crate::actors::{Recorder, Visitor};
use crate::host::{Host, Tools};
use crate::ids::{HostId, Role, WORLDS};
use crate::memory::{ROOMS, limit_buffers, shorten};
use crate::timeline::Happening;
use crate::trace::What;
use crate::tuning::{GUEST_SECRET, MAIN, cluster_secret};

/// Accounts at the beginning: clients of the realm.
pub(super) const ACCOUNTS: usize = 50;
/// Over which time they come for the first time.
const ARRIVAL_US: (u64, u64) = (0, 3_000_000);
/// When the servers start: in any order.
const SERVER_START_US: (u64, u64) = (0, 300_000);
/// Events that a game takes before it does what the sabotage wants of it.
const EVENTS_TO_SABOTAGE: u32 = 40;

impl<'a> Realm<'a> {
    pub(super) fn begin(&mut self) {
        self.timeline.plan_after(SERVER_START_US, Happening::Restarts(HostId::MAIN));
        for world in 0..WORLDS {
            self.timeline.plan_after(SERVER_START_US, Happening::Restarts(HostId::world(world)));
        }
        for account in 0..ACCOUNTS {
            self.accounts.push(Account::default());
            self.timeline.plan_after(ARRIVAL_US, Happening::LogsIn(account));
        }
        self.plan_fault();
    }

    /// A server starts, if it is not up.
    pub(super) fn restart(&mut self, host: HostId) {
        if self.network.is_up(host) {
            return;
        }
        self.timeline.note(host, What::Started);
        self.network.start_host(host);
        match host.role() {
            Role::Main => self.start_main(),
            Role::World(number) => self.start_world(number),
            Role::Visitor(_) => {}
        }
    }

    fn start_main(&mut self) {
        let mut random = self.random.fork();
        let block = self.arenas.main();
        let role =
            Main::new(block.main.storage(), MAIN, Guests::new(GUEST_SECRET), cluster_secret());
        let mut storage = block.node.storage();
        limit_buffers(&mut storage, usize::MAX / 1_024, self.tuning.receive_buffers);
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, HostId::MAIN);
        self.main = Some(Host::new(HostId::MAIN, node, random, habits, self.journal));
    }

    fn start_world(&mut self, number: usize) {
        self.checks.rooms.world_starts(number);
        let mut random = self.random.fork();
        let block = self.arenas.world(self.games(number));
        let mut world_storage = block.world.storage();
        shorten(&mut world_storage.rooms.ring_bytes, ROOMS * self.tuning.ring_bytes);
        shorten(&mut world_storage.rooms.message_ring_bytes, ROOMS * self.tuning.ring_bytes);
        let mut storage = block.node.storage();
        limit_buffers(&mut storage, self.tuning.send_buffers, self.tuning.receive_buffers);
        let role = World::new(world_storage, self.tuning.world(number));
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let id = HostId::world(number);
        let habits = self.tuning.habits(&mut random, id);
        let mut host = Host::new(id, node, random, habits, self.journal);
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, World::start);
        self.worlds[number] = Some(host);
    }

    fn games(&self, world: usize) -> [Recorder<'a>; ROOMS] {
        std::array::from_fn(|_| Recorder {
            journal: self.journal,
            world,
            sabotage: self.tuning.sabotage,
            until_sabotage: Cell::new(EVENTS_TO_SABOTAGE),
        })
    }

    /// A new visitor comes; its number is never used again.
    pub(super) fn start_visitor(
        &mut self,
        account: Option<usize>,
        visitor: impl FnOnce(Ears<'a>) -> Visitor<'a>,
    ) -> usize {
        let number = self.visitors.len();
        let id = HostId::visitor(number);
        self.network.start_host(id);
        let mut random = self.random.fork();
        let role = visitor(Ears { journal: self.journal, visitor: number });
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let storage = self.arenas.visitor().node.storage();
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, id);
        let mut host = Host::new(id, node, random, habits, self.journal);
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |visitor, cx| visitor.start(cx));
        self.visitors.push(Some(host));
        self.account_of.push(account);
        number
    }
}

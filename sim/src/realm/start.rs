//! Starting hosts: at the beginning, and again after a crash.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::chat::Chat;
use tinyrealm_core::node::login::Login;
use tinyrealm_core::node::main::Main;
use tinyrealm_core::node::world::{NewGame, World};
use tinyrealm_core::node::{Node, Role as _};

use super::Realm;
use super::accounts::Account;
use crate::actors::player::{Ears, Papers, Player};
use crate::actors::recorder::Common;
use crate::actors::{Bent, Recorder, Visitor, Witness};
use crate::broken::Broken;
use crate::host::{Host, Tools};
use crate::ids::{HostId, Role};
use crate::memory::{CHAT_BUFFERS, MAIN_BUFFERS, limit_buffers, shorten};
use crate::network::Sealing;
use crate::settings::Sabotage;
use crate::sizes::{BUFFERS, ROOMS};
use crate::timeline::Happening;
use crate::trace::What;
use tinyrealm_core::node::cluster::ONLY_ID;
use tinyrealm_core::protocol::ServerKind;
use tinyrealm_core::session::SealStorage;
use tinyrealm_core::wire::Framing;

use crate::bounded::bounded;
use crate::tuning::LOGIN;

/// Accounts at the beginning: clients of the realm.
pub(super) const ACCOUNTS: usize = 50;
/// How many of them, in a thousand, are those of devices, which come by a key.
const DEVICE_PERMILLE: u32 = 200;
/// Over which time they come for the first time.
const ARRIVAL_US: (u64, u64) = (0, 3_000_000);
/// When the servers start: in any order.
const SERVER_START_US: (u64, u64) = (0, 300_000);
/// Events that a game takes before it does what the sabotage wants of it.
const EVENTS_TO_SABOTAGE: u32 = 40;

impl<'a> Realm<'a> {
    pub(super) fn begin(&mut self) {
        for server in self.tuning.layout.servers() {
            self.timeline.plan_after(SERVER_START_US, Happening::Restarts(server));
        }
        self.begin_hoarding();
        self.begin_exchange();
        for account in 0..ACCOUNTS {
            self.accounts.push(Account::new(account));
            let Papers { id, password } = self.accounts[account].papers.clone();
            self.store.add_account(&id, password);
            if self.tuning.has_accounts && self.random.chance(DEVICE_PERMILLE) {
                self.give_device_key(account);
            }
            self.timeline.plan_after(ARRIVAL_US, Happening::LogsIn(account));
        }
        self.plan_fault();
    }

    /// A server starts, if it is not up.
    pub(super) fn restart(&mut self, host: HostId) -> Result<(), Broken> {
        self.end_usurper(host);
        if self.network.is_up(host) {
            return Ok(());
        }
        self.secrets.start(host);
        self.timeline.note(host, What::Started);
        self.network.start_host(host);
        match host.role() {
            Role::Main(number) => self.start_main(number),
            Role::World(number) => return self.start_world(number),
            Role::Login => self.start_login(),
            Role::Chat => self.start_chat(),
            Role::Visitor(_) => {}
        }
        Ok(())
    }

    fn start_main(&mut self, number: usize) {
        let id = HostId::main(number);
        let mut random = self.random.fork();
        let (mut storage, main_storage) = self.arenas.main().storage(self.tuning.layout);
        storage.seals = self.arenas.main_seals();
        let (door, login) = self.tuning.door();
        let main = Main::new(main_storage, self.tuning.main(), door, self.secrets.of(id));
        let main = main.with_chat(bounded(&HostId::CHAT.address()));
        let main = match login {
            Some(login) => main.with_login(login),
            None => main,
        };
        let role = Bent::new(main, self.tuning.sabotage_of(id), self.journal);
        limit_buffers(&mut storage, BUFFERS, self.tuning.receive_buffers);
        self.arenas.lend_send_buffers(&mut storage, MAIN_BUFFERS);
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, id);
        // What users say in channels waits there for a moment.
        let mut host = Host::new(id, node, random, habits, self.journal)
            .holding(|bent| bent.role.next_deadline().is_some());
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |bent, cx| bent.role.start(cx));
        self.servers.mains[number] = Some(host);
        self.begin_life(number);
    }

    fn start_login(&mut self) {
        self.login_life += 1;
        let mut random = self.random.fork();
        let block = self.arenas.login();
        let mut storage = block.node.storage();
        storage.seals = self.arenas.seals();
        limit_buffers(&mut storage, BUFFERS, self.tuning.receive_buffers);
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let login_keys = self.secrets.of(HostId::LOGIN).keys_of(ServerKind::LOGIN, ONLY_ID);
        let role = Login::new(block.login.storage(), LOGIN, login_keys, &mut turn);
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, HostId::LOGIN);
        let host = Host::new(HostId::LOGIN, node, random, habits, self.journal);
        self.servers.login = Some(host);
    }

    fn start_chat(&mut self) {
        self.checks.channels.server_starts();
        let mut random = self.random.fork();
        let block = self.arenas.chat();
        let mut storage = block.node.storage();
        storage.seals = self.arenas.seals();
        limit_buffers(&mut storage, BUFFERS, self.tuning.receive_buffers);
        self.arenas.lend_send_buffers(&mut storage, CHAT_BUFFERS);
        let chat_keys = self.secrets.of(HostId::CHAT).keys_of(ServerKind::CHAT, ONLY_ID);
        let config = self.tuning.chat(self.timeline.now());
        let chat = Chat::new(block.chat.storage(), config, chat_keys);
        let bent = Bent::new(chat, self.tuning.sabotage_of(HostId::CHAT), self.journal);
        let role = Witness { bent, journal: self.journal };
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, HostId::CHAT);
        let host = Host::new(HostId::CHAT, node, random, habits, self.journal);
        self.servers.chat = Some(host);
    }

    fn start_world(&mut self, number: usize) -> Result<(), Broken> {
        self.checks.rooms.world_starts(number);
        self.checks.labels.world_starts(number);
        self.checks.clocks.world_starts(number);
        self.checks.claims.world_starts(number);
        let mut random = self.random.fork();
        let common = Arc::new(Common {
            world: number,
            sabotage: self.tuning.sabotage,
            life: self.keeps[number].life + 1,
            events: AtomicU32::new(0),
            until_sabotage: AtomicU32::new(EVENTS_TO_SABOTAGE),
        });
        let journal = self.journal.clone();
        let new_game = move || Recorder::new(journal.clone(), common.clone());
        let new_game = self.arenas.game_maker(Box::new(new_game));
        let block = self.arenas.world(std::array::from_fn(|_| new_game()));
        let mut world_storage = block.world.storage();
        shorten(&mut world_storage.rooms.ring_bytes, ROOMS * self.tuning.ring_bytes);
        shorten(&mut world_storage.rooms.message_ring_bytes, ROOMS * self.tuning.ring_bytes);
        let mut storage = block.node.storage();
        storage.seals = self.arenas.world_seals();
        limit_buffers(&mut storage, self.tuning.send_buffers, self.tuning.receive_buffers);
        world_storage.saves = block.saves.storage();
        world_storage.states = block.states.storage();
        self.keeps[number].life += 1;
        let id = HostId::world(number);
        let keys = self.secrets.of(id).keys_of(ServerKind::WORLD, number as u16 + 1);
        let world = World::new(world_storage, self.tuning.world(number, keys));
        let world = world.with_named_rooms(NewGame(&**new_game));
        let role = Bent::new(world, self.tuning.sabotage_of(id), self.journal);
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let mut node = Node::new(storage, self.tuning.net, role, &mut turn);
        self.restore(number, &mut node, &mut random)?;
        let habits = self.tuning.habits(&mut random, id);
        // What somebody is told waits for what was said in its room before.
        let mut host = Host::new(id, node, random, habits, self.journal)
            .holding(|bent| bent.role.rooms().next_flush().is_some());
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |bent, cx| bent.role.start(cx));
        self.servers.worlds[number] = Some(host);
        Ok(())
    }

    /// A new visitor comes; its number is never used again.
    pub(super) fn start_visitor(
        &mut self,
        (account, main): (Option<usize>, Option<usize>),
        papers: Papers,
        visitor: impl FnOnce(Ears<'a>) -> Visitor<'a>,
    ) -> usize {
        let number = self.visitors.len();
        let id = HostId::visitor(number);
        self.network.start_host(id);
        let mut random = self.random.fork();
        let (journal, login_address) = (self.journal, HostId::LOGIN.address());
        let role = visitor(Ears::new(journal, number, login_address, papers));
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let mut storage = match role {
            Visitor::Hoarder(_) => self.arenas.hoarder().node.storage(),
            _ => self.arenas.visitor().node.storage(),
        };
        match &role {
            Visitor::Impostor(_) => storage.seals = self.arenas.seals(),
            Visitor::Player { player, .. } => {
                if let Some(seals) = self.player_seals(id, player) {
                    storage.seals = seals;
                }
            }
            _ => {}
        }
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, id);
        let mut host = Host::new(id, node, random, habits, self.journal);
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |visitor, cx| visitor.start(cx));
        self.visitors.push(Some(host));
        self.account_of.push(account);
        self.first_main_of.push(main);
        number
    }

    /// What a player's links are sealed with: always a device's.
    fn player_seals(&mut self, id: HostId, player: &Player<'_>) -> Option<SealStorage<'a>> {
        let is_device = player.device().is_some();
        if !is_device && !self.random.chance(self.tuning.sealed_permille) {
            return None;
        }
        // Nobody can change what a WebSocket begins with and be found out by that.
        if player.machine.framing() == Framing::Stream {
            let sealing = if is_device { Sealing::Everything } else { Sealing::Worlds };
            self.network.seals_from_the_start(id, sealing);
        }
        let is_honest = is_device || self.tuning.sabotage != Sabotage::UnsealedPlayers;
        is_honest.then(|| self.arenas.player_seals())
    }
}

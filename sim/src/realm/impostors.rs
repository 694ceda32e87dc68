//! Impostors: who has stolen keys of servers, or has kept former ones, and what that opens.
//!
//! Invariants: the key of one server opens nothing as another one, dialing or listening; the former secret opens
//! nothing at a server that has given it up. Whoever listens in the place of a server that is down, and has not
//! its key, hears nothing of servers but their first message.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::cluster::ONLY_ID;
use tinyrealm_core::protocol::ServerKind;
use tinyrealm_core::protocol::dialer_to_listener::SecureHello;
use tinyrealm_core::wire::Opcode;

use super::workload::ACT_US;
use super::{Phase, Realm};
use crate::actors::impostor::{Claim, KeyName, Loot};
use crate::actors::player::Papers;
use crate::actors::{Impostor, Usurper, Visitor};
use crate::broken::{Broken, ensure};
use crate::host::Host;
use crate::ids::{ConnectionId, HostId, Role, WORLDS};
use crate::network::Parting;
use crate::secrets::{Stage, former_secrets};
use crate::settings::Sabotage;
use crate::timeline::Happening;
use crate::trace::What;

/// How often, in a thousand, somebody listens in the place of a server that is down.
const USURPED_PERMILLE: u32 = 300;
/// How often, in a thousand, it says a dialer's first message back to it.
const REFLECTED_PERMILLE: u32 = 250;
/// How often, in a thousand, somebody has the former secret instead of a key, where that counts no more.
const HOLDOVER_PERMILLE: u32 = 500;

impl Realm<'_> {
    /// Somebody shows stolen keys as another server.
    pub(super) fn impersonate(&mut self) {
        let (claim, loot) = self.any_claim();
        self.timeline.counters.impostors += 1;
        let number = self.start_visitor((None, None), Papers::default(), |ears| {
            Visitor::Impostor(Box::new(Impostor::new(claim, &loot, ears)))
        });
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }

    fn any_claim(&mut self) -> (Claim, Loot) {
        let main = self.random.below(self.tuning.layout.mains() as u64) as usize;
        let id = self.random.below(WORLDS as u64 + 1) as u16;
        let claims = [
            Claim::MainAtChat,
            Claim::MainAtLogin,
            Claim::WorldAtMain(main, id),
            Claim::OtherWorldAtMain(main, id.max(1)),
        ];
        let claim = self.random.pick(&claims).unwrap_or(Claim::MainAtChat);
        if self.secrets.held(claim.server()) == Stage::Newest
            && self.random.chance(HOLDOVER_PERMILLE)
        {
            return (claim, Loot::Secrets(Box::new(former_secrets())));
        }
        if self.tuning.sabotage == Sabotage::StolenSecret {
            return (claim, Loot::Secrets(Box::new(self.secrets.of(claim.server()))));
        }
        let name = match claim {
            // It proves who it is, and says that it is somebody else.
            Claim::OtherWorldAtMain(..) => claim.needs(),
            _ => self.any_key_but(|name| name == claim.needs()),
        };
        (claim, self.loot_of(name))
    }

    /// The name of a key, of all but those that would be right.
    fn any_key_but(&mut self, is_right: impl Fn(KeyName) -> bool) -> KeyName {
        let worlds = (1..=WORLDS as u16).map(|id| (ServerKind::WORLD, id));
        let others = [(ServerKind::CHAT, ONLY_ID), (ServerKind::LOGIN, ONLY_ID)];
        let names: Vec<KeyName> = worlds.chain(others).filter(|name| !is_right(*name)).collect();
        self.random.pick(&names).unwrap_or((ServerKind::CHAT, ONLY_ID))
    }

    /// The keys that the server of this name has now.
    fn loot_of(&self, (kind, id): KeyName) -> Loot {
        let host = match kind {
            ServerKind::CHAT => HostId::CHAT,
            ServerKind::LOGIN => HostId::LOGIN,
            _ => HostId::world(usize::from(id) - 1),
        };
        Loot::Keys(self.secrets.of(host).keys_of(kind, id))
    }

    /// Somebody may listen in the place of a server that has just ended.
    pub(super) fn usurp(&mut self, place: HostId) {
        let is_dialed = !matches!(place.role(), Role::World(_) | Role::Visitor(_));
        if self.phase != Phase::Busy || !is_dialed || !self.random.chance(USURPED_PERMILLE) {
            return;
        }
        self.timeline.counters.usurpers += 1;
        self.timeline.note(place, What::Usurped);
        let loot = self.usurper_loot(place);
        self.network.start_host(place);
        let mut random = self.random.fork();
        let role = Usurper::new(place, loot, random.chance(REFLECTED_PERMILLE), self.journal);
        let mut turn = Turn { now: self.timeline.now(), entropy: &mut random };
        let mut storage = self.arenas.hoarder().node.storage();
        storage.seals = self.arenas.seals();
        let node = Node::new(storage, self.tuning.net, role, &mut turn);
        let habits = self.tuning.habits(&mut random, place);
        let host = Host::new(place, node, random, habits, self.journal);
        self.servers.usurpers.insert(place, host);
    }

    fn usurper_loot(&mut self, place: HostId) -> Loot {
        if self.tuning.sabotage == Sabotage::UsurpedSecret {
            return Loot::Secrets(Box::new(self.secrets.of(place)));
        }
        if self.secrets.all_hold(Stage::Newest) && self.random.chance(HOLDOVER_PERMILLE) {
            return Loot::Secrets(Box::new(former_secrets()));
        }
        let layout = self.tuning.layout;
        let name = self.any_key_but(|name| match place.role() {
            Role::Main(main) => {
                let mut worlds = layout.worlds_of_main(main);
                worlds.any(|world| name == (ServerKind::WORLD, world as u16 + 1))
            }
            Role::Login => name == (ServerKind::LOGIN, ONLY_ID),
            _ => name == (ServerKind::CHAT, ONLY_ID),
        });
        self.loot_of(name)
    }

    /// The place of a server is its own again.
    pub(super) fn end_usurper(&mut self, place: HostId) {
        if self.servers.usurpers.remove(&place).is_some() {
            self.network.lose_host(&mut self.timeline, place, Parting::Reset);
        }
    }

    /// Somebody has said something to a usurper.
    pub(super) fn check_confided(
        &mut self,
        link: Option<ConnectionId>,
        opcode: Opcode,
    ) -> Result<(), Broken> {
        let Some(link) = link else { return Ok(()) };
        self.servers.usurped.insert(link);
        if self.network.dialer(link).is_visitor() {
            return Ok(());
        }
        self.timeline.counters.confided += 1;
        ensure(opcode == SecureHello::OPCODE, "servers confide in nobody without the key", || {
            let (dialer, place) = (self.network.dialer(link), self.network.acceptor(link));
            format!("{:?} said {opcode:?} in the place of {:?}", dialer.role(), place.role())
        })
    }
}

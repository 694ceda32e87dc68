//! `Servers`: the hosts of Mains, worlds, Login and the chat server, each there or not.

use tinyrealm_core::node::login::Login;
use tinyrealm_core::node::main::{GuestsOrAccounts, Main};
use tinyrealm_core::node::world::World;
use tinyrealm_core::node::{Node, Role as NodeRole};

use std::collections::{BTreeMap, BTreeSet};

use crate::actors::{Bent, Recorder, Usurper, Witness};
use crate::broken::Broken;
use crate::checks::shares;
use crate::host::{Driven, Host};
use crate::ids::{ConnectionId, HostId, MAINS, Role, WORLDS};
use crate::report::Counters;

type MainHost<'a> = Host<'a, Bent<'a, Main<'a, GuestsOrAccounts>>>;
type WorldHost<'a> = Host<'a, Bent<'a, World<'a, Recorder>>>;
pub(super) type WorldNode<'a> = Node<'a, Bent<'a, World<'a, Recorder>>>;

/// Of a server that gives strangers nothing but their connections.
fn check_connections<'a, R: NodeRole<'a>>(host: Option<&Host<'a, R>>) -> Result<(), Broken> {
    host.map_or(Ok(()), |host| shares::check(host.node().sessions(), std::iter::empty()))
}

/// Everybody who serves; see the [module](self).
#[derive(Default)]
pub(super) struct Servers<'a> {
    pub(super) mains: [Option<MainHost<'a>>; MAINS],
    pub(super) worlds: [Option<WorldHost<'a>>; WORLDS],
    pub(super) login: Option<Host<'a, Login<'a>>>,
    pub(super) chat: Option<Host<'a, Witness<'a>>>,
    /// Who listens in the place of servers that are down.
    pub(super) usurpers: BTreeMap<HostId, Host<'a, Usurper<'a>>>,
    /// The links that have led to those.
    pub(super) usurped: BTreeSet<ConnectionId>,
}

impl<'a> Servers<'a> {
    /// The server with this number, if it is up.
    pub(super) fn host_mut(&mut self, host: HostId) -> Option<&mut (dyn Driven + 'a)> {
        if let Some(usurper) = self.usurpers.get_mut(&host) {
            return Some(usurper as _);
        }
        match host.role() {
            Role::Main(number) => self.mains[number].as_mut().map(|host| host as _),
            Role::World(number) => self.worlds[number].as_mut().map(|host| host as _),
            Role::Login => self.login.as_mut().map(|host| host as _),
            Role::Chat => self.chat.as_mut().map(|host| host as _),
            Role::Visitor(_) => None,
        }
    }

    /// Whether nothing of a server is still to be kept.
    pub(super) fn is_all_kept(&self, host: HostId) -> bool {
        let Role::World(number) = host.role() else { return true };
        let world = self.worlds[number].as_ref();
        world.is_none_or(|host| host.node().role().role.is_all_kept())
    }

    /// The server with this number is no more.
    pub(super) fn remove(&mut self, host: HostId) {
        match host.role() {
            Role::Main(number) => self.mains[number] = None,
            Role::World(number) => self.worlds[number] = None,
            Role::Login => self.login = None,
            Role::Chat => self.chat = None,
            Role::Visitor(_) => {}
        }
    }

    /// The role and the sessions of a Main that is up.
    pub(super) fn main(
        &self,
        number: usize,
    ) -> Option<&Node<'a, Bent<'a, Main<'a, GuestsOrAccounts>>>> {
        self.mains[number].as_ref().map(Host::node)
    }

    /// What each address holds of a server is what its book says.
    pub(super) fn check_shares(&self, host: HostId) -> Result<(), Broken> {
        match host.role() {
            Role::Main(number) => self
                .main(number)
                .map_or(Ok(()), |node| shares::check(node.sessions(), node.role().role.holdings())),
            Role::World(number) => check_connections(self.worlds[number].as_ref()),
            Role::Login => check_connections(self.login.as_ref()),
            Role::Chat => check_connections(self.chat.as_ref()),
            Role::Visitor(_) => Ok(()),
        }
    }

    /// Adds what a server has counted, at the end of its life.
    pub(super) fn count(&self, counters: &mut Counters, host: HostId) {
        match host.role() {
            Role::Main(number) => {
                let Some(node) = self.main(number) else { return };
                counters.add_net(node.stats());
                counters.add_main(node.role().role.stats());
                counters.add_main_chat(node.role().role.chat().stats());
            }
            Role::World(number) => {
                let Some(host) = &self.worlds[number] else { return };
                counters.add_net(host.node().stats());
                counters.add_world(host.node().role().role.stats());
                counters.add_saves(host.node().role().role.save_stats());
            }
            Role::Login => {
                let Some(host) = &self.login else { return };
                counters.add_net(host.node().stats());
                counters.add_login(host.node().role().stats());
            }
            Role::Chat => {
                let Some(host) = &self.chat else { return };
                counters.add_net(host.node().stats());
                counters.add_chat(host.node().role().chat().stats());
            }
            Role::Visitor(_) => {}
        }
    }
}

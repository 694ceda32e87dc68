//! That the servers agree with each other, once the realm has come to rest.
//!
//! Invariants: each Main's directory is what its own worlds have, but for those who are there by other Mains, of whom it has nobody
//! who is not there; and it knows their loads. The chat
//! server's members are the clients who believe that they are in channels, by the Main where they
//! are: nobody else, so there are no ghosts. Nobody waits for anything: no attach, no login, no token
//! is pending, every link stands, every session is ready.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::node::HasUid;
use tinyrealm_core::node::main::{Place, UserEntry};
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::session::SessionKey;

use super::Realm;
use super::finale::check_sessions;
use crate::broken::{Broken, ensure};
use crate::ids::WORLDS;
use crate::talk::ChannelId;

const AT_REST: &str = "the realm comes to rest";
const DIRECTORY: &str = "Main's directory is what the worlds have";
const NO_GHOSTS: &str = "a channel's members are those who are in it";

impl Realm<'_> {
    pub(super) fn check_agreement(&self) -> Result<(), Broken> {
        for number in 0..self.tuning.layout.mains() {
            self.check_main(number)?;
            self.check_loads(number)?;
            self.check_rooms(number)?;
        }
        for number in 0..WORLDS {
            self.check_world_at_rest(number)?;
        }
        self.check_login()?;
        self.check_chat()
    }

    fn check_main(&self, number: usize) -> Result<(), Broken> {
        let Some(node) = self.servers.main(number) else {
            return Err(Broken::new(AT_REST, format!("Main {number} is not up")));
        };
        let (main, worlds) = (&node.role().role, self.tuning.layout.worlds_of_main(number).count());
        let registered = main.worlds().len();
        ensure(registered == worlds, AT_REST, || format!("{registered} worlds are registered"))?;
        let has_directory = self.tuning.layout.has_directory();
        let mut listed = BTreeSet::new();
        for (_, user) in main.users().iter() {
            let Place::Inside(world) = user.place() else {
                return Err(Broken::new(DIRECTORY, format!("{user:?}")));
            };
            let world = main.worlds().get(world).map(|entry| usize::from(entry.world_id.0) - 1);
            let is_open = node.sessions().is_open(user.session());
            // Of whom it has only heard another Main has the connection.
            let is_elsewhere = has_directory && user.session() == SessionKey::DANGLING;
            ensure(is_open || is_elsewhere, AT_REST, || format!("{user:?} has no connection"))?;
            listed.insert((world, UserEntry::uid(user)));
        }
        let there =
            |world| self.checks.rooms.everybody(world).map(move |m| (Some(world), m.state.uid));
        let actual: BTreeSet<_> =
            self.tuning.layout.worlds_of_main(number).flat_map(there).collect();
        let ghosts: Vec<_> = listed.difference(&actual).collect();
        // Of those of other Mains it need not know all: whom it had a doubt about it has let go, and was not heard.
        let uids = self.players_of(number).filter_map(|(number, _)| self.uid_of(number));
        let own: BTreeSet<Uid> = uids.collect();
        let is_known = |uid: &Uid| has_directory && !own.contains(uid);
        let unknown = actual.difference(&listed).filter(|(_, uid)| !is_known(uid));
        let unknown: Vec<_> = unknown.collect();
        ensure(ghosts.is_empty() && unknown.is_empty(), DIRECTORY, || {
            format!("Main {number} does not know {unknown:?}, and knows {ghosts:?}")
        })?;
        let has_links = (main.chat().is_live(), main.has_login());
        ensure(has_links == (true, self.tuning.has_accounts), AT_REST, || {
            format!("Main {number} has the chat server and Login: {has_links:?}")
        })?;
        let links = 1 + usize::from(self.tuning.has_accounts);
        check_sessions(node, self.players_of(number).count() + worlds + links)
    }

    /// What a Main believes of the worlds' loads is what they have.
    fn check_loads(&self, number: usize) -> Result<(), Broken> {
        let Some(node) = self.servers.main(number) else { return Ok(()) };
        for (_, entry) in node.role().role.worlds().iter() {
            let world = usize::from(entry.world_id.0) - 1;
            let members = self.checks.rooms.members(world).count() as u16;
            let (believed, reported) = (entry.users, entry.reported_users);
            let is_less = self.tuning.layout.has_directory() && believed < members;
            let is_right = reported == members && (believed == members || is_less);
            ensure(is_right, "Main knows the worlds' loads", || {
                format!("{entry:?} has {members}")
            })?;
        }
        Ok(())
    }

    /// No name is there twice, and a Main knows the rooms of its worlds.
    fn check_rooms(&self, number: usize) -> Result<(), Broken> {
        let names = self.checks.labels.check_main(number)?;
        let Some(node) = self.servers.main(number) else { return Ok(()) };
        let directory = node.role().role.rooms();
        let lines =
            directory.iter().map(|(_, room)| (room.line().name.as_str(), room.line().members));
        let known: BTreeMap<&str, u16> = lines.collect();
        for world in self.tuning.layout.worlds_of_main(number) {
            for (name, members) in self.named_rooms(world) {
                ensure(
                    known.get(name) == Some(&members),
                    "Main knows the rooms of its worlds",
                    || {
                        format!(
                            "{name} of world {world} has {members} members: {known:?}, {names:?}"
                        )
                    },
                )?;
            }
        }
        Ok(())
    }

    /// Each named room of a world, and how many are in it.
    fn named_rooms(&self, world: usize) -> impl Iterator<Item = (&str, u16)> {
        let members = move |room| self.checks.rooms.members(world).filter(move |m| m.room == room);
        let rooms = self.checks.labels.of_world(world);
        rooms.map(move |(room, name)| (name.as_str(), members(room).count() as u16))
    }

    fn check_world_at_rest(&self, number: usize) -> Result<(), Broken> {
        let Some(host) = &self.servers.worlds[number] else {
            return Err(Broken::new(AT_REST, format!("world {number} is not up")));
        };
        let world = &host.node().role().role;
        self.checks.rooms.compare(number, world)?;
        let waiting = (world.is_registered(), world.attaches().pending());
        ensure(waiting == (true, 0), AT_REST, || {
            format!("world {number}: registered and pending attaches are {waiting:?}")
        })?;
        self.checks.clocks.check_rest(number, self.timeline.now())?;
        let mains = self.tuning.layout.mains_of_world(number).count();
        check_sessions(host.node(), world.rooms().users() + world.rooms().spectators() + mains)
    }

    fn check_login(&self) -> Result<(), Broken> {
        let Some(host) = &self.servers.login else {
            return Err(Broken::new(AT_REST, "Login is not up"));
        };
        let login = host.node().role();
        let waiting = (login.logins(), login.verifies());
        ensure(waiting == (0, 0), AT_REST, || {
            format!("logins and tokens that wait are {waiting:?}")
        })?;
        let mains = self.tuning.layout.mains();
        check_sessions(host.node(), if self.tuning.has_accounts { mains } else { 0 })
    }

    fn check_chat(&self) -> Result<(), Broken> {
        let Some(host) = &self.servers.chat else {
            return Err(Broken::new(AT_REST, "the chat server is not up"));
        };
        let chat = host.node().role().chat();
        let mains = self.tuning.layout.mains();
        ensure(chat.mains() == mains, AT_REST, || format!("{} Mains have opened", chat.mains()))?;
        let mut listed: Vec<(ChannelId, Uid)> = Vec::new();
        for (_, member) in chat.members().iter() {
            let channel = chat.channels().at(member.channel());
            let name = channel.map_or("", |channel| channel.name());
            listed.push((ChannelId::of_name(name), member.uid()));
        }
        listed.sort_unstable();
        let mut actual = Vec::new();
        for main in 0..mains {
            let of_main: Vec<_> = self.members_by(main).collect();
            let known = self.servers.main(main).map(|node| node.role().role.chat().memberships());
            ensure(known == Some(of_main.len()), NO_GHOSTS, || {
                format!(
                    "Main {main} has {known:?} memberships, and should have {of_main:?}; Chat: {listed:?}"
                )
            })?;
            actual.extend(of_main);
        }
        actual.sort_unstable();
        ensure(listed == actual, NO_GHOSTS, || format!("{listed:?}, and should be {actual:?}"))?;
        check_sessions(host.node(), mains)
    }

    /// The clients of a Main who believe that they are in channels.
    fn members_by(&self, main: usize) -> impl Iterator<Item = (ChannelId, Uid)> {
        self.players_of(main).flat_map(move |(number, _)| {
            let uid = self.uid_of(number).unwrap_or(Uid::NOBODY);
            let client = self.checks.client(number);
            let channels = client.into_iter().flat_map(|client| client.hearing.channels());
            channels.map(move |channel| (channel, uid))
        })
    }
}

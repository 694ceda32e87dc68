//! What the realm must come back to, once everybody reaches everybody and nobody does anything new.
//!
//! Invariants: every client is inside exactly one room, and every account has one client at most.
//! Main's directory is what the worlds have; each client's view is its room; what was moved and said
//! from there was counted. Nobody waits for anything: no attach is pending, every session is ready,
//! every connection belongs to one. After closing down nothing is left at all.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::node::client::{MainState, WorldState};
use tinyrealm_core::node::main::Place;
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::protocol::{MemberState, Uid};
use tinyrealm_core::session::SessionState;

use super::Realm;
use crate::broken::{Broken, ensure};
use crate::checks::rooms::Member;
use crate::checks::view::Inside;
use crate::ids::{HostId, Role as Who, WORLDS};

const AT_REST: &str = "the realm comes to rest";

impl Realm<'_> {
    pub(super) fn check_rest(&mut self) -> Result<(), Broken> {
        self.check_visitors()?;
        self.check_accounts()?;
        self.check_main()?;
        for number in 0..WORLDS {
            self.check_world_at_rest(number)?;
        }
        self.check_views()?;
        self.check_connections()?;
        self.check_kindness()
    }

    /// Everybody who wants to be in is in; everybody else has gone.
    fn check_visitors(&self) -> Result<(), Broken> {
        for (number, host) in self.visitors.iter().enumerate() {
            let Some(host) = host else { continue };
            let role = host.node().role();
            let player = role.as_player().filter(|_| super::wants_in(host));
            let state = player.map(|player| player.machine.state());
            let is_in = state == Some((MainState::Ready, WorldState::Inside));
            ensure(is_in, "every client is inside", || format!("visitor {number} is {state:?}"))?;
            check_sessions(host.node(), 2)?;
        }
        Ok(())
    }

    fn check_accounts(&self) -> Result<(), Broken> {
        let mut taken = BTreeMap::new();
        for (number, _) in self.players() {
            let before = taken.insert(self.uid_of(number), number);
            ensure(before.is_none(), "a user has one client", || {
                format!("visitors {before:?} and {number}")
            })?;
        }
        Ok(())
    }

    fn check_main(&self) -> Result<(), Broken> {
        let Some(host) = &self.main else { return Err(Broken::new(AT_REST, "Main is not up")) };
        let main = host.node().role();
        ensure(main.worlds().len() == WORLDS, AT_REST, || {
            format!("{} worlds are registered", main.worlds().len())
        })?;
        let mut listed = BTreeSet::new();
        for (_, user) in main.users().iter() {
            let Place::Inside(world) = user.place() else {
                return Err(Broken::new(
                    "Main's directory is what the worlds have",
                    format!("{user:?}"),
                ));
            };
            let world = main.worlds().get(world).map(|entry| usize::from(entry.world_id.0) - 1);
            ensure(host.node().sessions().is_open(user.session()), AT_REST, || {
                format!("{user:?} has no connection")
            })?;
            listed.insert((world, tinyrealm_core::node::HasUid::uid(user)));
        }
        let there = |world: usize| {
            self.checks.rooms.members(world).map(move |m| (Some(world), m.state.uid))
        };
        let actual: BTreeSet<_> = (0..WORLDS).flat_map(there).collect();
        ensure(listed == actual, "Main's directory is what the worlds have", || {
            format!("{:?}", listed.symmetric_difference(&actual).collect::<Vec<_>>())
        })?;
        self.check_loads()?;
        check_sessions(host.node(), self.players().count() + WORLDS)
    }

    /// What Main believes of the worlds' loads is what they have.
    fn check_loads(&self) -> Result<(), Broken> {
        let Some(host) = &self.main else { return Ok(()) };
        for (_, entry) in host.node().role().worlds().iter() {
            let members =
                self.checks.rooms.members(usize::from(entry.world_id.0) - 1).count() as u16;
            let believed = (entry.users, entry.reported_users);
            ensure(believed == (members, members), "Main knows the worlds' loads", || {
                format!("{entry:?} has {members}")
            })?;
        }
        Ok(())
    }

    fn check_world_at_rest(&self, number: usize) -> Result<(), Broken> {
        let Some(host) = &self.worlds[number] else {
            return Err(Broken::new(AT_REST, format!("world {number} is not up")));
        };
        let world = host.node().role();
        self.checks.rooms.compare(number, world)?;
        let waiting = (world.is_registered(), world.attaches().pending());
        ensure(waiting == (true, 0), AT_REST, || {
            format!("world {number}: registered and pending attaches are {waiting:?}")
        })?;
        check_sessions(host.node(), world.rooms().users() + 1)
    }

    /// Each client's view of its room is the room.
    fn check_views(&self) -> Result<(), Broken> {
        let mut seen = 0;
        for (number, _) in self.players() {
            let view = self.checks.view(number).and_then(|view| view.inside.as_ref());
            let Some(view) = view else {
                return Err(Broken::new(
                    "every client is inside",
                    format!("visitor {number} sees nothing"),
                ));
            };
            self.check_view(number, view)?;
            seen += 1;
        }
        let members: usize =
            (0..WORLDS).map(|world| self.checks.rooms.members(world).count()).sum();
        ensure(seen == members, "there are no ghosts", || {
            format!("{members} members, {seen} clients")
        })
    }

    fn check_view(&self, number: usize, view: &Inside) -> Result<(), Broken> {
        let rooms = &self.checks.rooms;
        let (Some(stay), Who::World(world)) =
            (rooms.membership(view.connection), self.network.acceptor(view.connection).role())
        else {
            return Err(Broken::new(
                "every client is inside",
                format!("visitor {number} is a ghost"),
            ));
        };
        ensure(rooms.worlds_of(stay.uid) == 1, "a uid is in one world", || format!("{stay:?}"))?;
        let is_other = |member: &&Member| member.room == stay.room && member.state.uid != stay.uid;
        let others = rooms.members(world).filter(is_other);
        let others: BTreeMap<Uid, MemberState> = others.map(|m| (m.state.uid, m.state)).collect();
        ensure(view.members == others, "a client's view is its room", || {
            format!("visitor {number} in {stay:?} sees {:?} instead of {others:?}", view.members)
        })?;
        let said = rooms.log(stay.log).len();
        ensure(view.next_event == said, "every event is heard, or announced as missed", || {
            format!("visitor {number} in {stay:?} knows of {} of {said} events", view.next_event)
        })?;
        let (sent, taken) = ((view.moves_sent, view.events_sent), (stay.moves, stay.events));
        ensure(sent == taken, "a world takes what its members send", || {
            format!("visitor {number} sent {sent:?} moves and events, and {taken:?} were taken")
        })
    }

    fn check_connections(&self) -> Result<(), Broken> {
        let expected = 2 * self.players().count() + WORLDS;
        let held = self.network.held();
        ensure(held == expected, "connections belong to sessions", || {
            format!("{held}, and should be {expected}")
        })
    }

    /// In kind weather nobody has been closed for silence or slowness.
    fn check_kindness(&mut self) -> Result<(), Broken> {
        for host in (0..=WORLDS).map(|number| HostId(number as u16)) {
            self.count_server(host);
        }
        let (silent, overflows) = (self.timeline.counters.silent, self.timeline.counters.overflows);
        let is_kind = self.profile.is_kind();
        ensure(
            !is_kind || (silent, overflows) == (0, 0),
            "nobody is closed without a reason",
            || format!("{silent} were closed for silence, {overflows} for slowness"),
        )
    }

    /// Adds what a server has counted, at the end of its life.
    pub(super) fn count_server(&mut self, host: HostId) {
        match host.role() {
            Who::Main => {
                if let Some(host) = &self.main {
                    self.timeline.counters.add_net(host.node().stats());
                    self.timeline.counters.add_main(host.node().role().stats());
                }
            }
            Who::World(number) => {
                if let Some(host) = &self.worlds[number] {
                    self.timeline.counters.add_net(host.node().stats());
                    self.timeline.counters.add_world(host.node().role().stats());
                }
            }
            Who::Visitor(_) => {}
        }
    }

    pub(super) fn check_nothing_left(&self) -> Result<(), Broken> {
        if let Some(host) = &self.main {
            check_finished(host.node())?;
        }
        for host in self.worlds.iter().flatten() {
            check_finished(host.node())?;
        }
        for host in self.visitors.iter().flatten() {
            check_finished(host.node())?;
        }
        let held = self.network.held();
        ensure(held == 0, "connections belong to sessions", || format!("{held} are left"))
    }
}

fn check_finished<'a, R: Role<'a>>(node: &Node<'a, R>) -> Result<(), Broken> {
    let buffers = (node.receive_buffers_in_use(), node.sessions().buffers_in_use());
    ensure(node.is_finished() && buffers == (0, 0), "a node that closes down finishes", || {
        format!("{} sessions and {buffers:?} buffers are left", node.sessions().len())
    })
}

/// Every session of a node at rest is ready, and there are `expected` of them.
fn check_sessions<'a, R: Role<'a>>(node: &Node<'a, R>, expected: usize) -> Result<(), Broken> {
    let sessions = node.sessions();
    ensure(sessions.len() == expected, "sessions are what is needed", || {
        format!("{} sessions, and should be {expected}", sessions.len())
    })?;
    for (key, session) in sessions.iter() {
        ensure(session.state() == SessionState::Ready, "no session is half dead", || {
            format!("{key:?} is {:?}", session.state())
        })?;
    }
    Ok(())
}

//! What the realm must come back to, once everybody reaches everybody and nobody does anything new.
//!
//! Invariants: every client is inside exactly one room, and every account has one client at most in
//! each realm. The servers [agree](super::agreement). Each client's view is its room; what was moved
//! and said from there was counted; what it has asked of channels is answered, and what was said in
//! those that it is in, it has heard. Every connection belongs to a session, and none that somebody has changed
//! anything of goes on. After closing down
//! nothing is left at all.

use std::collections::BTreeMap;

use tinyrealm_core::node::client::{MainState, WorldState};
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::protocol::{MemberState, Revision, Uid};
use tinyrealm_core::session::SessionState;

use super::Realm;
use crate::broken::{Broken, ensure};
use crate::checks::rooms::Member;
use crate::checks::view::Inside;
use crate::host::Driven;
use crate::ids::{Role as Who, WORLDS};
use crate::talk::ChannelId;

impl Realm<'_> {
    pub(super) fn check_rest(&mut self) -> Result<(), Broken> {
        self.check_visitors()?;
        self.check_accounts()?;
        self.check_agreement()?;
        self.check_revoked(Revision(u64::MAX))?;
        self.check_views()?;
        self.check_hearings()?;
        self.check_connections()?;
        self.check_spoiled()?;
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
            let realm = self.main_of(number).map(|main| self.tuning.layout.realm_of_main(main));
            let before = taken.insert((self.uid_of(number), realm), number);
            ensure(before.is_none(), "a user has one client in a realm", || {
                format!("visitors {before:?} and {number}")
            })?;
        }
        Ok(())
    }

    /// Each client's view of its room is the room.
    fn check_views(&self) -> Result<(), Broken> {
        let mut seen = 0;
        for (number, _) in self.players() {
            let view = self.checks.client(number).and_then(|client| client.view.inside.as_ref());
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
            (0..WORLDS).map(|world| self.checks.rooms.everybody(world).count()).sum();
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
        ensure(rooms.worlds_of(stay.uid, world) == 1, "a uid is in one world", || {
            format!("{stay:?}")
        })?;
        let is_other = |member: &&Member| member.room == stay.room && member.state.uid != stay.uid;
        let others = rooms.members(world).filter(is_other);
        let others: BTreeMap<Uid, MemberState> = others.map(|m| (m.state.uid, m.state)).collect();
        ensure(view.members == others, "a client's view is its room", || {
            format!("visitor {number} in {stay:?} sees {:?} instead of {others:?}", view.members)
        })?;
        ensure(view.away.is_empty(), "nobody is away for ever", || {
            format!("visitor {number} in {stay:?} waits for {:?}", view.away)
        })?;
        let shown = rooms.states((world, stay.room));
        ensure(
            view.has_states && view.states == *shown,
            "a client's states are its room's",
            || {
                let (has_all, seen) = (view.has_states, &view.states);
                format!(
                    "visitor {number} in {stay:?} sees {seen:?} ({has_all}) instead of {shown:?}"
                )
            },
        )?;
        self.check_names(world, stay.room, view)?;
        view.asks.check_over(|_| true)?;
        let said = rooms.log(stay.log).len();
        ensure(view.has_heard(said), "every event is heard, or announced as missed", || {
            format!("visitor {number} in {stay:?} knows of {} of {said} events", view.next_event)
        })?;
        let sent = (view.moves_sent, view.events_sent, view.inputs_sent);
        let taken = (stay.moves, stay.events, stay.inputs);
        ensure(sent == taken, "a world takes what its members send", || {
            format!(
                "visitor {number} sent {sent:?} moves, events and inputs, and {taken:?} were taken"
            )
        })?;
        let is_acked = view.inputs_sent == 0 || view.acked_input == view.newest_input;
        ensure(is_acked, "what was taken is acknowledged", || {
            format!("{} to visitor {number}, of {}", view.acked_input, view.newest_input)
        })
    }

    /// Members are called what their world knows, also by those who were there before.
    fn check_names(&self, world: usize, room: u16, view: &Inside) -> Result<(), Broken> {
        let Some(host) = &self.servers.worlds[world] else { return Ok(()) };
        let users = host.node().role().role.rooms().iter().map(|(_, user)| user);
        let members = users.filter(|user| user.room() == room && !user.is_spectator());
        let names = members.map(|user| (user.state().uid, user.names().shown().to_owned()));
        let names: BTreeMap<Uid, String> = names.filter(|(_, name)| !name.is_empty()).collect();
        ensure(view.names == names, "a client's names are its room's", || {
            format!("{:?} instead of {names:?} in room {room} of world {world}", view.names)
        })
    }

    /// Each client has had its answers, and has heard all that was said in its channels.
    fn check_hearings(&self) -> Result<(), Broken> {
        let chat = self.servers.chat.as_ref().map(|host| host.node().role().chat());
        let newest = |channel: ChannelId| {
            chat.and_then(|chat| chat.channel(channel.name()))
                .map_or(0, |channel| channel.last_seq().0)
        };
        for (number, _) in self.players() {
            let Some(client) = self.checks.client(number) else { continue };
            let outcome = client.hearing.check_rest(&self.checks.channels, newest);
            let outcome = outcome.and_then(|()| client.listing.check_rest());
            outcome.map_err(|broken| {
                Broken::new(broken.invariant, format!("visitor {number}: {}", broken.found))
            })?;
        }
        Ok(())
    }

    fn check_connections(&self) -> Result<(), Broken> {
        // Mains have a link to the chat server, and one to Login if there are accounts.
        let layout = self.tuning.layout;
        let of_mains = layout.mains() * (1 + usize::from(self.tuning.has_accounts));
        let of_worlds: usize = (0..WORLDS).map(|world| layout.mains_of_world(world).count()).sum();
        let expected = 2 * self.players().count() + of_worlds + of_mains;
        let held = self.network.held();
        ensure(held == expected, "connections belong to sessions", || {
            format!("{held}, and should be {expected}")
        })
    }

    /// No link goes on of which somebody has changed something.
    fn check_spoiled(&self) -> Result<(), Broken> {
        let mut spoiled = self.network.up().filter(|(id, _)| self.network.is_spoiled(*id));
        ensure(spoiled.next().is_none(), "a link that was changed ends", || {
            format!("{} go on", spoiled.count() + 1)
        })
    }

    /// In kind weather nobody has been closed for silence or slowness.
    fn check_kindness(&mut self) -> Result<(), Broken> {
        for host in self.tuning.layout.servers() {
            self.servers.count(&mut self.timeline.counters, host);
        }
        let (silent, overflows) = (self.timeline.counters.silent, self.timeline.counters.overflows);
        let is_kind = self.profile.is_kind();
        ensure(
            !is_kind || (silent, overflows) == (0, 0),
            "nobody is closed without a reason",
            || format!("{silent} were closed for silence, {overflows} for slowness"),
        )
    }

    pub(super) fn check_nothing_left(&mut self) -> Result<(), Broken> {
        for host in self.tuning.layout.servers() {
            if let Some(host) = self.servers.host_mut(host) {
                host.check_finished()?;
            }
        }
        for host in self.visitors.iter().flatten() {
            host.check_finished()?;
        }
        let held = self.network.held();
        ensure(held == 0, "connections belong to sessions", || format!("{held} are left"))
    }
}

/// Every session of a node at rest is ready, and there are `expected` of them.
pub(super) fn check_sessions<'a, R: Role<'a>>(
    node: &Node<'a, R>,
    expected: usize,
) -> Result<(), Broken> {
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

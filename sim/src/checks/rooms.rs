//! `Rooms`: who is in which room and what was said there, as the games have taken it.
//!
//! Invariants: a uid is in at most one room of a world; while the weather is orderly, in at most one
//! world of one Main (Mains know nothing of each other's users), also as one who is away. Who comes back has its
//! number and its place; a seat that a world has again after a crash was somebody's there. What a world
//! takes of one sender rises.

mod asking;
mod comparing;
mod seats;
mod tickets;
mod watching;

use std::collections::{BTreeMap, HashMap, HashSet};

use tinyrealm_core::protocol::{MemberNumber, MemberState, Token, Uid};

use super::asks::Asks;
use super::known;
use super::states::States;
use crate::broken::{Broken, ensure};
use crate::ids::{ConnectionId, Side, WORLDS};
use crate::journal::InRoom;
use crate::layout::Layout;
use crate::network::Network;
use crate::profile::Profile;
use crate::sizes::ROOMS;
use crate::speech::{Speech, number_of};
use tickets::Tickets;

/// Names what was said in one room of one world, from a start of that world to its end.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogId(usize);

/// Somebody's stay in a room.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) uid: Uid,
    pub(crate) room: u16,
    pub(crate) log: LogId,
    /// How much had been said before it came.
    pub(crate) first_event: usize,
    /// How many others were there when it came.
    pub(crate) others: u16,
    /// It has neither a place nor a body.
    pub(crate) watches: bool,
    /// Moves, events and inputs that the game has taken of it.
    pub(crate) moves: u32,
    pub(crate) events: u32,
    pub(crate) inputs: u32,
    /// The newest input that the world has taken of it, here or before.
    pub(crate) newest_input: u32,
}

/// Somebody who is in a room now.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) room: u16,
    /// None while it is away.
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) state: MemberState,
    /// The login by which Main has sent it, or whoever its key was stolen from.
    pub(crate) token: Option<Token>,
}

/// One world since its last start.
#[derive(Default)]
struct WorldModel {
    members: BTreeMap<Uid, Member>,
    /// Those who only watch.
    spectators: BTreeMap<Uid, Member>,
    /// The newest input of each.
    inputs: HashMap<Uid, u32>,
    /// The newest riddle of each.
    riddles: HashMap<Uid, u32>,
    /// What games have asked, by room.
    counters: [Asks; ROOMS],
    /// By room.
    logs: Vec<LogId>,
    states: [States; ROOMS],
    moves: u64,
    events: u64,
    /// The highest numbers that were taken of each sender.
    newest: HashMap<Uid, (i32, u32)>,
    turns: u32,
}

/// All worlds; see the [module](self).
pub(crate) struct Rooms {
    profile: Profile,
    layout: Layout,
    worlds: [WorldModel; WORLDS],
    logs: Vec<Vec<Speech>>,
    /// By connection.
    memberships: HashMap<ConnectionId, Membership>,
    pub(super) tickets: Tickets,
    /// Who has come there wants only to watch.
    watching: HashSet<ConnectionId>,
    /// By user and realm.
    worlds_of: HashMap<(Uid, usize), u32>,
    /// Who has ever been in which room of which world.
    visited: HashSet<(Uid, usize, u16)>,
}

impl Rooms {
    pub(super) fn new(profile: Profile, layout: Layout) -> Self {
        Self {
            profile,
            layout,
            worlds: std::array::from_fn(|_| WorldModel::default()),
            logs: Vec::new(),
            memberships: HashMap::new(),
            tickets: Tickets::default(),
            watching: HashSet::new(),
            worlds_of: HashMap::new(),
            visited: HashSet::new(),
        }
    }

    /// A world begins, and nobody is in it: if it was there before, it has lost everybody.
    pub(crate) fn world_starts(&mut self, world: usize) {
        self.world_ends(world);
        let logs = (0..ROOMS).map(|_| {
            self.logs.push(Vec::new());
            LogId(self.logs.len() - 1)
        });
        self.worlds[world].logs = logs.collect();
    }

    pub(crate) fn world_ends(&mut self, world: usize) {
        let gone = std::mem::take(&mut self.worlds[world]);
        for uid in gone.members.keys().chain(gone.spectators.keys()) {
            self.count_out(world, *uid);
        }
    }

    fn count_out(&mut self, world: usize, uid: Uid) {
        if let Some(count) = self.worlds_of.get_mut(&(uid, self.layout.realm_of_world(world))) {
            *count -= 1;
        }
    }

    pub(crate) fn membership(&self, connection: ConnectionId) -> Option<&Membership> {
        self.memberships.get(&connection)
    }

    pub(crate) fn log(&self, id: LogId) -> &[Speech] {
        &self.logs[id.0]
    }

    pub(crate) fn members(&self, world: usize) -> impl Iterator<Item = &Member> {
        self.worlds[world].members.values()
    }

    /// In how many worlds of the realm of `world` a uid is.
    pub(crate) fn worlds_of(&self, uid: Uid, world: usize) -> u32 {
        self.worlds_of.get(&(uid, self.layout.realm_of_world(world))).copied().unwrap_or(0)
    }

    pub(super) fn take(
        &mut self,
        network: &Network,
        cause: Option<ConnectionId>,
        (world, room): (usize, u16),
        what: &InRoom,
    ) -> Result<(), Broken> {
        match what {
            InRoom::Entered(member) => self.entered(network, known(cause)?, (world, room), *member),
            InRoom::Watches(uid) => self.watches(network, known(cause)?, (world, room), *uid),
            InRoom::Wants { watches } => {
                self.wants(known(cause)?, *watches);
                Ok(())
            }
            InRoom::Did { uid, tick, is_whole } => {
                self.did(known(cause)?, world, (*uid, *tick, *is_whole))
            }
            InRoom::Riddled { uid, riddle } => {
                self.riddled(known(cause)?, (world, room), *uid, *riddle)
            }
            InRoom::Counters { uid, number } => {
                self.counters((world, room), *uid, *number);
                Ok(())
            }
            InRoom::Countered { number, outcome } => {
                self.countered((world, room), *number, *outcome)
            }
            // See `labels` and `clocks`.
            InRoom::Opened(_)
            | InRoom::Closed
            | InRoom::Locked(_)
            | InRoom::Armed { .. }
            | InRoom::Cancelled { .. }
            | InRoom::Fired { .. }
            | InRoom::Restored { .. } => Ok(()),
            InRoom::Shown(speech) => {
                self.worlds[world].states[usize::from(room)].show(*speech);
                Ok(())
            }
            InRoom::Left(uid) => {
                self.check_unasked((world, room), *uid)?;
                self.left((world, room), *uid)
            }
            InRoom::Lost(uid) => {
                self.check_unasked((world, room), *uid)?;
                self.lost((world, room), *uid)
            }
            InRoom::Returned(member) => {
                self.returned(network, known(cause)?, (world, room), *member)
            }
            InRoom::Moved(to) => self.moved(known(cause)?, world, *to),
            InRoom::Said(uid, speech) => self.said(known(cause)?, (world, room), *uid, *speech),
        }
    }

    fn entered(
        &mut self,
        network: &Network,
        connection: ConnectionId,
        (world, room): (usize, u16),
        state: MemberState,
    ) -> Result<(), Broken> {
        let uid = state.uid;
        let token = self.admit(network, connection, uid)?;
        self.check_plays(connection, uid)?;
        let connection = Some(connection);
        self.forget_spectator(world, uid);
        self.seat((world, room), Member { room, connection, state, token })?;
        self.check_one_world(world, uid)
    }

    fn check_one_world(&self, world: usize, uid: Uid) -> Result<(), Broken> {
        let worlds = self.worlds_of(uid, world);
        // Of two Mains that have a user one after the other each may send it somewhere, until it is known which one was last.
        let is_one = self.profile.is_orderly() && !self.layout.has_directory();
        ensure(worlds == 1 || !is_one, "a uid is in one world", || {
            format!("{uid:?} is in {worlds}")
        })
    }

    /// Somebody has a seat from now on, with a connection or without.
    fn seat(&mut self, (world, room): (usize, u16), member: Member) -> Result<(), Broken> {
        let (state, uid, connection) = (member.state, member.state.uid, member.connection);
        let model = &mut self.worlds[world];
        let mut others = model.members.values().filter(|member| member.room == room);
        let is_new = others.all(|member| member.state.number != state.number);
        ensure(is_new && state.number != MemberNumber::GAME, "a number has one member", || {
            format!("{state:?} enters room {room} of world {world}")
        })?;
        let before = model.members.insert(uid, member);
        ensure(before.is_none(), "a uid is in one room of a world", || {
            format!("{uid:?} enters room {room} of world {world}, and is {before:?}")
        })?;
        self.visited.insert((uid, world, room));
        *self.worlds_of.entry((uid, self.layout.realm_of_world(world))).or_default() += 1;
        self.begin_stay((world, room), uid, connection);
        Ok(())
    }

    /// Nobody is in a room that is given back.
    pub(super) fn check_closed(&self, (world, room): (usize, u16)) -> Result<(), Broken> {
        let member = self.members(world).find(|member| member.room == room);
        ensure(member.is_none(), "a room that is given back is empty", || {
            format!("{member:?} is in room {room} of world {world}")
        })
    }

    fn begin_stay(
        &mut self,
        (world, room): (usize, u16),
        uid: Uid,
        connection: Option<ConnectionId>,
    ) {
        let Some(connection) = connection else { return };
        let model = &self.worlds[world];
        let in_room = model.members.values().filter(|member| member.room == room);
        let others = in_room.filter(|member| member.state.uid != uid).count() as u16;
        let log = model.logs[usize::from(room)];
        let stay = Membership {
            uid,
            room,
            log,
            first_event: self.logs[log.0].len(),
            others,
            watches: model.spectators.contains_key(&uid),
            moves: 0,
            events: 0,
            inputs: 0,
            newest_input: model.inputs.get(&uid).copied().unwrap_or(0),
        };
        self.memberships.insert(connection, stay);
    }

    /// Looks up the key that was shown on this connection.
    fn admit(
        &mut self,
        network: &Network,
        connection: ConnectionId,
        uid: Uid,
    ) -> Result<Option<Token>, Broken> {
        self.tickets.admit(network.opening(connection, Side::Dialer), uid)
    }

    /// A room begins anew.
    pub(super) fn forget_states(&mut self, (world, room): (usize, u16)) {
        self.worlds[world].states[usize::from(room)] = States::default();
    }

    /// What the game of a room shows.
    pub(crate) fn states(&self, (world, room): (usize, u16)) -> &States {
        &self.worlds[world].states[usize::from(room)]
    }

    fn left(&mut self, (world, room): (usize, u16), uid: Uid) -> Result<(), Broken> {
        self.worlds[world].states[usize::from(room)].left(uid);
        let before = self.worlds[world].members.remove(&uid);
        self.count_out(world, uid);
        let was_there = before.as_ref().is_some_and(|member| member.room == room);
        ensure(was_there, "who leaves has been there", || {
            format!("{uid:?} leaves room {room} of world {world}, and was {before:?}")
        })
    }

    fn moved(
        &mut self,
        connection: ConnectionId,
        world: usize,
        to: MemberState,
    ) -> Result<(), Broken> {
        let number = number_of(&to).unwrap_or(0);
        let model = &mut self.worlds[world];
        model.moves += 1;
        let newest = model.newest.entry(to.uid).or_default();
        ensure(number > newest.0, "moves of one sender are taken in order", || {
            format!("{to:?} behind {}", newest.0)
        })?;
        newest.0 = number;
        let member = model.members.get_mut(&to.uid);
        let is_there = member.as_ref().is_some_and(|member| member.connection == Some(connection));
        ensure(is_there, "who moves is a member", || format!("{to:?} by {connection:?}"))?;
        if let Some(member) = member {
            member.state = to;
        }
        if let Some(stay) = self.memberships.get_mut(&connection) {
            stay.moves += 1;
        }
        Ok(())
    }

    fn said(
        &mut self,
        connection: ConnectionId,
        (world, room): (usize, u16),
        uid: Uid,
        speech: Option<Speech>,
    ) -> Result<(), Broken> {
        let model = &mut self.worlds[world];
        model.events += 1;
        let newest = model.newest.entry(uid).or_default();
        let Some(speech) = speech.filter(|speech| speech.uid == uid && speech.number > newest.1)
        else {
            let found = format!("{uid:?} said {speech:?} behind {}", newest.1);
            return Err(Broken::new("events of one sender are taken whole and in order", found));
        };
        newest.1 = speech.number;
        self.logs[model.logs[usize::from(room)].0].push(speech);
        let stay = self.memberships.get_mut(&connection);
        let is_there = stay.as_ref().is_some_and(|stay| stay.uid == uid && stay.room == room);
        ensure(is_there, "who speaks is a member", || format!("{speech:?} by {connection:?}"))?;
        if let Some(stay) = stay {
            stay.events += 1;
        }
        Ok(())
    }
}

//! Watching, and doing: who is in a room without a place, and what members do at their ticks.
//!
//! Invariants: whoever wants to watch has no body, and whoever wants to play has one. When a spectator goes nobody is
//! told: its world's own table says so. What a member does comes in the order of its ticks, each once, as it was said.

use tinyrealm_core::node::world::World;
use tinyrealm_core::protocol::{MemberNumber, MemberState, Uid};

use super::{Member, Rooms};
use crate::actors::Recorder;
use crate::broken::{Broken, ensure};
use crate::ids::ConnectionId;
use crate::network::Network;

const WISHES: &str = "who wants to watch has no body, and nobody else";

impl Rooms {
    /// Whoever has come on this connection wants only to watch, or to play.
    pub(super) fn wants(&mut self, connection: ConnectionId, watches: bool) {
        if watches {
            self.watching.insert(connection);
        }
    }

    /// Who has a body did not want to watch.
    pub(super) fn check_plays(&self, connection: ConnectionId, uid: Uid) -> Result<(), Broken> {
        ensure(!self.watching.contains(&connection), WISHES, || format!("{uid:?} plays"))
    }

    /// A spectator is in.
    pub(super) fn watches(
        &mut self,
        network: &Network,
        connection: ConnectionId,
        (world, room): (usize, u16),
        uid: Uid,
    ) -> Result<(), Broken> {
        let token = self.admit(network, connection, uid)?;
        ensure(self.watching.contains(&connection), WISHES, || format!("{uid:?} watches"))?;
        self.forget_spectator(world, uid);
        let model = &mut self.worlds[world];
        ensure(!model.members.contains_key(&uid), "nobody has two seats", || {
            format!("{uid:?} watches room {room} of world {world}, and plays there")
        })?;
        let state = MemberState { uid, number: MemberNumber::GAME, ..MemberState::default() };
        let member = Member { room, connection: Some(connection), state, token };
        model.spectators.insert(uid, member);
        *self.worlds_of.entry((uid, self.layout.realm_of_world(world))).or_default() += 1;
        self.begin_stay((world, room), uid, Some(connection));
        self.check_one_world(world, uid)
    }

    /// A spectator is out, of which only its world knows.
    pub(super) fn forget_spectator(&mut self, world: usize, uid: Uid) {
        if self.worlds[world].spectators.remove(&uid).is_some() {
            self.count_out(world, uid);
        }
    }

    /// Compares the spectators of a world with what is known of them.
    pub(super) fn check_spectators(
        &mut self,
        number: usize,
        world: &World<'_, Recorder>,
    ) -> Result<(), Broken> {
        let known: Vec<Uid> = self.worlds[number].spectators.keys().copied().collect();
        if known.is_empty() && world.rooms().spectators() == 0 {
            return Ok(());
        }
        let users = world.rooms().iter().filter(|(_, user)| user.is_spectator());
        let there: Vec<(Uid, u16)> = users.map(|(_, u)| (u.state().uid, u.room())).collect();
        for uid in known.iter().filter(|uid| !there.iter().any(|(other, _)| other == *uid)) {
            self.forget_spectator(number, *uid);
        }
        let spectators = &self.worlds[number].spectators;
        for (uid, room) in &there {
            let is_known = spectators.get(uid).is_some_and(|member| member.room == *room);
            ensure(is_known, "a spectator was let in", || {
                format!("{uid:?} watches room {room} of world {number}")
            })?;
        }
        Ok(())
    }

    /// Those who only watch in a world.
    pub(crate) fn spectators(&self, world: usize) -> impl Iterator<Item = &Member> {
        self.worlds[world].spectators.values()
    }

    /// Everybody in a world.
    pub(crate) fn everybody(&self, world: usize) -> impl Iterator<Item = &Member> {
        self.members(world).chain(self.spectators(world))
    }

    /// A member has done something.
    pub(super) fn did(
        &mut self,
        connection: ConnectionId,
        world: usize,
        (uid, tick, is_whole): (Uid, u32, bool),
    ) -> Result<(), Broken> {
        ensure(is_whole, "inputs come with their ticks", || format!("{tick} of {uid:?}"))?;
        let newest = self.worlds[world].inputs.entry(uid).or_default();
        ensure(tick > *newest, "inputs come in order, each once", || {
            format!("{tick} of {uid:?} behind {newest}")
        })?;
        *newest = tick;
        let stay = self.memberships.get_mut(&connection).filter(|stay| stay.uid == uid);
        let Some(stay) = stay.filter(|stay| !stay.watches) else {
            return Err(Broken::new("who does something is a member", format!("{uid:?}")));
        };
        stay.inputs += 1;
        stay.newest_input = tick;
        Ok(())
    }
}

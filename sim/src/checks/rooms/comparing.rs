//! Comparing a world with what is known of it.

use tinyrealm_core::node::world::World;

use super::Rooms;
use crate::actors::Recorder;
use crate::broken::{Broken, ensure};

/// How many turns of a world pass between two comparisons of all its users.
const TURNS_PER_COMPARISON: u32 = 16;

impl Rooms {
    /// Compares a world with what is known of it: counters after every turn, users now and then.
    pub(crate) fn check(
        &mut self,
        number: usize,
        world: &World<'_, Recorder>,
    ) -> Result<(), Broken> {
        self.check_spectators(number, world)?;
        let model = &mut self.worlds[number];
        let stats = world.stats();
        let counted = (stats.moves, stats.events, world.rooms().users());
        let expected = (model.moves, model.events, model.members.len());
        ensure(counted == expected, "a world counts what its games have taken", || {
            format!("moves, events, users: {counted:?}, and should be {expected:?}")
        })?;
        model.turns += 1;
        let is_time = model.turns.is_multiple_of(TURNS_PER_COMPARISON);
        if is_time { self.compare(number, world) } else { Ok(()) }
    }

    /// Compares every user of a world with what is known of it.
    pub(crate) fn compare(&self, number: usize, world: &World<'_, Recorder>) -> Result<(), Broken> {
        let members = &self.worlds[number].members;
        for (_, user) in world.rooms().iter().filter(|(_, user)| !user.is_spectator()) {
            let (state, room) = (user.state(), user.room());
            let known = members.get(&state.uid);
            let is_it = known.is_some_and(|member| member.state == state && member.room == room);
            ensure(is_it, "a world's users are who has entered, where they moved", || {
                format!("world {number} has {state:?} in room {room}, and should have {known:?}")
            })?;
        }
        Ok(())
    }
}

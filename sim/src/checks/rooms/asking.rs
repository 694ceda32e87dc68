//! Asking: what members ask the game of their room, and what that asks them.
//!
//! Invariants: questions of one sender come whole and in order, each once, from whoever is in the room. What a game
//! asks is as in [`asks`](super::super::asks).

use tinyrealm_core::protocol::Uid;

use super::Rooms;
use crate::actors::riddle::{Outcome, fate_of_counter};
use crate::broken::{Broken, ensure};
use crate::ids::ConnectionId;

impl Rooms {
    /// Somebody has asked this riddle: whose it says that it is, and its number.
    pub(super) fn riddled(
        &mut self,
        connection: ConnectionId,
        (world, room): (usize, u16),
        uid: Uid,
        riddle: Option<(Uid, u32)>,
    ) -> Result<(), Broken> {
        let model = &mut self.worlds[world];
        model.events += 1;
        let newest = model.riddles.entry(uid).or_default();
        let number = riddle.filter(|(asker, number)| *asker == uid && *number > *newest);
        let Some((_, number)) = number else {
            let found = format!("{uid:?} asked {riddle:?} behind {newest}");
            return Err(Broken::new("questions are taken whole and in order, each once", found));
        };
        *newest = number;
        let stay = self.memberships.get(&connection);
        let is_there = stay.is_some_and(|stay| stay.uid == uid && stay.room == room);
        ensure(is_there, "who asks is in the room", || format!("{riddle:?} by {connection:?}"))
    }

    /// A game asks a member, or a spectator.
    pub(super) fn counters(&mut self, (world, room): (usize, u16), uid: Uid, number: u32) {
        let asks = &mut self.worlds[world].counters[usize::from(room)];
        asks.asked(number, (uid, number), fate_of_counter(number));
    }

    /// So that has ended.
    pub(super) fn countered(
        &mut self,
        (world, room): (usize, u16),
        number: u32,
        outcome: Outcome,
    ) -> Result<(), Broken> {
        self.worlds[world].counters[usize::from(room)].ended(number, outcome)
    }

    /// Whoever has lost its connection is asked nothing any more.
    pub(super) fn check_unasked(
        &self,
        (world, room): (usize, u16),
        uid: Uid,
    ) -> Result<(), Broken> {
        self.worlds[world].counters[usize::from(room)].check_over(|asked| asked == uid)
    }
}

//! Operating: what whoever runs a world asks of it, by [`Node::act`](crate::node::Node::act) and
//! [`Node::role`](crate::node::Node::role).
//!
//! Purpose: its users and rooms as lines, by the slots that they have, so that a page of them costs what it is long. Who
//! is to go is [`RoomContext::kick`](super::RoomContext::kick)'s matter, and that nobody new is to come that of `draining`.
//!
//! Bounds: a line is O(1); nothing is allocated, and a world that is never asked is not larger for it.

use super::{Game, World, WorldUser};
use crate::protocol::{Uid, WorldId};

/// A room with somebody in it, or with a name.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct WorldRoomLine<'w> {
    /// Empty if it has none.
    pub name: &'w str,
    /// Empty for the only one.
    pub mode: &'w str,
    /// Who plays.
    pub members: u16,
    /// Who only listens.
    pub spectators: u16,
    /// How many may play.
    pub capacity: u16,
}

impl<G: Game> World<'_, G> {
    /// Which world it is.
    pub const fn id(&self) -> WorldId {
        self.config.world_id
    }

    /// The user in this slot, of as many as [`World::user_slots`].
    pub fn user_line(&self, slot: u16) -> Option<(Uid, &WorldUser)> {
        let user = self.rooms.users.at(slot)?;
        Some((user.uid, user))
    }

    /// How many users it has room for, spectators too.
    pub const fn user_slots(&self) -> usize {
        self.rooms.users.table().capacity()
    }

    /// The room of this number, if anybody is in it or it has a name.
    pub fn room_line(&self, room: u16) -> Option<WorldRoomLine<'_>> {
        let place = self.rooms.rooms.get(usize::from(room))?;
        let (name, mode) = self.label_of(room);
        let (members, spectators) = (place.members, place.spectators());
        let is_of_use = members + spectators > 0 || !name.is_empty();
        is_of_use.then_some(WorldRoomLine {
            name,
            mode,
            members,
            spectators,
            capacity: self.rooms.capacity_of(room),
        })
    }

    #[cfg(feature = "rooms")]
    fn label_of(&self, room: u16) -> (&str, &str) {
        self.rooms.label(room).map_or(("", ""), |label| (label.name(), label.mode()))
    }

    #[cfg(not(feature = "rooms"))]
    #[expect(clippy::unused_self, reason = "with names there may be some")]
    const fn label_of(&self, _: u16) -> (&'static str, &'static str) {
        ("", "")
    }
}

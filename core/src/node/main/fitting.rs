//! Where a room that moves fits: what Main knows of that before it asks for the move.
//!
//! Contract: nothing stands still for a move that can't be. What Main does not know, the members of rooms without names, their
//! world does: it refuses then what it is sent, and the room stays.
//!
//! Bounds: O(worlds × rooms) a move.

use super::registry::{WorldEntry, WorldKey};
use super::rooms::RoomEntry;
use super::{Authenticator, Main};
use crate::protocol::{RoomId, WorldId};

/// Why a room can't be asked to move.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MoveProblem {
    /// There is no such world.
    NoSuchWorld,
    /// Its rooms don't move: their game keeps nothing, or it is of an earlier version.
    Fixed,
    /// The world that was named does not take it: it drains, or has another game, or another version of it.
    NotThere,
    /// No other world takes rooms of this game.
    NoTarget,
    /// The room has more places than a room of a world has that would take it otherwise.
    TooLarge,
    /// Such a world has no free room for it, or not so many free places.
    Full,
    /// So many moves are under way, or the world's link takes nothing now.
    Busy,
}

/// Where a room is to move to.
#[derive(Copy, Clone, Debug)]
pub(super) enum Target {
    This(WorldId),
    /// The least loaded besides this one.
    AnyBut(WorldId),
}

/// What a room that moves wants of the world that takes it.
#[derive(Copy, Clone, Debug)]
struct Needs {
    places: u16,
    members: u16,
}

impl<A: Authenticator> Main<'_, A> {
    /// A world of the same game, in the same version, that takes newcomers, and that the room fits: so nothing stands still
    /// for a move that can't be.
    pub(super) fn target_for(
        &self,
        source: WorldKey,
        room: RoomId,
        to: Target,
    ) -> Result<WorldId, MoveProblem> {
        if let Target::This(to) = to
            && self.worlds.find(to).is_none()
        {
            return Err(MoveProblem::NoSuchWorld);
        }
        let from = self.worlds.get(source).ok_or(MoveProblem::NoSuchWorld)?;
        let game = from.moves.ok_or(MoveProblem::Fixed)?;
        let takers = self.worlds.iter().filter(|(key, world)| {
            let is_meant = match to {
                Target::This(to) => world.world_id == to,
                Target::AnyBut(other) => world.world_id != other,
            };
            *key != source && is_meant && !world.is_closed && world.moves == Some(game)
        });
        let (mut least, mut problem) = (
            None,
            match to {
                Target::This(_) => MoveProblem::NotThere,
                Target::AnyBut(_) => MoveProblem::NoTarget,
            },
        );
        let needs = self.needs_of(source, room);
        for (key, world) in takers {
            let load = (world.is_slow, world.load_permille());
            match self.misfit(key, world, needs) {
                Some(MoveProblem::TooLarge) if problem == MoveProblem::Full => {}
                Some(why) => problem = why,
                None if least.is_some_and(|(less, _)| less <= load) => {}
                None => least = Some((load, world.world_id)),
            }
        }
        least.map(|(_, world_id)| world_id).ok_or(problem)
    }

    /// Of a room without a name its world alone knows more.
    fn needs_of(&self, source: WorldKey, room: RoomId) -> Needs {
        let places = self.worlds.get(source).map_or(0, WorldEntry::places_a_room);
        let named = self.rooms.find_of(source, room).and_then(|key| self.rooms.get(key));
        named.map(RoomEntry::line).map_or(Needs { places, members: 1 }, |line| Needs {
            places: line.capacity,
            members: line.members,
        })
    }

    /// Why the world can't take such a room, as far as is known here; else it says so itself.
    fn misfit(&self, key: WorldKey, world: &WorldEntry, needs: Needs) -> Option<MoveProblem> {
        let users = world.users.max(world.reported_users);
        let open = self.rooms.iter().filter(|(_, room)| room.world() == Some(key)).count();
        let has_room = open.max(usize::from(world.reported_rooms)) < usize::from(world.rooms);
        let has_places = users.saturating_add(needs.members) <= world.capacity;
        match needs.places <= world.places_a_room() {
            false => Some(MoveProblem::TooLarge),
            true if has_room && has_places => None,
            true => Some(MoveProblem::Full),
        }
    }
}

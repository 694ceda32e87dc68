//! Names that are kept for worlds that are lost.
//!
//! Contract: for so long as its hold lasts, or until its world has told of all its rooms and this is none of them.

use super::{RoomDirectory, RoomState};
use crate::node::main::registry::WorldKey;
use crate::protocol::WorldId;
use crate::time::Instant;

impl RoomState {
    /// Nobody's name any more.
    pub(super) fn has_passed(self, now: Instant) -> bool {
        matches!(self, Self::Held(until, _) if until <= now)
    }

    fn is_held_for(self, id: WorldId) -> bool {
        matches!(self, Self::Held(_, whose) if whose == id)
    }
}

impl RoomDirectory<'_> {
    /// O(rooms), and only when there are as many as there can be.
    pub(super) fn forget_passed_hold(&mut self, now: Instant) -> Option<()> {
        let (key, _) = self.iter().find(|(_, room)| room.state.has_passed(now))?;
        self.remove(key);
        Some(())
    }

    /// A world is lost: its rooms' names are kept for it until then. O(rooms).
    pub(in super::super) fn lose_world(&mut self, world: WorldKey, id: WorldId, until: Instant) {
        for index in 0..self.rooms.capacity() as u16 {
            let Some(key) = self.rooms.key_at(index) else { continue };
            let Some(room) = self.rooms.get_mut(key) else { continue };
            match room.state {
                RoomState::Open(its, _) if its == world => {
                    room.state = RoomState::Held(until, id);
                    (room.members, room.users) = (0, 0);
                }
                RoomState::Opening(its) if its == world => self.remove(key),
                RoomState::Naming(its) if its == world => {
                    self.claims.forget(&room.name);
                    self.remove(key);
                }
                _ => {}
            }
        }
    }

    /// A world has told of all its rooms: what was kept for it besides is nobody's. O(rooms).
    pub(in super::super) fn free_held_for(&mut self, id: WorldId) {
        for index in 0..self.rooms.capacity() as u16 {
            let Some(key) = self.rooms.key_at(index) else { continue };
            if matches!(self.rooms.get(key), Some(room) if room.state.is_held_for(id)) {
                self.release(key);
            }
        }
    }
}

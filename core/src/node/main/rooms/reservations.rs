//! Names that are reserved for rooms that are not open yet, and who is on the way to a room.

use super::{RoomDirectory, RoomEntry, RoomKey, RoomState};
use crate::node::directory::Wanted;
use crate::node::main::registry::WorldKey;
use crate::protocol::ClaimNumber;
use crate::session::AddressGroup;
use crate::storage::Vacant;
use crate::time::Instant;

impl RoomDirectory<'_> {
    /// Keeps a name for a room that `world` is to open. In a realm of several Mains it is asked for.
    pub(in super::super) fn reserve(
        &mut self,
        now: Instant,
        name: &str,
        (world, wanted): (WorldKey, Wanted),
        opener: Option<AddressGroup>,
    ) -> Option<RoomKey> {
        if let Some(passed) = self.find_any(name) {
            // Only a hold that has passed, or a room that is closed, leads here.
            self.remove(passed);
        }
        let name = heapless::String::try_from(name).ok()?;
        let is_claimed = self.claims.is_used();
        if is_claimed && !self.claims.want(&name, wanted, ClaimNumber(0)) {
            return None;
        }
        let state = match is_claimed {
            true => RoomState::Naming(world),
            false => RoomState::Opening(world),
        };
        self.insert(now, RoomEntry { name, state, opener, ..RoomEntry::VACANT })
    }

    /// How many rooms somebody of this address has opened, as far as that is known. O(rooms).
    pub(in super::super) fn opened_by(&self, opener: Option<AddressGroup>) -> usize {
        self.iter().filter(|(_, room)| opener.is_some() && room.opener == opener).count()
    }

    /// A user is on its way there.
    pub(in super::super) fn join(&mut self, key: RoomKey) {
        if let Some(room) = self.rooms.get_mut(key) {
            room.users = room.users.saturating_add(1);
        }
    }

    /// A user is not there, or on its way, any more. A reservation that nobody is on the way to is void.
    pub(in super::super) fn leave(&mut self, key: RoomKey) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        room.users = room.users.saturating_sub(1);
        if room.users == 0 && matches!(room.state, RoomState::Opening(_) | RoomState::Naming(_)) {
            if matches!(room.state, RoomState::Naming(_)) {
                self.claims.forget(&room.name);
            }
            self.remove(key);
        }
    }
}

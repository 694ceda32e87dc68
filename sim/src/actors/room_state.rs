//! `RoomState`: what the recorder keeps of a room, so that what it has again can be compared with what it had.

use tinyrealm_core::protocol::{ROOM_NAME_MAX_BYTES, Uid};

use crate::bounded::bounded;
use crate::journal::RoomName;
use crate::sizes::ROOM_MEMBERS;

const NAME_BYTES: usize = 1 + ROOM_NAME_MAX_BYTES;
const UID_BYTES: usize = 8;

/// Bytes of one.
pub(crate) const ROOM_STATE_BYTES: usize = 4 + NAME_BYTES + ROOM_MEMBERS * UID_BYTES;

/// What is kept of a room; see the [module](self).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct RoomState {
    /// Events that it has taken.
    pub(crate) taken: u32,
    /// What it is called.
    pub(crate) name: RoomName,
    /// Who has a seat.
    pub(crate) members: heapless::Vec<Uid, ROOM_MEMBERS>,
}

impl RoomState {
    pub(super) fn entered(&mut self, uid: Uid) {
        // A room has no more members.
        let _ = self.members.push(uid);
    }

    pub(super) fn left(&mut self, uid: Uid) {
        self.members.retain(|member| *member != uid);
    }

    pub(super) fn written(&self) -> [u8; ROOM_STATE_BYTES] {
        let mut name = [0; NAME_BYTES];
        name[0] = self.name.len() as u8;
        name[1..=self.name.len()].copy_from_slice(self.name.as_bytes());
        let uids = self.members.iter().flat_map(|uid| uid.0.to_le_bytes());
        let bytes = self.taken.to_le_bytes().into_iter().chain(name).chain(uids);
        let mut out = [0; ROOM_STATE_BYTES];
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        out
    }

    /// What [`RoomState::written`] has written.
    pub(crate) fn read(state: &[u8]) -> Option<Self> {
        let (taken, rest) = state.split_first_chunk()?;
        let (name, uids) = rest.split_at_checked(NAME_BYTES)?;
        let (length, name) = name.split_first()?;
        let name = core::str::from_utf8(name.get(..usize::from(*length))?).ok()?;
        let uids = uids.as_chunks().0.iter().map(|uid| Uid(u64::from_le_bytes(*uid)));
        let members = uids.filter(|uid| *uid != Uid::NOBODY).collect();
        Some(Self { taken: u32::from_le_bytes(*taken), name: bounded(name), members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut state = RoomState { taken: 7, name: bounded("den"), ..RoomState::default() };
        (1..=ROOM_MEMBERS as u64).for_each(|uid| state.entered(Uid(uid)));
        state.left(Uid(2));
        assert_eq!(RoomState::read(&state.written()), Some(state.clone()));
        assert_eq!(RoomState::read(&state.written()[..10]), None);
    }
}

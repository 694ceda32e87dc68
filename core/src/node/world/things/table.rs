//! `States`: the slots of things and of members' states, over borrowed bytes.
//!
//! A slot is `[flags][kind][length][data …]`, vacant if it is all zeros.

use super::{SLOT_HEAD_BYTES, State, StateError, StateSizes};
use crate::protocol::Bytes;

/// The memory of a world's states, all zeros.
#[derive(Debug, Default)]
pub struct StateStorage<'a> {
    /// [`StateSizes::things_bytes`].
    pub things: &'a mut [u8],
    /// [`StateSizes::members_bytes`].
    pub members: &'a mut [u8],
}

/// There is something.
const PRESENT: u8 = 1;
/// It is not told yet.
const CHANGED: u8 = 2;

/// What a flush has to tell of a slot.
pub(in super::super) enum Change<'s> {
    Put(State<'s>),
    Removed,
}

/// Things of all rooms, and states of all members; see the [module](super).
#[derive(Debug)]
pub struct States<'a> {
    storage: StateStorage<'a>,
    sizes: StateSizes,
}

impl<'a> States<'a> {
    pub(in super::super) const fn new(storage: StateStorage<'a>, sizes: StateSizes) -> Self {
        Self { storage, sizes }
    }

    /// How much there can be.
    pub const fn sizes(&self) -> StateSizes {
        self.sizes
    }

    /// A thing of a room.
    pub fn thing(&self, room: u16, id: u16) -> Option<State<'_>> {
        read(slot(self.storage.things, self.sizes.thing_bytes, self.thing_index(room, id)?)?)
    }

    /// The state of the member in this slot of the users' table.
    pub fn of_member(&self, index: u16) -> Option<State<'_>> {
        read(slot(self.storage.members, self.sizes.member_bytes, index.into())?)
    }

    const fn thing_index(&self, room: u16, id: u16) -> Option<usize> {
        if (id as usize) < self.sizes.things {
            Some(room as usize * self.sizes.things + id as usize)
        } else {
            None
        }
    }

    fn thing_slot(&mut self, room: u16, id: u16) -> Option<&mut [u8]> {
        let index = self.thing_index(room, id)?;
        slot_mut(self.storage.things, self.sizes.thing_bytes, index)
    }

    fn member_slot(&mut self, index: u16) -> Option<&mut [u8]> {
        // Without any, a slot of nothing would fit into nothing.
        let bytes = Some(self.sizes.member_bytes).filter(|bytes| *bytes > 0)?;
        slot_mut(self.storage.members, bytes, index.into())
    }

    /// Puts a thing; answers whether it has a change to tell that it had not before.
    pub(super) fn put_thing(
        &mut self,
        room: u16,
        id: u16,
        state: State<'_>,
    ) -> Result<bool, StateError> {
        put(self.thing_slot(room, id).ok_or(StateError::Unknown)?, state)
    }

    /// As [`States::put_thing`], for what is not there any more.
    pub(super) fn remove_thing(&mut self, room: u16, id: u16) -> Result<bool, StateError> {
        let slot = self.thing_slot(room, id).ok_or(StateError::Unknown)?;
        let Some(flags) = slot.first_mut() else { return Err(StateError::Unknown) };
        let is_new = *flags == PRESENT;
        if *flags & PRESENT != 0 {
            *flags = CHANGED;
        }
        Ok(is_new)
    }

    /// As [`States::put_thing`], for a member.
    pub(super) fn put_member(&mut self, index: u16, state: State<'_>) -> Result<bool, StateError> {
        put(self.member_slot(index).ok_or(StateError::Unknown)?, state)
    }

    /// Forgets a member's state; answers whether it had a change to tell.
    pub(super) fn forget_member(&mut self, index: u16) -> bool {
        self.member_slot(index).is_some_and(forget)
    }

    /// Forgets the things of a room.
    pub(super) fn forget_things(&mut self, room: u16) {
        for id in 0..self.sizes.things as u16 {
            self.thing_slot(room, id).map(forget);
        }
    }

    /// What there is to tell of a thing, which is told then.
    pub(super) fn take_thing_change(&mut self, room: u16, id: u16) -> Option<Change<'_>> {
        take_change(self.thing_slot(room, id)?)
    }

    /// What there is to tell of a member, which is told then.
    pub(super) fn take_member_change(&mut self, index: u16) -> Option<Change<'_>> {
        take_change(self.member_slot(index)?)
    }
}

fn slot(bytes: &[u8], data_bytes: usize, index: usize) -> Option<&[u8]> {
    let each = SLOT_HEAD_BYTES + data_bytes;
    bytes.get(index * each..(index + 1) * each)
}

fn slot_mut(bytes: &mut [u8], data_bytes: usize, index: usize) -> Option<&mut [u8]> {
    let each = SLOT_HEAD_BYTES + data_bytes;
    bytes.get_mut(index * each..(index + 1) * each)
}

fn read(slot: &[u8]) -> Option<State<'_>> {
    let ([flags, kind, length], data) = slot.split_first_chunk::<SLOT_HEAD_BYTES>()?;
    let data = data.get(..usize::from(*length)).and_then(Bytes::new)?;
    (flags & PRESENT != 0).then_some(State { kind: *kind, data })
}

fn put(slot: &mut [u8], state: State<'_>) -> Result<bool, StateError> {
    if read(slot) == Some(state) {
        return Ok(false);
    }
    let bytes = state.data.as_slice();
    let Some((head, data)) = slot.split_first_chunk_mut::<SLOT_HEAD_BYTES>() else {
        return Err(StateError::Unknown);
    };
    data.get_mut(..bytes.len()).ok_or(StateError::TooLong)?.copy_from_slice(bytes);
    let [flags, kind, length] = head;
    let is_new = *flags & CHANGED == 0;
    (*flags, *kind, *length) = (PRESENT | CHANGED, state.kind, bytes.len() as u8);
    Ok(is_new)
}

fn forget(slot: &mut [u8]) -> bool {
    let flags = slot.first_mut().map(core::mem::take);
    flags.is_some_and(|flags| flags & CHANGED != 0)
}

fn take_change(slot: &mut [u8]) -> Option<Change<'_>> {
    let flags = slot.first_mut().filter(|flags| **flags & CHANGED != 0)?;
    *flags &= !CHANGED;
    Some(read(slot).map_or(Change::Removed, Change::Put))
}

//! `SaveMemory`: the storage of what rooms keep as one value, sized by const generics.

use super::{JobSlot, RoomState, SaveStorage};
use crate::storage::Slot;

/// The storage of one world's saves: all-zero bits. `VALUE_BYTES` is that of all jobs together, and `ROOM_BYTES` that of
/// all rooms.
#[derive(Debug)]
pub struct SaveMemory<
    const JOBS: usize,
    const VALUE_BYTES: usize,
    const ROOMS: usize,
    const ROOM_BYTES: usize,
> {
    jobs: [Slot<JobSlot>; JOBS],
    queue: [u16; JOBS],
    value_bytes: [u8; VALUE_BYTES],
    rooms: [RoomState; ROOMS],
    room_bytes: [u8; ROOM_BYTES],
}

impl<const JOBS: usize, const VALUE_BYTES: usize, const ROOMS: usize, const ROOM_BYTES: usize>
    SaveMemory<JOBS, VALUE_BYTES, ROOMS, ROOM_BYTES>
{
    /// Empty storage.
    pub const NEW: Self = Self {
        jobs: [const { Slot::VACANT }; JOBS],
        queue: [0; JOBS],
        value_bytes: [0; VALUE_BYTES],
        rooms: [const { RoomState::VACANT }; ROOMS],
        room_bytes: [0; ROOM_BYTES],
    };

    /// The storage as the slices that a world borrows.
    pub const fn storage(&mut self) -> SaveStorage<'_> {
        SaveStorage {
            jobs: &mut self.jobs,
            queue: &mut self.queue,
            value_bytes: &mut self.value_bytes,
            rooms: &mut self.rooms,
            room_bytes: &mut self.room_bytes,
        }
    }
}

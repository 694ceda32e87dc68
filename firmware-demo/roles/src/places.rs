//! How many places a device's world has.

use crate::device;

/// Rooms of a world, each with a game.
pub const ROOMS: usize = device::world::ROOMS as usize;
/// Players of a room.
pub const ROOM_CAPACITY: usize = device::world::ROOM_CAPACITY as usize;
pub(crate) const PLAYERS: usize = ROOMS * ROOM_CAPACITY;

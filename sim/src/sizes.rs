//! How much there is of what both the memory and the tuning of a realm depend on.

/// Rooms of a world.
pub(crate) const ROOMS: usize = 5;
/// Members of a room.
pub(crate) const ROOM_MEMBERS: usize = 8;
/// The most bytes of a room's ring; a run may use fewer.
pub(crate) const RING_BYTES: usize = 4_096;
/// The most buffers of either kind of a server; a run may use fewer.
pub(crate) const BUFFERS: usize = 64;
/// Those who may watch a room.
pub(crate) const ROOM_SPECTATORS: usize = 2;

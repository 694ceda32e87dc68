//! `Room`: the positions of a room's ring, and the ends of its lists.

use crate::broadcast::BroadcastRing;
use crate::storage::Link;

/// Bytes of one room, without its ring's bytes.
pub const ROOM_BYTES: usize = core::mem::size_of::<Room>();

const _: () = assert!(ROOM_BYTES <= 32, "a room has grown: say why, and what it costs");

/// One room; [`RoomManager`](super::RoomManager) keeps it consistent.
#[derive(Debug)]
pub struct Room {
    pub(super) ring: BroadcastRing,
    /// The newest member.
    pub(super) first: Link,
    /// A member that has moved since the last flush.
    pub(super) first_moved: Link,
    pub(super) members: u16,
    pub(super) moved: u16,
}

impl Room {
    /// A room without members: all-zero bits.
    pub const VACANT: Self = Self {
        ring: BroadcastRing::EMPTY,
        first: Link::NONE,
        first_moved: Link::NONE,
        members: 0,
        moved: 0,
    };
}

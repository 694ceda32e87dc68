//! `Room`: the positions of a room's rings, and the ends of its lists.

use super::random::RoomRandom;
use crate::broadcast::BroadcastRings;
use crate::protocol::MemberNumber;
use crate::storage::Link;

/// Bytes of one room, without its rings' bytes.
pub const ROOM_BYTES: usize = core::mem::size_of::<Room>();

/// A second ring, and who listens to it.
const MESSAGE_RING_BYTES: usize = if cfg!(feature = "websocket") { 28 } else { 0 };

/// What it draws its random numbers from.
const RANDOM_BYTES: usize = 12;

const _: () = assert!(
    ROOM_BYTES <= 36 + RANDOM_BYTES + MESSAGE_RING_BYTES,
    "a room has grown: say why, and what it costs"
);

/// One room; [`RoomManager`](super::RoomManager) keeps it consistent.
#[derive(Debug)]
pub struct Room {
    pub(super) rings: BroadcastRings,
    /// The newest member.
    pub(super) first: Link,
    /// A member that has moved since the last flush.
    pub(super) first_moved: Link,
    pub(super) members: u16,
    pub(super) moved: u16,
    /// What the newest member is called.
    pub(super) last_number: MemberNumber,
    pub(super) random: RoomRandom,
}

impl Room {
    /// A room without members: all-zero bits.
    pub const VACANT: Self = Self {
        rings: BroadcastRings::EMPTY,
        first: Link::NONE,
        first_moved: Link::NONE,
        members: 0,
        moved: 0,
        last_number: MemberNumber::GAME,
        random: RoomRandom::UNSEEDED,
    };
}

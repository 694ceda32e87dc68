//! How long frames of a room get, and how many bytes its ring needs for them.

use super::things::StateSizes;
use crate::protocol::{EVENT_MAX_BYTES, NAME_MAX_BYTES};
use crate::wire::framing::MESSAGE_EXTRA_BYTES;
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{PacketHeader, VARINT_U16_MAX_BYTES, VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};

pub(super) const PREFIX_BYTES: usize = PacketHeader::BYTES + OPCODE_BYTES;
/// Where somebody is: three coordinates, direction.
const PLACE_MAX_BYTES: usize = 3 * VARINT_U32_MAX_BYTES + VARINT_U16_MAX_BYTES;
/// The longest member: number, uid, where it is.
pub(super) const MEMBER_MAX_BYTES: usize =
    VARINT_U16_MAX_BYTES + VARINT_U53_MAX_BYTES + PLACE_MAX_BYTES;
/// The longest frame of one member's entry.
pub const MEMBER_FRAME_MAX_BYTES: usize = PREFIX_BYTES + MEMBER_MAX_BYTES;
/// The shortest frame of one member's entry: number, uid, three coordinates and direction of a byte each.
const MEMBER_FRAME_MIN_BYTES: usize = PREFIX_BYTES + 6;
/// The longest frame of one member's move.
pub(super) const MOVE_FRAME_MAX_BYTES: usize =
    PREFIX_BYTES + VARINT_U16_MAX_BYTES + PLACE_MAX_BYTES;

/// What the frame of a member's name has besides the name: prefix, number, length.
pub(super) const NAME_FRAME_HEAD_BYTES: usize =
    PREFIX_BYTES + MESSAGE_EXTRA_BYTES + VARINT_U16_MAX_BYTES + 1;
/// The longest frame of a member's name.
pub(super) const NAME_FRAME_MAX_BYTES: usize = NAME_FRAME_HEAD_BYTES + NAME_MAX_BYTES;

/// The most bytes of a room's ring. A member's number comes again after as many entries at the least as
/// there are numbers that nobody holds; while a ring has room for fewer, no cursor can stand in what was
/// said of its former holder.
pub const ROOM_RING_MAX_BYTES: usize = 1 << 19;
/// The most members of a room: the longest ring still has [`ring_min_bytes`] for them.
pub const ROOM_CAPACITY_MAX: usize =
    (ROOM_RING_MAX_BYTES - 2 * EVENT_RING_BYTES) / MOVE_FRAME_MAX_BYTES;

const _: () = assert!(
    ROOM_RING_MAX_BYTES / MEMBER_FRAME_MIN_BYTES + ROOM_CAPACITY_MAX < u16::MAX as usize,
    "a member's number could come again while a ring still tells of who had it"
);

/// What a snapshot's page has besides its members: prefix, pages and members left, missed events,
/// the number of members.
pub(super) const PAGE_HEAD_MAX_BYTES: usize =
    PREFIX_BYTES + MESSAGE_EXTRA_BYTES + 2 * VARINT_U16_MAX_BYTES + VARINT_U32_MAX_BYTES + 1;
/// The longest frame that says that somebody is away: prefix, number.
pub(super) const AWAY_FRAME_MAX_BYTES: usize =
    PREFIX_BYTES + MESSAGE_EXTRA_BYTES + VARINT_U16_MAX_BYTES;
/// The longest frame of one event: prefix, the sender's own number and number in the room, kind, length,
/// data.
pub const EVENT_FRAME_MAX_BYTES: usize =
    PREFIX_BYTES + VARINT_U32_MAX_BYTES + 3 * VARINT_U16_MAX_BYTES + EVENT_MAX_BYTES;

/// What the longest event takes of a ring.
const EVENT_RING_BYTES: usize = EVENT_FRAME_MAX_BYTES + MESSAGE_EXTRA_BYTES;

/// The least bytes of a room's ring for `members`: all of them move and one says the most, twice,
/// because a frame that does not fit the end of a lap wastes that end.
pub const fn ring_min_bytes(members: usize) -> usize {
    ring_min_bytes_for(members, EVENT_MAX_BYTES, StateSizes::NONE)
}

/// [`ring_min_bytes`] for a game whose messages have up to `message_max_bytes`, and with these states, each of
/// which changes.
pub const fn ring_min_bytes_for(
    members: usize,
    message_max_bytes: usize,
    states: StateSizes,
) -> usize {
    let longest = longest_frame_bytes(message_max_bytes) + MESSAGE_EXTRA_BYTES;
    let changes = members * MOVE_FRAME_MAX_BYTES + states.ring_bytes(members);
    (changes + 2 * longest).next_power_of_two()
}

/// The longest frame that a room's ring takes: an event's, or a game's longer message.
pub(super) const fn longest_frame_bytes(message_max_bytes: usize) -> usize {
    let message = PREFIX_BYTES + message_max_bytes;
    if message > EVENT_FRAME_MAX_BYTES { message } else { EVENT_FRAME_MAX_BYTES }
}

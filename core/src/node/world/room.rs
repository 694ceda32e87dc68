//! `Room`: the positions of a room's rings, and the ends of its lists.

#[cfg(feature = "rooms")]
use super::label::RoomLabel;
use super::random::RoomRandom;
#[cfg(feature = "things")]
use super::things::STATE_FRAME_MAX_BYTES;
use crate::broadcast::BroadcastRings;
#[cfg(feature = "things")]
use crate::broadcast::{FrameClass, RingBytes};
use crate::protocol::MemberNumber;
#[cfg(feature = "things")]
use crate::protocol::{Message, encode_frame};
use crate::storage::Link;

/// Bytes of one room, without its rings' bytes.
pub const ROOM_BYTES: usize = core::mem::size_of::<Room>();

/// A second ring, and who listens to it.
const MESSAGE_RING_BYTES: usize = if cfg!(feature = "websocket") { 28 } else { 0 };

/// What it draws its random numbers from.
const RANDOM_BYTES: usize = 12;
/// How many states have changed.
const STATE_BYTES: usize = if cfg!(feature = "things") { 4 } else { 0 };
/// The list of its spectators.
const SPECTATOR_BYTES: usize = if cfg!(feature = "names") { 4 } else { 0 };

/// Its name, and what else there is to know of it.
const LABEL_BYTES: usize =
    if cfg!(feature = "rooms") { 224 + OPTIONS_BYTES + MOVED_BYTES } else { 0 };
/// The world that it has come from.
const MOVED_BYTES: usize = if cfg!(feature = "moving") { 4 } else { 0 };
/// What it was opened with.
const OPTIONS_BYTES: usize = if cfg!(feature = "saves") { 130 } else { 0 };

const _: () = assert!(
    ROOM_BYTES
        <= 36 + LABEL_BYTES + RANDOM_BYTES + MESSAGE_RING_BYTES + SPECTATOR_BYTES + STATE_BYTES,
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
    /// Of the members, those who are away.
    pub(super) away: u16,
    /// What the newest member is called.
    pub(super) last_number: MemberNumber,
    pub(super) random: RoomRandom,
    #[cfg(feature = "rooms")]
    pub(super) label: RoomLabel,
    /// Things that a flush has to tell.
    #[cfg(feature = "things")]
    pub(super) changed_things: u16,
    /// Members whose states a flush has to tell.
    #[cfg(feature = "things")]
    pub(super) changed_members: u16,
    /// The newest spectator.
    #[cfg(feature = "names")]
    pub(super) first_spectator: Link,
    #[cfg(feature = "names")]
    pub(super) spectators: u16,
}

impl Room {
    /// A room without members: all-zero bits.
    pub const VACANT: Self = Self {
        rings: BroadcastRings::EMPTY,
        first: Link::NONE,
        first_moved: Link::NONE,
        members: 0,
        moved: 0,
        away: 0,
        last_number: MemberNumber::GAME,
        random: RoomRandom::UNSEEDED,
        #[cfg(feature = "rooms")]
        label: RoomLabel::VACANT,
        #[cfg(feature = "things")]
        changed_things: 0,
        #[cfg(feature = "things")]
        changed_members: 0,
        #[cfg(feature = "names")]
        first_spectator: Link::NONE,
        #[cfg(feature = "names")]
        spectators: 0,
    };

    /// The list that somebody of this number is in, and how long it is.
    pub(super) const fn list_of(&mut self, number: MemberNumber) -> (&mut Link, &mut u16) {
        #[cfg(feature = "names")]
        if number.0 == MemberNumber::GAME.0 {
            return (&mut self.first_spectator, &mut self.spectators);
        }
        let _ = number;
        (&mut self.first, &mut self.members)
    }

    /// Appends a state for everyone. If the ring can't take it, every member gets a snapshot.
    #[cfg(feature = "things")]
    pub(super) fn append_state<M: Message>(
        &mut self,
        bytes: &mut RingBytes<'_>,
        room: u16,
        message: &M,
    ) {
        let encode = |out: &mut [u8]| encode_frame(message, out);
        let longest = STATE_FRAME_MAX_BYTES;
        if self.rings.append(bytes, room, FrameClass::State, longest, encode).is_err() {
            self.rings.overrun_all(bytes, room);
        }
    }

    /// How many only listen.
    pub(super) const fn spectators(&self) -> u16 {
        #[cfg(feature = "names")]
        return self.spectators;
        #[cfg(not(feature = "names"))]
        0
    }

    /// The newest of those who only listen.
    pub(super) const fn first_spectator(&self) -> Link {
        #[cfg(feature = "names")]
        return self.first_spectator;
        #[cfg(not(feature = "names"))]
        Link::NONE
    }
}

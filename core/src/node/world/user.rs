//! `WorldUser`: a member of a room.

use super::super::Names;
use super::super::uid_table::HasUid;
#[cfg(feature = "inputs")]
use super::inputs::heard::Heard;
#[cfg(feature = "mains")]
use super::mains::Claimant;
use super::seat::Seat;
use crate::broadcast::Cursor;
#[cfg(feature = "log")]
use crate::node::visit::Visit;
#[cfg(feature = "mains")]
use crate::protocol::ClaimNumber;
#[cfg(feature = "moving")]
use crate::protocol::WorldId;
use crate::protocol::{Direction, MemberNumber, MemberState, Position, Uid};
use crate::session::SessionKey;
#[cfg(feature = "log")]
use crate::session::TokenBucket;
use crate::session::held_packets::HeldPackets;
use crate::storage::{Key, Link, Slot, Vacant};

/// Names one member for as long as it is in its room.
pub type UserKey = Key<WorldUser>;

/// Bytes of one member in its table.
pub const USER_SLOT_BYTES: usize = core::mem::size_of::<Slot<WorldUser>>();

/// How much of the room's states it is owed.
const STATE_BYTES: usize = if cfg!(feature = "things") { 4 } else { 0 };
/// Which of two rings its cursor is in.
const FRAMING_BYTES: usize = if cfg!(feature = "websocket") { 4 } else { 0 };

/// How far its room has got with its inputs.
const INPUT_BYTES: usize = if cfg!(feature = "inputs") { 8 } else { 0 };

/// The world that its seat has come from.
const MOVED_BYTES: usize = if cfg!(feature = "moving") { 4 } else { 0 };

/// The number of its claim.
const CLAIM_BYTES: usize = if cfg!(feature = "mains") { 8 } else { 0 };

/// The visit that it has come by, and what the log may still say of it.
const LOG_BYTES: usize = if cfg!(feature = "log") { 6 + 8 } else { 0 };

const _: () = assert!(
    USER_SLOT_BYTES
        <= (80
            + FRAMING_BYTES
            + INPUT_BYTES
            + CLAIM_BYTES
            + MOVED_BYTES
            + STATE_BYTES
            + LOG_BYTES
            + size_of::<Names>()
            + size_of::<Seat>())
        .next_multiple_of(8),
    "a room member has grown: say why, and what it costs"
);

/// What a world remembers of somebody in a room.
#[derive(Debug)]
pub struct WorldUser {
    pub(super) number: MemberNumber,
    pub(super) uid: Uid,
    pub(super) session: SessionKey,
    pub(super) pos: Position,
    pub(super) cursor: Cursor,
    pub(super) dir: Direction,
    pub(super) room: u16,
    pub(super) next: Link,
    pub(super) previous: Link,
    pub(super) next_moved: Link,
    /// Private packets that come behind what the room has said before them, by how far its ring goes first.
    pub(super) held: HeldPackets,
    /// What it is called.
    pub(super) names: Names,
    /// One more than the next of its room's states to send it; 0 if it has them all.
    #[cfg(feature = "things")]
    pub(super) states_owed_from: u32,
    #[cfg(feature = "inputs")]
    pub(super) inputs: Heard,
    /// It has moved since the last flush, and is in its room's list of those.
    pub(super) has_moved: bool,
    /// It gets the whole room before anything else: it is new, or has fallen behind.
    pub(super) needs_snapshot: bool,
    pub(super) seat: Seat,
    /// The highest number that its user was claimed under here.
    #[cfg(feature = "mains")]
    pub(super) claim: ClaimNumber,
    /// The link of the Main that has spoken by it.
    #[cfg(feature = "mains")]
    pub(super) claimant: Claimant,
    /// What the log calls the hello that it has come by.
    #[cfg(feature = "log")]
    pub(super) visit: Visit,
    /// How many lines about it there may be.
    #[cfg(feature = "log")]
    pub(super) lines: TokenBucket,
    /// The world that its seat has come from, until it has come itself.
    #[cfg(feature = "moving")]
    pub(super) moved_from: Option<WorldId>,
}

impl WorldUser {
    /// The next of its room's states that it is to be sent, if it lacks any.
    #[cfg(feature = "things")]
    pub(super) const fn next_state(&self) -> Option<u32> {
        self.states_owed_from.checked_sub(1)
    }

    /// It lacks the states from this one on; none if it has them all.
    #[cfg(feature = "things")]
    pub(super) fn lacks_states_from(&mut self, next: Option<u32>) {
        self.states_owed_from = next.map_or(0, |next| next.saturating_add(1));
    }

    /// Where it is, as others see it.
    pub const fn state(&self) -> MemberState {
        MemberState { number: self.number, uid: self.uid, pos: self.pos, dir: self.dir }
    }

    /// Whether it only listens: then it has no number.
    pub const fn is_spectator(&self) -> bool {
        cfg!(feature = "names") && self.number.0 == MemberNumber::GAME.0
    }

    /// What it is called.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The room that it is in.
    pub const fn room(&self) -> u16 {
        self.room
    }

    /// Whether its connection is lost, and its seat held.
    pub fn is_away(&self) -> bool {
        self.session == Key::DANGLING
    }

    /// The session that it is reached by; dangling while it is away.
    pub const fn session(&self) -> SessionKey {
        self.session
    }
}

impl Vacant for WorldUser {
    const VACANT: Self = Self {
        number: MemberNumber::GAME,
        uid: Uid::NOBODY,
        session: Key::DANGLING,
        pos: Position::ORIGIN,
        cursor: Cursor::VACANT,
        dir: Direction(0),
        room: 0,
        next: Link::NONE,
        previous: Link::NONE,
        next_moved: Link::NONE,
        held: HeldPackets::NONE,
        names: Names::NONE,
        #[cfg(feature = "things")]
        states_owed_from: 0,
        #[cfg(feature = "inputs")]
        inputs: Heard::NOTHING,
        has_moved: false,
        needs_snapshot: false,
        seat: Seat::VACANT,
        #[cfg(feature = "mains")]
        claim: ClaimNumber(0),
        #[cfg(feature = "mains")]
        claimant: Claimant::NOBODY,
        #[cfg(feature = "log")]
        visit: Visit::NONE,
        #[cfg(feature = "log")]
        lines: TokenBucket::FULL,
        #[cfg(feature = "moving")]
        moved_from: None,
    };
}

impl HasUid for WorldUser {
    fn uid(&self) -> Uid {
        self.uid
    }
}

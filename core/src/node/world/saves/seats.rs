//! The seats of a room in its state: who was in it, and where.
//!
//! ```text
//!   ┌────────┬───────────┬───────┬─────────────────────┬───────────────────┐
//!   │ length │ its label │ count │ count × a seat      │ what its game has │
//!   │ 1      │           │ 2     │ uid 8, pos 12, dir 2│ written           │
//!   └────────┴───────────┴───────┴─────────────────────┴───────────────────┘
//! ```
//! All numbers are little-endian. A room without a name has no label, and a game that holds no seats
//! has none here.

use super::super::Game;
use super::super::room_manager::RoomManager;
use super::super::seat::HOLDS;
use super::super::user::WorldUser;
#[cfg(feature = "rooms")]
use super::labels::LABEL_MAX_BYTES;
#[cfg(not(feature = "rooms"))]
use super::unlabelled::LABEL_MAX_BYTES;
use crate::protocol::{Direction, MemberNumber, MemberState, Position, Uid};

const COUNT_BYTES: usize = 2;
const SEAT_BYTES: usize = 8 + 12 + 2;

/// Whether a game's seats outlast its world.
pub(in super::super) const fn are_kept<G: Game>() -> bool {
    HOLDS && G::HOLD_MS > 0
}

/// Bytes of the state of a room of this game with so many members; none if its rooms are not kept.
pub const fn state_bytes<G: Game>(members: usize) -> usize {
    let seats = if are_kept::<G>() { members * SEAT_BYTES } else { 0 };
    let head = 1 + LABEL_MAX_BYTES + COUNT_BYTES;
    if G::ROOM_SAVE_BYTES == 0 { 0 } else { head + seats + G::ROOM_SAVE_BYTES }
}

fn written(user: &WorldUser) -> [u8; SEAT_BYTES] {
    let MemberState { uid, pos, dir, .. } = user.state();
    let numbers = [pos.x, pos.y, pos.z].into_iter().flat_map(i32::to_le_bytes);
    let bytes = uid.0.to_le_bytes().into_iter().chain(numbers).chain(dir.0.to_le_bytes());
    let mut seat = [0; SEAT_BYTES];
    seat.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    seat
}

fn read(seat: &[u8; SEAT_BYTES]) -> Option<MemberState> {
    let (uid, rest) = seat.split_first_chunk()?;
    let (x, rest) = rest.split_first_chunk()?;
    let (y, rest) = rest.split_first_chunk()?;
    let (z, dir) = rest.split_first_chunk()?;
    let [x, y, z] = [x, y, z].map(|bytes| i32::from_le_bytes(*bytes));
    let dir = Direction(u16::from_le_bytes(*dir.first_chunk()?));
    let uid = Uid(u64::from_le_bytes(*uid));
    // The room gives the number.
    Some(MemberState { number: MemberNumber::GAME, uid, pos: Position { x, y, z }, dir })
}

/// What stands before the game's bytes in a state.
pub(super) struct Head<'s> {
    pub(super) label: &'s [u8],
    seats: &'s [u8],
}

impl<'s> Head<'s> {
    /// `None` if it is no state.
    pub(super) fn of(state: &'s [u8]) -> Option<Self> {
        let (length, rest) = state.split_first()?;
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        let (count, rest) = rest.split_first_chunk::<COUNT_BYTES>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        let seats = rest.get(..count.checked_mul(SEAT_BYTES)?)?;
        Some(Self { label, seats })
    }

    /// Its length.
    pub(super) const fn bytes(&self) -> usize {
        1 + self.label.len() + COUNT_BYTES + self.seats.len()
    }

    pub(super) fn seats(&self) -> impl Iterator<Item = MemberState> + use<'s> {
        self.seats.as_chunks::<SEAT_BYTES>().0.iter().filter_map(read)
    }
}

impl RoomManager<'_> {
    /// Writes the label and the seats of a room into the place of its state, and answers where the game's bytes begin:
    /// behind them there is room for all that the game may write. `None` if there is no room for them.
    pub(in super::super) fn write_head<G: Game>(&mut self, room: u16) -> Option<usize> {
        let most = self.saves.state_place(room).len().saturating_sub(G::ROOM_SAVE_BYTES);
        let label = self.write_label(room)?;
        // The rest of a label's place is not for seats.
        let most = most.saturating_sub(LABEL_MAX_BYTES.saturating_sub(label));
        let start = 1 + label;
        let (mut count, mut end) = (0_u16, start + COUNT_BYTES);
        let mut next = self.member_keys(room).next().filter(|_| are_kept::<G>());
        while let Some(user) = next.and_then(|key| self.users.get(key)) {
            next = user.next.index().and_then(|index| self.users.key_at(index));
            let seat = written(user);
            let place = self.saves.state_place(room).get_mut(..most);
            let place = place.and_then(|place| place.get_mut(end..)?.first_chunk_mut());
            let Some(place) = place else { break };
            *place = seat;
            (count, end) = (count + 1, end + SEAT_BYTES);
        }
        let place = self.saves.state_place(room);
        if let Some(length) = place.first_mut() {
            *length = label as u8;
        }
        if let Some(place) = place.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *place = count.to_le_bytes();
        }
        Some(end)
    }
}

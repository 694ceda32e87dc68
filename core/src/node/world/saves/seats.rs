//! The seats of a room in its state: who was in it, and where.
//!
//! ```text
//!   ┌───────┬─────────────────────┬───────────────────┐
//!   │ count │ count × a seat      │ what its game has │
//!   │ 2     │ uid 8, pos 12, dir 2│ written           │
//!   └───────┴─────────────────────┴───────────────────┘
//! ```
//! All numbers are little-endian. A game that holds no seats has none here.

use super::super::Game;
use super::super::room_manager::RoomManager;
use super::super::seats::HOLDS;
use super::super::user::WorldUser;
use crate::protocol::{Direction, MemberNumber, MemberState, Position, Uid};

const COUNT_BYTES: usize = 2;
const SEAT_BYTES: usize = 8 + 12 + 2;

/// Whether a game's seats outlast its world.
const fn are_kept<G: Game>() -> bool {
    HOLDS && G::HOLD_MS > 0
}

/// Bytes of the state of a room of this game with so many members; none if its rooms are not kept.
pub const fn state_bytes<G: Game>(members: usize) -> usize {
    let seats = if are_kept::<G>() { members * SEAT_BYTES } else { 0 };
    if G::ROOM_SAVE_BYTES == 0 { 0 } else { COUNT_BYTES + seats + G::ROOM_SAVE_BYTES }
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

/// The seats at the beginning of a state, and where the game's bytes begin; `None` if it is none.
pub(super) fn seats_in(state: &[u8]) -> Option<(impl Iterator<Item = MemberState>, usize)> {
    let (count, rest) = state.split_first_chunk::<COUNT_BYTES>()?;
    let count = usize::from(u16::from_le_bytes(*count));
    let seats = rest.get(..count.checked_mul(SEAT_BYTES)?)?;
    let seats = seats.as_chunks::<SEAT_BYTES>().0.iter().filter_map(read);
    Some((seats, COUNT_BYTES + count * SEAT_BYTES))
}

impl RoomManager<'_> {
    /// Writes the seats of a room into the place of its state, and answers where the game's bytes begin: behind them
    /// there is room for all that the game may write.
    pub(super) fn write_seats<G: Game>(&mut self, room: u16) -> usize {
        let most = self.saves.state_place(room).len().saturating_sub(G::ROOM_SAVE_BYTES);
        let (mut count, mut end) = (0_u16, COUNT_BYTES);
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
        if let Some(place) = self.saves.state_place(room).first_chunk_mut() {
            *place = count.to_le_bytes();
        }
        end
    }
}

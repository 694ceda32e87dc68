//! The states of rooms: who waits to be kept, and what the store has.
//!
//! ```text
//!            changed            handed out             done
//!   Nothing ─────────► Save ─────────────► Nothing, outside ─────► Nothing
//!      │                 │ closed, or nothing to keep        │ failed: as if it had never been kept
//!      └───────────► Forget ─────────────► …                 └─► the next round keeps it again
//! ```
//! One state of a room is outside at a time, so that an older one never comes behind a newer one.

use super::book::SaveBook;
use super::room_state::{RoomState, Waiting};
use crate::stats::Count;
use crate::storage::hash_bytes;
use crate::time::Instant;

/// What is newest if the store may have anything.
const UNKNOWN: u64 = u64::MAX;

/// Differs for states that differ, but for one in 2^64; never 0.
fn digest(state: &[u8]) -> u64 {
    (u64::from(hash_bytes(1, state)) << 32 | u64::from(hash_bytes(2, state))).max(1)
}

impl SaveBook<'_> {
    /// Rooms are kept from now on, if there is where.
    pub(in super::super) fn start_rounds(&mut self, now: Instant) {
        if self.room_most > 0 && !self.rooms.is_empty() {
            self.next_round = Some(now.after_ms(self.interval_ms.max(1)));
        }
    }

    /// When states are to be looked at again.
    pub(in super::super) const fn next_deadline(&self) -> Option<Instant> {
        self.next_round
    }

    /// Changes what is known of a room.
    fn change<T>(&mut self, room: u16, change: impl FnOnce(&mut RoomState) -> T) -> Option<T> {
        let state = self.rooms.get_mut(usize::from(room))?;
        let was_ready = state.is_ready();
        let outcome = change(state);
        match (was_ready, state.is_ready()) {
            (false, true) => self.rooms_ready += 1,
            (true, false) => self.rooms_ready = self.rooms_ready.saturating_sub(1),
            _ => {}
        }
        Some(outcome)
    }

    /// Whether the store has to do with this room.
    pub(in super::super) fn is_kept(&self, room: u16) -> bool {
        self.rooms.get(usize::from(room)).is_some_and(|state| state.is_kept)
    }

    /// Where the state of a room is written before [`SaveBook::note_state`].
    pub(in super::super) fn state_place(&mut self, room: u16) -> &mut [u8] {
        let start = usize::from(room) * self.room_most;
        let place =
            self.room_bytes.get_mut(start..).and_then(|rest| rest.get_mut(..self.room_most));
        place.unwrap_or_default()
    }

    /// What stands in the place of a room's state, from there on, so many bytes.
    #[cfg(feature = "moving")]
    pub(in super::super) fn state_at(
        &self,
        room: u16,
        start: usize,
        bytes: usize,
    ) -> Option<&[u8]> {
        let place = usize::from(room) * self.room_most;
        let place = self.room_bytes.get(place..)?.get(..self.room_most)?;
        place.get(start..)?.get(..bytes)
    }

    /// Jobs of the room that are under way.
    #[cfg(feature = "moving")]
    pub(in super::super) fn in_flight(&self, room: u16) -> u16 {
        self.rooms.get(usize::from(room)).map_or(0, |state| state.in_flight)
    }

    /// Whether the store has nothing of the room, and nothing is on its way there.
    #[cfg(feature = "moving")]
    pub(in super::super) fn is_forgotten(&self, room: u16) -> bool {
        let is_known = |state: &RoomState| {
            state.is_kept || state.is_outside || state.waiting != Waiting::Nothing
        };
        !self.rooms.get(usize::from(room)).is_some_and(is_known)
    }

    /// The states of rooms are looked at as soon as may be.
    #[cfg(feature = "moving")]
    pub(in super::super) fn hasten(&mut self, now: Instant) {
        if self.next_round.is_some() {
            self.next_round = Some(now);
        }
    }

    /// The state of a room is what stands in its place now, so many bytes; none for nothing to keep.
    pub(in super::super) fn note_state(&mut self, room: u16, bytes: usize) {
        let state = self.state_place(room).get(..bytes);
        let newest = state.filter(|state| !state.is_empty()).map_or(0, digest);
        self.change(room, |state| {
            if state.newest == newest {
                return;
            }
            (state.newest, state.bytes) = (newest, bytes as u16);
            state.waiting = match newest {
                0 if state.is_kept => Waiting::Forget,
                0 => Waiting::Nothing,
                _ => Waiting::Save,
            };
        });
    }

    /// The store has a state of the room.
    pub(super) fn note_kept(&mut self, room: u16) {
        self.change(room, |state| {
            state.newest = UNKNOWN;
            state.is_kept = true;
        });
    }

    /// The room is no more: what it has asked is carried out, and its state forgotten.
    #[cfg_attr(
        not(any(test, feature = "rooms")),
        expect(dead_code, reason = "without names rooms stay open")
    )]
    pub(in super::super) fn close_room(&mut self, room: u16) {
        self.note_state(room, 0);
        self.change(room, |state| {
            state.opening = state.opening.wrapping_add(1);
            state.records = 0;
        });
    }

    /// The next room whose state is on its way, which is in `out` then: so many bytes of it; none to forget it.
    pub(super) fn start_state(&mut self, out: &mut [u8]) -> Option<(u16, usize)> {
        if self.rooms_ready == 0 {
            return None;
        }
        let (behind, before) = self.rooms.split_at_checked(usize::from(self.look_at))?;
        let found = before.iter().position(RoomState::is_ready);
        let room = match found {
            Some(place) => usize::from(self.look_at) + place,
            None => behind.iter().position(RoomState::is_ready)?,
        } as u16;
        self.look_at = room + 1;
        let bytes = self.change(room, |state| {
            let bytes = if state.waiting == Waiting::Save { usize::from(state.bytes) } else { 0 };
            (state.waiting, state.is_outside, state.is_kept) = (Waiting::Nothing, true, bytes > 0);
            bytes
        })?;
        if let (Some(state), Some(out)) =
            (self.state_place(room).get(..bytes), out.get_mut(..bytes))
        {
            out.copy_from_slice(state);
        }
        self.stats.handed_out.count();
        Some((room, bytes))
    }

    /// The state of a room that was outside is kept, or is not: then the next round keeps it.
    pub(super) fn finish_state(&mut self, room: u16, is_done: bool) {
        self.change(room, |state| {
            state.is_outside = false;
            if !is_done {
                // What the store has is not known.
                state.is_kept = true;
                if state.waiting == Waiting::Nothing {
                    state.newest = UNKNOWN;
                }
            }
        });
    }

    /// Whether anything waits, or is outside.
    pub(super) fn is_idle(&self) -> bool {
        self.jobs.is_empty()
            && !self.rooms.iter().any(|room| room.is_outside || room.waiting != Waiting::Nothing)
    }
}

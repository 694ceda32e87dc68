//! A room as pieces, and pieces as a room: what a world has of it, without what its game has written.
//!
//! Contract: a block that is written again from the same [`Cut`] is the same, as long as the room stands still. Members come
//! in the order in which they came, so that their room's list is the same again.
//!
//! Bounds: O(members) to begin with them; else O(block).

use super::super::room_manager::RoomManager;
use super::super::seat::Seat;
use super::super::things::State;
use super::super::timers::{RoomTimers, TimerId};
use super::super::user::{UserKey, WorldUser};
use super::super::{Game, RoomRandom};
use super::piece::{
    BlockWriter, Head, MemberPiece, PIECES_VERSION, Piece, StatePiece, ThingPiece, TimerPiece,
};
use crate::node::Names;
use crate::protocol::{Bytes, ErrorCode, MemberNumber, ROOM_BLOCK_BYTES, Text, WorldId};
use crate::session::SessionManager;
use crate::storage::{Key, Link, Vacant};
use crate::time::Instant;
use crate::wire::{Framing, Full};

/// Where a block begins.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    /// With what the room is.
    Head,
    /// With this byte of what its game has written.
    State(u16),
    /// With this thing, or the next one that is there.
    Thing(u16),
    /// With this timer, or the next one that is armed.
    Timer(u16),
    /// With this member.
    Member(Link),
    /// Behind all.
    End,
}

/// Where what the game has written stands, of the place of its room's state.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Written {
    pub(super) start: u16,
    pub(super) bytes: u16,
}

/// What a block is written from, besides the room.
pub(super) struct Frozen<'f, 'a> {
    pub(super) sessions: &'f SessionManager<'a>,
    pub(super) now: Instant,
    pub(super) timers: RoomTimers,
    pub(super) room: u16,
    pub(super) written: Written,
}

impl RoomManager<'_> {
    /// Writes the next block, and answers how long it is and where the one behind it begins.
    pub(super) fn write_block<G: Game>(
        &self,
        frozen: &Frozen<'_, '_>,
        mut cut: Cut,
        out: &mut [u8],
    ) -> (Cut, usize) {
        let mut block = BlockWriter::new(out);
        while let Ok(next) = self.add_piece::<G>(frozen, cut, &mut block) {
            cut = next;
            if cut == Cut::End {
                break;
            }
        }
        (cut, block.written())
    }

    /// Adds what stands at `cut`, and answers what comes next.
    fn add_piece<G: Game>(
        &self,
        frozen: &Frozen<'_, '_>,
        cut: Cut,
        block: &mut BlockWriter<'_>,
    ) -> Result<Cut, Full> {
        let room = frozen.room;
        Ok(match cut {
            Cut::Head => {
                block.add(&Piece::Head(self.head_of::<G>(frozen).ok_or(Full)?))?;
                Cut::State(0)
            }
            Cut::State(at) if at >= frozen.written.bytes => Cut::Thing(0),
            Cut::State(at) => {
                let left = usize::from(frozen.written.bytes - at);
                let bytes = left.min(block.free().saturating_sub(STATE_PIECE_HEAD_BYTES));
                let start = usize::from(frozen.written.start) + usize::from(at);
                let part = self.saves.state_at(room, start, bytes);
                let part = part.filter(|part| !part.is_empty()).and_then(Bytes::new);
                block.add(&Piece::State(StatePiece { bytes: part.ok_or(Full)? }))?;
                Cut::State(at + bytes as u16)
            }
            Cut::Thing(id) if usize::from(id) >= self.states.sizes().things => Cut::Timer(0),
            Cut::Thing(id) => {
                if let Some(State { kind, data }) = self.states.thing(room, id) {
                    block.add(&Piece::Thing(ThingPiece { id, kind, data }))?;
                }
                Cut::Thing(id + 1)
            }
            Cut::Timer(id) => {
                let Some(timer) = frozen.timers.timer(TimerId(id)) else {
                    return Ok(cut_at_member(self.oldest_member(room)));
                };
                if let Some(at) = frozen.sessions.due_at(timer) {
                    block.add(&Piece::Timer(TimerPiece { id, ms: at.ms_since(frozen.now) }))?;
                }
                Cut::Timer(id + 1)
            }
            Cut::Member(link) => {
                let index = link.index().unwrap_or_default();
                let Some(user) = self.users.at(index) else { return Ok(Cut::End) };
                block.add(&Piece::Member(self.member_of(room, index, user)))?;
                cut_at_member(user.previous)
            }
            Cut::End => return Err(Full),
        })
    }

    fn oldest_member(&self, room: u16) -> Link {
        let oldest = self.member_keys(room).last();
        oldest.map_or(Link::NONE, |key| Link::to(key.index()))
    }

    fn head_of<G: Game>(&self, frozen: &Frozen<'_, '_>) -> Option<Head<'_>> {
        let place = self.rooms.get(usize::from(frozen.room))?;
        let label = &place.label;
        Some(Head {
            pieces_version: PIECES_VERSION,
            fingerprint: G::FINGERPRINT,
            game_version: G::VERSION,
            name: Text::truncated(&label.name),
            mode: Text::truncated(&label.mode),
            secret: Text::truncated(&label.secret),
            options: Bytes::new(&label.options).unwrap_or_default(),
            properties: label.properties(),
            capacity: label.capacity,
            kept_ms: label.kept_until.ms_since(frozen.now),
            #[cfg(feature = "mains")]
            claim: label.claim,
            #[cfg(not(feature = "mains"))]
            claim: crate::protocol::ClaimNumber(0),
            is_listed: label.is_listed,
            is_locked: label.is_locked,
            seed: place.random.seed(),
            drawn: place.random.drawn(),
            last_number: place.last_number,
            members: place.members,
            state_bytes: frozen.written.bytes,
        })
    }

    fn member_of<'r>(&'r self, room: u16, index: u16, user: &'r WorldUser) -> MemberPiece<'r> {
        let state = self.states.of_member(index);
        let missed = self.rooms.get(usize::from(room));
        MemberPiece {
            number: user.number,
            uid: user.uid,
            pos: user.pos,
            dir: user.dir,
            account: Text::truncated(user.names.account()),
            nickname: Text::truncated(user.names.nickname()),
            #[cfg(feature = "mains")]
            claim: user.claim,
            #[cfg(not(feature = "mains"))]
            claim: crate::protocol::ClaimNumber(0),
            missed_events: missed.map_or(0, |place| place.rings.counted_since(&user.cursor)),
            has_state: state.is_some(),
            kind: state.map_or(0, |state| state.kind),
            state: state.map_or(Bytes::EMPTY, |state| state.data),
        }
    }

    /// Takes on what a room is, once it is open.
    pub(super) fn take_head(&mut self, now: Instant, room: u16, head: &Head<'_>, from: WorldId) {
        let Some(place) = self.rooms.get_mut(usize::from(room)) else { return };
        place.random = RoomRandom::behind(head.seed, head.drawn);
        place.last_number = head.last_number;
        let label = &mut place.label;
        label.properties =
            heapless::Vec::from_slice(head.properties.as_slice()).unwrap_or_default();
        label.is_locked = head.is_locked;
        label.kept_until = now.after_ms(head.kept_ms);
        label.moved_from = Some(from);
        #[cfg(feature = "mains")]
        {
            label.claim = head.claim;
        }
    }

    /// Seats somebody as it was, away, under the number that it had.
    pub(super) fn seat_moved(
        &mut self,
        now: Instant,
        room: u16,
        piece: &MemberPiece<'_>,
        (hold_ms, from): (u32, WorldId),
    ) -> Result<UserKey, ErrorCode> {
        let &MemberPiece { number, uid, pos, dir, .. } = piece;
        if self.users.find(uid).is_some() {
            return Err(ErrorCode::BUSY);
        }
        if !self.has_place(room) {
            return Err(ErrorCode::FULL);
        }
        let has_number = |key| self.users.get(key).is_some_and(|user| user.number == number);
        if number == MemberNumber::GAME || self.member_keys(room).any(has_number) {
            return Err(ErrorCode::MALFORMED);
        }
        let place = self.rooms.get_mut(usize::from(room)).ok_or(ErrorCode::FULL)?;
        let cursor = place.rings.enter_behind(Framing::Stream, piece.missed_events);
        let mut user = WorldUser {
            number,
            uid,
            pos,
            dir,
            room,
            cursor,
            session: Key::DANGLING,
            needs_snapshot: true,
            names: Names::new(piece.account, piece.nickname),
            seat: Seat::VACANT,
            moved_from: Some(from),
            ..WorldUser::VACANT
        };
        user.seat.hold(now, hold_ms);
        #[cfg(feature = "mains")]
        {
            user.claim = piece.claim;
        }
        place.away += 1;
        let Ok(key) = self.users.insert(user) else {
            place.away -= 1;
            return Err(ErrorCode::FULL);
        };
        self.link_member(room, key);
        Ok(key)
    }
}

fn cut_at_member(link: Link) -> Cut {
    if link.is_none() { Cut::End } else { Cut::Member(link) }
}

/// What a piece of what the game has written has besides the bytes.
const STATE_PIECE_HEAD_BYTES: usize = 1 + if ROOM_BLOCK_BYTES < 1 << 14 { 2 } else { 3 };

impl RoomManager<'_> {
    /// Whether all members that are connected have got what their room has said.
    pub(super) fn have_all_heard(&self, room: u16) -> bool {
        let Some(place) = self.rooms.get(usize::from(room)) else { return true };
        let present = self.member_keys(room).filter_map(|key| self.users.get(key));
        present.filter(|user| !user.is_away()).all(|user| {
            let end = place.rings.end(&user.cursor);
            !user.needs_snapshot && place.rings.has_given(&self.rings, room, &user.cursor, end)
        })
    }
}

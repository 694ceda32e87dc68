//! Fan-out: how what a room says reaches its members.
//!
//! A flush encodes each moved member once, publishes the ring and marks the members ready. Each is
//! then transmitted the window between its cursor and the published end; one whose transport is
//! full is passed over until it takes bytes again, and one that the ring has overtaken gets a
//! snapshot of the present state, with the number of events that it has missed.

use super::super::BroadcastTaken;
use super::frame_sizes::{
    AWAY_FRAME_MAX_BYTES, MEMBER_MAX_BYTES, MOVE_FRAME_MAX_BYTES, PAGE_HEAD_MAX_BYTES,
};
use super::room_manager::RoomManager;
use super::seat::HOLDS;
use super::user::UserKey;
use crate::broadcast::{Advanced, FrameClass, Window};
use crate::protocol::world_to_client::{
    EventBroadcast, MoveBroadcast, RoomSnapshot, UserAway, UserBack, UserEntered,
};
use crate::protocol::{
    MemberNumber, MemberState, SNAPSHOT_PAGE_MEMBERS, SendError, encode_frame, take,
};
use crate::session::{SessionKey, SessionManager};
use crate::stats::Count;
use crate::time::Instant;
use crate::wire::opcode::GAME;
use crate::wire::{Frame, Full};

/// How long what found no buffers waits, at least.
pub(super) const RETRY_MS: u32 = 10;

/// What has become of a snapshot.
pub(super) enum Snapshot {
    Sent,
    /// It waits.
    NoBuffers,
    /// This session does not take it.
    Lost(SessionKey),
}

impl RoomManager<'_> {
    /// When the next flush is due.
    pub const fn next_flush(&self) -> Option<Instant> {
        self.next_flush
    }

    /// Whether input has to wait for a flush.
    pub const fn must_flush_first(&self) -> bool {
        self.must_flush
    }

    pub(super) fn flush_by(&mut self, at: Instant) {
        self.next_flush = Some(self.next_flush.map_or(at, |earlier| earlier.min(at)));
    }

    /// Publishes every dirty room, if it is time.
    #[inline]
    pub(super) fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'_>) {
        if !self.must_flush && self.next_flush.is_none_or(|at| at > now) {
            return;
        }
        self.next_flush = None;
        self.must_flush = false;
        while let Some(room) = self.dirty.pop() {
            self.flush_room(room, sessions);
        }
    }

    pub(super) fn flush_room(&mut self, room: u16, sessions: &mut SessionManager<'_>) {
        let moves = self.append_moves(room);
        self.append_states(room);
        let Some(place) = self.rooms.get_mut(usize::from(room)) else {
            return;
        };
        let frames = u64::from(place.rings.unpublished_frames());
        place.rings.publish();
        self.stats.flushes += 1;
        let listeners = u64::from(place.members - place.away) + u64::from(place.spectators());
        self.stats.deliveries += (frames * listeners).saturating_sub(moves);
        for first in [place.first, place.first_spectator()] {
            let mut link = first;
            while let Some(user) = link.index().and_then(|index| self.users.at_mut(index)) {
                link = user.next;
                user.needs_snapshot |= place.rings.is_overrun(&self.rings, room, &user.cursor);
                sessions.mark_ready_unless_blocked(user.session);
            }
        }
    }

    /// Encodes the newest move of each member that has moved, and answers how many.
    fn append_moves(&mut self, room: u16) -> u64 {
        let Some(place) = self.rooms.get_mut(usize::from(room)) else {
            return 0;
        };
        let bytes = &mut self.rings;
        let mut moves = 0;
        while let Some(user) = place.first_moved.index().and_then(|index| self.users.at_mut(index))
        {
            let message = MoveBroadcast { number: user.number, pos: user.pos, dir: user.dir };
            let encode = |out: &mut [u8]| encode_frame(&message, out);
            let rings = &mut place.rings;
            match rings.append(bytes, room, FrameClass::State, MOVE_FRAME_MAX_BYTES, encode) {
                Ok(positions) => rings.leave_out(bytes, room, &mut user.cursor, positions),
                Err(Full) => rings.overrun_all(bytes, room),
            }
            user.has_moved = false;
            place.first_moved = user.next_moved;
            place.moved -= 1;
            moves += 1;
        }
        moves
    }

    /// A member is about to be transmitted to: the moment for its snapshot, if it needs one.
    pub(super) fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        index: u16,
    ) {
        let Some(key) = self.users.key_at(index) else {
            return;
        };
        #[cfg(feature = "inputs")]
        self.acknowledge(now, sessions, key);
        let Some(user) = self.users.get(key) else {
            return;
        };
        if !user.needs_snapshot {
            self.send_held_if_due(sessions, index);
            self.send_states(now, sessions, index);
            return;
        }
        let room = user.room;
        // Only a settled room's state is what its ring has said; the coming flush settles it.
        if self.is_settled(room) && !self.send_snapshot(now, sessions, key) {
            self.dirty.add(room);
            self.flush_by(now.after_ms(self.flush_interval_ms.max(RETRY_MS)));
        }
    }

    fn is_settled(&self, room: u16) -> bool {
        let place = self.rooms.get(usize::from(room));
        place.is_some_and(|place| place.moved == 0 && !place.rings.has_unpublished())
    }

    /// Sends the whole room as it is; `false` if there are not buffers enough for all of it.
    pub(super) fn send_snapshot(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
    ) -> bool {
        let outcome = self.send_pages(sessions, key);
        if matches!(outcome, Snapshot::Sent) {
            self.owe_states(now, sessions, key);
        }
        if let Snapshot::Lost(session) = outcome {
            sessions.overflow(now, session);
        }
        !matches!(outcome, Snapshot::NoBuffers)
    }

    /// Not inlined: a page is the largest thing on a device's stack, and has to be gone when a session ends.
    #[inline(never)]
    fn send_pages(&mut self, sessions: &mut SessionManager<'_>, key: UserKey) -> Snapshot {
        let Some(user) = self.users.get(key) else { return Snapshot::Sent };
        let (room, session) = (user.room, user.session);
        let others = self.members(room) - u16::from(!user.is_spectator());
        let on_page = members_on_page(sessions.buffer_bytes());
        let pages = others.div_ceil(on_page as u16).max(1);
        // A page needs at most one buffer.
        let buffer_bytes = sessions.buffer_bytes();
        let behind =
            self.buffers_for_names(room, buffer_bytes) + self.away_buffers(room, buffer_bytes);
        if sessions.buffers_available() < usize::from(pages) + behind {
            return Snapshot::NoBuffers;
        }
        let missed_events = self.catch_up(key);
        self.stats.snapshots.count();
        self.stats.events_missed += u64::from(missed_events);
        let mut snapshot = RoomSnapshot {
            pages_left: pages,
            members_left: others,
            missed_events,
            members: heapless::Vec::new(),
        };
        let mut keys = self.member_keys(room).filter(|other| *other != key);
        while snapshot.pages_left > 0 {
            snapshot.pages_left -= 1;
            self.fill_page(&mut keys, on_page, &mut snapshot.members);
            if sessions.send_within(session, &snapshot, u16::MAX).is_err_and(SendError::is_loss) {
                return Snapshot::Lost(session);
            }
            snapshot.members_left -= snapshot.members.len() as u16;
        }
        if let lost @ Snapshot::Lost(_) = self.send_names(sessions, room, session) {
            return lost;
        }
        if HOLDS && self.send_away(sessions, room, session).is_err_and(SendError::is_loss) {
            return Snapshot::Lost(session);
        }
        if let Some(user) = self.users.get_mut(key) {
            // The snapshot stands for what was to go first.
            sessions.send_held(session, &mut user.held);
        }
        Snapshot::Sent
    }

    /// How many buffers the names of those who are away take at most, behind a snapshot.
    fn away_buffers(&self, room: u16, buffer_bytes: u16) -> usize {
        let place = self.rooms.get(usize::from(room)).filter(|_| HOLDS);
        let away = place.map_or(0, |room| usize::from(room.away));
        away.div_ceil((usize::from(buffer_bytes) / AWAY_FRAME_MAX_BYTES).max(1))
    }

    /// Names those who are away, behind a snapshot.
    fn send_away(
        &self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
    ) -> Result<(), SendError> {
        if self.away_buffers(room, u16::MAX) == 0 {
            return Ok(());
        }
        let members = self.member_keys(room).filter_map(|key| self.users.get(key));
        for user in members.filter(|user| user.is_away()) {
            sessions.send_within(session, &UserAway { number: user.number }, u16::MAX)?;
        }
        Ok(())
    }

    /// Puts the next members onto a page, in place: a copy of it is half of a device's stack. Pushed
    /// one by one: collecting into a bounded vector could panic, and here the linker would not see
    /// that it never does.
    fn fill_page(
        &self,
        keys: &mut impl Iterator<Item = UserKey>,
        on_page: usize,
        page: &mut heapless::Vec<MemberState, SNAPSHOT_PAGE_MEMBERS>,
    ) {
        page.clear();
        for key in keys.take(on_page) {
            if let Some(user) = self.users.get(key) {
                // There is room for all that are taken.
                let _ = page.push(user.state());
            }
        }
    }

    /// Puts a member's cursor at the published end, and answers how many events it has missed.
    fn catch_up(&mut self, key: UserKey) -> u32 {
        let Some(user) = self.users.get_mut(key) else {
            return 0;
        };
        let Some(place) = self.rooms.get(usize::from(user.room)) else {
            return 0;
        };
        user.needs_snapshot = false;
        let missed = place.rings.counted_since(&user.cursor);
        place.rings.catch_up(&mut user.cursor);
        missed
    }

    /// The broadcast bytes that a member has still to get.
    #[inline]
    pub(super) fn window(&self, index: u16) -> [&[u8]; 3] {
        let Some(user) = self.users.at(index).filter(|user| !user.needs_snapshot) else {
            return [&[]; 3];
        };
        let Some(place) = self.rooms.get(usize::from(user.room)) else {
            return [&[]; 3];
        };
        // What is held for it goes between what was said before and later.
        let window = match user.held.first_until() {
            None => place.rings.window(&self.rings, user.room, &user.cursor),
            Some(until) => place.rings.window_until(&self.rings, user.room, &user.cursor, until),
        };
        match window {
            Window::Slices(slices) => slices,
            // Whatever overran the cursor waits for a flush, and that flush will see it.
            Window::Nothing | Window::Overrun => [&[]; 3],
        }
    }

    /// A member's transport has taken bytes of its window.
    #[inline]
    pub(super) fn advance(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        session: SessionKey,
        index: u16,
        taken: BroadcastTaken,
    ) {
        let Some(user) = self.users.at_mut(index) else {
            return;
        };
        let Some(place) = self.rooms.get(usize::from(user.room)) else {
            return;
        };
        let (room, number) = (user.room, user.number);
        // While something is held, not all of the window was offered.
        let offered = if user.held.is_empty() { taken.offered } else { usize::MAX };
        let taken = (taken.bytes, offered);
        let class = |frame: Frame<'_>| classify(frame, number);
        let advanced = place.rings.advance(&self.rings, room, &mut user.cursor, taken, class);
        if let Advanced::Cut(rest) = advanced {
            sessions.keep_cut_frame(now, session, rest);
        }
        self.send_held_if_due(sessions, index);
        self.send_states(now, sessions, index);
    }
}

/// How many members one page has, so that it fits a buffer of a node's pool.
const fn members_on_page(buffer_bytes: u16) -> usize {
    let room = (buffer_bytes as usize).saturating_sub(PAGE_HEAD_MAX_BYTES);
    match room / MEMBER_MAX_BYTES {
        0 => 1,
        members if members > SNAPSHOT_PAGE_MEMBERS => SNAPSHOT_PAGE_MEMBERS,
        members => members,
    }
}

/// What a frame of a room's ring is to the member that is called `number`.
fn classify(frame: Frame<'_>, number: MemberNumber) -> FrameClass {
    let of = match frame.opcode {
        EventBroadcast::OPCODE => return FrameClass::Counted,
        opcode if GAME.server_to_client.contains(opcode) => return FrameClass::Counted,
        // All begin with the number.
        MoveBroadcast::OPCODE | UserEntered::OPCODE | UserBack::OPCODE => take(frame.payload),
        _ => None,
    };
    if of == Some(number) { FrameClass::Own } else { FrameClass::State }
}

//! Spectators, and what members are called.
//!
//! Spectators are in the room's second list: a flush is for both lists, everything else is for the members' alone.
//! They have no number, so nothing can be said of them. Each room has so many of their places, which are none of
//! the members'. Names stand behind entries in the ring, and behind snapshots, so that a member's state stays small.
//! All of it is the cargo feature `names`.

pub(super) mod places;

use super::super::Names;
use super::fan_out::Snapshot;
use super::frame_sizes::{NAME_FRAME_HEAD_BYTES, NAME_FRAME_MAX_BYTES};
use super::membership::MemberKeys;
use super::room_manager::RoomManager;
use super::user::{UserKey, WorldUser};
use crate::protocol::world_to_client::MemberName;
use crate::protocol::{SendError, Text, Uid};
use crate::session::{SessionKey, SessionManager};
use crate::stats::Count;
use crate::storage::{Link, Vacant};
use crate::time::Instant;
use crate::wire::Full;

impl<'a> RoomManager<'a> {
    /// Spectators in all rooms.
    pub const fn spectators(&self) -> usize {
        self.gallery.taken()
    }

    /// The first room without a name that takes one more spectator. O(rooms).
    pub(super) fn room_with_view(&self) -> Option<u16> {
        (0..self.rooms() as u16).find(|room| self.takes_anyone(*room) && self.has_view(*room))
    }

    /// Whether one more may watch `room`.
    pub(super) fn has_view(&self, room: u16) -> bool {
        let there = self.rooms.get(usize::from(room)).map(super::Room::spectators);
        there.is_some_and(|there| there < self.gallery.most()) && !self.users.is_full()
    }

    /// The keys of a room's spectators, newest first.
    pub(super) fn spectator_keys(&self, room: u16) -> MemberKeys<'_, 'a> {
        let first =
            self.rooms.get(usize::from(room)).map_or(Link::NONE, super::Room::first_spectator);
        MemberKeys { manager: self, next: first }
    }

    /// Lets somebody listen to `room`: like [`enter`](Self::enter), but nobody is told.
    ///
    /// # Errors
    /// [`Full`] if there is no place.
    pub(super) fn watch(
        &mut self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        (uid, session): (Uid, SessionKey),
        names: Names,
    ) -> Result<UserKey, Full> {
        if !self.has_view(room) {
            return Err(Full);
        }
        self.flush_room(room, sessions);
        let place = self.rooms.get_mut(usize::from(room)).ok_or(Full)?;
        let cursor = place.rings.enter(sessions.framing(session));
        let user = WorldUser {
            uid,
            session,
            room,
            cursor,
            needs_snapshot: true,
            names,
            ..WorldUser::VACANT
        };
        let key = self.users.insert(user).map_err(|_| Full)?;
        self.link_member(room, key);
        self.gallery.enter();
        self.stats.joined.count();
        Ok(key)
    }

    /// Tells the room what somebody who has come in is called, if it is called anything.
    pub(super) fn announce_name(&mut self, now: Instant, key: UserKey) {
        if self.users.get(key).is_some_and(|user| !user.names.shown().is_empty()) {
            self.announce_renaming(now, key);
        }
    }

    /// Tells the room what a member is called from now on; an empty name is none.
    pub(super) fn announce_renaming(&mut self, now: Instant, key: UserKey) {
        if !cfg!(feature = "names") {
            return;
        }
        let Some(user) = self.users.get(key) else { return };
        let (room, number, names) = (user.room, user.number, user.names.clone());
        let name = Text::truncated(names.shown());
        self.append_or_resync(now, room, &MemberName { number, name });
    }

    /// How many buffers the names of all members of `room` need at most.
    pub(super) fn buffers_for_names(&self, room: u16, buffer_bytes: u16) -> usize {
        if !cfg!(feature = "names") {
            return 0;
        }
        let names = self.member_keys(room).filter_map(|key| self.users.get(key));
        let lengths = names.map(|user| user.names.shown().len()).filter(|bytes| *bytes > 0);
        let needed: usize = lengths.map(|bytes| NAME_FRAME_HEAD_BYTES + bytes).sum();
        // A frame that does not fit the rest of a buffer begins another.
        let used = usize::from(buffer_bytes).saturating_sub(NAME_FRAME_MAX_BYTES);
        needed.div_ceil(used.max(1))
    }

    /// Tells somebody what the members of its room are called, itself among them.
    pub(super) fn send_names(
        &self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
    ) -> Snapshot {
        if !cfg!(feature = "names") {
            return Snapshot::Sent;
        }
        let members = self.member_keys(room).filter_map(|key| self.users.get(key));
        for user in members.filter(|user| !user.names.shown().is_empty()) {
            let name = Text::truncated(user.names.shown());
            let message = MemberName { number: user.number, name };
            if sessions.send_within(session, &message, u16::MAX).is_err_and(SendError::is_loss) {
                return Snapshot::Lost(session);
            }
        }
        Snapshot::Sent
    }
}

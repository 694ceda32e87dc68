//! Entering and leaving: how somebody becomes a member of a room, and ceases to be one.
//!
//! Purpose: a room's members are a doubly linked list through the table of users, newest first; this keeps the list,
//! the members' numbers, and what the others are told of who comes and goes.
//!
//! Contract: a number is nobody else's while its member is there. Whoever enters has a cursor behind all that was
//! said before; whoever leaves is told of behind its last move.
//!
//! Bounds: leaving is O(1); entering looks for a free number, O(members).

use super::super::Names;
use super::room_manager::RoomManager;
use super::seat::Seat;
use super::user::{UserKey, WorldUser};
use crate::protocol::world_to_client::{UserEntered, UserLeft};
use crate::protocol::{MemberNumber, MemberState, Message};
use crate::session::{SessionKey, SessionManager};
use crate::stats::Count;
use crate::storage::{Link, Vacant};
use crate::time::Instant;
use crate::wire::Full;

impl<'a> RoomManager<'a> {
    /// The keys of a room's members, newest first.
    pub(super) fn member_keys(&self, room: u16) -> MemberKeys<'_, 'a> {
        let first = self.rooms.get(usize::from(room)).map_or(Link::NONE, |room| room.first);
        MemberKeys { manager: self, next: first }
    }

    /// Puts somebody into `room`. What the room has said before is published first, so that the
    /// newcomer's snapshot and what it gets afterwards fit exactly: snapshot it, then
    /// [`RoomManager::announce_entry`].
    ///
    /// # Errors
    /// [`Full`] if there is no place.
    pub(super) fn enter(
        &mut self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
        member: MemberState,
        names: Names,
    ) -> Result<UserKey, Full> {
        if !self.has_place(room) {
            return Err(Full);
        }
        self.flush_room(room, sessions);
        let number = self.next_number(room).ok_or(Full)?;
        let place = self.rooms.get_mut(usize::from(room)).ok_or(Full)?;
        place.last_number = number;
        let mut seat = Seat::VACANT;
        seat.take_from(sessions.address(session).unwrap_or_default().group());
        let user = WorldUser {
            number,
            uid: member.uid,
            session,
            pos: member.pos,
            dir: member.dir,
            room,
            cursor: place.rings.enter(sessions.framing(session)),
            needs_snapshot: true,
            names,
            seat,
            ..WorldUser::VACANT
        };
        let key = self.users.insert(user).map_err(|_| Full)?;
        self.link_member(room, key);
        self.stats.joined.count();
        Ok(key)
    }

    /// The next number in turn that no member has. O(members), and more only where the turn has come round to
    /// those who have stayed for it.
    fn next_number(&self, room: u16) -> Option<MemberNumber> {
        let mut number = self.rooms.get(usize::from(room))?.last_number.next();
        for _ in 0..=self.members(room) {
            let has_it = |key| self.users.get(key).is_some_and(|user| user.number == number);
            if !self.member_keys(room).any(has_it) {
                return Some(number);
            }
            number = number.next();
        }
        None
    }

    pub(super) fn link_member(&mut self, room: u16, key: UserKey) {
        let number = self.users.get(key).map_or(MemberNumber::GAME, |user| user.number);
        let Some(place) = self.rooms.get_mut(usize::from(room)) else {
            return;
        };
        let (first, count) = place.list_of(number);
        let next = core::mem::replace(first, Link::to(key.index()));
        *count += 1;
        if let Some(user) = self.users.get_mut(key) {
            user.next = next;
        }
        if let Some(after) = next.index().and_then(|index| self.users.at_mut(index)) {
            after.previous = Link::to(key.index());
        }
    }

    /// Tells the others that somebody is there, and what it is called.
    pub(super) fn announce_entry(&mut self, now: Instant, key: UserKey) {
        if let Some(member) = self.users.get(key).map(WorldUser::state) {
            self.tell_others(now, key, &UserEntered { member });
            self.announce_name(now, key);
        }
    }

    /// Tells the others of its room something about a member, which [`classify`](super::fan_out) knows for its own.
    pub(super) fn tell_others<M: Message>(&mut self, now: Instant, key: UserKey, message: &M) {
        let Some(room) = self.users.get(key).map(|user| user.room) else {
            return;
        };
        let Some(position) = self.append_or_resync(now, room, message) else {
            return;
        };
        if let (Some(place), Some(user)) =
            (self.rooms.get(usize::from(room)), self.users.get_mut(key))
        {
            place.rings.leave_out(&self.rings, room, &mut user.cursor, position);
        }
    }

    /// Takes somebody out of its room, and tells the others: its last move, then its leaving. Moves
    /// are appended by a flush only, which publishes them: cursors leave out published frames.
    pub(super) fn leave(
        &mut self,
        sessions: &mut SessionManager<'_>,
        now: Instant,
        key: UserKey,
    ) -> Option<WorldUser> {
        let room = self.users.get(key)?.room;
        if self.users.get(key)?.has_moved {
            self.flush_room(room, sessions);
        }
        let mut user = self.users.remove(key)?;
        sessions.send_held(user.session, &mut user.held);
        self.forget_member_state(room, key.index());
        let place = self.rooms.get_mut(usize::from(room))?;
        place.away -= u16::from(user.is_away());
        place.rings.leave(&user.cursor);
        let (first, count) = place.list_of(user.number);
        *count -= 1;
        match user.previous.index().and_then(|index| self.users.at_mut(index)) {
            Some(before) => before.next = user.next,
            None => *first = user.next,
        }
        if let Some(after) = user.next.index().and_then(|index| self.users.at_mut(index)) {
            after.previous = user.previous;
        }
        if user.is_spectator() {
            self.gallery.leave();
        } else {
            self.append_or_resync(now, room, &UserLeft { number: user.number });
        }
        self.stats.left.count();
        Some(user)
    }
}

/// Rooms that [stand still](super::standing).
impl RoomManager<'_> {
    /// Whether this one does.
    #[inline]
    pub(super) fn stands_still(&self, room: u16) -> bool {
        self.standing.is_leaving(room) || self.standing.is_coming(room)
    }

    /// Whether it is not open here yet: nobody may hear of it.
    #[inline]
    pub(super) fn is_coming(&self, room: u16) -> bool {
        self.standing.is_coming(room)
    }

    /// Whether the input of the member in this slot has to wait.
    pub(super) fn holds_input_of(&self, index: u16) -> bool {
        self.users.at(index).is_some_and(|user| self.standing.is_leaving(user.room))
    }
}

/// The keys of a room's members, newest first.
pub(super) struct MemberKeys<'r, 'a> {
    pub(super) manager: &'r RoomManager<'a>,
    pub(super) next: Link,
}

impl Iterator for MemberKeys<'_, '_> {
    type Item = UserKey;

    fn next(&mut self) -> Option<UserKey> {
        let index = self.next.index()?;
        self.next = self.manager.users.at(index)?.next;
        self.manager.users.key_at(index)
    }
}

//! How states reach members: changes by the ring, all of them behind a snapshot.

use super::super::room_manager::RoomManager;
use super::super::user::UserKey;
use super::table::Change;
use super::{State, StateError};
use crate::protocol::world_to_client::{MemberExtra, StateComplete, ThingPut, ThingRemoved};
use crate::protocol::{Message, SendError};
use crate::session::{SessionKey, SessionManager};
use crate::time::Instant;

impl RoomManager<'_> {
    pub(in super::super) fn put_thing(
        &mut self,
        now: Instant,
        room: u16,
        id: u16,
        state: State<'_>,
    ) -> Result<(), StateError> {
        let is_new = self.states.put_thing(room, id, state)?;
        self.thing_changed(now, room, is_new);
        Ok(())
    }

    pub(super) fn remove_thing(
        &mut self,
        now: Instant,
        room: u16,
        id: u16,
    ) -> Result<(), StateError> {
        let is_new = self.states.remove_thing(room, id)?;
        self.thing_changed(now, room, is_new);
        Ok(())
    }

    fn thing_changed(&mut self, now: Instant, room: u16, is_new: bool) {
        if is_new && let Some(place) = self.rooms.get_mut(usize::from(room)) {
            place.changed_things += 1;
            self.touch(now, room);
        }
    }

    pub(in super::super) fn put_member_state(
        &mut self,
        now: Instant,
        key: UserKey,
        state: State<'_>,
    ) -> Result<(), StateError> {
        let room = self.users.get(key).ok_or(StateError::Unknown)?.room;
        let is_new = self.states.put_member(key.index(), state)?;
        if is_new && let Some(place) = self.rooms.get_mut(usize::from(room)) {
            place.changed_members += 1;
            self.touch(now, room);
        }
        Ok(())
    }

    /// A member's state goes with it.
    pub(in super::super) fn forget_member_state(&mut self, room: u16, index: u16) {
        if self.states.forget_member(index)
            && let Some(place) = self.rooms.get_mut(usize::from(room))
        {
            place.changed_members = place.changed_members.saturating_sub(1);
        }
    }

    /// The room is given back: the next one begins without things. Nobody is told.
    #[cfg_attr(
        not(feature = "rooms"),
        expect(dead_code, reason = "only rooms that are opened close")
    )]
    pub(in super::super) fn forget_things(&mut self, room: u16) {
        self.states.forget_things(room);
        if let Some(place) = self.rooms.get_mut(usize::from(room)) {
            place.changed_things = 0;
        }
    }

    /// What the changes of a room that are not told yet take of its ring.
    #[inline]
    pub(in super::super) fn changes_bytes(&self, room: u16) -> usize {
        self.rooms.get(usize::from(room)).map_or(0, |place| {
            let (things, members) = (place.changed_things, place.changed_members);
            self.states.sizes().changes_bytes(things.into(), members.into())
        })
    }

    /// Appends the newest state of whatever has changed.
    #[inline]
    pub(in super::super) fn append_states(&mut self, room: u16) {
        if self.rooms.get(usize::from(room)).is_some_and(|place| place.changed_things > 0) {
            self.append_things(room);
        }
        if self.rooms.get(usize::from(room)).is_some_and(|place| place.changed_members > 0) {
            self.append_member_states(room);
        }
    }

    fn append_things(&mut self, room: u16) {
        let Some(place) = self.rooms.get_mut(usize::from(room)) else { return };
        for id in 0..self.states.sizes().things as u16 {
            if place.changed_things == 0 {
                return;
            }
            let Some(change) = self.states.take_thing_change(room, id) else { continue };
            place.changed_things -= 1;
            match change {
                Change::Put(State { kind, data }) => {
                    place.append_state(&mut self.rings, room, &ThingPut { id, kind, data });
                }
                Change::Removed => place.append_state(&mut self.rings, room, &ThingRemoved { id }),
            }
        }
    }

    fn append_member_states(&mut self, room: u16) {
        let Some(place) = self.rooms.get_mut(usize::from(room)) else { return };
        let mut link = place.first;
        while let Some((index, user)) =
            link.index().and_then(|index| Some((index, self.users.at(index)?)))
        {
            link = user.next;
            if let Some(Change::Put(State { kind, data })) = self.states.take_member_change(index) {
                let message = MemberExtra { number: user.number, kind, data };
                place.append_state(&mut self.rings, room, &message);
            }
        }
        place.changed_members = 0;
    }

    /// A member has been sent a snapshot: it gets all states anew.
    pub(in super::super) fn owe_states(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
    ) {
        if self.states.sizes().is_none() {
            return;
        }
        if let Some(user) = self.users.get_mut(key) {
            user.lacks_states_from(Some(0));
        }
        self.send_states(now, sessions, key.index());
    }

    /// Sends a member the next of the states that it is owed, if it has got all that its room has said: so none of
    /// them is older than what it has, and what comes behind it in the ring is none older.
    #[inline]
    pub(in super::super) fn send_states(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        index: u16,
    ) {
        let Some(user) = self.users.at(index) else { return };
        let Some(from) = user.next_state() else { return };
        let (room, session) = (user.room, user.session);
        let Some(place) = self.rooms.get(usize::from(room)) else { return };
        let end = place.rings.end(&user.cursor);
        let has_heard = place.rings.has_given(&self.rings, room, &user.cursor, end);
        if user.needs_snapshot || !user.held.is_empty() || !has_heard {
            // It goes on when that is given.
            return;
        }
        let next = self.send_states_from(sessions, room, session, from);
        if let Some(user) = self.users.at_mut(index) {
            user.lacks_states_from(next);
        }
        if next.is_some() {
            self.dirty.add(room);
            self.flush_by(
                now.after_ms(self.flush_interval_ms.max(super::super::fan_out::RETRY_MS)),
            );
        }
    }

    /// Sends states as long as there are buffers, and answers where to go on, if there are more.
    fn send_states_from(
        &self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
        from: u32,
    ) -> Option<u32> {
        let things = self.states.sizes().things as u32;
        let users = self.users.table().capacity() as u32;
        for next in from..things + users {
            let sent = match next.checked_sub(things) {
                None => self.send_thing(sessions, room, session, next as u16),
                Some(index) => self.send_member_state(sessions, room, session, index as u16),
            };
            match sent {
                Ok(()) => {}
                Err(SendError::Full) => return Some(next),
                Err(SendError::Closed | SendError::TooLong) => return None,
            }
        }
        match send_modestly(sessions, session, &StateComplete {}) {
            Err(SendError::Full) => Some(things + users),
            _ => None,
        }
    }

    fn send_thing(
        &self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
        id: u16,
    ) -> Result<(), SendError> {
        let Some(State { kind, data }) = self.states.thing(room, id) else { return Ok(()) };
        send_modestly(sessions, session, &ThingPut { id, kind, data })
    }

    fn send_member_state(
        &self,
        sessions: &mut SessionManager<'_>,
        room: u16,
        session: SessionKey,
        index: u16,
    ) -> Result<(), SendError> {
        let Some(State { kind, data }) = self.states.of_member(index) else { return Ok(()) };
        let Some(user) = self.users.at(index).filter(|user| user.room == room) else {
            return Ok(());
        };
        send_modestly(sessions, session, &MemberExtra { number: user.number, kind, data })
    }
}

/// Sends, but leaves half of what a session may have for what can't wait.
fn send_modestly<M: Message>(
    sessions: &mut SessionManager<'_>,
    session: SessionKey,
    message: &M,
) -> Result<(), SendError> {
    let most = sessions.config().send_buffers_per_session;
    sessions.send_within(session, message, most.div_ceil(2))
}

//! Telling one member something behind what its room has said.
//!
//! A session's private packets go before its ring. Where that would turn round what a game says, the packet is
//! [held](crate::session::held_packets), with the position of the ring that goes first: what a game tells one
//! member, and the refusal of an event. Until then the member gets the ring up to there and no further; then the
//! packet, or a snapshot that stands for what was to go first; then the rest. So whatever is told stands exactly
//! where it was told. If there are no buffers for that, what a game tells is `Full`; a refusal is owed, and takes what
//! is held last along.
//! Corrected moves and snapshots are state, and wait for nothing.

use super::room_manager::RoomManager;
use super::user::UserKey;
use crate::protocol::world_to_client::MoveBroadcast;
use crate::protocol::{Message, SendError, Uid};
use crate::session::SessionManager;
use crate::time::Instant;

impl RoomManager<'_> {
    /// Tells a member something, behind what its room has said so far, and before what it says later.
    ///
    /// # Errors
    /// [`SendError`]; nothing is told then.
    pub(super) fn tell<M: Message>(
        &mut self,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
        message: &M,
    ) -> Result<(), SendError> {
        let user = self.users.get_mut(key).ok_or(SendError::Closed)?;
        let place = self.rooms.get(usize::from(user.room)).ok_or(SendError::Closed)?;
        let end = place.rings.end(&user.cursor);
        let has_heard = place.rings.has_given(&self.rings, user.room, &user.cursor, end);
        if user.held.is_empty() && has_heard {
            return sessions.send(user.session, message);
        }
        sessions.hold(user.session, &mut user.held, end, message)
    }

    /// What is held for a member last will be told no earlier than what its room has said by now.
    fn put_off_held(&mut self, sessions: &mut SessionManager<'_>, key: UserKey) {
        let Some(user) = self.users.get_mut(key) else {
            return;
        };
        if let Some(place) = self.rooms.get(usize::from(user.room)) {
            sessions.put_off_held(&mut user.held, place.rings.end(&user.cursor));
        }
    }

    /// Tells a member where it is itself: at once, or with how far its inputs were heard.
    pub(super) fn tell_place(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
    ) {
        #[cfg(feature = "inputs")]
        if self.owes_place(now, key) {
            return;
        }
        let Some(user) = self.users.get(key) else {
            return;
        };
        let message = MoveBroadcast { number: user.number, pos: user.pos, dir: user.dir };
        sessions.send_or_close(now, user.session, &message);
    }

    /// Refuses something of a member's, behind what its room has said; one that does not take what it is owed is
    /// closed.
    pub(super) fn tell_or_close<M: Message>(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
        message: &M,
    ) {
        let Some(session) = self.users.get(key).map(|user| user.session) else {
            return;
        };
        let mut told = self.tell(sessions, key, message);
        if told == Err(SendError::Full) {
            self.put_off_held(sessions, key);
            told = self.tell(sessions, key, message);
        }
        if told == Err(SendError::Full) {
            sessions.overflow(now, session);
        }
    }

    /// Sends what is held for a member, as far as it has got what goes first.
    #[inline]
    pub(super) fn send_held_if_due(&mut self, sessions: &mut SessionManager<'_>, index: u16) {
        let Some(user) = self.users.at_mut(index) else {
            return;
        };
        let Some(place) = self.rooms.get(usize::from(user.room)) else {
            return;
        };
        while let Some(until) = user.held.first_until()
            && place.rings.has_given(&self.rings, user.room, &user.cursor, until)
        {
            sessions.send_first_held(user.session, &mut user.held);
        }
    }

    /// Sends what is held for somebody who will hear no more of its room.
    pub(super) fn send_held(&mut self, sessions: &mut SessionManager<'_>, uid: Uid) {
        if let Some(user) = self.users.find(uid).and_then(|key| self.users.get_mut(key)) {
            sessions.send_held(user.session, &mut user.held);
        }
    }
}

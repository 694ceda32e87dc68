//! Telling one member something behind what its room has said.
//!
//! A session's private packets go before its ring. Where that would turn round what a game says, the packet is
//! held, with the position of the ring that goes first: what a game tells one member, and the refusal of an
//! event. Until then the member gets the ring up to there and no further; then the packet, or a snapshot that
//! stands for what was to go first; then the rest. One position is kept a member: the newest. So a packet never
//! comes before what was said before it, and behind what was said later only if more is told behind that.
//! Corrected moves and snapshots are state, and wait for nothing.

use super::room_manager::RoomManager;
use super::user::UserKey;
use crate::protocol::world_to_client::MoveBroadcast;
use crate::protocol::{Message, SendError, Uid};
use crate::session::SessionManager;
use crate::time::Instant;

impl RoomManager<'_> {
    /// Tells a member something, behind what its room has said so far.
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
        user.held_until = end;
        sessions.hold(user.session, &mut user.held, message)
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

    /// [`RoomManager::tell`]; a member that does not take what it is owed is closed.
    pub(super) fn tell_or_close<M: Message>(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
        message: &M,
    ) {
        let session = self.users.get(key).map(|user| user.session);
        if self.tell(sessions, key, message) == Err(SendError::Full)
            && let Some(session) = session
        {
            sessions.overflow(now, session);
        }
    }

    /// Sends what is held for a member, if it has got what goes first.
    #[inline]
    pub(super) fn send_held_if_due(&mut self, sessions: &mut SessionManager<'_>, index: u16) {
        let Some(user) = self.users.at_mut(index).filter(|user| !user.held.is_empty()) else {
            return;
        };
        let Some(place) = self.rooms.get(usize::from(user.room)) else {
            return;
        };
        if place.rings.has_given(&self.rings, user.room, &user.cursor, user.held_until) {
            sessions.send_held(user.session, &mut user.held);
        }
    }

    /// Sends what is held for somebody who will hear no more of its room.
    pub(super) fn send_held(&mut self, sessions: &mut SessionManager<'_>, uid: Uid) {
        if let Some(user) = self.users.find(uid).and_then(|key| self.users.get_mut(key)) {
            sessions.send_held(user.session, &mut user.held);
        }
    }
}

//! What worlds are to be told: kept with the users, and sent as each link takes it.
//!
//! Contract: a world's link is never closed for what users ask, however long it takes nothing. Whom a world is
//! to expect or to let go is written down with the user, and said when there is room, in rounds through the
//! directory: a detach before the attach that follows it. What users ask has half of the link; the other
//! half is for answers to what the world says. A user who is gone stays in the directory until every
//! world has been told.
//!
//! Bounds: a bit for each user and world. A round costs O(users), and begins only when a link was full.

use super::directory::{EntryKey, Place};
use super::registry::{WORLD_COUNT_MAX, WorldKey, world_bit};
use super::rooms::RoomState;
use super::{Authenticator, Main};
use crate::node::Context;
use crate::protocol::main_to_world::{
    AttachUser, DetachUser, Registered, RoomClaimed, UserClaimed,
};
use crate::protocol::{ClaimNumber, ErrorCode, Message, OwnedWish, Text, Uid, Wish, WishKind};
use crate::session::{SessionKey, SessionManager};
use crate::storage::Link;

impl<'a, A: Authenticator> Main<'a, A> {
    /// The world is to let go of the user.
    pub(super) fn ask_to_detach(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        reason: ErrorCode,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        // Who is to leave a room is not let stay for a ticket's sake.
        if user.detaches == 0 || reason != ErrorCode::GOODBYE {
            user.detach_reason = reason;
        }
        user.detaches |= world_bit(world);
        self.tell_or_wait(cx.sessions, key, world);
    }

    /// The world is to expect the user: the present attempt.
    pub(super) fn ask_to_attach(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
    ) {
        self.tell_or_wait(cx.sessions, key, world);
    }

    /// At once, if nobody has waited for longer.
    fn tell_or_wait(&mut self, sessions: &mut SessionManager<'a>, key: EntryKey, world: WorldKey) {
        let Some(entry) = self.worlds.get(world) else { return };
        let is_full = !entry.owed_from.is_none() || !self.tell_of(sessions, world, key.index());
        if let Some(entry) = self.worlds.get_mut(world).filter(|_| is_full) {
            entry.owes_more = true;
            if entry.owed_from.is_none() {
                entry.owed_from = Link::to(0);
            }
        }
    }

    /// Tells a world what it is owed, as much as its link takes now. O(users) if that is anything.
    pub(super) fn tell_world(&mut self, sessions: &mut SessionManager<'a>, world: WorldKey) {
        while let Some(entry) = self.worlds.get_mut(world)
            && let Some(index) = entry.owed_from.index()
        {
            if usize::from(index) >= self.users.capacity() {
                let owes_more = core::mem::take(&mut entry.owes_more);
                entry.owed_from = if owes_more { Link::to(0) } else { Link::NONE };
                continue;
            }
            if !self.tell_of(sessions, world, index) {
                return;
            }
            if let Some(entry) = self.worlds.get_mut(world) {
                entry.owed_from = Link::to(index + 1);
            }
        }
        if let Some(entry) = self.worlds.get_mut(world).filter(|entry| entry.lists_again) {
            entry.lists_again = !tell(sessions, entry.session, &Registered {});
        }
        self.tell_drain_order(sessions, world);
        self.tell_world_of_mains(sessions, world);
    }

    /// Tells a world what it is owed about one user; `false` if the link has no room for it.
    fn tell_of(&mut self, sessions: &mut SessionManager<'a>, world: WorldKey, index: u16) -> bool {
        let Some(link) = self.worlds.get(world).map(|world| world.session) else { return true };
        let Some(key) = self.users.key_at(index) else { return true };
        let wish = self.wish_at_world(key);
        let room = self.rooms.get(self.room_of_user(key));
        let room_claim = room.map_or(ClaimNumber(0), |room| room.claim);
        let Some(user) = self.users.get_mut(key) else { return true };
        let (uid, reason) = (user.uid, user.detach_reason);
        if user.detaches & world_bit(world) != 0 {
            let claim =
                if reason == ErrorCode::STALE_CLAIM { user.newer_claim } else { ClaimNumber(0) };
            if !tell_claim(sessions, link, uid, claim.max(user.claim)) {
                return false;
            }
            // With a newer claim all is said.
            if reason != ErrorCode::STALE_CLAIM
                && !tell(sessions, link, &DetachUser { uid, reason })
            {
                return false;
            }
            user.detaches &= !world_bit(world);
        }
        if user.place == Place::Attaching(world) && !user.is_asked {
            if !tell_claim(sessions, link, uid, user.claim) {
                return false;
            }
            let attach = AttachUser {
                uid,
                key_id: user.key_id,
                handshake_key: user.handshake_key,
                ttl_ms: self.config.attach_ttl_ms,
                attempt: user.attempt,
                account: Text::truncated(user.names.account()),
                nickname: Text::truncated(user.names.nickname()),
                wish: wish.as_wish(),
            };
            user.room_claim = room_claim;
            user.is_asked =
                tell_room_claim(sessions, link, room_claim) && tell(sessions, link, &attach);
            return user.is_asked;
        }
        self.remove_if_gone(sessions, key);
        true
    }

    /// What the world of the present attempt is told of the user's wish: the room that was chosen. If nobody has chosen
    /// one, it is the world where the user has its seat, which knows the room, or chooses itself; it opens none by a name that
    /// is reserved for nobody: another world may have that, or get it meanwhile.
    fn wish_at_world(&self, key: EntryKey) -> OwnedWish {
        let Some(user) = self.users.get(key) else { return OwnedWish::ANY };
        let wish = self.rooms.wish(user.wish);
        let Some(room) = self.rooms.get(user.room) else {
            let is_named = !wish.name.as_str().is_empty();
            let kind = if is_named { WishKind::NAMED } else { wish.kind };
            return Wish { kind, ..wish }.into();
        };
        let is_any = wish.kind == WishKind::ANY;
        // Whoever has not said a name opens a room only for itself: not again, as it likes, the one of others.
        let is_reserved = matches!(room.state, RoomState::Opening(_));
        let is_named = !wish.name.as_str().is_empty();
        let kind = if is_named || is_reserved { wish.kind } else { WishKind::NAMED };
        Wish { kind, name: room.line().name, is_listed: wish.is_listed || is_any, ..wish }.into()
    }

    /// A world is to let go of somebody for whom there is no place here to remember it. If it can't be told
    /// so now, it names its users again. One that fences claims would not hear of it without one, and would say again that it is there.
    pub(super) fn turn_away(
        &mut self,
        sessions: &mut SessionManager<'a>,
        world: WorldKey,
        uid: Uid,
        reason: ErrorCode,
    ) {
        let Some(entry) = self.worlds.get_mut(world).filter(|_| !self.claims.is_used()) else {
            return;
        };
        entry.lists_again |= sessions.send(entry.session, &DetachUser { uid, reason }).is_err();
    }

    /// Somebody who is here only because a world is still to be told gives way; that world names its users
    /// again when it takes something. `false` if there is nobody. O(users) while a link is full.
    pub(super) fn forget_debts(&mut self, sessions: &mut SessionManager<'a>) -> bool {
        if self.worlds.iter().all(|(_, world)| world.owed_from.is_none()) {
            return false;
        }
        let gone = self.users.iter().find(|(_, user)| {
            user.place == Place::Outside && user.detaches != 0 && !sessions.is_open(user.session)
        });
        let Some(key) = gone.map(|(key, _)| key) else { return false };
        self.leave_debts_to_lists(key);
        self.remove_user(sessions, key);
        true
    }

    /// What worlds are still to be told of this user shows when they name their users again.
    pub(super) fn leave_debts_to_lists(&mut self, key: EntryKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        let detaches = core::mem::take(&mut user.detaches);
        for index in 0..WORLD_COUNT_MAX as u16 {
            let Some(world) = self.worlds.key_at(index) else { continue };
            if let Some(entry) = self.worlds.get_mut(world) {
                entry.lists_again |= detaches & world_bit(world) != 0;
            }
        }
    }
}

/// Which claim of the user is spoken for next, if there is a directory.
fn tell_claim(
    sessions: &mut SessionManager<'_>,
    link: SessionKey,
    uid: Uid,
    claim: ClaimNumber,
) -> bool {
    claim.0 == 0 || tell(sessions, link, &UserClaimed { uid, claim })
}

/// What the name of the next room is claimed under, if there is a directory.
fn tell_room_claim(
    sessions: &mut SessionManager<'_>,
    link: SessionKey,
    claim: ClaimNumber,
) -> bool {
    claim.0 == 0 || tell(sessions, link, &RoomClaimed { claim })
}

/// What is asked takes half of what may wait for the world at most.
pub(super) fn tell<M: Message>(
    sessions: &mut SessionManager<'_>,
    link: SessionKey,
    message: &M,
) -> bool {
    let most = sessions.config().send_buffers_per_server / 2;
    sessions.send_within(link, message, most).is_ok()
}

//! Where users are, what of that counts for their addresses, and when they are forgotten.

use super::{Authenticator, EntryKey, Main, Place, UserEntry, WORLD_COUNT_MAX, WorldKey};
use crate::node::Context;
use crate::protocol::{ErrorCode, Revision, Uid};
use crate::session::{Holding, SessionKey, SessionManager};
use crate::stats::Count;
use crate::storage::Key;

impl<'a, A: Authenticator> Main<'a, A> {
    /// Moves a user, and counts it where it is expected.
    pub(super) fn set_place(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, place: Place) {
        if !matches!(place, Place::Attached(_) | Place::Inside(_)) {
            self.leave_room(key);
        }
        let Some(user) = self.users.get_mut(key) else { return };
        let (before, took_place) = (user.place, user.takes_place());
        user.place = place;
        let absent = u16::from(user.is_absent());
        user.is_claimed = false;
        // What its world has said of its stay there is not of another one.
        let is_same_attempt = matches!((before, place), (Place::Attaching(world), Place::Attached(to)) if world == to);
        user.is_spectator &= is_same_attempt;
        user.is_held &= before.world() == place.world();
        match (before.is_ticket(), place.is_ticket()) {
            (false, true) => cx.sessions.shares_mut().hold(user.address, Holding::Ticket),
            (true, false) => cx.sessions.shares_mut().give_back(user.address, Holding::Ticket),
            _ => {}
        }
        if let Some(world) = before.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_sub(u16::from(took_place));
            world.absent = world.absent.saturating_sub(absent);
        }
        if let Some(world) = place.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_add(1);
            world.absent = world.absent.saturating_add(absent);
        }
    }

    /// A world says that the user only listens there: then it takes no place, unless it is on its way back.
    pub(super) fn set_spectator(&mut self, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        if user.place.world() == Some(world)
            && !core::mem::replace(&mut user.is_spectator, true)
            && user.place == Place::Inside(world)
            && let Some(entry) = self.worlds.get_mut(world)
        {
            entry.users = entry.users.saturating_sub(1);
        }
        self.drop_wish_if_done(key);
    }

    /// A world says that the user plays there.
    pub(super) fn set_player(&mut self, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        if user.place.world() == Some(world)
            && core::mem::take(&mut user.is_spectator)
            && user.place == Place::Inside(world)
            && let Some(entry) = self.worlds.get_mut(world)
        {
            entry.users = entry.users.saturating_add(1);
        }
    }

    /// It only listens there.
    pub(super) fn watches(&mut self, world: WorldKey, uid: Uid) {
        if let Some(key) = self.users.find(uid) {
            self.set_spectator(key, world);
        }
    }

    /// It plays there.
    pub(super) fn plays(&mut self, world: WorldKey, uid: Uid) {
        if let Some(key) = self.users.find(uid) {
            self.set_player(key, world);
        }
    }

    /// The user has another connection, or none (a dangling key); tells the one before.
    pub(super) fn set_session(&mut self, key: EntryKey, session: SessionKey) -> SessionKey {
        let Some(user) = self.users.get_mut(key) else { return Key::DANGLING };
        let was_absent = user.is_absent();
        let before = core::mem::replace(&mut user.session, session);
        let is_absent = user.is_absent();
        if let Some(world) = user.place.world().and_then(|world| self.worlds.get_mut(world)) {
            let others = world.absent.saturating_sub(u16::from(was_absent));
            world.absent = others.saturating_add(u16::from(is_absent));
        }
        before
    }

    /// A world says that somebody is inside whom Main does not know. It may be right, if Main has been
    /// restarted; so it is believed for as long as nobody needs the place.
    pub(super) fn claim_unknown(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey, uid: Uid) {
        let claimed = if self.may_claim(world) {
            self.make_room_for_user(cx);
            self.users.insert(UserEntry::new(uid, Key::DANGLING, Place::Outside)).ok()
        } else {
            None
        };
        match claimed {
            Some(key) => {
                self.claim(cx, key, world);
                // Where there are other Mains, the one that has its claim judges it: the world would not hear of it from here.
                if !self.claims.is_used() {
                    self.recheck_revocations(cx);
                }
            }
            None => {
                self.does_not_know_all_of(world);
                self.turn_away(cx.sessions, world, uid, ErrorCode::FULL);
            }
        }
    }

    /// The user is still where it was, and what it was sent back with is left alone.
    pub(super) fn stay(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        self.disarm(cx, key);
        let watches = self.users.get(key).is_some_and(|user| user.is_spectator);
        self.set_place(cx, key, Place::Inside(world));
        if watches {
            self.set_spectator(key, world);
        }
    }

    /// The user is where the world says.
    pub(super) fn claim(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        self.set_place(cx, key, Place::Inside(world));
        if let Some(user) = self.users.get_mut(key) {
            user.is_claimed = true;
            user.is_listed = true;
            user.stay_revision = Revision(0);
        }
    }

    /// A world's word keeps as many users in the realm as it has places; when Main is full, worlds have the same
    /// share.
    fn may_claim(&self, world: WorldKey) -> bool {
        let Some(claimant) = self.worlds.get(world) else { return false };
        let most = self.worlds.most_absent().map_or(0, |(_, most)| most);
        let is_within_share = !self.users.is_full() || most > claimant.absent.saturating_add(1);
        claimant.absent < claimant.capacity && is_within_share
    }

    /// Whom only a world's word keeps in the realm gives way when it is full: one of the world that has the most
    /// of them. O(users) then.
    pub(super) fn make_room_for_user(&mut self, cx: &mut Context<'_, 'a>) {
        if !self.users.is_full() || self.forget_debts(cx.sessions) {
            return;
        }
        let Some((world, _)) = self.worlds.most_absent() else { return };
        let Some(key) = self.next_absent(world) else { return };
        self.stats.displaced.count();
        // Nothing of it stays here, not even what the world is to be told.
        let uid = self.users.get(key).map_or(Uid::NOBODY, |user| user.uid);
        self.leave_debts_to_lists(key);
        self.does_not_know_all_of(world);
        self.turn_away(cx.sessions, world, uid, ErrorCode::FULL);
        if !self.claims.is_used() {
            self.settle_contest(cx, key, world, ErrorCode::FULL);
        }
        self.set_place(cx, key, Place::Outside);
        self.forget_if_gone(cx, key);
    }

    /// Somebody is there who has no place here. In a realm of several Mains it stays there: a world lets nobody go for a Main that has
    /// no claim of him.
    fn does_not_know_all_of(&mut self, world: WorldKey) {
        let is_used = self.claims.is_used();
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.has_unknown_users |= is_used;
        }
    }

    /// Somebody has come who is in no world that is known. It may be in one whose users are not all known, which has to let go before
    /// another one has it.
    pub(super) fn may_be_anywhere(&mut self, key: EntryKey) {
        let has_unknown_users = self.worlds.iter().any(|(_, world)| world.has_unknown_users);
        if let Some(user) = self.users.get_mut(key).filter(|user| user.place == Place::Outside) {
            user.is_contested |= has_unknown_users;
        }
    }

    /// Looks on from where it has found the last one; whoever has no connection to its world, either, goes first.
    fn next_absent(&mut self, world: WorldKey) -> Option<EntryKey> {
        let from = self.absent_hand;
        let indexes = (from..self.users.capacity() as u16).chain(0..from);
        let absent = indexes.filter_map(|index| {
            let user = self.users.at(index)?;
            let is_it = user.is_absent() && user.place.world() == Some(world);
            Some((self.users.key_at(index)?, user.is_held)).filter(|_| is_it)
        });
        // The first of those who come first.
        let (key, _) = absent.min_by_key(|(_, is_held)| !is_held)?;
        self.absent_hand = key.index();
        Some(key)
    }

    /// Tells every other world to let the user go, if more than one has said that it is there.
    pub(super) fn settle_contest(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        told: WorldKey,
        reason: ErrorCode,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        if !core::mem::take(&mut user.is_contested) {
            return;
        }
        let uid = user.uid;
        let is_claimed_here = user.claim.0 > 0;
        for index in 0..WORLD_COUNT_MAX as u16 {
            let Some(world) = self.worlds.key_at(index).filter(|world| *world != told) else {
                continue;
            };
            match is_claimed_here {
                true => self.ask_to_detach(cx, key, world, reason),
                false => self.turn_away(cx.sessions, world, uid, reason),
            }
        }
    }

    /// The user is in no world that Main knows of. If another one than the one that it has believed has said that
    /// it is there, it says so again. O(worlds) then.
    pub(super) fn hear_others(&mut self, key: EntryKey) {
        let user = self.users.get_mut(key).filter(|user| user.place == Place::Outside);
        if !user.is_some_and(|user| core::mem::take(&mut user.is_contested)) {
            return;
        }
        for index in 0..WORLD_COUNT_MAX as u16 {
            let world = self.worlds.key_at(index);
            if let Some(entry) = world.and_then(|world| self.worlds.get_mut(world)) {
                entry.lists_again = true;
            }
        }
    }

    /// The user's connection has ended, or another one takes its place: what it has asked for ends too.
    pub(super) fn give_up(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        self.count_guest_out(cx, key);
        let Some(user) = self.users.get(key) else { return };
        if let Place::Attached(world) = user.place {
            if user.is_there {
                // It keeps its seat, and needs no place besides.
                return self.stay(cx, key, world);
            }
            // If it has joined meanwhile, it stays: then the world says so.
            self.ask_to_detach(cx, key, world, ErrorCode::GOODBYE);
        }
    }

    /// A guest of this connection counts for its address no more.
    pub(super) fn count_guest_out(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        if core::mem::take(&mut user.is_new_guest) {
            cx.sessions.shares_mut().give_back(user.address, Holding::Guest);
        }
    }

    /// A user without a connection and without a world is not in the realm.
    pub(super) fn forget_if_gone(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        if user.place == Place::Outside && !cx.sessions.is_open(user.session) {
            self.disarm(cx, key);
            // Its connection may have ended in this very turn, and not be told of yet.
            self.leave_all_channels(cx, key);
            self.remove_if_gone(cx.sessions, key);
        }
    }

    /// Whom a world is still to let go of stays until it is told.
    pub(super) fn remove_if_gone(&mut self, sessions: &mut SessionManager<'a>, key: EntryKey) {
        let is_gone = self.users.get(key).is_some_and(|user| {
            user.place == Place::Outside && user.detaches == 0 && !sessions.is_open(user.session)
        });
        if is_gone {
            self.remove_user(sessions, key);
        }
    }

    /// The user is no more. Its connection may not be told of yet: then a guest counts for its address no more
    /// from here on.
    pub(super) fn remove_user(&mut self, sessions: &mut SessionManager<'a>, key: EntryKey) {
        let Some(user) = self.users.remove(key) else { return };
        self.claims.release(user.uid);
        self.rooms.leave(user.room);
        if user.is_new_guest {
            sessions.shares_mut().give_back(user.address, Holding::Guest);
        }
    }

    pub(super) fn client_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16, reason: ErrorCode) {
        let Some(key) = self.users.key_at(index) else { return };
        self.log_user(cx, key, format_args!("connection ended: {}", reason.name()));
        self.set_session(key, Key::DANGLING);
        if let Some(user) = self.users.get_mut(key) {
            user.wants_in = false;
        }
        self.drop_wish_if_done(key);
        self.leave_all_channels(cx, key);
        self.give_up(cx, key);
        self.forget_if_gone(cx, key);
    }
}

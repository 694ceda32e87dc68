//! Where users are, what of that counts for their addresses, and when they are forgotten.

use super::{Authenticator, EntryKey, Main, Place};
use crate::node::Context;
use crate::protocol::ErrorCode;
use crate::session::Holding;
use crate::storage::Key;

impl<'a, A: Authenticator> Main<'a, A> {
    /// Moves a user, and counts it where it is expected.
    pub(super) fn set_place(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, place: Place) {
        let Some(user) = self.users.get_mut(key) else { return };
        let before = core::mem::replace(&mut user.place, place);
        match (before.is_ticket(), place.is_ticket()) {
            (false, true) => cx.sessions.shares_mut().hold(user.address, Holding::Ticket),
            (true, false) => cx.sessions.shares_mut().give_back(user.address, Holding::Ticket),
            _ => {}
        }
        if let Some(world) = before.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_sub(1);
        }
        if let Some(world) = place.world().and_then(|world| self.worlds.get_mut(world)) {
            world.users = world.users.saturating_add(1);
        }
    }

    /// The user's connection has ended, or another one takes its place: what it has asked for ends too.
    pub(super) fn give_up(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        self.count_guest_out(cx, key);
        let Some(user) = self.users.get(key) else { return };
        if let Place::Attached(world) = user.place {
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
            self.users.remove(key);
        }
    }

    pub(super) fn client_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(key) = self.users.key_at(index) else { return };
        if let Some(user) = self.users.get_mut(key) {
            user.session = Key::DANGLING;
            user.wants_in = false;
        }
        self.leave_all_channels(cx, key);
        self.give_up(cx, key);
        self.forget_if_gone(cx, key);
    }
}

//! The Mains of the realm: who is told of them, and when.
//!
//! Contract: whoever drives a Main says which Mains are alive; nothing here asks for it. Each world and each client is told the
//! whole list, in order, behind its registration or its welcome, and again from the first one whenever it has become
//! another one. What a connection does not take now it is told later: what it is owed is a number, not a queue. A Main that
//! nobody has told of others says not a byte of it.
//!
//! Bounds: [`MAIN_LIST_MAX`] Mains; a byte a user and a world. A change costs O(users).

use super::registry::{WORLD_COUNT_MAX, WorldKey};
use super::{Authenticator, Main, link};
use crate::node::Context;
use crate::protocol::main_to_client::MainAddress;
use crate::protocol::main_to_world::MainAnnounced;
use crate::protocol::{ADDRESS_MAX_BYTES, MAIN_LIST_MAX, Text};
use crate::session::{LinkTag, SessionKey, SessionManager};

/// A Main that is alive.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LivingMain {
    /// Where clients find it, as a world's address.
    pub for_clients: heapless::String<ADDRESS_MAX_BYTES>,
    /// Where servers find it, `host:port`.
    pub for_servers: heapless::String<ADDRESS_MAX_BYTES>,
    /// It is this one.
    pub is_here: bool,
}

/// All Mains of the realm; none if that has only one.
pub type MainList = heapless::Vec<LivingMain, MAIN_LIST_MAX>;

impl<'a, A: Authenticator> Main<'a, A> {
    /// These are the realm's Mains from now on; all are told that are not told so already.
    pub fn hear_of_mains(&mut self, cx: &mut Context<'_, 'a>, mains: MainList) {
        if self.mains == mains {
            return;
        }
        self.mains = mains;
        for index in 0..WORLD_COUNT_MAX as u16 {
            let Some(key) = self.worlds.key_at(index) else { continue };
            if let Some(world) = self.worlds.get_mut(key) {
                world.mains_told = 0;
                cx.sessions.mark_ready_unless_blocked(world.session);
            }
        }
        for index in 0..self.users.capacity() as u16 {
            if let Some(user) = self.users.at_mut(index) {
                user.mains_told = 0;
                cx.sessions.mark_ready_unless_blocked(user.session);
            }
        }
    }

    /// The realm's Mains, as far as this one has been told of them.
    pub const fn mains(&self) -> &MainList {
        &self.mains
    }

    /// Tells a world of those that it has not heard of, as many as its link takes.
    pub(super) fn tell_world_of_mains(
        &mut self,
        sessions: &mut SessionManager<'a>,
        world: WorldKey,
    ) {
        let Some(entry) = self.worlds.get_mut(world) else { return };
        while let Some(main) = self.mains.get(usize::from(entry.mains_told)) {
            let message = MainAnnounced {
                index: entry.mains_told.into(),
                count: self.mains.len() as u16,
                is_here: main.is_here,
                addr: Text::truncated(&main.for_servers),
            };
            if !super::owed::tell(sessions, entry.session, &message) {
                return;
            }
            entry.mains_told += 1;
        }
    }

    /// Tells a client of those that it has not heard of, as many as its connection takes.
    #[inline]
    pub(super) fn tell_client_of_mains(
        &mut self,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        tag: LinkTag,
    ) {
        if self.mains.is_empty() || tag.kind != link::CLIENT {
            return;
        }
        let Some(user) = self.users.at_mut(tag.index) else { return };
        while let Some(main) = self.mains.get(usize::from(user.mains_told)) {
            let message = MainAddress {
                index: user.mains_told.into(),
                count: self.mains.len() as u16,
                is_here: main.is_here,
                addr: Text::truncated(&main.for_clients),
            };
            if sessions.send(key, &message).is_err() {
                return;
            }
            user.mains_told += 1;
        }
    }
}

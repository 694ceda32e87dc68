//! Peers who have proven nothing, or are on their way out, and who of them gives way.
//!
//! Contract: strangers may take whatever place is free, and give it back when it is wanted. When a node is
//! nearly full, each newcomer takes the place of a stranger: of the oldest one of the address that has
//! the most of them, as far as a look at the [`LOOK`] oldest ones tells. If that is the newcomer's own
//! address, and none of its own is among those, the newcomer is not taken. At the limit of an address, its
//! own oldest stranger gives way. Whoever opens connections faster than `openings_per_second` is refused
//! before any of that. Whoever has proven something never does; and peers who have proven to be
//! clients leave some places ([`SessionManager::has_room_for_client`]), so that there is a way in for
//! servers, and for a word to everybody else.
//!
//! Bounds: O([`LOOK`]) a newcomer, and only when it is crowded. Without the cargo feature `shares` nobody gives
//! way.

use super::{Ended, Refusal, SessionManager};
use crate::protocol::ErrorCode;
use crate::session::address::PeerAddress;
use crate::session::session::SessionKey;
use crate::session::shares::{AddressKey, Holding};
use crate::session::state::SessionEvent;
use crate::stats::Count;
use crate::storage::Link;
use crate::time::Instant;

/// How many of the oldest strangers are looked at for one who gives way.
const LOOK: usize = 64;

/// As many as a driver accepts at once find a place before it has let go of others.
const SPARE_PLACES_MOST: usize = 64;

/// Strangers in order of age, linked through their sessions.
#[derive(Debug)]
pub(super) struct Strangers {
    oldest: Link,
    newest: Link,
    count: u16,
}

impl Strangers {
    pub(super) const NONE: Self = Self { oldest: Link::NONE, newest: Link::NONE, count: 0 };
}

impl SessionManager<'_> {
    /// Places that are to be free while a stranger has one, and that clients leave to others.
    fn spare_places(&self) -> usize {
        (self.table.capacity() / 8).min(SPARE_PLACES_MOST)
    }

    /// Whether one more stranger may become a client.
    pub(crate) fn has_room_for_client(&self) -> bool {
        let known = self.table.len().saturating_sub(usize::from(self.strangers.count));
        known + self.kept_for_own_links() + self.spare_places() < self.table.capacity()
    }

    pub(super) fn add_stranger(&mut self, key: SessionKey) {
        let own = Link::to(key.index());
        let older = core::mem::replace(&mut self.strangers.newest, own);
        match older.index().and_then(|index| self.table.at_mut(index)) {
            Some(older) => older.newer = own,
            None => self.strangers.oldest = own,
        }
        self.strangers.count += 1;
        let Some(session) = self.table.get_mut(key) else { return };
        session.older = older;
        let address = session.address;
        self.addresses.hold(address, Holding::Stranger);
    }

    pub(super) fn remove_stranger(&mut self, key: SessionKey) {
        let Some(session) = self.table.get_mut(key) else { return };
        let older = core::mem::replace(&mut session.older, Link::NONE);
        let newer = core::mem::replace(&mut session.newer, Link::NONE);
        let address = session.address;
        match older.index().and_then(|index| self.table.at_mut(index)) {
            Some(older) => older.newer = newer,
            None => self.strangers.oldest = newer,
        }
        match newer.index().and_then(|index| self.table.at_mut(index)) {
            Some(newer) => newer.older = older,
            None => self.strangers.newest = older,
        }
        self.strangers.count = self.strangers.count.saturating_sub(1);
        self.addresses.give_back(address, Holding::Stranger);
    }

    /// Finds a place for a newcomer from `address`, and counts it there.
    pub(super) fn enter_as_stranger(
        &mut self,
        now: Instant,
        address: PeerAddress,
    ) -> Result<AddressKey, Refusal> {
        let rate = self.config.opening_rate();
        if !self.openings.open(address, rate, now) {
            self.stats.refused_often.count();
            return Err(Refusal::TooOften);
        }
        let Some(entry) = self.enter(now, address) else {
            self.stats.refused_address.count();
            return Err(Refusal::AddressLimit);
        };
        if self.make_room(now, entry) {
            return Ok(entry);
        }
        self.addresses.leave(entry);
        self.stats.refused_full.count();
        Err(Refusal::Full)
    }

    /// Counts a connection of `address`, in the place of its own oldest stranger if it has too many.
    fn enter(&mut self, now: Instant, address: PeerAddress) -> Option<AddressKey> {
        let most = self.config.connections_per_address;
        if let Some(entry) = self.addresses.enter(address, most) {
            return Some(entry);
        }
        let group = address.group();
        let own = self.oldest_stranger(|entry| self.addresses.group(entry) == Some(group))?;
        self.crowd_out(now, own);
        self.addresses.enter(address, most)
    }

    /// Lets a stranger give way to a newcomer if it is crowded; `false` if that is the newcomer itself.
    fn make_room(&mut self, now: Instant, newcomer: AddressKey) -> bool {
        let used = self.table.len() + self.kept_for_own_links() + self.spare_places();
        if used < self.table.capacity() {
            return true;
        }
        let held = |entry| self.addresses.held(entry, Holding::Stranger);
        let mut most = 0;
        self.oldest_stranger(|entry| {
            most = most.max(held(entry));
            false
        });
        let victim = if held(newcomer) > most {
            self.oldest_stranger(|entry| entry == newcomer)
        } else {
            self.oldest_stranger(|entry| held(entry) == most)
        };
        match victim {
            Some(victim) => self.crowd_out(now, victim),
            // There may be no strangers at all.
            None => return held(newcomer) == 0,
        }
        true
    }

    /// The oldest of the oldest strangers whose address is the right one.
    fn oldest_stranger(&self, mut is_it: impl FnMut(AddressKey) -> bool) -> Option<SessionKey> {
        let mut link = self.strangers.oldest;
        for _ in 0..LOOK {
            let index = link.index()?;
            let session = self.table.at(index)?;
            if is_it(session.address) {
                return self.table.key_at(index);
            }
            link = session.newer;
        }
        None
    }

    /// Ends a stranger at once: it could be slow to take a word, and its place is wanted.
    fn crowd_out(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self.table.get(key) else { return };
        let is_open = session.state.is_open();
        let ended = Ended { key, tag: session.tag, reason: ErrorCode::FULL };
        self.stats.crowded_out.count();
        self.change(now, key, SessionEvent::Disconnected);
        if let Some(session) = self.table.get_mut(key) {
            let address = core::mem::replace(&mut session.address, AddressKey::DANGLING);
            self.addresses.leave(address);
        }
        if is_open {
            self.end(ended);
        }
    }
}

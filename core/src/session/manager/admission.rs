//! Who gets a slot: peers who come, and connections of our own, for which some slots are kept.

use super::{Refusal, SessionManager};
use crate::session::address::PeerAddress;
use crate::session::session::{Flags, LinkTag, Session, SessionKey};
use crate::session::state::SessionState;
use crate::stats::Count;
use crate::storage::Vacant;
use crate::time::Instant;

impl SessionManager<'_> {
    /// Keeps that many slots for sessions that [`SessionManager::connect`] opens, so that a crowd of
    /// strangers does not cut a node off from its servers.
    pub(crate) const fn keep_for_own_links(&mut self, own_links: u16) {
        self.own_links = own_links;
    }

    pub(super) fn kept_for_own_links(&self) -> usize {
        usize::from(self.own_links.saturating_sub(self.own_sessions))
    }

    pub(super) fn is_full_for_strangers(&self) -> bool {
        self.table.len() + self.kept_for_own_links() >= self.table.capacity()
    }

    /// Whether one more stranger may become a client.
    #[cfg(not(feature = "shares"))]
    pub(crate) const fn has_room_for_client(&self) -> bool {
        true
    }

    pub(crate) fn accept(
        &mut self,
        now: Instant,
        address: PeerAddress,
    ) -> Result<SessionKey, Refusal> {
        if self.shutting_down {
            return Err(Refusal::ShuttingDown);
        }
        if self.is_full_for_strangers() {
            self.stats.refused_full.count();
            return Err(Refusal::Full);
        }
        #[cfg(feature = "shares")]
        let session = {
            let address = self.enter_as_stranger(now, address)?;
            Session { address, ..self.fresh(now, SessionState::Greeting) }
        };
        #[cfg(not(feature = "shares"))]
        let session = {
            // Nobody is counted.
            let _ = address;
            self.fresh(now, SessionState::Greeting)
        };
        self.stats.accepted.count();
        let key = self.table.insert(session).map_err(|_| Refusal::Full)?;
        #[cfg(feature = "shares")]
        self.add_stranger(key);
        self.arm(key, now);
        Ok(key)
    }

    fn fresh(&self, now: Instant, state: SessionState) -> Session {
        Session { since: now.stamp(), heard_at: now.stamp(), state, ..Session::VACANT }
    }

    /// Asks the driver to connect a new session to the address that the role gives for `tag`.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn connect(&mut self, now: Instant, tag: LinkTag) -> Result<SessionKey, Refusal> {
        if self.shutting_down {
            return Err(Refusal::ShuttingDown);
        }
        let mut session = Session { tag, ..self.fresh(now, SessionState::Connecting) };
        session.flags.set(Flags::OUTBOUND);
        let key = self.table.insert(session).map_err(|_| Refusal::Full)?;
        self.own_sessions += 1;
        self.requests.add(key.index());
        self.arm(key, now);
        Ok(key)
    }
}

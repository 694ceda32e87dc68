//! Draining: a world that takes nobody new, as whoever runs it has said, here or to a Main.
//!
//! Contract: those inside play on, and whoever has a seat comes back to it. Whom Main asks for besides is denied. Every
//! Main is told of each change, and behind its registration for as long as it lasts, as soon as its link takes that; so it
//! sends nobody. What was said last counts, wherever it was. Rooms that can move go to other worlds meanwhile.
//!
//! Bounds: an instant a world and a bit a link to Main; nothing without the cargo feature `draining`.

use super::{Game, World};
use crate::node::Context;
use crate::protocol::main_to_world::DrainWorld;
use crate::protocol::world_to_main::DrainState;
use crate::session::{SessionKey, SessionManager};
use crate::time::Instant;

impl<'a, G: Game> World<'a, G> {
    /// Takes nobody new from here on. With a time it [is over](World::is_drain_over) then, whoever is left.
    pub fn drain(&mut self, cx: &mut Context<'_, 'a>, within_ms: Option<u32>) {
        self.drain_end = within_ms.map(|ms| cx.now.after_ms(ms));
        self.rooms.takes_nobody = true;
        #[cfg(feature = "moving")]
        self.adjust_offers(cx.now);
        self.owe_drain_state(cx);
    }

    /// Takes newcomers again.
    pub fn take_again(&mut self, cx: &mut Context<'_, 'a>) {
        self.drain_end = None;
        self.rooms.takes_nobody = false;
        #[cfg(feature = "moving")]
        self.adjust_offers(cx.now);
        self.owe_drain_state(cx);
    }

    /// Whether it takes nobody new.
    pub const fn is_draining(&self) -> bool {
        self.rooms.takes_nobody
    }

    /// Whether it was to have ended by `now`: that is the matter of whoever drives it.
    pub fn is_drain_over(&self, now: Instant) -> bool {
        self.drain_end.is_some_and(|end| end <= now)
    }

    /// A Main says so.
    pub(super) fn hear_drain(&mut self, cx: &mut Context<'_, 'a>, message: &DrainWorld) {
        let DrainWorld { is_draining, within_ms } = *message;
        match is_draining {
            true => self.drain(cx, (within_ms > 0).then_some(within_ms)),
            false => self.take_again(cx),
        }
    }

    fn owe_drain_state(&mut self, cx: &mut Context<'_, 'a>) {
        for (link, key) in self.mains.live() {
            link.owes_drain_state = true;
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }

    /// Tells a Main, if it does not know and its link takes it.
    pub(super) fn tell_drain_state(
        &mut self,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        index: u16,
    ) {
        let state = DrainState { is_draining: self.is_draining() };
        if let Some(link) = self.mains.at_mut(index).filter(|link| link.owes_drain_state) {
            link.owes_drain_state = sessions.send(key, &state).is_err();
        }
    }
}

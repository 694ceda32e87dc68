//! Hoarders: who takes whatever there is, from few addresses, and what is left to everybody else.
//!
//! Invariants: no address holds more than seven eighths of what there is of anything. Half way through the
//! quiet, while hoarders still hoard, everybody else is in a world.

use tinyrealm_core::node::client::{MainState, WorldState};
use tinyrealm_core::session::Holding;

use super::{Phase, Realm};
use crate::actors::player::Papers;
use crate::actors::{Hoarder, Visitor};
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::{HOARDERS, HostId};
use crate::memory::{MAIN_ASKED, MAIN_SHARED, WORLD_PLACES};
use crate::timeline::Happening;

/// When a hoarder begins, and the time between two of its acts.
const HOARD_US: (u64, u64) = (150_000, 1_200_000);

impl Realm<'_> {
    /// Hoarders are the first visitors: so they have addresses of their own.
    pub(super) fn begin_hoarding(&mut self) {
        for number in 0..HOARDERS {
            let address = HostId::main(number / 2).address();
            let has_token = self.tuning.has_accounts;
            let visitor = self.start_visitor((None, None), Papers::default(), |_| {
                Visitor::Hoarder(Hoarder::new(address, has_token))
            });
            self.timeline.plan_after(HOARD_US, Happening::Hoards(visitor));
        }
    }

    pub(super) fn hoard(&mut self, number: usize) {
        if self.phase == Phase::Closing {
            return;
        }
        let Some(host) = self.visitors[number].as_mut() else { return };
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |visitor, cx| {
            if let Some(hoarder) = visitor.as_hoarder_mut() {
                hoarder.hoard(cx);
            }
        });
        self.timeline.plan_after(HOARD_US, Happening::Hoards(number));
    }

    /// Everybody who is no hoarder is where it wants to be, and the hoarders go home.
    pub(super) fn end_hoarding(&mut self) -> Result<(), Broken> {
        for (number, host) in self.players() {
            let player = host.node().role().as_player();
            let state = player.map(|player| player.machine.state());
            let is_in = state == Some((MainState::Ready, WorldState::Inside));
            ensure(is_in, "who hoards keeps nobody out", || {
                format!("visitor {number} is {state:?}")
            })?;
        }
        (0..HOARDERS).for_each(|number| self.stop(number));
        Ok(())
    }

    /// Of nothing that a Main gives to strangers an address has more than seven eighths.
    pub(super) fn check_hoards(&self, number: usize) -> Result<(), Broken> {
        let Some(node) = self.servers.main(number) else { return Ok(()) };
        let layout = self.tuning.layout;
        let places = layout.worlds_of_main(number).count() * WORLD_PLACES;
        // Hellos that wait for their claims are not shared: there is room for everybody's.
        let asked = Some(MAIN_ASKED).filter(|_| !layout.has_directory());
        let shared = || [(Holding::Ticket, places)].into_iter().chain(MAIN_SHARED).chain(asked);
        for (key, entry) in node.sessions().shares().entries() {
            for (what, whole) in shared() {
                let held = usize::from(entry.count(what));
                ensure(held <= whole - whole / 8, "an address leaves something to others", || {
                    format!("{key:?} of Main {number} has {held} of {whole} {what:?}")
                })?;
            }
        }
        Ok(())
    }
}

//! Draining: worlds to which nobody new is sent, because whoever runs Main has said so, or they themselves.
//!
//! ```text
//!   order ──► owed ──► told ──► done: the world says that it is so
//!              ▲        │  │
//!              └────────┘  └──► dropped: it has passed over it, being older, and registers anew
//!              link lost
//! ```
//! Contract: nobody but who has a seat there is sent to a world that drains or is to. A world that is to drain is told over
//! as many links as it takes; behind that it knows by itself, and says so whenever it registers. One that passes over the
//! order is sent nobody for as long as this registration lasts: the next one may be of whoever has taken its place.
//!
//! Bounds: one order a world, [`WORLD_COUNT_MAX`] in all.

use super::registry::WorldKey;
use super::{Authenticator, Main, WORLD_COUNT_MAX};
use crate::node::Context;
use crate::protocol::WorldId;
use crate::protocol::main_to_world::DrainWorld;
use crate::session::SessionManager;

/// Behind so many of its reports a world has passed over what it was told before.
const REPORTS_BEHIND: u8 = 2;

/// What a world is to do, until it says that it does.
#[derive(Copy, Clone, Debug)]
struct DrainOrder {
    world_id: WorldId,
    is_draining: bool,
    within_ms: u32,
    is_told: bool,
    /// How often the world has reported since.
    reports: u8,
}

impl DrainOrder {
    const fn is_passed_over(&self) -> bool {
        self.reports >= REPORTS_BEHIND
    }
}

/// What worlds are to do; see the [module](self).
#[derive(Debug, Default)]
pub(super) struct DrainOrders(heapless::Vec<DrainOrder, WORLD_COUNT_MAX>);

impl DrainOrders {
    fn of(&self, world_id: WorldId) -> Option<&DrainOrder> {
        self.0.iter().find(|order| order.world_id == world_id)
    }

    fn of_mut(&mut self, world_id: WorldId) -> Option<&mut DrainOrder> {
        self.0.iter_mut().find(|order| order.world_id == world_id)
    }

    fn remove(&mut self, world_id: WorldId) {
        self.0.retain(|order| order.world_id != world_id);
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// A world is to take nobody new, until it is over if that is said, or newcomers again; `false` if it is not registered.
    pub fn order_drain(
        &mut self,
        cx: &mut Context<'_, 'a>,
        world_id: WorldId,
        is_draining: bool,
        within_ms: Option<u32>,
    ) -> bool {
        let Some(world) = self.worlds.find(world_id) else { return false };
        self.drains.remove(world_id);
        if self.drains.0.is_full() {
            // Of those that are registered there are never so many.
            let worlds = &self.worlds;
            self.drains.0.retain(|order| worlds.find(order.world_id).is_some());
        }
        let within_ms = within_ms.map_or(0, |ms| ms.max(1));
        let order = DrainOrder { world_id, is_draining, within_ms, is_told: false, reports: 0 };
        let is_kept = self.drains.0.push(order).is_ok();
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.is_closed = is_draining;
        }
        self.tell_drain_order(cx.sessions, world);
        is_kept
    }

    /// Nobody new is sent there.
    pub(super) fn is_closed(&self, world: WorldKey) -> bool {
        self.worlds.get(world).is_some_and(|entry| entry.is_closed)
    }

    /// Tells a world what it is to do, if its link takes it.
    pub(super) fn tell_drain_order(&mut self, sessions: &mut SessionManager<'a>, world: WorldKey) {
        let Some(entry) = self.worlds.get(world) else { return };
        if let Some(order) = self.drains.of_mut(entry.world_id).filter(|order| !order.is_told) {
            let DrainOrder { is_draining, within_ms, .. } = *order;
            let message = DrainWorld { is_draining, within_ms };
            order.is_told = super::owed::tell(sessions, entry.session, &message);
        }
    }

    /// A world says whether it takes newcomers. What it is told after that it has not heard yet counts more.
    pub(super) fn hear_drain_state(&mut self, world: WorldKey, is_draining: bool) {
        let Some(entry) = self.worlds.get_mut(world) else { return };
        let order = self.drains.of(entry.world_id);
        let is_done = order.is_none_or(|order| order.is_told && order.is_draining == is_draining);
        entry.drains = is_draining;
        if is_done {
            entry.is_closed = is_draining;
            let world_id = entry.world_id;
            self.drains.remove(world_id);
        }
    }

    /// A world has reported.
    pub(super) fn count_report(&mut self, world_id: WorldId) {
        if let Some(order) = self.drains.of_mut(world_id).filter(|order| order.is_told) {
            order.reports = order.reports.saturating_add(1);
        }
    }

    /// A world has registered: whether it is to take nobody new.
    pub(super) fn is_to_drain(&self, world_id: WorldId) -> bool {
        self.drains.of(world_id).is_some_and(|order| order.is_draining)
    }

    /// A world has left: what it may not have heard it is told by its next link.
    pub(super) fn keep_drain_order(&mut self, world_id: WorldId) {
        let Some(order) = self.drains.of_mut(world_id) else { return };
        if order.is_passed_over() {
            self.drains.remove(world_id);
        } else {
            (order.is_told, order.reports) = (false, 0);
        }
    }
}

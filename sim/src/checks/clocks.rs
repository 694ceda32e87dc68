//! `Clocks`: the timers of all rooms, as their games have armed them.
//!
//! Invariants: a timer fires once, not before its time, and not when its room is closed; at rest none is overdue.

use tinyrealm_core::time::Instant;

use crate::actors::recorder::TIMERS;
use crate::broken::{Broken, ensure};
use crate::ids::WORLDS;
use crate::sizes::ROOMS;

/// How late a timer may be on a host that is never late.
const LATE_MS: u32 = 100;

/// When each timer is due; see the [module](self).
#[derive(Default)]
pub(crate) struct Clocks {
    due: [[[Option<Instant>; TIMERS]; ROOMS]; WORLDS],
}

impl Clocks {
    /// A world begins: nothing is armed.
    pub(crate) fn world_starts(&mut self, world: usize) {
        self.due[world] = Default::default();
    }

    pub(super) fn closed(&mut self, (world, room): (usize, u16)) {
        self.due[world][usize::from(room)] = Default::default();
    }

    /// A timer is armed; or, without a time, not any more.
    pub(super) fn set(&mut self, (world, room): (usize, u16), timer: u16, due: Option<Instant>) {
        self.due[world][usize::from(room)][usize::from(timer)] = due;
    }

    pub(super) fn fired(
        &mut self,
        (world, room): (usize, u16),
        timer: u16,
        now: Instant,
    ) -> Result<(), Broken> {
        let due = self.due[world][usize::from(room)][usize::from(timer)].take();
        ensure(due.is_some_and(|due| due <= now), "a timer fires once, when it is due", || {
            format!("timer {timer} of room {room} of world {world} at {now:?}, due at {due:?}")
        })
    }

    /// At rest no timer of a world has been waiting for long.
    pub(crate) fn check_rest(&self, world: usize, now: Instant) -> Result<(), Broken> {
        let all = self.due[world].iter().flatten().flatten();
        let overdue = all.copied().find(|due| due.after_ms(LATE_MS) < now);
        ensure(overdue.is_none(), "a timer that is due fires", || {
            format!("one of world {world} was due at {overdue:?}")
        })
    }
}

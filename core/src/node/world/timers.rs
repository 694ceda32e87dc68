//! Timers of a room: its game arms them by `room.after(ms, id)`, and hears of them by `Game::on_timer`.
//!
//! Contract: a timer fires once, never early, and at most one tick of the node's wheel late
//! ([`TICK_MS`](crate::timer::TICK_MS)) while the node itself is not. Arming an armed one moves it. A room's timers
//! are its own, and go on while nobody is in it.
//!
//! Bounds: `Game::TIMERS` a room, each an entry of the node's wheel, which the owner of its memory lends:
//! [`world_timers_for`].

use super::world_timers;
use crate::time::Instant;

/// One of a room's timers: below `Game::TIMERS`.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub u16);

/// How many timers a world with `attaches` attaches has, and `rooms` rooms whose game wants `of_room` each.
pub const fn world_timers_for(attaches: usize, rooms: usize, of_room: usize) -> usize {
    world_timers(attaches) + rooms * of_room
}

/// Which of the node's timers are those of one room.
#[derive(Copy, Clone, Debug)]
pub(super) struct RoomTimers {
    first: usize,
    count: usize,
}

impl RoomTimers {
    /// Those of `room`, where each room has `count`.
    pub(super) const fn of(attaches: usize, room: u16, count: usize) -> Self {
        Self { first: world_timers_for(attaches, room as usize, count), count }
    }

    /// The room, and which of its timers it is, of a timer of the node.
    pub(super) fn find(attaches: usize, timer: u16, count: usize) -> Option<(u16, TimerId)> {
        let place = usize::from(timer).checked_sub(world_timers(attaches))?;
        let (room, id) = (place.checked_div(count)?, place.checked_rem(count)?);
        Some((room as u16, TimerId(id as u16)))
    }

    /// The node's timer, if the room has such a one.
    pub(super) fn timer(self, id: TimerId) -> Option<u16> {
        let id = usize::from(id.0);
        (id < self.count).then(|| self.first + id)?.try_into().ok()
    }

    /// When a timer that was armed now is due. Never now: whoever arms it in its own call would be called for ever.
    pub(super) fn due_at(now: Instant, ms: u32) -> Instant {
        now.after_ms(ms.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_room_s_timers() {
        let (attaches, count) = (5, 3);
        for room in 0..4 {
            let timers = RoomTimers::of(attaches, room, count);
            for id in 0..3 {
                let timer = timers.timer(TimerId(id)).unwrap();
                assert_eq!(RoomTimers::find(attaches, timer, count), Some((room, TimerId(id))));
            }
            assert_eq!(timers.timer(TimerId(3)), None);
        }
        let all = world_timers_for(attaches, 4, count);
        assert_eq!(RoomTimers::of(attaches, 3, count).timer(TimerId(2)), Some(all as u16 - 1));
        assert_eq!(RoomTimers::find(attaches, world_timers(attaches) as u16 - 1, count), None);
        assert_eq!(RoomTimers::find(attaches, u16::MAX, 0), None);
        assert_eq!(RoomTimers::of(usize::from(u16::MAX), 0, 1).timer(TimerId(0)), None);
    }
}

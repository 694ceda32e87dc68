//! `RoomBook`: which bots were in a room when, and in which order its events came.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use tinyrealm_core::protocol::RoomId;

/// One stay of one bot in one room.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) bot: u16,
    /// When its first snapshot was complete: from here on it hears everything.
    pub(super) settled_at: Option<Instant>,
    pub(super) left_at: Option<Instant>,
}

/// One room, as the bots in it know it.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Every stay, in the order of joining; a bot's messages carry its stay's place here.
    pub(super) stays: Vec<Stay>,
    /// The room's order of events, as the first who heard each of them did.
    order: VecDeque<EventName>,
    /// How many events have been dropped from the front of `order`.
    forgotten: usize,
}

/// An event by its sender and the sender's number.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct EventName {
    pub(super) bot: u16,
    pub(super) seq: u32,
}

/// Events of a room that are remembered for the comparison of orders.
const ORDER_WINDOW: usize = 100_000;

impl Room {
    /// Whether a listener who was at `place` in the room's order may hear `event` next; moves the
    /// place behind it.
    pub(super) fn hear(&mut self, place: &mut Option<usize>, event: EventName) -> bool {
        let next = match *place {
            Some(next) => next,
            // The first event that it hears: wherever the room is.
            None => self.find(event).unwrap_or(self.forgotten + self.order.len()),
        };
        let Some(at) = next.checked_sub(self.forgotten) else {
            *place = None;
            return true;
        };
        let known = self.order.get(at).copied();
        if known.is_none() {
            self.order.push_back(event);
            if self.order.len() > ORDER_WINDOW {
                self.order.pop_front();
                self.forgotten += 1;
            }
        }
        let is_next = known.is_none_or(|known| known == event);
        let place_after = if is_next { Some(next) } else { self.find(event) };
        *place = place_after.map(|place| place + 1);
        is_next
    }

    fn find(&self, event: EventName) -> Option<usize> {
        let from_end = self.order.iter().rev().position(|known| *known == event)?;
        Some(self.forgotten + self.order.len() - 1 - from_end)
    }
}

/// All rooms of all worlds.
#[derive(Debug, Default)]
pub(super) struct RoomBook {
    pub(super) rooms: Vec<Room>,
    numbers: HashMap<(String, u16), usize>,
}

impl RoomBook {
    /// The number of a room, by its world's address and its id there.
    pub(super) fn number(&mut self, world: &str, room: RoomId) -> usize {
        let next = self.rooms.len();
        let number = *self.numbers.entry((world.to_owned(), room.0)).or_insert(next);
        if number == next {
            self.rooms.push(Room::default());
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u32) -> EventName {
        EventName { bot: 0, seq }
    }

    #[test]
    fn everyone_has_to_hear_the_same_order() {
        let mut room = Room::default();
        let (mut first, mut second) = (None, None);
        assert!(room.hear(&mut first, event(1)) && room.hear(&mut first, event(2)));
        assert!(room.hear(&mut second, event(1)) && room.hear(&mut second, event(2)));
        assert!(room.hear(&mut first, event(3)) && room.hear(&mut first, event(4)));
        assert!(!room.hear(&mut second, event(4)));
    }

    #[test]
    fn a_newcomer_begins_where_the_room_is() {
        let mut room = Room::default();
        let (mut first, mut second) = (None, None);
        for seq in 1..5 {
            assert!(room.hear(&mut first, event(seq)));
        }
        assert!(room.hear(&mut second, event(3)) && room.hear(&mut second, event(4)));
    }
}

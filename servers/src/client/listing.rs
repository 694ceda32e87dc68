//! `Listing`: the open rooms, as `/rooms` asks for them page by page.

use tinyrealm_core::protocol::main_to_client::RoomPage;
use tinyrealm_core::protocol::{RoomLine, Text};

use std::time::{Duration, Instant};

/// Rooms that are shown at most; whoever wants one of more says a mode.
const ROOMS_MOST: usize = 50;

/// Main answers five questions a second.
const PAGE_INTERVAL: Duration = Duration::from_millis(200);

/// A list that is being told.
#[derive(Default)]
pub(super) struct Listing {
    mode: String,
    /// Where the next page begins, if it is to be asked for.
    next_after: Option<u16>,
    shown: usize,
    asked_at: Option<Instant>,
}

impl Listing {
    /// Begins with the rooms of `mode`, of every one if that is empty.
    pub(super) fn begin(&mut self, mode: &str) {
        let mode = Text::<{ tinyrealm_core::protocol::ROOM_MODE_MAX_BYTES }>::truncated(mode);
        let mode = mode.as_str().to_owned();
        *self = Self { mode, next_after: Some(0), ..Self::default() };
    }

    /// What is to be asked for next, once.
    pub(super) fn next_page(&mut self, now: Instant) -> Option<(String, u16)> {
        let is_early = |at| now.duration_since(at) < PAGE_INTERVAL;
        if self.asked_at.is_some_and(is_early) {
            return None;
        }
        let after = self.next_after.take()?;
        self.asked_at = Some(now);
        Some((self.mode.clone(), after))
    }

    /// A page has come, which is so in words.
    pub(super) fn heard(&mut self, page: &RoomPage<'_>) -> Vec<String> {
        let mut lines: Vec<String> = page.rooms.iter().map(in_words).collect();
        self.shown += page.rooms.len();
        match (page.next_after, self.shown) {
            (0, 0) => lines.push("* no room is listed: --room NAME opens one".to_owned()),
            (0, _) => {}
            (_, ROOMS_MOST..) => {
                lines.push("* and more: /rooms MODE shows those of one mode".to_owned());
            }
            (after, _) => self.next_after = Some(after),
        }
        lines
    }
}

/// `* den (duel) 2/8, private`.
fn in_words(room: &RoomLine<'_>) -> String {
    let mode = match room.mode.as_str() {
        "" => String::new(),
        mode => format!(" ({mode})"),
    };
    let private = if room.is_private { ", private" } else { "" };
    let locked = if room.is_locked { ", locked" } else { "" };
    let (name, members, capacity) = (room.name.as_str(), room.members, room.capacity);
    format!("* {name}{mode} {members}/{capacity}{private}{locked}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> RoomLine<'_> {
        RoomLine { name: Text::new(name).unwrap(), members: 2, capacity: 8, ..RoomLine::default() }
    }

    #[test]
    fn a_room_is_told_in_words() {
        let mode = Text::new("duel").unwrap();
        assert_eq!(in_words(&line("den")), "* den 2/8");
        let room = RoomLine { mode, is_private: true, is_locked: true, ..line("den") };
        assert_eq!(in_words(&room), "* den (duel) 2/8, private, locked");
    }

    #[test]
    fn pages_are_asked_for_until_there_is_none_or_there_are_many() {
        let mut listing = Listing::default();
        listing.begin("duel");
        let (mut asked, mut now) = (0, Instant::now());
        while let Some((mode, after)) = listing.next_page(now) {
            now += PAGE_INTERVAL;
            assert_eq!((mode.as_str(), after), ("duel", asked));
            asked += 1;
            let rooms = [line("one"), line("two"), line("three")].into_iter().collect();
            listing.heard(&RoomPage { rooms, next_after: asked });
            assert_eq!(listing.next_page(now - Duration::from_millis(1)), None);
        }
        assert_eq!(usize::from(asked), ROOMS_MOST.div_ceil(3));
        listing.begin("");
        assert_eq!(listing.next_page(now), Some((String::new(), 0)));
        listing.heard(&RoomPage { rooms: [line("one")].into_iter().collect(), next_after: 0 });
        assert_eq!(listing.next_page(now + PAGE_INTERVAL), None);
    }
}

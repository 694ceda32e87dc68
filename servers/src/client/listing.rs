//! `Listing`: the open rooms, as `/rooms` asks for them page by page.

use tinyrealm_core::protocol::main_to_client::RoomPage;
use tinyrealm_core::protocol::{RoomLine, Text};

use std::time::{Duration, Instant};

use super::view::RoomView;

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

impl RoomView {
    /// Begins with the rooms of `mode`, of every one if that is empty.
    pub(super) fn begin_listing(&mut self, mode: &str) {
        let mode = Text::<{ tinyrealm_core::protocol::ROOM_MODE_MAX_BYTES }>::truncated(mode);
        let mode = mode.as_str().to_owned();
        self.listing = Listing { mode, next_after: Some(0), ..Listing::default() };
    }

    /// What is to be asked for next, once.
    pub(super) fn next_page(&mut self, now: Instant) -> Option<(String, u16)> {
        let is_early = |at| now.duration_since(at) < PAGE_INTERVAL;
        if self.listing.asked_at.is_some_and(is_early) {
            return None;
        }
        let after = self.listing.next_after.take()?;
        self.listing.asked_at = Some(now);
        Some((self.listing.mode.clone(), after))
    }

    pub(super) fn listed(&mut self, page: &RoomPage<'_>) {
        for room in &page.rooms {
            self.note_message(in_words(room));
        }
        self.listing.shown += page.rooms.len();
        match (page.next_after, self.listing.shown) {
            (0, 0) => self.note_message("* no room is listed: --room NAME opens one".to_owned()),
            (0, _) => {}
            (_, ROOMS_MOST..) => {
                self.note_message("* and more: /rooms MODE shows those of one mode".to_owned());
            }
            (after, _) => self.listing.next_after = Some(after),
        }
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
        let mut view = RoomView::new("main", None);
        view.begin_listing("duel");
        let (mut asked, mut now) = (0, Instant::now());
        while let Some((mode, after)) = view.next_page(now) {
            now += PAGE_INTERVAL;
            assert_eq!((mode.as_str(), after), ("duel", asked));
            asked += 1;
            let rooms = [line("one"), line("two"), line("three")].into_iter().collect();
            view.listed(&RoomPage { rooms, next_after: asked });
            assert_eq!(view.next_page(now - Duration::from_millis(1)), None);
        }
        assert_eq!(usize::from(asked), ROOMS_MOST.div_ceil(3));
        view.begin_listing("");
        assert_eq!(view.next_page(now), Some((String::new(), 0)));
        view.listed(&RoomPage { rooms: [line("one")].into_iter().collect(), next_after: 0 });
        assert_eq!(view.next_page(now + PAGE_INTERVAL), None);
    }
}

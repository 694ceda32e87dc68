//! What travels through a connection: writes, segments, reads.

use super::connection::EndState;
use super::stream::Arrival;
use super::{Network, Notice};
use crate::ids::{ConnectionId, Side};
use crate::settings::Sabotage;
use crate::timeline::{Happening, Timeline};

/// How soon a transport that has taken less than it could takes more.
const SHORT_WRITE_US: (u64, u64) = (50, 5_000);

impl Network {
    /// How many bytes a write by `side` may have now.
    pub(crate) fn room(&self, id: ConnectionId, side: Side) -> usize {
        self.connection(id).written_by(side).room()
    }

    /// Writes the first `most` bytes of `slices`, or as many as there is room for, and answers how
    /// many. If that is not all of `slices`, the host is told when it can go on.
    pub(crate) fn write(
        &mut self,
        timeline: &mut Timeline,
        (id, side): (ConnectionId, Side),
        slices: &[&[u8]],
        most: usize,
    ) -> usize {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let limit = self.room(id, side).min(most);
        let stream = self.connection_mut(id).written_by_mut(side);
        let taken = stream.append(slices, limit);
        let sent = self.sabotage(id, side, taken);
        let sent = self.pass_by(timeline, (id, side), sent);
        self.send(timeline, id, side, sent);
        if taken < offered {
            self.wait_for_room(timeline, id, side);
        }
        taken
    }

    fn send(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side, bytes: usize) {
        let mut left = bytes;
        while left > 0 {
            let is_cut = left > 1 && timeline.random.chance(self.weather.split_permille);
            let piece =
                if is_cut { timeline.random.within((1, left as u64 - 1)) as usize } else { left };
            let at_us = timeline.now_us() + self.delay_us(timeline, id);
            let at_us = self.connection_mut(id).written_by_mut(side).send(at_us, piece);
            timeline.plan(at_us, Happening::Arrives(id, side.peer()));
            left -= piece;
        }
    }

    /// Breaks the network's promise, if the run is there for that; answers how many bytes are left.
    fn sabotage(&mut self, id: ConnectionId, side: Side, taken: usize) -> usize {
        if taken < 2 || !self.sabotage.is_of_network() {
            return taken;
        }
        self.writes_to_sabotage = self.writes_to_sabotage.saturating_sub(1);
        if self.writes_to_sabotage != 0 {
            return taken;
        }
        let sabotage = self.sabotage;
        let stream = self.connection_mut(id).written_by_mut(side);
        match sabotage {
            Sabotage::SwappedSegments => {
                stream.newest_mut(taken).rotate_left(taken / 2);
                taken
            }
            Sabotage::LostByte => {
                stream.lose_newest();
                taken - 1
            }
            _ => taken,
        }
    }

    fn wait_for_room(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        let stream = self.connection_mut(id).written_by_mut(side);
        stream.writer_waits = true;
        if stream.room() > 0 {
            timeline.plan_after(SHORT_WRITE_US, Happening::Writable(id, side));
        }
    }

    /// `side` learns that there is room.
    pub(crate) fn writable(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        if let Some(until_us) = self.cut_until(timeline.now_us(), id) {
            let at_us = Self::after_cut_us(timeline, until_us);
            timeline.plan(at_us, Happening::Writable(id, side));
            return;
        }
        let connection = self.connection_mut(id);
        if connection.is_dead || !connection.is_open(side) {
            return;
        }
        let stream = connection.written_by_mut(side);
        if std::mem::take(&mut stream.writer_waits) {
            let host = connection.end(side).host;
            self.notify(timeline, host, Notice::Writable(id));
        }
    }

    /// Segments reach `side`.
    pub(crate) fn arrives(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        if self.connection(id).is_dead {
            return;
        }
        if let Some(until_us) = self.cut_until(timeline.now_us(), id) {
            let at_us = Self::after_cut_us(timeline, until_us);
            self.connection_mut(id).read_by_mut(side).hold_until(at_us);
            timeline.plan(at_us, Happening::Arrives(id, side));
            return;
        }
        let connection = self.connection_mut(id);
        let arrival = connection.read_by_mut(side).arrive(timeline.now_us());
        match (connection.end(side).state, arrival) {
            (_, Arrival::Nothing) | (EndState::Closed, Arrival::End) => {}
            (EndState::Closed, Arrival::Bytes) => self.answer_stray(timeline, id, side),
            (EndState::Opening | EndState::Open, _) => self.note_readable(timeline, id, side),
        }
    }

    /// A segment has come for a connection that its host does not have: the sender is told, if
    /// there is anybody to tell it.
    fn answer_stray(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        let connection = self.connection_mut(id);
        connection.read_by_mut(side).forget();
        let host = connection.end(side).host;
        if self.is_up(host) && self.connection(id).is_open(side.peer()) {
            let at_us = timeline.now_us() + self.delay_us(timeline, id);
            timeline.plan(at_us, Happening::Resets(id, side.peer()));
        }
    }

    fn note_readable(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        let end = self.connection_mut(id).end_mut(side);
        if end.paused_until_us <= timeline.now_us() && !end.is_noted {
            end.is_noted = true;
            let host = end.host;
            self.notify(timeline, host, Notice::Readable(id));
        }
    }

    /// `side` does not read for a while.
    pub(crate) fn pause(
        &mut self,
        timeline: &mut Timeline,
        id: ConnectionId,
        side: Side,
        until_us: u64,
    ) {
        self.connection_mut(id).end_mut(side).paused_until_us = until_us;
        timeline.plan(until_us, Happening::Resumes(id, side));
    }

    pub(crate) fn resumes(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        let stream = self.connection(id).read_by(side);
        let has_something = !stream.unread().is_empty() || stream.is_at_end();
        if self.connection(id).is_open(side) && has_something {
            self.note_readable(timeline, id, side);
        }
    }

    /// The host at `side` begins to read what it was told of.
    pub(crate) fn begin_reading(&mut self, id: ConnectionId, side: Side) {
        self.connection_mut(id).end_mut(side).is_noted = false;
    }

    /// What `side` can read now; nothing while it is paused.
    pub(crate) fn unread(&self, now_us: u64, id: ConnectionId, side: Side) -> &[u8] {
        let connection = self.connection(id);
        let is_paused = connection.end(side).paused_until_us > now_us;
        if is_paused { &[] } else { connection.read_by(side).unread() }
    }

    /// Whether `side` has read everything, and nothing comes any more.
    pub(crate) fn is_at_end(&self, now_us: u64, id: ConnectionId, side: Side) -> bool {
        let connection = self.connection(id);
        connection.end(side).paused_until_us <= now_us && connection.read_by(side).is_at_end()
    }

    /// `side` has read `bytes` bytes: its peer has room for as many more.
    pub(crate) fn consume(
        &mut self,
        timeline: &mut Timeline,
        id: ConnectionId,
        side: Side,
        bytes: usize,
    ) {
        let stream = self.connection_mut(id).read_by_mut(side);
        stream.consume(bytes);
        if stream.writer_waits && bytes > 0 {
            let at_us = timeline.now_us() + self.delay_us(timeline, id);
            timeline.plan(at_us, Happening::Writable(id, side.peer()));
        }
    }

    /// The first bytes that `side` has ever written.
    pub(crate) fn opening(&self, id: ConnectionId, side: Side) -> &[u8] {
        self.connection(id).written_by(side).opening()
    }
}

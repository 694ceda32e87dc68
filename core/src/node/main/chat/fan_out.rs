//! How what a channel says reaches its members here: see [`fan_out`](crate::node::world::fan_out),
//! of which this is the simpler sister: there is no state, only history.

use super::CHAT_FRAME_MAX_BYTES;
use super::hub::{ChatHub, LocalChannelKey};
use super::link::ChatLink;
use crate::broadcast::{Advanced, FrameClass, Window};
use crate::node::BroadcastTaken;
use crate::protocol::main_to_client::{ChatBroadcast, ChatGap};
use crate::protocol::{Message, Text, encode_frame};
use crate::session::{SessionKey, SessionManager};
use crate::storage::Link;
use crate::time::Instant;
use crate::wire::Frame;

/// How long a gap that found no buffer waits, at least.
const GAP_RETRY_MS: u32 = 10;

impl ChatHub<'_> {
    /// Publishes every dirty channel, and lets go what is held for chat servers, if it is time.
    #[inline]
    pub(in super::super) fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'_>) {
        if self.forwarding.is_due(now) {
            self.forwarding.done(now);
            for link in self.links.iter().filter_map(ChatLink::live) {
                sessions.mark_ready_unless_blocked(link);
            }
        }
        if !self.must_flush && !self.flushing.is_due(now) {
            return;
        }
        self.flushing.done(now);
        self.must_flush = false;
        while let Some(channel) = self.dirty.pop() {
            self.flush_channel(channel, sessions);
        }
    }

    pub(super) fn flush_channel(&mut self, index: u16, sessions: &mut SessionManager<'_>) {
        let Some(channel) = self.channels.at_mut(index) else { return };
        channel.rings.publish();
        channel.published_seq = channel.last_seq;
        let mut link = channel.first;
        while let Some(member) = link.index().and_then(|index| self.members.at_mut(index)) {
            link = member.next;
            if member.is_in {
                member.is_behind |= channel.rings.is_overrun(&self.rings, index, &member.cursor);
                sessions.mark_ready_unless_blocked(member.session);
            }
        }
    }

    /// Appends a frame for every member. If the ring can't take it, everyone gets a gap instead.
    pub(super) fn append<M: Message>(
        &mut self,
        now: Instant,
        key: LocalChannelKey,
        class: FrameClass,
        message: &M,
    ) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let encode = |out: &mut [u8]| encode_frame(message, out);
        let (bytes, index) = (&mut self.rings, key.index());
        if channel.rings.append(bytes, index, class, CHAT_FRAME_MAX_BYTES, encode).is_err() {
            channel.rings.overrun_all(bytes, index);
        }
        // One more message and its gap always fit; if not, input waits for the flush.
        let has_room = channel.rings.has_room_for(
            bytes,
            index,
            2 * CHAT_FRAME_MAX_BYTES,
            CHAT_FRAME_MAX_BYTES,
        );
        self.must_flush |= !has_room;
        self.dirty.add(key.index());
        self.flushing.want(now, self.policy.flush_interval_ms);
    }

    /// A user is about to be transmitted to: the moment for its gaps.
    pub(in super::super) fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        start: Link,
    ) {
        let mut link = start;
        while let Some(index) = link.index() {
            let Some(member) = self.members.at(index) else { return };
            link = member.next_of_user;
            if member.is_behind && !self.send_gap(sessions, index) {
                let channel = self.members.at(index).map_or(0, |member| member.channel);
                self.dirty.add(channel);
                let wait_ms = self.policy.flush_interval_ms.max(GAP_RETRY_MS);
                self.flushing.want_at(now.after_ms(wait_ms));
            }
            if link == start {
                return;
            }
        }
    }

    /// Tells a member what it has missed, and lets it go on from the published end.
    fn send_gap(&mut self, sessions: &mut SessionManager<'_>, index: u16) -> bool {
        let Some(member) = self.members.at_mut(index) else { return true };
        let Some(channel) = self.channels.at(member.channel) else { return true };
        let missed = channel.rings.counted_since(&member.cursor);
        let next_seq = channel.published_seq.next();
        let gap = ChatGap { channel: Text::truncated(&channel.name), missed, next_seq };
        if sessions.send(member.session, &gap).is_err() {
            return false;
        }
        member.is_behind = false;
        channel.rings.catch_up(&mut member.cursor);
        self.stats.missed += u64::from(missed);
        true
    }

    /// The first membership of a user that has something to get, and what.
    fn serving(&self, start: Link) -> Option<(u16, [&[u8]; 3])> {
        self.circle(start).find_map(|index| {
            let member = self.members.at(index)?;
            if !member.is_in || member.is_behind {
                return None;
            }
            let channel = self.channels.at(member.channel)?;
            match channel.rings.window(&self.rings, member.channel, &member.cursor) {
                Window::Slices(slices) => Some((index, slices)),
                // Whatever overran the cursor waits for a flush, and that flush will see it.
                Window::Nothing | Window::Overrun => None,
            }
        })
    }

    /// The broadcast bytes that a user has still to get.
    #[inline]
    pub(in super::super) fn window(&self, start: Link) -> [&[u8]; 3] {
        self.serving(start).map_or([&[]; 3], |(_, slices)| slices)
    }

    /// A user's transport has taken bytes of its window; answers whose turn it is next.
    pub(in super::super) fn advance(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'_>,
        session: SessionKey,
        start: Link,
        taken: BroadcastTaken,
    ) -> Link {
        let Some((index, _)) = self.serving(start) else { return start };
        let Some(member) = self.members.at_mut(index) else { return start };
        let Some(channel) = self.channels.at(member.channel) else { return start };
        let (place, taken) = (member.channel, (taken.bytes, taken.offered));
        let advanced =
            channel.rings.advance(&self.rings, place, &mut member.cursor, taken, classify);
        if let Advanced::Cut(rest) = advanced {
            sessions.keep_cut_frame(now, session, rest);
        }
        member.next_of_user
    }
}

/// What a frame of a channel's ring is to every member.
fn classify(frame: Frame<'_>) -> FrameClass {
    if frame.opcode == ChatBroadcast::OPCODE { FrameClass::Counted } else { FrameClass::State }
}

//! `BroadcastRings`: one ring a framing, for as long as somebody listens to it.
//!
//! Purpose: a room with TCP and WebSocket members encodes once. What is appended to the ring of
//! streams is copied, with the other prefix, to the ring of messages while that has members: one short
//! copy a frame, none a member.
//!
//! Contract: both rings say the same in the same order, or [`Full`] and neither says it.
//!
//! Bounds: O(1) a call besides the ring's own.

use super::{Advanced, BroadcastRing, Cursor, FrameClass, Window};
#[cfg(feature = "websocket")]
use crate::wire::framing::{MESSAGE_EXTRA_BYTES, MessageFrames, copy_as_message};
use crate::wire::{Frame, Framing, Full};

/// The bytes of all rings of one owner, each ring with an equal share.
#[derive(Debug, Default)]
pub struct RingBytes<'a> {
    stream: &'a mut [u8],
    each: usize,
    #[cfg(feature = "websocket")]
    messages: &'a mut [u8],
    #[cfg(feature = "websocket")]
    each_of_messages: usize,
}

impl<'a> RingBytes<'a> {
    /// Shares the bytes among `rings`. The second slice is for WebSockets, and ignored without them.
    #[cfg_attr(not(feature = "websocket"), expect(unused_variables))]
    pub fn new(stream: &'a mut [u8], messages: &'a mut [u8], rings: usize) -> Self {
        Self {
            each: stream.len().checked_div(rings).unwrap_or(0),
            stream,
            #[cfg(feature = "websocket")]
            each_of_messages: messages.len().checked_div(rings).unwrap_or(0),
            #[cfg(feature = "websocket")]
            messages,
        }
    }

    /// None of them with more than `each_bytes`; what is over lies idle.
    #[must_use]
    pub fn at_most(mut self, each_bytes: usize) -> Self {
        self.each = self.each.min(each_bytes);
        #[cfg(feature = "websocket")]
        {
            self.each_of_messages = self.each_of_messages.min(each_bytes);
        }
        self
    }

    #[inline]
    fn stream(&self, ring: u16) -> &[u8] {
        share(self.stream, self.each, ring)
    }

    #[inline]
    fn stream_mut(&mut self, ring: u16) -> &mut [u8] {
        share_mut(self.stream, self.each, ring)
    }

    #[cfg(feature = "websocket")]
    #[inline]
    fn messages(&self, ring: u16) -> &[u8] {
        share(self.messages, self.each_of_messages, ring)
    }
}

fn share(bytes: &[u8], each: usize, ring: u16) -> &[u8] {
    let start = usize::from(ring) * each;
    bytes.get(start..start + each).unwrap_or_default()
}

fn share_mut(bytes: &mut [u8], each: usize, ring: u16) -> &mut [u8] {
    let start = usize::from(ring) * each;
    bytes.get_mut(start..start + each).unwrap_or_default()
}

/// Where a frame lies, ring by ring.
#[derive(Copy, Clone, Debug)]
pub struct Positions {
    stream: u32,
    #[cfg(feature = "websocket")]
    messages: u32,
}

/// The rings of one room or channel; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub struct BroadcastRings {
    stream: BroadcastRing,
    #[cfg(feature = "websocket")]
    messages: BroadcastRing<MessageFrames>,
    /// Members that are WebSockets: without any, their ring is left alone.
    #[cfg(feature = "websocket")]
    message_members: u16,
}

impl BroadcastRings {
    /// Rings in which nothing has been said: all-zero bits.
    pub const EMPTY: Self = Self {
        stream: BroadcastRing::EMPTY,
        #[cfg(feature = "websocket")]
        messages: BroadcastRing::EMPTY,
        #[cfg(feature = "websocket")]
        message_members: 0,
    };

    /// Somebody listens from now on: its cursor, at the end of what is published.
    pub const fn enter(&mut self, framing: Framing) -> Cursor {
        match framing {
            Framing::Stream => self.stream.cursor(),
            #[cfg(feature = "websocket")]
            Framing::Message => {
                self.message_members += 1;
                self.messages.cursor()
            }
        }
    }

    /// As [`BroadcastRings::enter`], for somebody who has missed so many events elsewhere.
    #[cfg(feature = "moving")]
    pub const fn enter_behind(&mut self, framing: Framing, missed: u32) -> Cursor {
        let mut cursor = self.enter(framing);
        cursor.miss(missed);
        cursor
    }

    /// The member with this cursor listens no more.
    pub const fn leave(&mut self, cursor: &Cursor) {
        match cursor.framing() {
            Framing::Stream => {}
            #[cfg(feature = "websocket")]
            Framing::Message => self.message_members = self.message_members.saturating_sub(1),
        }
    }

    /// The member with this cursor listens by another connection from now on. What it has missed by then is missed
    /// still.
    pub const fn resume(&mut self, cursor: &mut Cursor, framing: Framing) {
        let missed = self.counted_since(cursor);
        self.leave(cursor);
        *cursor = self.enter(framing);
        cursor.miss(missed);
    }

    /// Puts a cursor at the end of what is published.
    pub const fn catch_up(&self, cursor: &mut Cursor) {
        *cursor = match cursor.framing() {
            Framing::Stream => self.stream.cursor(),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.cursor(),
        };
    }

    /// Behind everything that was said so far, in the ring that `cursor` is in.
    pub const fn end(&self, cursor: &Cursor) -> u32 {
        match cursor.framing() {
            Framing::Stream => self.stream.end(),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.end(),
        }
    }

    /// Whether the member with this cursor has got everything before `position`, an [`end`](Self::end) that
    /// was.
    pub fn has_given(
        &self,
        bytes: &RingBytes<'_>,
        ring: u16,
        cursor: &Cursor,
        position: u32,
    ) -> bool {
        match cursor.framing() {
            Framing::Stream => self.stream.has_given(bytes.stream(ring), cursor, position),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.has_given(bytes.messages(ring), cursor, position),
        }
    }

    /// Whether something has been appended and not been published.
    pub const fn has_unpublished(&self) -> bool {
        self.stream.has_unpublished()
    }

    /// Frames that were appended since the last [`BroadcastRings::publish`].
    pub const fn unpublished_frames(&self) -> u32 {
        self.stream.unpublished_frames()
    }

    /// Lets members have what was appended.
    pub const fn publish(&mut self) {
        self.stream.publish();
        #[cfg(feature = "websocket")]
        self.messages.publish();
    }

    /// Whether stream frames of `needed` bytes in all, none longer than `longest`, fit before the
    /// next [`BroadcastRings::publish`].
    #[inline]
    pub fn has_room_for(
        &self,
        bytes: &RingBytes<'_>,
        ring: u16,
        needed: usize,
        longest: usize,
    ) -> bool {
        let fits = self.stream.has_room_for(bytes.stream(ring), needed, longest);
        #[cfg(feature = "websocket")]
        if self.message_members > 0 {
            let [needed, longest] = [needed, longest].map(message_bytes);
            return fits && self.messages.has_room_for(bytes.messages(ring), needed, longest);
        }
        fits
    }

    /// Appends one stream frame of at most `longest` bytes for everyone, and answers where it lies.
    ///
    /// # Errors
    /// [`Full`] if it could overwrite what is not published; nobody gets it then.
    #[inline]
    pub fn append(
        &mut self,
        bytes: &mut RingBytes<'_>,
        ring: u16,
        class: FrameClass,
        longest: usize,
        encode: impl Fn(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<Positions, Full> {
        #[cfg(feature = "websocket")]
        if self.message_members > 0 {
            return self.append_to_both(bytes, ring, class, longest, &encode);
        }
        let stream = self.stream.append(bytes.stream_mut(ring), class, longest, encode)?;
        Ok(Positions {
            stream,
            #[cfg(feature = "websocket")]
            messages: 0,
        })
    }

    #[cfg(feature = "websocket")]
    fn append_to_both(
        &mut self,
        bytes: &mut RingBytes<'_>,
        ring: u16,
        class: FrameClass,
        longest: usize,
        encode: &dyn Fn(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<Positions, Full> {
        let longest_message = longest + MESSAGE_EXTRA_BYTES;
        if !self.messages.takes(bytes.messages(ring), longest_message) {
            return Err(Full);
        }
        let stream = self.stream.append(bytes.stream_mut(ring), class, longest, encode)?;
        let frame = self.stream.frame_bytes(share(bytes.stream, bytes.each, ring), stream);
        let room = share_mut(bytes.messages, bytes.each_of_messages, ring);
        let copy = |room: &mut [u8]| copy_as_message(room, frame);
        let messages = self.messages.append(room, class, longest_message, copy)?;
        Ok(Positions { stream, messages })
    }

    /// Overruns every cursor: what could not be appended is made up for by other means.
    pub fn overrun_all(&mut self, bytes: &RingBytes<'_>, ring: u16) {
        self.stream.overrun_all(bytes.stream(ring));
        #[cfg(feature = "websocket")]
        self.messages.overrun_all(bytes.messages(ring));
    }

    /// Counted frames between what `cursor` has got and what is published.
    pub const fn counted_since(&self, cursor: &Cursor) -> u32 {
        match cursor.framing() {
            Framing::Stream => self.stream.counted_since(cursor),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.counted_since(cursor),
        }
    }

    /// Whether the ring has gone over `cursor`.
    #[inline]
    pub fn is_overrun(&self, bytes: &RingBytes<'_>, ring: u16, cursor: &Cursor) -> bool {
        match cursor.framing() {
            Framing::Stream => self.stream.is_overrun(bytes.stream(ring), cursor),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.is_overrun(bytes.messages(ring), cursor),
        }
    }

    /// What a member has to get.
    #[inline]
    pub fn window<'r>(&self, bytes: &'r RingBytes<'_>, ring: u16, cursor: &Cursor) -> Window<'r> {
        match cursor.framing() {
            Framing::Stream => self.stream.window(bytes.stream(ring), cursor),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.window(bytes.messages(ring), cursor),
        }
    }

    /// The part of a member's window before `position`, an [`end`](Self::end) that was.
    #[inline]
    pub fn window_until<'r>(
        &self,
        bytes: &'r RingBytes<'_>,
        ring: u16,
        cursor: &Cursor,
        position: u32,
    ) -> Window<'r> {
        match cursor.framing() {
            Framing::Stream => self.stream.window_until(bytes.stream(ring), cursor, position),
            #[cfg(feature = "websocket")]
            Framing::Message => self.messages.window_until(bytes.messages(ring), cursor, position),
        }
    }

    /// The member's transport has taken `taken` of the `offered` bytes of its window: moves its
    /// cursor. `classify` tells its own and counted frames.
    #[inline]
    pub fn advance<'r>(
        &self,
        bytes: &'r RingBytes<'_>,
        ring: u16,
        cursor: &mut Cursor,
        (taken, offered): (usize, usize),
        classify: impl Fn(Frame<'_>) -> FrameClass,
    ) -> Advanced<'r> {
        match cursor.framing() {
            Framing::Stream => {
                self.stream.advance(bytes.stream(ring), cursor, taken, offered, classify)
            }
            #[cfg(feature = "websocket")]
            Framing::Message => {
                self.messages.advance(bytes.messages(ring), cursor, taken, offered, classify)
            }
        }
    }

    /// Leaves the member's own frame out of its window.
    #[inline]
    pub fn leave_out(
        &self,
        bytes: &RingBytes<'_>,
        ring: u16,
        cursor: &mut Cursor,
        positions: Positions,
    ) {
        match cursor.framing() {
            Framing::Stream => {
                self.stream.leave_out(bytes.stream(ring), cursor, positions.stream);
            }
            #[cfg(feature = "websocket")]
            Framing::Message => {
                self.messages.leave_out(bytes.messages(ring), cursor, positions.messages);
            }
        }
    }
}

/// What stream frames of `stream_bytes` in all take at most as messages: a longer prefix is for bodies
/// of more than 125 bytes only.
#[cfg(feature = "websocket")]
const fn message_bytes(stream_bytes: usize) -> usize {
    stream_bytes + MESSAGE_EXTRA_BYTES * stream_bytes.div_ceil(128)
}

#[cfg(all(test, feature = "websocket"))]
mod tests;

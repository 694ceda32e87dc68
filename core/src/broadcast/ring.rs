//! The broadcast ring: one copy of what a room says, and a cursor a member.
//!
//! Purpose: N members hear N members without N² copies. A frame is appended once, as stream bytes; a
//! flush publishes what was appended, and each member gets the slices between its [`Cursor`] and the
//! published end. A member's own moves are left out of its slices.
//!
//! Contract: what is published and not older than the ring is handed out whole, once and in order. A
//! member that falls behind by more than the ring is [`Window::Overrun`]: its owner gives it the
//! present state instead, and knows exactly how many counted frames it missed. Appending never
//! overwrites what has not been published. Cursors stand between frames: where a socket cuts a
//! frame, its rest is handed to the caller to keep.
//!
//! Numbers: positions and counts are 32 bits that wrap. A ring has at most half of the positions, and its owner
//! looks for overrun cursors at each publication, so a cursor is never a whole turn behind unnoticed. What a
//! member has missed is told modulo 2³² frames.
//!
//! Bounds: memory is the ring and 16 bytes a cursor, whoever is slow. O(1) a member and flush while
//! it keeps up; O(frames in its window) when a write was cut or several of its own moves wait.
//!
//! ```
//! use tinyrealm_core::broadcast::{BroadcastRing, Cursor, FrameClass, Window};
//! use tinyrealm_core::wire::{Opcode, write_frame};
//! let mut bytes = [0; 64];
//! let mut ring: BroadcastRing = BroadcastRing::EMPTY;
//! let cursor = ring.cursor();
//! let encode = |room: &mut [u8]| write_frame(room, Opcode(1), b"hi");
//! ring.append(&mut bytes, FrameClass::Counted, 8, encode).unwrap();
//! assert!(matches!(ring.window(&bytes, &cursor), Window::Nothing)); // not published yet
//! ring.publish();
//! let Window::Slices([first, ..]) = ring.window(&bytes, &cursor) else { panic!() };
//! assert_eq!(first, [6, 0, 1, 0, 0, 0, b'h', b'i']);
//! ```

use core::marker::PhantomData;

use super::{Advanced, Cursor, Window};
use crate::wire::framing::{FrameWalk, StreamFrames};
use crate::wire::{Frame, Full};

#[cfg(test)]
mod tests;

/// What a frame in the ring is to a member.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FrameClass {
    /// The member's own move: left out of its slices.
    Own,
    /// An event: if it is missed, that is announced by number.
    Counted,
    /// State that a newer one, or a snapshot, makes up for.
    State,
}

/// The positions of one ring; its bytes belong to whoever owns the storage and are lent to each
/// call. Their number has to be a power of two, or as much of them as one is used.
#[derive(Copy, Clone, Debug)]
pub struct BroadcastRing<W = StreamFrames> {
    /// Behind the last frame. Positions are stream offsets that wrap; their low bits are the index.
    head: u32,
    /// Members get what is before this.
    published: u32,
    /// Where the lap before `head`'s ended: frames do not wrap, so a lap may end early.
    lap_end: u32,
    counted: u32,
    counted_published: u32,
    unpublished_frames: u32,
    walk: PhantomData<W>,
}

/// The largest power of two that `bytes` has room for.
const fn capacity_of(bytes: &[u8]) -> u32 {
    match bytes.len().checked_ilog2() {
        Some(bits) if bits < 31 => 1 << bits,
        Some(_) => 1 << 31,
        None => 0,
    }
}

impl<W: FrameWalk> BroadcastRing<W> {
    /// A ring in which nothing has been said: all-zero bits.
    pub const EMPTY: Self = Self {
        head: 0,
        published: 0,
        lap_end: 0,
        counted: 0,
        counted_published: 0,
        unpublished_frames: 0,
        walk: PhantomData,
    };

    /// A cursor at the end of what is published: nothing to get.
    pub const fn cursor(&self) -> Cursor {
        let (at, counted) = (self.published, self.counted_published);
        Cursor { at, counted, framing: W::FRAMING, ..Cursor::VACANT }
    }

    /// Whether something has been appended and not been published.
    pub const fn has_unpublished(&self) -> bool {
        self.head != self.published
    }

    /// Whether frames of `bytes_needed` bytes in all, none longer than `longest`, fit before the
    /// next [`BroadcastRing::publish`], wherever the lap ends.
    pub const fn has_room_for(&self, bytes: &[u8], bytes_needed: usize, longest: usize) -> bool {
        let unpublished = self.head.wrapping_sub(self.published) as usize;
        unpublished + bytes_needed + longest <= capacity_of(bytes) as usize
    }

    /// Whether [`BroadcastRing::append`] takes a frame of at most `longest` bytes.
    pub const fn takes(&self, bytes: &[u8], longest: usize) -> bool {
        let capacity = capacity_of(bytes);
        let to_lap_end = (capacity - self.index(self.head, capacity)) as usize;
        let skip = if to_lap_end < longest { to_lap_end } else { 0 };
        self.has_room_for(bytes, skip, longest)
    }

    /// Appends one frame of at most `longest` bytes and answers its position.
    ///
    /// # Errors
    /// [`Full`] if `longest` bytes could overwrite what is not published.
    pub fn append(
        &mut self,
        bytes: &mut [u8],
        class: FrameClass,
        longest: usize,
        encode: impl Fn(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<u32, Full> {
        let capacity = capacity_of(bytes);
        let index = self.index(self.head, capacity);
        let to_lap_end = capacity - index;
        if !self.takes(bytes, longest) {
            return Err(Full);
        }
        // What is left of the lap may do; if it does not, the next lap has room for `longest`.
        let here = region(bytes, index, to_lap_end.min(longest as u32));
        let fit = encode(here).map(|used| (self.head, used));
        let (position, used) = match fit {
            Ok(fit) => fit,
            Err(Full) => self.append_in_next_lap(bytes, to_lap_end, longest, &encode)?,
        };
        self.head = position.wrapping_add(used as u32);
        if self.index(self.head, capacity) == 0 {
            self.lap_end = self.head;
        }
        self.unpublished_frames += 1;
        if class == FrameClass::Counted {
            self.counted = self.counted.wrapping_add(1);
        }
        Ok(position)
    }

    fn append_in_next_lap(
        &mut self,
        bytes: &mut [u8],
        to_lap_end: u32,
        longest: usize,
        encode: &impl Fn(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<(u32, usize), Full> {
        match encode(region(bytes, 0, longest as u32)) {
            Ok(used) => {
                self.lap_end = self.head;
                Ok((self.head.wrapping_add(to_lap_end), used))
            }
            Err(Full) => {
                // Longer than announced: nobody may read what the attempt has left behind.
                self.overrun_all(bytes);
                Err(Full)
            }
        }
    }

    const fn index(&self, position: u32, capacity: u32) -> u32 {
        position & capacity.saturating_sub(1)
    }

    /// Behind everything that was said so far, published or not.
    pub const fn end(&self) -> u32 {
        self.head
    }

    /// Whether a member has got everything before `position`: it is published, and there is nothing before it
    /// to get. Answers rightly while the ring has gone on by less than half its numbers.
    pub fn has_given(&self, bytes: &[u8], cursor: &Cursor, position: u32) -> bool {
        if is_before(self.published, position) {
            return false;
        }
        match self.window_until(bytes, cursor, position) {
            Window::Nothing => true,
            Window::Slices(slices) => slices.iter().all(|slice| slice.is_empty()),
            Window::Overrun => false,
        }
    }

    /// Frames that were appended since the last [`BroadcastRing::publish`].
    pub const fn unpublished_frames(&self) -> u32 {
        self.unpublished_frames
    }

    /// Lets members have what was appended.
    pub const fn publish(&mut self) {
        self.unpublished_frames = 0;
        self.published = self.head;
        self.counted_published = self.counted;
    }

    /// Overruns every cursor: what could not be appended is made up for by snapshots.
    pub const fn overrun_all(&mut self, bytes: &[u8]) {
        let capacity = capacity_of(bytes);
        let lap = self.head & !capacity.saturating_sub(1);
        self.head = lap.wrapping_add(capacity.saturating_mul(2));
        self.lap_end = self.head.wrapping_sub(capacity);
        self.publish();
    }

    /// Counted frames between what `cursor` has got and what is published.
    pub const fn counted_since(&self, cursor: &Cursor) -> u32 {
        self.counted_published.wrapping_sub(cursor.counted)
    }

    /// What a member has to get; `Own` frames that its cursor knows of are left out.
    pub fn window<'r>(&self, bytes: &'r [u8], cursor: &Cursor) -> Window<'r> {
        self.window_until(bytes, cursor, self.published)
    }

    /// The part of a member's window before `position`, an [`end`](Self::end) that was. Who has taken all of it
    /// has not got the whole window: [`BroadcastRing::advance`] must not be told that it was all that was offered.
    pub fn window_until<'r>(&self, bytes: &'r [u8], cursor: &Cursor, position: u32) -> Window<'r> {
        if self.is_overrun(bytes, cursor) {
            return Window::Overrun;
        }
        let end = if is_before(position, self.published) { position } else { self.published };
        if !is_before(cursor.at, end) {
            return Window::Nothing;
        }
        let own_frames = if is_before(cursor.own, end) { cursor.own_frames } else { 0 };
        let [first, second] = match own_frames {
            0 => return self.joined(self.span(bytes, cursor.at, end), [&[], &[]]),
            _ => self.span(bytes, cursor.at, cursor.own),
        };
        // Behind the second of several own frames the window goes on after the next advance.
        let behind = match own_frames {
            1 => self.span(bytes, self.frame_end(bytes, cursor.own), end),
            _ => [&[][..]; 2],
        };
        self.joined([first, second], behind)
    }

    /// At most one of the two spans wraps, so three slices hold them.
    fn joined<'r>(&self, before: [&'r [u8]; 2], behind: [&'r [u8]; 2]) -> Window<'r> {
        let mut slices: [&[u8]; 3] = [&[]; 3];
        let parts = before.into_iter().chain(behind).filter(|part| !part.is_empty());
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = part;
        }
        Window::Slices(slices)
    }

    /// Whether the ring has gone over `cursor`.
    pub const fn is_overrun(&self, bytes: &[u8], cursor: &Cursor) -> bool {
        self.head.wrapping_sub(cursor.at) > capacity_of(bytes)
    }

    /// The bytes from one position to another, which are at most a lap apart.
    fn span<'r>(&self, bytes: &'r [u8], from: u32, to: u32) -> [&'r [u8]; 2] {
        let capacity = capacity_of(bytes);
        let (start, end) = (self.index(from, capacity), self.index(to, capacity));
        let lap = |position: u32| position & !capacity.saturating_sub(1);
        if lap(from) == lap(to) {
            return [slice(bytes, start, end), &[]];
        }
        [slice(bytes, start, self.lap_end_index(from, capacity)), slice(bytes, 0, end)]
    }

    /// The index behind the last frame of the lap before the newest, which `position` lies in.
    fn lap_end_index(&self, position: u32, capacity: u32) -> u32 {
        self.index(position, capacity) + self.lap_end.wrapping_sub(position)
    }

    /// The frame that begins at `position`, and where it ends; skips the end of a lap.
    fn frame_at<'r>(&self, bytes: &'r [u8], position: u32) -> Option<(Frame<'r>, &'r [u8], u32)> {
        let capacity = capacity_of(bytes);
        let in_lap = self.index(position, capacity);
        let skipped = if position == self.lap_end && in_lap > 0 { capacity - in_lap } else { 0 };
        let start = position.wrapping_add(skipped);
        let tail = slice(bytes, self.index(start, capacity), capacity);
        let (frame, whole) = W::first_frame(tail)?;
        Some((frame, whole, start.wrapping_add(whole.len() as u32)))
    }

    /// The bytes of the frame that [`BroadcastRing::append`] has just put at `position`.
    pub fn frame_bytes<'r>(&self, bytes: &'r [u8], position: u32) -> &'r [u8] {
        self.frame_at(bytes, position).map_or(&[], |(_, whole, _)| whole)
    }

    fn frame_end(&self, bytes: &[u8], position: u32) -> u32 {
        self.frame_at(bytes, position).map_or(position, |(_, _, end)| end)
    }

    /// The member's transport has taken `taken` of the `offered` bytes of its window: moves its
    /// cursor. `classify` tells its own and counted frames; it is asked only when the cursor can't
    /// simply jump to the published end.
    pub fn advance<'r>(
        &self,
        bytes: &'r [u8],
        cursor: &mut Cursor,
        taken: usize,
        offered: usize,
        classify: impl Fn(Frame<'_>) -> FrameClass,
    ) -> Advanced<'r> {
        if taken >= offered && cursor.own_frames <= 1 {
            *cursor = self.cursor();
            return Advanced::Clean;
        }
        let (mut left, mut advanced) = (taken, Advanced::Clean);
        while cursor.at != self.published {
            let Some((frame, whole, end)) = self.frame_at(bytes, cursor.at) else {
                break;
            };
            if cursor.own_frames > 0 && begin_of(whole, end) == cursor.own {
                // Also behind a cut frame: a cursor never stays in front of an own frame.
                self.pass_own(bytes, cursor, end, &classify);
                continue;
            }
            if left == 0 {
                break;
            }
            cursor.at = end;
            cursor.counted =
                cursor.counted.wrapping_add(u32::from(classify(frame) == FrameClass::Counted));
            if left < whole.len() {
                advanced = Advanced::Cut(whole.get(left..).unwrap_or_default());
            }
            left = left.saturating_sub(whole.len());
        }
        advanced
    }

    /// Leaves the member's own frame at `position`, which [`BroadcastRing::append`] has answered, out
    /// of its window. Keeps a cursor from standing in front of the first of several own frames.
    pub fn leave_out(&self, bytes: &[u8], cursor: &mut Cursor, position: u32) {
        if self.is_overrun(bytes, cursor) {
            // What it stands at is not a frame any more; a snapshot will move it.
            return;
        }
        if cursor.own_frames == 1
            && let Some((_, whole, end)) = self.frame_at(bytes, cursor.at)
            && begin_of(whole, end) == cursor.own
        {
            cursor.at = end;
            cursor.own_frames = 0;
        }
        if cursor.own_frames == 0 {
            cursor.own = position;
        }
        cursor.own_frames += 1;
    }

    /// Steps over the member's own frame and looks for its next one.
    fn pass_own(
        &self,
        bytes: &[u8],
        cursor: &mut Cursor,
        end: u32,
        classify: &impl Fn(Frame<'_>) -> FrameClass,
    ) {
        cursor.at = end;
        cursor.own_frames -= 1;
        let mut position = end;
        while cursor.own_frames > 0 && position != self.published {
            let Some((frame, whole, end)) = self.frame_at(bytes, position) else {
                return;
            };
            if classify(frame) == FrameClass::Own {
                cursor.own = begin_of(whole, end);
                return;
            }
            position = end;
        }
    }
}

/// Whether one position comes before another that is less than half of all positions away.
const fn is_before(position: u32, other: u32) -> bool {
    position.wrapping_sub(other) > u32::MAX / 2
}

const fn begin_of(whole: &[u8], end: u32) -> u32 {
    end.wrapping_sub(whole.len() as u32)
}

fn slice(bytes: &[u8], start: u32, end: u32) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

fn region(bytes: &mut [u8], start: u32, len: u32) -> &mut [u8] {
    let end = start.saturating_add(len);
    bytes.get_mut(start as usize..end as usize).unwrap_or_default()
}

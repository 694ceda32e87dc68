//! `Mux`: the channels of one line, and whose turn it is to say something.
//!
//! Contract: what is said of the line itself goes first, then what is to be answered, then data, a frame a channel in turn. Of all
//! channels together [`IN_FLIGHT_MAX_BYTES`] may be on their way, so that an answer is never far behind: what was not
//! answered in the time that two such lots take is lost.

use core::cell::Cell;

use crate::channel::{Channel, ChannelState, Effect, News, follow};
use crate::frame::{
    ADDRESS_BYTES, Body, CHANNELS_MAX, DATA_MAX_BYTES, ENCODED_MAX_BYTES, End, Frame, Greeting,
    Received, Receiver, VERSION, encode,
};
use crate::link::{self, Link};
use crate::stream::{Answer, Piece};

/// Bytes that may be on their way at once.
pub const IN_FLIGHT_MAX_BYTES: usize = 512;
/// Bits of a byte on the line, with those around it.
const BITS_PER_BYTE: u32 = 10;
/// What the other end may take to answer, beside what the line takes.
const ANSWER_MS: u32 = 100;

/// What a line is told at its beginning.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Which end this is.
    pub end: End,
    /// Of the board's channels those that the desktop opens; the desktop is told by the board.
    pub listeners: u8,
    /// The speed of the line, by which it is told how long an answer may take.
    pub baud: u32,
    /// Any number, but another one than the last time.
    pub epoch: u16,
}

/// What has happened so far.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Frames that have come.
    pub frames: u32,
    /// What came and was no frame: noise.
    pub broken: u32,
    /// How often an answer was waited for in vain, or a gap was heard of.
    pub resent: u32,
    /// How often the line was lost: the other end began anew, or was silent.
    pub lost: u32,
}

/// A line; see the [crate](crate).
pub struct Mux<'b> {
    greeting: Greeting,
    resend_ms: u32,
    link: Link,
    peer: Option<Greeting>,
    channels: &'b mut [Channel],
    bytes: &'b mut [u8],
    /// Of one direction of one channel.
    capacity: usize,
    receiver: Receiver,
    /// The frame that is on its way out.
    frame: [u8; ENCODED_MAX_BYTES],
    frame_from: usize,
    frame_to: usize,
    /// Whose turn it is.
    turn: usize,
    stats: Stats,
}

impl<'b> Mux<'b> {
    /// A line whose other end is still to be heard of. `bytes` are the buffers, two a channel, of equal length: each takes
    /// 32 KB at most.
    pub fn new(options: Options, channels: &'b mut [Channel], bytes: &'b mut [u8]) -> Self {
        let count = channels.len().min(CHANNELS_MAX);
        let channels = channels.get_mut(..count).unwrap_or_default();
        let capacity = bytes.len().checked_div(count * 2).unwrap_or(0).min(1 << 15);
        let lot_bits = IN_FLIGHT_MAX_BYTES as u32 * 2 * BITS_PER_BYTE;
        let line_ms = (lot_bits * 1_000).checked_div(options.baud).unwrap_or(0);
        let channel_count = u8::try_from(count).unwrap_or(0);
        let listeners = options.listeners.min(channel_count);
        Self {
            greeting: Greeting { end: options.end, channels: channel_count, listeners },
            resend_ms: ANSWER_MS + line_ms,
            link: Link::new(options.epoch),
            peer: None,
            channels,
            bytes,
            capacity,
            receiver: Receiver::NEW,
            frame: [0; ENCODED_MAX_BYTES],
            frame_from: 0,
            frame_to: 0,
            turn: 0,
            stats: Stats::default(),
        }
    }

    /// Whether both ends know of each other.
    pub const fn is_up(&self) -> bool {
        self.link.number().is_some()
    }

    /// What has happened so far.
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// How many channels there are at both ends, and how many of them the desktop opens.
    pub fn layout(&self) -> (usize, usize) {
        let Some(peer) = self.peer else { return (0, 0) };
        let board = if self.greeting.end == End::Board { self.greeting } else { peer };
        (usize::from(self.greeting.channels.min(peer.channels)), usize::from(board.listeners))
    }

    /// Where a channel is.
    pub fn state(&self, number: usize) -> ChannelState {
        self.channels.get(number).map_or(ChannelState::Idle, |channel| channel.state)
    }

    /// Who has opened a channel, or where to.
    pub fn address(&self, number: usize) -> [u8; ADDRESS_BYTES] {
        self.channels.get(number).map_or([0; ADDRESS_BYTES], |channel| channel.address)
    }

    /// What the other end opens shall be asked for.
    pub fn listen(&mut self, number: usize) {
        if let Some(channel) = self.channels.get_mut(number)
            && channel.state == ChannelState::Idle
        {
            channel.state = ChannelState::Listening;
        }
    }

    /// Opens a channel; `false` if it is not idle, not ours to open, or the line is not up.
    pub fn open(&mut self, number: usize, address: [u8; ADDRESS_BYTES], now_ms: u32) -> bool {
        let (count, listeners) = self.layout();
        let is_ours = (number < listeners) == (self.greeting.end == End::Desktop);
        let is_there = self.is_up() && is_ours && number < count;
        let channel = self.channels.get_mut(number).filter(|_| is_there);
        let Some(channel) = channel.filter(|channel| channel.state == ChannelState::Idle) else {
            return false;
        };
        channel.begin(ChannelState::Opening, channel.number.wrapping_add(1), 0);
        channel.wait.note_progress(now_ms);
        channel.address = address;
        true
    }

    /// Takes what the other end has opened.
    pub fn accept(&mut self, number: usize) {
        if let Some(channel) = self.channels.get_mut(number)
            && channel.state == ChannelState::Asked
        {
            channel.state = ChannelState::Open;
            channel.receiving.answer_with(Answer::Ack);
        }
    }

    /// The bytes that have come and are not taken yet.
    pub fn held(&self, number: usize) -> &[u8] {
        let count = self.channels.get(number).map_or(0, |channel| channel.receiving.held());
        let from = number * 2 * self.capacity;
        self.bytes.get(from..from + count).unwrap_or_default()
    }

    /// Takes the first `count` of them.
    pub fn take(&mut self, number: usize, count: usize) {
        let capacity = self.capacity;
        let Some((channel, bytes, _)) = self.parts(number) else { return };
        let held = channel.receiving.held();
        let count = count.min(held);
        forget(bytes, count, held);
        channel.receiving.take(count, capacity);
        channel.end_if_done();
    }

    /// Whether the other end has said all that it will, and that is taken.
    pub fn has_ended(&self, number: usize) -> bool {
        self.channels
            .get(number)
            .is_some_and(|channel| channel.receiving.has_ended() && channel.receiving.held() == 0)
    }

    /// How many bytes [`Mux::send`] takes now.
    pub fn room(&self, number: usize) -> usize {
        let channel = self.channels.get(number);
        let channel = channel
            .filter(|channel| channel.state == ChannelState::Open && channel.sending.takes_more());
        channel.map_or(0, |channel| self.capacity - channel.sending.held())
    }

    /// [`Mux::room`] of a channel on which nothing is on its way.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes as many of `bytes` as there is room for, and answers how many: they arrive.
    pub fn send(&mut self, number: usize, bytes: &[u8], now_ms: u32) -> usize {
        let count = bytes.len().min(self.room(number));
        let Some((channel, _, place)) = self.parts(number) else { return 0 };
        let held = channel.sending.held();
        let free = place.get_mut(held..).unwrap_or_default();
        for (place, byte) in free.iter_mut().zip(bytes).take(count) {
            *place = *byte;
        }
        if !channel.sending.waits() {
            channel.wait.note_progress(now_ms);
        }
        channel.sending.hold(count);
        count
    }

    /// Ends our direction, behind what was sent.
    pub fn shut(&mut self, number: usize) {
        if let Some(channel) = self.channels.get_mut(number)
            && channel.state == ChannelState::Open
        {
            channel.sending.shut();
        }
    }

    /// Gives a connection up, whatever is on its way.
    pub fn abort(&mut self, number: usize, now_ms: u32) {
        if let Some(channel) = self.channels.get_mut(number) {
            channel.abort(now_ms);
        }
    }

    /// A channel, where what has come lies, and where what is on its way does.
    fn parts(&mut self, number: usize) -> Option<(&mut Channel, &mut [u8], &mut [u8])> {
        let from = number * 2 * self.capacity;
        let both = self.bytes.get_mut(from..from + 2 * self.capacity)?;
        let (received, to_send) = both.split_at_mut_checked(self.capacity)?;
        Some((self.channels.get_mut(number)?, received, to_send))
    }
}

/// Of the first `held` bytes, `count` are of no use any more.
fn forget(bytes: &mut [u8], count: usize, held: usize) {
    // Cells, because `copy_within` can panic as far as a linker sees.
    let lot = Cell::from_mut(bytes.get_mut(..held).unwrap_or_default()).as_slice_of_cells();
    for (place, byte) in lot.iter().zip(lot.iter().skip(count)) {
        place.set(byte.get());
    }
}

mod incoming;
mod outgoing;

#[cfg(test)]
mod tests;

//! `Inlets`: records that come in, gathered, opened, and handed on as what they are made of.
//!
//! Contract: the same bytes give the same frames however they are split. The last byte of a record stays with whoever
//! brings it until all frames of the record are heard, so a node that has to wait is offered the rest again by a
//! driver that knows nothing of records.
//!
//! Bounds: one record a link; a longer one is [`Broken`](Source::Broken).

#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
mod messages;

#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use self::messages::Envelope;
use crate::secure::{Broken, RECORD_COST_BYTES, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES};
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use crate::session::Signal;
use crate::storage::Vacant;
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use crate::wire::ws::{CloseCode, FrameKind, Side};

/// How far the record has come that an inlet's buffer holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Inlet {
    /// So many bytes of it are here; none of an open one.
    have: u16,
    /// Where the frames of an open one begin that have not been heard, and where they end; 0 of one that is not open.
    start: u16,
    end: u16,
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    envelope: Envelope,
}

impl Vacant for Inlet {
    const VACANT: Self = Self {
        have: 0,
        start: 0,
        end: 0,
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        envelope: Envelope::VACANT,
    };
}

/// Which inlet the bytes of a session go through.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct WayIn {
    pub(crate) inlet: u16,
    /// It begins with them.
    pub(crate) is_fresh: bool,
    /// Records come as the messages of a WebSocket, of which we are this side.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    pub(crate) messages: Option<Side>,
}

/// Where the next frames come from.
#[derive(Debug)]
pub(crate) enum Source<'s> {
    /// From the input itself.
    Clear,
    /// From a record that has opened.
    Opened {
        /// Through which it came.
        inlet: u16,
        /// What of it has not been heard.
        frames: &'s [u8],
    },
    /// From input that is to come.
    Dry,
    /// From nowhere: the record is not what it should be.
    Broken,
    /// What a WebSocket says besides records.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    Signal(Signal<'s>),
}

/// The inlets of a node; see the [module](self).
#[derive(Debug)]
pub(crate) struct Inlets<'a> {
    inlets: &'a mut [Inlet],
    bytes: &'a mut [u8],
    /// Some of a record was heard since [`Inlets::begin`].
    has_heard: bool,
}

impl<'a> Inlets<'a> {
    pub(crate) const fn new(inlets: &'a mut [Inlet], bytes: &'a mut [u8]) -> Self {
        Self { inlets, bytes, has_heard: false }
    }

    /// Bytes have come from somebody.
    pub(crate) const fn begin(&mut self) {
        self.has_heard = false;
    }

    /// Whether something of a record was heard of what came last.
    pub(crate) const fn has_heard(&self) -> bool {
        self.has_heard
    }

    fn buffer_bytes(&self) -> usize {
        self.bytes.len().checked_div(self.inlets.len()).unwrap_or(0)
    }

    /// How long a record's frames may be.
    pub(crate) fn record_bytes(&self) -> u16 {
        let fits = self.buffer_bytes().saturating_sub(RECORD_COST_BYTES);
        fits.min(usize::from(u16::MAX)) as u16
    }

    /// Where the next frames of a session come from, whose `input` is shortened by what was gathered. A whole record
    /// is `open`ed in place, with the number of its inlet.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        way: Option<WayIn>,
        input: &mut &[u8],
        open: impl FnMut(u16, &mut [u8]) -> Result<usize, Broken>,
    ) -> Source<'_> {
        match way {
            Some(way) => self.gather(way, input, open),
            None => Source::Clear,
        }
    }

    fn gather(
        &mut self,
        way: WayIn,
        input: &mut &[u8],
        mut open: impl FnMut(u16, &mut [u8]) -> Result<usize, Broken>,
    ) -> Source<'_> {
        let WayIn { inlet: index, is_fresh, .. } = way;
        let (place, each) = (usize::from(index), self.buffer_bytes());
        let inlet = self.inlets.get_mut(place);
        let buffer = self.bytes.chunks_exact_mut(each.max(1)).nth(place);
        let (Some(inlet), Some(buffer)) = (inlet, buffer) else { return Source::Broken };
        if is_fresh {
            *inlet = Inlet::VACANT;
        }
        while !inlet.has_frames() {
            if inlet.is_open() {
                let Some((_, rest)) = input.split_first() else { return Source::Dry };
                *input = rest;
                *inlet = Inlet::VACANT;
            }
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            let gathered = inlet.take(way.messages, &mut *buffer, input);
            #[cfg(not(all(feature = "sealed-clients", feature = "websocket")))]
            let gathered = inlet.take_from_stream(&mut *buffer, input);
            match gathered {
                Gathered::Part => return Source::Dry,
                Gathered::Whole(record) => match open(index, record) {
                    Ok(frames_bytes) => inlet.opened(frames_bytes),
                    Err(Broken) => return Source::Broken,
                },
                Gathered::Invalid => return Source::Broken,
                #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
                Gathered::Control(kind, (start, end)) => {
                    let payload = buffer.get(start..end).unwrap_or_default();
                    return Source::Signal(messages::signal_of(kind, payload));
                }
                #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
                Gathered::Broke(code) => return Source::Signal(Signal::Broken(code)),
            }
        }
        let frames = buffer.get(usize::from(inlet.start)..usize::from(inlet.end));
        frames.map_or(Source::Broken, |frames| Source::Opened { inlet: index, frames })
    }

    /// So many bytes of the frames of a session have been heard.
    pub(crate) fn heard(&mut self, index: u16, bytes: usize) {
        self.has_heard |= bytes > 0;
        if let Some(inlet) = self.inlets.get_mut(usize::from(index)) {
            inlet.start = inlet.start.saturating_add(bytes as u16).min(inlet.end);
        }
    }
}

enum Gathered<'b> {
    Part,
    /// Without its prefix.
    Whole(&'b mut [u8]),
    Invalid,
    /// A control frame, whose payload lies there.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    Control(FrameKind, (usize, usize)),
    /// No WebSocket may say that.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    Broke(CloseCode),
}

/// Where the frames of an open record begin: behind its prefix and its kind.
const FRAMES_AT: u16 = RECORD_PREFIX_BYTES as u16 + 1;

impl Inlet {
    const fn is_open(self) -> bool {
        self.start != 0
    }

    const fn has_frames(self) -> bool {
        self.start < self.end
    }

    const fn opened(&mut self, frames_bytes: usize) {
        (self.start, self.end) = (FRAMES_AT, FRAMES_AT + frames_bytes as u16);
    }

    /// Moves what belongs to the record from `input` to its buffer, but leaves its last byte.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    fn take<'b>(
        &mut self,
        messages: Option<Side>,
        buffer: &'b mut [u8],
        input: &mut &[u8],
    ) -> Gathered<'b> {
        let Some(side) = messages else { return self.take_from_stream(buffer, input) };
        if self.have == 0 {
            self.have = RECORD_PREFIX_BYTES as u16;
        }
        match self.envelope.take(side, (buffer, &mut self.have), input) {
            Gathered::Whole(record) if record.len() < RECORD_EXTRA_BYTES => Gathered::Invalid,
            gathered => gathered,
        }
    }

    fn take_from_stream<'b>(&mut self, buffer: &'b mut [u8], input: &mut &[u8]) -> Gathered<'b> {
        if !self.fill(buffer, input, RECORD_PREFIX_BYTES, 0) {
            return Gathered::Part;
        }
        let length = buffer.first_chunk().copied().map_or(0, u16::from_le_bytes);
        let total = RECORD_PREFIX_BYTES + usize::from(length);
        if usize::from(length) < RECORD_EXTRA_BYTES || total > buffer.len() {
            return Gathered::Invalid;
        }
        if !self.fill(buffer, input, total, 1) {
            return Gathered::Part;
        }
        buffer.get_mut(RECORD_PREFIX_BYTES..total).map_or(Gathered::Invalid, Gathered::Whole)
    }

    /// Fills the buffer up to `total` bytes, and answers whether there are as many. Of the last ones, `left` stay in the input.
    fn fill(&mut self, buffer: &mut [u8], input: &mut &[u8], total: usize, left: usize) -> bool {
        let have = usize::from(self.have);
        let missing = total.saturating_sub(have);
        if missing == 0 {
            return true;
        }
        let count = missing.min(input.len());
        let (Some(place), Some(bytes)) = (buffer.get_mut(have..have + count), input.get(..count))
        else {
            return false;
        };
        place.copy_from_slice(bytes);
        let is_whole = count == missing;
        let taken = if is_whole { count - left.min(count) } else { count };
        *input = input.get(taken..).unwrap_or_default();
        self.have += count as u16;
        is_whole
    }
}

//! What the Ethernet's DMA and the driver share (ST, RM0433, 58.10): a frame to be sent, and a ring of such that have come.
//!
//! Purpose: frames wait in buffers of `BYTES`, and each belongs to one of the two at a time, as its descriptor says.
//!
//! Contract: all of it is atomics, for the DMA changes it whenever it likes. A frame that is longer than a buffer comes in pieces,
//! of which each is dropped. Nobody but the driver calls what writes.
//!
//! Bounds: one frame that goes, `WAITING` that come.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

/// Bits of a descriptor's last word.
pub(crate) mod status {
    pub(crate) const IS_THE_DMA_S: u32 = 1 << 31;
    /// Given to the DMA: an interrupt tells of the frame. Given back: there is none.
    pub(crate) const TELLS: u32 = 1 << 30;
    pub(crate) const IS_FIRST: u32 = 1 << 29;
    pub(crate) const IS_LAST: u32 = 1 << 28;
    pub(crate) const HAS_BUFFER: u32 = 1 << 24;
    pub(crate) const HAS_ERROR: u32 = 1 << 15;
    pub(crate) const BYTES: u32 = 0x7FFF;
}

/// What the DMA is told of a buffer.
#[repr(C)]
pub(crate) struct Descriptor(pub(crate) [AtomicU32; 4]);

impl Descriptor {
    const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; 4])
    }

    fn status(&self) -> u32 {
        let status = self.0[3].load(Ordering::Relaxed);
        fence(Ordering::SeqCst);
        status
    }

    fn is_ours(&self) -> bool {
        self.status() & status::IS_THE_DMA_S == 0
    }

    /// Gives it to the DMA, with this buffer.
    fn hand_over<const BYTES: usize>(&self, buffer: &Buffer<BYTES>, bytes: u32, status: u32) {
        self.0[0].store(buffer.0.as_ptr() as u32, Ordering::Relaxed);
        self.0[2].store(bytes, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.0[3].store(status | status::IS_THE_DMA_S, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }
}

/// A frame's memory.
#[repr(C, align(8))]
pub(crate) struct Buffer<const BYTES: usize>(pub(crate) [AtomicU8; BYTES]);

impl<const BYTES: usize> Buffer<BYTES> {
    const fn new() -> Self {
        Self([const { AtomicU8::new(0) }; BYTES])
    }
}

/// What both reach; see the [module](self).
#[repr(C, align(8))]
pub(crate) struct Rings<const WAITING: usize, const BYTES: usize> {
    pub(crate) to_send: Descriptor,
    pub(crate) received: [Descriptor; WAITING],
    pub(crate) frame_to_send: Buffer<BYTES>,
    pub(crate) frames_received: [Buffer<BYTES>; WAITING],
}

impl<const WAITING: usize, const BYTES: usize> Rings<WAITING, BYTES> {
    pub(crate) const fn new() -> Self {
        Self {
            to_send: Descriptor::new(),
            received: [const { Descriptor::new() }; WAITING],
            frame_to_send: Buffer::new(),
            frames_received: [const { Buffer::new() }; WAITING],
        }
    }

    /// Has the DMA receive into all of them.
    pub(crate) fn start(&self) {
        (0..WAITING).for_each(|place| self.give_back(place));
    }

    fn give_back(&self, place: usize) {
        let buffer = &self.frames_received[place];
        self.received[place].hand_over(buffer, 0, status::HAS_BUFFER | status::TELLS);
    }

    /// Whether a frame or a piece has come there.
    pub(crate) fn has_frame(&self, place: usize) -> bool {
        self.received[place].is_ours()
    }

    /// Takes what has come there, and answers its length if it is a whole frame and a good one.
    pub(crate) fn take(&self, place: usize, frame: &mut [u8]) -> Option<usize> {
        use status::{HAS_ERROR, IS_FIRST, IS_LAST, TELLS};
        let status = self.received[place].status();
        let is_whole = status & (IS_FIRST | IS_LAST | HAS_ERROR | TELLS) == IS_FIRST | IS_LAST;
        let bytes = (status & status::BYTES) as usize;
        let fits = frame.get_mut(..bytes).filter(|_| is_whole).map(|frame| {
            for (place, byte) in frame.iter_mut().zip(&self.frames_received[place].0) {
                *place = byte.load(Ordering::Relaxed);
            }
        });
        self.give_back(place);
        fits.map(|()| bytes)
    }

    /// Whether the last frame has been sent.
    pub(crate) fn may_send(&self) -> bool {
        self.to_send.is_ours()
    }

    /// Gives a frame to the DMA, which has sent the last one.
    pub(crate) fn send(&self, frame: &[u8]) {
        for (place, byte) in self.frame_to_send.0.iter().zip(frame) {
            place.store(*byte, Ordering::Relaxed);
        }
        let whole = status::IS_FIRST | status::IS_LAST;
        self.to_send.hand_over(&self.frame_to_send, frame.len() as u32, whole);
    }
}

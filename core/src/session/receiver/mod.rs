//! `Receiver`: received bytes to whole frames, session by session.
//!
//! Purpose: the first station of a packet. Whole frames are handed on as views of the driver's own
//! buffer; only a frame that is cut by the end of a read is copied, into a pool buffer that goes
//! back as soon as the frame is whole and handled.
//!
//! Contract: the same bytes give the same frames however they are split. [`Received::NoBuffer`] takes
//! nothing more: the driver offers the rest again later.
//!
//! Bounds: one buffer a session, and only while a frame is partial; a frame has to fit one buffer.
//!
//! ```
//! use tinyrealm_core::session::{Inbound, Received, Receiver, ReceiverStorage};
//! use tinyrealm_core::storage::BufferMeta;
//! let (mut inbounds, mut metas) = ([const { Inbound::EMPTY }; 1], [BufferMeta::VACANT; 1]);
//! let mut bytes = [0; 16];
//! let storage =
//!     ReceiverStorage::new(&mut inbounds, &mut bytes, &mut metas);
//! let mut receiver = Receiver::new(storage, 64);
//! let mut input = &[4, 0, 1][..]; // the beginning of a frame
//! assert!(matches!(receiver.next(0, &mut input), Received::NeedMore));
//! let mut input = &[0, 0, 0][..]; // and its end
//! let Received::Frame(frame) = receiver.next(0, &mut input) else { panic!() };
//! assert_eq!(frame.opcode.0, 1);
//! assert!(matches!(receiver.next(0, &mut input), Received::NeedMore));
//! assert_eq!(receiver.buffers_in_use(), 0);
//! ```

#[cfg(feature = "websocket")]
mod messages;
#[cfg(test)]
mod tests;

#[cfg(feature = "websocket")]
use crate::wire::ws::handshake::Policy;
#[cfg(feature = "websocket")]
use messages::Language;
#[cfg(feature = "websocket")]
pub use messages::Signal;

#[cfg(feature = "long-frames")]
use crate::storage::LongStorage;
use crate::storage::{BufferMeta, BufferPool, Chain};
use crate::wire::{Frame, FrameError, Framed, PacketFramer, PacketHeader};

/// The memory of a [`Receiver`].
#[derive(Debug)]
pub struct ReceiverStorage<'a> {
    /// One a session.
    pub inbounds: &'a mut [Inbound],
    /// Shared equally by as many buffers as there are `metas`.
    pub bytes: &'a mut [u8],
    /// One a buffer.
    pub metas: &'a mut [BufferMeta],
    /// Buffers for frames that fit none of those, of peers that are known.
    #[cfg(feature = "long-frames")]
    pub long: LongStorage<'a>,
}

impl<'a> ReceiverStorage<'a> {
    /// Without long buffers.
    pub fn new(
        inbounds: &'a mut [Inbound],
        bytes: &'a mut [u8],
        metas: &'a mut [BufferMeta],
    ) -> Self {
        Self {
            inbounds,
            bytes,
            metas,
            #[cfg(feature = "long-frames")]
            long: LongStorage::default(),
        }
    }
}

/// What is kept of one session's input: the beginning of a frame, and what the input is.
#[derive(Debug)]
pub struct Inbound {
    chain: Chain,
    #[cfg(feature = "websocket")]
    language: Language,
}

impl Inbound {
    /// Nothing has come yet: all-zero bits.
    pub const EMPTY: Self = Self {
        chain: Chain::EMPTY,
        #[cfg(feature = "websocket")]
        language: Language::Undecided,
    };
}

/// What [`Receiver::next`] found.
#[derive(Debug)]
pub enum Received<'b> {
    /// A whole frame.
    Frame(Frame<'b>),
    /// All input is taken; a frame may be partial.
    NeedMore,
    /// The peer broke the protocol; nothing after this can be trusted.
    Invalid(FrameError),
    /// A partial frame has no place: some input is left.
    NoBuffer,
    /// A long frame has no place: the long buffers hold those of others.
    #[cfg(feature = "long-frames")]
    NoLongBuffer,
    /// What a WebSocket says besides frames.
    #[cfg(feature = "websocket")]
    Signal(Signal<'b>),
}

/// What a peer has proven.
#[cfg(feature = "long-frames")]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing yet.
    Stranger,
    /// Who it is.
    Known,
}

/// Cuts frames and keeps partial ones; see the [module](self).
#[derive(Debug)]
pub struct Receiver<'a> {
    inbounds: &'a mut [Inbound],
    pool: BufferPool<'a>,
    framer: PacketFramer,
    /// The longest body of who is known.
    #[cfg(feature = "long-frames")]
    limit_bytes: u32,
    #[cfg(feature = "long-frames")]
    standing: Standing,
    /// The session whose leftover has just been handed out whole, and is to be given back.
    spent: Option<u16>,
    /// Which pages may open a WebSocket.
    #[cfg(feature = "websocket")]
    pages: Policy<'static>,
}

impl<'a> Receiver<'a> {
    /// A receiver of bodies of up to `frame_limit_bytes`, or what fits one buffer with its prefix.
    pub fn new(storage: ReceiverStorage<'a>, frame_limit_bytes: u32) -> Self {
        let pool = BufferPool::new(storage.bytes, storage.metas);
        let fits = pool.buffer_bytes().saturating_sub(PacketHeader::BYTES as u16);
        let framer = PacketFramer::new(frame_limit_bytes.min(u32::from(fits)) as u16);
        #[cfg(feature = "long-frames")]
        let pool = pool.with_long(storage.long);
        Self {
            inbounds: storage.inbounds,
            pool,
            framer,
            #[cfg(feature = "long-frames")]
            limit_bytes: frame_limit_bytes,
            #[cfg(feature = "long-frames")]
            standing: Standing::Stranger,
            spent: None,
            #[cfg(feature = "websocket")]
            pages: Self::NO_PAGES,
        }
    }

    /// Long buffers that hold partial frames now.
    #[cfg(feature = "long-frames")]
    pub const fn long_buffers_in_use(&self) -> u16 {
        self.pool.long_in_use()
    }

    /// Buffers that hold partial frames now.
    pub const fn buffers_in_use(&self) -> u16 {
        self.pool.in_use()
    }

    /// The next frame of session `index`, from its leftover and from `input`, which is shortened
    /// by what was taken.
    #[inline]
    pub fn next<'s, 'i: 's>(&'s mut self, index: u16, input: &mut &'i [u8]) -> Received<'s> {
        self.give_back_spent();
        #[cfg(feature = "websocket")]
        match self.language(index, input) {
            Language::Undecided | Language::Stream => {}
            Language::Begun => return Received::Signal(Signal::HandshakeBegun),
            Language::Handshake => return self.shake_hands(index, input),
            Language::Answer => return self.read_answer(index, input),
            Language::Messages(side, assembly) => {
                return self.next_message(index, input, (side, assembly));
            }
        }
        self.next_frame(index, input)
    }

    #[inline]
    fn next_frame<'s, 'i: 's>(&'s mut self, index: u16, input: &mut &'i [u8]) -> Received<'s> {
        let inbound = self.inbounds.get(usize::from(index));
        if inbound.is_some_and(|inbound| !inbound.chain.is_empty()) {
            return self.complete_leftover(index, input);
        }
        match self.framer().next_frame(input) {
            Framed::Frame { frame, rest } => {
                *input = rest;
                Received::Frame(frame)
            }
            Framed::Partial { .. } => self.keep_partial(index, input),
            Framed::Invalid(error) => Received::Invalid(error),
        }
    }

    /// The frame that was handed out last has been handled: its buffer goes back now. `next` does so
    /// itself; this is for whoever does not call it again.
    pub fn give_back_spent(&mut self) {
        let Some(spent) = self.spent.take() else { return };
        #[cfg(feature = "websocket")]
        let kept_bytes = self.kept_bytes(spent);
        #[cfg(not(feature = "websocket"))]
        let kept_bytes = 0;
        self.cut(spent, kept_bytes);
    }

    fn keep_partial(&mut self, index: u16, input: &mut &[u8]) -> Received<'static> {
        if input.is_empty() {
            return Received::NeedMore;
        }
        let count = input.len();
        match self.take_bytes(index, input, count) {
            Some(()) => Received::NeedMore,
            None => self.no_buffer(index, count),
        }
    }

    /// Moves `count` bytes of `input` to the end of the leftover.
    fn take_bytes(&mut self, index: u16, input: &mut &[u8], count: usize) -> Option<()> {
        let chain = &mut self.inbounds.get_mut(usize::from(index))?.chain;
        let (taken, rest) = input.split_at_checked(count)?;
        #[cfg(feature = "long-frames")]
        self.pool.grow(chain, count).ok()?;
        let room = self.pool.reserve(chain, count).ok()?;
        room.get_mut(..count)?.copy_from_slice(taken);
        self.pool.commit(chain, count);
        *input = rest;
        Some(())
    }

    /// Which buffer was missing for `count` bytes behind the leftover.
    #[cfg_attr(not(feature = "long-frames"), expect(unused_variables, clippy::unused_self))]
    fn no_buffer(&self, index: u16, count: usize) -> Received<'static> {
        #[cfg(feature = "long-frames")]
        if self.leftover(index).len() + count > usize::from(self.pool.buffer_bytes()) {
            return Received::NoLongBuffer;
        }
        Received::NoBuffer
    }

    /// Who is heard next: only one who is known is lent a long buffer.
    #[cfg(feature = "long-frames")]
    pub const fn hear(&mut self, standing: Standing) {
        self.standing = standing;
    }

    #[cfg(feature = "long-frames")]
    fn framer(&self) -> PacketFramer {
        if self.standing == Standing::Stranger {
            return self.framer;
        }
        let fits = self.pool.longest_bytes().saturating_sub(PacketHeader::BYTES);
        let limit = fits.min(self.limit_bytes as usize).min(usize::from(u16::MAX));
        PacketFramer::new(limit as u16)
    }

    #[cfg(not(feature = "long-frames"))]
    const fn framer(&self) -> PacketFramer {
        self.framer
    }

    /// Twice at most: once to complete the prefix, once to complete the body that it announces.
    fn complete_leftover<'s>(&'s mut self, index: u16, input: &mut &[u8]) -> Received<'s> {
        while let Framed::Partial { frame_bytes } = self.framer().next_frame(self.leftover(index)) {
            let missing = frame_bytes.saturating_sub(self.leftover(index).len());
            let count = missing.min(input.len());
            if count == 0 {
                return Received::NeedMore;
            }
            if self.take_bytes(index, input, count).is_none() {
                return self.no_buffer(index, count);
            }
        }
        self.spent = Some(index);
        match self.framer().next_frame(self.leftover(index)) {
            Framed::Frame { frame, .. } => Received::Frame(frame),
            Framed::Partial { .. } => Received::NeedMore,
            Framed::Invalid(error) => Received::Invalid(error),
        }
    }

    fn leftover(&self, index: u16) -> &[u8] {
        match self.inbounds.get(usize::from(index)) {
            Some(inbound) => self.pool.slices(&inbound.chain)[0],
            None => &[],
        }
    }

    /// Keeps the first `kept_bytes` of the leftover.
    fn cut(&mut self, index: u16, kept_bytes: usize) {
        if let Some(inbound) = self.inbounds.get_mut(usize::from(index)) {
            self.pool.truncate(&mut inbound.chain, kept_bytes);
        }
    }

    /// Forgets what is kept of session `index`: it has ended.
    pub fn release(&mut self, index: u16) {
        if let Some(inbound) = self.inbounds.get_mut(usize::from(index)) {
            self.pool.release(&mut inbound.chain);
            *inbound = Inbound::EMPTY;
        }
    }
}

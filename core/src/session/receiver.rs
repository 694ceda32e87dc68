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
//! use tinyrealm_core::session::{Received, Receiver, ReceiverStorage};
//! use tinyrealm_core::storage::{BufferMeta, Chain};
//! let (mut leftovers, mut metas) = ([const { Chain::EMPTY }; 1], [BufferMeta::VACANT; 1]);
//! let mut bytes = [0; 16];
//! let storage =
//!     ReceiverStorage { leftovers: &mut leftovers, bytes: &mut bytes, metas: &mut metas };
//! let mut receiver = Receiver::new(storage, 64);
//! let mut input = &[4, 0, 1][..]; // the beginning of a frame
//! assert!(matches!(receiver.next(0, &mut input), Received::NeedMore));
//! let mut input = &[0, 0, 0][..]; // and its end
//! let Received::Frame(frame) = receiver.next(0, &mut input) else { panic!() };
//! assert_eq!(frame.opcode.0, 1);
//! assert!(matches!(receiver.next(0, &mut input), Received::NeedMore));
//! assert_eq!(receiver.buffers_in_use(), 0);
//! ```

use crate::storage::{BufferMeta, BufferPool, Chain};
use crate::wire::{Frame, FrameError, Framed, PacketFramer, PacketHeader};

/// The memory of a [`Receiver`].
#[derive(Debug)]
pub struct ReceiverStorage<'a> {
    /// One a session.
    pub leftovers: &'a mut [Chain],
    /// Shared equally by as many buffers as there are `metas`.
    pub bytes: &'a mut [u8],
    /// One a buffer.
    pub metas: &'a mut [BufferMeta],
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
}

/// Cuts frames and keeps partial ones; see the [module](self).
#[derive(Debug)]
pub struct Receiver<'a> {
    leftovers: &'a mut [Chain],
    pool: BufferPool<'a>,
    framer: PacketFramer,
    /// The session whose leftover has just been handed out whole, and is to be given back.
    spent: Option<u16>,
}

impl<'a> Receiver<'a> {
    /// A receiver of bodies of up to `frame_limit_bytes`, or what fits one buffer with its prefix.
    pub fn new(storage: ReceiverStorage<'a>, frame_limit_bytes: u16) -> Self {
        let pool = BufferPool::new(storage.bytes, storage.metas);
        let fits = pool.buffer_bytes().saturating_sub(PacketHeader::BYTES as u16);
        let framer = PacketFramer::new(frame_limit_bytes.min(fits));
        Self { leftovers: storage.leftovers, pool, framer, spent: None }
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
        let has_leftover =
            self.leftovers.get(usize::from(index)).is_some_and(|chain| !chain.is_empty());
        if has_leftover {
            return self.complete_leftover(index, input);
        }
        match self.framer.next_frame(input) {
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
        if let Some(spent) = self.spent.take() {
            self.release(spent);
        }
    }

    fn keep_partial(&mut self, index: u16, input: &mut &[u8]) -> Received<'static> {
        if input.is_empty() {
            return Received::NeedMore;
        }
        let count = input.len();
        match self.take_bytes(index, input, count) {
            Some(()) => Received::NeedMore,
            None => Received::NoBuffer,
        }
    }

    /// Moves `count` bytes of `input` to the end of the leftover.
    fn take_bytes(&mut self, index: u16, input: &mut &[u8], count: usize) -> Option<()> {
        let chain = self.leftovers.get_mut(usize::from(index))?;
        let (taken, rest) = input.split_at_checked(count)?;
        let room = self.pool.reserve(chain, count).ok()?;
        room.get_mut(..count)?.copy_from_slice(taken);
        self.pool.commit(chain, count);
        *input = rest;
        Some(())
    }

    /// Twice at most: once to complete the prefix, once to complete the body that it announces.
    fn complete_leftover<'s>(&'s mut self, index: u16, input: &mut &[u8]) -> Received<'s> {
        while let Framed::Partial { frame_bytes } = self.framer.next_frame(self.leftover(index)) {
            let missing = frame_bytes.saturating_sub(self.leftover(index).len());
            let count = missing.min(input.len());
            if count == 0 {
                return Received::NeedMore;
            }
            if self.take_bytes(index, input, count).is_none() {
                return Received::NoBuffer;
            }
        }
        self.spent = Some(index);
        match self.framer.next_frame(self.leftover(index)) {
            Framed::Frame { frame, .. } => Received::Frame(frame),
            Framed::Partial { .. } => Received::NeedMore,
            Framed::Invalid(error) => Received::Invalid(error),
        }
    }

    fn leftover(&self, index: u16) -> &[u8] {
        match self.leftovers.get(usize::from(index)) {
            Some(chain) => self.pool.slices(chain)[0],
            None => &[],
        }
    }

    /// Forgets the partial frame of session `index`: it has ended.
    pub fn release(&mut self, index: u16) {
        if let Some(chain) = self.leftovers.get_mut(usize::from(index)) {
            self.pool.release(chain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Opcode, write_frame};
    use proptest::prelude::*;
    use std::vec::Vec;

    fn with_receiver<T>(buffers: usize, test: impl FnOnce(&mut Receiver<'_>) -> T) -> T {
        let (mut leftovers, mut metas) = ([const { Chain::EMPTY }; 3], [BufferMeta::VACANT; 3]);
        let mut bytes = [0; 3 * 32];
        let storage = ReceiverStorage {
            leftovers: &mut leftovers,
            bytes: &mut bytes[..buffers * 32],
            metas: &mut metas[..buffers],
        };
        test(&mut Receiver::new(storage, 100))
    }

    fn frame(opcode: i32, payload: &[u8]) -> Vec<u8> {
        let mut out = [0; 64];
        let used = write_frame(&mut out, Opcode(opcode), payload).unwrap();
        out[..used].to_vec()
    }

    #[test]
    fn the_limit_is_what_one_buffer_holds() {
        with_receiver(1, |receiver| {
            let most = frame(1, &[0; 26]);
            assert!(matches!(receiver.next(0, &mut &most[..]), Received::Frame(_)));
            let over = frame(1, &[0; 27]);
            assert!(matches!(receiver.next(0, &mut &over[..]), Received::Invalid(_)));
        });
    }

    #[test]
    fn without_a_buffer_nothing_is_taken_or_lost() {
        with_receiver(1, |receiver| {
            let bytes = frame(1, b"abc");
            assert!(matches!(receiver.next(0, &mut &bytes[..3]), Received::NeedMore));
            let mut other = &bytes[..4];
            assert!(matches!(receiver.next(1, &mut other), Received::NoBuffer));
            assert_eq!(other.len(), 4);
            receiver.release(0);
            assert!(matches!(receiver.next(1, &mut other), Received::NeedMore));
            assert!(matches!(receiver.next(1, &mut &bytes[4..]), Received::Frame(_)));
        });
    }

    #[test]
    fn the_buffer_of_a_handled_frame_goes_back_though_nothing_follows() {
        with_receiver(1, |receiver| {
            let bytes = frame(1, b"abc");
            assert!(matches!(receiver.next(0, &mut &bytes[..3]), Received::NeedMore));
            assert!(matches!(receiver.next(0, &mut &bytes[3..]), Received::Frame(_)));
            receiver.give_back_spent();
            assert_eq!(receiver.buffers_in_use(), 0);
        });
    }

    #[test]
    fn whole_frames_need_no_buffer() {
        with_receiver(0, |receiver| {
            assert_eq!(receiver.framer.limit_bytes(), 4);
            let bytes = frame(9, b"");
            assert!(matches!(receiver.next(0, &mut &bytes[..]), Received::Frame(_)));
        });
    }

    fn drain(
        receiver: &mut Receiver<'_>,
        index: u16,
        mut input: &[u8],
        out: &mut Vec<(i32, Vec<u8>)>,
    ) {
        while let Received::Frame(frame) = receiver.next(index, &mut input) {
            out.push((frame.opcode.0, frame.payload.to_vec()));
        }
        assert!(input.is_empty());
    }

    proptest! {
        /// Three sessions, each stream cut anywhere, interleaved: every frame arrives once, in order.
        #[test]
        fn any_split_gives_the_same_frames(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..26), 1..12),
            cuts in prop::collection::vec((0u16..3, 1usize..40), 1..200),
        ) {
            let expected: Vec<(i32, Vec<u8>)> =
                payloads.iter().enumerate().map(|(n, p)| (n as i32, p.clone())).collect();
            let stream: Vec<u8> = expected.iter().flat_map(|(n, p)| frame(*n, p)).collect();
            with_receiver(3, |receiver| {
                let mut at = [0; 3];
                let mut seen: [Vec<(i32, Vec<u8>)>; 3] = Default::default();
                for (who, count) in cuts {
                    let end = (at[usize::from(who)] + count).min(stream.len());
                    let piece = &stream[at[usize::from(who)]..end];
                    drain(receiver, who, piece, &mut seen[usize::from(who)]);
                    at[usize::from(who)] = end;
                }
                for who in 0..3 {
                    drain(receiver, who, &stream[at[usize::from(who)]..], &mut seen[usize::from(who)]);
                    prop_assert_eq!(&seen[usize::from(who)], &expected);
                }
                prop_assert_eq!(receiver.buffers_in_use(), 0);
                Ok(())
            })?;
        }
    }
}

//! `HeldPackets`: private packets that wait until their session has got what goes first.
//!
//! Purpose: a position counts what a session reads elsewhere, as its room's ring does. A packet that is held at one
//! stands behind all that comes before it there, and before the rest.
//!
//! Contract: positions come in order. [`HeldPackets::take_first`] takes what is held at the first of them, in the
//! buffers that it is in: nothing is copied, and nothing that was held is lost. All-zero bits hold nothing.
//!
//! Bounds: what is held at a further position has buffers of its own, which begin with that position; a frame that
//! does not fit one with it has to wait until it is the first. O(1) a packet, O(its buffers) to take.

use super::outgoing::Outgoing;
use super::send_queue::SendQueue;
use crate::protocol::{Packet, SendError};
use crate::storage::BufferPool;
use crate::wire::Framing;

/// Bytes of a position at the front of a buffer.
const POSITION_BYTES: usize = 4;

/// Packets behind positions; see the [module](self).
#[derive(Debug)]
pub(crate) struct HeldPackets {
    queue: SendQueue,
    /// The first position.
    until: u32,
    /// Buffers that are held there, which have no position at their front.
    buffers: u16,
}

impl HeldPackets {
    /// Nothing is held: all-zero bits.
    pub(crate) const NONE: Self = Self { queue: SendQueue::EMPTY, until: 0, buffers: 0 };

    /// Whether nothing is held.
    pub(crate) const fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The position that goes before what is held first.
    pub(crate) const fn first_until(&self) -> Option<u32> {
        if self.is_empty() { None } else { Some(self.until) }
    }

    /// Holds `packet`, as a frame of `framing`, behind `until`.
    ///
    /// # Errors
    /// As [`SendQueue::send`].
    #[inline(never)]
    pub(crate) fn hold(
        &mut self,
        pool: &mut BufferPool<'_>,
        until: u32,
        most_buffers: u16,
        (framing, packet): (Framing, &dyn Packet),
    ) -> Result<(), SendError> {
        let frame = Outgoing::Packet(framing, packet);
        if self.is_empty() || (self.has_one_position() && self.until == until) {
            self.queue.append(pool, most_buffers, &frame)?;
            (self.until, self.buffers) = (until, self.queue.buffers());
            return Ok(());
        }
        if self.last_until(pool) == until && self.queue.append_in_last_buffer(pool, &frame).is_ok()
        {
            return Ok(());
        }
        let behind = Outgoing::Behind(until, framing, packet);
        // What does not fit with its position may fit without, when nothing goes first.
        self.queue.append_in_new_buffer(pool, most_buffers, &behind).map_err(|_| SendError::Full)
    }

    /// Puts off what is held last, to stand behind `until` as well.
    pub(super) fn put_off_last(&mut self, pool: &mut BufferPool<'_>, until: u32) {
        if self.has_one_position() {
            self.until = until;
        } else if let Some(place) = self.queue.last_mut(pool).first_chunk_mut() {
            *place = until.to_le_bytes();
        }
    }

    const fn has_one_position(&self) -> bool {
        self.buffers == self.queue.buffers()
    }

    fn last_until(&self, pool: &mut BufferPool<'_>) -> u32 {
        if self.has_one_position() { self.until } else { position_of(self.queue.last_mut(pool)) }
    }

    /// Moves what is held first behind what waits in `queue`.
    pub(super) fn take_first(&mut self, pool: &mut BufferPool<'_>, queue: &mut SendQueue) {
        self.queue.move_first(pool, self.buffers, queue);
        self.until = position_of(self.queue.slices(pool)[0]);
        self.queue.consume(pool, POSITION_BYTES);
        self.buffers = u16::from(!self.queue.is_empty());
    }

    /// Forgets everything.
    pub(super) fn release(&mut self, pool: &mut BufferPool<'_>) {
        self.queue.release(pool);
    }
}

fn position_of(buffer: &[u8]) -> u32 {
    buffer.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::either_way::Ping;
    use crate::storage::BufferMeta;
    use proptest::prelude::*;
    use std::vec::Vec;

    const FRAME_BYTES: usize = 7;

    fn hold(
        held: &mut HeldPackets,
        pool: &mut BufferPool<'_>,
        until: u32,
        nonce: u32,
    ) -> Result<(), SendError> {
        held.hold(pool, until, 3, (Framing::Stream, &Ping { nonce }))
    }

    fn first(held: &mut HeldPackets, pool: &mut BufferPool<'_>) -> Vec<u8> {
        let mut queue = SendQueue::EMPTY;
        held.take_first(pool, &mut queue);
        let mut bytes = Vec::new();
        while !queue.is_empty() {
            let oldest = pool_bytes(&queue, pool);
            queue.consume(pool, oldest.len());
            bytes.extend(oldest);
        }
        bytes
    }

    fn pool_bytes(queue: &SendQueue, pool: &BufferPool<'_>) -> Vec<u8> {
        queue.slices(pool)[0].to_vec()
    }

    /// A frame that fills a buffer has no room beside a position: it waits until it is the first.
    #[test]
    fn both_sides_of_a_buffer_with_a_position() {
        for (buffer_bytes, outcome) in [
            (FRAME_BYTES + POSITION_BYTES, Ok(())),
            (FRAME_BYTES + POSITION_BYTES - 1, Err(SendError::Full)),
        ] {
            let (mut bytes, mut metas) = (std::vec![0; 3 * buffer_bytes], [BufferMeta::VACANT; 3]);
            let mut pool = BufferPool::new(&mut bytes, &mut metas);
            let mut held = HeldPackets::NONE;
            assert_eq!(hold(&mut held, &mut pool, 1, 1), Ok(()));
            assert_eq!(hold(&mut held, &mut pool, 2, 2), outcome);
            first(&mut held, &mut pool);
            assert_eq!(held.first_until(), outcome.is_ok().then_some(2));
            if held.is_empty() {
                assert_eq!(hold(&mut held, &mut pool, 2, 2), Ok(()));
            }
            assert_eq!(first(&mut held, &mut pool)[FRAME_BYTES - 1], 2);
            assert!(held.is_empty() && pool.in_use() == 0);
        }
    }

    #[test]
    fn what_is_put_off_stands_behind_the_later_position() {
        let (mut bytes, mut metas) = ([0; 66], [BufferMeta::VACANT; 3]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut held = HeldPackets::NONE;
        for (until, nonce) in [(1, 1), (2, 2), (3, 3)] {
            assert_eq!(hold(&mut held, &mut pool, until, nonce), Ok(()));
        }
        assert_eq!(hold(&mut held, &mut pool, 4, 4), Err(SendError::Full), "a fourth buffer");
        held.put_off_last(&mut pool, 4);
        assert_eq!(hold(&mut held, &mut pool, 4, 4), Ok(()));
        let mut positions = Vec::new();
        while let Some(until) = held.first_until() {
            positions.push((until, first(&mut held, &mut pool).len() / FRAME_BYTES));
        }
        assert_eq!(positions, [(1, 1), (2, 1), (4, 2)]);
        assert_eq!(pool.in_use(), 0);
    }

    proptest! {
        /// Against a list of packets with their positions: each that was accepted comes once, in order, at its position.
        #[test]
        fn agrees_with_a_list(
            buffer_bytes in FRAME_BYTES..40,
            ops in prop::collection::vec((0u32..3, 0u8..4), 0..80),
        ) {
            let (mut bytes, mut metas) = (std::vec![0; 8 * buffer_bytes], [BufferMeta::VACANT; 8]);
            let mut pool = BufferPool::new(&mut bytes, &mut metas);
            let (mut held, mut model) = (HeldPackets::NONE, Vec::new());
            let (mut until, mut nonce) = (u32::MAX - 3, 0u32);
            for (further, op) in ops {
                until = until.wrapping_add(further);
                if op > 0 {
                    nonce += 1;
                    match hold(&mut held, &mut pool, until, nonce) {
                        Ok(()) => model.push((until, nonce as u8)),
                        refused => prop_assert_eq!(refused, Err(SendError::Full)),
                    }
                    continue;
                }
                let Some(position) = held.first_until() else { continue };
                let taken = first(&mut held, &mut pool);
                prop_assert!(!taken.is_empty());
                for frame in taken.chunks(FRAME_BYTES) {
                    prop_assert_eq!((position, frame[FRAME_BYTES - 1]), model.remove(0));
                }
                prop_assert!(held.first_until() != Some(position) || model[0].0 == position);
            }
            prop_assert_eq!(held.is_empty(), model.is_empty());
            held.release(&mut pool);
            prop_assert_eq!(pool.in_use(), 0);
        }
    }
}

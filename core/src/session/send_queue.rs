//! `SendQueue`: the private packets of one session, in order.
//!
//! Purpose: JoinOk, Ping, errors, snapshots: what only this peer gets. Broadcasts do not pass here;
//! they are read from their room's ring.
//!
//! Contract: a message is encoded straight into a pool buffer, whole or not at all. An empty queue
//! holds no buffer.
//!
//! Bounds: `most_buffers` of the pool; O(1) a message.
//!
//! ```
//! use tinyrealm_core::protocol::either_way::Ping;
//! use tinyrealm_core::session::SendQueue;
//! use tinyrealm_core::storage::{BufferMeta, BufferPool};
//! let (mut bytes, mut metas) = ([0; 64], [BufferMeta::VACANT; 2]);
//! let mut pool = BufferPool::new(&mut bytes, &mut metas);
//! let mut queue = SendQueue::EMPTY;
//! queue.send(&mut pool, &Ping { nonce: 5 }, 1).unwrap();
//! assert_eq!(queue.slices(&pool)[0], [5, 0, 2, 0, 0, 0, 5]);
//! queue.consume(&mut pool, 7);
//! assert!(queue.is_empty() && pool.in_use() == 0);
//! ```

use super::outgoing::Outgoing;
use crate::protocol::{Message, SendError};
use crate::storage::{BufferPool, Chain};
use crate::wire::{Framing, Full};

/// A session's private packets; see the [module](self).
#[derive(Debug)]
pub struct SendQueue {
    chain: Chain,
}

impl SendQueue {
    /// Nothing to send: all-zero bits.
    pub const EMPTY: Self = Self { chain: Chain::EMPTY };

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.chain.is_empty()
    }

    /// Pool buffers that it holds.
    pub const fn buffers(&self) -> u16 {
        self.chain.buffers()
    }

    /// Encodes `message` behind what waits.
    ///
    /// # Errors
    /// [`SendError::TooLong`] if no buffer holds it, [`SendError::Full`] if it would need more than
    /// `most_buffers`, or one that the pool does not have.
    pub fn send<M: Message>(
        &mut self,
        pool: &mut BufferPool<'_>,
        message: &M,
        most_buffers: u16,
    ) -> Result<(), SendError> {
        self.append(pool, most_buffers, &Outgoing::Packet(Framing::Stream, message))
    }

    /// Appends `bytes` as they are: the rest of a frame that was cut by a full socket.
    ///
    /// # Errors
    /// As [`SendQueue::send`].
    pub fn append_bytes(
        &mut self,
        pool: &mut BufferPool<'_>,
        bytes: &[u8],
        most_buffers: u16,
    ) -> Result<(), SendError> {
        self.append(pool, most_buffers, &Outgoing::Bytes(bytes))
    }

    /// [`SendQueue::send`] for whatever goes out: first into what the last buffer has left; if that is too
    /// small, into a new one.
    ///
    /// # Errors
    /// As [`SendQueue::send`].
    pub(super) fn append(
        &mut self,
        pool: &mut BufferPool<'_>,
        most_buffers: u16,
        outgoing: &Outgoing<'_>,
    ) -> Result<(), SendError> {
        if !self.is_empty() && self.append_in_last_buffer(pool, outgoing).is_ok() {
            return Ok(());
        }
        self.append_in_new_buffer(pool, most_buffers, outgoing)
    }

    /// Appends it to what is there, if the last buffer has room for all of it.
    pub(super) fn append_in_last_buffer(
        &mut self,
        pool: &mut BufferPool<'_>,
        outgoing: &Outgoing<'_>,
    ) -> Result<(), Full> {
        let used = outgoing.write(pool.reserve(&mut self.chain, 0)?)?;
        pool.commit(&self.chain, used);
        Ok(())
    }

    pub(super) fn append_in_new_buffer(
        &mut self,
        pool: &mut BufferPool<'_>,
        most_buffers: u16,
        outgoing: &Outgoing<'_>,
    ) -> Result<(), SendError> {
        let mut fresh = Chain::EMPTY;
        // Also where no further buffer is allowed: what fits none will not fit later either.
        #[cfg(not(feature = "long-frames"))]
        let written = outgoing.write(pool.reserve(&mut fresh, 0).map_err(|_| SendError::Full)?);
        #[cfg(feature = "long-frames")]
        let written = self.write_in_new_buffer(pool, &mut fresh, outgoing)?;
        match written {
            Ok(used) if self.chain.buffers() < most_buffers => {
                pool.commit(&fresh, used);
                pool.join(&mut self.chain, fresh);
                Ok(())
            }
            outcome => {
                pool.release(&mut fresh);
                Err(if outcome.is_ok() { SendError::Full } else { SendError::TooLong })
            }
        }
    }

    /// Writes to a buffer that holds it, a long one if it must be; fails with [`SendError::Full`] where
    /// one would hold it, and none is to be had.
    #[cfg(feature = "long-frames")]
    fn write_in_new_buffer(
        &self,
        pool: &mut BufferPool<'_>,
        fresh: &mut Chain,
        outgoing: &Outgoing<'_>,
    ) -> Result<Result<usize, Full>, SendError> {
        let has_short = match pool.reserve(fresh, 0) {
            Ok(room) => {
                let written = outgoing.write(room);
                if written.is_ok() || pool.scratch().is_empty() {
                    return Ok(written);
                }
                pool.release(fresh);
                true
            }
            Err(Full) => false,
        };
        if has_short
            && pool.may_have_long(&self.chain)
            && let Ok(room) = pool.reserve_long(fresh)
        {
            return Ok(outgoing.write(room));
        }
        let would_fit = pool.scratch().is_empty() || outgoing.write(pool.scratch()).is_ok();
        Err(if would_fit { SendError::Full } else { SendError::TooLong })
    }

    /// Moves the oldest `buffers` buffers behind what waits in `to`.
    pub(super) fn move_first(&mut self, pool: &mut BufferPool<'_>, buffers: u16, to: &mut Self) {
        let first = pool.split_first(&mut self.chain, buffers);
        pool.join(&mut to.chain, first);
    }

    /// What the last buffer holds, to change.
    pub(super) fn last_mut<'p>(&self, pool: &'p mut BufferPool<'_>) -> &'p mut [u8] {
        pool.last_mut(&self.chain)
    }

    /// The oldest waiting bytes: up to two buffers of them.
    pub fn slices<'p>(&self, pool: &'p BufferPool<'_>) -> [&'p [u8]; 2] {
        pool.slices(&self.chain)
    }

    /// How many bytes wait. O(buffers).
    #[cfg(feature = "secure")]
    pub(super) fn bytes(&self, pool: &BufferPool<'_>) -> usize {
        pool.bytes(&self.chain)
    }

    /// Whether there is more than [`SendQueue::slices`] shows.
    pub const fn has_more_than_slices(&self) -> bool {
        self.chain.buffers() > 2
    }

    /// Forgets the oldest `bytes` bytes: they are sent.
    pub fn consume(&mut self, pool: &mut BufferPool<'_>, bytes: usize) {
        pool.consume(&mut self.chain, bytes);
    }

    /// Forgets everything.
    pub fn release(&mut self, pool: &mut BufferPool<'_>) {
        pool.release(&mut self.chain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::either_way::Ping;

    const PING: Ping = Ping { nonce: 1 }; // 7 bytes as a frame

    #[test]
    fn both_sides_of_the_buffer_limit() {
        let (mut bytes, mut metas) = ([0; 40], [BufferMeta::VACANT; 4]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut queue = SendQueue::EMPTY;
        assert_eq!(queue.send(&mut pool, &PING, 2), Ok(()));
        assert_eq!(queue.send(&mut pool, &PING, 2), Ok(()));
        assert_eq!(queue.send(&mut pool, &PING, 2), Err(SendError::Full));
        assert_eq!(pool.in_use(), 2);
        assert_eq!(queue.send(&mut pool, &PING, 3), Ok(()));
        queue.release(&mut pool);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_message_larger_than_a_buffer_leaves_no_trace() {
        let (mut bytes, mut metas) = ([0; 6], [BufferMeta::VACANT; 1]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut queue = SendQueue::EMPTY;
        assert_eq!(queue.send(&mut pool, &PING, 1), Err(SendError::TooLong));
        assert!(queue.is_empty() && pool.in_use() == 0);
    }

    #[test]
    fn what_never_fits_is_told_from_what_does_not_fit_now() {
        let (mut bytes, mut metas) = ([0; 16], [BufferMeta::VACANT; 2]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut queue = SendQueue::EMPTY;
        queue.send(&mut pool, &PING, 1).unwrap();
        assert_eq!(queue.append_bytes(&mut pool, &[7; 8], 1), Err(SendError::Full));
        assert_eq!(queue.append_bytes(&mut pool, &[7; 9], 1), Err(SendError::TooLong));
        assert_eq!(pool.in_use(), 1);
        queue.release(&mut pool);
    }

    use crate::storage::BufferMeta;

    #[test]
    fn frames_share_a_buffer_while_they_fit() {
        let (mut bytes, mut metas) = ([0; 28], [BufferMeta::VACANT; 2]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut queue = SendQueue::EMPTY;
        for _ in 0..4 {
            queue.send(&mut pool, &PING, 2).unwrap();
        }
        assert_eq!(queue.slices(&pool).map(<[u8]>::len), [14, 14]);
        assert!(!queue.has_more_than_slices());
        queue.release(&mut pool);
    }
}

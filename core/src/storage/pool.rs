//! `BufferPool`: equal buffers that sessions hold only while they need one.
//!
//! Purpose: an idle session has no buffer at all. A partial frame or a private packet takes one
//! from here and gives it back; a [`Chain`] is one or more buffers in a row, filled by
//! reserve / commit at its end and drained from its front.
//!
//! With the feature `long-frames` a pool may have a few long buffers besides, for what fits no other.
//! Who asks for one has it until it is drained, so as many long frames are under way as there are those.
//!
//! Contract: a chain is emptied by [`BufferPool::release`] or by draining it; the pool counts what
//! is out, so a leak shows in [`BufferPool::in_use`]. Reserving never moves bytes that are there.
//!
//! Bounds: O(1) a call, O(buffers of the chain) for `release`. A reservation fits one buffer.
//!
//! ```
//! use tinyrealm_core::storage::{BufferMeta, BufferPool, Chain};
//! let (mut bytes, mut metas) = ([0; 64], [BufferMeta::VACANT; 2]);
//! let mut pool = BufferPool::new(&mut bytes, &mut metas);
//! let mut chain = Chain::EMPTY;
//! pool.reserve(&mut chain, 5).unwrap()[..5].copy_from_slice(b"hello");
//! pool.commit(&chain, 5);
//! assert_eq!(pool.slices(&chain)[0], b"hello");
//! pool.consume(&mut chain, 5);
//! assert!(chain.is_empty() && pool.in_use() == 0);
//! ```

use super::link::{INDEX_COUNT_MAX, Link};
use crate::wire::Full;

#[cfg(feature = "long-frames")]
mod long;
#[cfg(feature = "long-frames")]
use long::LongBuffers;
#[cfg(feature = "long-frames")]
pub use long::LongStorage;

/// A place in a buffer.
#[cfg(not(feature = "long-frames"))]
type Offset = u16;
#[cfg(feature = "long-frames")]
type Offset = u32;

/// The bookkeeping of one buffer. Packed where offsets are long: there is one a session at least.
#[derive(Copy, Clone, Debug)]
#[cfg_attr(feature = "long-frames", repr(Rust, packed(2)))]
pub struct BufferMeta {
    /// The next buffer of its chain, or of the free list.
    next: Link,
    /// The first byte that is still to be drained.
    start: Offset,
    /// Behind the last byte that was committed.
    end: Offset,
}

impl BufferMeta {
    /// A buffer that nobody has used: all-zero bits.
    pub const VACANT: Self = Self { next: Link::NONE, start: 0, end: 0 };
}

/// Buffers in a row that belong to one holder. Not `Clone`: a chain has one holder.
#[derive(Debug)]
pub struct Chain {
    first: Link,
    last: Link,
    buffers: u16,
}

impl Chain {
    /// No buffer: all-zero bits.
    pub const EMPTY: Self = Self { first: Link::NONE, last: Link::NONE, buffers: 0 };

    /// Whether it holds no buffer, and so no byte.
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many buffers it holds.
    pub const fn buffers(&self) -> u16 {
        self.buffers
    }
}

/// Equal buffers cut from one slice; see the [module](self).
#[derive(Debug)]
pub struct BufferPool<'a> {
    bytes: &'a mut [u8],
    metas: &'a mut [BufferMeta],
    buffer_bytes: u16,
    free: Link,
    /// Buffers that have ever been used: those behind are untouched memory.
    fresh: u16,
    in_use: u16,
    high_water: u16,
    #[cfg(feature = "long-frames")]
    long: LongBuffers<'a>,
}

impl<'a> BufferPool<'a> {
    /// A pool of `metas.len()` buffers that share `bytes` equally, at most 65,535 bytes each.
    pub fn new(bytes: &'a mut [u8], metas: &'a mut [BufferMeta]) -> Self {
        let count = metas.len().min(INDEX_COUNT_MAX);
        let metas = metas.get_mut(..count).unwrap_or_default();
        let each = bytes.len().checked_div(count).unwrap_or(0);
        let buffer_bytes = each.min(usize::from(u16::MAX)) as u16;
        Self {
            bytes,
            metas,
            buffer_bytes,
            free: Link::NONE,
            fresh: 0,
            in_use: 0,
            high_water: 0,
            #[cfg(feature = "long-frames")]
            long: LongBuffers::default(),
        }
    }

    /// Bytes of one buffer that is not a long one.
    pub const fn buffer_bytes(&self) -> u16 {
        self.buffer_bytes
    }

    /// Buffers that chains hold now, long ones aside.
    pub const fn in_use(&self) -> u16 {
        self.in_use
    }

    /// The most buffers that chains have held at once, long ones aside.
    pub const fn high_water(&self) -> u16 {
        self.high_water
    }

    /// Buffers that could be taken now, long ones aside.
    pub const fn available(&self) -> usize {
        self.metas.len() - self.in_use as usize
    }

    fn meta(&self, link: Link) -> Option<&BufferMeta> {
        #[cfg(feature = "long-frames")]
        if let Some(number) = self.long_number(link) {
            return self.long.meta(number);
        }
        self.metas.get(usize::from(link.index()?))
    }

    fn meta_mut(&mut self, link: Link) -> Option<&mut BufferMeta> {
        #[cfg(feature = "long-frames")]
        if let Some(number) = self.long_number(link) {
            return self.long.meta_mut(number);
        }
        self.metas.get_mut(usize::from(link.index()?))
    }

    /// How many bytes fit the buffer at `link`.
    #[cfg_attr(not(feature = "long-frames"), expect(unused_variables))]
    fn capacity(&self, link: Link) -> Offset {
        #[cfg(feature = "long-frames")]
        if self.long_number(link).is_some() {
            return self.long.buffer_bytes();
        }
        Offset::from(self.buffer_bytes)
    }

    fn span(&self, link: Link, from: Offset, to: Offset) -> Option<core::ops::Range<usize>> {
        let base = usize::from(link.index()?) * usize::from(self.buffer_bytes);
        Some(base + from as usize..base + to as usize)
    }

    fn part(&self, link: Link, from: Offset, to: Offset) -> Option<&[u8]> {
        #[cfg(feature = "long-frames")]
        if let Some(number) = self.long_number(link) {
            return self.long.part(number, from as usize..to as usize);
        }
        self.bytes.get(self.span(link, from, to)?)
    }

    fn part_mut(&mut self, link: Link, from: Offset, to: Offset) -> Option<&mut [u8]> {
        #[cfg(feature = "long-frames")]
        if let Some(number) = self.long_number(link) {
            return self.long.part_mut(number, from as usize..to as usize);
        }
        let span = self.span(link, from, to)?;
        self.bytes.get_mut(span)
    }

    fn filled(&self, link: Link) -> &[u8] {
        let filled = self.meta(link).and_then(|meta| self.part(link, meta.start, meta.end));
        filled.unwrap_or_default()
    }

    fn take(&mut self) -> Option<Link> {
        let index = self.free.index().unwrap_or(self.fresh);
        let meta = self.metas.get_mut(usize::from(index))?;
        if self.free.is_none() {
            self.fresh += 1;
        }
        self.free = meta.next;
        *meta = BufferMeta::VACANT;
        self.in_use += 1;
        self.high_water = self.high_water.max(self.in_use);
        Some(Link::to(index))
    }

    fn give_back(&mut self, link: Link) -> Link {
        #[cfg(feature = "long-frames")]
        if let Some(number) = self.long_number(link) {
            return self.long.give_back(number);
        }
        let free = self.free;
        let Some(meta) = self.meta_mut(link) else {
            return Link::NONE;
        };
        let next = core::mem::replace(&mut meta.next, free);
        self.free = link;
        self.in_use -= 1;
        next
    }

    /// At least `bytes` bytes of free room at the end of `chain`: all that is left of its last
    /// buffer, or a new one. [`BufferPool::commit`] then says how much was filled.
    ///
    /// # Errors
    /// [`Full`] if no buffer is left, or if `bytes` is more than one buffer holds.
    pub fn reserve(&mut self, chain: &mut Chain, bytes: usize) -> Result<&mut [u8], Full> {
        let free = self.meta(chain.last).map_or(0, |meta| self.capacity(chain.last) - meta.end);
        if chain.is_empty() || (free as usize) < bytes {
            self.extend(chain, bytes)?;
        }
        let end = self.meta(chain.last).map_or(0, |meta| meta.end);
        let capacity = self.capacity(chain.last);
        self.part_mut(chain.last, end, capacity).ok_or(Full)
    }

    fn extend(&mut self, chain: &mut Chain, bytes: usize) -> Result<(), Full> {
        let is_long = usize::from(self.buffer_bytes) < bytes;
        #[cfg(feature = "long-frames")]
        let taken = if is_long { self.take_long(bytes) } else { self.take() };
        #[cfg(not(feature = "long-frames"))]
        let taken = if is_long { None } else { self.take() };
        self.link(chain, taken.ok_or(Full)?);
        Ok(())
    }

    fn link(&mut self, chain: &mut Chain, link: Link) {
        match self.meta_mut(chain.last) {
            Some(last) => last.next = link,
            None => chain.first = link,
        }
        chain.last = link;
        chain.buffers += 1;
    }

    /// Appends the buffers of `tail` to `chain`.
    pub fn join(&mut self, chain: &mut Chain, tail: Chain) {
        match self.meta_mut(chain.last) {
            Some(last) => last.next = tail.first,
            None => chain.first = tail.first,
        }
        if !tail.is_empty() {
            chain.last = tail.last;
        }
        chain.buffers += tail.buffers;
    }

    /// The first `buffers` buffers of `chain`, which it holds no longer.
    pub fn split_first(&mut self, chain: &mut Chain, buffers: u16) -> Chain {
        let mut first = Chain::EMPTY;
        while first.buffers < buffers {
            let link = chain.first;
            let Some(meta) = self.meta_mut(link) else { break };
            chain.first = core::mem::replace(&mut meta.next, Link::NONE);
            chain.buffers -= 1;
            self.link(&mut first, link);
        }
        if chain.first.is_none() {
            chain.last = Link::NONE;
        }
        first
    }

    /// Counts `bytes` of the last reservation as filled.
    pub fn commit(&mut self, chain: &Chain, bytes: usize) {
        let capacity = self.capacity(chain.last);
        if let Some(meta) = self.meta_mut(chain.last) {
            let end = (meta.end as usize).saturating_add(bytes);
            meta.end = end.min(capacity as usize) as Offset;
        }
    }

    /// The bytes of the first two buffers of `chain`, oldest first.
    pub fn slices(&self, chain: &Chain) -> [&[u8]; 2] {
        let second = self.meta(chain.first).map_or(Link::NONE, |meta| meta.next);
        [self.filled(chain.first), self.filled(second)]
    }

    /// How many bytes are in `chain`. O(buffers).
    #[cfg(feature = "secure")]
    pub fn bytes(&self, chain: &Chain) -> usize {
        let (mut link, mut bytes) = (chain.first, 0);
        while let Some(meta) = self.meta(link) {
            bytes += meta.end.saturating_sub(meta.start) as usize;
            link = meta.next;
        }
        bytes
    }

    /// The bytes of the last buffer of `chain`, to change.
    pub fn last_mut(&mut self, chain: &Chain) -> &mut [u8] {
        self.filled_of(chain.last)
    }

    /// The bytes of the first buffer of `chain`, to change.
    pub fn filled_mut(&mut self, chain: &Chain) -> &mut [u8] {
        self.filled_of(chain.first)
    }

    fn filled_of(&mut self, link: Link) -> &mut [u8] {
        let filled = self.meta(link).map(|meta| (meta.start, meta.end));
        filled.and_then(|(start, end)| self.part_mut(link, start, end)).unwrap_or_default()
    }

    /// Keeps the first `bytes` of a chain of one buffer; without any the buffer goes back.
    pub fn truncate(&mut self, chain: &mut Chain, bytes: usize) {
        if bytes == 0 {
            self.release(chain);
        } else if let Some(meta) = self.meta_mut(chain.first) {
            let kept = (meta.start as usize).saturating_add(bytes);
            meta.end = meta.end.min(kept.min(Offset::MAX as usize) as Offset);
        }
    }

    /// Drains `bytes` bytes from the front of `chain`; drained buffers go back to the pool, so a
    /// chain without bytes holds no buffer.
    pub fn consume(&mut self, chain: &mut Chain, bytes: usize) {
        let mut left = bytes;
        while let Some(meta) = self.meta_mut(chain.first) {
            let held = meta.end.saturating_sub(meta.start) as usize;
            if left < held {
                meta.start += left as Offset;
                return;
            }
            left -= held;
            self.drop_first(chain);
        }
    }

    fn drop_first(&mut self, chain: &mut Chain) {
        chain.first = self.give_back(chain.first);
        chain.buffers -= 1;
        if chain.first.is_none() {
            chain.last = Link::NONE;
        }
    }

    /// Gives every buffer of `chain` back, with what was in it.
    pub fn release(&mut self, chain: &mut Chain) {
        while !chain.is_empty() {
            self.drop_first(chain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::vec::Vec;

    fn with_pool(test: impl FnOnce(BufferPool<'_>)) {
        let (mut bytes, mut metas) = ([0; 32], [BufferMeta::VACANT; 4]);
        test(BufferPool::new(&mut bytes, &mut metas));
    }

    #[test]
    fn both_sides_of_the_buffer_size() {
        with_pool(|mut pool| {
            let mut chain = Chain::EMPTY;
            assert_eq!(pool.reserve(&mut chain, 9).err(), Some(Full));
            assert!(chain.is_empty());
            assert_eq!(pool.reserve(&mut chain, 8).unwrap().len(), 8);
            pool.release(&mut chain);
        });
    }

    #[test]
    fn both_sides_of_the_pool_size() {
        with_pool(|mut pool| {
            let mut chains = [const { Chain::EMPTY }; 5];
            for chain in &mut chains[..4] {
                assert!(pool.reserve(chain, 1).is_ok());
            }
            assert_eq!(pool.reserve(&mut chains[4], 1).err(), Some(Full));
            pool.release(&mut chains[0]);
            assert!(pool.reserve(&mut chains[4], 1).is_ok());
            assert_eq!((pool.in_use(), pool.high_water()), (4, 4));
        });
    }

    proptest! {
        /// Three chains over one pool against three byte queues: the same bytes in the same order,
        /// and every buffer comes back.
        #[test]
        fn agrees_with_byte_queues(ops in prop::collection::vec((0usize..3, 0usize..3, 0usize..12), 0..200)) {
            let (mut bytes, mut metas) = ([0; 48], [BufferMeta::VACANT; 6]);
            let mut pool = BufferPool::new(&mut bytes, &mut metas);
            let mut chains = [const { Chain::EMPTY }; 3];
            let mut model: [VecDeque<u8>; 3] = Default::default();
            let mut next = 0u8;
            for (which, op, amount) in ops {
                let chain = &mut chains[which];
                match op {
                    0 => if let Ok(room) = pool.reserve(chain, amount) {
                        prop_assert!(room.len() >= amount);
                        for slot in &mut room[..amount] {
                            *slot = next;
                            model[which].push_back(next);
                            next = next.wrapping_add(1);
                        }
                        pool.commit(chain, amount);
                    },
                    1 => {
                        pool.consume(chain, amount.min(model[which].len()));
                        let drained = amount.min(model[which].len());
                        model[which].drain(..drained);
                    }
                    _ => {
                        let [first, second] = pool.slices(chain);
                        let seen: Vec<u8> = first.iter().chain(second).copied().collect();
                        let held: Vec<u8> = model[which].iter().copied().collect();
                        prop_assert!(held.starts_with(&seen));
                        prop_assert!(seen.len() == held.len() || chain.buffers() > 2);
                    }
                }
                let held: u16 = chains.iter().map(Chain::buffers).sum();
                prop_assert_eq!(pool.in_use(), held);
            }
            for chain in &mut chains {
                pool.release(chain);
            }
            prop_assert_eq!(pool.in_use(), 0);
        }
    }
}

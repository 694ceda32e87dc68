//! Long buffers: few, for a frame that fits no other, while it is under way.
//!
//! Links lead to them behind the others of their pool. One more lies behind the last: nothing stays there,
//! it is where a frame is written for which none is free, to tell whether it would fit one.

use core::ops::Range;

use super::{BufferMeta, BufferPool, Chain, Full, INDEX_COUNT_MAX, Link};

/// The memory of a pool's long buffers.
#[derive(Default, Debug)]
pub struct LongStorage<'a> {
    /// Shared equally by one more than there are `metas`.
    pub bytes: &'a mut [u8],
    /// One a buffer.
    pub metas: &'a mut [BufferMeta],
}

/// Long buffers of one pool.
#[derive(Default, Debug)]
pub(super) struct LongBuffers<'a> {
    bytes: &'a mut [u8],
    metas: &'a mut [BufferMeta],
    buffer_bytes: u32,
    free: Link,
    fresh: u16,
    in_use: u16,
}

impl LongBuffers<'_> {
    pub(super) const fn buffer_bytes(&self) -> u32 {
        self.buffer_bytes
    }

    pub(super) fn meta(&self, number: usize) -> Option<&BufferMeta> {
        self.metas.get(number)
    }

    pub(super) fn meta_mut(&mut self, number: usize) -> Option<&mut BufferMeta> {
        self.metas.get_mut(number)
    }

    const fn span(&self, number: usize, part: Range<usize>) -> Range<usize> {
        let base = number * self.buffer_bytes as usize;
        base + part.start..base + part.end
    }

    pub(super) fn part(&self, number: usize, part: Range<usize>) -> Option<&[u8]> {
        self.bytes.get(self.span(number, part))
    }

    pub(super) fn part_mut(&mut self, number: usize, part: Range<usize>) -> Option<&mut [u8]> {
        let span = self.span(number, part);
        self.bytes.get_mut(span)
    }

    /// The number of one that is free.
    fn take(&mut self) -> Option<u16> {
        let number = self.free.index().unwrap_or(self.fresh);
        let meta = self.metas.get_mut(usize::from(number))?;
        if self.free.is_none() {
            self.fresh += 1;
        }
        self.free = meta.next;
        *meta = BufferMeta::VACANT;
        self.in_use += 1;
        Some(number)
    }

    pub(super) fn give_back(&mut self, number: usize) -> Link {
        let free = self.free;
        let Some(meta) = self.metas.get_mut(number) else { return Link::NONE };
        let next = core::mem::replace(&mut meta.next, free);
        self.free = Link::to(number as u16);
        self.in_use -= 1;
        next
    }
}

impl<'a> BufferPool<'a> {
    /// This pool, with the long buffers of `storage` as well, of at most 4 GiB.
    #[must_use]
    pub fn with_long(mut self, storage: LongStorage<'a>) -> Self {
        let LongStorage { bytes, metas } = storage;
        let most = INDEX_COUNT_MAX - self.metas.len();
        let count = metas.len().min(most);
        let buffer_bytes = (bytes.len() / (count + 1)).min(u32::MAX as usize) as u32;
        let metas = metas.get_mut(..count).unwrap_or_default();
        self.long = LongBuffers { bytes, metas, buffer_bytes, ..LongBuffers::default() };
        self
    }

    /// Bytes of the longest buffer.
    pub fn longest_bytes(&self) -> usize {
        let longest = if self.long.metas.is_empty() { 0 } else { self.long.buffer_bytes as usize };
        longest.max(usize::from(self.buffer_bytes))
    }

    /// Long buffers that chains hold now.
    pub const fn long_in_use(&self) -> u16 {
        self.long.in_use
    }

    pub(super) fn long_number(&self, link: Link) -> Option<usize> {
        usize::from(link.index()?).checked_sub(self.metas.len())
    }

    pub(super) fn take_long(&mut self, bytes: usize) -> Option<Link> {
        if bytes > self.long.buffer_bytes as usize {
            return None;
        }
        let others = self.metas.len() as u16;
        self.long.take().map(|number| Link::to(others + number))
    }

    /// A new long buffer at the end of `chain`, all of it.
    ///
    /// # Errors
    /// [`Full`] if none is free.
    pub fn reserve_long(&mut self, chain: &mut Chain) -> Result<&mut [u8], Full> {
        let link = self.take_long(0).ok_or(Full)?;
        self.link(chain, link);
        self.part_mut(link, 0, self.long.buffer_bytes).ok_or(Full)
    }

    /// Whether `chain` may have a further long buffer: its first one, or while half of them are free.
    pub fn may_have_long(&self, chain: &Chain) -> bool {
        let mut link = chain.first;
        while !link.is_none() && self.long_number(link).is_none() {
            link = self.meta(link).map_or(Link::NONE, |meta| meta.next);
        }
        link.is_none() || usize::from(self.long.in_use) * 2 < self.long.metas.len()
    }

    /// As long as a long buffer, to see whether something fits one; empty if there are none.
    pub fn scratch(&mut self) -> &mut [u8] {
        let number = self.long.metas.len();
        self.long.part_mut(number, 0..self.long.buffer_bytes as usize).unwrap_or_default()
    }

    /// Makes room for `bytes` bytes behind those of a chain of one buffer, or of none: they move to a
    /// long buffer if they must.
    ///
    /// # Errors
    /// [`Full`] if no long buffer is free, or if it is more than one holds.
    pub fn grow(&mut self, chain: &mut Chain, bytes: usize) -> Result<(), Full> {
        let held_bytes = self.filled(chain.first).len();
        let free = self.meta(chain.first).map_or(0, |meta| self.capacity(chain.first) - meta.end);
        if chain.is_empty() || bytes <= free as usize {
            return Ok(());
        }
        if self.long_number(chain.first).is_some() {
            return Err(Full);
        }
        let link = self.take_long(held_bytes + bytes).ok_or(Full)?;
        let number = self.long_number(link).unwrap_or(0);
        let from = self.meta(chain.first).map_or(0, |meta| meta.start);
        let place = self.span(chain.first, from, from + held_bytes as u32).ok_or(Full)?;
        let held = self.bytes.get(place).unwrap_or_default();
        if let Some(part) = self.long.part_mut(number, 0..held.len()) {
            part.copy_from_slice(held);
        }
        self.release(chain);
        self.link(chain, link);
        self.commit(chain, held_bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const SHORT: usize = 8;
    const LONG: usize = 70_000;

    fn with_pool(test: impl FnOnce(BufferPool<'_>)) {
        let (mut bytes, mut metas) = ([0; 4 * SHORT], [BufferMeta::VACANT; 4]);
        let (mut long_bytes, mut long_metas) = (vec![0; 3 * LONG], [BufferMeta::VACANT; 2]);
        let long = LongStorage { bytes: &mut long_bytes, metas: &mut long_metas };
        test(BufferPool::new(&mut bytes, &mut metas).with_long(long));
    }

    fn fill(pool: &mut BufferPool<'_>, chain: &mut Chain, bytes: usize) -> Result<(), Full> {
        let room = pool.reserve(chain, bytes)?;
        room[..bytes].fill(7);
        pool.commit(chain, bytes);
        Ok(())
    }

    #[test]
    fn both_sides_of_each_size_and_number() {
        with_pool(|mut pool| {
            let mut chains = [const { Chain::EMPTY }; 3];
            assert_eq!(fill(&mut pool, &mut chains[0], SHORT), Ok(()));
            assert_eq!((pool.in_use(), pool.long_in_use()), (1, 0));
            pool.release(&mut chains[0]);
            assert_eq!(fill(&mut pool, &mut chains[0], LONG + 1), Err(Full));
            assert_eq!(fill(&mut pool, &mut chains[0], LONG), Ok(()));
            assert_eq!(fill(&mut pool, &mut chains[1], SHORT + 1), Ok(()));
            assert_eq!((pool.in_use(), pool.long_in_use(), pool.available()), (0, 2, 4));
            assert_eq!(fill(&mut pool, &mut chains[2], SHORT + 1), Err(Full));
            assert_eq!(pool.scratch().len(), LONG);
            assert_eq!(pool.slices(&chains[0])[0], vec![7; LONG]);
            pool.consume(&mut chains[0], LONG);
            assert!(chains[0].is_empty());
            assert_eq!(fill(&mut pool, &mut chains[2], LONG), Ok(()));
            chains.iter_mut().for_each(|chain| pool.release(chain));
            assert_eq!((pool.in_use(), pool.long_in_use()), (0, 0));
        });
    }

    #[test]
    fn what_grows_keeps_its_bytes() {
        with_pool(|mut pool| {
            let (mut chain, mut other) = (Chain::EMPTY, Chain::EMPTY);
            fill(&mut pool, &mut chain, 5).unwrap();
            assert_eq!(pool.grow(&mut chain, 3), Ok(()));
            assert_eq!(pool.long_in_use(), 0, "it fits where it is");
            assert_eq!(pool.grow(&mut chain, LONG - 4), Err(Full));
            assert_eq!(pool.grow(&mut chain, LONG - 5), Ok(()));
            fill(&mut pool, &mut chain, LONG - 5).unwrap();
            assert_eq!((pool.in_use(), pool.long_in_use(), chain.buffers()), (0, 1, 1));
            assert_eq!(pool.slices(&chain)[0], vec![7; LONG]);
            assert_eq!(pool.grow(&mut chain, 1), Err(Full), "it is as long as can be");
            fill(&mut pool, &mut other, 1).unwrap();
            let mut last = Chain::EMPTY;
            pool.reserve_long(&mut last).unwrap();
            assert_eq!(pool.grow(&mut other, SHORT), Err(Full), "none is free");
            assert_eq!(pool.slices(&other)[0], [7]);
            for chain in [&mut chain, &mut other, &mut last] {
                pool.release(chain);
            }
        });
    }

    /// One chain does not take the long ones of all others.
    #[test]
    fn a_second_one_while_half_are_free() {
        with_pool(|mut pool| {
            let mut chain = Chain::EMPTY;
            fill(&mut pool, &mut chain, 1).unwrap();
            assert!(pool.may_have_long(&chain));
            pool.reserve_long(&mut chain).unwrap();
            assert!(!pool.may_have_long(&chain) && pool.may_have_long(&Chain::EMPTY));
            pool.release(&mut chain);
        });
    }

    #[test]
    fn without_any_it_is_a_pool_as_before() {
        let (mut bytes, mut metas) = ([0; 16], [BufferMeta::VACANT; 2]);
        let mut pool = BufferPool::new(&mut bytes, &mut metas);
        let mut chain = Chain::EMPTY;
        assert_eq!((pool.longest_bytes(), pool.scratch().len()), (8, 0));
        assert_eq!(pool.reserve_long(&mut chain).err(), Some(Full));
        let none: Vec<u8> = pool.slices(&chain).concat();
        assert!(none.is_empty());
    }
}

//! `Outbox` and `Inbox`: the two byte queues between a session and its threads.
//!
//! Contract: allocated once; one side fills, the other swaps the filled one for an empty one.

use std::mem;

use tinyrealm_core::wire::Full;

const LENGTH_BYTES: usize = size_of::<u32>();

/// Bytes to be written, as they go onto the wire.
#[derive(Debug)]
pub(super) struct Outbox {
    bytes: Box<[u8]>,
    used: usize,
}

impl Outbox {
    pub(super) fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity].into(), used: 0 }
    }

    /// An empty one of the same size.
    pub(super) fn sibling(&self) -> Self {
        Self::new(self.bytes.len())
    }

    /// What is free, but for `reserve` bytes.
    pub(super) fn room(&mut self, reserve: usize) -> &mut [u8] {
        let end = self.bytes.len().saturating_sub(reserve).max(self.used);
        &mut self.bytes[self.used..end]
    }

    /// The first `count` bytes of the room have been filled.
    pub(super) fn commit(&mut self, count: usize) {
        self.used = (self.used + count).min(self.bytes.len());
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
    }
}

/// Bodies to be told, each behind its length.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Box<[u8]>,
    used: usize,
    read: usize,
}

impl Inbox {
    /// One that takes at least one body of `frame_limit_bytes`.
    pub(super) fn new(capacity: usize, frame_limit_bytes: u32) -> Self {
        let least = LENGTH_BYTES + frame_limit_bytes as usize;
        Self { bytes: vec![0; capacity.max(least)].into(), used: 0, read: 0 }
    }

    pub(super) fn push(&mut self, body: &[u8]) -> Result<(), Full> {
        let place = self.bytes.get_mut(self.used..self.used + LENGTH_BYTES + body.len());
        let (length, rest) = place.ok_or(Full)?.split_at_mut(LENGTH_BYTES);
        length.copy_from_slice(&(body.len() as u32).to_le_bytes());
        rest.copy_from_slice(body);
        self.used += LENGTH_BYTES + body.len();
        Ok(())
    }

    /// The oldest body.
    pub(super) fn pop(&mut self) -> Option<&[u8]> {
        let filled = &self.bytes[self.read..self.used];
        let (length, rest) = filled.split_first_chunk::<LENGTH_BYTES>()?;
        let body = &rest[..u32::from_le_bytes(*length) as usize];
        self.read += LENGTH_BYTES + body.len();
        Some(body)
    }

    /// Bytes of the oldest body; `None` if there is none.
    pub(super) fn next_bytes(&self) -> Option<usize> {
        let length = self.bytes[self.read..self.used].first_chunk::<LENGTH_BYTES>()?;
        Some(u32::from_le_bytes(*length) as usize)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.read == self.used
    }

    pub(super) const fn clear(&mut self) {
        self.read = 0;
        self.used = 0;
    }

    /// Swaps this one, whose bodies have all been popped, for `other`.
    pub(super) fn refill_from(&mut self, other: &mut Self) {
        self.clear();
        mem::swap(self, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outbox_keeps_its_reserve() {
        let mut outbox = Outbox::new(10);
        assert_eq!(outbox.room(4).len(), 6);
        outbox.commit(6);
        assert_eq!((outbox.room(4).len(), outbox.room(0).len()), (0, 4));
        outbox.commit(4);
        assert_eq!((outbox.filled().len(), outbox.room(0).len()), (10, 0));
        outbox.clear();
        assert!(outbox.filled().is_empty());
    }

    #[test]
    fn bodies_come_out_as_they_went_in_until_it_is_full() {
        let (mut inbox, mut local) = (Inbox::new(20, 8), Inbox::new(20, 8));
        assert_eq!(inbox.push(b"12345678"), Ok(()));
        assert_eq!(inbox.push(b"12345"), Err(Full));
        assert_eq!(inbox.push(b"1234"), Ok(()));
        assert_eq!(inbox.push(b""), Err(Full));
        local.refill_from(&mut inbox);
        assert_eq!(local.next_bytes(), Some(8));
        assert_eq!(local.pop(), Some(&b"12345678"[..]));
        assert_eq!(local.pop(), Some(&b"1234"[..]));
        assert_eq!(local.pop(), None);
        assert!(local.is_empty());
        assert_eq!(inbox.push(b""), Ok(()));
        local.refill_from(&mut inbox);
        assert_eq!(local.pop(), Some(&b""[..]));
    }

    #[test]
    fn the_longest_body_fits_into_the_smallest_inbox() {
        assert_eq!(Inbox::new(0, 9).push(&[0; 9]), Ok(()));
        assert_eq!(Inbox::new(0, 9).push(&[0; 10]), Err(Full));
    }
}

//! `ByteQueue`: records of bytes, first in, first out, each in one piece.
//!
//! Contract: a record is `[kind: u8][0][socket: u16 LE][bytes: u16 LE]` and so many bytes, so that a host
//! reads it where it lies. A full queue takes nothing of a record.
//!
//! Bounds: [`QUEUE_BYTES`] with all records; a record does not wrap, so up to one record's length may
//! lie idle at the end.

use tinyrealm_core::wire::Full;

/// Bytes of one queue.
pub const QUEUE_BYTES: usize = 32 * 1024;
/// What a record has in front.
pub const RECORD_HEADER_BYTES: usize = 6;
/// Stands where a record would, when the rest up to the end lies idle.
const PADDING: u8 = 0xff;

/// A record, where it lies.
#[derive(Copy, Clone, Debug)]
pub struct Record<'q> {
    /// What it is; never 0xff.
    pub kind: u8,
    /// The socket that it is about; 0 if it is about none.
    pub socket: u16,
    /// What is in it.
    pub body: &'q [u8],
    /// All of it, with its header.
    pub whole: &'q [u8],
}

/// A queue of records; see the [module](self).
#[derive(Debug)]
pub(crate) struct ByteQueue {
    bytes: [u8; QUEUE_BYTES],
    first: usize,
    used: usize,
}

impl ByteQueue {
    /// Empty: all-zero bits.
    pub(crate) const NEW: Self = Self { bytes: [0; QUEUE_BYTES], first: 0, used: 0 };

    /// Bytes in use, with idle ones between them.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }

    /// Whether records of so many bytes in all, with their headers, would be taken.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.place(bytes).is_some()
    }

    /// Where so many bytes have room in one piece, and how many lie idle in front of them.
    fn place(&self, bytes: usize) -> Option<(usize, usize)> {
        let end = self.first + self.used;
        if let Some(wrapped) = end.checked_sub(QUEUE_BYTES) {
            return (wrapped + bytes <= self.first).then_some((wrapped, 0));
        }
        let rest = QUEUE_BYTES - end;
        if bytes <= rest {
            return Some((end, 0));
        }
        (bytes <= self.first).then_some((0, rest))
    }

    /// Appends a record, whose body is both parts together.
    pub(crate) fn push(&mut self, kind: u8, socket: u16, parts: [&[u8]; 2]) -> Result<(), Full> {
        let [head, tail] = parts;
        let body_bytes = u16::try_from(head.len() + tail.len()).map_err(|_| Full)?;
        let bytes = RECORD_HEADER_BYTES + usize::from(body_bytes);
        let (at, idle) = self.place(bytes).ok_or(Full)?;
        if idle > 0 {
            let padding = self.bytes.get_mut(self.first + self.used).ok_or(Full)?;
            *padding = PADDING;
        }
        let place = self.bytes.get_mut(at..at + bytes).ok_or(Full)?;
        let (header, body) = place.split_at_mut_checked(RECORD_HEADER_BYTES).ok_or(Full)?;
        let [s0, s1] = socket.to_le_bytes();
        let [n0, n1] = body_bytes.to_le_bytes();
        header.copy_from_slice(&[kind, 0, s0, s1, n0, n1]);
        let (body_head, body_tail) = body.split_at_mut_checked(head.len()).ok_or(Full)?;
        body_head.copy_from_slice(head);
        body_tail.copy_from_slice(tail);
        self.used += idle + bytes;
        Ok(())
    }

    /// The oldest record.
    pub(crate) fn first(&self) -> Option<Record<'_>> {
        if self.used == 0 {
            return None;
        }
        let rest = self.bytes.get(self.first..)?;
        let [kind, _, s0, s1, n0, n1] = *rest.first_chunk::<RECORD_HEADER_BYTES>()?;
        let end = RECORD_HEADER_BYTES + usize::from(u16::from_le_bytes([n0, n1]));
        let whole = rest.get(..end)?;
        let body = whole.get(RECORD_HEADER_BYTES..)?;
        Some(Record { kind, socket: u16::from_le_bytes([s0, s1]), body, whole })
    }

    /// Forgets the oldest record.
    pub(crate) fn pop(&mut self) {
        let Some(bytes) = self.first().map(|record| record.whole.len()) else { return };
        self.first += bytes;
        self.used -= bytes;
        if self.used == 0 {
            self.first = 0;
        } else if self.bytes.get(self.first).is_none_or(|kind| *kind == PADDING) {
            self.used -= QUEUE_BYTES - self.first;
            self.first = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::{vec, vec::Vec};

    proptest! {
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec((any::<bool>(), 0..3_000usize), 1..400)) {
            let mut queue = ByteQueue::NEW;
            let mut model: VecDeque<Vec<u8>> = VecDeque::new();
            for (number, (is_push, bytes)) in steps.into_iter().enumerate() {
                let body = vec![number as u8; bytes];
                if is_push || model.is_empty() {
                    let had_room = queue.has_room(RECORD_HEADER_BYTES + bytes);
                    let (head, tail) = body.split_at(bytes / 3);
                    prop_assert_eq!(queue.push(7, number as u16, [head, tail]).is_ok(), had_room);
                    if had_room {
                        model.push_back(body);
                    } else {
                        let taken: usize = model.iter().map(|body| RECORD_HEADER_BYTES + body.len()).sum();
                        // At most one record lies idle at the end, and one did not fit.
                        prop_assert!(taken + 2 * (3_000 + RECORD_HEADER_BYTES) > QUEUE_BYTES);
                    }
                } else {
                    let expected = model.pop_front();
                    prop_assert_eq!(queue.first().map(|record| record.body.to_vec()), expected);
                    queue.pop();
                }
            }
            for body in model {
                prop_assert_eq!(queue.first().map(|record| record.body.to_vec()), Some(body));
                queue.pop();
            }
            prop_assert_eq!((queue.used(), queue.first().is_none()), (0, true));
        }
    }

    #[test]
    fn a_record_may_take_all_of_it_and_not_a_byte_more() {
        let mut queue = ByteQueue::NEW;
        let most = vec![1; QUEUE_BYTES - RECORD_HEADER_BYTES];
        assert_eq!(queue.push(1, 0, [&most, &[2]]), Err(Full));
        assert_eq!(queue.push(1, 0, [&most, &[]]), Ok(()));
        assert_eq!(queue.push(1, 0, [&[], &[]]), Err(Full));
        queue.pop();
        queue.pop();
        assert_eq!(queue.used(), 0);
    }

    #[test]
    fn room_in_one_piece_is_room_for_many() {
        let mut queue = ByteQueue::NEW;
        queue.push(1, 0, [&[0; 2_000], &[]]).unwrap();
        while queue.has_room(2_006 + 100) {
            queue.push(1, 0, [&[0; 2_000], &[]]).unwrap();
        }
        queue.pop();
        assert!(queue.has_room(1_000));
        for _ in 0..100 {
            queue.push(2, 0, [&[0; 4], &[]]).unwrap();
        }
    }
}

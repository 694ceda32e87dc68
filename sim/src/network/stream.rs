//! `Stream`: one direction of a connection, from a write to a read.
//!
//! Contract: bytes come out as they went in, in order; only when they come is the network's choice.
//!
//! Bounds: what is written and not read is at most the stream's capacity.

use std::collections::VecDeque;

use super::meddling::Meddling;

/// How much of a stream's beginning is remembered: a world's first frame, a `Join`, fits, behind the
/// request of a WebSocket too.
pub(crate) const OPENING_BYTES: usize = 320;

struct Segment {
    at_us: u64,
    bytes: usize,
    is_end: bool,
}

/// What has come.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    Nothing,
    Bytes,
    /// Nothing but the end.
    End,
}

/// Bytes on their way; see the [module](self).
pub(crate) struct Stream {
    bytes: Vec<u8>,
    /// What is before this has been read.
    read: usize,
    /// What is before this has arrived.
    arrived: usize,
    has_ended: bool,
    segments: VecDeque<Segment>,
    last_arrival_us: u64,
    capacity: usize,
    opening: Vec<u8>,
    /// What somebody on the way does with the next write.
    pub(crate) meddling: Option<Meddling>,
    /// Bytes that are forgotten because they were read.
    forgotten: u64,
    /// The first byte that is not what was written there, counted from the first of all.
    spoiled_at: Option<u64>,
    /// The writer has been told that there is no room, and wants to know when there is.
    pub(crate) writer_waits: bool,
}

impl Stream {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            bytes: Vec::new(),
            read: 0,
            arrived: 0,
            has_ended: false,
            segments: VecDeque::new(),
            last_arrival_us: 0,
            capacity,
            opening: Vec::new(),
            meddling: None,
            forgotten: 0,
            spoiled_at: None,
            writer_waits: false,
        }
    }

    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.bytes.len() - self.read)
    }

    /// Takes the first `most` bytes of `slices`, as one write, and answers how many they were.
    pub(crate) fn append(&mut self, slices: &[&[u8]], most: usize) -> usize {
        let before = self.bytes.len();
        for slice in slices {
            let left = most - (self.bytes.len() - before);
            self.bytes.extend_from_slice(&slice[..slice.len().min(left)]);
        }
        let missing = OPENING_BYTES.saturating_sub(self.opening.len());
        self.opening.extend(self.bytes[before..].iter().take(missing));
        self.bytes.len() - before
    }

    /// The newest bytes, for a network that does not keep its promise.
    pub(crate) fn newest_mut(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.bytes.len() - bytes;
        &mut self.bytes[start..]
    }

    /// Loses the newest byte, in a network that does not keep its promise.
    pub(crate) fn lose_newest(&mut self) {
        self.bytes.pop();
    }

    /// Bytes that were ever written.
    pub(crate) fn written(&self) -> u64 {
        self.forgotten + self.bytes.len() as u64
    }

    /// The newest `bytes` become `spoiled`, of which the first `same` are as they were.
    pub(crate) fn spoil(&mut self, bytes: usize, same: usize, spoiled: &[u8]) {
        let start = self.bytes.len() - bytes;
        self.bytes.truncate(start);
        self.bytes.extend_from_slice(spoiled);
        self.meddling = None;
        self.spoiled_at = self.spoiled_at.or(Some(self.forgotten + (start + same) as u64));
    }

    /// How much of what is not read is as it was written; none of a stream of which all is.
    pub(crate) fn unspoiled(&self) -> Option<usize> {
        let read = self.forgotten + self.read as u64;
        self.spoiled_at.map(|at| at.saturating_sub(read) as usize)
    }

    /// Sends the next `bytes` bytes: they arrive at `at_us`, or behind what was sent before.
    pub(crate) fn send(&mut self, at_us: u64, bytes: usize) -> u64 {
        self.push(at_us, bytes, false)
    }

    /// Says that nothing comes any more.
    pub(crate) fn end(&mut self, at_us: u64) -> u64 {
        self.push(at_us, 0, true)
    }

    fn push(&mut self, at_us: u64, bytes: usize, is_end: bool) -> u64 {
        self.last_arrival_us = self.last_arrival_us.max(at_us);
        let at_us = self.last_arrival_us;
        self.segments.push_back(Segment { at_us, bytes, is_end });
        at_us
    }

    /// Nothing arrives before `at_us`.
    pub(crate) fn hold_until(&mut self, at_us: u64) {
        self.last_arrival_us = self.last_arrival_us.max(at_us);
        if let Some(first) = self.segments.front_mut() {
            first.at_us = first.at_us.max(at_us);
        }
    }

    /// Lets arrive what is due at `now_us`.
    pub(crate) fn arrive(&mut self, now_us: u64) -> Arrival {
        let mut arrival = Arrival::Nothing;
        while let Some(segment) = self.segments.front().filter(|segment| segment.at_us <= now_us) {
            self.arrived += segment.bytes;
            self.has_ended |= segment.is_end;
            if segment.bytes > 0 {
                arrival = Arrival::Bytes;
            } else if arrival == Arrival::Nothing {
                arrival = Arrival::End;
            }
            self.segments.pop_front();
        }
        arrival
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.read..self.arrived]
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.read += bytes;
        if self.read == self.bytes.len() || self.read >= self.capacity {
            self.bytes.drain(..self.read);
            self.forgotten += self.read as u64;
            self.arrived -= self.read;
            self.read = 0;
        }
    }

    /// Whether the writer has said that nothing comes any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.has_ended || self.segments.back().is_some_and(|last| last.is_end)
    }

    /// Whether the reader has come to the end.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.has_ended && self.read == self.arrived
    }

    /// The first bytes that were ever written.
    pub(crate) fn opening(&self) -> &[u8] {
        &self.opening
    }

    /// Forgets what is on its way: nobody reads it any more.
    pub(crate) fn forget(&mut self) {
        self.bytes = Vec::new();
        self.segments = VecDeque::new();
        (self.read, self.arrived) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_testing::Random;

    /// Whatever is written, cut, held up and read in whatever pieces: it comes out as it went in.
    #[test]
    fn bytes_come_out_as_they_went_in() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let mut stream = Stream::new(50);
            let (mut written, mut read, mut now_us) = (Vec::new(), Vec::new(), 0);
            for number in 0..400 {
                let bytes = [number as u8; 40];
                let most = stream.room().min(random.below(40) as usize);
                let taken = stream.append(&[&bytes[..7], &bytes[7..]], most);
                written.extend_from_slice(&bytes[..taken]);
                let cut = random.below(taken as u64 + 1) as usize;
                stream.send(now_us + random.below(20), cut);
                stream.send(now_us + random.below(20), taken - cut);
                if random.chance(50) {
                    stream.hold_until(now_us + 30);
                }
                now_us += random.below(15);
                stream.arrive(now_us);
                let count = random.below(stream.unread().len() as u64 + 1) as usize;
                read.extend_from_slice(&stream.unread()[..count]);
                stream.consume(count);
            }
            stream.end(now_us);
            stream.arrive(now_us + 1_000);
            read.extend_from_slice(stream.unread());
            stream.consume(stream.unread().len());
            assert!(read == written && stream.is_at_end(), "seed {seed}");
        }
    }

    #[test]
    fn both_sides_of_the_capacity() {
        let mut stream = Stream::new(4);
        assert_eq!(stream.append(&[b"abc", b"def"], stream.room()), 4);
        assert_eq!(stream.room(), 0);
        stream.send(0, 4);
        assert_eq!(stream.arrive(0), Arrival::Bytes);
        stream.consume(3);
        assert_eq!((stream.room(), stream.unread()), (3, &b"d"[..]));
    }
}

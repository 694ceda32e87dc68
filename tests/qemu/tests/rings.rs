//! What the STM32H743's Ethernet DMA and its driver share, which no board here has run, against a DMA as its manual has it.

#[path = "../../../firmware-demo/stm32h743/src/rings.rs"]
mod rings;

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;

use rings::{Rings, status};

const WAITING: usize = 2;
/// Of a buffer, and of the longest frame.
const BYTES: usize = 592;
const FRAME_BYTES: usize = 590;

type Shared = Rings<WAITING, BYTES>;

/// The DMA: it goes round the ring, and stops at what is not its own.
#[derive(Default)]
struct Dma {
    next: usize,
    /// Pieces that have no place yet.
    pieces: VecDeque<(Vec<u8>, u32)>,
}

impl Dma {
    /// A frame comes, in pieces of a buffer; the last one has its length.
    fn receive(&mut self, shared: &Shared, frame: &[u8]) {
        let last = frame.len().div_ceil(BYTES) - 1;
        for (number, piece) in frame.chunks(BYTES).enumerate() {
            let first = if number == 0 { status::IS_FIRST } else { 0 };
            let end = if number == last { status::IS_LAST | frame.len() as u32 } else { 0 };
            self.pieces.push_back((piece.to_vec(), first | end));
        }
        self.go_on(shared);
    }

    fn go_on(&mut self, shared: &Shared) {
        let (wanted, given) = (status::HAS_BUFFER | status::TELLS, status::IS_THE_DMA_S);
        while !self.pieces.is_empty() {
            let [address, _, _, state] = &shared.received[self.next].0;
            if state.load(Relaxed) & given == 0 {
                return;
            }
            let buffer = &shared.frames_received[self.next].0;
            assert_eq!(state.load(Relaxed), wanted | given);
            assert_eq!(address.load(Relaxed), buffer.as_ptr() as u32);
            // What is given back has no address any more.
            address.store(0xDEAD, Relaxed);
            let (piece, status) = self.pieces.pop_front().unwrap();
            for (place, byte) in buffer.iter().zip(piece) {
                place.store(byte, Relaxed);
            }
            state.store(status, Relaxed);
            self.next = (self.next + 1) % WAITING;
        }
    }

    /// Sends what is there to be sent.
    fn send(shared: &Shared) -> Vec<u8> {
        let [address, _, bytes, state] = &shared.to_send.0;
        let whole = status::IS_FIRST | status::IS_LAST | status::IS_THE_DMA_S;
        assert_eq!(state.load(Relaxed), whole);
        let buffer = &shared.frame_to_send.0;
        assert_eq!(address.load(Relaxed), buffer.as_ptr() as u32);
        state.store(status::IS_FIRST | status::IS_LAST, Relaxed);
        buffer[..bytes.load(Relaxed) as usize].iter().map(|byte| byte.load(Relaxed)).collect()
    }
}

/// The driver's side of what comes, as it goes round.
#[derive(Default)]
struct Reader {
    next: usize,
}

impl Reader {
    /// The next good frame.
    fn read(&mut self, shared: &Shared, dma: &mut Dma) -> Option<Vec<u8>> {
        let mut frame = [0; FRAME_BYTES];
        while shared.has_frame(self.next) {
            let taken = shared.take(self.next, &mut frame);
            self.next = (self.next + 1) % WAITING;
            dma.go_on(shared);
            if let Some(bytes) = taken {
                return Some(frame[..bytes].to_vec());
            }
        }
        None
    }
}

fn start() -> (Shared, Dma, Reader) {
    (Rings::new(), Dma::default(), Reader::default())
}

/// A frame whose bytes tell one from another.
fn frame(bytes: usize, number: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 7 + number) as u8).collect()
}

#[test]
fn nothing_is_there_before_anything_comes() {
    let (shared, mut dma, mut reader) = start();
    shared.start();
    assert_eq!(reader.read(&shared, &mut dma), None);
    assert!(shared.may_send());
}

#[test]
fn frames_come_whole_and_in_order_round_and_round_the_ring() {
    let (shared, mut dma, mut reader) = start();
    shared.start();
    for number in 0..100 {
        // More at once than there are buffers.
        let frames: Vec<_> = (0..number % 5).map(|one| frame(60 + number * 5, one)).collect();
        for frame in &frames {
            dma.receive(&shared, frame);
        }
        for frame in frames {
            assert_eq!(reader.read(&shared, &mut dma), Some(frame));
        }
        assert_eq!(reader.read(&shared, &mut dma), None);
    }
}

#[test]
fn a_frame_longer_than_the_longest_is_dropped_alone() {
    let (shared, mut dma, mut reader) = start();
    shared.start();
    for bytes in [FRAME_BYTES, FRAME_BYTES + 1, BYTES, BYTES + 1, 1_514, 3 * BYTES, 60] {
        dma.receive(&shared, &frame(bytes, bytes));
    }
    assert_eq!(reader.read(&shared, &mut dma), Some(frame(FRAME_BYTES, FRAME_BYTES)));
    assert_eq!(reader.read(&shared, &mut dma), Some(frame(60, 60)));
    assert_eq!(reader.read(&shared, &mut dma), None);
}

#[test]
fn what_is_spoilt_or_no_frame_is_dropped() {
    let (shared, mut dma, mut reader) = start();
    shared.start();
    let good = status::IS_FIRST | status::IS_LAST | 60;
    for spoilt in [good | status::HAS_ERROR, good | status::TELLS] {
        dma.pieces.push_back((frame(60, 1), spoilt));
        dma.receive(&shared, &frame(60, 2));
        assert_eq!(reader.read(&shared, &mut dma), Some(frame(60, 2)));
        assert_eq!(reader.read(&shared, &mut dma), None);
    }
}

#[test]
fn frames_go_one_after_the_other() {
    let (shared, ..) = start();
    for number in 0..100 {
        let frame = frame(42 + number * 5, number);
        assert!(shared.may_send());
        shared.send(&frame);
        assert!(!shared.may_send());
        assert_eq!(Dma::send(&shared), frame);
    }
}

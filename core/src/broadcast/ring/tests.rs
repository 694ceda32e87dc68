//! The ring against lists of frames.

use super::*;
use crate::wire::{Framed, Opcode, PacketFramer, write_frame};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const OWN_OPCODE: i32 = 1_000;
const EVENT_OPCODE: i32 = 1;

/// A frame of `12 + filler` bytes: its number in the model, and who said it.
fn encode(
    number: usize,
    own_of: Option<usize>,
    filler: usize,
    room: &mut [u8],
) -> Result<usize, Full> {
    let opcode = own_of.map_or(EVENT_OPCODE, |member| OWN_OPCODE + member as i32);
    let mut payload = vec![0; 4 + filler];
    payload[..4].copy_from_slice(&(number as u32).to_le_bytes());
    write_frame(room, Opcode(opcode), &payload)
}

fn classify(member: usize) -> impl Fn(Frame<'_>) -> FrameClass {
    move |frame| match frame.opcode.0 {
        EVENT_OPCODE => FrameClass::Counted,
        opcode if opcode == OWN_OPCODE + member as i32 => FrameClass::Own,
        _ => FrameClass::State,
    }
}

/// One member with a transport that takes what it likes, and the model of what it must get.
struct Member {
    cursor: Cursor,
    kept: Vec<u8>,
    stream: Vec<u8>,
    /// Model: published frames it has to get, and how many of those counted it has to get or miss.
    expected: Vec<usize>,
    counted_total: u32,
    counted_seen: u32,
    missed: u32,
}

impl Member {
    fn new(ring: &BroadcastRing) -> Self {
        Self {
            cursor: ring.cursor(),
            kept: Vec::new(),
            stream: Vec::new(),
            expected: Vec::new(),
            counted_total: 0,
            counted_seen: 0,
            missed: 0,
        }
    }

    /// One write of at most `room` bytes, as a session does it: what was kept first, then the ring.
    fn transmit(&mut self, ring: &BroadcastRing, bytes: &[u8], who: usize, mut room: usize) {
        let kept = self.kept.len().min(room);
        self.stream.extend(self.kept.drain(..kept));
        room -= kept;
        if !self.kept.is_empty() {
            return;
        }
        match ring.window(bytes, &self.cursor) {
            Window::Nothing => {}
            Window::Overrun => self.resync(ring),
            Window::Slices(slices) => {
                let offered: Vec<u8> = slices.concat();
                if offered.is_empty() {
                    // A session with nothing to send is not transmitted to, nor advanced.
                    return;
                }
                let taken = offered.len().min(room);
                self.stream.extend_from_slice(&offered[..taken]);
                let advanced =
                    ring.advance(bytes, &mut self.cursor, taken, offered.len(), classify(who));
                if let Advanced::Cut(rest) = advanced {
                    self.kept = rest.to_vec();
                }
            }
        }
    }

    /// What a snapshot does: the present state instead of the frames, and the exact loss.
    fn resync(&mut self, ring: &BroadcastRing) {
        let missed = ring.counted_since(&self.cursor);
        self.cursor = ring.cursor();
        self.missed += missed;
        let got = self.decode().len();
        self.expected.truncate(got);
    }

    fn decode(&mut self) -> Vec<usize> {
        let mut numbers = Vec::new();
        self.counted_seen = 0;
        let mut input: &[u8] = &[&self.stream[..], &self.kept[..]].concat();
        while let Framed::Frame { frame, rest } = PacketFramer::new(u16::MAX).next_frame(input) {
            numbers.push(u32::from_le_bytes(frame.payload[..4].try_into().unwrap()) as usize);
            self.counted_seen += u32::from(frame.opcode.0 == EVENT_OPCODE);
            input = rest;
        }
        assert!(input.is_empty(), "a cut frame without its rest");
        numbers
    }
}

#[derive(Clone, Debug)]
enum Op {
    Event { filler: usize },
    Move { who: usize, filler: usize },
    Publish,
    Transmit { who: usize, room: usize },
    OverrunAll,
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0usize..30).prop_map(|filler| Op::Event { filler }),
        4 => (0usize..3, 0usize..3).prop_map(|(who, filler)| Op::Move { who, filler }),
        3 => Just(Op::Publish),
        5 => (0usize..3, prop_oneof![0usize..60, Just(10_000)])
            .prop_map(|(who, room)| Op::Transmit { who, room }),
        1 => Just(Op::OverrunAll),
    ]
}

/// Runs `ops` on a ring that starts at stream position `start`, against lists of frame numbers.
fn compare(capacity: usize, start: u32, ops: &[Op]) {
    let mut bytes = vec![0; capacity];
    let mut ring =
        BroadcastRing { head: start, published: start, lap_end: start, ..BroadcastRing::EMPTY };
    let mut members: [Member; 3] = std::array::from_fn(|_| Member::new(&ring));
    let mut waiting: Vec<(usize, Option<usize>)> = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        match *op {
            Op::Event { filler } => {
                let room = |out: &mut [u8]| encode(number, None, filler, out);
                if ring.append(&mut bytes, FrameClass::Counted, 12 + filler, room).is_ok() {
                    waiting.push((number, None));
                }
            }
            // A member's own move is published with the flush that appends it.
            Op::Move { who, filler } => {
                let room = |out: &mut [u8]| encode(number, Some(who), filler, out);
                if let Ok(position) = ring.append(&mut bytes, FrameClass::State, 12 + filler, room)
                {
                    ring.leave_out(&bytes, &mut members[who].cursor, position);
                    waiting.push((number, Some(who)));
                    publish(&mut ring, &mut members, &mut waiting);
                }
            }
            Op::Publish => publish(&mut ring, &mut members, &mut waiting),
            Op::Transmit { who, room } => members[who].transmit(&ring, &bytes, who, room),
            Op::OverrunAll => {
                ring.overrun_all(&bytes);
                publish(&mut ring, &mut members, &mut waiting);
            }
        }
    }
    publish(&mut ring, &mut members, &mut waiting);
    for (who, member) in members.iter_mut().enumerate() {
        for _ in 0..200 {
            member.transmit(&ring, &bytes, who, 10_000);
        }
        assert_eq!(member.decode(), member.expected, "member {who}");
        assert_eq!(member.counted_seen + member.missed, member.counted_total, "member {who}");
    }
}

fn publish(
    ring: &mut BroadcastRing,
    members: &mut [Member; 3],
    waiting: &mut Vec<(usize, Option<usize>)>,
) {
    ring.publish();
    for (number, own_of) in waiting.drain(..) {
        for (who, member) in members.iter_mut().enumerate() {
            if own_of != Some(who) {
                member.expected.push(number);
            }
            member.counted_total += u32::from(own_of.is_none());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Members that read as they like get every frame but their own, in order, or exactly know what
    /// they missed; also where the 32 bits of the stream position wrap.
    #[test]
    fn agrees_with_lists_of_frames(
        bits in 6u32..11,
        wrapping in any::<bool>(),
        ops in prop::collection::vec(any_op(), 1..120),
    ) {
        let capacity = 1 << bits;
        let start = if wrapping { 0u32.wrapping_sub(capacity * 2) } else { 0 };
        compare(capacity as usize, start, &ops);
    }
}

#[test]
fn a_lap_may_end_exactly_at_the_end_of_the_ring() {
    let event = |filler| Op::Event { filler };
    // 32 + 32 bytes fill a ring of 64 without a gap; the reader is one lap behind.
    let ops = [event(22), Op::Publish, event(22), Op::Publish, event(0), Op::Publish];
    compare(128, 0, &[&ops[..], &ops[..], &ops[..]].concat());
    compare(64, 0, &ops);
}

#[test]
fn both_sides_of_the_ring_size() {
    let mut bytes = [0; 64];
    let mut ring: BroadcastRing = BroadcastRing::EMPTY;
    let append = |ring: &mut BroadcastRing, bytes: &mut [u8], filler| {
        ring.append(bytes, FrameClass::State, 10 + filler, |room| encode(0, None, filler, room))
    };
    assert!(ring.has_room_for(&bytes, 32, 32) && !ring.has_room_for(&bytes, 33, 32));
    assert_eq!(append(&mut ring, &mut bytes, 55), Err(Full)); // 65 bytes
    assert_eq!(append(&mut ring, &mut bytes, 54), Ok(0)); // 64 bytes
    assert_eq!(append(&mut ring, &mut bytes, 0), Err(Full)); // nothing is published yet
    ring.publish();
    assert!(append(&mut ring, &mut bytes, 0).is_ok());
}

/// A frame that is refused must not have scribbled over what slow members still have to get.
#[test]
fn a_refused_frame_leaves_no_trace() {
    let event = |filler| Op::Event { filler };
    let own = |filler| Op::Move { who: 0, filler };
    let before = [event(0), event(0), event(6), event(19), Op::Publish, own(1), own(1)];
    let after = [Op::Transmit { who: 0, room: 36 }, event(0), own(0), event(0), event(25), own(0)];
    compare(64, 0, &[&before[..], &after[..]].concat());
}

#[test]
fn a_frame_longer_than_announced_overruns_instead_of_corrupting() {
    let mut bytes = [0; 64];
    let mut ring: BroadcastRing = BroadcastRing::EMPTY;
    let cursor = ring.cursor();
    let long = |room: &mut [u8]| encode(0, None, 60, room);
    assert_eq!(ring.append(&mut bytes, FrameClass::Counted, 20, long), Err(Full));
    assert_eq!(ring.window(&bytes, &cursor), Window::Overrun);
}

/// A position that goes first, before and behind the wrap of the 32 bits.
#[test]
fn what_a_member_has_got_is_told_over_the_wrap_of_positions() {
    for start in [0, 0u32.wrapping_sub(64), 0u32.wrapping_sub(16), 0u32.wrapping_sub(8)] {
        let mut bytes = [0; 64];
        let mut ring: BroadcastRing =
            BroadcastRing { head: start, published: start, ..BroadcastRing::EMPTY };
        let mut cursor = ring.cursor();
        let encode = |room: &mut [u8]| write_frame(room, Opcode(1), b"hi");
        let mut ends = Vec::new();
        for _ in 0..3 {
            ring.append(&mut bytes, FrameClass::Counted, 8, encode).unwrap();
            ends.push(ring.end());
        }
        let given = |ring: &BroadcastRing, bytes: &[u8], cursor: &Cursor| {
            ends.iter().map(|end| ring.has_given(bytes, cursor, *end)).collect::<Vec<_>>()
        };
        assert!(ring.has_given(&bytes, &cursor, start));
        assert_eq!(given(&ring, &bytes, &cursor), [false; 3], "not published");
        ring.publish();
        assert_eq!(given(&ring, &bytes, &cursor), [false; 3], "not taken");
        for taken in 1..=3 {
            ring.advance(&bytes, &mut cursor, 8, 24, |_| FrameClass::Counted);
            assert_eq!(given(&ring, &bytes, &cursor), [true, taken > 1, taken > 2]);
        }
    }
}

//! Members of both framings hear the same.

use super::*;
use crate::wire::framing::{FrameWalk, StreamFrames};
use crate::wire::{Opcode, write_frame};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const RING_BYTES: usize = 1_024;
const LONGEST_BYTES: usize = 6 + 200;

/// One step of somebody who says, publishes or reads.
#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    Publish,
    Read(Framing, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..200).prop_map(Step::Say),
        2 => Just(Step::Publish),
        2 => (0usize..600).prop_map(|most| Step::Read(Framing::Stream, most)),
        2 => (0usize..600).prop_map(|most| Step::Read(Framing::Message, most)),
    ]
}

/// A member that keeps the rest of a cut frame, as a session does.
struct Member {
    cursor: Cursor,
    heard: Vec<u8>,
    rest: Vec<u8>,
    missed: u32,
}

impl Member {
    fn new(cursor: Cursor) -> Self {
        Self { cursor, heard: vec![], rest: vec![], missed: 0 }
    }

    fn read(&mut self, rings: &BroadcastRings, bytes: &RingBytes<'_>, most: usize) {
        self.heard.append(&mut self.rest);
        if rings.is_overrun(bytes, 1, &self.cursor) {
            self.missed += rings.counted_since(&self.cursor);
            rings.catch_up(&mut self.cursor);
        }
        let Window::Slices(slices) = rings.window(bytes, 1, &self.cursor) else { return };
        let offered = slices.concat();
        let taken = offered.len().min(most);
        self.heard.extend_from_slice(&offered[..taken]);
        let lengths = (taken, offered.len());
        let counted = |_: Frame<'_>| FrameClass::Counted;
        if let Advanced::Cut(rest) = rings.advance(bytes, 1, &mut self.cursor, lengths, counted) {
            self.rest = rest.to_vec();
        }
    }

    fn frames<W: FrameWalk>(&self) -> Vec<Vec<u8>> {
        let (mut left, mut frames) = (&self.heard[..], vec![]);
        while let Some((frame, whole)) = W::first_frame(left) {
            frames.push(frame.payload.to_vec());
            left = &left[whole.len()..];
        }
        assert_eq!(left, b"");
        frames
    }
}

proptest! {
    /// What is said is heard whole, in order, by both; what the ring went over is counted.
    #[test]
    fn both_framings_say_the_same(steps in prop::collection::vec(step(), 1..200)) {
        let (mut stream, mut messages) = (vec![0; 2 * RING_BYTES], vec![0; 2 * RING_BYTES]);
        let mut bytes = RingBytes::new(&mut stream, &mut messages, 2);
        let mut rings = BroadcastRings::EMPTY;
        let mut tcp = Member::new(rings.enter(Framing::Stream));
        let mut web = Member::new(rings.enter(Framing::Message));
        let mut said: Vec<Vec<u8>> = vec![];
        for step in steps {
            match step {
                Step::Say(length) => {
                    let payload: Vec<u8> = (0..length).map(|n| (n + said.len()) as u8).collect();
                    let encode = |room: &mut [u8]| write_frame(room, Opcode(3), &payload);
                    if !rings.has_room_for(&bytes, 1, LONGEST_BYTES, LONGEST_BYTES) {
                        rings.publish();
                    }
                    let class = FrameClass::Counted;
                    rings.append(&mut bytes, 1, class, LONGEST_BYTES, encode).unwrap();
                    said.push(payload);
                }
                Step::Publish => rings.publish(),
                Step::Read(Framing::Stream, most) => tcp.read(&rings, &bytes, most),
                Step::Read(Framing::Message, most) => web.read(&rings, &bytes, most),
            }
        }
        rings.publish();
        for member in [&mut tcp, &mut web] {
            member.read(&rings, &bytes, usize::MAX);
            member.read(&rings, &bytes, usize::MAX);
        }
        let heard = [tcp.frames::<StreamFrames>(), web.frames::<MessageFrames>()];
        for (member, heard) in [&tcp, &web].iter().zip(&heard) {
            prop_assert_eq!(heard.len() + member.missed as usize, said.len());
            prop_assert!(is_subsequence(heard, &said));
        }
        prop_assert!(tcp.missed + web.missed > 0 || heard[0] == heard[1]);
    }
}

fn is_subsequence(some: &[Vec<u8>], all: &[Vec<u8>]) -> bool {
    let mut all = all.iter();
    some.iter().all(|one| all.any(|other| other == one))
}

/// Without members of that kind the second ring is left alone, and may even have no bytes.
#[test]
fn messages_are_kept_for_members_only() {
    let mut stream = vec![0; RING_BYTES];
    let mut messages = vec![0; RING_BYTES];
    let mut bytes = RingBytes::new(&mut stream, &mut messages, 1);
    let mut rings = BroadcastRings::EMPTY;
    let encode = |room: &mut [u8]| write_frame(room, Opcode(3), b"before");
    rings.append(&mut bytes, 0, FrameClass::State, LONGEST_BYTES, encode).unwrap();
    rings.publish();
    assert!(bytes.messages(0).iter().all(|byte| *byte == 0));
    let cursor = rings.enter(Framing::Message);
    assert_eq!(rings.window(&bytes, 0, &cursor), Window::Nothing);
    rings.append(&mut bytes, 0, FrameClass::State, LONGEST_BYTES, encode).unwrap();
    rings.publish();
    let Window::Slices([first, ..]) = rings.window(&bytes, 0, &cursor) else { panic!() };
    assert_eq!(first, b"\x82\x0a\x03\0\0\0before");
    rings.leave(&cursor);
    rings.append(&mut bytes, 0, FrameClass::State, LONGEST_BYTES, encode).unwrap();
    rings.publish();
    assert!(bytes.messages(0)[12..].iter().all(|byte| *byte == 0));
}

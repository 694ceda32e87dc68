//! Both prefixes, and both sides of where they differ.

use super::*;
use crate::wire::{Opcode, write_frame};
use std::vec;
use std::vec::Vec;

fn stream_frame(payload_bytes: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..payload_bytes).map(|n| n as u8).collect();
    let mut bytes = vec![0; payload_bytes + 8];
    let used = write_frame(&mut bytes, Opcode(7), &payload).unwrap();
    bytes.truncate(used);
    bytes
}

fn body_of(stream: &[u8]) -> impl Fn(&mut [u8]) -> Result<usize, Full> {
    |room| {
        room.get_mut(..stream.len() - 2).ok_or(Full)?.copy_from_slice(&stream[2..]);
        Ok(stream.len() - 2)
    }
}

/// What a stream can't carry, a message may.
#[test]
fn both_sides_of_the_longest_body() {
    let mut room = vec![0; 1_048_577 + 14];
    let mut write = |framing: Framing, body_bytes| framing.write(&mut room, |_| Ok(body_bytes));
    assert_eq!(write(Framing::Stream, 17_734), Ok(17_736));
    assert_eq!(write(Framing::Stream, 17_735), Err(Full));
    assert_eq!(write(Framing::Message, 17_735), Ok(17_739));
    assert_eq!(write(Framing::Message, 1_048_576), Ok(1_048_586));
    assert_eq!(write(Framing::Message, 1_048_577), Err(Full));
}

/// Both sides of the longest body with a short prefix.
#[test]
fn the_prefix_changes_and_the_body_does_not() {
    for (payload_bytes, prefix) in [
        (0, &[0x82, 4][..]),
        (121, &[0x82, 125]),
        (122, &[0x82, 126, 0, 126]),
        (600, &[0x82, 126, 2, 92]),
    ] {
        let stream = stream_frame(payload_bytes);
        let expected = [prefix, &stream[2..]].concat();
        let mut room = stream.clone();
        room.resize(stream.len() + 2, 0xEE);
        let used = Framing::Message.write(&mut room, body_of(&stream)).unwrap();
        assert_eq!(room[..used], expected);
        let mut copy = vec![0; expected.len()];
        assert_eq!(copy_as_message(&mut copy, &stream), Ok(expected.len()));
        assert_eq!(copy, expected);
        let (frame, whole) = MessageFrames::first_frame(&expected).unwrap();
        assert_eq!((frame.opcode, frame.payload.len()), (Opcode(7), payload_bytes));
        assert_eq!(whole, expected);
    }
}

#[test]
fn both_sides_of_the_room() {
    let stream = stream_frame(122);
    let mut exact = [&stream[..], &[0; 2]].concat();
    assert!(Framing::Message.write(&mut exact, body_of(&stream)).is_ok());
    let mut short = [&stream[..], &[0; 1]].concat();
    assert_eq!(Framing::Message.write(&mut short, body_of(&stream)), Err(Full));
    assert!(copy_as_message(&mut vec![0; stream.len() + 2], &stream).is_ok());
    assert_eq!(copy_as_message(&mut vec![0; stream.len() + 1], &stream), Err(Full));
}

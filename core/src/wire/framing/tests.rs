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
        let used = Framing::Message.finish(&mut room, stream.len()).unwrap();
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
    assert!(Framing::Message.finish(&mut exact, stream.len()).is_ok());
    let mut short = [&stream[..], &[0; 1]].concat();
    assert_eq!(Framing::Message.finish(&mut short, stream.len()), Err(Full));
    assert!(copy_as_message(&mut vec![0; stream.len() + 2], &stream).is_ok());
    assert_eq!(copy_as_message(&mut vec![0; stream.len() + 1], &stream), Err(Full));
}

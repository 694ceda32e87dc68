//! Streams, cut anywhere.

use super::*;
use crate::wire::{Opcode, write_frame};
use proptest::prelude::*;
use std::vec::Vec;

fn with_receiver<T>(buffers: usize, test: impl FnOnce(&mut Receiver<'_>) -> T) -> T {
    let (mut inbounds, mut metas) = ([const { Inbound::EMPTY }; 3], [BufferMeta::VACANT; 3]);
    let mut bytes = [0; 3 * 32];
    let (bytes, metas) = (&mut bytes[..buffers * 32], &mut metas[..buffers]);
    let storage = ReceiverStorage::new(&mut inbounds, bytes, metas);
    test(&mut Receiver::new(storage, 100))
}

fn frame(opcode: i32, payload: &[u8]) -> Vec<u8> {
    let mut out = [0; 64];
    let used = write_frame(&mut out, Opcode(opcode), payload).unwrap();
    out[..used].to_vec()
}

#[test]
fn the_limit_is_what_one_buffer_holds() {
    with_receiver(1, |receiver| {
        let most = frame(1, &[0; 26]);
        assert!(matches!(receiver.next(0, &mut &most[..]), Received::Frame(_)));
        let over = frame(1, &[0; 27]);
        assert!(matches!(receiver.next(0, &mut &over[..]), Received::Invalid(_)));
    });
}

#[test]
fn without_a_buffer_nothing_is_taken_or_lost() {
    with_receiver(1, |receiver| {
        let bytes = frame(1, b"abc");
        assert!(matches!(receiver.next(0, &mut &bytes[..3]), Received::NeedMore));
        let mut other = &bytes[..4];
        assert!(matches!(receiver.next(1, &mut other), Received::NoBuffer));
        assert_eq!(other.len(), 4);
        receiver.release(0);
        assert!(matches!(receiver.next(1, &mut other), Received::NeedMore));
        assert!(matches!(receiver.next(1, &mut &bytes[4..]), Received::Frame(_)));
    });
}

#[test]
fn the_buffer_of_a_handled_frame_goes_back_though_nothing_follows() {
    with_receiver(1, |receiver| {
        let bytes = frame(1, b"abc");
        assert!(matches!(receiver.next(0, &mut &bytes[..3]), Received::NeedMore));
        assert!(matches!(receiver.next(0, &mut &bytes[3..]), Received::Frame(_)));
        receiver.give_back_spent();
        assert_eq!(receiver.buffers_in_use(), 0);
    });
}

#[test]
fn whole_frames_need_no_buffer() {
    with_receiver(0, |receiver| {
        assert_eq!(receiver.framer.limit_bytes(), 4);
        let bytes = frame(9, b"");
        assert!(matches!(receiver.next(0, &mut &bytes[..]), Received::Frame(_)));
    });
}

fn drain(receiver: &mut Receiver<'_>, index: u16, mut input: &[u8], out: &mut Vec<(i32, Vec<u8>)>) {
    while let Received::Frame(frame) = receiver.next(index, &mut input) {
        out.push((frame.opcode.0, frame.payload.to_vec()));
    }
    assert!(input.is_empty());
}

proptest! {
    /// Three sessions, each stream cut anywhere, interleaved: every frame arrives once, in order.
    #[test]
    fn any_split_gives_the_same_frames(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..26), 1..12),
        cuts in prop::collection::vec((0u16..3, 1usize..40), 1..200),
    ) {
        let expected: Vec<(i32, Vec<u8>)> =
            payloads.iter().enumerate().map(|(n, p)| (n as i32, p.clone())).collect();
        let stream: Vec<u8> = expected.iter().flat_map(|(n, p)| frame(*n, p)).collect();
        with_receiver(3, |receiver| {
            let mut at = [0; 3];
            let mut seen: [Vec<(i32, Vec<u8>)>; 3] = Default::default();
            for (who, count) in cuts {
                let end = (at[usize::from(who)] + count).min(stream.len());
                let piece = &stream[at[usize::from(who)]..end];
                drain(receiver, who, piece, &mut seen[usize::from(who)]);
                at[usize::from(who)] = end;
            }
            for who in 0..3 {
                drain(receiver, who, &stream[at[usize::from(who)]..], &mut seen[usize::from(who)]);
                prop_assert_eq!(&seen[usize::from(who)], &expected);
            }
            prop_assert_eq!(receiver.buffers_in_use(), 0);
            Ok(())
        })?;
    }
}

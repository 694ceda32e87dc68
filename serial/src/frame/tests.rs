//! What stands on the line, byte by byte, and what noise does to it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const GREETING: Greeting = Greeting { end: End::Board, channels: 8, listeners: 6 };
const LINK: u16 = 0x3412;

/// One of each kind, as PROTOCOL.md has them.
fn golden() -> [(Frame<'static>, &'static str); 9] {
    let frame = |channel, number, body| Frame { channel, link: LINK, number, body };
    let address = [10, 0, 2, 2, 0x1B, 0x58];
    [
        (frame(0, VERSION, Body::Hello(GREETING)), "0510123401050806d33d"),
        (
            frame(0, VERSION, Body::Welcome { greeting: GREETING, heard: 7 }),
            "05201234010408060703d7d5",
        ),
        (frame(6, 1, Body::Open { window: 276, address }), "083612340114010a0702021b58ddd8"),
        (frame(6, 1, Body::Data { offset: 0, bytes: b"hello" }), "0546123401010868656c6c6f87f0"),
        (frame(6, 1, Body::Ack { next: 5, window: 271 }), "065612340105050f011702"),
        (frame(6, 1, Body::Again { next: 5, window: 271 }), "066612340105050f019fef"),
        (frame(6, 1, Body::Close { offset: 5 }), "06761234010503c692"),
        (frame(6, 1, Body::Reset), "07861234014c6a"),
        (frame(6, 1, Body::Gone), "0796123401eda9"),
    ]
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut place = [0; ENCODED_MAX_BYTES];
    let length = encode(frame, &mut place);
    [&place[..length], &[0]].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many frames there are in these bytes, and pieces that are none.
fn count(bytes: &[u8]) -> (usize, usize) {
    let mut receiver = Receiver::NEW;
    let heard: Vec<Received> = bytes.iter().map(|byte| receiver.push(*byte)).collect();
    let count = |is_it: fn(&Received) -> bool| heard.iter().filter(|it| is_it(it)).count();
    (count(|it| matches!(it, Received::Whole)), count(|it| matches!(it, Received::Broken)))
}

#[test]
fn the_check_is_the_one_of_rfc_1662() {
    assert_eq!(CRC.checksum(b"123456789"), 0x906E);
}

#[test]
fn each_kind_is_as_it_is_written_and_read_back() {
    let page = include_str!("../../../PROTOCOL.md");
    for (frame, expected) in golden() {
        let bytes = encoded(&frame);
        assert_eq!(hex(&bytes), format!("{expected}00"), "{frame:?}");
        let mut receiver = Receiver::NEW;
        for byte in &bytes {
            receiver.push(*byte);
        }
        assert_eq!(receiver.frame(), Some(frame));
        let spaced: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(page.contains(&spaced.join(" ")), "PROTOCOL.md lacks {}", spaced.join(" "));
    }
}

#[test]
fn both_sides_of_the_longest_frame() {
    let bytes = [0xAB; DATA_MAX_BYTES + 1];
    let frame = |count| Frame {
        channel: 7,
        link: 1,
        number: 1,
        body: Body::Data { offset: 1, bytes: &bytes[..count] },
    };
    let longest = encoded(&frame(DATA_MAX_BYTES));
    assert_eq!(longest.len(), ENCODED_MAX_BYTES - 1);
    assert_eq!(longest.len() - DATA_MAX_BYTES, 10, "what a frame costs");
    assert_eq!(count(&longest), (1, 0));
    // One byte more, checked as well as the others.
    let mut raw = [&[0x47, 1, 0, 1, 1, 0][..], &bytes].concat();
    raw.extend(CRC.checksum(&raw).to_le_bytes());
    let mut place = [0; ENCODED_MAX_BYTES + 2];
    let length = cobs::try_encode(&raw, &mut place).unwrap();
    assert_eq!(count(&[&place[..length], &[0]].concat()), (0, 1));
    assert_eq!(
        count(&[&place[..length], &[0], &longest].concat()),
        (1, 1),
        "the next one is whole"
    );
}

#[test]
fn a_channel_too_many_is_none() {
    for (channel, frames) in [(7, 1), (8, 0)] {
        let frame = Frame { channel, link: 1, number: 1, body: Body::Reset };
        assert_eq!(count(&encoded(&frame)).0, frames);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A wrong bit, wherever it is: in the data, in what COBS has added, or in the zero.
    #[test]
    fn noise_is_seen(data in vec(any::<u8>(), 0..=DATA_MAX_BYTES), bit in any::<prop::sample::Index>()) {
        let frame = Frame { channel: 3, link: 5, number: 1, body: Body::Data { offset: 9, bytes: &data } };
        let mut bytes = encoded(&frame);
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (whole, _) = count(&[&bytes[..], &[0]].concat());
        prop_assert_eq!(whole, 0);
    }

    #[test]
    fn what_is_no_frame_does_no_harm(noise in vec(any::<u8>(), 0..400)) {
        let frame = encoded(&Frame { channel: 0, link: 1, number: 1, body: Body::Gone });
        let (whole, _) = count(&[&noise[..], &[0], &frame].concat());
        prop_assert!(whole >= 1);
    }
}

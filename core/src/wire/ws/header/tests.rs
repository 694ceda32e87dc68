//! Tests of headers: the RFC's examples, every beginning against a model, both sides of each length.

use super::*;
use proptest::prelude::*;
use std::{format, string::String, vec, vec::Vec};

const KEY: MaskKey = [0x37, 0xFA, 0x21, 0x3D];

fn whole(is_final: bool, kind: FrameKind, mask: Option<MaskKey>, bytes: usize) -> FrameHeader {
    FrameHeader { is_final, kind, mask, payload_bytes: bytes }
}

#[test]
fn the_examples_of_the_rfc() {
    use FrameKind::{Binary, Continuation, Ping, Pong, Text};
    // RFC 6455, 5.7.
    let examples: [(&[u8], FrameHeader); 8] = [
        (b"\x81\x05", whole(true, Text, None, 5)),
        (b"\x81\x85\x37\xFA\x21\x3D", whole(true, Text, Some(KEY), 5)),
        (b"\x01\x03", whole(false, Text, None, 3)),
        (b"\x80\x02", whole(true, Continuation, None, 2)),
        (b"\x89\x05", whole(true, Ping, None, 5)),
        (b"\x8A\x85\x37\xFA\x21\x3D", whole(true, Pong, Some(KEY), 5)),
        (b"\x82\x7E\x01\x00", whole(true, Binary, None, 256)),
        (b"\x82\x7F\0\0\0\0\0\x01\0\0", whole(true, Binary, None, 65_536)),
    ];
    for (bytes, header) in examples {
        let side = if header.mask.is_some() { Side::Server } else { Side::Client };
        let expected = ParsedHeader::Whole { header, header_bytes: bytes.len() };
        assert_eq!(FrameHeader::parse(bytes, side), expected);
        let mut out = [0; HEADER_MAX_BYTES];
        assert_eq!(header.write(&mut out), Ok(bytes.len()));
        assert_eq!(out[..bytes.len()], *bytes);
        assert_eq!(header.bytes(), bytes.len());
    }
}

/// What section 5.2 says of the first two bytes, word by word; the rest of a header is zeros, and so
/// any length but a 7-bit one could be shorter.
fn model(first: u8, second: u8, side: Side) -> String {
    let bit = |byte: u8, number: u32| byte >> (7 - number) & 1 == 1;
    let (fin, opcode) = (bit(first, 0), first & 15);
    let (masked, length) = (bit(second, 0), second & 127);
    let reserved_bits = bit(first, 1) || bit(first, 2) || bit(first, 3);
    let reserved_opcode = (3..=7).contains(&opcode) || opcode >= 11;
    let control = opcode >= 8;
    let refused = reserved_bits
        || reserved_opcode
        || masked != (side == Side::Server)
        || (control && !fin)
        || (control && length > 125);
    if refused || length > 125 {
        return "refused".into();
    }
    format!("{fin} {opcode} {length} at {}", if masked { 6 } else { 2 })
}

#[test]
fn every_beginning_is_as_the_model_says() {
    for side in [Side::Server, Side::Client] {
        for (first, second) in (0..=u16::MAX).map(|both| both.to_be_bytes().into()) {
            let mut bytes = [0; HEADER_MAX_BYTES];
            (bytes[0], bytes[1]) = (first, second);
            let found = match FrameHeader::parse(&bytes, side) {
                ParsedHeader::Whole { header, header_bytes } => {
                    let FrameHeader { is_final, kind, payload_bytes, .. } = header;
                    format!("{is_final} {} {payload_bytes} at {header_bytes}", kind as u8)
                }
                ParsedHeader::Partial { .. } => "partial".into(),
                ParsedHeader::Invalid(code) => {
                    assert_eq!(code, CloseCode::PROTOCOL_ERROR);
                    "refused".into()
                }
            };
            assert_eq!(found, model(first, second, side), "{first:#04x} {second:#04x} {side:?}");
        }
    }
}

#[test]
fn a_wrong_beginning_is_told_by_two_bytes() {
    for (bytes, side) in [
        (b"\x82\x05", Side::Server), // not masked
        (b"\x82\x85", Side::Client), // masked
        (b"\xC2\xFE", Side::Server), // a reserved bit
        (b"\x83\xFE", Side::Server), // a reserved opcode
        (b"\x89\xFE", Side::Server), // a long ping
        (b"\x09\x80", Side::Server), // a ping in pieces
    ] {
        let refused = ParsedHeader::Invalid(CloseCode::PROTOCOL_ERROR);
        assert_eq!(FrameHeader::parse(bytes, side), refused, "{bytes:x?}");
    }
}

#[test]
fn both_sides_of_each_form_of_a_length() {
    let parse = |bytes: &[u8]| match FrameHeader::parse(bytes, Side::Client) {
        ParsedHeader::Whole { header, header_bytes } => Some((header.payload_bytes, header_bytes)),
        ParsedHeader::Partial { .. } => panic!("a whole header"),
        ParsedHeader::Invalid(_) => None,
    };
    assert_eq!(parse(&[0x82, 125]), Some((125, 2)));
    assert_eq!(parse(&[0x82, 126, 0, 125]), None);
    assert_eq!(parse(&[0x82, 126, 0, 126]), Some((126, 4)));
    assert_eq!(parse(&[0x82, 126, 0xFF, 0xFF]), Some((65_535, 4)));
    let long = |length: u64| [&[0x82, 127][..], &length.to_be_bytes()].concat();
    assert_eq!(parse(&long(65_535)), None);
    assert_eq!(parse(&long(65_536)), Some((65_536, 10)));
    assert_eq!(parse(&long(u64::MAX >> 1)), Some(((u64::MAX >> 1) as usize, 10)));
    assert_eq!(parse(&long(1 << 63)), None);
}

#[test]
fn both_sides_of_the_room() {
    for payload_bytes in [0, 125, 126, 127, 65_535, 65_536] {
        for mask in [None, Some(KEY)] {
            let header = whole(true, FrameKind::Binary, mask, payload_bytes);
            let bytes = header.bytes();
            assert_eq!(header.write(&mut vec![0; bytes]), Ok(bytes));
            assert_eq!(header.write(&mut vec![0; bytes - 1]), Err(Full));
        }
    }
}

const KINDS: [FrameKind; 6] = [
    FrameKind::Continuation,
    FrameKind::Text,
    FrameKind::Binary,
    FrameKind::Close,
    FrameKind::Ping,
    FrameKind::Pong,
];

fn any_header() -> impl Strategy<Value = FrameHeader> {
    let length = prop_oneof![0usize..=125, 126usize..=65_535, 65_536usize..=usize::MAX >> 1];
    let mask = prop::option::of(any::<MaskKey>());
    (any::<bool>(), prop::sample::select(&KINDS[..]), mask, length).prop_map(
        |(is_final, kind, mask, bytes)| {
            let is_control = kind.is_control();
            whole(is_final || is_control, kind, mask, if is_control { bytes % 126 } else { bytes })
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_from_any_part(header in any_header()) {
        let side = if header.mask.is_some() { Side::Server } else { Side::Client };
        let mut bytes = Vec::from([0; HEADER_MAX_BYTES]);
        let used = header.write(&mut bytes).unwrap();
        let expected = ParsedHeader::Whole { header, header_bytes: used };
        prop_assert_eq!(FrameHeader::parse(&bytes, side), expected);
        for cut in 0..used {
            let parsed = FrameHeader::parse(&bytes[..cut], side);
            let ParsedHeader::Partial { header_bytes } = parsed else {
                return Err(TestCaseError::fail(format!("{parsed:?} at {cut}")));
            };
            prop_assert!(cut < header_bytes && header_bytes <= used);
            prop_assert!(cut < 2 || header_bytes == used);
        }
    }
}

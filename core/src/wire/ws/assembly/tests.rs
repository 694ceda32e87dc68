//! Tests of the assembly: a driver that does what the contract says, over streams cut anywhere.

use super::*;
use crate::wire::ws::write_frame;
use proptest::prelude::*;
use std::{vec, vec::Vec};

const LIMIT_BYTES: u32 = 200;

const fn rules(side: Side) -> Rules {
    Rules { side, limit_bytes: LIMIT_BYTES }
}

/// What a connection has said, with its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Said {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
    Invalid(u16),
}

/// Whether a driver looks for whole messages in its input.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Way {
    Short,
    Steps,
}

/// A driver: takes what it is told to, has no buffer while nothing is pending.
struct Connection {
    rules: Rules,
    way: Way,
    assembly: Assembly,
    buffer: Vec<u8>,
    said: Vec<Said>,
    has_ended: bool,
    most_buffer_bytes: usize,
}

impl Connection {
    fn new(side: Side, way: Way) -> Self {
        let (assembly, buffer, said) = (Assembly::default(), Vec::new(), Vec::new());
        let rules = rules(side);
        Self { rules, way, assembly, buffer, said, has_ended: false, most_buffer_bytes: 0 }
    }

    fn receive(&mut self, mut input: &[u8]) {
        while !self.has_ended {
            if self.way == Way::Short && self.take_whole(&mut input) {
                continue;
            }
            let step = self.assembly.step(&mut self.buffer, self.rules);
            if let Step::NeedMore { kept_bytes, missing_bytes } = step {
                assert!(missing_bytes > 0);
                self.buffer.truncate(kept_bytes);
                let taken = missing_bytes.min(input.len());
                self.buffer.extend_from_slice(&input[..taken]);
                self.most_buffer_bytes = self.most_buffer_bytes.max(self.buffer.len());
                assert!(self.most_buffer_bytes <= buffer_bytes(self.rules.limit_bytes));
                input = &input[taken..];
                if taken == 0 {
                    return;
                }
                continue;
            }
            self.hear(step);
            self.buffer.truncate(self.assembly.kept_bytes());
        }
    }

    fn take_whole(&mut self, input: &mut &[u8]) -> bool {
        if !self.buffer.is_empty() {
            return false;
        }
        let Some(whole) = self.assembly.whole_message(input, self.rules) else { return false };
        let mut message = vec![0; whole.payload.len()];
        assert_eq!(whole.copy_into(&mut message), Ok(message.len()));
        self.said.push(Said::Message(message));
        *input = whole.rest;
        true
    }

    fn hear(&mut self, step: Step) {
        let bytes = |range: Range<usize>| self.buffer[range].to_vec();
        let said = match step {
            Step::NeedMore { .. } => unreachable!("handled before"),
            Step::Piece => return,
            Step::Message(place) => Said::Message(bytes(place)),
            Step::Ping(place) => Said::Ping(bytes(place)),
            Step::Pong(place) => Said::Pong(bytes(place)),
            Step::Close { code, reason } => Said::Close(code.0, bytes(reason)),
            Step::Invalid(code) => Said::Invalid(code.0),
        };
        self.has_ended = matches!(said, Said::Close(..) | Said::Invalid(_));
        self.said.push(said);
    }
}

/// What comes of `stream` on every way and side, fed whole and byte by byte.
fn said(side: Side, stream: &[u8]) -> Vec<Said> {
    let mut first = Connection::new(side, Way::Steps);
    first.receive(stream);
    for (way, piece) in [(Way::Steps, 1), (Way::Short, stream.len().max(1)), (Way::Short, 1)] {
        let mut connection = Connection::new(side, way);
        stream.chunks(piece).for_each(|piece| connection.receive(piece));
        assert_eq!(connection.said, first.said, "{way:?}");
        assert_eq!(connection.assembly, first.assembly);
    }
    first.said
}

const KEY: MaskKey = [9, 8, 7, 200];

fn mask_of(side: Side) -> Option<MaskKey> {
    matches!(side, Side::Server).then_some(KEY)
}

/// A frame as `side` receives it.
fn frame(side: Side, is_final: bool, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
    let mask = mask_of(side);
    let mut out = vec![0; payload.len() + 14];
    let header = FrameHeader { is_final, kind, mask, payload_bytes: payload.len() };
    let used = header.write(&mut out).unwrap();
    out.truncate(used);
    out.extend_from_slice(payload);
    apply_mask(&mut out[used..], mask.unwrap_or_default(), 0);
    out
}

const SIDES: [Side; 2] = [Side::Server, Side::Client];

use FrameKind::{Binary, Continuation, Ping, Pong, Text};

#[test]
fn the_state_is_small_and_begins_all_zero() {
    assert_eq!(size_of::<Assembly>(), 4);
    assert_eq!(Assembly::default(), Assembly { assembled_bytes: [0; 3], is_within_message: false });
}

#[test]
fn pieces_with_control_frames_between_them() {
    for side in SIDES {
        let stream = [
            frame(side, false, Binary, b"Hel"),
            frame(side, true, Ping, b"there?"),
            frame(side, false, Continuation, b""),
            frame(side, true, Pong, b""),
            frame(side, true, Continuation, b"lo"),
            frame(side, true, Binary, b""),
            frame(side, true, FrameKind::Close, b"\x03\xE8bye"),
        ];
        let expected = [
            Said::Ping(b"there?".to_vec()),
            Said::Pong(vec![]),
            Said::Message(b"Hello".to_vec()),
            Said::Message(vec![]),
            Said::Close(1000, b"bye".to_vec()),
        ];
        assert_eq!(said(side, &stream.concat()), expected);
    }
}

#[test]
fn nothing_is_pending_before_a_frame_and_behind_a_message() {
    let side = Side::Server;
    let mut connection = Connection::new(side, Way::Steps);
    connection.receive(&frame(side, true, Binary, b"abc"));
    assert_eq!((connection.buffer.len(), connection.assembly), (0, Assembly::default()));
    connection.receive(&frame(side, false, Binary, b""));
    assert_eq!(connection.buffer.len(), 0);
    assert!(connection.assembly.is_within_message);
}

#[test]
fn both_sides_of_the_message_limit() {
    let bytes = vec![7; LIMIT_BYTES as usize + 1];
    let (most, over) = (&bytes[1..], &bytes[..]);
    for side in SIDES {
        assert_eq!(said(side, &frame(side, true, Binary, most)), [Said::Message(most.to_vec())]);
        assert_eq!(said(side, &frame(side, true, Binary, over)), [Said::Invalid(1009)]);
        let pieces = |last: &[u8]| {
            let first = frame(side, false, Binary, &most[..150]);
            let ping = frame(side, true, Ping, &most[..125]);
            [first, ping, frame(side, true, Continuation, last)].concat()
        };
        let ping = Said::Ping(most[..125].to_vec());
        let whole = Said::Message(most.to_vec());
        assert_eq!(said(side, &pieces(&most[..50])), [ping.clone(), whole]);
        assert_eq!(said(side, &pieces(&most[..51])), [ping, Said::Invalid(1009)]);
    }
}

#[test]
fn what_is_too_long_is_told_by_its_header() {
    for side in SIDES {
        for payload_bytes in [201, 65_535, 65_536, usize::MAX >> 1] {
            let mut header = [0; 14];
            let used = FrameHeader::message(payload_bytes, mask_of(side)).write(&mut header);
            assert_eq!(said(side, &header[..used.unwrap()]), [Said::Invalid(1009)]);
        }
    }
}

#[test]
fn the_longest_buffer_is_as_long_as_it_has_to_be() {
    let side = Side::Server;
    let mut connection = Connection::new(side, Way::Steps);
    connection.receive(&frame(side, false, Binary, &[1; LIMIT_BYTES as usize]));
    connection.receive(&frame(side, true, Pong, &[2; 125]));
    assert_eq!(connection.said, [Said::Pong(vec![2; 125])]);
    assert_eq!(connection.most_buffer_bytes, buffer_bytes(LIMIT_BYTES));
}

#[test]
fn what_is_not_allowed_is_told() {
    for side in SIDES {
        let text = frame(side, true, Text, b"hi");
        let (first, last) =
            (frame(side, false, Binary, b"a"), frame(side, true, Continuation, b"b"));
        let whole = frame(side, true, Binary, b"a");
        assert_eq!(said(side, &text), [Said::Invalid(1003)]);
        assert_eq!(said(side, &frame(side, false, Text, b"hi")), [Said::Invalid(1003)]);
        assert_eq!(said(side, &last), [Said::Invalid(1002)]);
        for wrong in [&first, &whole, &text] {
            assert_eq!(said(side, &[first.clone(), wrong.clone()].concat()), [Said::Invalid(1002)]);
        }
        for (payload, expected) in [
            (&b""[..], Said::Close(1005, vec![])),
            (b"\x03", Said::Invalid(1002)),
            (b"\x03\xED", Said::Invalid(1002)), // 1005
            (b"\x0B\xB8\xFF", Said::Invalid(1007)),
            (b"\x0B\xB8", Said::Close(3000, vec![])),
        ] {
            assert_eq!(said(side, &frame(side, true, FrameKind::Close, payload)), [expected]);
        }
        let other = if side == Side::Server { Side::Client } else { Side::Server };
        assert_eq!(said(other, &whole), [Said::Invalid(1002)]);
    }
}

#[test]
fn the_short_way_is_for_whole_messages_only() {
    let bytes = [7; LIMIT_BYTES as usize + 1];
    for side in SIDES {
        let is_whole =
            |assembly: Assembly, frame: &[u8]| assembly.whole_message(frame, rules(side)).is_some();
        let idle = Assembly::default();
        let most = frame(side, true, Binary, &bytes[1..]);
        assert!(is_whole(idle, &most));
        assert!(!is_whole(idle, &most[..most.len() - 1]));
        assert!(!is_whole(idle, &frame(side, true, Binary, &bytes)));
        assert!(!is_whole(idle, &frame(side, false, Binary, b"a")));
        assert!(!is_whole(idle, &frame(side, true, Text, b"a")));
        // Nothing is kept of an empty piece, and yet its message is under way.
        let begun = frame(side, false, Binary, b"");
        let stream = [begun, frame(side, true, Binary, b"a")].concat();
        assert_eq!(said(side, &stream), [Said::Invalid(1002)]);
    }
}

#[test]
fn nothing_behind_the_end_is_heard() {
    let side = Side::Client;
    let close = frame(side, true, FrameKind::Close, b"");
    let stream = [close, frame(side, true, Binary, b"late")].concat();
    assert_eq!(said(side, &stream), [Said::Close(1005, vec![])]);
}

#[test]
fn lost_bytes_of_a_message_are_told() {
    let mut assembly = Assembly { assembled_bytes: [3, 0, 0], is_within_message: true };
    let step = assembly.step(&mut [1, 2], rules(Side::Client));
    assert_eq!(step, Step::Invalid(CloseCode::INTERNAL_ERROR));
}

#[test]
fn what_write_frame_writes_is_read() {
    for side in SIDES {
        let mut out = [0; 64];
        let used = write_frame(&mut out, Ping, mask_of(side), b"payload").unwrap();
        assert_eq!(said(side, &out[..used]), [Said::Ping(b"payload".to_vec())]);
    }
}

#[derive(Clone, Debug)]
struct Sent {
    message: Vec<u8>,
    cuts: Vec<prop::sample::Index>,
    between: Vec<(bool, Vec<u8>)>,
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..5);
    let between = prop::collection::vec((any::<bool>(), bytes(126)), 0..4);
    (bytes(201), cuts, between).prop_map(|(message, cuts, between)| Sent { message, cuts, between })
}

/// The frames of a message in pieces, with a control frame behind each but the last, and what is
/// to be heard.
fn write_sent(side: Side, sent: &Sent, stream: &mut Vec<u8>, expected: &mut Vec<Said>) {
    let mut cuts: Vec<usize> =
        sent.cuts.iter().map(|cut| cut.index(sent.message.len() + 1)).collect();
    cuts.sort_unstable();
    let mut controls = sent.between.iter();
    let (mut kind, mut from) = (Binary, 0);
    for cut in cuts {
        stream.extend(frame(side, false, kind, &sent.message[from..cut]));
        (kind, from) = (Continuation, cut);
        if let Some((is_ping, payload)) = controls.next() {
            stream.extend(frame(side, true, if *is_ping { Ping } else { Pong }, payload));
            let said = if *is_ping { Said::Ping } else { Said::Pong };
            expected.push(said(payload.clone()));
        }
    }
    stream.extend(frame(side, true, kind, &sent.message[from..]));
    expected.push(Said::Message(sent.message.clone()));
}

proptest! {
    #[test]
    fn any_split_gives_the_same_messages(
        side in prop::sample::select(&SIDES[..]),
        way in prop::sample::select(&[Way::Short, Way::Steps][..]),
        sent in prop::collection::vec(any_sent(), 1..6),
        reads in prop::collection::vec(1usize..400, 1..40),
    ) {
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for sent in &sent {
            write_sent(side, sent, &mut stream, &mut expected);
        }
        let mut connection = Connection::new(side, way);
        let (mut rest, mut reads) = (&stream[..], reads.iter().cycle());
        while !rest.is_empty() {
            let (read, behind) = rest.split_at(rest.len().min(*reads.next().unwrap()));
            connection.receive(read);
            rest = behind;
        }
        prop_assert_eq!(&connection.said, &expected);
        prop_assert!(connection.buffer.is_empty());
        prop_assert_eq!(connection.assembly, Assembly::default());
    }

    /// Bytes of which many are the beginnings of frames.
    #[test]
    fn any_bytes_are_answered_within_the_buffer(
        side in prop::sample::select(&SIDES[..]),
        bytes in prop::collection::vec(
            prop_oneof![
                any::<u8>(),
                prop::sample::select(&[0x00, 0x02, 0x80, 0x82, 0x88, 0x89, 0x8A, 0xFE, 0xFF][..]),
                0u8..8,
            ],
            0..600,
        ),
    ) {
        said(side, &bytes);
    }
}

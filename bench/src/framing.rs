//! Framing: how much a frame costs beyond its bytes.
//!
//! 64 KiB of 30-byte frames, which is what a room says: decoded with the core's framer and a table
//! dispatch, copied with memcpy, decoded with tokio-util's `LengthDelimitedCodec`; and the same
//! frames encoded. Best of many short repetitions, since everything else only adds to them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::{self, Direction, Position, encode_body};
use tinyrealm_core::wire::opcode::OPCODE_BYTES;
use tinyrealm_core::wire::{Framed, Opcode, PacketFramer, write_frame};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

const STREAM_BYTES: usize = 64 * 1024;
const FRAME_BYTES: usize = 30;
const PAYLOAD_BYTES: usize = FRAME_BYTES - 6;
const FRAMES: usize = STREAM_BYTES / FRAME_BYTES;
/// Of x and y two each, of z one, of the direction three.
const MOVE_BYTES: usize = 8;
const REPETITIONS: usize = 3_000;

/// Runs all of them and prints a table.
pub(crate) fn run() {
    let stream = stream();
    let mut target = vec![0; stream.len()];
    let copy = best_of(|| copy(black_box(&stream), black_box(&mut target)));
    let decode = best_of(|| decode(black_box(&stream)));
    let codec_decode = best_of(|| codec_decode(black_box(&stream)));
    let moves = moves();
    let read = best_of(|| read(black_box(&moves)));
    let payload = [7; PAYLOAD_BYTES];
    let encode = best_of(|| encode(black_box(&payload), black_box(&mut target)));
    let codec_encode = best_of(codec_encode);
    println!(
        "framing: {FRAMES} frames of {FRAME_BYTES} bytes, ns per frame, best of {REPETITIONS}"
    );
    print_row("memcpy", copy, None);
    print_row("decode and dispatch", decode, Some(("memcpy", decode / copy)));
    print_row("LengthDelimitedCodec decode", codec_decode, Some(("ours", codec_decode / decode)));
    print_row("a move's fields", read, Some(("ours", read / decode)));
    print_row("encode", encode, Some(("memcpy", encode / copy)));
    print_row("LengthDelimitedCodec encode", codec_encode, Some(("ours", codec_encode / encode)));
}

fn print_row(name: &str, nanos: f64, ratio: Option<(&str, f64)>) {
    let ratio = ratio.map_or_else(String::new, |(of, times)| format!("  {times:6.2} x {of}"));
    println!("  {name:<28} {nanos:7.2}{ratio}");
}

/// Nanoseconds per frame of the fastest repetition.
fn best_of(mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    best.as_nanos() as f64 / FRAMES as f64
}

fn stream() -> Vec<u8> {
    let mut stream = vec![0; FRAMES * FRAME_BYTES];
    for (number, frame) in stream.chunks_exact_mut(FRAME_BYTES).enumerate() {
        let opcode = Opcode(0x2000 + (number % HANDLERS) as i32);
        write_frame(frame, opcode, &[number as u8; PAYLOAD_BYTES]).expect("the frame fits");
    }
    stream
}

/// As many payloads of moves, of numbers of one to three bytes.
fn moves() -> Vec<[u8; MOVE_BYTES]> {
    let payload = |number: usize| {
        let number = number as i32;
        let pos = Position { x: 1_000 + number, y: -2_000 - number, z: 0 };
        let mut body = [0; MOVE_BYTES + OPCODE_BYTES];
        let used = encode_body(&Move { pos, dir: Direction(20_000) }, &mut body);
        assert_eq!(used, Ok(body.len()));
        *body.last_chunk().expect("a body has a payload")
    };
    (0..FRAMES).map(payload).collect()
}

#[inline(never)]
fn read(payloads: &[[u8; MOVE_BYTES]]) {
    let mut sum = 0;
    for payload in payloads {
        let message: Option<Move> = black_box(protocol::decode(black_box(payload)));
        sum += message.map_or(0, |message| message.pos.x);
    }
    black_box(sum);
}

#[inline(never)]
fn copy(stream: &[u8], target: &mut [u8]) {
    target.copy_from_slice(stream);
}

const HANDLERS: usize = 4;

type Handler = fn(&mut [u64; HANDLERS], &[u8]);

/// A handler as small as one can be, but one that has to look at the payload.
fn handle<const WHICH: usize>(sums: &mut [u64; HANDLERS], payload: &[u8]) {
    sums[WHICH] += u64::from(payload.first().copied().unwrap_or(0)) + payload.len() as u64;
}

#[inline(never)]
fn decode(stream: &[u8]) {
    const TABLE: [Handler; HANDLERS] = [handle::<0>, handle::<1>, handle::<2>, handle::<3>];
    let framer = PacketFramer::new(512);
    let mut sums = [0; HANDLERS];
    let mut input = stream;
    while let Framed::Frame { frame, rest } = framer.next_frame(input) {
        if let Some(handler) = TABLE.get((frame.opcode.0 - 0x2000) as usize) {
            handler(&mut sums, frame.payload);
        }
        input = rest;
    }
    black_box(sums);
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().little_endian().length_field_length(2).new_codec()
}

#[inline(never)]
fn codec_decode(stream: &[u8]) {
    let mut codec = codec();
    let mut buffer = BytesMut::from(stream);
    let mut sums = [0; HANDLERS];
    while let Ok(Some(body)) = codec.decode(&mut buffer) {
        let handler = usize::from(body[0]) % HANDLERS;
        sums[handler] += u64::from(body[4]) + body.len() as u64;
    }
    black_box(sums);
}

#[inline(never)]
fn encode(payload: &[u8; PAYLOAD_BYTES], target: &mut [u8]) {
    let mut rest = target;
    while let Ok(used) = write_frame(rest, Opcode(0x2001), payload) {
        rest = &mut rest[used..];
    }
}

#[inline(never)]
fn codec_encode() {
    let mut codec = codec();
    let mut buffer = BytesMut::with_capacity(STREAM_BYTES + FRAME_BYTES);
    let body = Bytes::from_static(&[7; FRAME_BYTES - 2]);
    for _ in 0..FRAMES {
        codec.encode(black_box(body.clone()), &mut buffer).expect("the frame is short");
    }
    black_box(&buffer);
}

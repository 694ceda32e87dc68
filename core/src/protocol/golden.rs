//! Golden vectors: every message as bytes, so that no change of the wire goes unseen.
//!
//! Purpose: [`vectors`] has the values with their frames in hex; here they are encoded and decoded.
//! [`page`] compares PROTOCOL.md with the code, so that what strangers read is what we speak.
//!
//! Contract: a new message fails here until it has a vector and a place in PROTOCOL.md. A vector that
//! changes is another protocol: peers that are out there do not understand it.
//!
//! In hex `|` stands between length, opcode and payload, and `(6d)*3` for `6d 6d 6d`.

mod channel_vectors;
mod chat_server_vectors;
mod page;
mod vectors;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde::Deserialize;

use super::{Message, SCHEMAS, decode, encode_frame};
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{Framed, Opcode, PacketFramer, PacketHeader};

/// A message that has been found to be these bytes, and these bytes it.
struct Vector {
    opcode: Opcode,
    hex: &'static str,
}

/// Checks one vector, both ways.
fn golden<M>(message: M, hex: &'static str) -> Vector
where
    M: Message + Deserialize<'static> + PartialEq + Debug,
{
    let frame: &'static [u8] = bytes_of(hex).leak();
    let mut room = [0; 1024];
    let used = encode_frame(&message, &mut room).unwrap();
    assert_eq!(spaced(&room[..used]), spaced(frame), "{message:?} as bytes");
    let payload = &frame[PacketHeader::BYTES + OPCODE_BYTES..];
    assert_eq!(decode(payload), Some(message), "{hex} as a message");
    for end in 0..payload.len() {
        assert_eq!(decode::<M>(&payload[..end]), None, "the first {end} bytes of {hex}");
    }
    let mut longer = payload.to_vec();
    longer.push(0);
    assert_eq!(decode::<M>(longer.leak()), None, "{hex} with a byte too many");
    Vector { opcode: M::OPCODE, hex }
}

/// The bytes of a vector's hex.
fn bytes_of(hex: &str) -> Vec<u8> {
    let plain = unroll(&hex.replace('|', " "));
    plain.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// Writes the first `(…)*3`, and so all of them, out.
fn unroll(hex: &str) -> String {
    let Some((before, rest)) = hex.split_once('(') else { return hex.to_string() };
    let (group, rest) = rest.split_once(")*").unwrap();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let times = rest[..digits].parse().unwrap();
    let after = unroll(&rest[digits..]);
    format!("{before} {} {after}", format!("{group} ").repeat(times))
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}

#[test]
fn every_message_has_a_vector() {
    let covered: BTreeSet<Opcode> = vectors::all().iter().map(|vector| vector.opcode).collect();
    let known = SCHEMAS.iter().flat_map(|schema| schema.messages);
    let missing: Vec<&str> =
        known.filter(|known| !covered.contains(&known.opcode)).map(|known| known.name).collect();
    assert!(missing.is_empty(), "messages without a vector: {missing:?}");
}

#[test]
fn every_vector_is_one_frame_of_the_default_limit() {
    let framer = PacketFramer::new(crate::config::NetConfig::DEFAULT.frame_limit_bytes);
    for vector in vectors::all() {
        let bytes = bytes_of(vector.hex);
        let Framed::Frame { frame, rest } = framer.next_frame(&bytes) else {
            panic!("{} is no frame", vector.hex)
        };
        assert_eq!((frame.opcode, rest), (vector.opcode, &[][..]));
    }
}

#[test]
fn hex_is_read_as_it_is_written() {
    assert_eq!(bytes_of("05 00 | ff"), [5, 0, 255]);
    assert_eq!(bytes_of("(01 02)*2 03 (04)*3"), [1, 2, 1, 2, 3, 4, 4, 4]);
}

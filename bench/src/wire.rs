//! The few messages that floor, naive server and load speak, as bytes.
//!
//! The floor is to do what a world must do and nothing else, so it does not decode a move: its
//! payload is a position and a direction, and the broadcast of it is the mover's number in front. The
//! broadcast of a chat message has its number, its sender and the sender's own number between the channel
//! and the text.

use tinyrealm_core::protocol::{
    Message, THING_MAX_BYTES, client_to_main, client_to_world, main_to_client, world_to_client,
};
use tinyrealm_core::wire::BinaryWriter;

use crate::gallery::Thing;

/// The longest frame that a mover's broadcast can be.
pub(crate) const MOVE_FRAME_MAX_BYTES: usize = 27;

/// What the servers here answer to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Heard<'b> {
    /// Let me in, whoever I am.
    Join,
    /// I am here: position and direction, encoded.
    Move(&'b [u8]),
    /// I say this in my channel: the channel and the text, encoded.
    Say(&'b [u8]),
    /// Something else.
    Other,
}

/// The first whole frame of `input`, and what is behind it.
pub(crate) fn next(input: &[u8]) -> Option<(Heard<'_>, &[u8])> {
    let (body, rest) = next_body(input)?;
    let opcode = i32::from_le_bytes(*body.first_chunk()?);
    let heard = match opcode {
        opcode if opcode == client_to_world::Move::OPCODE.0 => Heard::Move(&body[4..]),
        opcode if opcode == client_to_main::ChatSay::OPCODE.0 => Heard::Say(&body[4..]),
        opcode if opcode == client_to_world::Join::OPCODE.0 => Heard::Join,
        _ => Heard::Other,
    };
    Some((heard, rest))
}

/// The body of the first whole frame of `input`, and what is behind it.
pub(crate) fn next_body(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, after) = input.split_first_chunk()?;
    after.split_at_checked(usize::from(u16::from_le_bytes(*prefix)))
}

/// Appends the broadcast of a move.
pub(crate) fn push_move(out: &mut Vec<u8>, number: u16, state: &[u8]) {
    push_frame(out, world_to_client::MoveBroadcast::OPCODE.0, |out| {
        push_varint(out, number.into());
        out.extend_from_slice(state);
    });
}

/// Appends the broadcast of a chat message, from what its sender has said.
pub(crate) fn push_say(out: &mut Vec<u8>, seq: u64, uid: u64, said: &[u8]) {
    let request_bytes = said.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let Some((request, said)) = said.split_at_checked(request_bytes) else { return };
    // The name's length is one byte: names are short.
    let name_bytes = said.first().map_or(0, |length| usize::from(*length) + 1);
    let Some((name, text)) = said.split_at_checked(name_bytes) else { return };
    push_frame(out, main_to_client::ChatBroadcast::OPCODE.0, |out| {
        out.extend_from_slice(name);
        push_varint(out, seq);
        push_varint(out, uid);
        out.extend_from_slice(request);
        out.extend_from_slice(text);
    });
}

/// Appends the broadcast of a thing, which is the only kind that the gallery's room has.
pub(crate) fn push_thing(out: &mut Vec<u8>, id: u16, thing: &Thing) {
    push_frame(out, world_to_client::ThingPut::OPCODE.0, |out| {
        push_varint(out, id.into());
        let (kind, start) = (0, out.len() + 1);
        out.extend_from_slice(&[kind, 0]);
        let mut payload = [0; THING_MAX_BYTES];
        let mut writer = BinaryWriter::new(&mut payload);
        thing.encode_payload(&mut writer).expect("it fits");
        let used = writer.written();
        out[start] = used as u8;
        out.extend_from_slice(&payload[..used]);
    });
}

fn push_varint(out: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn push_frame(out: &mut Vec<u8>, opcode: i32, push_payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&opcode.to_le_bytes());
    push_payload(out);
    let body_bytes = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&body_bytes.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::protocol::{
        Bytes, Direction, MemberNumber, Position, Seq, Text, Uid, encode_frame,
    };

    #[test]
    fn the_broadcast_is_the_same_as_a_world_s() {
        let pos = Position { x: -5, y: 70_000, z: 3 };
        let (number, dir) = (MemberNumber(0x1234), Direction(40_000));
        let mut moved = [0; 64];
        let used = encode_frame(&client_to_world::Move { pos, dir }, &mut moved).unwrap();
        let Some((Heard::Move(state), _)) = next(&moved[..used]) else { panic!() };
        let mut ours = Vec::new();
        push_move(&mut ours, number.0, state);
        let mut theirs = [0; 64];
        let message = world_to_client::MoveBroadcast { number, pos, dir };
        let used = encode_frame(&message, &mut theirs).unwrap();
        assert_eq!(ours, theirs[..used]);
    }

    #[test]
    fn a_thing_is_the_same_as_a_world_s() {
        let pos = Position { x: -5, y: 70_000, z: 3 };
        let thing = Thing { pos, dir: Direction(40_000) };
        let mut ours = Vec::new();
        push_thing(&mut ours, 300, &thing);
        let mut payload = [0; 64];
        let mut writer = BinaryWriter::new(&mut payload);
        thing.encode_payload(&mut writer).unwrap();
        let used = writer.written();
        let data = Bytes::new(&payload[..used]).unwrap();
        let mut theirs = [0; 64];
        let used = encode_frame(&world_to_client::ThingPut { id: 300, kind: 0, data }, &mut theirs);
        assert_eq!(ours, theirs[..used.unwrap()]);
    }

    #[test]
    fn the_broadcast_is_the_same_as_main_s() {
        let (channel, msg) = (Text::new("bench 17").unwrap(), Text::new("hello").unwrap());
        let (uid, seq, request) = (Uid(Uid::GUEST_BIT + 7), Seq(70_000), 300);
        let mut said = [0; 64];
        let used =
            encode_frame(&client_to_main::ChatSay { request, channel, msg }, &mut said).unwrap();
        let Some((Heard::Say(said), _)) = next(&said[..used]) else { panic!() };
        let mut ours = Vec::new();
        push_say(&mut ours, seq.0, uid.0, said);
        let mut theirs = [0; 64];
        let message = main_to_client::ChatBroadcast { channel, seq, uid, request, msg };
        let used = encode_frame(&message, &mut theirs).unwrap();
        assert_eq!(ours, theirs[..used]);
    }
}

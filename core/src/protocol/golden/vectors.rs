//! The vectors: for every message an ordinary value, and the ends of what its fields can hold.

use std::vec;
use std::vec::Vec;

use super::{Vector, channel_vectors, chat_server_vectors, golden};
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::client_to_main::{ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello};
use crate::protocol::client_to_world::{Event, Join, Leave, Move};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::either_way::{Bye, Error, Ping, Pong};
use crate::protocol::listener_to_dialer::ClusterChallenge;
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::login_to_main::{VerifyAck, VerifyDenied};
use crate::protocol::main_to_client::{ChatBroadcast, EnterWorldAck, Welcome};
use crate::protocol::main_to_login::VerifyToken;
use crate::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use crate::protocol::world_to_client::{
    EventBroadcast, JoinDenied, JoinOk, MoveBroadcast, RoomSnapshot, UserEntered, UserLeft,
};
use crate::protocol::world_to_main::{
    self, AttachAck, AttachDenied, RegisterWorld, Status, UserJoined, UserList,
};
use crate::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, JoinDenial, LoginDenial, MemberState, Nonce,
    Password, Position, Proof, RoomId, ServerKind, Text, Token, Uid, WorldId,
};

pub(super) const GUEST: Uid = Uid(2_147_483_655);
pub(super) const OTHER: Uid = Uid(2_147_483_656);
pub(super) const LAST_UID: Uid = Uid(u32::MAX);
const PLACE: Position = Position { x: 1_000, y: -2_000, z: 0 };
const SPAWN: Position = Position { x: 5_000, y: -5_000, z: 64 };
const NORTH: Direction = Direction(16_384);
const OTHER_AT_PLACE: MemberState = MemberState { uid: OTHER, pos: PLACE, dir: NORTH };
/// The member with the longest encoding.
const LONGEST_MEMBER: MemberState = MemberState {
    uid: LAST_UID,
    pos: Position { x: i32::MIN, y: i32::MAX, z: i32::MIN },
    dir: Direction(u16::MAX),
};

fn token() -> Token {
    Token(core::array::from_fn(|place| place as u8))
}

fn handshake_key() -> HandshakeKey {
    HandshakeKey(core::array::from_fn(|place| 0xA0 + place as u8))
}

pub(super) fn text<const MAX: usize>(text: &'static str) -> Text<'static, MAX> {
    Text::new(text).unwrap()
}

pub(super) fn longest_text<const MAX: usize>(character: &str) -> Text<'static, MAX> {
    text(character.repeat(MAX).leak())
}

fn bytes<const MAX: usize>(bytes: &'static [u8]) -> Bytes<'static, MAX> {
    Bytes::new(bytes).unwrap()
}

/// Every vector, checked.
pub(super) fn all() -> Vec<Vector> {
    let links = [
        either_way(),
        cluster(),
        client_to_main(),
        main_to_client(),
        client_to_world(),
        world_to_client(),
        snapshots(),
        world_to_main(),
        main_to_world(),
        client_and_login(),
        main_and_login(),
    ];
    let channels = [channel_vectors::all(), chat_server_vectors::all()];
    links.into_iter().chain(channels).flatten().collect()
}

fn either_way() -> Vec<Vector> {
    vec![
        golden(
            Error { code: ErrorCode::NO_WORLD, about: EnterWorldReq::OPCODE.0 },
            "07 00 | 01 00 00 00 | 0d 84 40",
        ),
        golden(Error { code: ErrorCode::TOO_FAST, about: 0 }, "06 00 | 01 00 00 00 | 04 00"),
        golden(
            Error { code: ErrorCode(u16::MAX), about: i32::MIN },
            "0c 00 | 01 00 00 00 | ff ff 03 ff ff ff ff 0f",
        ),
        golden(Ping { nonce: 300 }, "06 00 | 02 00 00 00 | ac 02"),
        golden(Ping { nonce: 5 }, "05 00 | 02 00 00 00 | 05"),
        golden(Ping { nonce: u32::MAX }, "09 00 | 02 00 00 00 | ff ff ff ff 0f"),
        golden(Pong { nonce: 5 }, "05 00 | 03 00 00 00 | 05"),
        golden(Bye { reason: ErrorCode::GOODBYE }, "05 00 | 04 00 00 00 | 14"),
        golden(Bye { reason: ErrorCode::REPLACED }, "05 00 | 04 00 00 00 | 08"),
    ]
}

/// The example of PROTOCOL.md, whose proofs another implementation has made.
fn cluster() -> Vec<Vector> {
    let dialer_nonce = Nonce(core::array::from_fn(|place| place as u8));
    let listener_nonce = Nonce(core::array::from_fn(|place| 0xA0 + place as u8));
    let proof = |hex| Proof(super::bytes_of(hex).try_into().unwrap());
    vec![
        golden(
            ClusterHello { kind: ServerKind::WORLD, nonce: dialer_nonce },
            "15 00 | 80 00 00 00 | 02 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
        ),
        golden(
            ClusterHello { kind: ServerKind(u16::MAX), nonce: Nonce([0xFF; 16]) },
            "17 00 | 80 00 00 00 | ff ff 03 (ff)*16",
        ),
        golden(
            ClusterChallenge { nonce: listener_nonce, proof: proof(LISTENERS_PROOF) },
            "34 00 | c0 00 00 00 | a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af 33 1b f5 \
             18 f6 46 72 42 96 0f 14 0e 40 c6 16 62 5d 79 6d 83 4d 4b 8c fc 4c a3 f9 10 77 37 \
             4a 85",
        ),
        golden(
            ClusterProof { nonce: dialer_nonce, proof: proof(DIALERS_PROOF) },
            "34 00 | 81 00 00 00 | 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 32 f2 3c \
             3d d3 1e cb 81 f4 01 a1 83 ad f1 d4 6f 99 88 27 47 2b c2 9b f9 d4 05 b1 b7 fb e3 \
             71 6e",
        ),
    ]
}

const LISTENERS_PROOF: &str = "33 1b f5 18 f6 46 72 42 96 0f 14 0e 40 c6 16 62 5d 79 6d 83 4d 4b 8c \
    fc 4c a3 f9 10 77 37 4a 85";
const DIALERS_PROOF: &str = "32 f2 3c 3d d3 1e cb 81 f4 01 a1 83 ad f1 d4 6f 99 88 27 47 2b c2 9b \
    f9 d4 05 b1 b7 fb e3 71 6e";

fn client_to_main() -> Vec<Vector> {
    vec![
        golden(Hello { client_version: 1, token: None }, "06 00 | 01 10 00 00 | 01 00"),
        golden(
            Hello { client_version: 1, token: Some(token()) },
            "26 00 | 01 10 00 00 | 01 01 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 \
             11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
        ),
        golden(
            Hello { client_version: u16::MAX, token: None },
            "08 00 | 01 10 00 00 | ff ff 03 00",
        ),
        golden(EnterWorldReq { region: text("") }, "05 00 | 02 10 00 00 | 00"),
        golden(EnterWorldReq { region: text("eu") }, "07 00 | 02 10 00 00 | 02 65 75"),
        golden(EnterWorldReq { region: longest_text("r") }, "15 00 | 02 10 00 00 | 10 (72)*16"),
        golden(ChatJoin { channel: text("lobby") }, "0a 00 | 03 10 00 00 | 05 6c 6f 62 62 79"),
        golden(ChatLeave { channel: text("lobby") }, "0a 00 | 04 10 00 00 | 05 6c 6f 62 62 79"),
        golden(
            ChatSay { channel: text("lobby"), msg: text("안녕") },
            "11 00 | 05 10 00 00 | 05 6c 6f 62 62 79 06 ec 95 88 eb 85 95",
        ),
        golden(ChatSay { channel: text(""), msg: text("") }, "06 00 | 05 10 00 00 | 00 00"),
        golden(
            ChatSay { channel: longest_text("c"), msg: longest_text("m") },
            "1f 01 | 05 10 00 00 | 18 (63)*24 80 02 (6d)*256",
        ),
    ]
}

fn main_to_client() -> Vec<Vector> {
    vec![
        golden(
            Welcome { uid: GUEST, token: token() },
            "29 00 | 01 11 00 00 | 87 80 80 80 08 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d \
             0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
        ),
        golden(
            Welcome { uid: Uid(1), token: Token([0xFF; 32]) },
            "25 00 | 01 11 00 00 | 01 (ff)*32",
        ),
        golden(
            EnterWorldAck { world_addr: text("127.0.0.1:7201"), handshake_key: handshake_key() },
            "23 00 | 02 11 00 00 | 0e 31 32 37 2e 30 2e 30 2e 31 3a 37 32 30 31 a0 a1 a2 a3 \
             a4 a5 a6 a7 a8 a9 aa ab ac ad ae af",
        ),
        golden(
            EnterWorldAck { world_addr: longest_text("w"), handshake_key: HandshakeKey([0; 16]) },
            "55 00 | 02 11 00 00 | 40 (77)*64 (00)*16",
        ),
        golden(
            ChatBroadcast { channel: text("lobby"), seq: 129, uid: GUEST, msg: text("hello") },
            "17 00 | 03 11 00 00 | 05 6c 6f 62 62 79 81 01 87 80 80 80 08 05 68 65 6c 6c 6f",
        ),
    ]
}

fn client_to_world() -> Vec<Vector> {
    vec![
        golden(
            Join { uid: GUEST, handshake_key: handshake_key() },
            "19 00 | 01 20 00 00 | 87 80 80 80 08 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad \
             ae af",
        ),
        golden(
            Join { uid: Uid(1), handshake_key: HandshakeKey([0xFF; 16]) },
            "15 00 | 01 20 00 00 | 01 (ff)*16",
        ),
        golden(Move { pos: PLACE, dir: NORTH }, "0c 00 | 02 20 00 00 | d0 0f 9f 1f 00 80 80 01"),
        golden(
            Move { pos: Position { x: i32::MAX, y: i32::MIN, z: -1 }, dir: Direction(u16::MAX) },
            "12 00 | 02 20 00 00 | fe ff ff ff 0f ff ff ff ff 0f 01 ff ff 03",
        ),
        golden(
            Event { kind: 1, data: bytes(&[0xC0, 0xFF, 0xEE]) },
            "09 00 | 03 20 00 00 | 01 03 c0 ff ee",
        ),
        golden(Event { kind: 0, data: bytes(&[]) }, "06 00 | 03 20 00 00 | 00 00"),
        golden(
            Event { kind: u16::MAX, data: bytes(&[0xFF; 256]) },
            "09 01 | 03 20 00 00 | ff ff 03 80 02 (ff)*256",
        ),
        golden(Leave {}, "04 00 | 04 20 00 00"),
    ]
}

fn world_to_client() -> Vec<Vector> {
    vec![
        golden(
            JoinOk { room_id: RoomId(0), spawn_pos: Position::ORIGIN, members: 0 },
            "09 00 | 01 21 00 00 | 00 00 00 00 00",
        ),
        golden(
            JoinOk { room_id: RoomId(u16::MAX), spawn_pos: SPAWN, members: 128 },
            "0f 00 | 01 21 00 00 | ff ff 03 90 4e 8f 4e 80 01 80 01",
        ),
        golden(JoinDenied { reason: JoinDenial::KEY_EXPIRED }, "05 00 | 02 21 00 00 | 03"),
        golden(
            UserEntered {
                member: MemberState { uid: OTHER, pos: Position::ORIGIN, dir: Direction(0) },
            },
            "0d 00 | 03 21 00 00 | 88 80 80 80 08 00 00 00 00",
        ),
        golden(
            UserEntered { member: MemberState { uid: GUEST, pos: SPAWN, dir: Direction(32_768) } },
            "12 00 | 03 21 00 00 | 87 80 80 80 08 90 4e 8f 4e 80 01 80 80 02",
        ),
        golden(UserLeft { uid: OTHER }, "09 00 | 04 21 00 00 | 88 80 80 80 08"),
        golden(
            MoveBroadcast { member: OTHER_AT_PLACE },
            "11 00 | 05 21 00 00 | 88 80 80 80 08 d0 0f 9f 1f 00 80 80 01",
        ),
        golden(
            MoveBroadcast {
                member: MemberState {
                    uid: LAST_UID,
                    pos: Position { x: i32::MIN, y: i32::MAX, z: -1 },
                    dir: Direction(u16::MAX),
                },
            },
            "17 00 | 05 21 00 00 | ff ff ff ff 0f ff ff ff ff 0f fe ff ff ff 0f 01 ff ff 03",
        ),
        golden(
            EventBroadcast { uid: GUEST, kind: 1, data: bytes(&[0xC0, 0xFF, 0xEE]) },
            "0e 00 | 06 21 00 00 | 87 80 80 80 08 01 03 c0 ff ee",
        ),
        golden(
            EventBroadcast { uid: Uid::NOBODY, kind: u16::MAX, data: bytes(&[]) },
            "09 00 | 06 21 00 00 | 00 ff ff 03 00",
        ),
        golden(
            EventBroadcast { uid: LAST_UID, kind: 300, data: bytes(&[0; 256]) },
            "0d 01 | 06 21 00 00 | ff ff ff ff 0f ac 02 80 02 (00)*256",
        ),
    ]
}

fn snapshots() -> Vec<Vector> {
    vec![
        golden(
            RoomSnapshot {
                pages_left: 0,
                members_left: 0,
                missed_events: 0,
                members: heapless::Vec::new(),
            },
            "08 00 | 07 21 00 00 | 00 00 00 00",
        ),
        golden(
            RoomSnapshot {
                pages_left: 0,
                members_left: 1,
                missed_events: 0,
                members: heapless::Vec::from_slice(&[OTHER_AT_PLACE]).unwrap(),
            },
            "15 00 | 07 21 00 00 | 00 01 00 01 88 80 80 80 08 d0 0f 9f 1f 00 80 80 01",
        ),
        golden(
            RoomSnapshot {
                pages_left: u16::MAX,
                members_left: u16::MAX,
                missed_events: u32::MAX,
                members: heapless::Vec::from_slice(&[LONGEST_MEMBER; 16]).unwrap(),
            },
            "80 01 | 07 21 00 00 | ff ff 03 ff ff 03 ff ff ff ff 0f 10 (ff ff ff ff 0f ff \
             ff ff ff 0f fe ff ff ff 0f ff ff ff ff 0f ff ff 03)*16",
        ),
    ]
}

fn world_to_main() -> Vec<Vector> {
    vec![
        golden(
            RegisterWorld {
                world_id: WorldId(1),
                region: text("eu"),
                capacity: 1000,
                addr: text("127.0.0.1:7201"),
            },
            "19 00 | 01 22 00 00 | 01 02 65 75 e8 07 0e 31 32 37 2e 30 2e 30 2e 31 3a 37 32 \
             30 31",
        ),
        golden(
            RegisterWorld {
                world_id: WorldId(u16::MAX),
                region: longest_text("r"),
                capacity: u16::MAX,
                addr: longest_text("a"),
            },
            "5c 00 | 01 22 00 00 | ff ff 03 10 (72)*16 ff ff 03 40 (61)*64",
        ),
        golden(Status { users: 500, rooms: 8, load: 500 }, "09 00 | 02 22 00 00 | f4 03 08 f4 03"),
        golden(AttachAck { uid: GUEST, attempt: 1 }, "0a 00 | 03 22 00 00 | 87 80 80 80 08 01"),
        golden(
            AttachDenied { uid: GUEST, attempt: u32::MAX, reason: ErrorCode::FULL },
            "0f 00 | 04 22 00 00 | 87 80 80 80 08 ff ff ff ff 0f 0c",
        ),
        golden(UserJoined { uid: GUEST }, "09 00 | 05 22 00 00 | 87 80 80 80 08"),
        golden(world_to_main::UserLeft { uid: GUEST }, "09 00 | 06 22 00 00 | 87 80 80 80 08"),
        golden(UserList { uids: heapless::Vec::new() }, "05 00 | 07 22 00 00 | 00"),
        golden(
            UserList { uids: heapless::Vec::from_slice(&[Uid(1), GUEST]).unwrap() },
            "0b 00 | 07 22 00 00 | 02 01 87 80 80 80 08",
        ),
        golden(
            UserList { uids: heapless::Vec::from_slice(&[LAST_UID; 32]).unwrap() },
            "a5 00 | 07 22 00 00 | 20 (ff ff ff ff 0f)*32",
        ),
    ]
}

fn main_to_world() -> Vec<Vector> {
    vec![
        golden(Registered {}, "04 00 | 01 23 00 00"),
        golden(
            AttachUser { uid: GUEST, handshake_key: handshake_key(), ttl_ms: 15_000, attempt: 1 },
            "1c 00 | 02 23 00 00 | 87 80 80 80 08 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad \
             ae af 98 75 01",
        ),
        golden(
            DetachUser { uid: GUEST, reason: ErrorCode::REPLACED },
            "0a 00 | 03 23 00 00 | 87 80 80 80 08 08",
        ),
    ]
}

fn client_and_login() -> Vec<Vector> {
    vec![
        golden(
            LoginReq { id: text("alice"), pw: Password(text("pässword")) },
            "14 00 | 01 30 00 00 | 05 61 6c 69 63 65 09 70 c3 a4 73 73 77 6f 72 64",
        ),
        golden(
            LoginReq { id: longest_text("i"), pw: Password(longest_text("p")) },
            "a7 00 | 01 30 00 00 | 20 (69)*32 80 01 (70)*128",
        ),
        golden(
            LoginAck { uid: Uid(1), token: token(), ttl_s: 604_800 },
            "28 00 | 01 31 00 00 | 01 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 \
             13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 80 f5 24",
        ),
        golden(
            LoginDenied { reason: LoginDenial::WRONG, retry_after_ms: 0 },
            "06 00 | 02 31 00 00 | 01 00",
        ),
        golden(
            LoginDenied { reason: LoginDenial::LOCKED, retry_after_ms: 60_000 },
            "08 00 | 02 31 00 00 | 02 e0 d4 03",
        ),
    ]
}

fn main_and_login() -> Vec<Vector> {
    vec![
        golden(
            VerifyToken { request: 300, token: token() },
            "26 00 | 01 33 00 00 | ac 02 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 \
             12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
        ),
        golden(VerifyAck { request: 300, uid: Uid(1) }, "07 00 | 01 32 00 00 | ac 02 01"),
        golden(
            VerifyDenied { request: u32::MAX, reason: ErrorCode::BAD_TOKEN },
            "0a 00 | 02 32 00 00 | ff ff ff ff 0f 0b",
        ),
    ]
}

//! The vectors: for every message an ordinary value, and the ends of what its fields can hold.

use std::vec;
use std::vec::Vec;

use super::{Vector, channel_vectors, chat_server_vectors, golden, room_vectors};
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::client_to_main::{ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello};
use crate::protocol::client_to_world::{Event, Input, Join, Leave, Move};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::either_way::{Bye, Error, Ping, Pong, VersionRefused};
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::login_to_main::{Revocations, StoreRevision, VerifyAck, VerifyDenied};
use crate::protocol::main_to_client::{ChatBroadcast, EnterWorldAck, Welcome};
use crate::protocol::main_to_login::{RevokedSince, VerifyToken};
use crate::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use crate::protocol::world_to_client::{
    EventBroadcast, EventRefused, InputAck, JoinDenied, JoinOk, MemberExtra, MemberName,
    MoveBroadcast, RoomSnapshot, StateComplete, ThingPut, ThingRemoved, UserAway, UserBack,
    UserEntered, UserLeft,
};
use crate::protocol::world_to_main::{
    self, AttachAck, AttachDenied, Ban, RegisterWorld, Status, UserHeld, UserJoined, UserList,
};
use crate::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, JoinDenial, LoginDenial, MemberNumber, MemberState,
    Nonce, Password, Position, Proof, Revision, Revocation, RoomId, Seq, ServerKind, Text, Token,
    Uid, Versions, Wish, WorldId,
};

pub(super) const GUEST: Uid = Uid(Uid::GUEST_BIT + 7);
pub(super) const OTHER: Uid = Uid(Uid::GUEST_BIT + 8);
pub(super) const LAST_UID: Uid = Uid::MAX;
pub(super) const LAST_NUMBER: MemberNumber = MemberNumber(u16::MAX);
/// Versions are read before the rest, and are what they are.
const LAST_VERSIONS: Versions = Versions { from: 0, to: u16::MAX };
const PLACE: Position = Position { x: 1_000, y: -2_000, z: 0 };
const SPAWN: Position = Position { x: 5_000, y: -5_000, z: 64 };
const NORTH: Direction = Direction(16_384);
const OTHER_AT_PLACE: MemberState =
    MemberState { number: MemberNumber(2), uid: OTHER, pos: PLACE, dir: NORTH };
/// The member with the longest encoding.
const LONGEST_MEMBER: MemberState = MemberState {
    number: LAST_NUMBER,
    uid: LAST_UID,
    pos: Position { x: i32::MIN, y: i32::MAX, z: i32::MIN },
    dir: Direction(u16::MAX),
};

fn token() -> Token {
    Token(core::array::from_fn(|place| place as u8))
}

pub(super) fn handshake_key() -> HandshakeKey {
    HandshakeKey(core::array::from_fn(|place| 0xA0 + place as u8))
}

pub(super) fn text<const MAX: usize>(text: &'static str) -> Text<'static, MAX> {
    Text::new(text).unwrap()
}

pub(super) fn longest_text<const MAX: usize>(character: &str) -> Text<'static, MAX> {
    text(character.repeat(MAX).leak())
}

pub(super) fn bytes<const MAX: usize>(bytes: &'static [u8]) -> Bytes<'static, MAX> {
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
        joins(),
        world_to_client(),
        snapshots(),
        world_to_main(),
        main_to_world(),
        client_and_login(),
        main_and_login(),
    ];
    let others = [channel_vectors::all(), chat_server_vectors::all(), room_vectors::all()];
    links.into_iter().chain(others).flatten().collect()
}

fn either_way() -> Vec<Vector> {
    vec![
        golden(Error { code: ErrorCode::NO_WORLD, about: EnterWorldReq::OPCODE.0 }),
        golden(Error { code: ErrorCode::TOO_FAST, about: 0 }),
        golden(Error { code: ErrorCode(u16::MAX), about: i32::MIN }),
        golden(Ping { nonce: 300 }),
        golden(Ping { nonce: 5 }),
        golden(Ping { nonce: u32::MAX }),
        golden(Pong { nonce: 5 }),
        golden(Bye { reason: ErrorCode::GOODBYE }),
        golden(Bye { reason: ErrorCode::REPLACED }),
        golden(VersionRefused { versions: Versions::OURS }),
        golden(VersionRefused { versions: LAST_VERSIONS }),
    ]
}

/// The example of PROTOCOL.md, whose proofs another implementation has made.
fn cluster() -> Vec<Vector> {
    let dialer_nonce = Nonce(core::array::from_fn(|place| place as u8));
    let listener_nonce = Nonce(core::array::from_fn(|place| 0xA0 + place as u8));
    let proof = |hex| Proof(super::bytes_of(hex).try_into().unwrap());
    vec![
        golden(ClusterHello {
            versions: Versions::OURS,
            kind: ServerKind::WORLD,
            id: 7,
            nonce: dialer_nonce,
        }),
        golden(ClusterHello {
            versions: LAST_VERSIONS,
            kind: ServerKind(u16::MAX),
            id: u16::MAX,
            nonce: Nonce([0xFF; 16]),
        }),
        golden(ClusterChallenge { version: 2, nonce: listener_nonce }),
        golden(ClusterProof {
            id: 7,
            nonce: dialer_nonce,
            proof: proof(DIALERS_PROOF),
            former_proof: None,
        }),
        golden(ClusterProof {
            id: u16::MAX,
            nonce: Nonce([0xFF; 16]),
            proof: proof(LISTENERS_PROOF),
            former_proof: Some(proof(DIALERS_PROOF)),
        }),
        golden(ClusterAck { proof: proof(LISTENERS_PROOF) }),
    ]
}

const LISTENERS_PROOF: &str = "94 85 0a 25 05 51 1b 12 0f fa a4 8b 4e 3e ac 8b c2 c3 ff 22 a1 1a 63 \
    46 a4 c1 21 38 66 21 91 5f";
const DIALERS_PROOF: &str = "0b 3a 72 69 66 f5 77 3c d0 0f 5b 9f 42 d2 03 7e a1 b6 d2 fe 1b ce ec \
    35 c2 0c 90 73 ef e9 2a 51";

fn client_to_main() -> Vec<Vector> {
    vec![
        golden(Hello { versions: Versions::OURS, token: None, nickname: text("") }),
        golden(Hello { versions: Versions::OURS, token: Some(token()), nickname: text("Zoë") }),
        golden(Hello { versions: LAST_VERSIONS, token: None, nickname: longest_text("n") }),
        golden(EnterWorldReq { region: text(""), wish: Wish::ANY }),
        golden(EnterWorldReq { region: text("eu"), wish: Wish::ANY }),
        golden(ChatJoin { channel: text("lobby") }),
        golden(ChatLeave { channel: text("lobby") }),
        golden(ChatSay { request: 7, channel: text("lobby"), msg: text("안녕") }),
        golden(ChatSay { request: 0, channel: text(""), msg: text("") }),
        golden(ChatSay { request: u32::MAX, channel: longest_text("c"), msg: longest_text("m") }),
    ]
}

fn main_to_client() -> Vec<Vector> {
    vec![
        golden(Welcome { version: 2, uid: GUEST, token: token() }),
        golden(Welcome { version: u16::MAX, uid: Uid(1), token: Token([0xFF; 32]) }),
        golden(EnterWorldAck {
            world_addr: text("127.0.0.1:7201"),
            handshake_key: handshake_key(),
        }),
        golden(EnterWorldAck {
            world_addr: longest_text("w"),
            handshake_key: HandshakeKey([0; 16]),
        }),
        golden(ChatBroadcast {
            channel: text("lobby"),
            seq: Seq::first_of(3).plus(129),
            uid: GUEST,
            request: 7,
            msg: text("hello"),
        }),
    ]
}

fn client_to_world() -> Vec<Vector> {
    vec![
        golden(Join {
            versions: Versions::OURS,
            uid: GUEST,
            handshake_key: handshake_key(),
            fingerprint: 0,
        }),
        golden(Join {
            versions: LAST_VERSIONS,
            uid: Uid(1),
            handshake_key: HandshakeKey([0xFF; 16]),
            fingerprint: u32::MAX,
        }),
        golden(Move { pos: PLACE, dir: NORTH }),
        golden(Move {
            pos: Position { x: i32::MAX, y: i32::MIN, z: -1 },
            dir: Direction(u16::MAX),
        }),
        golden(Event { request: 7, kind: 1, data: bytes(&[0xC0, 0xFF, 0xEE]) }),
        golden(Event { request: 0, kind: 0, data: bytes(&[]) }),
        golden(Event { request: u32::MAX, kind: u16::MAX, data: bytes(&[0xFF; 256]) }),
        golden(Leave {}),
        golden(Input { tick: 7, data: bytes(&[1, 2, 3]) }),
        golden(Input { tick: 0, data: bytes(&[]) }),
        golden(Input { tick: u32::MAX, data: bytes(&[0xFF; 64]) }),
    ]
}

fn joins() -> Vec<Vector> {
    vec![
        golden(JoinOk {
            version: 2,
            room_id: RoomId(0),
            number: MemberNumber(1),
            spawn_pos: Position::ORIGIN,
            members: 0,
            spawn_dir: Direction(0),
            is_returned: false,
        }),
        golden(JoinOk {
            version: u16::MAX,
            room_id: RoomId(u16::MAX),
            number: LAST_NUMBER,
            spawn_pos: SPAWN,
            members: 128,
            spawn_dir: Direction(u16::MAX),
            is_returned: true,
        }),
        golden(JoinDenied { reason: JoinDenial::KEY_EXPIRED, code: 0, text: text("") }),
        golden(JoinDenied { reason: JoinDenial::REFUSED, code: 7, text: text("members only") }),
        golden(JoinDenied {
            reason: JoinDenial(u16::MAX),
            code: u16::MAX,
            text: longest_text("t"),
        }),
        golden(MemberName { number: MemberNumber(2), name: text("Zoë") }),
        golden(MemberName { number: LAST_NUMBER, name: longest_text("n") }),
    ]
}

fn world_to_client() -> Vec<Vector> {
    vec![
        golden(InputAck { tick: 7, pos: PLACE, dir: NORTH }),
        golden(InputAck {
            tick: u32::MAX,
            pos: Position { x: i32::MIN, y: i32::MAX, z: i32::MIN },
            dir: Direction(u16::MAX),
        }),
        golden(UserEntered {
            member: MemberState {
                number: MemberNumber(2),
                uid: OTHER,
                pos: Position::ORIGIN,
                dir: Direction(0),
            },
        }),
        golden(UserEntered {
            member: MemberState {
                number: MemberNumber(1),
                uid: GUEST,
                pos: SPAWN,
                dir: Direction(32_768),
            },
        }),
        golden(UserLeft { number: MemberNumber(2) }),
        golden(UserLeft { number: LAST_NUMBER }),
        golden(MoveBroadcast { number: MemberNumber(2), pos: PLACE, dir: NORTH }),
        golden(MoveBroadcast {
            number: LAST_NUMBER,
            pos: Position { x: i32::MIN, y: i32::MAX, z: -1 },
            dir: Direction(u16::MAX),
        }),
        golden(EventBroadcast {
            number: MemberNumber(2),
            request: 7,
            kind: 1,
            data: bytes(&[0xC0, 0xFF, 0xEE]),
        }),
        golden(EventBroadcast {
            number: MemberNumber::GAME,
            request: 0,
            kind: u16::MAX,
            data: bytes(&[]),
        }),
        golden(EventBroadcast {
            number: LAST_NUMBER,
            request: u32::MAX,
            kind: 300,
            data: bytes(&[0; 256]),
        }),
    ]
}

fn snapshots() -> Vec<Vector> {
    vec![
        golden(EventRefused { request: 7, reason: ErrorCode::BUSY }),
        golden(EventRefused { request: u32::MAX, reason: ErrorCode(u16::MAX) }),
        golden(UserAway { number: MemberNumber(2) }),
        golden(UserAway { number: LAST_NUMBER }),
        golden(UserBack { number: MemberNumber(2) }),
        golden(UserBack { number: LAST_NUMBER }),
        golden(ThingPut { id: 7, kind: 2, data: bytes(&[0xD0, 0x0F, 0x9F, 0x1F, 0x00]) }),
        golden(ThingPut { id: u16::MAX, kind: u8::MAX, data: bytes(&[0; 128]) }),
        golden(ThingPut { id: 0, kind: 0, data: bytes(&[]) }),
        golden(ThingRemoved { id: 7 }),
        golden(ThingRemoved { id: u16::MAX }),
        golden(MemberExtra { number: MemberNumber(2), kind: 3, data: bytes(&[0x05]) }),
        golden(MemberExtra { number: LAST_NUMBER, kind: u8::MAX, data: bytes(&[0; 128]) }),
        golden(StateComplete {}),
        golden(RoomSnapshot {
            pages_left: 0,
            members_left: 0,
            missed_events: 0,
            members: heapless::Vec::new(),
        }),
        golden(RoomSnapshot {
            pages_left: 0,
            members_left: 1,
            missed_events: 0,
            members: heapless::Vec::from_slice(&[OTHER_AT_PLACE]).unwrap(),
        }),
        golden(RoomSnapshot {
            pages_left: u16::MAX,
            members_left: u16::MAX,
            missed_events: u32::MAX,
            members: heapless::Vec::from_slice(&[LONGEST_MEMBER; 16]).unwrap(),
        }),
    ]
}

fn world_to_main() -> Vec<Vector> {
    vec![
        golden(RegisterWorld {
            versions: Versions::OURS,
            world_id: WorldId(1),
            region: text("eu"),
            capacity: 1000,
            addr: text("127.0.0.1:7201"),
            fingerprint: 0x1234_5678,
            rooms: 8,
        }),
        golden(RegisterWorld {
            versions: LAST_VERSIONS,
            world_id: WorldId(u16::MAX),
            region: longest_text("r"),
            capacity: u16::MAX,
            addr: longest_text("a"),
            fingerprint: u32::MAX,
            rooms: u16::MAX,
        }),
        golden(Status { users: 500, rooms: 8, load: 500, held: 3 }),
        golden(AttachAck { uid: GUEST, attempt: 1 }),
        golden(AttachDenied { uid: GUEST, attempt: u32::MAX, reason: ErrorCode::FULL }),
        golden(UserJoined { uid: GUEST, is_spectator: false }),
        golden(UserJoined { uid: LAST_UID, is_spectator: true }),
        golden(Ban { uid: GUEST, for_ms: 60_000 }),
        golden(Ban { uid: LAST_UID, for_ms: u32::MAX }),
        golden(world_to_main::UserLeft { uid: GUEST }),
        golden(UserList {
            is_first: true,
            is_last: true,
            uids: heapless::Vec::new(),
            held: 0,
            spectators: 0,
        }),
        golden(UserList {
            is_first: false,
            is_last: true,
            uids: heapless::Vec::from_slice(&[Uid(1), GUEST]).unwrap(),
            held: 0b10,
            spectators: 0,
        }),
        golden(UserList {
            is_first: true,
            is_last: false,
            uids: heapless::Vec::from_slice(&[LAST_UID; 32]).unwrap(),
            held: u32::MAX,
            spectators: u32::MAX,
        }),
        golden(UserHeld { uid: GUEST }),
    ]
}

fn main_to_world() -> Vec<Vector> {
    vec![
        golden(Registered {}),
        golden(AttachUser {
            uid: GUEST,
            handshake_key: handshake_key(),
            ttl_ms: 15_000,
            attempt: 1,
            account: text("alice"),
            nickname: text("Zoë"),
            wish: Wish::ANY,
        }),
        golden(AttachUser {
            uid: LAST_UID,
            handshake_key: HandshakeKey([0xFF; 16]),
            ttl_ms: u32::MAX,
            attempt: u32::MAX,
            account: longest_text("a"),
            nickname: longest_text("n"),
            wish: Wish::ANY,
        }),
        golden(DetachUser { uid: GUEST, reason: ErrorCode::REPLACED }),
    ]
}

fn client_and_login() -> Vec<Vector> {
    vec![
        golden(LoginReq {
            versions: Versions::OURS,
            id: text("alice"),
            pw: Password(text("pässword")),
            device: None,
        }),
        golden(LoginReq {
            versions: LAST_VERSIONS,
            id: longest_text("i"),
            pw: Password(longest_text("p")),
            device: Some(token()),
        }),
        golden(LoginAck {
            version: 2,
            uid: Uid(1),
            token: token(),
            ttl_s: 604_800,
            device: token(),
        }),
        golden(LoginDenied { reason: LoginDenial::WRONG, retry_after_ms: 0 }),
        golden(LoginDenied { reason: LoginDenial::LOCKED, retry_after_ms: 60_000 }),
    ]
}

fn main_and_login() -> Vec<Vector> {
    vec![
        golden(VerifyToken { request: 300, token: token() }),
        golden(VerifyAck {
            request: 300,
            uid: Uid(1),
            revision: Revision(300),
            account: text("alice"),
        }),
        golden(VerifyDenied { request: u32::MAX, reason: ErrorCode::BAD_TOKEN }),
        golden(StoreRevision { revision: Revision(300) }),
        golden(Revocations {
            after: Revision(2),
            after_uid: Uid(1),
            list: [
                Revocation { uid: Uid(1), revision: Revision(3), renewed_at: Revision(4) },
                Revocation { uid: Uid(300), revision: Revision(3), renewed_at: Revision(0) },
            ]
            .into_iter()
            .collect(),
            complete: Revision(4),
        }),
        golden(RevokedSince { revision: Revision(2), uid: Uid(1) }),
    ]
}

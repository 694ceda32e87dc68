//! The vectors of worlds with their clients, and with Main.

use std::vec;
use std::vec::Vec;

use super::values::{
    GUEST, LAST_NUMBER, LAST_UID, LAST_VERSIONS, OTHER, bytes, handshake_key, key_id, longest_text,
    text,
};
use super::{Vector, golden};
use crate::protocol::client_to_world::{AnswerGame, AskGame, Event, Input, Join, Leave, Move};
use crate::protocol::main_to_world::{
    AttachUser, DetachUser, DrainWorld, MainAnnounced, Registered, RoomClaimed, UserClaimed,
};
use crate::protocol::world_to_client::{
    EventBroadcast, EventRefused, GameAnswers, GameAsks, InputAck, JoinDenied, JoinOk, MemberExtra,
    MemberName, MoveBroadcast, RoomSnapshot, StateComplete, ThingPut, ThingRemoved, UserAway,
    UserBack, UserEntered, UserLeft,
};
use crate::protocol::world_to_main::{
    self, AttachAck, AttachDenied, Ban, DrainState, RegisterWorld, Status, UserHeld, UserJoined,
    UserList,
};
use crate::protocol::{
    ClaimNumber, Direction, ErrorCode, HandshakeKey, JoinDenial, KeyId, MemberNumber, MemberState,
    Position, RoomId, Uid, Versions, Wish, WorldId,
};

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

pub(super) fn client_to_world() -> Vec<Vector> {
    vec![
        golden(Join {
            versions: Versions::OURS,
            uid: GUEST,
            handshake_key: Some(handshake_key()),
            fingerprint: 0,
        }),
        golden(Join { versions: Versions::OURS, uid: GUEST, handshake_key: None, fingerprint: 0 }),
        golden(Join {
            versions: LAST_VERSIONS,
            uid: Uid(1),
            handshake_key: Some(HandshakeKey([0xFF; 32])),
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
        golden(Input { tick: 7, kind: 2, data: bytes(&[1, 2, 3]) }),
        golden(Input { tick: 0, kind: 0, data: bytes(&[]) }),
        golden(Input { tick: u32::MAX, kind: u8::MAX, data: bytes(&[0xFF; 64]) }),
        golden(AskGame { number: 1, timeout_ms: 5_000, kind: 3, data: bytes(&[1, 2, 3]) }),
        golden(AskGame {
            number: u32::MAX,
            timeout_ms: u32::MAX,
            kind: u8::MAX,
            data: bytes(&[0xFF; 256]),
        }),
        golden(AnswerGame {
            number: 1,
            reason: ErrorCode(0),
            code: 0,
            kind: 3,
            data: bytes(&[1, 2, 3]),
        }),
        golden(AnswerGame {
            number: u32::MAX,
            reason: ErrorCode::REFUSED,
            code: u16::MAX,
            kind: 0,
            data: bytes(&[]),
        }),
    ]
}

pub(super) fn joins() -> Vec<Vector> {
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

pub(super) fn world_to_client() -> Vec<Vector> {
    vec![
        golden(InputAck { tick: 7, pos: PLACE, dir: NORTH }),
        golden(InputAck {
            tick: u32::MAX,
            pos: Position { x: i32::MIN, y: i32::MAX, z: i32::MIN },
            dir: Direction(u16::MAX),
        }),
        golden(GameAnswers {
            number: 1,
            reason: ErrorCode(0),
            code: 0,
            kind: 4,
            data: bytes(&[1, 2, 3]),
        }),
        golden(GameAnswers {
            number: u32::MAX,
            reason: ErrorCode::REFUSED,
            code: u16::MAX,
            kind: 0,
            data: bytes(&[]),
        }),
        golden(GameAsks { number: 1, kind: 4, data: bytes(&[1, 2, 3]) }),
        golden(GameAsks { number: u32::MAX, kind: u8::MAX, data: bytes(&[0xFF; 256]) }),
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

pub(super) fn snapshots() -> Vec<Vector> {
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

pub(super) fn world_to_main() -> Vec<Vector> {
    vec![
        golden(RegisterWorld {
            versions: Versions::OURS,
            world_id: WorldId(1),
            region: text("eu"),
            capacity: 1000,
            addr: text("127.0.0.1:7201"),
            fingerprint: 0x1234_5678,
            rooms: 8,
            is_sealing: true,
        }),
        golden(RegisterWorld {
            versions: LAST_VERSIONS,
            world_id: WorldId(u16::MAX),
            region: longest_text("r"),
            capacity: u16::MAX,
            addr: longest_text("a"),
            fingerprint: u32::MAX,
            rooms: u16::MAX,
            is_sealing: true,
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
        golden(DrainState { is_draining: true }),
        golden(DrainState { is_draining: false }),
    ]
}

pub(super) fn main_to_world() -> Vec<Vector> {
    vec![
        golden(Registered {}),
        golden(AttachUser {
            uid: GUEST,
            key_id: key_id(),
            handshake_key: handshake_key(),
            ttl_ms: 15_000,
            attempt: 1,
            account: text("alice"),
            nickname: text("Zoë"),
            wish: Wish::ANY,
        }),
        golden(AttachUser {
            uid: LAST_UID,
            key_id: KeyId([0xFF; 8]),
            handshake_key: HandshakeKey([0xFF; 32]),
            ttl_ms: u32::MAX,
            attempt: u32::MAX,
            account: longest_text("a"),
            nickname: longest_text("n"),
            wish: Wish::ANY,
        }),
        golden(DetachUser { uid: GUEST, reason: ErrorCode::REPLACED }),
        golden(UserClaimed { uid: GUEST, claim: ClaimNumber(300) }),
        golden(UserClaimed { uid: LAST_UID, claim: ClaimNumber((1 << 53) - 1) }),
        golden(RoomClaimed { claim: ClaimNumber(300) }),
        golden(RoomClaimed { claim: ClaimNumber((1 << 53) - 1) }),
        golden(DrainWorld { is_draining: true, within_ms: 60_000 }),
        golden(DrainWorld { is_draining: false, within_ms: 0 }),
        golden(DrainWorld { is_draining: true, within_ms: u32::MAX }),
        golden(MainAnnounced { index: 0, count: 2, is_here: true, addr: text("10.0.0.1:7000") }),
        golden(MainAnnounced {
            index: u16::MAX,
            count: u16::MAX,
            is_here: false,
            addr: longest_text("m"),
        }),
    ]
}

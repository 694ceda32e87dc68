//! The vectors of rooms that move.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_UID, bytes, handshake_key, key_id, longest_text, text};
use super::{Vector, golden};
use crate::protocol::main_to_client::Moved;
use crate::protocol::main_to_world::{HearOfMove, MoveRoom, TakeBlock};
use crate::protocol::world_to_main::{
    MovesRooms, OffersRoom, RoomBlock, RoomClaimEnds, RoomIsClaimed, RoomMovedHere, SayOfMove,
    UserMovedHere,
};
use crate::protocol::{
    ClaimNumber, ErrorCode, HandshakeKey, KeyId, MoveWord, ROOM_BLOCK_BYTES, RoomId, WorldId,
};

const LAST_WORLD: WorldId = WorldId(u16::MAX);

pub(super) fn all() -> Vec<Vector> {
    let (first, last) = (bytes(&[3, 7, 220, 11]), bytes(&[0xFF; ROOM_BLOCK_BYTES]));
    vec![
        golden(MovesRooms { game_version: 3 }),
        golden(MovesRooms { game_version: u16::MAX }),
        golden(MoveRoom { move_id: 300, room_id: RoomId(1), to: WorldId(2), timeout_ms: 5_000 }),
        golden(MoveRoom {
            move_id: u32::MAX,
            room_id: RoomId(u16::MAX),
            to: LAST_WORLD,
            timeout_ms: u32::MAX,
        }),
        golden(RoomBlock { move_id: 300, to: WorldId(2), index: 0, is_last: false, bytes: first }),
        golden(RoomBlock {
            move_id: u32::MAX,
            to: LAST_WORLD,
            index: u16::MAX,
            is_last: true,
            bytes: last,
        }),
        golden(TakeBlock {
            move_id: 300,
            from: WorldId(1),
            index: 0,
            is_last: false,
            bytes: first,
        }),
        golden(TakeBlock {
            move_id: u32::MAX,
            from: LAST_WORLD,
            index: u16::MAX,
            is_last: true,
            bytes: last,
        }),
        golden(SayOfMove { move_id: 300, to: WorldId(1), word: MoveWord::TAKEN, about: 1 }),
        golden(SayOfMove {
            move_id: u32::MAX,
            to: LAST_WORLD,
            word: MoveWord(u16::MAX),
            about: u16::MAX,
        }),
        golden(HearOfMove {
            move_id: 300,
            from: WorldId(2),
            word: MoveWord::REFUSED,
            about: ErrorCode::FULL.0,
        }),
        golden(RoomMovedHere { from: WorldId(1), name: text("den") }),
        golden(RoomMovedHere { from: LAST_WORLD, name: longest_text("n") }),
        golden(UserMovedHere { uid: GUEST, from: WorldId(1) }),
        golden(UserMovedHere { uid: LAST_UID, from: LAST_WORLD }),
        golden(OffersRoom { room_id: RoomId(1), not_to: WorldId(300) }),
        golden(OffersRoom { room_id: RoomId(u16::MAX), not_to: LAST_WORLD }),
        golden(RoomIsClaimed { claim: ClaimNumber(300) }),
        golden(RoomIsClaimed { claim: ClaimNumber((1 << 53) - 1) }),
        golden(RoomClaimEnds { claim: ClaimNumber(300) }),
        golden(RoomClaimEnds { claim: ClaimNumber((1 << 53) - 1) }),
        golden(Moved {
            world_addr: text("127.0.0.1:7202"),
            is_sealing: true,
            key_id: key_id(),
            handshake_key: handshake_key(),
        }),
        golden(Moved {
            world_addr: longest_text("w"),
            is_sealing: false,
            key_id: KeyId([0; 8]),
            handshake_key: HandshakeKey([0; 32]),
        }),
    ]
}

//! The vectors of rooms: wishes, listings, and what worlds tell Main of theirs.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_UID, bytes, handshake_key, key_id, longest_text, text};
use super::{Vector, golden};
use crate::protocol::client_to_main::{EnterWorldReq, ListRoomsReq};
use crate::protocol::main_to_client::RoomPage;
use crate::protocol::main_to_world::{AttachUser, CloseRoom};
use crate::protocol::world_to_main::{RoomChanged, RoomClosed, RoomOpened};
use crate::protocol::{HandshakeKey, KeyId, ROOM_PAGE_ROOMS, RoomId, RoomLine, Wish, WishKind};

const LAST_ROOM: RoomId = RoomId(u16::MAX);

fn private_room() -> Wish<'static> {
    Wish {
        kind: WishKind::NAMED_OR_NEW,
        name: text("den"),
        mode: text("duel"),
        secret: text("sesame"),
        options: bytes(&[3, 0]),
        is_listed: true,
        places: 4,
    }
}

fn longest_wish() -> Wish<'static> {
    Wish {
        kind: WishKind(u16::MAX),
        name: longest_text("n"),
        mode: longest_text("m"),
        secret: longest_text("s"),
        options: bytes(&[0xFF; 128]),
        is_listed: true,
        places: u16::MAX,
    }
}

fn line() -> RoomLine<'static> {
    RoomLine {
        name: text("den"),
        mode: text("duel"),
        members: 2,
        capacity: 4,
        is_locked: false,
        is_private: true,
        properties: bytes(&[7, 1]),
    }
}

fn longest_line() -> RoomLine<'static> {
    RoomLine {
        name: longest_text("n"),
        mode: longest_text("m"),
        members: u16::MAX,
        capacity: u16::MAX,
        is_locked: true,
        is_private: true,
        properties: bytes(&[0xFF; 64]),
    }
}

pub(super) fn all() -> Vec<Vector> {
    [of_clients(), of_worlds()].into_iter().flatten().collect()
}

fn of_clients() -> Vec<Vector> {
    let enter = |region, wish| golden(EnterWorldReq { region: text(region), wish });
    let page = |line: RoomLine<'static>, count, next_after| {
        golden(RoomPage { rooms: core::iter::repeat_n(line, count).collect(), next_after })
    };
    vec![
        enter("eu", Wish::any(text("duel"))),
        enter("eu", Wish::named(text("den"))),
        enter("", Wish::new_room(text("duel"))),
        enter("", private_room()),
        golden(EnterWorldReq { region: longest_text("r"), wish: longest_wish() }),
        golden(ListRoomsReq { region: text(""), mode: text("duel"), after: 0 }),
        golden(ListRoomsReq {
            region: longest_text("r"),
            mode: longest_text("m"),
            after: u16::MAX,
        }),
        page(line(), 1, 0),
        page(line(), 0, 0),
        page(longest_line(), ROOM_PAGE_ROOMS, u16::MAX),
    ]
}

fn of_worlds() -> Vec<Vector> {
    vec![
        golden(RoomOpened { room_id: RoomId(1), line: line(), is_listed: true }),
        golden(RoomOpened { room_id: LAST_ROOM, line: longest_line(), is_listed: true }),
        golden(RoomChanged {
            room_id: RoomId(1),
            members: 3,
            is_locked: true,
            is_listed: true,
            properties: bytes(&[7, 2]),
        }),
        golden(RoomChanged {
            room_id: LAST_ROOM,
            members: u16::MAX,
            is_locked: true,
            is_listed: true,
            properties: bytes(&[0xFF; 64]),
        }),
        golden(RoomClosed { room_id: RoomId(1) }),
        golden(CloseRoom { room_id: RoomId(1), name: text("den") }),
        golden(CloseRoom { room_id: LAST_ROOM, name: longest_text("n") }),
        golden(AttachUser {
            uid: GUEST,
            key_id: key_id(),
            handshake_key: handshake_key(),
            ttl_ms: 15_000,
            attempt: 2,
            account: text("alice"),
            nickname: text(""),
            wish: private_room(),
        }),
        golden(AttachUser {
            uid: LAST_UID,
            key_id: KeyId([0xFF; 8]),
            handshake_key: HandshakeKey([0xFF; 32]),
            ttl_ms: u32::MAX,
            attempt: u32::MAX,
            account: longest_text("a"),
            nickname: longest_text("n"),
            wish: longest_wish(),
        }),
    ]
}

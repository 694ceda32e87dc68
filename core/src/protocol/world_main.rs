//! World and Main: registering, attaching users, and who is where.

use super::protocol;
use super::{ACCOUNT_MAX_BYTES, ADDRESS_MAX_BYTES, NICKNAME_MAX_BYTES, REGION_MAX_BYTES};
use super::{
    Bytes, ClaimNumber, ErrorCode, HandshakeKey, KeyId, MoveWord, RoomId, RoomLine, Text, Uid,
    Versions, Wish, WorldId,
};
use super::{ROOM_BLOCK_BYTES, ROOM_NAME_MAX_BYTES, ROOM_PROPERTIES_MAX_BYTES, USER_PAGE_USERS};
use crate::wire::opcode::WORLD;

protocol! {
    /// From a world to Main.
    mod world_to_main in WORLD.server_to_peer;

    /// The first message: answered by `Registered`. The users who are inside follow in
    /// [`UserList`] pages, so that a restarted Main knows them again.
    1 register_world => RegisterWorld<'a> {
        /// The versions that the world speaks with clients.
        versions: Versions,
        /// The world's id, its own in the realm.
        world_id: WorldId,
        /// The region that it serves.
        #[serde(borrow)]
        region: Text<'a, REGION_MAX_BYTES>,
        /// How many users it takes.
        capacity: u16,
        /// Where clients find it, `host:port`.
        #[serde(borrow)]
        addr: Text<'a, ADDRESS_MAX_BYTES>,
        /// Its game's fingerprint.
        fingerprint: u32,
        /// How many rooms with names it has; 0 if it chooses rooms itself.
        rooms: u16,
        /// Whether its clients may seal their links.
        is_sealing: bool,
    }

    /// How it goes, every now and then.
    2 status => Status {
        /// Users in rooms.
        users: u16,
        /// Rooms with somebody in them.
        rooms: u16,
        /// Users in thousandths of the capacity.
        load: u16,
        /// Those of the users who are away, with their seats held.
        held: u16,
    }

    /// The user may come.
    3 attach_ack => AttachAck {
        /// Who.
        uid: Uid,
        /// The number of the `AttachUser` that it answers.
        attempt: u32,
    }

    /// The user may not come.
    4 attach_denied => AttachDenied {
        /// Who.
        uid: Uid,
        /// The number of the `AttachUser` that it answers.
        attempt: u32,
        /// Why.
        reason: ErrorCode,
    }

    /// An attached user has joined a room, or is back in it.
    5 user_joined => UserJoined {
        /// Who.
        uid: Uid,
        /// It listens only, and takes no place.
        is_spectator: bool,
    }

    /// A user is not in this world any more.
    6 user_left => UserLeft {
        /// Who.
        uid: Uid,
    }

    /// Users who are in rooms, behind a registration, and when the link has not taken what happened: whoever
    /// has not been named since the first page is not there.
    7 user_list => UserList {
        /// It is the first page: what earlier ones have said is void.
        is_first: bool,
        /// It is the last page.
        is_last: bool,
        /// Who.
        uids: heapless::Vec<Uid, USER_PAGE_USERS>,
        /// Which of them are away: bit n is the n-th.
        held: u32,
        /// Which of them are spectators: bit n is the n-th.
        spectators: u32,
    }

    /// A room is open, or is another one now: said behind a registration of every room, too.
    8 room_opened => RoomOpened<'a> {
        /// Which of the world's rooms.
        room_id: RoomId,
        /// What there is to know of it.
        #[serde(borrow)]
        line: RoomLine<'a>,
        /// Whether listings show it, and whoever wants any room may be sent there.
        is_listed: bool,
    }

    /// Something of an open room is another now.
    9 room_changed => RoomChanged<'a> {
        /// Which of the world's rooms.
        room_id: RoomId,
        /// How many members it has.
        members: u16,
        /// Whether it takes nobody more for now.
        is_locked: bool,
        /// Whether listings show it.
        is_listed: bool,
        /// What its game says of it.
        #[serde(borrow)]
        properties: Bytes<'a, ROOM_PROPERTIES_MAX_BYTES>,
    }

    /// A room is given back: its name is free.
    10 room_closed => RoomClosed {
        /// Which of the world's rooms.
        room_id: RoomId,
    }

    /// The game bans a user from the realm.
    11 ban => Ban {
        /// Who.
        uid: Uid,
        /// For how long from now, in milliseconds.
        for_ms: u32,
    }

    /// A user's connection is lost, and its seat is held; or its key is void, as asked, and its seat is held still.
    /// [`UserJoined`] says that it is back, [`UserLeft`] that it is not.
    12 user_held => UserHeld {
        /// Who.
        uid: Uid,
    }

    /// Whether the world takes newcomers: said whenever that changes or Main has asked for it, and behind a registration
    /// while it takes none.
    13 drain_state => DrainState {
        /// It takes nobody new: whoever has no seat in it is to be sent elsewhere.
        is_draining: bool,
    }

    /// Rooms of this world can move to others of the same game, and rooms of those here: said behind a registration.
    14 moves_rooms => MovesRooms {
        /// Of the game: what its rooms keep is understood by the same alone.
        game_version: u16,
    }

    /// A part of a room that moves, for the world that it moves to: [`TakeBlock`](super::main_to_world::TakeBlock)
    /// there. The next one follows when it is taken.
    15 room_block => RoomBlock<'a> {
        /// Which move.
        move_id: u32,
        /// The world that it is for.
        to: WorldId,
        /// Which block, from 0 on.
        index: u16,
        /// Whether it is the last.
        is_last: bool,
        /// Pieces of the room: see `core/src/node/world/moving/piece.rs`.
        #[serde(borrow)]
        bytes: Bytes<'a, ROOM_BLOCK_BYTES>,
    }

    /// A word about a move, for the world at its other end: [`HearOfMove`](super::main_to_world::HearOfMove) there. It is
    /// said again until it is answered.
    16 say_of_move => SayOfMove {
        /// Which move.
        move_id: u32,
        /// The world that it is for.
        to: WorldId,
        /// What.
        word: MoveWord,
        /// Of `TAKEN`, the block that is wanted next; of `REFUSED` and `KEPT`, why, as an error's code; else 0.
        about: u16,
    }

    /// The room of this name is here now, and was in that world: what is said of it there is old. [`RoomOpened`] follows.
    17 room_moved_here => RoomMovedHere<'a> {
        /// Where it was.
        from: WorldId,
        /// Its name.
        #[serde(borrow)]
        name: Text<'a, ROOM_NAME_MAX_BYTES>,
    }

    /// A user's seat is here now, and was in that world: it is held, and what is said of the user there is old.
    18 user_moved_here => UserMovedHere {
        /// Who.
        uid: Uid,
        /// Where it was.
        from: WorldId,
    }

    /// The world empties itself: a room with somebody in it may move to another world. Main asks for it, if one takes it; else
    /// it is offered again after a while.
    19 offers_room => OffersRoom {
        /// Which of the world's rooms.
        room_id: RoomId,
        /// The world that had no place for a room last; the one that offers, if none had not.
        not_to: WorldId,
    }

    /// The name of the room that [`RoomOpened`] tells of next on this link is claimed under this number. Without it, it is
    /// not known to be claimed.
    20 room_is_claimed => RoomIsClaimed {
        /// The higher, the newer.
        claim: ClaimNumber,
    }

    /// The room that is denied next on this link was claimed under this number: the world has none of its name, and will open none under that
    /// number.
    21 room_claim_ends => RoomClaimEnds {
        /// The number.
        claim: ClaimNumber,
    }
}

protocol! {
    /// From Main to a world.
    mod main_to_world in WORLD.peer_to_server;

    /// You are in the registry. Said again: list your users again.
    1 registered => Registered {}

    /// Let this user in, once, with this key.
    2 attach_user => AttachUser<'a> {
        /// Who.
        uid: Uid,
        /// What the user will call the key by, if it seals its link with it.
        key_id: KeyId,
        /// What the user will show, or seal its link with.
        handshake_key: HandshakeKey,
        /// For how long the key works, in milliseconds from now.
        ttl_ms: u32,
        /// A number that the answer repeats.
        attempt: u32,
        /// The name of the user's account; empty for a guest.
        #[serde(borrow)]
        account: Text<'a, ACCOUNT_MAX_BYTES>,
        /// What the user wants to be called; empty for nothing.
        #[serde(borrow)]
        nickname: Text<'a, NICKNAME_MAX_BYTES>,
        /// The room to come into. If it has a name, a room of that name is meant, which `ANY`, `CREATE` and
        /// `NAMED_OR_NEW` open if it is not there; without one, any room that is open to everybody.
        #[serde(borrow)]
        wish: Wish<'a>,
    }

    /// This user is to leave: answered by `UserLeft`, whether it was there or not. With `GOODBYE` only its key
    /// is meant: whoever has joined meanwhile stays, and so does a held seat, which `UserHeld` says.
    3 detach_user => DetachUser {
        /// Who.
        uid: Uid,
        /// What the user is told.
        reason: ErrorCode,
    }

    /// This room is to close: another world has one of that name. Answered by `RoomClosed`.
    4 close_room => CloseRoom<'a> {
        /// Which of the world's rooms.
        room_id: RoomId,
        /// What it is called: if it is another one meanwhile, nothing is meant.
        #[serde(borrow)]
        name: Text<'a, ROOM_NAME_MAX_BYTES>,
    }

    /// The user is claimed under this number: whoever is there by a lower one is elsewhere now, and only its seat is
    /// kept. What is said of the user next on this link is said for this claim: if the world has heard of a higher
    /// one, an `AttachUser` is denied, and a `DetachUser` does nothing but be answered. Only in realms with several
    /// Mains; a world that has one alone passes over it.
    5 user_claimed => UserClaimed {
        /// Who.
        uid: Uid,
        /// The higher, the newer.
        claim: ClaimNumber,
    }

    /// The world is to take nobody new, or newcomers again: answered by `DrainState`, unless it is of an earlier version or
    /// has one Main alone.
    6 drain_world => DrainWorld {
        /// Whether it is to drain.
        is_draining: bool,
        /// When it is to have ended, in milliseconds from now, whoever is left; 0 for as long as somebody is there.
        within_ms: u32,
    }

    /// This room is to move to that world, live. What becomes of it the two worlds tell each other by
    /// [`SayOfMove`](super::world_to_main::SayOfMove), which Main hears as well.
    7 move_room => MoveRoom {
        /// A number for it, of chance.
        move_id: u32,
        /// Which of the world's rooms.
        room_id: RoomId,
        /// Where to.
        to: WorldId,
        /// If it has not arrived by then, in milliseconds, it stays.
        timeout_ms: u32,
    }

    /// A part of a room that moves here.
    8 take_block => TakeBlock<'a> {
        /// Which move.
        move_id: u32,
        /// The world that it is from.
        from: WorldId,
        /// Which block, from 0 on.
        index: u16,
        /// Whether it is the last.
        is_last: bool,
        /// Pieces of the room.
        #[serde(borrow)]
        bytes: Bytes<'a, ROOM_BLOCK_BYTES>,
    }

    /// A word of the world at the other end of a move.
    9 hear_of_move => HearOfMove {
        /// Which move.
        move_id: u32,
        /// The world that says it.
        from: WorldId,
        /// What.
        word: MoveWord,
        /// What it is about, as it was said.
        about: u16,
    }

    /// The realm has several Mains: one of their list, which is said behind `Registered`, and whenever it is another one.
    /// A world that has one Main alone passes over it.
    10 main_announced => MainAnnounced<'a> {
        /// Its place in the list. The first one begins the list anew.
        index: u16,
        /// How many there are.
        count: u16,
        /// Whether it is the one that says this.
        is_here: bool,
        /// Where servers find it, `host:port`.
        #[serde(borrow)]
        addr: Text<'a, ADDRESS_MAX_BYTES>,
    }

    /// The name of the room that [`AttachUser`] means next on this link is claimed under this number. If the room is not there,
    /// and the world has had, or denied, one under this number or a higher one, the attach is denied with `STALE_ROOM`. Only
    /// in realms with several Mains; a world that has one alone passes over it.
    11 room_claimed => RoomClaimed {
        /// The higher, the newer.
        claim: ClaimNumber,
    }
}

//! Client and World: joining a room, and what happens in it.

use super::{Bytes, Direction, HandshakeKey, JoinDenial, MemberState, Position, RoomId, Uid};
use super::{EVENT_MAX_BYTES, SNAPSHOT_PAGE_MEMBERS, protocol};
use crate::wire::opcode::WORLD;

protocol! {
    /// From a client to a world.
    mod client_to_world in WORLD.client_to_server, hears world_to_client;

    /// The first message: answered by `JoinOk` or `JoinDenied`.
    1 join => Join {
        /// Who.
        uid: Uid,
        /// The key that Main gave for this world.
        handshake_key: HandshakeKey,
    }

    /// I am here now. State: only the newest of a flush interval is broadcast.
    2 move_to => Move {
        /// Where.
        pos: Position,
        /// Which way I face.
        dir: Direction,
    }

    /// An application message to the room. Ordered, and never replaced by a newer one.
    3 event => Event<'a> {
        /// What kind, in the game's own numbering.
        kind: u16,
        /// The game's own encoding.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }

    /// I am going, in good order.
    4 leave => Leave {}
}

protocol! {
    /// From a world to a client.
    mod world_to_client in WORLD.server_to_client;

    /// You are in. The members follow in [`RoomSnapshot`] pages.
    1 join_ok => JoinOk {
        /// Which room.
        room_id: RoomId,
        /// Where you stand.
        spawn_pos: Position,
        /// How many others are there.
        members: u16,
    }

    /// You are not in; the connection is closed behind it.
    2 join_denied => JoinDenied {
        /// Why.
        reason: JoinDenial,
    }

    /// Somebody came in.
    3 user_entered => UserEntered {
        /// Who and where.
        member: MemberState,
    }

    /// Somebody left.
    4 user_left => UserLeft {
        /// Who.
        uid: Uid,
    }

    /// Somebody moved. Your own uid: the game has put you there.
    5 move_broadcast => MoveBroadcast {
        /// Who, and where it is now.
        member: MemberState,
    }

    /// An application message, in the room's order, to everyone in it: its sender too.
    6 event_broadcast => EventBroadcast<'a> {
        /// Who sent it; 0 if the game itself did.
        uid: Uid,
        /// What kind, in the game's own numbering.
        kind: u16,
        /// The game's own encoding.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }

    /// The whole room as it is now, in pages: after joining, and after falling behind. The first
    /// page replaces what the client knew of the room.
    7 room_snapshot => RoomSnapshot {
        /// Pages behind this one.
        pages_left: u16,
        /// Members in all pages together: the first page has the whole sum.
        members_left: u16,
        /// Application messages that this client missed by falling behind, in all pages the same.
        missed_events: u32,
        /// Everyone else on this page.
        members: heapless::Vec<MemberState, SNAPSHOT_PAGE_MEMBERS>,
    }
}

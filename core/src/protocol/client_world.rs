//! Client and World: joining a room, and what happens in it.

use super::{Bytes, Direction, ErrorCode, HandshakeKey, JoinDenial, MemberNumber, MemberState};
use super::{
    EVENT_MAX_BYTES, INPUT_MAX_BYTES, NAME_MAX_BYTES, REFUSAL_MAX_BYTES, SNAPSHOT_PAGE_MEMBERS,
};
use super::{Position, RoomId, Text, Uid, Versions};
use super::{THING_MAX_BYTES, protocol};
use crate::wire::opcode::WORLD;

protocol! {
    /// From a client to a world.
    mod client_to_world in WORLD.client_to_server, hears world_to_client;

    /// The first message: answered by `JoinOk` or `JoinDenied`.
    1 join => Join {
        /// The versions that the client speaks.
        versions: Versions,
        /// Who.
        uid: Uid,
        /// The key that Main gave for this world; none on a link that was sealed with it.
        handshake_key: Option<HandshakeKey>,
        /// The game that the client was made for, by its fingerprint; 0 if that does not matter.
        fingerprint: u32,
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
        /// A number of the client's choice, which its broadcast or its refusal repeats.
        request: u32,
        /// What kind, in the game's own numbering.
        kind: u16,
        /// The game's own encoding.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }

    /// I am going, in good order.
    4 leave => Leave {}

    /// What I do at one of my ticks. Ordered; one whose number is not above the last is passed over.
    5 input => Input<'a> {
        /// Which tick, in the client's own numbering: from 1, and rising while it is in the room.
        tick: u32,
        /// Which of the game's own messages it is: what is behind the first opcode of its band to the game.
        kind: u8,
        /// That message's payload.
        #[serde(borrow)]
        data: Bytes<'a, INPUT_MAX_BYTES>,
    }

    /// A question to the game: it is answered by one [`GameAnswers`](super::super::world_to_client::GameAnswers), or
    /// not at all.
    6 ask_game => AskGame<'a> {
        /// A number of the client's choice, not 0, and of none that is under way.
        number: u32,
        /// For how long the client waits.
        timeout_ms: u32,
        /// Which of the game's own messages it is: what is behind the first opcode of its band to the game.
        kind: u8,
        /// That message's payload.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }

    /// What I have to say to a [`GameAsks`](super::super::world_to_client::GameAsks). If it is not under way any
    /// more, it is passed over.
    7 answer_game => AnswerGame<'a> {
        /// The question's number.
        number: u32,
        /// Why there is no answer: `REFUSED`, or `NOT_UNDERSTOOD`; 0 if there is one.
        reason: ErrorCode,
        /// The client's own number for why it refuses.
        code: u16,
        /// Which of the game's own messages the answer is, as of a question.
        kind: u8,
        /// That message's payload; empty if there is no answer.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }
}

protocol! {
    /// From a world to a client.
    mod world_to_client in WORLD.server_to_client;

    /// You are in. The members follow in [`RoomSnapshot`] pages.
    1 join_ok => JoinOk {
        /// The version that the connection speaks from here on.
        version: u16,
        /// Which room.
        room_id: RoomId,
        /// What you are called there; 0 for a spectator, who hears everything and is in nobody's way.
        number: MemberNumber,
        /// Where you stand.
        spawn_pos: Position,
        /// How many others are there.
        members: u16,
        /// Which way you face.
        spawn_dir: Direction,
        /// Your seat was held: you are who you were in this room, where you were.
        is_returned: bool,
    }

    /// You are not in, or not any more; the connection is closed behind it.
    2 join_denied => JoinDenied<'a> {
        /// Why.
        reason: JoinDenial,
        /// The game's own number for why; 0 if it has none.
        code: u16,
        /// The game's own words for why; empty if it has none.
        #[serde(borrow)]
        text: Text<'a, REFUSAL_MAX_BYTES>,
    }

    /// Somebody came in.
    3 user_entered => UserEntered {
        /// Who and where.
        member: MemberState,
    }

    /// Somebody left.
    4 user_left => UserLeft {
        /// Who.
        number: MemberNumber,
    }

    /// Somebody moved. Your own number: the game has put you there.
    5 move_broadcast => MoveBroadcast {
        /// Who.
        number: MemberNumber,
        /// Where it is now.
        pos: Position,
        /// Which way it faces.
        dir: Direction,
    }

    /// An application message, in the room's order, to everyone in it: its sender too.
    6 event_broadcast => EventBroadcast<'a> {
        /// Who sent it; 0 if the game itself did.
        number: MemberNumber,
        /// The number that its sender has given it; 0 if the game itself sent it.
        request: u32,
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

    /// An [`Event`](super::super::client_to_world::Event) of yours is not taken.
    8 event_refused => EventRefused {
        /// The event's number.
        request: u32,
        /// Why.
        reason: ErrorCode,
    }

    /// What a member is called by people: behind its entry, and behind the last page of a snapshot. Who has no
    /// name is not named.
    10 member_name => MemberName<'a> {
        /// Who; you are told your own name, too.
        number: MemberNumber,
        /// Its nickname, or its account's name; empty if it is back and has none any more.
        #[serde(borrow)]
        name: Text<'a, NAME_MAX_BYTES>,
    }

    /// Somebody's connection is lost, and its seat is held for a while. Said of everyone who is away behind a
    /// snapshot, too.
    11 user_away => UserAway {
        /// Who.
        number: MemberNumber,
    }

    /// Somebody who was away is back.
    12 user_back => UserBack {
        /// Who.
        number: MemberNumber,
    }

    /// A thing of the room is like that now. State: a newer one replaces it.
    13 thing_put => ThingPut<'a> {
        /// Which.
        id: u16,
        /// Which of the game's own messages it is: what is behind its band's first opcode.
        kind: u8,
        /// That message's payload.
        #[serde(borrow)]
        data: Bytes<'a, THING_MAX_BYTES>,
    }

    /// There is no such thing any more.
    14 thing_removed => ThingRemoved {
        /// Which.
        id: u16,
    }

    /// What the game tells of a member besides its place is like that now. State, as a thing.
    15 member_extra => MemberExtra<'a> {
        /// Who; you hear your own, too.
        number: MemberNumber,
        /// Which of the game's own messages it is, as of a thing.
        kind: u8,
        /// That message's payload.
        #[serde(borrow)]
        data: Bytes<'a, THING_MAX_BYTES>,
    }

    /// With this you have all things and member states of the room that a snapshot has made void. For games that
    /// have any.
    16 state_complete => StateComplete {}

    /// So far the room has got with your inputs, and there you are by them. State: the newest counts. Whoever says
    /// inputs is told of corrections in this way, too.
    17 input_ack => InputAck {
        /// The number of the newest input that was heard.
        tick: u32,
        /// Where you are.
        pos: Position,
        /// Which way you face.
        dir: Direction,
    }

    /// What the game has to say to an [`AskGame`](super::super::client_to_world::AskGame) of yours.
    18 game_answers => GameAnswers<'a> {
        /// The question's number.
        number: u32,
        /// Why there is no answer: `REFUSED`, `NOT_UNDERSTOOD`, or `BUSY`; 0 if there is one.
        reason: ErrorCode,
        /// The game's own number for why it refuses.
        code: u16,
        /// Which of the game's own messages the answer is, as of a thing.
        kind: u8,
        /// That message's payload; empty if there is no answer.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }

    /// A question of the game's to you: answer it with an [`AnswerGame`](super::super::client_to_world::AnswerGame).
    19 game_asks => GameAsks<'a> {
        /// Its number.
        number: u32,
        /// Which of the game's own messages it is, as of a thing.
        kind: u8,
        /// That message's payload.
        #[serde(borrow)]
        data: Bytes<'a, EVENT_MAX_BYTES>,
    }
}

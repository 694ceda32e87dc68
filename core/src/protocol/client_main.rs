//! Client and Main: who are you, which world, and chat.

use super::{
    ADDRESS_MAX_BYTES, ANNOUNCEMENT_MAX_BYTES, CHANNEL_MAX_BYTES, CHAT_MAX_BYTES,
    NICKNAME_MAX_BYTES,
};
use super::{CHAT_PAGE_MEMBERS, ErrorCode, HandshakeKey, KeyId, Seq, Text, Token, Uid, Versions};
use super::{REGION_MAX_BYTES, ROOM_MODE_MAX_BYTES, ROOM_PAGE_ROOMS, RoomLine, Wish, protocol};
use crate::wire::opcode::MAIN;

protocol! {
    /// From a client to Main.
    mod client_to_main in MAIN.client_to_server, hears main_to_client;

    /// The first message: answered by [`Welcome`](super::main_to_client::Welcome).
    1 hello => Hello<'a> {
        /// The versions that the client speaks.
        versions: Versions,
        /// The token of an earlier `Welcome`, to be the same user again.
        token: Option<Token>,
        /// What the user wants to be called; empty for nothing.
        #[serde(borrow)]
        nickname: Text<'a, NICKNAME_MAX_BYTES>,
    }

    /// Find me a world: answered by [`EnterWorldAck`](super::main_to_client::EnterWorldAck).
    2 enter_world_req => EnterWorldReq<'a> {
        /// The region's name; empty for any.
        #[serde(borrow)]
        region: Text<'a, REGION_MAX_BYTES>,
        /// Which room.
        #[serde(borrow)]
        wish: Wish<'a>,
    }

    /// Let me hear a channel.
    3 chat_join => ChatJoin<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
    }

    /// I have heard enough of a channel.
    4 chat_leave => ChatLeave<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
    }

    /// Say something in a channel.
    5 chat_say => ChatSay<'a> {
        /// A number of the client's choice, which its broadcast or its refusal repeats.
        request: u32,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }

    /// What was said in a channel before? Answered by
    /// [`ChatPast`](super::super::main_to_client::ChatPast) and
    /// [`ChatPastEnd`](super::super::main_to_client::ChatPastEnd).
    6 chat_history => ChatHistory<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the first message that is wanted.
        since: Seq,
    }

    /// Who is in a channel? Answered by one page,
    /// [`ChatMembers`](super::super::main_to_client::ChatMembers).
    7 chat_who => ChatWho<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The member that the page begins behind; nobody for the first page.
        after: Uid,
    }

    /// Which rooms are there? Answered by one page, [`RoomPage`](super::super::main_to_client::RoomPage).
    8 list_rooms_req => ListRoomsReq<'a> {
        /// The region's name; empty for any.
        #[serde(borrow)]
        region: Text<'a, REGION_MAX_BYTES>,
        /// Rooms of this mode; empty for any.
        #[serde(borrow)]
        mode: Text<'a, ROOM_MODE_MAX_BYTES>,
        /// The page before has said where this one begins; 0 for the first.
        after: u16,
    }
}

protocol! {
    /// From Main to a client.
    mod main_to_client in MAIN.server_to_client;

    /// You are this user.
    1 welcome => Welcome {
        /// The version that the connection speaks from here on.
        version: u16,
        /// The user's id.
        uid: Uid,
        /// Shown in the next `Hello` to be the same user again.
        token: Token,
    }

    /// Go there, and show this key: it works once, and not for long.
    2 enter_world_ack => EnterWorldAck<'a> {
        /// The world's `host:port`, behind `tcp://`, `tls://`, `ws://` or `wss://` if that is spoken there; else what you
        /// speak with Main.
        #[serde(borrow)]
        world_addr: Text<'a, ADDRESS_MAX_BYTES>,
        /// Whether the world takes sealed links: whoever can seals its own there with the key, where TLS does not.
        is_sealing: bool,
        /// For [`Join`](super::super::client_to_world::Join), or to seal the link with.
        handshake_key: HandshakeKey,
        /// What the key is called by in [`SecureClient`](super::super::client_to_listener::SecureClient).
        key_id: KeyId,
    }

    /// Somebody said something in a channel.
    3 chat_broadcast => ChatBroadcast<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The message's number in its channel.
        seq: Seq,
        /// Who.
        uid: Uid,
        /// The number that its sender has given it.
        request: u32,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }

    /// You are in a channel. What was said last follows as [`ChatPast`].
    4 chat_joined => ChatJoined<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// How many members it has, you among them.
        members: u16,
        /// The number of the oldest message of its history.
        oldest: Seq,
        /// The number that the next message will have, or a larger one.
        next_seq: Seq,
    }

    /// You are not in a channel any more.
    5 chat_left => ChatLeft<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Why: `GOODBYE` if you have asked for it.
        reason: ErrorCode,
    }

    /// What you wanted of a channel is refused.
    6 chat_refused => ChatRefused<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The opcode of what is refused.
        about: i32,
        /// The number of the `ChatSay` that is refused; 0 if it is something else.
        request: u32,
        /// Why.
        reason: ErrorCode,
    }

    /// Something that was said in a channel before.
    7 chat_past => ChatPast<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The message's number in its channel.
        seq: Seq,
        /// Who.
        uid: Uid,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }

    /// The end of what was said before.
    8 chat_past_end => ChatPastEnd<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the oldest message that is kept. If you have asked for older ones, they are lost.
        oldest: Seq,
        /// Where to go on asking.
        next_seq: Seq,
        /// Where the history ends; if it is not `next_seq`, there is more.
        end_seq: Seq,
    }

    /// You have fallen behind, or the chat server has: messages are missing here.
    9 chat_gap => ChatGap<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// How many; `u32::MAX` if nobody knows, and then maybe none.
        missed: u32,
        /// The number that the next message will have, or a larger one.
        next_seq: Seq,
    }

    /// Somebody came into a channel.
    10 chat_entered => ChatEntered<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uid: Uid,
    }

    /// Somebody left a channel.
    11 chat_exited => ChatExited<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uid: Uid,
    }

    /// Many came or left at once.
    12 chat_census => ChatCensus<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// How many members it has now.
        members: u16,
    }

    /// One page of a channel's members.
    13 chat_members => ChatMembers<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uids: heapless::Vec<Uid, CHAT_PAGE_MEMBERS>,
        /// Whom the next page begins behind; nobody if this is the last one.
        next_after: Uid,
    }

    /// One page of the rooms that are listed.
    14 room_page => RoomPage<'a> {
        /// The rooms.
        #[serde(borrow)]
        rooms: heapless::Vec<RoomLine<'a>, ROOM_PAGE_ROOMS>,
        /// Where the next page begins; 0 if this is the last one.
        next_after: u16,
    }

    /// Your room is in another world now, and your seat is held there: go there, and show this key. Whoever does not
    /// know this hears of it by `MOVED`, the end of its connection to the former one, and asks for a world.
    15 moved => Moved<'a> {
        /// The world's address, as in [`EnterWorldAck`].
        #[serde(borrow)]
        world_addr: Text<'a, ADDRESS_MAX_BYTES>,
        /// Whether the world takes sealed links.
        is_sealing: bool,
        /// For [`Join`](super::super::client_to_world::Join), or to seal the link with.
        handshake_key: HandshakeKey,
        /// What the key is called by.
        key_id: KeyId,
    }

    /// The realm has several Mains: one of their list, which is said behind `Welcome`, and whenever it is another one. If
    /// this one is lost, say hello to another. Whoever does not know this passes over it.
    16 main_address => MainAddress<'a> {
        /// Its place in the list. The first one begins the list anew.
        index: u16,
        /// How many there are.
        count: u16,
        /// Whether it is the one that says this.
        is_here: bool,
        /// Where it is, as in [`EnterWorldAck`].
        #[serde(borrow)]
        addr: Text<'a, ADDRESS_MAX_BYTES>,
    }

    /// Whoever runs the realm says this to everybody. Whoever does not know it passes over it.
    17 announced => Announced<'a> {
        /// What: a line to show.
        #[serde(borrow)]
        text: Text<'a, ANNOUNCEMENT_MAX_BYTES>,
    }
}

//! Client and Main: who are you, which world, and chat.

use super::{ADDRESS_MAX_BYTES, CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, REGION_MAX_BYTES, protocol};
use super::{HandshakeKey, Text, Token, Uid};
use crate::wire::opcode::MAIN;

/// The protocol version that this code speaks.
pub const CLIENT_VERSION: u16 = 1;

protocol! {
    /// From a client to Main.
    mod client_to_main in MAIN.client_to_server;

    /// The first message: answered by [`Welcome`](super::main_to_client::Welcome).
    1 hello => Hello {
        /// The protocol version that the client speaks: 1.
        client_version: u16,
        /// The token of an earlier `Welcome`, to be the same user again.
        token: Option<Token>,
    }

    /// Find me a world: answered by [`EnterWorldAck`](super::main_to_client::EnterWorldAck).
    2 enter_world_req => EnterWorldReq<'a> {
        /// The region's name; empty for any.
        #[serde(borrow)]
        region: Text<'a, REGION_MAX_BYTES>,
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
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }
}

protocol! {
    /// From Main to a client.
    mod main_to_client in MAIN.server_to_client;

    /// You are this user.
    1 welcome => Welcome {
        /// The user's id.
        uid: Uid,
        /// Shown in the next `Hello` to be the same user again.
        token: Token,
    }

    /// Go there, and show this key: it works once, and not for long.
    2 enter_world_ack => EnterWorldAck<'a> {
        /// The world's `host:port`.
        #[serde(borrow)]
        world_addr: Text<'a, ADDRESS_MAX_BYTES>,
        /// For [`Join`](super::super::client_to_world::Join).
        handshake_key: HandshakeKey,
    }

    /// Somebody said something in a channel.
    3 chat_broadcast => ChatBroadcast<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The message's number in its channel.
        seq: u32,
        /// Who.
        uid: Uid,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }
}

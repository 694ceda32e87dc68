//! The messages of every link, one file a link.
//!
//! Purpose: `protocol!` turns one definition into the message structs, their opcodes, a typed
//! [`Proxy`](client_to_main::Proxy) to send them, a [`Stub`](client_to_main::Stub) trait to receive
//! them, the dispatch from frame to stub, and a schema for documentation and other languages.
//!
//! Contract: payloads are `postcard`; a payload that does not decode, or decodes with bytes left
//! over, or has a number in a longer form than it needs, is malformed. An opcode that the direction does not have is unknown, which is not an error.
//!
//! Bounds: every text and list inside a message has a length limit in its type.
//!
//! ```
//! use tinyrealm_core::protocol::{Message, client_to_world::Leave, encode_frame};
//! let mut out = [0; 16];
//! let used = encode_frame(&Leave {}, &mut out).unwrap();
//! assert_eq!(out[..used], [4, 0, 0x04, 0x20, 0, 0]);
//! assert_eq!(Leave::OPCODE.0, 0x2004);
//! ```

mod client_login;
mod client_main;
mod client_world;
mod cluster;
mod codec;
mod codes;
mod common;
mod decoder;
mod ending;
mod fingerprint;
#[cfg(test)]
pub(crate) mod golden;
mod macros;
mod main_chat;
mod main_login;
mod message;
mod outlook;
mod packet;
mod place;
mod rooms;
pub mod schema;
mod types;
mod words;
mod world_main;

pub use client_login::{client_to_login, login_to_client};
pub use client_main::{client_to_main, main_to_client};
pub use client_world::{client_to_world, world_to_client};
pub use cluster::{client_to_listener, dialer_to_listener, listener_to_client, listener_to_dialer};
#[doc(hidden)]
pub use codec::hand_over;
pub use codec::{DecodePayload, EncodePayload, Postcard, Raw, RawMessage};
pub use common::{ErrorCode, JoinDenial, LoginDenial, MoveWord, ServerKind, WishKind, either_way};
pub use main_chat::{chat_to_main, main_to_chat};
pub use main_login::{login_to_main, main_to_login};
#[cfg(feature = "moving")]
pub(crate) use message::take_first;
pub use message::{
    Dispatched, Encode, FieldSchema, FrameSink, LinkSchema, Message, MessageSchema, SendError,
    decode, encode_body, encode_frame, take,
};
pub use outlook::Outlook;
pub(crate) use packet::Packet;
pub use place::{is_address, is_place};
pub use rooms::{
    OwnedWish, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_OPTIONS_MAX_BYTES, ROOM_PAGE_ROOMS,
    ROOM_PROPERTIES_MAX_BYTES, ROOM_SECRET_MAX_BYTES, RoomLine, Wish, is_room_mode, is_room_name,
};
pub use types::{
    Bytes, ClaimNumber, Direction, HandshakeKey, KeyId, MemberNumber, MemberState, Nonce,
    PASSWORD_MAX_BYTES, Password, Position, Proof, Revision, Revocation, RoomId, SealKey,
    SealedStart, Seq, Text, Token, Uid, Versions, WorldId,
};
pub use world_main::{main_to_world, world_to_main};

pub(crate) use crate::protocol;

/// For the structs that `protocol!` makes in other crates.
#[doc(hidden)]
pub use serde;

/// The longest region name, in bytes.
pub const REGION_MAX_BYTES: usize = 16;
/// The longest `host:port` text, in bytes.
pub const ADDRESS_MAX_BYTES: usize = 64;
/// The most Mains of a realm that clients and worlds are told of.
pub const MAIN_LIST_MAX: usize = 8;
/// The longest id of an account, in bytes.
pub const ACCOUNT_MAX_BYTES: usize = 32;
/// The longest name that a user may give itself, in bytes.
pub const NICKNAME_MAX_BYTES: usize = 24;
/// The longest name that members see of each other, in bytes: a nickname or an account's.
pub const NAME_MAX_BYTES: usize = 32;
/// The longest words of a game for why somebody is not let in, in bytes.
pub const REFUSAL_MAX_BYTES: usize = 64;
/// The longest chat channel name, in bytes.
pub const CHANNEL_MAX_BYTES: usize = 24;
/// The longest chat message, in bytes.
pub const CHAT_MAX_BYTES: usize = 256;
/// The longest announcement of whoever runs a realm.
pub const ANNOUNCEMENT_MAX_BYTES: usize = 256;
/// Members on one page of a channel's members.
pub const CHAT_PAGE_MEMBERS: usize = 32;
/// Chat servers of one realm.
pub const CHAT_SERVERS_MAX: usize = 8;
/// The longest application message of a room, in bytes.
pub const EVENT_MAX_BYTES: usize = 256;
/// The longest thing of a room, and the longest state of a member, in bytes.
pub const THING_MAX_BYTES: usize = 128;
/// Bytes of an [`Input`](client_to_world::Input).
pub const INPUT_MAX_BYTES: usize = 64;
/// Members on one page of a room's snapshot.
pub const SNAPSHOT_PAGE_MEMBERS: usize = 16;
/// Users on one page of a world's report to Main.
pub const USER_PAGE_USERS: usize = 32;
/// The longest block of a room that moves to another world, in bytes.
pub const ROOM_BLOCK_BYTES: usize = 448;
/// Users on one page of those whom Login has revoked.
pub const REVOCATION_PAGE: usize = 16;

/// Every direction of every link, for documentation and generators.
pub const SCHEMAS: [&LinkSchema; 17] = [
    &either_way::SCHEMA,
    &dialer_to_listener::SCHEMA,
    &listener_to_dialer::SCHEMA,
    &client_to_listener::SCHEMA,
    &listener_to_client::SCHEMA,
    &client_to_main::SCHEMA,
    &main_to_client::SCHEMA,
    &client_to_world::SCHEMA,
    &world_to_client::SCHEMA,
    &world_to_main::SCHEMA,
    &main_to_world::SCHEMA,
    &client_to_login::SCHEMA,
    &login_to_client::SCHEMA,
    &main_to_login::SCHEMA,
    &login_to_main::SCHEMA,
    &chat_to_main::SCHEMA,
    &main_to_chat::SCHEMA,
];

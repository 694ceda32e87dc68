//! Chat at Main: its users' channels, and the links to the chat servers.
//!
//! Purpose: forwards what clients want of channels to the chat server, which owns them, and fans out
//! what comes back: one copy for all members, in a broadcast ring a channel, as rooms have it. A
//! member of a channel is a cursor into its ring; a user's memberships form a circle, and the one
//! whose turn it is goes to the socket next, so that a busy channel does not silence the others.
//!
//! Contract: what is accepted is delivered to every member in the order of its numbers, or its loss
//! is announced ([`ChatGap`](crate::protocol::main_to_client::ChatGap)). After `ChatLeft` nothing
//! more of a channel comes. While the chat server is away, requests are refused and memberships
//! stay; when it is back, they are resumed, and clients do nothing.
//!
//! Bounds: channels, memberships and ring bytes are what the storage lends. Work is O(memberships of
//! a user) a request, O(members of a channel) a flush, O(memberships) for the end of the link.

mod circle;
mod client_link;
mod fan_out;
mod hub;
mod link;
mod owners;
mod pace;
mod requests;
mod resuming;
mod server_link;
mod waiting;

pub use hub::{ChatHub, LocalChannel, LocalMember, MainChatStats, MainChatStorage};
pub use link::ChatLink;

use crate::protocol::{CHANNEL_MAX_BYTES, CHAT_MAX_BYTES};
use crate::wire::framing::MESSAGE_EXTRA_BYTES;
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{PacketHeader, VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};

/// The longest frame of a channel: prefix, name, number, uid, its sender's number, text.
pub const CHAT_FRAME_MAX_BYTES: usize = PacketHeader::BYTES
    + OPCODE_BYTES
    + (1 + CHANNEL_MAX_BYTES)
    + 2 * VARINT_U53_MAX_BYTES
    + VARINT_U32_MAX_BYTES
    + (2 + CHAT_MAX_BYTES);

/// The least bytes of a channel's ring, a power of two: a gap and a message, wherever a lap ends.
pub const CHANNEL_RING_MIN_BYTES: usize =
    (3 * (CHAT_FRAME_MAX_BYTES + MESSAGE_EXTRA_BYTES)).next_power_of_two();

/// What users may do in channels, and how Main keeps to its chat server.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ChatPolicy {
    /// Channels that one user may be in.
    pub channels_per_user: u16,
    /// Channels that have a place whatever else there is.
    pub reserved: &'static [&'static str],
    /// The longest message, in bytes.
    pub message_bytes: u16,
    /// Messages and questions of one user a second, in the long run.
    pub requests_per_second: u16,
    /// Messages and questions of one user at once.
    pub request_burst: u16,
    /// How long messages wait for each other, on their way to the chat server and to members. One that
    /// comes after a pause goes at once; 0 to send after every turn.
    pub flush_interval_ms: u32,
    /// The first wait before another attempt to reach the chat server.
    pub reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach the chat server.
    pub reconnect_most_ms: u32,
}

impl ChatPolicy {
    /// What a server starts with.
    pub const DEFAULT: Self = Self {
        channels_per_user: 8,
        reserved: &[],
        message_bytes: CHAT_MAX_BYTES as u16,
        requests_per_second: 5,
        request_burst: 10,
        flush_interval_ms: 20,
        reconnect_first_ms: 200,
        reconnect_most_ms: 5_000,
    };
}

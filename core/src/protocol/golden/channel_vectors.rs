//! The vectors of channels between clients and Main.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_UID, OTHER, longest_text, text};
use super::{Vector, golden};
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::main_to_client::{
    Announced, ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined, ChatLeft, ChatMembers,
    ChatPast, ChatPastEnd, ChatRefused,
};
use crate::protocol::{ErrorCode, Seq, Uid};

/// Every one of them, checked.
pub(super) fn all() -> Vec<Vector> {
    [asking_and_joining(), what_was_said(), who_is_there()].into_iter().flatten().collect()
}

fn asking_and_joining() -> Vec<Vector> {
    vec![
        golden(ChatHistory { channel: text("lobby"), since: Seq::first_of(3).plus(129) }),
        golden(ChatHistory { channel: longest_text("c"), since: Seq::MAX }),
        golden(ChatWho { channel: text("lobby"), after: Uid::NOBODY }),
        golden(ChatWho { channel: longest_text("c"), after: LAST_UID }),
        golden(ChatJoined {
            channel: text("lobby"),
            members: 3,
            oldest: Seq::first_of(3).plus(1),
            next_seq: Seq::first_of(3).plus(129),
        }),
        golden(ChatJoined {
            channel: longest_text("c"),
            members: u16::MAX,
            oldest: Seq::MAX,
            next_seq: Seq::MAX,
        }),
        golden(ChatLeft { channel: text("lobby"), reason: ErrorCode::GOODBYE }),
        golden(ChatLeft { channel: longest_text("c"), reason: ErrorCode(u16::MAX) }),
    ]
}

fn what_was_said() -> Vec<Vector> {
    vec![
        golden(ChatRefused {
            channel: text("lobby"),
            about: ChatSay::OPCODE.0,
            request: 7,
            reason: ErrorCode::CHAT_UNAVAILABLE,
        }),
        golden(ChatRefused {
            channel: longest_text("c"),
            about: i32::MIN,
            request: u32::MAX,
            reason: ErrorCode(u16::MAX),
        }),
        golden(ChatPast {
            channel: text("lobby"),
            seq: Seq::first_of(3).plus(128),
            uid: GUEST,
            msg: text("hello"),
        }),
        golden(ChatPast {
            channel: longest_text("c"),
            seq: Seq::MAX,
            uid: LAST_UID,
            msg: longest_text("m"),
        }),
        golden(ChatPastEnd {
            channel: text("lobby"),
            oldest: Seq::first_of(3).plus(1),
            next_seq: Seq::first_of(3).plus(129),
            end_seq: Seq::first_of(3).plus(129),
        }),
        golden(ChatPastEnd {
            channel: longest_text("c"),
            oldest: Seq::MAX,
            next_seq: Seq::MAX,
            end_seq: Seq::MAX,
        }),
        golden(ChatGap { channel: text("lobby"), missed: 7, next_seq: Seq::first_of(3).plus(136) }),
        golden(ChatGap { channel: longest_text("c"), missed: u32::MAX, next_seq: Seq::MAX }),
        golden(Announced { text: text("closing at ten") }),
        golden(Announced { text: longest_text("a") }),
    ]
}

fn who_is_there() -> Vec<Vector> {
    vec![
        golden(ChatEntered { channel: text("lobby"), uid: OTHER }),
        golden(ChatEntered { channel: longest_text("c"), uid: LAST_UID }),
        golden(ChatExited { channel: text("lobby"), uid: OTHER }),
        golden(ChatExited { channel: longest_text("c"), uid: LAST_UID }),
        golden(ChatCensus { channel: text("lobby"), members: 300 }),
        golden(ChatCensus { channel: longest_text("c"), members: u16::MAX }),
        golden(ChatMembers {
            channel: text("lobby"),
            uids: [Uid(1), GUEST].into_iter().collect(),
            next_after: Uid::NOBODY,
        }),
        golden(ChatMembers {
            channel: longest_text("c"),
            uids: [LAST_UID; 32].into_iter().collect(),
            next_after: LAST_UID,
        }),
    ]
}

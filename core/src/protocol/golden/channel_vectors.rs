//! The vectors of channels between clients and Main.

use std::vec;
use std::vec::Vec;

use super::vectors::{GUEST, LAST_UID, OTHER, longest_text, text};
use super::{Vector, golden};
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::main_to_client::{
    ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined, ChatLeft, ChatMembers, ChatPast,
    ChatPastEnd, ChatRefused,
};
use crate::protocol::{ErrorCode, Uid};

/// Every one of them, checked.
pub(super) fn all() -> Vec<Vector> {
    [asking_and_joining(), what_was_said(), who_is_there()].into_iter().flatten().collect()
}

fn asking_and_joining() -> Vec<Vector> {
    vec![
        golden(
            ChatHistory { channel: text("lobby"), since: 129 },
            "0c 00 | 06 10 00 00 | 05 6c 6f 62 62 79 81 01",
        ),
        golden(
            ChatHistory { channel: longest_text("c"), since: u32::MAX },
            "22 00 | 06 10 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            ChatWho { channel: text("lobby"), after: Uid::NOBODY },
            "0b 00 | 07 10 00 00 | 05 6c 6f 62 62 79 00",
        ),
        golden(
            ChatWho { channel: longest_text("c"), after: LAST_UID },
            "22 00 | 07 10 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            ChatJoined { channel: text("lobby"), members: 3, oldest: 1, next_seq: 129 },
            "0e 00 | 04 11 00 00 | 05 6c 6f 62 62 79 03 01 81 01",
        ),
        golden(
            ChatJoined {
                channel: longest_text("c"),
                members: u16::MAX,
                oldest: u32::MAX,
                next_seq: u32::MAX,
            },
            "2a 00 | 04 11 00 00 | 18 (63)*24 ff ff 03 ff ff ff ff 0f ff ff ff ff 0f",
        ),
        golden(
            ChatLeft { channel: text("lobby"), reason: ErrorCode::GOODBYE },
            "0b 00 | 05 11 00 00 | 05 6c 6f 62 62 79 14",
        ),
        golden(
            ChatLeft { channel: longest_text("c"), reason: ErrorCode(u16::MAX) },
            "20 00 | 05 11 00 00 | 18 (63)*24 ff ff 03",
        ),
    ]
}

fn what_was_said() -> Vec<Vector> {
    vec![
        golden(
            ChatRefused {
                channel: text("lobby"),
                about: ChatSay::OPCODE.0,
                reason: ErrorCode::CHAT_UNAVAILABLE,
            },
            "0d 00 | 06 11 00 00 | 05 6c 6f 62 62 79 8a 40 11",
        ),
        golden(
            ChatRefused {
                channel: longest_text("c"),
                about: i32::MIN,
                reason: ErrorCode(u16::MAX),
            },
            "25 00 | 06 11 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff 03",
        ),
        golden(
            ChatPast { channel: text("lobby"), seq: 128, uid: GUEST, msg: text("hello") },
            "17 00 | 07 11 00 00 | 05 6c 6f 62 62 79 80 01 87 80 80 80 08 05 68 65 6c 6c 6f",
        ),
        golden(
            ChatPast {
                channel: longest_text("c"),
                seq: u32::MAX,
                uid: LAST_UID,
                msg: longest_text("m"),
            },
            "29 01 | 07 11 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f 80 02 (6d)*256",
        ),
        golden(
            ChatPastEnd { channel: text("lobby"), next_seq: 129, end_seq: 129 },
            "0e 00 | 08 11 00 00 | 05 6c 6f 62 62 79 81 01 81 01",
        ),
        golden(
            ChatPastEnd { channel: longest_text("c"), next_seq: u32::MAX, end_seq: u32::MAX },
            "27 00 | 08 11 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f",
        ),
        golden(
            ChatGap { channel: text("lobby"), missed: 7, next_seq: 136 },
            "0d 00 | 09 11 00 00 | 05 6c 6f 62 62 79 07 88 01",
        ),
        golden(
            ChatGap { channel: longest_text("c"), missed: u32::MAX, next_seq: u32::MAX },
            "27 00 | 09 11 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f",
        ),
    ]
}

fn who_is_there() -> Vec<Vector> {
    vec![
        golden(
            ChatEntered { channel: text("lobby"), uid: OTHER },
            "0f 00 | 0a 11 00 00 | 05 6c 6f 62 62 79 88 80 80 80 08",
        ),
        golden(
            ChatEntered { channel: longest_text("c"), uid: LAST_UID },
            "22 00 | 0a 11 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            ChatExited { channel: text("lobby"), uid: OTHER },
            "0f 00 | 0b 11 00 00 | 05 6c 6f 62 62 79 88 80 80 80 08",
        ),
        golden(
            ChatExited { channel: longest_text("c"), uid: LAST_UID },
            "22 00 | 0b 11 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            ChatCensus { channel: text("lobby"), members: 300 },
            "0c 00 | 0c 11 00 00 | 05 6c 6f 62 62 79 ac 02",
        ),
        golden(
            ChatCensus { channel: longest_text("c"), members: u16::MAX },
            "20 00 | 0c 11 00 00 | 18 (63)*24 ff ff 03",
        ),
        golden(
            ChatMembers {
                channel: text("lobby"),
                uids: [Uid(1), GUEST].into_iter().collect(),
                next_after: Uid::NOBODY,
            },
            "12 00 | 0d 11 00 00 | 05 6c 6f 62 62 79 02 01 87 80 80 80 08 00",
        ),
        golden(
            ChatMembers {
                channel: longest_text("c"),
                uids: [LAST_UID; 32].into_iter().collect(),
                next_after: LAST_UID,
            },
            "c3 00 | 0d 11 00 00 | 18 (63)*24 20 (ff ff ff ff 0f)*32 ff ff ff ff 0f",
        ),
    ]
}

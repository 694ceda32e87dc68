//! The vectors of channels between Main and the chat server.

use std::vec;
use std::vec::Vec;

use super::vectors::{GUEST, LAST_UID, OTHER, longest_text, text};
use super::{Vector, golden};
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Past, PastEnd,
    Refused, Removed, ResumeDenied, Resumed,
};
use crate::protocol::client_to_main::ChatSay;
use crate::protocol::main_to_chat::{
    AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Resume, Say,
};
use crate::protocol::{ErrorCode, Uid};

/// Every one of them, checked.
pub(super) fn all() -> Vec<Vector> {
    let links =
        [admission(), what_is_said(), coming_and_going(), members_and_resuming(), main_to_chat()];
    links.into_iter().flatten().collect()
}

fn admission() -> Vec<Vector> {
    vec![
        golden(Opened {}, "04 00 | 01 42 00 00"),
        golden(
            Joined {
                uid: GUEST,
                channel: text("lobby"),
                attempt: 1,
                members: 3,
                oldest: 1,
                next_seq: 129,
            },
            "14 00 | 02 42 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 01 03 01 81 01",
        ),
        golden(
            Joined {
                uid: LAST_UID,
                channel: longest_text("c"),
                attempt: u32::MAX,
                members: u16::MAX,
                oldest: u32::MAX,
                next_seq: u32::MAX,
            },
            "34 00 | 02 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f ff ff 03 ff ff ff ff 0f ff ff ff ff 0f",
        ),
        golden(
            ChannelDenied {
                uid: GUEST,
                channel: text("lobby"),
                attempt: 1,
                reason: ErrorCode::CHANNEL_FULL,
            },
            "11 00 | 03 42 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 01 21",
        ),
        golden(
            ChannelDenied {
                uid: LAST_UID,
                channel: longest_text("c"),
                attempt: u32::MAX,
                reason: ErrorCode(u16::MAX),
            },
            "2a 00 | 03 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f ff ff 03",
        ),
        golden(
            Removed { uid: GUEST, channel: text("lobby"), reason: ErrorCode::REPLACED },
            "10 00 | 04 42 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 08",
        ),
        golden(
            Removed { uid: LAST_UID, channel: longest_text("c"), reason: ErrorCode(u16::MAX) },
            "25 00 | 04 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff 03",
        ),
    ]
}

fn what_is_said() -> Vec<Vector> {
    vec![
        golden(
            Broadcast { channel: text("lobby"), seq: 129, uid: GUEST, msg: text("hello") },
            "17 00 | 05 42 00 00 | 05 6c 6f 62 62 79 81 01 87 80 80 80 08 05 68 65 6c 6c 6f",
        ),
        golden(
            Broadcast {
                channel: longest_text("c"),
                seq: u32::MAX,
                uid: LAST_UID,
                msg: longest_text("m"),
            },
            "29 01 | 05 42 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f 80 02 (6d)*256",
        ),
        golden(
            Refused {
                uid: GUEST,
                channel: text("lobby"),
                about: ChatSay::OPCODE.0,
                reason: ErrorCode::NOT_IN_CHANNEL,
            },
            "12 00 | 06 42 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 8a 40 1e",
        ),
        golden(
            Refused {
                uid: LAST_UID,
                channel: longest_text("c"),
                about: i32::MIN,
                reason: ErrorCode(u16::MAX),
            },
            "2a 00 | 06 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f ff ff 03",
        ),
        golden(
            Past { to: OTHER, channel: text("lobby"), seq: 128, uid: GUEST, msg: text("hello") },
            "1c 00 | 07 42 00 00 | 88 80 80 80 08 05 6c 6f 62 62 79 80 01 87 80 80 80 08 05 68 65 6c 6c 6f",
        ),
        golden(
            Past {
                to: LAST_UID,
                channel: longest_text("c"),
                seq: u32::MAX,
                uid: LAST_UID,
                msg: longest_text("m"),
            },
            "2e 01 | 07 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f 80 02 (6d)*256",
        ),
        golden(
            PastEnd { to: OTHER, channel: text("lobby"), next_seq: 129, end_seq: 129 },
            "13 00 | 08 42 00 00 | 88 80 80 80 08 05 6c 6f 62 62 79 81 01 81 01",
        ),
    ]
}

fn coming_and_going() -> Vec<Vector> {
    vec![
        golden(
            PastEnd {
                to: LAST_UID,
                channel: longest_text("c"),
                next_seq: u32::MAX,
                end_seq: u32::MAX,
            },
            "2c 00 | 08 42 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f",
        ),
        golden(
            Entered { channel: text("lobby"), uid: OTHER },
            "0f 00 | 09 42 00 00 | 05 6c 6f 62 62 79 88 80 80 80 08",
        ),
        golden(
            Entered { channel: longest_text("c"), uid: LAST_UID },
            "22 00 | 09 42 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            Exited { channel: text("lobby"), uid: OTHER },
            "0f 00 | 0a 42 00 00 | 05 6c 6f 62 62 79 88 80 80 80 08",
        ),
        golden(
            Exited { channel: longest_text("c"), uid: LAST_UID },
            "22 00 | 0a 42 00 00 | 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            Census { channel: text("lobby"), members: 300 },
            "0c 00 | 0b 42 00 00 | 05 6c 6f 62 62 79 ac 02",
        ),
        golden(
            Census { channel: longest_text("c"), members: u16::MAX },
            "20 00 | 0b 42 00 00 | 18 (63)*24 ff ff 03",
        ),
    ]
}

fn members_and_resuming() -> Vec<Vector> {
    vec![
        golden(
            MemberPage {
                to: OTHER,
                channel: text("lobby"),
                uids: [Uid(1), GUEST].into_iter().collect(),
                next_after: Uid::NOBODY,
            },
            "17 00 | 0c 42 00 00 | 88 80 80 80 08 05 6c 6f 62 62 79 02 01 87 80 80 80 08 00",
        ),
        golden(
            MemberPage {
                to: LAST_UID,
                channel: longest_text("c"),
                uids: [LAST_UID; 32].into_iter().collect(),
                next_after: LAST_UID,
            },
            "c8 00 | 0c 42 00 00 | ff ff ff ff 0f 18 (63)*24 20 (ff ff ff ff 0f)*32 ff ff ff ff 0f",
        ),
        golden(
            Resumed { channel: text("lobby"), next_seq: 129, missed: 0, members: 3 },
            "0e 00 | 0d 42 00 00 | 05 6c 6f 62 62 79 81 01 00 03",
        ),
        golden(
            Resumed {
                channel: longest_text("c"),
                next_seq: u32::MAX,
                missed: u32::MAX,
                members: u16::MAX,
            },
            "2a 00 | 0d 42 00 00 | 18 (63)*24 ff ff ff ff 0f ff ff ff ff 0f ff ff 03",
        ),
        golden(
            ResumeDenied { channel: text("lobby"), reason: ErrorCode::CHANNELS_FULL },
            "0b 00 | 0e 42 00 00 | 05 6c 6f 62 62 79 22",
        ),
        golden(
            ResumeDenied { channel: longest_text("c"), reason: ErrorCode(u16::MAX) },
            "20 00 | 0e 42 00 00 | 18 (63)*24 ff ff 03",
        ),
    ]
}

fn main_to_chat() -> Vec<Vector> {
    vec![
        golden(Open {}, "04 00 | 01 43 00 00"),
        golden(
            JoinChannel { uid: GUEST, channel: text("lobby"), attempt: 1 },
            "10 00 | 02 43 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 01",
        ),
        golden(
            JoinChannel { uid: LAST_UID, channel: longest_text("c"), attempt: u32::MAX },
            "27 00 | 02 43 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            LeaveChannel { uid: GUEST, channel: text("lobby") },
            "0f 00 | 03 43 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79",
        ),
        golden(
            LeaveChannel { uid: LAST_UID, channel: longest_text("c") },
            "22 00 | 03 43 00 00 | ff ff ff ff 0f 18 (63)*24",
        ),
        golden(
            Say { uid: GUEST, channel: text("lobby"), msg: text("hello") },
            "15 00 | 04 43 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 05 68 65 6c 6c 6f",
        ),
        golden(
            Say { uid: LAST_UID, channel: longest_text("c"), msg: longest_text("m") },
            "24 01 | 04 43 00 00 | ff ff ff ff 0f 18 (63)*24 80 02 (6d)*256",
        ),
        golden(
            AskPast { uid: GUEST, channel: text("lobby"), since: 129 },
            "11 00 | 05 43 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 81 01",
        ),
        golden(
            AskPast { uid: LAST_UID, channel: longest_text("c"), since: u32::MAX },
            "27 00 | 05 43 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            AskMembers { uid: GUEST, channel: text("lobby"), after: Uid::NOBODY },
            "10 00 | 06 43 00 00 | 87 80 80 80 08 05 6c 6f 62 62 79 00",
        ),
        golden(
            AskMembers { uid: LAST_UID, channel: longest_text("c"), after: LAST_UID },
            "27 00 | 06 43 00 00 | ff ff ff ff 0f 18 (63)*24 ff ff ff ff 0f",
        ),
        golden(
            Resume {
                channel: text("lobby"),
                since: 128,
                uids: [Uid(1), GUEST].into_iter().collect(),
            },
            "13 00 | 07 43 00 00 | 05 6c 6f 62 62 79 80 01 02 01 87 80 80 80 08",
        ),
        golden(
            Resume {
                channel: longest_text("c"),
                since: u32::MAX,
                uids: [LAST_UID; 32].into_iter().collect(),
            },
            "c3 00 | 07 43 00 00 | 18 (63)*24 ff ff ff ff 0f 20 (ff ff ff ff 0f)*32",
        ),
    ]
}

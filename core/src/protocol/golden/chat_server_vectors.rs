//! The vectors of channels between Main and the chat server.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_UID, OTHER, longest_text, text};
use super::{Vector, golden};
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Past, PastEnd,
    Refused, Removed, ResumeDenied, Resumed,
};
use crate::protocol::client_to_main::ChatSay;
use crate::protocol::main_to_chat::{
    AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Owners, Resume, Say,
};
use crate::protocol::{ClaimNumber, ErrorCode, Seq, Uid};

/// Every one of them, checked.
pub(super) fn all() -> Vec<Vector> {
    let links =
        [admission(), what_is_said(), coming_and_going(), members_and_resuming(), main_to_chat()];
    links.into_iter().flatten().collect()
}

fn admission() -> Vec<Vector> {
    vec![
        golden(Opened { instance: 300 }),
        golden(Joined {
            uid: GUEST,
            channel: text("lobby"),
            attempt: 1,
            members: 3,
            oldest: Seq::first_of(3).plus(1),
            next_seq: Seq::first_of(3).plus(129),
        }),
        golden(Joined {
            uid: LAST_UID,
            channel: longest_text("c"),
            attempt: u32::MAX,
            members: u16::MAX,
            oldest: Seq::MAX,
            next_seq: Seq::MAX,
        }),
        golden(ChannelDenied {
            uid: GUEST,
            channel: text("lobby"),
            attempt: 1,
            reason: ErrorCode::CHANNEL_FULL,
        }),
        golden(ChannelDenied {
            uid: LAST_UID,
            channel: longest_text("c"),
            attempt: u32::MAX,
            reason: ErrorCode(u16::MAX),
        }),
        golden(Removed { uid: GUEST, channel: text("lobby"), reason: ErrorCode::REPLACED }),
        golden(Removed { uid: LAST_UID, channel: longest_text("c"), reason: ErrorCode(u16::MAX) }),
    ]
}

fn what_is_said() -> Vec<Vector> {
    vec![
        golden(Broadcast {
            channel: text("lobby"),
            seq: Seq::first_of(3).plus(129),
            uid: GUEST,
            request: 7,
            msg: text("hello"),
        }),
        golden(Broadcast {
            channel: longest_text("c"),
            seq: Seq::MAX,
            uid: LAST_UID,
            request: u32::MAX,
            msg: longest_text("m"),
        }),
        golden(Refused {
            uid: GUEST,
            channel: text("lobby"),
            about: ChatSay::OPCODE.0,
            request: 7,
            reason: ErrorCode::NOT_IN_CHANNEL,
        }),
        golden(Refused {
            uid: LAST_UID,
            channel: longest_text("c"),
            about: i32::MIN,
            request: u32::MAX,
            reason: ErrorCode(u16::MAX),
        }),
        golden(Past {
            to: OTHER,
            channel: text("lobby"),
            seq: Seq::first_of(3).plus(128),
            uid: GUEST,
            msg: text("hello"),
        }),
        golden(Past {
            to: LAST_UID,
            channel: longest_text("c"),
            seq: Seq::MAX,
            uid: LAST_UID,
            msg: longest_text("m"),
        }),
        golden(PastEnd {
            to: OTHER,
            channel: text("lobby"),
            oldest: Seq::first_of(3).plus(1),
            next_seq: Seq::first_of(3).plus(129),
            end_seq: Seq::first_of(3).plus(129),
        }),
    ]
}

fn coming_and_going() -> Vec<Vector> {
    vec![
        golden(PastEnd {
            to: LAST_UID,
            channel: longest_text("c"),
            oldest: Seq::MAX,
            next_seq: Seq::MAX,
            end_seq: Seq::MAX,
        }),
        golden(Entered { channel: text("lobby"), uid: OTHER }),
        golden(Entered { channel: longest_text("c"), uid: LAST_UID }),
        golden(Exited { channel: text("lobby"), uid: OTHER }),
        golden(Exited { channel: longest_text("c"), uid: LAST_UID }),
        golden(Census { channel: text("lobby"), members: 300 }),
        golden(Census { channel: longest_text("c"), members: u16::MAX }),
    ]
}

fn members_and_resuming() -> Vec<Vector> {
    vec![
        golden(MemberPage {
            to: OTHER,
            channel: text("lobby"),
            uids: [Uid(1), GUEST].into_iter().collect(),
            next_after: Uid::NOBODY,
        }),
        golden(MemberPage {
            to: LAST_UID,
            channel: longest_text("c"),
            uids: [LAST_UID; 32].into_iter().collect(),
            next_after: LAST_UID,
        }),
        golden(Resumed {
            channel: text("lobby"),
            next_seq: Seq::first_of(3).plus(129),
            missed: 0,
            members: 3,
        }),
        golden(Resumed {
            channel: longest_text("c"),
            next_seq: Seq::MAX,
            missed: u32::MAX,
            members: u16::MAX,
        }),
        golden(ResumeDenied { channel: text("lobby"), reason: ErrorCode::CHANNELS_FULL }),
        golden(ResumeDenied { channel: longest_text("c"), reason: ErrorCode(u16::MAX) }),
    ]
}

fn main_to_chat() -> Vec<Vector> {
    vec![
        golden(Open { instance: 300, newest: Seq::first_of(3).plus(129) }),
        golden(JoinChannel { uid: GUEST, channel: text("lobby"), attempt: 1 }),
        golden(JoinChannel { uid: LAST_UID, channel: longest_text("c"), attempt: u32::MAX }),
        golden(LeaveChannel { uid: GUEST, channel: text("lobby") }),
        golden(LeaveChannel { uid: LAST_UID, channel: longest_text("c") }),
        golden(Say { uid: GUEST, channel: text("lobby"), request: 7, msg: text("hello") }),
        golden(Say {
            uid: LAST_UID,
            channel: longest_text("c"),
            request: u32::MAX,
            msg: longest_text("m"),
        }),
        golden(AskPast { uid: GUEST, channel: text("lobby"), since: Seq::first_of(3).plus(129) }),
        golden(AskPast { uid: LAST_UID, channel: longest_text("c"), since: Seq::MAX }),
        golden(AskMembers { uid: GUEST, channel: text("lobby"), after: Uid::NOBODY }),
        golden(AskMembers { uid: LAST_UID, channel: longest_text("c"), after: LAST_UID }),
        golden(Resume {
            channel: text("lobby"),
            since: Seq::first_of(3).plus(128),
            uids: [Uid(1), GUEST].into_iter().collect(),
        }),
        golden(Resume {
            channel: longest_text("c"),
            since: Seq::MAX,
            uids: [LAST_UID; 32].into_iter().collect(),
        }),
        golden(Owners {
            number: ClaimNumber(300),
            newest: Seq::first_of(3).plus(129),
            place: 1,
            marks: [7, 0xfeed_cafe].into_iter().collect(),
        }),
        golden(Owners {
            number: ClaimNumber((1 << 53) - 1),
            newest: Seq::MAX,
            place: u16::MAX,
            marks: [u32::MAX; 8].into_iter().collect(),
        }),
    ]
}

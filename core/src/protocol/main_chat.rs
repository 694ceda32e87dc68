//! Main and the chat server: channels, their members, and what is said in them.

use super::{CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, CHAT_PAGE_MEMBERS, CHAT_SERVERS_MAX, protocol};
use super::{ClaimNumber, ErrorCode, Seq, Text, Uid};
use crate::wire::opcode::CHAT;

protocol! {
    /// From the chat server to Main.
    mod chat_to_main in CHAT.server_to_peer;

    /// You are one of my Mains.
    1 opened => Opened {
        /// A random number of mine, another one whenever I begin.
        instance: u32,
    }

    /// The user is in the channel.
    2 joined => Joined<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the `JoinChannel` that it answers.
        attempt: u32,
        /// How many members it has, the user among them.
        members: u16,
        /// The number of the oldest message of its history.
        oldest: Seq,
        /// The number that the next message will have.
        next_seq: Seq,
    }

    /// The user may not come in.
    3 channel_denied => ChannelDenied<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the `JoinChannel` that it answers.
        attempt: u32,
        /// Why.
        reason: ErrorCode,
    }

    /// A user of yours is not in the channel any more.
    4 removed => Removed<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Why.
        reason: ErrorCode,
    }

    /// Something was said in a channel: one copy for all members of a Main.
    5 broadcast => Broadcast<'a> {
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

    /// What a user wanted of a channel is refused.
    6 refused => Refused<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The opcode of what the client has asked for.
        about: i32,
        /// The number of the `Say` that is refused; 0 if it is something else.
        request: u32,
        /// Why.
        reason: ErrorCode,
    }

    /// Something that was said before, for one user.
    7 past => Past<'a> {
        /// For whom.
        to: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The message's number in its channel.
        seq: Seq,
        /// Who has said it.
        uid: Uid,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }

    /// The end of what was said before.
    8 past_end => PastEnd<'a> {
        /// For whom.
        to: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the oldest message that is kept.
        oldest: Seq,
        /// Where to go on asking.
        next_seq: Seq,
        /// Where the history ends.
        end_seq: Seq,
    }

    /// Somebody came into a channel.
    9 entered => Entered<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uid: Uid,
    }

    /// Somebody left a channel.
    10 exited => Exited<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uid: Uid,
    }

    /// Many came or left at once.
    11 census => Census<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// How many members it has now.
        members: u16,
    }

    /// One page of a channel's members.
    12 member_page => MemberPage<'a> {
        /// For whom.
        to: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Who.
        uids: heapless::Vec<Uid, CHAT_PAGE_MEMBERS>,
        /// Whom the next page begins behind; nobody if this is the last one.
        next_after: Uid,
    }

    /// A channel goes on for you. What you have missed and I still have follows. It comes too when the link has not
    /// taken everything.
    13 resumed => Resumed<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the first `Broadcast` that follows.
        next_seq: Seq,
        /// How many messages are lost to you; `u32::MAX` if nobody knows; 0 also where only you know.
        missed: u32,
        /// How many members it has now.
        members: u16,
    }

    /// A channel does not go on: your users are not in it.
    14 resume_denied => ResumeDenied<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// Why.
        reason: ErrorCode,
    }
}

protocol! {
    /// From Main to the chat server.
    mod main_to_chat in CHAT.peer_to_server;

    /// I am a Main with users who talk: answered by `Opened`.
    1 open => Open {
        /// The number of the chat server that I have heard of last; 0 if I have heard of none.
        instance: u32,
        /// The newest number of a message that I have heard of; 0 if I have heard of none.
        newest: Seq,
    }

    /// This user wants in: answered by `Joined` or `ChannelDenied`.
    2 join_channel => JoinChannel<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// A number that the answer repeats.
        attempt: u32,
    }

    /// This user has left.
    3 leave_channel => LeaveChannel<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
    }

    /// This user says something: answered by `Broadcast` or `Refused`.
    4 say => Say<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// A number of its choice, which the answer repeats.
        request: u32,
        /// What.
        #[serde(borrow)]
        msg: Text<'a, CHAT_MAX_BYTES>,
    }

    /// This user asks what was said: answered by `Past` and `PastEnd`, or `Refused`.
    5 ask_past => AskPast<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the first message that is wanted.
        since: Seq,
    }

    /// This user asks who is there: answered by `MemberPage` or `Refused`.
    6 ask_members => AskMembers<'a> {
        /// Who.
        uid: Uid,
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The member that the page begins behind; nobody for the first page.
        after: Uid,
    }

    /// These users of mine are in the channel, and have heard it up to here: answered by `Resumed`
    /// or `ResumeDenied`, once for all pages.
    7 resume => Resume<'a> {
        /// The channel's name.
        #[serde(borrow)]
        channel: Text<'a, CHANNEL_MAX_BYTES>,
        /// The number of the newest message that they have heard.
        since: Seq,
        /// Who.
        uids: heapless::Vec<Uid, CHAT_PAGE_MEMBERS>,
    }

    /// These chat servers share the realm's channels, you among them: said before anything else where there are several, and
    /// again when it changes. You let go of channels that are not yours by it.
    8 owners => Owners {
        /// Rises with every change: what is older than what you know, you pass over.
        number: ClaimNumber,
        /// The newest number of a message that I have heard of, at any of them: what is yours only now begins behind its epoch.
        newest: Seq,
        /// Which of them you are, from 0.
        place: u16,
        /// What each draws with for a channel: the highest draw has it.
        marks: heapless::Vec<u32, CHAT_SERVERS_MAX>,
    }
}

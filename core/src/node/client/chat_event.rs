//! `ChatEvent`: what a client hears of its channels.

use crate::protocol::main_to_client::{
    ChatBroadcast, ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined, ChatLeft, ChatMembers,
    ChatPast, ChatPastEnd, ChatRefused,
};
use crate::protocol::{CHANNEL_MAX_BYTES, Text};

/// Something that has happened in a channel, or to what was asked of one.
#[derive(Debug)]
pub enum ChatEvent<'e> {
    /// We are in.
    Joined(ChatJoined<'e>),
    /// We are not in any more.
    Left(ChatLeft<'e>),
    /// What we wanted is refused.
    Refused(ChatRefused<'e>),
    /// Somebody says something; our own messages come back, too.
    Said(ChatBroadcast<'e>),
    /// Somebody has said something before.
    Past(ChatPast<'e>),
    /// That was the past.
    PastEnd(ChatPastEnd<'e>),
    /// Messages are missing here.
    Gap(ChatGap<'e>),
    /// Somebody came in.
    Entered(ChatEntered<'e>),
    /// Somebody left.
    Exited(ChatExited<'e>),
    /// Many came or left at once.
    Census(ChatCensus<'e>),
    /// A page of members.
    Members(&'e ChatMembers<'e>),
}

impl<'e> ChatEvent<'e> {
    /// The channel that it is about.
    pub const fn channel(&self) -> ChannelName<'e> {
        match self {
            Self::Joined(message) => message.channel,
            Self::Left(message) => message.channel,
            Self::Refused(message) => message.channel,
            Self::Said(message) => message.channel,
            Self::Past(message) => message.channel,
            Self::PastEnd(message) => message.channel,
            Self::Gap(message) => message.channel,
            Self::Entered(message) => message.channel,
            Self::Exited(message) => message.channel,
            Self::Census(message) => message.channel,
            Self::Members(message) => message.channel,
        }
    }
}

/// A channel's name.
pub type ChannelName<'n> = Text<'n, CHANNEL_MAX_BYTES>;

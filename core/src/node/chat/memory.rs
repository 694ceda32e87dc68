//! `ChatMemory`: a chat server's storage as one value, sized by const generics.

use super::{Channel, ChatStorage, MainEntry, Member};
use crate::storage::{Link, Slot};

/// The storage of one chat server: like [`NodeMemory`](crate::node::NodeMemory). `HISTORY_BYTES` is
/// that of all channels together.
#[derive(Debug)]
pub struct ChatMemory<
    const CHANNELS: usize,
    const MEMBERS: usize,
    const MAINS: usize,
    const HISTORY_BYTES: usize,
> {
    channels: [Slot<Channel>; CHANNELS],
    channel_heads: [Link; CHANNELS],
    channel_nexts: [Link; CHANNELS],
    members: [Slot<Member>; MEMBERS],
    member_heads: [Link; MEMBERS],
    member_nexts: [Link; MEMBERS],
    history_bytes: [u8; HISTORY_BYTES],
    mains: [Slot<MainEntry>; MAINS],
}

impl<const CHANNELS: usize, const MEMBERS: usize, const MAINS: usize, const HISTORY_BYTES: usize>
    ChatMemory<CHANNELS, MEMBERS, MAINS, HISTORY_BYTES>
{
    /// Empty storage: all-zero bits.
    pub const NEW: Self = Self {
        channels: [const { Slot::VACANT }; CHANNELS],
        channel_heads: [Link::NONE; CHANNELS],
        channel_nexts: [Link::NONE; CHANNELS],
        members: [const { Slot::VACANT }; MEMBERS],
        member_heads: [Link::NONE; MEMBERS],
        member_nexts: [Link::NONE; MEMBERS],
        history_bytes: [0; HISTORY_BYTES],
        mains: [const { Slot::VACANT }; MAINS],
    };

    /// The storage as the slices that a chat server borrows.
    pub fn storage(&mut self) -> ChatStorage<'_> {
        ChatStorage {
            channels: &mut self.channels,
            channel_heads: &mut self.channel_heads,
            channel_nexts: &mut self.channel_nexts,
            members: &mut self.members,
            member_heads: &mut self.member_heads,
            member_nexts: &mut self.member_nexts,
            history_bytes: &mut self.history_bytes,
            mains: &mut self.mains,
        }
    }
}

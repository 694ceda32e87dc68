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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeMemory;
    use crate::node::chat::RECORD_HEAD_BYTES;

    const CHANNELS: usize = 8;
    const HISTORY_BYTES: usize = 1_024;
    const MESSAGES: usize = 32;
    /// A device's chat server for two Mains, with 48 memberships.
    type Device = ChatMemory<CHANNELS, 48, 2, { CHANNELS * HISTORY_BYTES }>;
    /// Two Mains and two who have not proven themselves; frames of up to 320 bytes.
    type DeviceNode = NodeMemory<4, 4, 4, { 4 * 320 }, 12, { 12 * 320 }, 4>;
    /// Four sockets of 512 bytes each way with what the network stack keeps of each, and two packets.
    const NETWORK_BYTES: usize = 4 * (2 * 512 + 616) + 2 * 600;
    const BUDGET_BYTES: usize = 24 * 1_024;
    // As many messages of a usual length.
    const _: () = assert!(HISTORY_BYTES / (RECORD_HEAD_BYTES + 23) >= MESSAGES);

    #[test]
    fn a_device_has_room_for_a_chat_server() {
        let bytes = size_of::<Device>() + size_of::<DeviceNode>() + NETWORK_BYTES;
        assert!(bytes <= BUDGET_BYTES, "{bytes} bytes");
    }
}

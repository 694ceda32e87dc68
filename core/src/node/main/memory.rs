//! `MainMemory`: Main's storage as one value, sized by const generics.

use super::chat::{ChatLink, LocalChannel, LocalMember};
use super::rooms::RoomEntry;
use super::{MainChatStorage, MainRoomStorage, MainStorage, UserEntry, WorldEntry};
use crate::node::directory::ClaimStorage;
use crate::protocol::OwnedWish;
use crate::storage::{Link, Slot};

/// The storage of one Main without channels: like [`NodeMemory`](crate::node::NodeMemory).
#[derive(Debug)]
pub struct MainMemory<const USERS: usize, const WORLDS: usize> {
    users: [Slot<UserEntry>; USERS],
    user_heads: [Link; USERS],
    user_nexts: [Link; USERS],
    worlds: [Slot<WorldEntry>; WORLDS],
}

impl<const USERS: usize, const WORLDS: usize> MainMemory<USERS, WORLDS> {
    /// Empty storage.
    pub const NEW: Self = Self {
        users: [const { Slot::VACANT }; USERS],
        user_heads: [Link::NONE; USERS],
        user_nexts: [Link::NONE; USERS],
        worlds: [const { Slot::VACANT }; WORLDS],
    };

    /// The storage as the slices that Main borrows, for guests: whoever has a Login lends hellos too.
    pub fn storage(&mut self) -> MainStorage<'_> {
        MainStorage {
            users: &mut self.users,
            user_heads: &mut self.user_heads,
            user_nexts: &mut self.user_nexts,
            worlds: &mut self.worlds,
            hellos: &mut [],
            claims: ClaimStorage::default(),
            chat: MainChatStorage::default(),
            rooms: MainRoomStorage::default(),
        }
    }
}

/// The storage of one Main's directory of rooms.
#[derive(Debug)]
pub struct MainRoomMemory<const ROOMS: usize, const WISHES: usize> {
    rooms: [Slot<RoomEntry>; ROOMS],
    heads: [Link; ROOMS],
    nexts: [Link; ROOMS],
    wishes: [Slot<OwnedWish>; WISHES],
}

impl<const ROOMS: usize, const WISHES: usize> MainRoomMemory<ROOMS, WISHES> {
    /// Empty storage.
    pub const NEW: Self = Self {
        rooms: [const { Slot::VACANT }; ROOMS],
        heads: [Link::NONE; ROOMS],
        nexts: [Link::NONE; ROOMS],
        wishes: [const { Slot::VACANT }; WISHES],
    };

    /// The storage as the slices that Main borrows.
    pub fn storage(&mut self) -> MainRoomStorage<'_> {
        MainRoomStorage {
            rooms: &mut self.rooms,
            heads: &mut self.heads,
            nexts: &mut self.nexts,
            wishes: &mut self.wishes,
            names: &mut [],
        }
    }
}

/// The storage of one Main's channels. `RING_BYTES` is that of all channels together, `LINKS` how many chat servers there can be.
#[derive(Debug)]
pub struct MainChatMemory<
    const CHANNELS: usize,
    const MEMBERS: usize,
    const RING_BYTES: usize,
    const LINKS: usize = 1,
> {
    channels: [Slot<LocalChannel>; CHANNELS],
    channel_heads: [Link; CHANNELS],
    channel_nexts: [Link; CHANNELS],
    ring_bytes: [u8; RING_BYTES],
    #[cfg(feature = "websocket")]
    message_ring_bytes: [u8; RING_BYTES],
    dirty_queue: [u16; CHANNELS],
    dirty_listed: [bool; CHANNELS],
    members: [Slot<LocalMember>; MEMBERS],
    links: [ChatLink; LINKS],
}

impl<const CHANNELS: usize, const MEMBERS: usize, const RING_BYTES: usize, const LINKS: usize>
    MainChatMemory<CHANNELS, MEMBERS, RING_BYTES, LINKS>
{
    /// Empty storage.
    pub const NEW: Self = Self {
        channels: [const { Slot::VACANT }; CHANNELS],
        channel_heads: [Link::NONE; CHANNELS],
        channel_nexts: [Link::NONE; CHANNELS],
        ring_bytes: [0; RING_BYTES],
        #[cfg(feature = "websocket")]
        message_ring_bytes: [0; RING_BYTES],
        dirty_queue: [0; CHANNELS],
        dirty_listed: [false; CHANNELS],
        members: [const { Slot::VACANT }; MEMBERS],
        links: [const { ChatLink::VACANT }; LINKS],
    };

    /// The storage as the slices that Main borrows.
    pub fn storage(&mut self) -> MainChatStorage<'_> {
        MainChatStorage {
            channels: &mut self.channels,
            channel_heads: &mut self.channel_heads,
            channel_nexts: &mut self.channel_nexts,
            ring_bytes: &mut self.ring_bytes,
            #[cfg(feature = "websocket")]
            message_ring_bytes: &mut self.message_ring_bytes,
            #[cfg(not(feature = "websocket"))]
            message_ring_bytes: &mut [],
            dirty_queue: &mut self.dirty_queue,
            dirty_listed: &mut self.dirty_listed,
            members: &mut self.members,
            links: &mut self.links,
        }
    }
}

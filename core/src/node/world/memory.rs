//! `WorldMemory`: a world's storage as one value, sized by const generics.

#[cfg(feature = "asks")]
use super::asks::MemberAsks;
#[cfg(feature = "rooms")]
use super::attach::WantedOptions;
use super::saves::SaveStorage;
use super::things::{StateSizes, StateStorage};
use super::{
    Attach, Game, GameBan, Room, RoomStorage, WORLD_BANS, WorldStorage, WorldUser,
    ring_min_bytes_for,
};
use crate::storage::{Link, Slot};

/// The storage of one world: like [`NodeMemory`](crate::node::NodeMemory), all-zero bits if the
/// games' start is. `RING_BYTES` is that of all rooms together.
#[derive(Debug)]
pub struct WorldMemory<
    G,
    const USERS: usize,
    const ROOMS: usize,
    const RING_BYTES: usize,
    const ATTACHES: usize,
> {
    rooms: [Room; ROOMS],
    ring_bytes: [u8; RING_BYTES],
    #[cfg(feature = "websocket")]
    message_ring_bytes: [u8; RING_BYTES],
    dirty_queue: [u16; ROOMS],
    dirty_listed: [bool; ROOMS],
    users: [Slot<WorldUser>; USERS],
    #[cfg(feature = "asks")]
    asks: [MemberAsks; USERS],
    user_heads: [Link; USERS],
    user_nexts: [Link; USERS],
    games: [G; ROOMS],
    bans: [GameBan; WORLD_BANS],
    attaches: [Slot<Attach>; ATTACHES],
    attach_heads: [Link; ATTACHES],
    attach_nexts: [Link; ATTACHES],
    #[cfg(feature = "rooms")]
    wanted_options: [Slot<WantedOptions>; ATTACHES],
}

impl<
    G: Game,
    const USERS: usize,
    const ROOMS: usize,
    const RING_BYTES: usize,
    const ATTACHES: usize,
> WorldMemory<G, USERS, ROOMS, RING_BYTES, ATTACHES>
{
    const SIZES_FIT: () = {
        assert!(ROOMS > 0 && USERS > 0 && ATTACHES > 0, "a world needs a room, a user, an attach");
        assert!(
            RING_BYTES / ROOMS
                >= ring_min_bytes_for(1, G::MESSAGE_MAX_BYTES, StateSizes::of::<G>()),
            "a ring holds a move, what things there are, and two events, or two of the game's longest messages"
        );
    };

    /// Empty storage with these games, one a room.
    pub const fn new(games: [G; ROOMS]) -> Self {
        let () = Self::SIZES_FIT;
        Self {
            rooms: [const { Room::VACANT }; ROOMS],
            ring_bytes: [0; RING_BYTES],
            #[cfg(feature = "websocket")]
            message_ring_bytes: [0; RING_BYTES],
            dirty_queue: [0; ROOMS],
            dirty_listed: [false; ROOMS],
            users: [const { Slot::VACANT }; USERS],
            #[cfg(feature = "asks")]
            asks: [const { MemberAsks::NONE }; USERS],
            user_heads: [Link::NONE; USERS],
            user_nexts: [Link::NONE; USERS],
            games,
            bans: [GameBan::NONE; WORLD_BANS],
            attaches: [const { Slot::VACANT }; ATTACHES],
            attach_heads: [Link::NONE; ATTACHES],
            attach_nexts: [Link::NONE; ATTACHES],
            #[cfg(feature = "rooms")]
            wanted_options: [const { Slot::VACANT }; ATTACHES],
        }
    }
}

impl<G, const USERS: usize, const ROOMS: usize, const RING_BYTES: usize, const ATTACHES: usize>
    WorldMemory<G, USERS, ROOMS, RING_BYTES, ATTACHES>
{
    /// The storage as the slices that a world borrows; none for what rooms keep and show.
    pub fn storage(&mut self) -> WorldStorage<'_, G> {
        WorldStorage {
            rooms: RoomStorage {
                rooms: &mut self.rooms,
                ring_bytes: &mut self.ring_bytes,
                #[cfg(feature = "websocket")]
                message_ring_bytes: &mut self.message_ring_bytes,
                #[cfg(not(feature = "websocket"))]
                message_ring_bytes: &mut [],
                dirty_queue: &mut self.dirty_queue,
                dirty_listed: &mut self.dirty_listed,
                users: &mut self.users,
                #[cfg(feature = "asks")]
                asks: &mut self.asks,
                #[cfg(not(feature = "asks"))]
                asks: &mut [],
                user_heads: &mut self.user_heads,
                user_nexts: &mut self.user_nexts,
                bans: &mut self.bans,
            },
            games: &mut self.games,
            attaches: &mut self.attaches,
            attach_heads: &mut self.attach_heads,
            attach_nexts: &mut self.attach_nexts,
            #[cfg(feature = "rooms")]
            wanted_options: &mut self.wanted_options,
            #[cfg(not(feature = "rooms"))]
            wanted_options: &mut [],
            saves: SaveStorage::default(),
            states: StateStorage::default(),
        }
    }
}

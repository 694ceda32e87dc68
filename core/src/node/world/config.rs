//! `WorldConfig`: a world's own settings.

use super::mains::MAINS_MAX;
use crate::node::cluster::ClusterKeys;
use crate::protocol::{ADDRESS_MAX_BYTES, REGION_MAX_BYTES, WorldId};

/// A world's own settings.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Its id, its own in the realm.
    pub world_id: WorldId,
    /// The region that it serves.
    pub region: heapless::String<REGION_MAX_BYTES>,
    /// Where clients find it, `host:port`.
    pub address: heapless::String<ADDRESS_MAX_BYTES>,
    /// Where it finds Mains, `host:port` each; empty ones are none.
    pub main_addresses: [heapless::String<ADDRESS_MAX_BYTES>; MAINS_MAX],
    /// What it proves that it is this world with.
    pub cluster_keys: ClusterKeys,
    /// Members a room.
    pub room_capacity: u16,
    /// Spectators a room, besides its members; the storage has places for them as well. None without the cargo
    /// feature `names`.
    pub room_spectators: u16,
    /// How long moves and events may wait for each other; 0 to flush after every turn.
    pub flush_interval_ms: u32,
    /// The time between two reports to Main.
    pub status_interval_ms: u32,
    /// The first wait before another attempt to reach Main.
    pub reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach Main.
    pub reconnect_most_ms: u32,
}

impl WorldConfig {
    /// The addresses of a realm that has one Main.
    pub fn only_main(
        address: heapless::String<ADDRESS_MAX_BYTES>,
    ) -> [heapless::String<ADDRESS_MAX_BYTES>; MAINS_MAX] {
        let mut addresses = [const { heapless::String::new() }; MAINS_MAX];
        addresses.iter_mut().zip([address]).for_each(|(place, address)| *place = address);
        addresses
    }
}

//! `[world]`

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::chat::ChatPlace;
use super::listen::with_port;

/// `[world]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorldSettings {
    /// The world's id, its own in the realm; further nodes count up.
    pub(crate) id: u16,
    /// The region that it serves, at most 16 bytes. Several, with commas: its nodes take them in turn.
    pub(crate) region: String,
    /// Where the world listens; further nodes count the port up.
    #[serde(deserialize_with = "super::listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The address that clients are told, `host:port`, with a scheme before it if they are to speak that there (`tls://`,
    /// `wss://`) whatever they speak with Main; at most 64 bytes; further nodes count the port up.
    /// Empty: the listening one, unless that is every address of the machine.
    pub(crate) advertise: String,
    /// Where Main is, `host:port`; where a realm has several, all of them, up to 8: the world is with each.
    pub(crate) mains: Vec<String>,
    /// Worlds in this process, each on its own thread.
    pub(crate) nodes: u16,
    /// Rooms of one world.
    pub(crate) rooms: u16,
    /// Members of one room.
    pub(crate) room_capacity: u16,
    /// Spectators of one room, besides its members, if its game has any.
    pub(crate) room_spectators: u16,
    /// Clients that may seal their links with the key of their ticket, where TLS does not: boards, and native clients. A world
    /// that takes any says so, and clients that can then do. 0: none.
    pub(crate) sealed_clients: u16,
    /// Connections besides one a place: those who have not joined yet.
    pub(crate) spare_sessions: u16,
    /// Bytes of a room's broadcast ring, a power of two; 0 for eight times the least.
    pub(crate) ring_bytes: u32,
    /// How long moves and events wait for each other; 0 to send after every wake-up.
    pub(crate) flush_interval_ms: u32,
    /// How often the world reports to Main.
    pub(crate) status_interval_ms: u32,
    /// The first wait before another attempt to reach Main.
    pub(crate) reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach Main.
    pub(crate) reconnect_most_ms: u32,
    /// How long rooms may take to go to other worlds when this one is told to end, by SIGTERM or Ctrl-C; 0: it ends at once.
    pub(crate) move_away_ms: u32,
    /// What the rooms are for, if `regions` has nothing for its region; empty: the first game of this binary.
    pub(crate) game: String,
    /// The folder with what the rooms keep, a file a world, made at the first start; empty: a folder of this user.
    pub(crate) data_folder: String,
    /// Where the realm's chat server runs: `remote`, or `embedded` in this process, at `chat.listen`.
    pub(crate) chat: ChatPlace,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            id: 1,
            region: "home".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 7_100)),
            port: None,
            advertise: String::new(),
            mains: vec!["127.0.0.1:7000".to_owned()],
            nodes: 1,
            rooms: 64,
            room_capacity: 64,
            room_spectators: 8,
            sealed_clients: 0,
            spare_sessions: 256,
            ring_bytes: 0,
            flush_interval_ms: 20,
            status_interval_ms: 1_000,
            reconnect_first_ms: 200,
            reconnect_most_ms: 5_000,
            move_away_ms: 0,
            game: String::new(),
            data_folder: String::new(),
            chat: ChatPlace::Remote,
        }
    }
}

impl WorldSettings {
    /// Where node `node` of this process listens, all things considered.
    pub(crate) fn address(&self, node: u16) -> SocketAddr {
        let mut address = with_port(self.listen, self.port);
        if address.port() != 0 {
            address.set_port(address.port().saturating_add(node));
        }
        address
    }

    /// The regions that its nodes take in turn.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &str> {
        self.region.split(',').map(str::trim)
    }

    /// The region of node `node` of this process.
    pub(crate) fn region_of(&self, node: u16) -> String {
        let count = self.regions().count();
        // There is always one, perhaps an empty one, which is refused with the configuration.
        self.regions().nth(usize::from(node) % count).unwrap_or_default().to_owned()
    }

    /// Users in all rooms together, spectators too.
    pub(crate) const fn listeners(&self) -> usize {
        self.rooms as usize * (self.room_capacity as usize + self.room_spectators as usize)
    }
}

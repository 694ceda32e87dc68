//! Opcodes and their bands: who sends what to whom.
//!
//! Purpose: every server owns a band of 0x1000 opcodes, cut by direction; the common opcodes are
//! the same on every link. A band belongs to the server that a link is about: World's
//! `+0x200` is what a world says to its peer, Main, and `+0x300` is what Main says back. The game's band is for a game's author: what clients and the game
//! of their room say to each other, over the link to the world.
//!
//! | band | client→server | server→client | server→peer | back |
//! |---|---|---|---|---|
//! | Main `0x1000` | `0x1000` | `0x1100` | `0x1200` | `0x1300` |
//! | World `0x2000` | `0x2000` | `0x2100` | `0x2200` | `0x2300` |
//! | Login `0x3000` | `0x3000` | `0x3100` | `0x3200` | `0x3300` |
//! | Chat `0x4000` | `0x4000` | `0x4100` | `0x4200` | `0x4300` |
//! | Game `0x5000` | `0x5000` | `0x5100` | | |
//! | common | `0x0001` to `0x007F` | | | |
//! | servers' proof | `0x0080` to `0x009F`, `0x00C0` to `0x00DF` | | | |
//! | clients' sealed links | `0x00A0` to `0x00BF` | `0x00E0` to `0x00FF` | | |
//!
//! Contract: bands never overlap, and no message leaves its band; both are checked in `const`.
//!
//! ```
//! use tinyrealm_core::wire::opcode::{COMMON, MAIN, Opcode};
//! assert!(MAIN.client_to_server.contains(Opcode(0x1001)));
//! assert!(!MAIN.client_to_server.contains(Opcode(0x1101)));
//! assert!(COMMON.contains(Opcode(0x0001)));
//! ```

/// Bytes of an opcode at the start of a body: an `i32`, little-endian.
pub const OPCODE_BYTES: usize = 4;

/// What a frame's payload is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Opcode(pub i32);

/// A half-open range of opcodes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// The first opcode of the band.
    pub first: i32,
    /// How many opcodes the band has.
    pub count: i32,
}

impl Band {
    /// Whether `opcode` lies in this band.
    pub const fn contains(self, opcode: Opcode) -> bool {
        self.first <= opcode.0 && opcode.0 < self.first + self.count
    }

    /// The opcode `offset` places into the band. In `const` contexts an offset outside of the band
    /// does not compile; see `protocol!`.
    pub const fn at(self, offset: i32) -> Opcode {
        Opcode(self.first + offset)
    }

    const fn overlaps(self, other: Self) -> bool {
        self.first < other.first + other.count && other.first < self.first + self.count
    }
}

/// The four directions of one server's band.
#[derive(Copy, Clone, Debug)]
pub struct ServerBand {
    /// From a client to this server.
    pub client_to_server: Band,
    /// From this server to a client.
    pub server_to_client: Band,
    /// From this server to the server it is linked with.
    pub server_to_peer: Band,
    /// From that server back to this one.
    pub peer_to_server: Band,
}

const DIRECTION_COUNT: i32 = 0x100;

const fn server_band(base: i32) -> ServerBand {
    const fn direction(first: i32) -> Band {
        Band { first, count: DIRECTION_COUNT }
    }
    ServerBand {
        client_to_server: direction(base),
        server_to_client: direction(base + DIRECTION_COUNT),
        server_to_peer: direction(base + 2 * DIRECTION_COUNT),
        peer_to_server: direction(base + 3 * DIRECTION_COUNT),
    }
}

/// Opcodes that mean the same on every link, in both directions.
pub const COMMON: Band = Band { first: 0x0001, count: 0x7F };
/// What a server proves to another one that it has dialed.
pub const DIALER: Band = Band { first: 0x0080, count: 0x20 };
/// How a client begins a sealed link.
pub const CLIENT_SEAL: Band = Band { first: 0x00A0, count: 0x20 };
/// What a server proves to another one that has dialed it.
pub const LISTENER: Band = Band { first: 0x00C0, count: 0x20 };
/// How a server answers that of a client.
pub const SERVER_SEAL: Band = Band { first: 0x00E0, count: 0x20 };
/// MainServer's band.
pub const MAIN: ServerBand = server_band(0x1000);
/// WorldServer's band.
pub const WORLD: ServerBand = server_band(0x2000);
/// LoginServer's band.
pub const LOGIN: ServerBand = server_band(0x3000);
/// ChatServer's band.
pub const CHAT: ServerBand = server_band(0x4000);
/// The band of a room's game.
pub const GAME: ServerBand = server_band(0x5000);

const SERVERS: [ServerBand; 5] = [MAIN, WORLD, LOGIN, CHAT, GAME];

#[allow(clippy::indexing_slicing, reason = "evaluated in const only")]
const fn all_bands() -> [Band; 25] {
    let mut bands = [COMMON; 25];
    bands[21] = DIALER;
    bands[22] = LISTENER;
    bands[23] = CLIENT_SEAL;
    bands[24] = SERVER_SEAL;
    let mut server = 0;
    while server < SERVERS.len() {
        let band = SERVERS[server];
        bands[1 + server * 4] = band.client_to_server;
        bands[2 + server * 4] = band.server_to_client;
        bands[3 + server * 4] = band.server_to_peer;
        bands[4 + server * 4] = band.peer_to_server;
        server += 1;
    }
    bands
}

#[allow(clippy::indexing_slicing, reason = "evaluated in const only")]
const fn bands_overlap(bands: &[Band]) -> bool {
    let mut left = 0;
    while left < bands.len() {
        let mut right = left + 1;
        while right < bands.len() {
            if bands[left].overlaps(bands[right]) {
                return true;
            }
            right += 1;
        }
        left += 1;
    }
    false
}

const _: () = assert!(!bands_overlap(&all_bands()), "opcode bands overlap");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overlap_check_can_fail() {
        let clash = [MAIN.client_to_server, Band { first: 0x10FF, count: 2 }];
        assert!(bands_overlap(&clash));
        let beside = [MAIN.client_to_server, Band { first: 0x1100, count: 2 }];
        assert!(!bands_overlap(&beside));
    }

    #[test]
    fn the_table_in_the_module_head_holds() {
        assert_eq!(MAIN.client_to_server.at(0), Opcode(0x1000));
        assert_eq!(WORLD.server_to_client.at(1), Opcode(0x2101));
        assert_eq!(LOGIN.server_to_peer.at(0), Opcode(0x3200));
        assert_eq!(CHAT.peer_to_server.at(0xFF), Opcode(0x43FF));
        assert_eq!(GAME.server_to_client.at(1), Opcode(0x5101));
    }
}

//! The sockets of a role, and the limits of its sessions.

use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::longest::WORLD_HEARS_BYTES;
use tinyrealm_core::wire::PacketHeader;

use crate::device::links;

/// Bytes of the longest frame that comes, without its prefix: as `device.toml` says, but with rooms that have names not less than what Main says of them.
pub const FRAME_LIMIT_BYTES: u32 = {
    let own = links::FRAME_LIMIT_BYTES;
    let rooms = if cfg!(feature = "rooms") { WORLD_HEARS_BYTES as u32 } else { 0 };
    if own < rooms { rooms } else { own }
};
/// Bytes that a socket receives at once.
pub const RECEIVE_BYTES: usize = {
    let own = links::RECEIVE_BYTES as usize;
    let longest = FRAME_LIMIT_BYTES as usize + PacketHeader::BYTES;
    if cfg!(feature = "rooms") && own < longest { longest } else { own }
};
/// Bytes of the largest Ethernet frame, for boards whose driver has buffers for it: as `device.toml` says, but not less than a
/// segment that fills a socket's buffer has.
pub const ETHERNET_FRAME_BYTES: usize = {
    let own = crate::device::network::FRAME_BYTES as usize;
    let longest = RECEIVE_BYTES + SEGMENT_HEADERS_BYTES;
    if cfg!(feature = "rooms") && own < longest { longest } else { own }
};
/// Ethernet's header, IPv4's and TCP's with what an acknowledgement may have besides.
const SEGMENT_HEADERS_BYTES: usize = 58;
/// Bytes that a socket sends at once: whole frames, so not less than what there is to say of rooms.
pub const SEND_BYTES: usize = {
    let own = links::SEND_BYTES as usize;
    longer(own, ROOM_BUFFER_BYTES)
};

const fn longer(one: usize, other: usize) -> usize {
    if one < other { other } else { one }
}

/// The first message of a sealed link. A server's: prefix, versions and kinds, id, generation, handshake, and that there is
/// no former key. A client's: prefix, versions and kind, the key's id, handshake.
const SEAL_BYTES: usize = {
    let id_bytes = match crate::device::world::WORLD_ID {
        _ if cfg!(feature = "settings") => 3,
        ..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 3,
    };
    let (server, client) = (6 + 4 + id_bytes + 1 + 52 + 1, 6 + 3 + 8 + 52);
    if cfg!(feature = "sealed-clients") { client } else { server }
};
/// What there is to say to Main of rooms that have names, and of those that move.
#[cfg(feature = "rooms")]
const ROOM_BUFFER_BYTES: usize = tinyrealm_core::node::longest::WORLD_BUFFER_BYTES;
#[cfg(not(feature = "rooms"))]
const ROOM_BUFFER_BYTES: usize = 0;
/// Bytes of a buffer for private packets: as `device.toml` says, but with sealed links not less than their first message, and
/// with rooms that have names not less than what there is to say of them.
pub const SEND_BUFFER_BYTES: usize = {
    let own = links::SEND_BUFFER_BYTES as usize;
    let own = if cfg!(feature = "secure") && own < SEAL_BYTES { SEAL_BYTES } else { own };
    longer(longer(own, SETTINGS_BUFFER_BYTES), ROOM_BUFFER_BYTES)
};
/// With settings of its own, a unit's registration or its login may be longer than its image knows.
const SETTINGS_BUFFER_BYTES: usize = if cfg!(feature = "settings") {
    longer(20 + crate::unit::REGISTERED_TEXT_BYTES, 9 + crate::unit::ACCOUNT_BYTES)
} else {
    0
};

/// The first wait before another attempt to reach a server.
pub const RECONNECT_FIRST_MS: u32 = 200;
/// The longest wait before another attempt to reach a server.
pub const RECONNECT_MOST_MS: u32 = 5_000;

/// A text of `device.toml` as nodes have it: at most `BYTES`; one that is longer is cut behind its last whole letter.
pub fn text<const BYTES: usize>(text: &str) -> heapless::String<BYTES> {
    let mut short = heapless::String::new();
    for letter in text.chars() {
        if short.push(letter).is_err() {
            break;
        }
    }
    short
}

/// The buffers of `SOCKETS` sockets, with `BYTES` for both of each: all-zero bits.
#[derive(Debug)]
#[repr(align(8))]
pub struct SocketBuffers<const SOCKETS: usize, const BYTES: usize = { RECEIVE_BYTES + SEND_BYTES }>
{
    buffers: [[u8; BYTES]; SOCKETS],
}

impl<const SOCKETS: usize, const BYTES: usize> SocketBuffers<SOCKETS, BYTES> {
    /// Empty buffers.
    pub const NEW: Self = Self { buffers: [[0; BYTES]; SOCKETS] };

    /// All of them as memory for something else, until there are sockets.
    pub const fn scratch(&mut self) -> &mut [u8] {
        self.buffers.as_flattened_mut()
    }

    /// A socket for each of them, which receives into `receive_bytes` of its bytes.
    pub fn sockets(
        &'static mut self,
        stack: Stack<'static>,
        receive_bytes: usize,
    ) -> [TcpSocket<'static>; SOCKETS] {
        self.buffers.each_mut().map(|both| {
            let (receive, send) = both.split_at_mut(receive_bytes);
            let mut socket = TcpSocket::new(stack, receive, send);
            // A turn says all that it has to say at once; waiting for more would only be late.
            socket.set_nagle_enabled(false);
            socket
        })
    }
}

/// The limits and timeouts of a device's sessions.
pub const LIMITS: NetConfig = NetConfig {
    frame_limit_bytes: FRAME_LIMIT_BYTES,
    greeting_timeout_ms: links::GREETING_TIMEOUT_MS,
    ping_interval_ms: links::PING_INTERVAL_MS,
    idle_timeout_ms: links::IDLE_TIMEOUT_MS,
    drain_timeout_ms: links::DRAIN_TIMEOUT_MS,
    packets_per_second: links::PACKETS_PER_SECOND as u16,
    packet_burst: links::PACKET_BURST as u16,
    // Not counted: see the roles' memory.
    connections_per_address: u16::MAX,
    #[cfg(feature = "shares")]
    openings_per_second: u16::MAX,
    send_buffers_per_session: 4,
    send_buffers_per_server: 4,
    #[cfg(feature = "websocket")]
    origins: crate::device::world::ORIGINS,
    // No page is from a device, whatever that is called.
    #[cfg(feature = "websocket")]
    hosts: &[],
};

const _: () = assert!(LIMITS.problem().is_none(), "device.toml: the limits contradict each other");

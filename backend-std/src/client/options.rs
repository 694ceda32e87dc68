//! `NetOptions`: a session's own settings.
//!
//! ```
//! use tinyrealm_core::backoff::Backoff;
//! use tinyrealm_std::client::NetOptions;
//! let options = NetOptions { reconnect: Some(Backoff::new(200, 5_000)), ..NetOptions::DEFAULT };
//! assert_eq!(options.close_timeout_ms, 2_000);
//! ```

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use tinyrealm_core::backoff::Backoff;

/// Finds the addresses of a host; may block.
pub type Resolver = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// When a silent peer is asked whether it is there, and when it counts as lost.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct KeepAlive {
    /// After so much silence the peer is asked: by a Ping of WebSocket, or by the common band's on a
    /// stream, whose `Pong` comes as any frame does.
    pub ping_interval_ms: u32,
    /// After so much silence it is lost. It has the difference to answer in any case, also where this
    /// machine has slept meanwhile.
    pub idle_timeout_ms: u32,
}

impl KeepAlive {
    /// Asked after 10 s, lost after 25 s.
    pub const DEFAULT: Self = Self { ping_interval_ms: 10_000, idle_timeout_ms: 25_000 };
}

/// A session's own settings.
#[derive(Clone, Debug)]
pub struct NetOptions {
    /// The longest body of a frame, either way: at most 1 MiB on a WebSocket, 17,734 bytes on a stream.
    pub frame_limit_bytes: u32,
    /// Bytes that may wait to be written, their transport's headers included.
    pub send_queue_bytes: usize,
    /// Bytes that may wait to be told, four for each frame included.
    pub receive_queue_bytes: usize,
    /// How long finding, reaching and greeting the peer may take.
    pub connect_timeout_ms: u32,
    /// How long the peer may take to close its side.
    pub close_timeout_ms: u32,
    /// How long to wait before the next attempt when the connection is lost, or was not to be had;
    /// without it the first loss is the end.
    pub reconnect: Option<Backoff>,
    /// How it is found out that the peer is there no more; `None` waits for ever.
    pub keep_alive: Option<KeepAlive>,
    /// How hosts are found.
    pub resolver: Resolver,
}

impl NetOptions {
    /// Frames of 16 KiB, queues of 64 KiB out and 256 KiB in, 10 s to connect, 2 s to close, 25 s of
    /// silence, and no second attempt.
    pub const DEFAULT: Self = Self {
        frame_limit_bytes: 16 * 1_024,
        send_queue_bytes: 64 * 1_024,
        receive_queue_bytes: 256 * 1_024,
        connect_timeout_ms: 10_000,
        close_timeout_ms: 2_000,
        reconnect: None,
        keep_alive: Some(KeepAlive::DEFAULT),
        resolver: resolve_with_system,
    };
}

impl Default for NetOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

fn resolve_with_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

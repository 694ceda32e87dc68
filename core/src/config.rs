//! `NetConfig`: the limits and timeouts of a node's sessions.
//!
//! Purpose: the same policies on a server and on a device; only the numbers differ.
//!
//! Bounds: every timeout is in milliseconds and below 24 days, so that stamps compare.
//!
//! ```
//! use tinyrealm_core::config::NetConfig;
//! let config = NetConfig { idle_timeout_ms: 5_000, ..NetConfig::DEFAULT };
//! assert_eq!(config.problem(), Some("ping_interval_ms must be below idle_timeout_ms"));
//! ```

#[cfg(feature = "shares")]
use crate::session::OpeningRate;
use crate::time::Stamp;
#[cfg(not(feature = "long-frames"))]
use crate::wire::FRAME_LIMIT_MAX_BYTES;
#[cfg(feature = "long-frames")]
use crate::wire::ws::MESSAGE_LIMIT_MAX_BYTES;

/// The limits and timeouts of a node's sessions.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NetConfig {
    /// The largest frame body that a peer may send, in bytes: at most 17,734 on a stream whatever is said
    /// here; with the feature `long-frames` up to 1 MiB on a WebSocket, if there are buffers for it.
    pub frame_limit_bytes: u32,
    /// How long a new peer may take to prove who it is.
    pub greeting_timeout_ms: u32,
    /// After this much silence the peer is asked whether it is there.
    pub ping_interval_ms: u32,
    /// After this much silence the peer is closed. Silence is the absence of whole frames, so a
    /// peer that trickles bytes is silent.
    pub idle_timeout_ms: u32,
    /// How long a closing peer may take to read the last packets and to close its side.
    pub drain_timeout_ms: u32,
    /// Frames a second that a client may send in the long run.
    pub packets_per_second: u16,
    /// Frames that a client may send at once; one that has not shown who it is, no more than
    /// [`STRANGER_BURST`](crate::session::limits::STRANGER_BURST).
    pub packet_burst: u16,
    /// Connections that one address may hold.
    pub connections_per_address: u16,
    /// Connections that one address may open a second in the long run. At once it may open as many as it
    /// may hold, or those of one second if these are more.
    #[cfg(feature = "shares")]
    pub openings_per_second: u16,
    /// Pool buffers that the private packets of one client's session may hold. Its own input waits
    /// while half of them are taken and it still takes bytes.
    pub send_buffers_per_session: u16,
    /// Pool buffers that the packets of one link to a server may hold. Input waits while half of
    /// them are taken and the link still takes bytes.
    pub send_buffers_per_server: u16,
    /// Origins of the pages that may open a WebSocket, like `https://example.org`; `*`: all may; none:
    /// those of the host that they ask. A client that is no browser has no origin and may.
    #[cfg(feature = "websocket")]
    pub origins: &'static [&'static str],
    /// Names of the host that pages may ask if there are no `origins`, besides addresses and `localhost`.
    #[cfg(feature = "websocket")]
    pub hosts: &'static [&'static str],
}

impl NetConfig {
    /// What a board starts from, and with another frame limit a [server](Self::SERVER).
    pub const DEFAULT: Self = Self {
        frame_limit_bytes: 508,
        greeting_timeout_ms: 5_000,
        ping_interval_ms: 10_000,
        idle_timeout_ms: 30_000,
        drain_timeout_ms: 2_000,
        packets_per_second: 250,
        packet_burst: 500,
        connections_per_address: 1_024,
        #[cfg(feature = "shares")]
        openings_per_second: 20,
        send_buffers_per_session: 8,
        send_buffers_per_server: 64,
        #[cfg(feature = "websocket")]
        origins: &[],
        #[cfg(feature = "websocket")]
        hosts: &[],
    };

    /// What a server starts with, and a client on a computer or in a browser: bodies that with their prefixes fit
    /// one segment of most networks.
    pub const SERVER: Self = Self { frame_limit_bytes: 1_400, ..Self::DEFAULT };

    /// How often an address may open connections.
    #[cfg(feature = "shares")]
    pub(crate) fn opening_rate(&self) -> OpeningRate {
        let burst = self.connections_per_address.max(self.openings_per_second);
        OpeningRate { per_second: self.openings_per_second, burst }
    }

    /// The same with the times and limits of `other`: all but what sizes memory and who is named.
    #[must_use]
    pub const fn with_limits_of(self, other: &Self) -> Self {
        Self {
            frame_limit_bytes: self.frame_limit_bytes,
            #[cfg(feature = "websocket")]
            origins: self.origins,
            #[cfg(feature = "websocket")]
            hosts: self.hosts,
            ..*other
        }
    }

    /// The first thing that is wrong with these numbers, in words for the person who set them.
    pub const fn problem(&self) -> Option<&'static str> {
        if self.frame_limit_bytes < 4 || self.frame_limit_bytes > FRAME_LIMIT.0 {
            return Some(FRAME_LIMIT.1);
        }
        if self.ping_interval_ms >= self.idle_timeout_ms {
            return Some("ping_interval_ms must be below idle_timeout_ms");
        }
        if self.idle_timeout_ms > TIMEOUT_MAX_MS
            || self.greeting_timeout_ms > TIMEOUT_MAX_MS
            || self.drain_timeout_ms > TIMEOUT_MAX_MS
        {
            return Some(TIMEOUT_LIMIT);
        }
        if self.packets_per_second == 0 || self.packet_burst == 0 {
            return Some("packets_per_second and packet_burst must be at least 1");
        }
        if self.connections_per_address == 0 {
            return Some("connections_per_address must be at least 1");
        }
        #[cfg(feature = "shares")]
        if self.openings_per_second == 0 {
            return Some("openings_per_second must be at least 1");
        }
        if self.send_buffers_per_session == 0 || self.send_buffers_per_server < 2 {
            return Some("send_buffers_per_session must be at least 1, send_buffers_per_server 2");
        }
        None
    }
}

/// The largest limit, and what is said of a larger one.
#[cfg(feature = "long-frames")]
const FRAME_LIMIT: (u32, &str) =
    (MESSAGE_LIMIT_MAX_BYTES, "frame_limit_bytes must be between 4 and 1048576");
#[cfg(not(feature = "long-frames"))]
const FRAME_LIMIT: (u32, &str) =
    (FRAME_LIMIT_MAX_BYTES as u32, "frame_limit_bytes must be between 4 and 17734");

/// Sessions keep stamps.
const TIMEOUT_MAX_MS: u32 = 2_073_600_000;
const TIMEOUT_LIMIT: &str =
    "idle_timeout_ms, greeting_timeout_ms and drain_timeout_ms must be at most 2073600000";

const _: () = assert!(TIMEOUT_MAX_MS < Stamp::REACH_MS);

const _: () =
    assert!(NetConfig::DEFAULT.problem().is_none() && NetConfig::SERVER.problem().is_none());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_every_rule() {
        let base = NetConfig::DEFAULT;
        let good = [
            NetConfig { frame_limit_bytes: 4, ..base },
            NetConfig { frame_limit_bytes: FRAME_LIMIT.0, ..base },
            NetConfig { ping_interval_ms: 29_999, ..base },
            NetConfig { idle_timeout_ms: TIMEOUT_MAX_MS, ..base },
            NetConfig { greeting_timeout_ms: TIMEOUT_MAX_MS, ..base },
            NetConfig { drain_timeout_ms: TIMEOUT_MAX_MS, ..base },
            NetConfig { packets_per_second: 1, packet_burst: 1, ..base },
            NetConfig { connections_per_address: 1, send_buffers_per_session: 1, ..base },
            #[cfg(feature = "shares")]
            NetConfig { openings_per_second: 1, ..base },
            NetConfig { send_buffers_per_server: 2, ..base },
        ];
        let bad = [
            NetConfig { frame_limit_bytes: 3, ..base },
            NetConfig { frame_limit_bytes: FRAME_LIMIT.0 + 1, ..base },
            NetConfig { ping_interval_ms: 30_000, ..base },
            NetConfig { idle_timeout_ms: TIMEOUT_MAX_MS + 1, ..base },
            NetConfig { greeting_timeout_ms: TIMEOUT_MAX_MS + 1, ..base },
            NetConfig { drain_timeout_ms: TIMEOUT_MAX_MS + 1, ..base },
            NetConfig { packets_per_second: 0, ..base },
            NetConfig { packet_burst: 0, ..base },
            NetConfig { connections_per_address: 0, ..base },
            #[cfg(feature = "shares")]
            NetConfig { openings_per_second: 0, ..base },
            NetConfig { send_buffers_per_session: 0, ..base },
            NetConfig { send_buffers_per_server: 1, ..base },
        ];
        assert!(good.iter().all(|config| config.problem().is_none()));
        assert!(bad.iter().all(|config| config.problem().is_some()));
    }
}

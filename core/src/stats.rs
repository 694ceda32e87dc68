//! `NetStats`: what a node's sessions have been through.
//!
//! Contract: counters only grow. Those of frames and bytes have 64 bits and do not end; those of connections
//! have 32, and go on from 0 behind their last number. Reading them has no effect.
//!
//! ```
//! use tinyrealm_core::stats::NetStats;
//! let stats = NetStats::default();
//! assert_eq!(stats.frames_received, 0);
//! ```

/// Counters of one node, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct NetStats {
    /// Whole frames received.
    pub frames_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes handed to the driver and taken by it.
    pub bytes_sent: u64,
    /// Peers accepted.
    pub accepted: u32,
    /// Peers refused because every session was taken.
    pub refused_full: u32,
    /// Peers refused because their address had too many connections.
    pub refused_address: u32,
    /// Peers refused because their address opens connections too often.
    #[cfg(feature = "shares")]
    pub refused_often: u32,
    /// Strangers who had to give way to others.
    pub crowded_out: u32,
    /// Peers closed for breaking the protocol.
    pub violations: u32,
    /// Peers closed for sending too fast.
    pub floods: u32,
    /// Peers closed for their silence, before or after their greeting.
    pub silent: u32,
    /// Peers closed because their private packets did not fit any more.
    pub overflows: u32,
    /// Frames with an opcode that the link does not know: counted, never a reason to close.
    pub unknown_opcodes: u32,
    /// Sessions ended, for whatever reason.
    pub closed: u32,
    /// Sessions that have become WebSockets, whoever has connected.
    #[cfg(feature = "websocket")]
    pub web_sockets: u32,
    /// Handshakes of WebSockets that were refused, by us or by a peer.
    #[cfg(feature = "websocket")]
    pub handshakes_refused: u32,
}

/// A counter of 32 bits that goes on from 0 behind its last number.
pub(crate) trait Count {
    /// One more.
    fn count(&mut self);
}

impl Count for u32 {
    fn count(&mut self) {
        *self = self.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_its_last_number_a_counter_goes_on_from_the_first() {
        let mut counter = u32::MAX - 1;
        let numbers = [(); 3].map(|()| {
            counter.count();
            counter
        });
        assert_eq!(numbers, [u32::MAX, 0, 1]);
    }
}

//! `REPORT`: what a running device tells about itself, without saying anything.
//!
//! Purpose: a debugger, or QEMU's monitor, reads it from memory by its symbol while the device runs.
//! So the image that is measured is the one that ships.
//!
//! Contract: words in the order of the struct, little-endian, written before every turn of the role;
//! `beat` counts those.

use core::sync::atomic::{AtomicU32, Ordering};

use tinyrealm_core::node::{Node, Role};

/// The report's words; see the [module](self).
#[repr(C)]
#[derive(Debug)]
pub struct Report {
    /// Turns that the role has taken; 0 before the first.
    pub beat: AtomicU32,
    /// Milliseconds since the start.
    pub uptime_ms: AtomicU32,
    /// Milliseconds of those in which the processor slept.
    pub idle_ms: AtomicU32,
    /// Sessions that live.
    pub sessions: AtomicU32,
    /// Pool buffers that hold private packets.
    pub send_buffers_in_use: AtomicU32,
    /// Pool buffers that hold partial frames.
    pub receive_buffers_in_use: AtomicU32,
    /// Peers that were taken.
    pub accepted: AtomicU32,
    /// Sessions that have ended.
    pub closed: AtomicU32,
    /// Peers that broke the protocol.
    pub violations: AtomicU32,
    /// Of those, peers that sent too much.
    pub floods: AtomicU32,
    /// Whole frames that came.
    pub frames_received: AtomicU32,
    /// Bytes that were sent.
    pub bytes_sent: AtomicU32,
    /// Users in rooms; of a client, 1 if it is in one.
    pub users: AtomicU32,
    /// Frames that others were to get, for each that gets them.
    pub deliveries: AtomicU32,
    /// Snapshots that were sent.
    pub snapshots: AtomicU32,
    /// Events that somebody has missed, and was told so.
    pub events_missed: AtomicU32,
}

/// The device's report. In use by whoever reads it from outside, so it stays in one piece.
#[used]
pub static REPORT: Report = Report::new();

impl Report {
    const fn new() -> Self {
        Self {
            beat: AtomicU32::new(0),
            uptime_ms: AtomicU32::new(0),
            idle_ms: AtomicU32::new(0),
            sessions: AtomicU32::new(0),
            send_buffers_in_use: AtomicU32::new(0),
            receive_buffers_in_use: AtomicU32::new(0),
            accepted: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            violations: AtomicU32::new(0),
            floods: AtomicU32::new(0),
            frames_received: AtomicU32::new(0),
            bytes_sent: AtomicU32::new(0),
            users: AtomicU32::new(0),
            deliveries: AtomicU32::new(0),
            snapshots: AtomicU32::new(0),
            events_missed: AtomicU32::new(0),
        }
    }

    /// Writes what every node has.
    pub fn tell<'a, R: Role<'a>>(&self, node: &Node<'a, R>, idle_ms: u32) {
        let (sessions, stats) = (node.sessions(), node.stats());
        // One writer: a load and a store are enough, and all that a Cortex-M0 has.
        set(&self.beat, self.beat.load(Ordering::Relaxed).wrapping_add(1));
        set(&self.uptime_ms, embassy_time::Instant::now().as_millis() as u32);
        set(&self.idle_ms, idle_ms);
        set(&self.sessions, sessions.len() as u32);
        set(&self.send_buffers_in_use, sessions.buffers_in_use().into());
        set(&self.receive_buffers_in_use, node.receive_buffers_in_use().into());
        set(&self.accepted, stats.accepted);
        set(&self.closed, stats.closed);
        set(&self.violations, stats.violations);
        set(&self.floods, stats.floods);
        set(&self.frames_received, stats.frames_received as u32);
        set(&self.bytes_sent, stats.bytes_sent as u32);
    }
}

/// Writes one word of the report.
pub(crate) fn set(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Relaxed);
}

//! `REPORT`: what a running device tells about itself, without saying anything.
//!
//! Purpose: a debugger, or QEMU's monitor, reads it from memory by its symbol while the device runs.
//! So the image that is measured is the one that ships.
//!
//! Contract: the words of `report_words.rs` in their order, little-endian, written before every turn of
//! the role; `beat` counts those.

use core::sync::atomic::{AtomicU32, Ordering};

use tinyrealm_core::node::{Node, Role};

use crate::report_words::report_words;

macro_rules! written_words {
    ($($(#[$meta:meta])* $word:ident,)*) => {
        /// The report's words; see the [module](self).
        #[repr(C)]
        #[derive(Debug)]
        pub struct Report {
            $($(#[$meta])* pub $word: AtomicU32,)*
        }

        impl Report {
            const fn new() -> Self {
                Self { $($word: AtomicU32::new(0),)* }
            }
        }
    };
}

report_words!(written_words);

/// The device's report. In use by whoever reads it from outside, so it stays in one piece.
#[used]
pub static REPORT: Report = Report::new();

impl Report {
    /// Writes what every node has; a role calls it once a turn, and writes its own words with [`set`].
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

/// Writes one word of the report. A role has one task that does: nothing is added up here.
// As a function that others may call it would be compiled by itself, and what calls it is laid out with 448 bytes of stack more.
#[inline]
pub fn set(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Relaxed);
}

//! `Report`: what a device tells about itself, read from its memory while it runs.
//!
//! The words and their order are those of `roles/src/report.rs` in the firmware.

/// The device's counters.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Turns that the role has taken; 0 before the first.
    pub beat: u32,
    /// Milliseconds since the start.
    pub uptime_ms: u32,
    /// Milliseconds of those in which the processor slept.
    pub idle_ms: u32,
    /// Sessions that live.
    pub sessions: u32,
    /// Pool buffers that hold private packets.
    pub send_buffers_in_use: u32,
    /// Pool buffers that hold partial frames.
    pub receive_buffers_in_use: u32,
    /// Peers that were taken.
    pub accepted: u32,
    /// Sessions that have ended.
    pub closed: u32,
    /// Peers that broke the protocol.
    pub violations: u32,
    /// Of those, peers that sent too much.
    pub floods: u32,
    /// Whole frames that came.
    pub frames_received: u32,
    /// Bytes that were sent.
    pub bytes_sent: u32,
    /// Users in rooms; of a client, 1 if it is in one.
    pub users: u32,
    /// Frames that others were to get, for each that gets them.
    pub deliveries: u32,
    /// Snapshots that were sent.
    pub snapshots: u32,
    /// Events that somebody has missed, and was told so.
    pub events_missed: u32,
}

/// Words of a report.
pub(crate) const WORDS: usize = 16;

impl Report {
    pub(crate) fn from_words(words: [u32; WORDS]) -> Self {
        let [
            beat,
            uptime_ms,
            idle_ms,
            sessions,
            send_buffers_in_use,
            receive_buffers_in_use,
            accepted,
            closed,
            violations,
            floods,
            frames_received,
            bytes_sent,
            users,
            deliveries,
            snapshots,
            events_missed,
        ] = words;
        Self {
            beat,
            uptime_ms,
            idle_ms,
            sessions,
            send_buffers_in_use,
            receive_buffers_in_use,
            accepted,
            closed,
            violations,
            floods,
            frames_received,
            bytes_sent,
            users,
            deliveries,
            snapshots,
            events_missed,
        }
    }
}

/// How deep the stack has been.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct StackUse {
    /// Bytes that were written at some time.
    pub used_bytes: u32,
    /// Bytes that there are for it.
    pub available_bytes: u32,
}

/// What cortex-m-rt paints the stack with before the program runs.
const PAINT: [u8; 4] = [0xCC; 4];

impl StackUse {
    /// From all of the stack's memory, lowest address first.
    pub(crate) fn measure(memory: &[u8]) -> Self {
        let untouched = memory.chunks_exact(4).take_while(|word| *word == PAINT).count() * 4;
        let available_bytes = memory.len() as u32;
        Self { used_bytes: available_bytes - untouched as u32, available_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_measured_from_its_deepest_word() {
        let mut memory = vec![0xCC; 32];
        assert_eq!(StackUse::measure(&memory), StackUse { used_bytes: 0, available_bytes: 32 });
        memory[9] = 0;
        memory[30] = 0;
        assert_eq!(StackUse::measure(&memory).used_bytes, 24);
    }
}

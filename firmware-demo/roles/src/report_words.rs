//! The words of a device's report, in their order: the device writes them, whoever looks at it reads
//! them, and both include this file.

/// Hands the words, each with its documentation, to the macro `$then`.
macro_rules! report_words {
    ($then:ident) => {
        $then! {
            /// Turns that the role has taken; 0 before the first.
            beat,
            /// Milliseconds since the start.
            uptime_ms,
            /// Milliseconds of those in which the processor slept.
            idle_ms,
            /// Sessions that live.
            sessions,
            /// Pool buffers that hold private packets.
            send_buffers_in_use,
            /// Pool buffers that hold partial frames.
            receive_buffers_in_use,
            /// Peers that were taken.
            accepted,
            /// Sessions that have ended.
            closed,
            /// Peers that broke the protocol.
            violations,
            /// Of those, peers that sent too much.
            floods,
            /// Whole frames that came.
            frames_received,
            /// Bytes that were sent.
            bytes_sent,
            /// Users in rooms; of a client, 1 if it is in one; of a chat node, users in channels, each
            /// as often as it is in one.
            users,
            /// Frames that others were to get, for each that gets them.
            deliveries,
            /// Snapshots that were sent.
            snapshots,
            /// Events that somebody has missed, and was told so.
            events_missed,
        }
    };
}
pub(crate) use report_words;

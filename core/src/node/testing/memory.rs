//! The memory of a bench: one type that is large enough for every test, of which each lends a part.

use crate::node::{NodeMemory, NodeStorage};

const SESSIONS: usize = 100;
const ROLE_TIMERS: usize = 160;
const RECEIVE_BUFFERS: usize = 16;
const SEND_BUFFERS: usize = 240;
/// Bytes of one buffer: the longest frame and a page of a snapshot fit.
const BUFFER_BYTES: usize = 512;

pub(crate) type BenchMemory = NodeMemory<
    SESSIONS,
    { SESSIONS + ROLE_TIMERS },
    RECEIVE_BUFFERS,
    { RECEIVE_BUFFERS * BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * BUFFER_BYTES },
>;

/// How much of a [`BenchMemory`] a test lends.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) sessions: usize,
    pub(crate) receive_buffers: usize,
    pub(crate) send_buffers: usize,
    pub(crate) send_buffer_bytes: usize,
}

impl Sizes {
    pub(crate) const ALL: Self = Self {
        sessions: SESSIONS,
        receive_buffers: RECEIVE_BUFFERS,
        send_buffers: SEND_BUFFERS,
        send_buffer_bytes: BUFFER_BYTES,
    };

    pub(crate) fn lend(self, memory: &mut BenchMemory) -> NodeStorage<'_> {
        let mut storage = memory.storage();
        let sessions = &mut storage.sessions;
        trim(&mut sessions.sessions, self.sessions);
        trim(&mut sessions.send_bytes, self.send_buffers * self.send_buffer_bytes);
        trim(&mut sessions.send_metas, self.send_buffers);
        trim(&mut sessions.timers, self.sessions + ROLE_TIMERS);
        trim(&mut sessions.ready_queue, self.sessions);
        trim(&mut sessions.ready_listed, self.sessions);
        trim(&mut sessions.request_queue, self.sessions);
        trim(&mut sessions.request_listed, self.sessions);
        trim(&mut sessions.ended, self.sessions);
        for addresses in [&mut sessions.addresses, &mut sessions.networks] {
            trim(&mut addresses.entries, self.sessions);
            trim(&mut addresses.heads, self.sessions);
            trim(&mut addresses.nexts, self.sessions);
        }
        trim(&mut storage.receiver.inbounds, self.sessions);
        trim(&mut storage.receiver.bytes, self.receive_buffers * BUFFER_BYTES);
        trim(&mut storage.receiver.metas, self.receive_buffers);
        storage
    }
}

/// Keeps the first `count` items of a borrowed slice, which has none where a feature is off.
pub(crate) fn trim<T>(slice: &mut &mut [T], count: usize) {
    let count = count.min(slice.len());
    *slice = &mut core::mem::take(slice)[..count];
}

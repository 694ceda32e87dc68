//! `NodeMemory`: a node's storage as one value, sized by const generics.
//!
//! Purpose: a device puts one into a `static`, a test onto its stack; a server, whose sizes come from
//! its configuration, lends boxed slices instead. The roles have theirs beside themselves.
//!
//! Contract: all-zero bits, so a `static` one lies in `.bss` and costs no flash. The sizes that
//! depend on each other are checked when the type is used.
//!
//! ```
//! use tinyrealm_core::node::NodeMemory;
//! // 4 sessions, 2 role timers, 2 × 64 bytes for partial frames, 4 × 64 for private packets.
//! static mut MEMORY: NodeMemory<4, 6, 2, 128, 4, 256> = NodeMemory::NEW;
//! let mut memory: NodeMemory<4, 6, 2, 128, 4, 256> = NodeMemory::NEW;
//! assert_eq!(memory.storage().sessions.sessions.len(), 4);
//! ```

use super::NodeStorage;
use crate::session::manager::Ended;
use crate::session::{
    AddressEntry, AddressStorage, Inbound, Opening, ReceiverStorage, Session, SessionStorage,
};
#[cfg(feature = "long-frames")]
use crate::storage::LongStorage;
use crate::storage::{BufferMeta, Link, Slot, Vacant};
use crate::timer::{Level, TimerEntry};

/// Levels of the wheel: 65 seconds, and further deadlines at the price of another round.
const LEVELS: usize = 2;

/// The storage of one node, all-zero bits. `TIMERS` is `SESSIONS` and the role's own; `ADDRESSES` is
/// `SESSIONS`, or 0 if connections are not limited by address.
#[derive(Debug)]
pub struct NodeMemory<
    const SESSIONS: usize,
    const TIMERS: usize,
    const RECEIVE_BUFFERS: usize,
    const RECEIVE_BYTES: usize,
    const SEND_BUFFERS: usize,
    const SEND_BYTES: usize,
    const ADDRESSES: usize = SESSIONS,
> {
    sessions: [Slot<Session>; SESSIONS],
    inbounds: [Inbound; SESSIONS],
    receive_bytes: [u8; RECEIVE_BYTES],
    receive_metas: [BufferMeta; RECEIVE_BUFFERS],
    send_bytes: [u8; SEND_BYTES],
    send_metas: [BufferMeta; SEND_BUFFERS],
    levels: [Level; LEVELS],
    timers: [TimerEntry; TIMERS],
    ready_queue: [u16; SESSIONS],
    ready_listed: [bool; SESSIONS],
    request_queue: [u16; SESSIONS],
    request_listed: [bool; SESSIONS],
    ended: [Ended; SESSIONS],
    addresses: [Slot<AddressEntry>; ADDRESSES],
    address_heads: [Link; ADDRESSES],
    address_nexts: [Link; ADDRESSES],
    networks: [Slot<AddressEntry>; ADDRESSES],
    network_heads: [Link; ADDRESSES],
    network_nexts: [Link; ADDRESSES],
    openings: [Opening; ADDRESSES],
}

impl<
    const SESSIONS: usize,
    const TIMERS: usize,
    const RECEIVE_BUFFERS: usize,
    const RECEIVE_BYTES: usize,
    const SEND_BUFFERS: usize,
    const SEND_BYTES: usize,
    const ADDRESSES: usize,
>
    NodeMemory<
        SESSIONS,
        TIMERS,
        RECEIVE_BUFFERS,
        RECEIVE_BYTES,
        SEND_BUFFERS,
        SEND_BYTES,
        ADDRESSES,
    >
{
    const SIZES_FIT: () = {
        assert!(TIMERS >= SESSIONS, "one timer a session, and the role's own behind them");
        assert!(ADDRESSES == SESSIONS || ADDRESSES == 0, "all connections are counted, or none");
        assert!(RECEIVE_BUFFERS > 0 && SEND_BUFFERS > 0, "a node needs buffers of both kinds");
    };

    /// Empty storage: all-zero bits.
    pub const NEW: Self = {
        let () = Self::SIZES_FIT;
        Self {
            sessions: [const { Slot::VACANT }; SESSIONS],
            inbounds: [const { Inbound::EMPTY }; SESSIONS],
            receive_bytes: [0; RECEIVE_BYTES],
            receive_metas: [BufferMeta::VACANT; RECEIVE_BUFFERS],
            send_bytes: [0; SEND_BYTES],
            send_metas: [BufferMeta::VACANT; SEND_BUFFERS],
            levels: [const { Level::VACANT }; LEVELS],
            timers: [TimerEntry::VACANT; TIMERS],
            ready_queue: [0; SESSIONS],
            ready_listed: [false; SESSIONS],
            request_queue: [0; SESSIONS],
            request_listed: [false; SESSIONS],
            ended: [Ended::VACANT; SESSIONS],
            addresses: [const { Slot::VACANT }; ADDRESSES],
            address_heads: [Link::NONE; ADDRESSES],
            address_nexts: [Link::NONE; ADDRESSES],
            networks: [const { Slot::VACANT }; ADDRESSES],
            network_heads: [Link::NONE; ADDRESSES],
            network_nexts: [Link::NONE; ADDRESSES],
            openings: [const { Opening::VACANT }; ADDRESSES],
        }
    };

    /// The storage as the slices that a node borrows.
    pub fn storage(&mut self) -> NodeStorage<'_> {
        NodeStorage {
            sessions: SessionStorage {
                sessions: &mut self.sessions,
                send_bytes: &mut self.send_bytes,
                send_metas: &mut self.send_metas,
                #[cfg(feature = "long-frames")]
                send_long: LongStorage::default(),
                levels: &mut self.levels,
                timers: &mut self.timers,
                ready_queue: &mut self.ready_queue,
                ready_listed: &mut self.ready_listed,
                request_queue: &mut self.request_queue,
                request_listed: &mut self.request_listed,
                ended: &mut self.ended,
                addresses: AddressStorage {
                    entries: &mut self.addresses,
                    heads: &mut self.address_heads,
                    nexts: &mut self.address_nexts,
                },
                networks: AddressStorage {
                    entries: &mut self.networks,
                    heads: &mut self.network_heads,
                    nexts: &mut self.network_nexts,
                },
                openings: &mut self.openings,
            },
            receiver: ReceiverStorage::new(
                &mut self.inbounds,
                &mut self.receive_bytes,
                &mut self.receive_metas,
            ),
            #[cfg(feature = "secure")]
            seals: crate::session::SealStorage::default(),
        }
    }
}

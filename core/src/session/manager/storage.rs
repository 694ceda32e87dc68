//! The memory of a session manager.

use super::Ended;
use crate::session::session::Session;
use crate::session::shares::{AddressStorage, Opening};
#[cfg(feature = "long-frames")]
use crate::storage::LongStorage;
use crate::storage::{BufferMeta, Slot};
use crate::timer::{Level, TimerEntry};

/// The memory of a [`SessionManager`](super::SessionManager). All slices but the pool's, `levels` and `timers` are as long
/// as `sessions`; `timers` has that many and those of the role behind them.
#[derive(Debug)]
pub struct SessionStorage<'a> {
    /// The sessions.
    pub sessions: &'a mut [Slot<Session>],
    /// Bytes for private packets, shared equally by as many buffers as there are `send_metas`.
    pub send_bytes: &'a mut [u8],
    /// One a buffer.
    pub send_metas: &'a mut [BufferMeta],
    /// Buffers for packets that fit none of those.
    #[cfg(feature = "long-frames")]
    pub send_long: LongStorage<'a>,
    /// Two to four.
    pub levels: &'a mut [Level],
    /// One a session, then one a timer of the role.
    pub timers: &'a mut [TimerEntry],
    /// Sessions with something to send.
    pub ready_queue: &'a mut [u16],
    /// Whether a session is in `ready_queue`.
    pub ready_listed: &'a mut [bool],
    /// Sessions with a request for the driver.
    pub request_queue: &'a mut [u16],
    /// Whether a session is in `request_queue`.
    pub request_listed: &'a mut [bool],
    /// Ends that the role has not been told yet.
    pub ended: &'a mut [Ended],
    /// What each address holds; empty if nothing is limited by address.
    pub addresses: AddressStorage<'a>,
    /// The same by network.
    pub networks: AddressStorage<'a>,
    /// How often addresses have opened connections: any number; none if that has no limit.
    pub openings: &'a mut [Opening],
}

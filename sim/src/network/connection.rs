//! `Connection`: two streams, and what the host at each end knows of it.

use tinyrealm_core::session::SessionKey;

use super::stream::Stream;
use crate::ids::{HostId, Side};

/// What a host's operating system knows of its end.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum EndState {
    /// Dialing, or not accepted yet.
    Opening,
    Open,
    /// The host has let go of it.
    Closed,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: HostId,
    /// The session that it is to its node.
    pub(crate) key: SessionKey,
    pub(crate) state: EndState,
    /// It does not read before this.
    pub(crate) paused_until_us: u64,
    /// Its host has been told to read, and has not yet.
    pub(crate) is_noted: bool,
}

impl End {
    const fn new(host: HostId, key: SessionKey) -> Self {
        Self { host, key, state: EndState::Opening, paused_until_us: 0, is_noted: false }
    }
}

/// One connection, from its dial on.
pub(crate) struct Connection {
    ends: [End; 2],
    /// What each side has written.
    streams: [Stream; 2],
    pub(crate) latency_us: u64,
    /// The cable is cut: nothing gets through any more, and nobody is told.
    pub(crate) is_dead: bool,
}

impl Connection {
    pub(crate) const fn new(
        dialer: HostId,
        key: SessionKey,
        acceptor: HostId,
        latency_us: u64,
        capacities: [usize; 2],
    ) -> Self {
        let [to_acceptor, to_dialer] = capacities;
        Self {
            ends: [End::new(dialer, key), End::new(acceptor, SessionKey::DANGLING)],
            streams: [Stream::new(to_acceptor), Stream::new(to_dialer)],
            latency_us,
            is_dead: false,
        }
    }

    pub(crate) const fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }

    pub(crate) const fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    /// What `side` has written.
    pub(crate) const fn written_by(&self, side: Side) -> &Stream {
        &self.streams[side as usize]
    }

    pub(crate) const fn written_by_mut(&mut self, side: Side) -> &mut Stream {
        &mut self.streams[side as usize]
    }

    /// What `side` reads.
    pub(crate) const fn read_by(&self, side: Side) -> &Stream {
        self.written_by(side.peer())
    }

    pub(crate) const fn read_by_mut(&mut self, side: Side) -> &mut Stream {
        self.written_by_mut(side.peer())
    }

    pub(crate) fn is_open(&self, side: Side) -> bool {
        self.end(side).state == EndState::Open
    }

    pub(crate) fn is_closed(&self, side: Side) -> bool {
        self.end(side).state == EndState::Closed
    }

    /// Whether somebody would notice a fault.
    pub(crate) fn is_up(&self) -> bool {
        self.is_open(Side::Dialer) && self.is_open(Side::Acceptor) && !self.is_dead
    }
}

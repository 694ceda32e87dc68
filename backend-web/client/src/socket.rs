//! The life of one socket, of which the host has one half and a session the other.
//!
//! ```text
//!   Free ──create──► Idle ──connect──► Connecting ──opened──► Open ──close──► Closing
//!     ▲                │                   │ │                 │ │              │ │
//!     │                │            closed │ │                 │ │       closed │ │
//!     │◄───────────────┴──────── Closed ◄──┴─┼─────────────────┴─┼──────────────┘ │
//!     │      drop        drop                │ drop              │ drop           │ drop
//!     └────────────────────────── Dropped ◄──┴───────────────────┴────────────────┘
//!            the host has let go
//! ```
//! `opened` and `closed` are the host's, and act when the session is ticked; `create`, `connect`,
//! `close` and `drop` are the session's. A number is another socket's only when both have let go.

use tinyrealm_core::net::NetState;

/// Where a socket is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum SocketState {
    /// Nobody's.
    Free = 0,
    /// A session's, and the host has not heard of it.
    Idle,
    /// The host was asked to open it.
    Connecting,
    /// It stands.
    Open,
    /// The host was asked to close it.
    Closing,
    /// The host has none any more, and the session was told.
    Closed,
    /// The session has gone, and the host is to let go.
    Dropped,
}

/// What can happen to a socket.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum SocketEvent {
    Connect,
    Opened,
    Close,
    Closed,
    Drop,
    LetGo,
}

impl SocketState {
    /// The state after `event`; `None` if it does not happen here.
    pub(crate) const fn after(self, event: SocketEvent) -> Option<Self> {
        use SocketEvent as E;
        Some(match (self, event) {
            (Self::Idle, E::Connect) => Self::Connecting,
            (Self::Connecting, E::Opened) => Self::Open,
            (Self::Connecting | Self::Open, E::Close) => Self::Closing,
            (Self::Connecting | Self::Open | Self::Closing, E::Closed) => Self::Closed,
            (Self::Connecting | Self::Open | Self::Closing, E::Drop) => Self::Dropped,
            (Self::Idle | Self::Closed, E::Drop) | (Self::Dropped, E::LetGo) => Self::Free,
            (
                Self::Free
                | Self::Idle
                | Self::Connecting
                | Self::Open
                | Self::Closing
                | Self::Closed
                | Self::Dropped,
                E::Connect | E::Opened | E::Close | E::Closed | E::Drop | E::LetGo,
            ) => return None,
        })
    }

    /// As the session's user sees it.
    pub(crate) const fn net_state(self) -> NetState {
        match self {
            Self::Idle => NetState::Idle,
            Self::Connecting => NetState::Connecting,
            Self::Open => NetState::Open,
            Self::Closing => NetState::Closing,
            Self::Free | Self::Closed | Self::Dropped => NetState::Closed,
        }
    }

    /// Whether a session has it and the host knows it.
    pub(crate) const fn is_shared(self) -> bool {
        matches!(self, Self::Connecting | Self::Open | Self::Closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SocketEvent as E;
    use SocketState as S;

    #[test]
    fn the_whole_table() {
        let states = [S::Free, S::Idle, S::Connecting, S::Open, S::Closing, S::Closed, S::Dropped];
        let events = [E::Connect, E::Opened, E::Close, E::Closed, E::Drop, E::LetGo];
        let table = [
            [None; 6],
            [Some(S::Connecting), None, None, None, Some(S::Free), None],
            [None, Some(S::Open), Some(S::Closing), Some(S::Closed), Some(S::Dropped), None],
            [None, None, Some(S::Closing), Some(S::Closed), Some(S::Dropped), None],
            [None, None, None, Some(S::Closed), Some(S::Dropped), None],
            [None, None, None, None, Some(S::Free), None],
            [None, None, None, None, None, Some(S::Free)],
        ];
        for (state, row) in states.into_iter().zip(table) {
            for (event, expected) in events.into_iter().zip(row) {
                assert_eq!(state.after(event), expected, "{state:?} after {event:?}");
            }
        }
    }
}

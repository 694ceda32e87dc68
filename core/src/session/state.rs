//! The life of a session, as a table.
//!
//! ```text
//!                    connect                accept
//!                       │                      │
//!                       ▼                      ▼
//!                  ┌──────────┐ connected ┌──────────┐  prove   ┌───────┐
//!                  │Connecting├──────────►│ Greeting ├─────────►│ Ready │
//!                  └────┬─────┘           └────┬─────┘          └───┬───┘
//!                       │ close                │ close              │ close
//!                       │                      ▼                    │
//!                       │                ┌──────────┐               │
//!                       │                │ Draining │◄──────────────┘
//!                       │                └────┬─────┘   last packets on their way,
//!                       │                     │ drained  input is discarded
//!                       ▼                     ▼
//!                  ┌──────────┐ expired ┌───────────┐
//!                  │   Gone   │◄────────┤ Lingering │   our side is shut,
//!                  └──────────┘         └───────────┘   waiting for the peer's
//! ```
//!
//! Besides, from every state, `disconnected` (the transport has ended) and `expired` (a deadline
//! while draining or lingering) lead to `Gone`, where the slot is free again.
//!
//! ```
//! use tinyrealm_core::session::state::{SessionEvent, SessionState};
//! let ready = SessionState::Greeting.after(SessionEvent::Prove);
//! assert_eq!(ready, Some(SessionState::Ready));
//! assert_eq!(SessionState::Lingering.after(SessionEvent::Prove), None);
//! ```

/// Where a session is in its life.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum SessionState {
    /// We have asked the driver to connect.
    #[default]
    Connecting = 0,
    /// Connected; the peer has not proven who it is.
    Greeting = 1,
    /// The peer is known.
    Ready = 2,
    /// Closing: the last packets are on their way, and what arrives is discarded.
    Draining = 3,
    /// Our side is shut; waiting for the peer to shut its own.
    Lingering = 4,
    /// Over: the driver has to let go of the transport.
    Gone = 5,
}

/// What can happen to a session.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SessionEvent {
    /// The transport stands.
    Connected,
    /// The peer has proven who it is.
    Prove,
    /// We end it.
    Close,
    /// Everything that was to be sent is with the transport.
    Drained,
    /// The deadline of the present state has passed.
    Expired,
    /// The transport has ended.
    Disconnected,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Connecting,
        Self::Greeting,
        Self::Ready,
        Self::Draining,
        Self::Lingering,
        Self::Gone,
    ];

    /// The state after `event`; `None` if it can't happen here.
    pub const fn after(self, event: SessionEvent) -> Option<Self> {
        use SessionEvent as E;
        Some(match (self, event) {
            (Self::Connecting, E::Connected) => Self::Greeting,
            (Self::Greeting, E::Prove) => Self::Ready,
            (Self::Greeting | Self::Ready, E::Close) => Self::Draining,
            (Self::Connecting, E::Close) => Self::Gone,
            (Self::Draining, E::Drained) => Self::Lingering,
            (Self::Draining | Self::Lingering, E::Expired) => Self::Gone,
            (
                Self::Connecting | Self::Greeting | Self::Ready | Self::Draining | Self::Lingering,
                E::Disconnected,
            ) => Self::Gone,
            (Self::Gone, _) | (_, E::Connected | E::Prove | E::Close | E::Drained | E::Expired) => {
                return None;
            }
        })
    }

    /// Whether frames are taken from and given to this session's peer.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Greeting | Self::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SessionEvent as E;
    use SessionState as S;

    #[test]
    fn the_whole_table() {
        let events = [E::Connected, E::Prove, E::Close, E::Drained, E::Expired, E::Disconnected];
        let table = [
            [Some(S::Greeting), None, Some(S::Gone), None, None, Some(S::Gone)],
            [None, Some(S::Ready), Some(S::Draining), None, None, Some(S::Gone)],
            [None, None, Some(S::Draining), None, None, Some(S::Gone)],
            [None, None, None, Some(S::Lingering), Some(S::Gone), Some(S::Gone)],
            [None, None, None, None, Some(S::Gone), Some(S::Gone)],
            [None; 6],
        ];
        for (state, row) in S::ALL.into_iter().zip(table) {
            for (event, expected) in events.into_iter().zip(row) {
                assert_eq!(state.after(event), expected, "{state:?} after {event:?}");
            }
        }
    }

    #[test]
    fn an_ended_session_never_opens_again() {
        for ended in [S::Draining, S::Lingering, S::Gone] {
            for event in [E::Connected, E::Prove, E::Close, E::Drained, E::Expired, E::Disconnected]
            {
                assert!(!ended.after(event).is_some_and(S::is_open));
            }
        }
    }
}

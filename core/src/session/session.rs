//! `Session`: what the core remembers of one peer.
//!
//! Contract: plain data; [`SessionManager`](super::SessionManager) keeps it consistent.
//!
//! Bounds: [`SESSION_SLOT_BYTES`], without buffers, which a session has only while it needs them.
//!
//! ```
//! use tinyrealm_core::session::session::SESSION_SLOT_BYTES;
//! assert!(SESSION_SLOT_BYTES <= 52);
//! ```

use super::limits::TokenBucket;
use super::send_queue::SendQueue;
#[cfg(feature = "shares")]
use super::shares::AddressKey;
use super::state::SessionState;
#[cfg(any(feature = "secure", feature = "shares"))]
use crate::storage::Link;
use crate::storage::{Key, Slot, Vacant};
use crate::time::Stamp;
use crate::wire::Framing;
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use crate::wire::ws::Side;

/// Names one session for as long as it lives.
pub type SessionKey = Key<Session>;

/// Bytes of one session in its table.
pub const SESSION_SLOT_BYTES: usize = core::mem::size_of::<Slot<Session>>();

/// Its address, and its place among the strangers, of whom one may have to give way.
const STRANGER_BYTES: usize = if cfg!(feature = "shares") { 12 } else { 0 };

/// Which outlet it has.
const SEAL_BYTES: usize = if cfg!(feature = "secure") { 4 } else { 0 };

const _: () = assert!(
    SESSION_SLOT_BYTES <= 36 + STRANGER_BYTES + SEAL_BYTES,
    "a session has grown: say why, and what it costs"
);

/// What a session is to its role: the role's own numbers, opaque to everyone else.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct LinkTag {
    /// Which of the role's links this is.
    pub kind: u8,
    /// Which of the role's users, worlds, … is at the other end.
    pub index: u16,
}

/// How far a peer that has proven itself is trusted.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// A client: packets are limited.
    Client,
    /// A server of the same realm: packets are not limited.
    Server,
}

/// One peer's connection.
#[derive(Debug)]
pub struct Session {
    pub(super) outbox: SendQueue,
    pub(super) bucket: TokenBucket,
    #[cfg(feature = "shares")]
    pub(super) address: AddressKey,
    /// The next older and the next newer one of the strangers.
    #[cfg(feature = "shares")]
    pub(super) older: Link,
    #[cfg(feature = "shares")]
    pub(super) newer: Link,
    /// When the present state began; of a `Ready` peer that is `ASKED`, when it was.
    pub(super) since: Stamp,
    /// When the last whole frame came.
    pub(super) heard_at: Stamp,
    pub(super) tag: LinkTag,
    pub(super) state: SessionState,
    pub(super) flags: Flags,
    /// Its outlet, if what is said on it is sealed.
    #[cfg(feature = "secure")]
    pub(super) seal: Link,
}

/// The yes-or-no part of a session, in one byte.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Flags(u8);

impl Flags {
    /// Its transport takes nothing now.
    pub(super) const BLOCKED: Self = Self(1);
    /// It has been asked whether it is there, and has not been heard since.
    pub(super) const ASKED: Self = Self(2);
    /// Its packets are not limited.
    pub(super) const TRUSTED: Self = Self(4);
    /// The driver has been told what its present state asks of the transport.
    pub(super) const TOLD: Self = Self(8);
    /// We have opened it ourselves.
    pub(super) const OUTBOUND: Self = Self(16);
    /// Its transport is a WebSocket.
    #[cfg(feature = "websocket")]
    pub(super) const MESSAGES: Self = Self(32);
    /// It is about to be a WebSocket, or may be one yet: nothing can be said before that is known. A
    /// peer's is `MESSAGES` as well once it has asked for one.
    #[cfg(feature = "websocket")]
    pub(super) const HANDSHAKE: Self = Self(64);
    /// Its WebSocket's last word has been said.
    #[cfg(feature = "websocket")]
    pub(super) const CLOSE_SAID: Self = Self(128);

    pub(super) const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub(super) const fn set(&mut self, flag: Self) {
        self.0 |= flag.0;
    }

    /// Clears `flag` and answers whether it was set.
    pub(super) const fn clear(&mut self, flag: Self) -> bool {
        let had = self.has(flag);
        self.0 &= !flag.0;
        had
    }
}

impl Vacant for Session {
    const VACANT: Self = Self {
        outbox: SendQueue::EMPTY,
        bucket: TokenBucket::FULL,
        #[cfg(feature = "shares")]
        address: Key::DANGLING,
        #[cfg(feature = "shares")]
        older: Link::NONE,
        #[cfg(feature = "shares")]
        newer: Link::NONE,
        since: Stamp::ZERO,
        heard_at: Stamp::ZERO,
        tag: LinkTag { kind: 0, index: 0 },
        state: SessionState::Connecting,
        flags: Flags(0),
        #[cfg(feature = "secure")]
        seal: Link::NONE,
    };
}

impl Session {
    /// Whether it is one of those who have come to us and proven nothing, or are on their way out.
    #[cfg(feature = "shares")]
    pub const fn is_stranger(&self) -> bool {
        let may_go = matches!(
            self.state,
            SessionState::Greeting | SessionState::Draining | SessionState::Lingering
        );
        may_go && !self.flags.has(Flags::OUTBOUND)
    }

    /// Where it is in its life.
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// Whether frames can be sent on its transport now.
    pub(super) const fn can_be_told(&self) -> bool {
        #[cfg(feature = "websocket")]
        if self.flags.has(Flags::HANDSHAKE) || self.flags.has(Flags::CLOSE_SAID) {
            return false;
        }
        true
    }

    /// Whether it is a WebSocket that we have opened: what we say on it is masked.
    #[cfg(feature = "websocket")]
    pub(super) const fn is_masked(&self) -> bool {
        self.flags.has(Flags::MESSAGES) && self.flags.has(Flags::OUTBOUND)
    }

    /// It is sealed from here on: its frames stand in records as on a stream, whose messages the records are. Answers
    /// which side of a WebSocket it is, if it is one.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    pub(super) const fn stops_messages(&mut self) -> Option<Side> {
        if !self.flags.clear(Flags::MESSAGES) {
            return None;
        }
        Some(if self.flags.has(Flags::OUTBOUND) { Side::Client } else { Side::Server })
    }

    /// How its frames stand on its transport, or in its records.
    pub const fn framing(&self) -> Framing {
        #[cfg(feature = "websocket")]
        if self.flags.has(Flags::MESSAGES) {
            return Framing::Message;
        }
        Framing::Stream
    }

    /// What it is to its role.
    pub const fn tag(&self) -> LinkTag {
        self.tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_independent() {
        let mut flags = Flags::default();
        flags.set(Flags::TOLD);
        flags.set(Flags::ASKED);
        assert!(flags.clear(Flags::TOLD) && !flags.clear(Flags::TOLD));
        assert!(flags.has(Flags::ASKED) && !flags.has(Flags::BLOCKED));
    }
}

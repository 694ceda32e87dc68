//! What a node sends: session by session, private packets first, then what its room has said.

use super::{InFlight, Node};
use crate::node::transmit::Transmit;
use crate::node::{BroadcastTaken, Role};
use crate::session::{Session, SessionKey};
use crate::time::Instant;

impl<'a, R: Role<'a>> Node<'a, R> {
    /// The next session with something to send, and its bytes; write them with one vectored write
    /// and call [`Node::handle_transmitted`].
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>> {
        self.role.flush(now, &mut self.sessions);
        let key = self.next_to_transmit(now)?;
        #[cfg(feature = "secure")]
        if self.sessions.is_sealing(key) {
            return self.transmit_sealed(now, key);
        }
        let session = self.sessions.get(key)?;
        let (private, has_more) = self.sessions.outbox(key);
        let ring = if has_more { [&[][..]; 3] } else { ring_of(&self.role, session) };
        self.in_flight = Some(InFlight {
            key,
            private_bytes: private.iter().map(|slice| slice.len()).sum(),
            ring_bytes: ring.iter().map(|slice| slice.len()).sum(),
            #[cfg(feature = "secure")]
            record_bytes: 0,
        });
        Some(Transmit::new(key, self.sessions.framing(key), private, ring))
    }

    fn next_to_transmit(&mut self, now: Instant) -> Option<SessionKey> {
        while let Some(key) = self.sessions.pop_ready() {
            self.role.before_transmit(now, &mut self.sessions, key);
            if self.has_outgoing(key) {
                return Some(key);
            }
            self.sessions.sent_everything(now, key);
        }
        None
    }

    pub(super) fn has_outgoing(&self, key: SessionKey) -> bool {
        let Some(session) = self.sessions.get(key) else {
            return false;
        };
        #[cfg(feature = "secure")]
        if let Some(has_some) = self.sessions.has_sealed_outgoing(key) {
            return has_some;
        }
        let ([first, _], _) = self.sessions.outbox(key);
        !first.is_empty() || ring_of(&self.role, session).iter().any(|part| !part.is_empty())
    }

    /// The transport has taken `bytes` of the last [`Node::poll_transmit`]. Fewer than offered means
    /// that it is full: nothing more is offered to it until [`Node::handle_writable`].
    pub fn handle_transmitted(&mut self, now: Instant, bytes: usize) {
        let Some(in_flight) = self.in_flight.take() else {
            return;
        };
        let InFlight { key, private_bytes, ring_bytes, .. } = in_flight;
        #[cfg(feature = "secure")]
        if in_flight.record_bytes > 0 {
            self.sessions.record_taken(key, bytes);
        }
        self.sessions.count_sent(bytes);
        let private_taken = bytes.min(private_bytes);
        self.sessions.outbox_taken(key, private_taken);
        if ring_bytes > 0 && bytes >= private_bytes {
            let taken = BroadcastTaken { bytes: bytes - private_taken, offered: ring_bytes };
            self.role.broadcast_taken(now, &mut self.sessions, key, taken);
        }
        if bytes < in_flight.offered_bytes() {
            self.sessions.block(key);
        } else if self.has_outgoing(key) || self.sessions.is_server(key) {
            // A role may have more for a server, which waits for room.
            self.sessions.mark_ready(key);
        } else {
            self.sessions.sent_everything(now, key);
        }
    }

    /// A transport that was full takes bytes again.
    pub fn handle_writable(&mut self, key: SessionKey) {
        self.sessions.unblock(key);
    }
}

/// What its room has said that this session has not got. Behind its last word there is nothing more, and nothing behind a frame whose
/// rest could not be kept.
pub(super) fn ring_of<'r, 'a, R: Role<'a>>(role: &'r R, session: &Session) -> [&'r [u8]; 3] {
    if session.state().is_open() { role.broadcast(session.tag()) } else { [&[]; 3] }
}

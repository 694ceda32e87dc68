//! What a node sends on sealed links: first what is to go in clear, then records, one on its way at a time.

use super::transmission::ring_of;
use super::{InFlight, Node};
use crate::node::transmit::Transmit;
use crate::node::{BroadcastTaken, Role};
use crate::protocol::ErrorCode;
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::time::Instant;
use crate::wire::Framing;

impl<'a, R: Role<'a>> Node<'a, R> {
    /// The next bytes of a session that has [something to send](Self::has_outgoing), and is sealed or will be.
    pub(super) fn transmit_sealed(
        &mut self,
        now: Instant,
        key: SessionKey,
    ) -> Option<Transmit<'_>> {
        let clear_bytes = self.sessions.clear_outbox(key).iter().map(|slice| slice.len()).sum();
        if clear_bytes == 0 && self.sessions.unsent_record(key).is_empty() {
            self.fill_record(now, key);
        }
        let clear = self.sessions.clear_outbox(key);
        let record = if clear_bytes > 0 { &[] } else { self.sessions.unsent_record(key) };
        let record_bytes = record.len();
        self.in_flight =
            Some(InFlight { key, private_bytes: clear_bytes, ring_bytes: 0, record_bytes });
        let [first, second] = clear;
        let first = if clear_bytes > 0 { first } else { record };
        Some(Transmit::new(key, Framing::Stream, [first, second], [&[]; 3]))
    }

    /// What waits becomes a record, and counts as taken.
    fn fill_record(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self.sessions.get(key) else { return };
        let ring = ring_of(&self.role, session);
        let offered = ring.iter().map(|part| part.len()).sum();
        match self.sessions.fill_record(now, key, ring) {
            Ok(0) => {}
            Ok(bytes) => {
                let taken = BroadcastTaken { bytes, offered };
                self.role.broadcast_taken(now, &mut self.sessions, key, taken);
            }
            // All numbers are used, after 2⁶⁴ records.
            Err(_) => self.sessions.close(now, key, Farewell::Nothing(ErrorCode::BROKEN_SEAL)),
        }
    }
}

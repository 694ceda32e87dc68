//! `Gate`: where servers that dial this one prove themselves.

use hmac::Mac;

use super::Heard;
use super::secret::{KeyChain, Side, Transcript, mac_with};
use crate::log;
use crate::node::Caller;
use crate::protocol::dialer_to_listener::{self, ClusterHello, ClusterProof, Stub};
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use crate::protocol::{Dispatched, ErrorCode, Nonce, Proof, ServerKind, Versions};
use crate::rate_limited_log::RateLimitedLog;
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::time::Instant;
use crate::wire::Frame;

/// The listening side of the proof; see the [module](super).
#[derive(Debug)]
pub struct Gate<K> {
    keys: K,
    own: ServerKind,
    expected: ServerKind,
    /// What its nonces are made with: random, drawn when the first server comes.
    nonce_key: Option<NonceKey>,
    refusals: RateLimitedLog,
}

struct NonceKey([u8; 32]);

impl core::fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NonceKey(…)")
    }
}

impl<K: KeyChain> Gate<K> {
    /// A gate of an `own` server that lets `expected` ones in.
    pub fn new(keys: K, own: ServerKind, expected: ServerKind) -> Self {
        Self { keys, own, expected, nonce_key: None, refusals: RateLimitedLog::default() }
    }

    /// A frame from a stranger in the band of dialing servers.
    pub fn hear(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Heard {
        let mut hearing = Hearing { gate: self, proven: None };
        let dispatched = dialer_to_listener::dispatch(&mut hearing, caller, frame);
        match hearing.proven {
            Some(id) => Heard::Proven(id),
            None => Heard::Pending(dispatched),
        }
    }

    /// A stranger says that it refuses something: if it is our proof, the log has to say so.
    pub fn refused_by_peer(&mut self, now: Instant, code: ErrorCode) {
        if code == ErrorCode::BAD_PROOF {
            self.log_wrong_key(now);
        }
    }

    fn log_wrong_key(&mut self, now: Instant) {
        if let Some(count) = self.refusals.admit(now) {
            log::warning!(
                "refused a {} server: it does not have the key of our realm ({} since the last line)",
                self.expected.name(),
                count
            );
        }
    }

    /// The nonce of a session: random to everyone else, and no other session's.
    fn nonce_of(&self, key: SessionKey) -> Option<Nonce> {
        let mut mac = mac_with(&self.nonce_key.as_ref()?.0);
        mac.update(&key.to_bits().to_le_bytes());
        mac.finalize().into_bytes().first_chunk().copied().map(Nonce)
    }

    /// Our own proof, for who has proven itself.
    fn answer(&self, key: SessionKey, message: &ClusterProof) -> Option<Proof> {
        let keys = self.keys.keys_for(message.id)?;
        let transcript = self.transcript(key, message.id, message.nonce)?;
        let known = keys.shown_by((&message.proof, message.former_proof.as_ref()), &transcript)?;
        Some(known.proof(Side::Listener, &transcript))
    }

    fn transcript(&self, key: SessionKey, id: u16, dialer_nonce: Nonce) -> Option<Transcript> {
        Some(Transcript {
            dialer: self.expected,
            listener: self.own,
            id,
            dialer_nonce,
            listener_nonce: self.nonce_of(key)?,
        })
    }
}

struct Hearing<'g, K> {
    gate: &'g mut Gate<K>,
    proven: Option<u16>,
}

impl<'a, K: KeyChain> Stub<Caller<'_, 'a>> for Hearing<'_, K> {
    fn cluster_hello(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterHello) {
        let gate = &mut *self.gate;
        if message.kind != gate.expected {
            let opcode = ClusterHello::OPCODE.0;
            caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
            return;
        }
        gate.nonce_key.get_or_insert_with(|| NonceKey(caller.context().turn().random()));
        let Some(nonce) = gate.nonce_of(caller.key) else { return };
        let version = Versions::spoken_with(message.versions);
        let challenge = ClusterChallenge { version, nonce };
        caller.sessions.send_or_close(caller.now, caller.key, &challenge);
    }

    fn cluster_proof(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterProof) {
        let gate = &mut *self.gate;
        if let Some(proof) = gate.answer(caller.key, &message) {
            self.proven = Some(message.id);
            caller.sessions.send_or_close(caller.now, caller.key, &ClusterAck { proof });
            return;
        }
        gate.log_wrong_key(caller.now);
        let farewell =
            Farewell::Error { code: ErrorCode::BAD_PROOF, about: ClusterProof::OPCODE.0 };
        caller.sessions.close(caller.now, caller.key, farewell);
    }
}

impl Heard {
    /// What the shell is told.
    pub const fn dispatched(self) -> Dispatched {
        match self {
            Self::Proven(_) => Dispatched::Handled,
            Self::Pending(dispatched) => dispatched,
        }
    }
}

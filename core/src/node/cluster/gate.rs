//! `Gate`: where servers that dial this one prove themselves.

use hmac::Mac;

use super::secret::{Side, Transcript, mac_with};
use super::{ClusterSecret, Heard};
use crate::dispatch::RateLimitedLog;
use crate::log;
use crate::node::Caller;
use crate::protocol::dialer_to_listener::{self, ClusterHello, ClusterProof, Stub};
use crate::protocol::listener_to_dialer::ClusterChallenge;
use crate::protocol::{Dispatched, ErrorCode, Nonce, ServerKind, Versions};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::time::Instant;
use crate::wire::Frame;

/// The listening side of the proof; see the [module](super).
#[derive(Debug)]
pub struct Gate {
    secret: ClusterSecret,
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

impl Gate {
    /// A gate of an `own` server that lets `expected` ones in.
    pub fn new(secret: ClusterSecret, own: ServerKind, expected: ServerKind) -> Self {
        Self { secret, own, expected, nonce_key: None, refusals: RateLimitedLog::default() }
    }

    /// A frame from a stranger in the band of dialing servers.
    pub fn hear(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Heard {
        let mut hearing = Hearing { gate: self, is_proven: false };
        let dispatched = dialer_to_listener::dispatch(&mut hearing, caller, frame);
        if hearing.is_proven { Heard::Proven } else { Heard::Pending(dispatched) }
    }

    /// A stranger says that it refuses something: if it is our proof, the log has to say so.
    pub fn refused_by_peer(&mut self, now: Instant, code: ErrorCode) {
        if code == ErrorCode::BAD_PROOF {
            self.log_wrong_secret(now);
        }
    }

    fn log_wrong_secret(&mut self, now: Instant) {
        if let Some(count) = self.refusals.admit(now) {
            log::warning!(
                "refused a {} server: it does not share our cluster secret ({} since the last line)",
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

    fn transcript(&self, key: SessionKey, dialer_nonce: Nonce) -> Option<Transcript> {
        Some(Transcript {
            dialer: self.expected,
            listener: self.own,
            dialer_nonce,
            listener_nonce: self.nonce_of(key)?,
        })
    }
}

struct Hearing<'g> {
    gate: &'g mut Gate,
    is_proven: bool,
}

impl<'a> Stub<Caller<'_, 'a>> for Hearing<'_> {
    fn cluster_hello(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterHello) {
        let gate = &mut *self.gate;
        if message.kind != gate.expected {
            let opcode = ClusterHello::OPCODE.0;
            caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
            return;
        }
        gate.nonce_key.get_or_insert_with(|| NonceKey(caller.context().turn().random()));
        let Some(transcript) = gate.transcript(caller.key, message.nonce) else { return };
        let proof = gate.secret.proof(Side::Listener, &transcript);
        let version = Versions::spoken_with(message.versions);
        let challenge = ClusterChallenge { version, nonce: transcript.listener_nonce, proof };
        caller.sessions.send_or_close(caller.now, caller.key, &challenge);
    }

    fn cluster_proof(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterProof) {
        let gate = &mut *self.gate;
        let transcript = gate.transcript(caller.key, message.nonce);
        let expected = transcript.map(|transcript| gate.secret.proof(Side::Dialer, &transcript));
        // Proofs compare in constant time.
        self.is_proven = expected == Some(message.proof);
        if !self.is_proven {
            gate.log_wrong_secret(caller.now);
            let farewell =
                Farewell::Error { code: ErrorCode::BAD_PROOF, about: ClusterProof::OPCODE.0 };
            caller.sessions.close(caller.now, caller.key, farewell);
        }
    }
}

impl Heard {
    /// What the shell is told.
    pub const fn dispatched(self) -> Dispatched {
        match self {
            Self::Proven => Dispatched::Handled,
            Self::Pending(dispatched) => dispatched,
        }
    }
}

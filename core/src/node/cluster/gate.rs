//! `Gate`: where servers that dial this one prove themselves.

use super::Heard;
#[cfg(feature = "secure")]
use super::sealing::{Clear, Sealed};
#[cfg(feature = "secure")]
use super::secret::SERVER_EXCEPTIONS_MAX;
use super::secret::{KeyChain, MAY_BE_CLEAR, Side, Transcript, mac};
use crate::log;
use crate::node::Caller;
use crate::protocol::dialer_to_listener::{
    self, ClusterHello, ClusterProof, SecureHello, SecureReady, Stub,
};
#[cfg(feature = "secure")]
use crate::protocol::listener_to_dialer::SecureAnswer;
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use crate::protocol::{Dispatched, ErrorCode, Nonce, Proof, ServerKind, Versions};
use crate::rate_limited_log::RateLimitedLog;
#[cfg(feature = "secure")]
use crate::secure::Broken;
use crate::session::SessionKey;
use crate::session::manager::Farewell;
#[cfg(feature = "secure")]
use crate::session::seals::SealedKind;
use crate::time::Instant;
use crate::wire::{Frame, Opcode};

/// The listening side of the proof; see the [module](super).
#[derive(Debug)]
pub struct Gate<K> {
    keys: K,
    own: ServerKind,
    expected: ServerKind,
    /// What its nonces are made with: random, drawn when the first server comes.
    nonce_key: Option<NonceKey>,
    refusals: RateLimitedLog,
    /// Of those whose links may be in clear: who has come sealed, and does not come in clear again.
    #[cfg(feature = "secure")]
    has_sealed: heapless::Vec<u16, SERVER_EXCEPTIONS_MAX>,
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
        Self {
            keys,
            own,
            expected,
            nonce_key: None,
            refusals: RateLimitedLog::default(),
            #[cfg(feature = "secure")]
            has_sealed: heapless::Vec::new(),
        }
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

    /// Whether the link of this server may be in clear.
    fn takes_clear(&self, id: u16) -> bool {
        #[cfg(feature = "secure")]
        if self.has_sealed.contains(&id) {
            return false;
        }
        self.keys.keys_for(id).is_none_or(|keys| keys.way.is_clear())
    }

    fn refuse_clear(&mut self, caller: &mut Caller<'_, '_>, id: u16, about: Opcode) {
        if let Some(count) = self.refusals.admit(caller.now) {
            log::warning!(
                "refused {} server {}: its link has to be sealed; a board that can't seal it is to be \
                 marked as clear ({} since the last line)",
                self.expected.name(),
                id,
                count
            );
        }
        let farewell = Farewell::Error { code: ErrorCode::NOT_SEALED, about: about.0 };
        caller.sessions.close(caller.now, caller.key, farewell);
    }

    fn refuse_key(&mut self, caller: &mut Caller<'_, '_>, about: Opcode) {
        self.log_wrong_key(caller.now);
        let farewell = Farewell::Error { code: ErrorCode::BAD_PROOF, about: about.0 };
        caller.sessions.close(caller.now, caller.key, farewell);
    }

    /// The nonce of a session: random to everyone else, and no other session's.
    fn nonce_of(&self, key: SessionKey) -> Option<Nonce> {
        let mac = mac(&self.nonce_key.as_ref()?.0, &[&key.to_bits().to_le_bytes()]);
        mac.first_chunk().copied().map(Nonce)
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

#[cfg(feature = "secure")]
impl<K: KeyChain> Gate<K> {
    /// Answers a first message, which may be an old one: nothing is known of its sender yet.
    fn answer_sealed(
        &self,
        caller: &mut Caller<'_, '_>,
        hello: &SecureHello,
    ) -> Result<(Sealed, SecureAnswer), Broken> {
        let keys = self.keys.keys_for(hello.id).ok_or(Broken)?;
        if keys.generation != hello.generation {
            return Err(Broken);
        }
        let drawn = (caller.context().turn().random(), caller.now);
        let record_bytes = caller.sessions.record_bytes();
        let (sealed, start) = Clear::of(hello).answer(&keys, hello, drawn, record_bytes)?;
        Ok((sealed, SecureAnswer { start }))
    }

    fn note_sealed(&mut self, id: u16) {
        if self.takes_clear(id) {
            // There are no more of them than exceptions.
            let _ = self.has_sealed.push(id);
        }
    }
}

impl<'a, K: KeyChain> Stub<Caller<'_, 'a>> for Hearing<'_, K> {
    #[inline]
    fn hears(&self, opcode: Opcode) -> bool {
        match opcode {
            SecureHello::OPCODE | SecureReady::OPCODE => cfg!(feature = "secure"),
            // A hello is refused in words.
            ClusterProof::OPCODE => MAY_BE_CLEAR,
            _ => true,
        }
    }

    #[cfg(not(feature = "secure"))]
    fn secure_hello(&mut self, _: &mut Caller<'_, 'a>, _: SecureHello) {}

    #[cfg(not(feature = "secure"))]
    fn secure_ready(&mut self, _: &mut Caller<'_, 'a>, _: SecureReady) {}

    #[cfg(feature = "secure")]
    fn secure_hello(&mut self, caller: &mut Caller<'_, 'a>, message: SecureHello) {
        let gate = &mut *self.gate;
        let is_ours = (message.from, message.to) == (gate.expected, gate.own);
        if !is_ours || !caller.sessions.is_clear_stream(caller.key) {
            let opcode = SecureHello::OPCODE.0;
            caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
            return;
        }
        let Ok((sealed, answer)) = gate.answer_sealed(caller, &message) else {
            gate.refuse_key(caller, SecureHello::OPCODE);
            return;
        };
        let Sealed { channel, terms } = sealed;
        let (to, terms) = ((caller.now, caller.key), (message.id, terms.record_bytes));
        if !caller.sessions.answer_seal(to, SealedKind::Server, &answer, channel, terms) {
            let farewell = Farewell::Error { code: ErrorCode::BUSY, about: SecureHello::OPCODE.0 };
            caller.sessions.close(caller.now, caller.key, farewell);
        }
    }

    /// It was in a record that has opened: whoever has said it has the key now.
    #[cfg(feature = "secure")]
    fn secure_ready(&mut self, caller: &mut Caller<'_, 'a>, _: SecureReady) {
        self.proven = caller.sessions.sealed_id(caller.key);
        match self.proven {
            Some(id) => self.gate.note_sealed(id),
            None => {
                let opcode = SecureReady::OPCODE.0;
                caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
            }
        }
    }

    fn cluster_hello(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterHello) {
        let gate = &mut *self.gate;
        if message.kind != gate.expected {
            let opcode = ClusterHello::OPCODE.0;
            caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
            return;
        }
        if !gate.takes_clear(message.id) {
            gate.refuse_clear(caller, message.id, ClusterHello::OPCODE);
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
        if !gate.takes_clear(message.id) {
            gate.refuse_clear(caller, message.id, ClusterProof::OPCODE);
            return;
        }
        if let Some(proof) = gate.answer(caller.key, &message) {
            self.proven = Some(message.id);
            caller.sessions.send_or_close(caller.now, caller.key, &ClusterAck { proof });
            return;
        }
        gate.refuse_key(caller, ClusterProof::OPCODE);
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

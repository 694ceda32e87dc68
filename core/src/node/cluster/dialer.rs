//! `Dialer`: how a server that dials another one proves itself, and has the other one prove itself.

#[cfg(feature = "secure")]
use super::sealing::{Begun, Clear, Sealed};
use super::secret::{Side, Transcript};
use super::{ClusterKeys, Heard, Way};
use crate::node::{Caller, Context};
#[cfg(feature = "secure")]
use crate::protocol::dialer_to_listener::SecureReady;
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::listener_to_dialer::{self, ClusterAck, ClusterChallenge, SecureAnswer, Stub};
use crate::protocol::{Dispatched, ErrorCode, Nonce, ServerKind, Versions};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::wire::opcode::LISTENER;
use crate::wire::{Frame, Opcode};

/// The dialing side of the proof, of one link; see the [module](super).
#[derive(Debug)]
pub struct Dialer {
    /// Of the present connection: nonces that nobody has chosen until its challenge has come.
    transcript: Transcript,
    has_shown: bool,
    /// Our first message is said, and not answered.
    #[cfg(feature = "secure")]
    begun: Begun,
}

impl Dialer {
    /// The side of an `own` server that dials a `peer`; the one of both that is not Main has this `id`.
    pub const fn new(own: ServerKind, peer: ServerKind, id: u16) -> Self {
        let none = Nonce([0; 16]);
        let transcript = Transcript {
            dialer: own,
            listener: peer,
            id,
            dialer_nonce: none,
            listener_nonce: none,
        };
        Self {
            transcript,
            has_shown: false,
            #[cfg(feature = "secure")]
            begun: Begun::NONE,
        }
    }

    /// The connection stands: begins to prove with `keys`.
    pub fn begin(&mut self, keys: &ClusterKeys, cx: &mut Context<'_, '_>, key: SessionKey) {
        match keys.way {
            #[cfg(feature = "secure")]
            Way::Sealed => self.begin_sealed(keys, cx, key),
            Way::Clear => self.begin_clear(cx, key),
        }
    }

    #[cfg(feature = "secure")]
    fn begin_sealed(&mut self, keys: &ClusterKeys, cx: &mut Context<'_, '_>, key: SessionKey) {
        let Transcript { dialer: from, listener: to, id, .. } = self.transcript;
        let clear = Clear { versions: Versions::OURS, from, to, id, generation: keys.generation };
        let record_bytes = cx.sessions.record_bytes();
        self.begun = Begun::NONE;
        if let Ok((begun, hello)) = clear.begin(keys, record_bytes, || cx.turn().random()) {
            cx.sessions.send_or_close(cx.now, key, &hello);
            if cx.sessions.await_seal(cx.now, key) {
                self.begun = begun;
            }
        }
        if self.begun.is_none() {
            // The role tries again, as with any server that can't be reached.
            cx.sessions.close(cx.now, key, Farewell::Nothing(ErrorCode::BUSY));
        }
    }

    fn begin_clear(&mut self, cx: &mut Context<'_, '_>, key: SessionKey) {
        let nonce = Nonce(cx.turn().random());
        self.transcript.dialer_nonce = nonce;
        self.has_shown = false;
        let Transcript { dialer: kind, id, .. } = self.transcript;
        let hello = ClusterHello { versions: Versions::OURS, kind, id, nonce };
        cx.sessions.send_or_close(cx.now, key, &hello);
    }

    /// A frame that has come before the proof is complete. With [`Heard::Proven`] both sides have
    /// proven, and what the link is for may follow. A peer that says anything else is closed, and one
    /// with another key too: its end has the reason `BAD_PROOF`, for the role to log.
    pub fn hear(
        &mut self,
        keys: &ClusterKeys,
        caller: &mut Caller<'_, '_>,
        frame: Frame<'_>,
    ) -> Heard {
        if !LISTENER.contains(frame.opcode) {
            out_of_place(caller, frame.opcode.0);
            return Heard::Pending(Dispatched::Handled);
        }
        let mut hearing = Hearing { dialer: self, keys, is_proven: false };
        let dispatched = listener_to_dialer::dispatch(&mut hearing, caller, frame);
        if hearing.is_proven {
            Heard::Proven(self.transcript.id)
        } else {
            Heard::Pending(dispatched)
        }
    }
}

fn out_of_place(caller: &mut Caller<'_, '_>, opcode: i32) {
    caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
}

struct Hearing<'h> {
    dialer: &'h mut Dialer,
    keys: &'h ClusterKeys,
    is_proven: bool,
}

impl Hearing<'_> {
    const fn is_clear(&self) -> bool {
        matches!(self.keys.way, Way::Clear)
    }
}

impl<'a> Stub<Caller<'_, 'a>> for Hearing<'_> {
    #[inline]
    fn hears(&self, opcode: Opcode) -> bool {
        cfg!(feature = "secure") || opcode != SecureAnswer::OPCODE
    }

    #[cfg(not(feature = "secure"))]
    fn secure_answer(&mut self, _: &mut Caller<'_, 'a>, _: SecureAnswer) {}

    #[cfg(feature = "secure")]
    fn secure_answer(&mut self, caller: &mut Caller<'_, 'a>, message: SecureAnswer) {
        let begun = core::mem::replace(&mut self.dialer.begun, Begun::NONE);
        if begun.is_none() {
            out_of_place(caller, SecureAnswer::OPCODE.0);
            return;
        }
        let id = self.dialer.transcript.id;
        self.is_proven = match begun.finish(caller.now, message.start) {
            Ok(Sealed { channel, terms }) => {
                let terms = (id, terms.record_bytes);
                caller.sessions.seal(caller.now, caller.key, channel, terms)
            }
            Err(_) => false,
        };
        if self.is_proven {
            caller.sessions.send_or_close(caller.now, caller.key, &SecureReady {});
        } else {
            let farewell = Farewell::Nothing(ErrorCode::BAD_PROOF);
            caller.sessions.close(caller.now, caller.key, farewell);
        }
    }

    fn cluster_challenge(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterChallenge) {
        if !self.is_clear() || core::mem::replace(&mut self.dialer.has_shown, true) {
            out_of_place(caller, ClusterChallenge::OPCODE.0);
            return;
        }
        let transcript = &mut self.dialer.transcript;
        transcript.listener_nonce = message.nonce;
        let (proof, former_proof) = self.keys.proofs(Side::Dialer, transcript);
        let Transcript { id, dialer_nonce: nonce, .. } = *transcript;
        let shown = ClusterProof { id, nonce, proof, former_proof };
        caller.sessions.send_or_close(caller.now, caller.key, &shown);
    }

    fn cluster_ack(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterAck) {
        if !self.is_clear() || !self.dialer.has_shown {
            out_of_place(caller, ClusterAck::OPCODE.0);
            return;
        }
        let (newest, former) = self.keys.proofs(Side::Listener, &self.dialer.transcript);
        // Proofs compare in constant time.
        self.is_proven =
            newest == message.proof || former.is_some_and(|former| former == message.proof);
        if !self.is_proven {
            let about = ClusterAck::OPCODE.0;
            let farewell = Farewell::Error { code: ErrorCode::BAD_PROOF, about };
            caller.sessions.close(caller.now, caller.key, farewell);
        }
    }
}

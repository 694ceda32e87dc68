//! `Dialer`: how a server that dials another one proves itself, and has the other one prove itself.

#[cfg(feature = "secure")]
use super::sealing::{Begun, Clear, Terms};
use super::secret::{MAY_BE_CLEAR, Side, Transcript};
use super::{ClusterKeys, Heard};
use crate::node::{Caller, Context};
#[cfg(feature = "secure")]
use crate::protocol::SealedStart;
#[cfg(feature = "secure")]
use crate::protocol::dialer_to_listener::SecureReady;
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::listener_to_dialer::{self, ClusterAck, ClusterChallenge, SecureAnswer, Stub};
use crate::protocol::{Dispatched, ErrorCode, Nonce, ServerKind, Versions};
#[cfg(feature = "secure")]
use crate::secure::{Broken, Drawn, Shared};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::wire::opcode::LISTENER;
use crate::wire::{Frame, Opcode};

/// The dialing side of the proof, of one link; see the [module](super).
#[derive(Debug)]
pub struct Dialer {
    own: ServerKind,
    peer: ServerKind,
    id: u16,
    said: Said,
}

/// What is said on the present connection, and what of it counts yet.
#[derive(Debug)]
enum Said {
    Nothing,
    /// The first message of a handshake.
    #[cfg(feature = "secure")]
    Sealed(Begun),
    /// Our hello.
    Hello(Nonce),
    /// Our proof, about both nonces: ours first.
    Proof(Nonce, Nonce),
}

impl Dialer {
    /// The side of an `own` server that dials a `peer`; the one of both that is not Main has this `id`.
    pub const fn new(own: ServerKind, peer: ServerKind, id: u16) -> Self {
        Self { own, peer, id, said: Said::Nothing }
    }

    /// The connection stands: begins to prove with `keys`.
    pub fn begin(&mut self, keys: &ClusterKeys, cx: &mut Context<'_, '_>, key: SessionKey) {
        #[cfg(feature = "secure")]
        if !keys.way.is_clear() {
            self.begin_sealed(keys, cx, key);
        }
        if keys.way.is_clear() {
            self.begin_clear(cx, key);
        }
    }

    /// Not inlined, as with the others: who calls it has less stack to keep for it.
    #[cfg(feature = "secure")]
    #[inline(never)]
    fn begin_sealed(&mut self, keys: &ClusterKeys, cx: &mut Context<'_, '_>, key: SessionKey) {
        let newest = Drawn::new(cx.turn().random());
        let former = keys.former.as_ref().map(|_| Drawn::new(cx.turn().random()));
        self.said = Said::Sealed(Begun::NONE);
        if self.say_hello(keys, cx, key, (&newest, former.as_ref())).is_err() {
            // The role tries again, as with any server that can't be reached.
            self.said = Said::Nothing;
            cx.sessions.close(cx.now, key, Farewell::Nothing(ErrorCode::BUSY));
        }
    }

    /// Not inlined, so that drawing has less stack above it.
    #[cfg(feature = "secure")]
    #[inline(never)]
    fn say_hello(
        &mut self,
        keys: &ClusterKeys,
        cx: &mut Context<'_, '_>,
        key: SessionKey,
        drawn: (&Drawn, Option<&Drawn>),
    ) -> Result<(), Broken> {
        let (versions, generation) = (Versions::OURS, keys.generation);
        let Self { own: from, peer: to, id, .. } = *self;
        let clear = Clear { versions, from, to, id, generation };
        let Said::Sealed(begun) = &mut self.said else { return Err(Broken) };
        let hello = clear.begin(keys, cx.sessions.record_bytes(), drawn, begun)?;
        cx.sessions.send_or_close(cx.now, key, &hello);
        if cx.sessions.await_seal(cx.now, key) { Ok(()) } else { Err(Broken) }
    }

    fn begin_clear(&mut self, cx: &mut Context<'_, '_>, key: SessionKey) {
        let nonce = Nonce(cx.turn().random());
        self.said = Said::Hello(nonce);
        let hello = ClusterHello { versions: Versions::OURS, kind: self.own, id: self.id, nonce };
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
        if hearing.is_proven { Heard::Proven(self.id) } else { Heard::Pending(dispatched) }
    }

    const fn transcript(&self, dialer_nonce: Nonce, listener_nonce: Nonce) -> Transcript {
        let Self { own: dialer, peer: listener, id, .. } = *self;
        Transcript { dialer, listener, id, dialer_nonce, listener_nonce }
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
    /// Not inlined, so that [`Begun::share`] has less stack above it.
    #[cfg(feature = "secure")]
    #[inline(never)]
    fn finish(
        &mut self,
        caller: &mut Caller<'_, '_>,
        shared: &[Option<Shared>; 2],
        start: &mut SealedStart,
    ) {
        if let Said::Sealed(begun) = &mut self.dialer.said
            && let Ok(channel) = begun.finish(shared, caller.now, start)
        {
            let terms = Terms::of(start).map_or(0, |terms| terms.record_bytes);
            let terms = (self.dialer.id, terms);
            self.is_proven = caller.sessions.seal(caller.key, channel, terms);
        }
        self.dialer.said = Said::Nothing;
        if self.is_proven {
            caller.sessions.send_or_close(caller.now, caller.key, &SecureReady {});
        } else {
            let farewell = Farewell::Nothing(ErrorCode::BAD_PROOF);
            caller.sessions.close(caller.now, caller.key, farewell);
        }
    }
}

impl<'a> Stub<Caller<'_, 'a>> for Hearing<'_> {
    #[inline]
    fn hears(&self, opcode: Opcode) -> bool {
        if opcode == SecureAnswer::OPCODE { cfg!(feature = "secure") } else { MAY_BE_CLEAR }
    }

    #[cfg(not(feature = "secure"))]
    fn secure_answer(&mut self, _: &mut Caller<'_, 'a>, _: SecureAnswer) {}

    #[cfg(feature = "secure")]
    fn secure_answer(&mut self, caller: &mut Caller<'_, 'a>, mut message: SecureAnswer) {
        let Said::Sealed(begun) = &self.dialer.said else {
            out_of_place(caller, SecureAnswer::OPCODE.0);
            return;
        };
        let shared = begun.share(&message.start);
        self.finish(caller, &shared, &mut message.start);
    }

    fn cluster_challenge(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterChallenge) {
        let Said::Hello(nonce) = self.dialer.said else {
            out_of_place(caller, ClusterChallenge::OPCODE.0);
            return;
        };
        self.dialer.said = Said::Proof(nonce, message.nonce);
        let transcript = self.dialer.transcript(nonce, message.nonce);
        let (proof, former_proof) = self.keys.proofs(Side::Dialer, &transcript);
        let shown = ClusterProof { id: self.dialer.id, nonce, proof, former_proof };
        caller.sessions.send_or_close(caller.now, caller.key, &shown);
    }

    fn cluster_ack(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterAck) {
        let Said::Proof(ours, theirs) = self.dialer.said else {
            out_of_place(caller, ClusterAck::OPCODE.0);
            return;
        };
        let transcript = self.dialer.transcript(ours, theirs);
        let (newest, former) = self.keys.proofs(Side::Listener, &transcript);
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

//! `Dialer`: how a server that dials another one proves itself, and has the other one prove itself.

use super::secret::{Side, Transcript};
use super::{ClusterSecret, Heard};
use crate::node::{Caller, Context};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::listener_to_dialer::{self, ClusterChallenge, Stub};
use crate::protocol::{Dispatched, ErrorCode, Nonce, ServerKind, Versions};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::wire::Frame;
use crate::wire::opcode::LISTENER;

/// The dialing side of the proof, of one link; see the [module](super).
#[derive(Debug)]
pub struct Dialer {
    own: ServerKind,
    peer: ServerKind,
    /// Of the present connection.
    nonce: Nonce,
}

impl Dialer {
    /// The side of an `own` server that dials a `peer`.
    pub const fn new(own: ServerKind, peer: ServerKind) -> Self {
        Self { own, peer, nonce: Nonce([0; 16]) }
    }

    /// The connection stands: begins the proof.
    pub fn begin(&mut self, cx: &mut Context<'_, '_>, key: SessionKey) {
        self.nonce = Nonce(cx.turn().random());
        let hello = ClusterHello { versions: Versions::OURS, kind: self.own, nonce: self.nonce };
        cx.sessions.send_or_close(cx.now, key, &hello);
    }

    /// A frame that has come before the proof is complete. With [`Heard::Proven`] our own proof is on
    /// its way, and what the link is for may follow. A peer that says anything else is closed, and one
    /// with another secret too: its end has the reason `BAD_PROOF`, for the role to log.
    pub fn hear(
        &mut self,
        secret: &ClusterSecret,
        caller: &mut Caller<'_, '_>,
        frame: Frame<'_>,
    ) -> Heard {
        if !LISTENER.contains(frame.opcode) {
            let code = ErrorCode::OUT_OF_PLACE;
            caller.sessions.violation(caller.now, caller.key, code, frame.opcode.0);
            return Heard::Pending(Dispatched::Handled);
        }
        let mut hearing = Hearing { dialer: self, secret, is_proven: false };
        let dispatched = listener_to_dialer::dispatch(&mut hearing, caller, frame);
        if hearing.is_proven { Heard::Proven } else { Heard::Pending(dispatched) }
    }
}

struct Hearing<'h> {
    dialer: &'h Dialer,
    secret: &'h ClusterSecret,
    is_proven: bool,
}

impl<'a> Stub<Caller<'_, 'a>> for Hearing<'_> {
    fn cluster_challenge(&mut self, caller: &mut Caller<'_, 'a>, message: ClusterChallenge) {
        let transcript = Transcript {
            dialer: self.dialer.own,
            listener: self.dialer.peer,
            dialer_nonce: self.dialer.nonce,
            listener_nonce: message.nonce,
        };
        // Proofs compare in constant time.
        self.is_proven = self.secret.proof(Side::Listener, &transcript) == message.proof;
        if self.is_proven {
            let proof = self.secret.proof(Side::Dialer, &transcript);
            let shown = ClusterProof { nonce: self.dialer.nonce, proof };
            caller.sessions.send_or_close(caller.now, caller.key, &shown);
            return;
        }
        let about = ClusterChallenge::OPCODE.0;
        let farewell = Farewell::Error { code: ErrorCode::BAD_PROOF, about };
        caller.sessions.close(caller.now, caller.key, farewell);
    }
}

//! `Usurper`: somebody who listens at the address of a server that is down, with keys that are not its.
//!
//! Whoever dials is asked for its proof, and answered: with a proof by the stolen keys, or with the dialer's
//! own, reflected. What it hears goes into the journal; servers tell it nothing but their proofs.

use tinyrealm_core::node::cluster::{Side, Transcript};
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use tinyrealm_core::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use tinyrealm_core::protocol::{Dispatched, ErrorCode, Nonce, ServerKind, decode};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::wire::Frame;

use super::impostor::Loot;
use crate::ids::{HostId, Role as Who};
use crate::journal::{Fact, Journal};

/// What it has asked all dialers to prove something about.
const NONCE: Nonce = Nonce([9; 16]);

/// One dishonest listener; see the [module](self).
pub(crate) struct Usurper<'j> {
    pub(crate) place: HostId,
    pub(crate) loot: Loot,
    pub(crate) journal: &'j Journal,
}

impl Usurper<'_> {
    /// What dials, and what it takes itself for.
    const fn kinds(&self) -> (ServerKind, ServerKind) {
        match self.place.role() {
            Who::Main(_) => (ServerKind::WORLD, ServerKind::MAIN),
            Who::Login => (ServerKind::MAIN, ServerKind::LOGIN),
            _ => (ServerKind::MAIN, ServerKind::CHAT),
        }
    }

    fn answer(&self, proof: &ClusterProof) -> ClusterAck {
        let (dialer, listener) = self.kinds();
        let ClusterProof { id, nonce: dialer_nonce, .. } = *proof;
        let transcript = Transcript { dialer, listener, id, dialer_nonce, listener_nonce: NONCE };
        let named = if listener == ServerKind::MAIN { dialer } else { listener };
        let (forged, _) = self.loot.keys((named, id)).proofs(Side::Listener, &transcript);
        let is_reflected =
            dialer_nonce.0[0].is_multiple_of(4) && matches!(self.loot, Loot::Keys(_));
        ClusterAck { proof: if is_reflected { proof.proof } else { forged } }
    }
}

impl<'a> Role<'a> for Usurper<'_> {
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.journal.note(Fact::Confided(frame.opcode));
        if frame.opcode == ClusterHello::OPCODE {
            let challenge = ClusterChallenge { version: 2, nonce: NONCE };
            caller.sessions.send_or_close(caller.now, caller.key, &challenge);
        } else if frame.opcode == ClusterProof::OPCODE
            && let Some(proof) = decode(frame.payload)
        {
            caller.sessions.send_or_close(caller.now, caller.key, &self.answer(&proof));
        }
        Dispatched::Handled
    }

    fn on_error(&mut self, _: &mut Caller<'_, 'a>, _: ErrorCode, _: i32) {}

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}
}

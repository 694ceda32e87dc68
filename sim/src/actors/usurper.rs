//! `Usurper`: somebody who listens at the address of a server that is down, with keys that are not its.
//!
//! Whoever dials is answered: with what the stolen keys make of its first message, or with that message itself, reflected.
//! What it hears goes into the journal; servers tell it nothing but that message.

use tinyrealm_core::node::cluster::{ClusterKeys, Gate, KeyChain};
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::dialer_to_listener::{SecureHello, SecureReady};
use tinyrealm_core::protocol::listener_to_dialer::SecureAnswer;
use tinyrealm_core::protocol::{Dispatched, ErrorCode, ServerKind, decode};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::wire::Frame;

use super::impostor::Loot;
use crate::ids::{HostId, Role as Who};
use crate::journal::{Fact, Journal};

/// One dishonest listener; see the [module](self).
pub(crate) struct Usurper<'j> {
    gate: Gate<Chain>,
    /// It says what it hears back to whom has said it.
    reflects: bool,
    journal: &'j Journal,
}

/// Stolen keys, as those of whoever is wanted.
struct Chain {
    loot: Loot,
    named: ServerKind,
}

impl KeyChain for Chain {
    fn keys_for(&self, id: u16) -> Option<ClusterKeys> {
        Some(self.loot.keys((self.named, id)))
    }
}

impl<'j> Usurper<'j> {
    pub(crate) fn new(place: HostId, loot: Loot, reflects: bool, journal: &'j Journal) -> Self {
        let (dialer, listener) = kinds(place);
        let named = if listener == ServerKind::MAIN { dialer } else { listener };
        let reflects = reflects && matches!(loot, Loot::Keys(_));
        Self { gate: Gate::new(Chain { loot, named }, listener, dialer), reflects, journal }
    }
}

/// What dials there, and what it takes itself for.
fn kinds(place: HostId) -> (ServerKind, ServerKind) {
    match place.role() {
        Who::Main(_) => (ServerKind::WORLD, ServerKind::MAIN),
        Who::Login => (ServerKind::MAIN, ServerKind::LOGIN),
        _ => (ServerKind::MAIN, ServerKind::CHAT),
    }
}

impl<'a> Role<'a> for Usurper<'_> {
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.journal.note(Fact::Confided(frame.opcode));
        if self.reflects
            && frame.opcode == SecureHello::OPCODE
            && let Some(SecureHello { start, .. }) = decode(frame.payload)
        {
            caller.sessions.send_or_close(caller.now, caller.key, &SecureAnswer { start });
        } else if [SecureHello::OPCODE, SecureReady::OPCODE].contains(&frame.opcode) {
            self.gate.hear(caller, frame);
        }
        Dispatched::Handled
    }

    fn on_error(&mut self, _: &mut Caller<'_, 'a>, _: ErrorCode, _: i32) {}

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}
}

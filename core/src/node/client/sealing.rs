//! The client's side of sealed links: to a world with the key that came with its ticket, to Main with that of its device.
//!
//! Contract: a link that TLS seals already is left as it is. A world that takes no sealed links hears the key itself, as
//! Main has said so; Main hears a device's token nowhere but sealed. What is said in clear before the answer ends nothing but this attempt: anybody may have said it.

use super::machine::RealmClient;
use crate::node::device_key::DeviceKey;
use crate::node::sealed_client::{self, ClearClient};
use crate::node::{Caller, Context};
use crate::protocol::listener_to_client::{self, SecureClientAnswer, Stub};
use crate::protocol::{Dispatched, ErrorCode, KeyId, ServerKind, Versions};
use crate::secure::Dialing;
use crate::session::manager::Farewell;
use crate::session::{SessionKey, SessionManager};
use crate::wire::Frame;
use crate::wire::opcode::SERVER_SEAL;

impl RealmClient {
    /// Whether the link to the world is to be sealed: where it can be, and nothing else does.
    pub(super) fn seals_world(&self, sessions: &SessionManager<'_>) -> bool {
        let address = self.world_address.as_str();
        let is_by_tls = match address.split_once("://") {
            // Behind a path is one that passes on what is said, and does not have to read it.
            Some((scheme, place)) => matches!(scheme, "tls" | "wss") && !place.contains('/'),
            None => self.config.is_by_tls,
        };
        self.ticket.is_sealing && !is_by_tls && sessions.record_bytes() > 0
    }

    /// Says the first message to the world, with its ticket's key.
    pub(super) fn begin_seal(&mut self, cx: &mut Context<'_, '_>) {
        let ticket = (self.ticket.key_id, &self.ticket.handshake_key.0);
        self.dialing = begin(cx, self.world_session, ServerKind::WORLD, ticket);
    }

    /// Whether TLS seals the link to the Main that it is with.
    fn main_is_by_tls(&self) -> bool {
        #[cfg(feature = "mains")]
        if let Some((scheme, _)) = self.mains.address().and_then(|it| it.split_once("://")) {
            return matches!(scheme, "tls" | "wss");
        }
        self.config.is_by_tls
    }

    /// Says hello to Main with what this device's key gives, where nobody else hears it.
    pub(super) fn greet_as_device(&mut self, cx: &mut Context<'_, '_>, key: &DeviceKey) {
        self.token = Some(key.token());
        if self.main_is_by_tls() {
            return self.greet(cx);
        }
        let key = (key.key_id(), &key.seal_key().0);
        self.main_dialing = begin(cx, self.main_session, ServerKind::MAIN, key);
    }

    /// What comes before a link is sealed: nothing but the answer.
    pub(super) fn hear_answer<'a>(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        if SERVER_SEAL.contains(frame.opcode) {
            return listener_to_client::dispatch(self, caller, frame);
        }
        let (code, opcode) = (ErrorCode::OUT_OF_PLACE, frame.opcode.0);
        caller.sessions.violation(caller.now, caller.key, code, opcode);
        Dispatched::Handled
    }
}

/// Says the first message with this key; without a place for a sealed link the attempt ends, and another one follows.
fn begin(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    to: ServerKind,
    (key_id, key): (KeyId, &[u8; 32]),
) -> Option<Dialing> {
    let clear = ClearClient { versions: Versions::OURS, to, key_id };
    let dialing = sealed_client::begin(cx, session, clear, key);
    if dialing.is_none() {
        cx.sessions.close(cx.now, session, Farewell::Nothing(ErrorCode::BUSY));
    }
    dialing
}

impl Stub<Caller<'_, '_>> for RealmClient {
    fn secure_client_answer(&mut self, caller: &mut Caller<'_, '_>, message: SecureClientAnswer) {
        let key = caller.key;
        let is_main_s = key == self.main_session;
        let begun = if is_main_s { &mut self.main_dialing } else { &mut self.dialing };
        let Some(dialing) = begun.take() else { return };
        let cx = &mut caller.context();
        if sealed_client::finish(cx, key, dialing, &message) {
            if is_main_s { self.greet(cx) } else { self.join(cx, None) }
        } else {
            caller.sessions.close(caller.now, key, Farewell::Nothing(ErrorCode::BAD_PROOF));
        }
    }
}

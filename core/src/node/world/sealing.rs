//! Sealed links of clients: with the key of a ticket, which the client names and does not say.
//!
//! Contract: a ticket is good for two handshakes, so that one that somebody repeats keeps nobody out, and a third costs
//! nothing. The first record, with its `Join`, redeems it, from a link that was sealed with it.

use super::super::{Caller, sealed_client};
use super::World;
use super::attach::Shown;
use super::game::Game;
use crate::protocol::client_to_listener::{SecureClient, Stub};
use crate::protocol::{ErrorCode, HandshakeKey, ServerKind};

impl<'a, G: Game> Stub<Caller<'_, 'a>> for World<'a, G> {
    fn secure_client(&mut self, caller: &mut Caller<'_, 'a>, message: SecureClient) {
        let is_ours = message.to == ServerKind::WORLD && !caller.sessions.is_sealing(caller.key);
        if !is_ours {
            self.out_of_place(caller, SecureClient::OPCODE.0);
            return;
        }
        let key = caller.key;
        let cx = &mut caller.context();
        let Some((entry, ticket)) = self.attaches.sealable(cx.now, message.key_id) else {
            sealed_client::refuse(cx, key, ErrorCode::BAD_PROOF);
            return;
        };
        if sealed_client::answer(cx, key, &message, &ticket.0) {
            self.attaches.note_sealed(entry, key);
        }
    }
}

/// What somebody shows with its `Join`: the key itself, or that its link is sealed with it.
pub(super) fn shown(caller: &Caller<'_, '_>, key: Option<HandshakeKey>) -> Option<Shown> {
    match key {
        Some(key) => Some(Shown::Key(key)),
        None => caller.sessions.is_sealing(caller.key).then_some(Shown::Link(caller.key)),
    }
}

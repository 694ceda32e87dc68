//! Devices of accounts: their links are sealed with a key that Login tells.
//!
//! ```text
//!  device                     Main                      Login
//!   │ ── SecureClient ───────► │ ── VerifyDevice ──────► │
//!   │ ◄─── SecureClientAnswer ─│ ◄──────────── DeviceAck │
//!   │ ══ Hello, its token ═══► │ ── VerifyToken ───────► │  as any client's
//! ```
//! Contract: the seal says that nobody else listens, and the token who it is. So nothing of an account is known here before
//! its device has shown the token in a record that has opened, and a first message that somebody repeats makes him nobody
//! else than a stranger who is to say hello in time.
//!
//! Bounds: the question to Login is one of those that tokens share, by address as well; a sealed link is one of those that
//! the node has for clients.

use super::hellos::{Comer, Question};
use super::{Authenticator, Main};
use crate::node::visit::Visit;
use crate::node::{Caller, Context, sealed_client};
use crate::protocol::client_to_listener::{SecureClient, Stub};
use crate::protocol::{ErrorCode, SealKey, ServerKind};
use crate::session::{LinkTag, SessionKey};

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn secure_client(&mut self, caller: &mut Caller<'_, 'a>, message: SecureClient) {
        let session = caller.key;
        if message.to != ServerKind::MAIN || caller.sessions.is_sealing(session) {
            self.out_of_place(caller, SecureClient::OPCODE.0);
            return;
        }
        let cx = &mut caller.context();
        let asked = match self.login.is_configured() {
            true => self.ask_login(cx, session, Question::Device(message)),
            false => Err(ErrorCode::NO_ACCOUNTS),
        };
        if let Err(code) = asked {
            self.refuse_client(
                cx,
                Comer::unknown(session, Visit::NONE),
                code,
                SecureClient::OPCODE,
            );
        }
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// Login has told the key. Whoever has it goes on as a stranger.
    pub(super) fn seal_device(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        asked: &SecureClient,
        key: &SealKey,
    ) {
        cx.sessions.set_tag(session, LinkTag::default());
        if !sealed_client::answer(cx, session, asked, &key.0) {
            self.stats.hellos_refused += 1;
        }
    }
}

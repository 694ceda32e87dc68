//! Mains of Login: whose token is it?

use super::jobs::VerifyKey;
use super::token::TokenHash;
use super::{Login, VerifyOutcome, link};
use crate::node::{Caller, Context};
use crate::protocol::ErrorCode;
use crate::protocol::login_to_main::{VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::{Stub, VerifyToken};
use crate::session::{LinkTag, SessionKey, Trust};

impl<'a> Stub<Caller<'_, 'a>> for Login<'a> {
    fn verify_token(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyToken) {
        if caller.tag.kind == link::STRANGER {
            caller.sessions.set_tag(caller.key, LinkTag { kind: link::MAIN, index: 0 });
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
        }
        self.stats.verifies += 1;
        let (key, request) = (caller.key, message.request);
        if !self.jobs.queue_verify(key, request, TokenHash::of(&message.token)) {
            self.deny_token(&mut caller.context(), key, request, ErrorCode::BUSY);
        }
    }
}

impl<'a> Login<'a> {
    fn deny_token(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        request: u32,
        reason: ErrorCode,
    ) {
        cx.sessions.send_or_close(cx.now, session, &VerifyDenied { request, reason });
    }

    /// The outcome of a [`VerifyWork`](super::VerifyWork).
    pub fn finish_verify(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: VerifyKey,
        outcome: VerifyOutcome,
    ) {
        let Some(slot) = self.jobs.finish_verify(key) else { return };
        let (session, request) = (slot.session, slot.request);
        match outcome {
            VerifyOutcome::Verified(uid) => {
                self.stats.verified += 1;
                cx.sessions.send_or_close(cx.now, session, &VerifyAck { request, uid });
            }
            VerifyOutcome::Refused => self.deny_token(cx, session, request, ErrorCode::BAD_TOKEN),
            VerifyOutcome::Unavailable => {
                self.deny_token(cx, session, request, ErrorCode::LOGIN_UNAVAILABLE);
            }
        }
    }
}

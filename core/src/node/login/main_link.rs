//! Mains of Login: whose token is it?

use super::jobs::VerifyKey;
use super::token::TokenHash;
use super::{Login, VerifyOutcome, link};
use crate::log;
use crate::node::cluster::Heard;
use crate::node::{Caller, Context};
use crate::protocol::login_to_main::{VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::{RevokedSince, Stub, VerifyToken};
use crate::protocol::{Dispatched, ErrorCode, Message, Text};
use crate::session::{LinkTag, SessionKey, Trust};
use crate::stats::Count;
use crate::wire::Frame;

impl<'a> Stub<Caller<'_, 'a>> for Login<'a> {
    fn verify_token(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyToken) {
        self.stats.verifies.count();
        let (key, request) = (caller.key, message.request);
        if !self.jobs.queue_verify(key, request, TokenHash::of(&message.token)) {
            self.deny_token(&mut caller.context(), key, request, ErrorCode::BUSY);
        }
    }

    fn revoked_since(&mut self, caller: &mut Caller<'_, 'a>, message: RevokedSince) {
        self.ask_revocations(caller, &message);
    }
}

impl<'a> Login<'a> {
    /// A stranger says that it is a Main.
    pub(super) fn main_proves(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let heard = self.gate.hear(caller, frame);
        if matches!(heard, Heard::Proven(_)) {
            log::info!("a Main has come");
            caller.sessions.set_tag(caller.key, LinkTag { kind: link::MAIN, index: 0 });
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
        }
        heard.dispatched()
    }

    fn deny_token(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        request: u32,
        reason: ErrorCode,
    ) {
        tell(cx, session, &VerifyDenied { request, reason });
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
            VerifyOutcome::Verified(uid, revision, account) => {
                let account = Text::truncated(&account);
                self.stats.verified.count();
                tell(cx, session, &VerifyAck { request, uid, revision, account });
            }
            VerifyOutcome::Refused => self.deny_token(cx, session, request, ErrorCode::BAD_TOKEN),
            VerifyOutcome::Unavailable => {
                self.deny_token(cx, session, request, ErrorCode::LOGIN_UNAVAILABLE);
            }
        }
    }
}

/// Answers a Main. Half of what may wait for it is for answers that were being found out when it stopped
/// reading; if there were more, it gives them up in its own time, and its clients ask again.
pub(super) fn tell<M: Message>(cx: &mut Context<'_, '_>, main: SessionKey, answer: &M) {
    let _ = cx.sessions.send(main, answer);
}

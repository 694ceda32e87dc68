//! Mains of Login: whose token is it, and what is a device's link sealed with?

use super::jobs::{VerifyKey, VerifyQuestion};
use super::token::TokenHash;
use super::{Login, VerifyOutcome, link};
use crate::log;
use crate::node::cluster::Heard;
use crate::node::{Caller, Context};
use crate::protocol::login_to_main::{DeviceAck, VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::{RevokedSince, Stub, VerifyDevice, VerifyToken};
use crate::protocol::{Dispatched, ErrorCode, Message, Text};
use crate::session::{LinkTag, SessionKey, Trust};
use crate::stats::Count;
use crate::wire::Frame;

impl<'a> Stub<Caller<'_, 'a>> for Login<'a> {
    fn verify_token(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyToken) {
        let question = VerifyQuestion::Token(TokenHash::of(&message.token));
        self.look_up(caller, message.request, question);
    }

    fn verify_device(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyDevice) {
        self.look_up(caller, message.request, VerifyQuestion::Device(message.key_id));
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

    fn look_up(&mut self, caller: &mut Caller<'_, 'a>, request: u32, question: VerifyQuestion) {
        self.stats.verifies.count();
        let key = caller.key;
        if !self.jobs.queue_verify(key, request, question) {
            let reason = ErrorCode::BUSY;
            tell(&mut caller.context(), key, &VerifyDenied { request, reason });
        }
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
        let reason = match outcome {
            VerifyOutcome::Verified(uid, revision, account) => {
                let account = Text::truncated(&account);
                self.stats.verified.count();
                tell(cx, session, &VerifyAck { request, uid, revision, account });
                return;
            }
            VerifyOutcome::Sealed(seal_key) => {
                self.stats.verified.count();
                tell(cx, session, &DeviceAck { request, seal_key });
                return;
            }
            VerifyOutcome::Refused => match slot.question {
                VerifyQuestion::Token(_) => ErrorCode::BAD_TOKEN,
                VerifyQuestion::Device(_) => ErrorCode::BAD_PROOF,
            },
            VerifyOutcome::Unavailable => ErrorCode::LOGIN_UNAVAILABLE,
        };
        tell(cx, session, &VerifyDenied { request, reason });
    }
}

/// Answers a Main. Half of what may wait for it is for answers that were being found out when it stopped
/// reading; if there were more, it gives them up in its own time, and its clients ask again.
pub(super) fn tell<M: Message>(cx: &mut Context<'_, '_>, main: SessionKey, answer: &M) {
    let _ = cx.sessions.send(main, answer);
}

//! Clients of Login: one attempt a connection.
//!
//! ```text
//!   stranger ── LoginReq ──► queued ──► running ── outcome ──► LoginAck, Bye
//!       │ limits                │ pushed out by one of              LoginDenied
//!       ▼                       ▼ an address with fewer
//!   LoginDenied             LoginDenied
//! ```

use sha2::{Digest, Sha256};

use super::jobs::{Applicant, LoginKey};
use super::{Admission, Login, LoginOutcome, Verdict, link};
use crate::node::{Caller, Context};
use crate::protocol::client_to_login::{LoginReq, Stub};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::{ErrorCode, LoginDenial, Versions};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, PeerAddress, SessionKey, Trust};

/// A refusal: why, and when to come back.
type Denial = (LoginDenial, u32);

impl<'a> Stub<Caller<'_, 'a>> for Login<'a> {
    fn login_req(&mut self, caller: &mut Caller<'_, 'a>, message: LoginReq<'_>) {
        if caller.tag.kind != link::STRANGER {
            self.out_of_place(caller, LoginReq::OPCODE.0);
            return;
        }
        self.stats.attempts += 1;
        let key = caller.key;
        match self.admit(caller, &message) {
            Ok(login) => {
                let tag = LinkTag { kind: link::CLIENT, index: login.index() };
                caller.sessions.set_tag(key, tag);
                // From here on it waits for us, and not we for it.
                caller.sessions.prove(caller.now, key, Trust::Client);
            }
            Err(denial) => {
                let from = caller.sessions.address(key).unwrap_or_default();
                self.deny(&mut caller.context(), key, (message.id.as_str(), from), denial);
            }
        }
    }
}

impl<'a> Login<'a> {
    fn admit(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &LoginReq<'_>,
    ) -> Result<LoginKey, Denial> {
        let now = caller.now;
        let from = caller.sessions.address(caller.key).unwrap_or_default();
        let address = self.book_key(b"address", &from.0);
        let account = self.book_key(b"account", message.id.as_str().as_bytes());
        let rank = match self.addresses.admit(now, address) {
            Admission::Granted { under_way } => under_way,
            Admission::Blocked { retry_after_ms } => {
                return Err((LoginDenial::TOO_MANY, retry_after_ms));
            }
            Admission::Crowded => return Err((LoginDenial::TOO_MANY, self.config.busy_retry_ms)),
        };
        let refusal = match self.accounts.admit(now, account) {
            Admission::Granted { .. } => {
                let (id, password) = (message.id.as_str(), message.pw.0.as_str());
                let session = caller.key;
                let applicant = Applicant { session, account, address, from, rank, id, password };
                if let Some(login) = self.queue(&mut caller.context(), &applicant) {
                    return Ok(login);
                }
                self.accounts.settle(now, account, Verdict::Void);
                (LoginDenial::BUSY, self.config.busy_retry_ms)
            }
            Admission::Blocked { retry_after_ms } => (LoginDenial::LOCKED, retry_after_ms),
            Admission::Crowded => (LoginDenial::BUSY, self.config.busy_retry_ms),
        };
        self.addresses.settle(now, address, Verdict::Void);
        Err(refusal)
    }

    /// Nobody who does not know the seed can choose texts with the same key.
    fn book_key(&self, kind: &[u8], text: &[u8]) -> u64 {
        let digest = Sha256::new().chain_update(self.seed).chain_update(kind).chain_update(text);
        let digest: [u8; 32] = digest.finalize().into();
        digest.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
    }

    fn deny(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        (id, from): (&str, PeerAddress),
        (reason, retry_after_ms): Denial,
    ) {
        self.journal.denied(cx.now, id, from, reason);
        self.stats.count_denied(reason);
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.send_or_close(cx.now, session, &LoginDenied { reason, retry_after_ms });
        cx.sessions.close(cx.now, session, Farewell::Nothing(ErrorCode::GOODBYE));
    }

    /// If the queue is full, whoever's address has the most in it gives way to one that has fewer.
    fn queue(&mut self, cx: &mut Context<'_, 'a>, applicant: &Applicant<'_>) -> Option<LoginKey> {
        if let Some(login) = self.jobs.queue_login(applicant) {
            return Some(login);
        }
        let last = self.jobs.last_behind(applicant.rank)?;
        self.push_out(cx, last);
        self.jobs.queue_login(applicant)
    }

    fn push_out(&mut self, cx: &mut Context<'_, 'a>, login: LoginKey) {
        let Some(slot) = self.jobs.remove_login(login) else { return };
        self.accounts.settle(cx.now, slot.account, Verdict::Void);
        self.addresses.settle(cx.now, slot.address, Verdict::Void);
        let denial = (LoginDenial::BUSY, self.config.busy_retry_ms);
        self.deny(cx, slot.session, (slot.id(), slot.from), denial);
    }

    /// Whoever has gone is not checked, unless somebody is at it.
    pub(super) fn client_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some((key, slot)) = self.jobs.login_at(index) else { return };
        if !slot.is_running
            && let Some(slot) = self.jobs.remove_login(key)
        {
            self.accounts.settle(cx.now, slot.account, Verdict::Void);
            self.addresses.settle(cx.now, slot.address, Verdict::Void);
        }
    }

    /// The outcome of a [`LoginWork`](super::LoginWork).
    pub fn finish_login(&mut self, cx: &mut Context<'_, 'a>, key: LoginKey, outcome: LoginOutcome) {
        let Some(slot) = self.jobs.remove_login(key) else { return };
        let (of_account, of_address) = match outcome {
            LoginOutcome::Granted { .. } => (Verdict::Succeeded, Verdict::Void),
            LoginOutcome::Denied(LoginDenial::WRONG) => (Verdict::Failed, Verdict::Failed),
            LoginOutcome::Denied(_) => (Verdict::Void, Verdict::Void),
        };
        let account_ms = self.accounts.settle(cx.now, slot.account, of_account);
        let address_ms = self.addresses.settle(cx.now, slot.address, of_address);
        match outcome {
            LoginOutcome::Granted { uid, ttl_s } => {
                self.journal.granted(cx.now, slot.id(), slot.from);
                let ack = LoginAck { version: Versions::OURS.to, uid, token: slot.token, ttl_s };
                self.grant(cx, slot.session, &ack);
            }
            LoginOutcome::Denied(LoginDenial::UNAVAILABLE) => {
                let retry_after_ms = self.config.busy_retry_ms;
                let denial = (LoginDenial::UNAVAILABLE, retry_after_ms);
                self.deny(cx, slot.session, (slot.id(), slot.from), denial);
            }
            LoginOutcome::Denied(reason) => {
                let denial = (reason, account_ms.max(address_ms));
                self.deny(cx, slot.session, (slot.id(), slot.from), denial);
            }
        }
    }

    fn grant(&mut self, cx: &mut Context<'_, 'a>, session: SessionKey, ack: &LoginAck) {
        self.stats.granted += 1;
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.send_or_close(cx.now, session, ack);
        cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::GOODBYE));
    }

    pub(super) fn out_of_place(&self, caller: &mut Caller<'_, 'a>, opcode: i32) {
        caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
    }
}

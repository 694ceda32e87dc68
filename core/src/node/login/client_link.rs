//! Clients of Login: one attempt a connection.
//!
//! ```text
//!   stranger ── LoginReq ──► queued ──► running ── outcome ──► LoginAck, Bye
//!       │ limits                │ pushed out by one                 LoginDenied
//!       ▼                       ▼ who goes first
//!   LoginDenied             LoginDenied
//! ```

use sha2::{Digest, Sha256};

use super::jobs::{Applicant, Counted, Line, LoginKey, Rank};
use super::origins::Origin;
use super::{Admission, DeviceClaim, Login, LoginOutcome, Verdict, link};
use crate::node::{Caller, Context};
use crate::protocol::client_to_login::{LoginReq, Stub};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::{ErrorCode, LoginDenial, Versions};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, PeerAddress, SessionKey, Trust};
use crate::stats::Count;
use crate::time::Instant;

/// A refusal: why, and when to come back.
type Denial = (LoginDenial, u32);

impl<'a> Stub<Caller<'_, 'a>> for Login<'a> {
    fn login_req(&mut self, caller: &mut Caller<'_, 'a>, message: LoginReq<'_>) {
        if caller.tag.kind != link::STRANGER {
            self.out_of_place(caller, LoginReq::OPCODE.0);
            return;
        }
        self.stats.attempts.count();
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
        let (session, now) = (caller.key, caller.now);
        let (id, password) = (message.id.as_str(), message.pw.0.as_str());
        let from = caller.sessions.address(session).unwrap_or_default();
        let origin = self.origin_of(from);
        let account = self.book_key(b"account", id.as_bytes(), b"");
        let way = self.book_key(b"way", &from.0, id.as_bytes());
        let device = message.device.as_ref().and_then(|token| self.devices.read(id, token));
        // All devices of an account are one: who has stolen a token has no more guesses than one.
        let known = match device {
            Some(_) => Some(self.book_key(b"device", id.as_bytes(), b"")),
            None => self.ways.knows(way).then_some(way),
        };
        let (counted, rank) = match known {
            Some(way) => (Counted::Known { way }, self.admit_known(now, way)?),
            None => {
                let rank = self.admit_stranger(now, account, origin)?;
                (Counted::Stranger { account, origin }, rank)
            }
        };
        let is_held_back = device.is_some() && self.stranger_wait_ms(now, account, origin) > 0;
        let applicant =
            Applicant { session, counted, way, device, is_held_back, from, rank, id, password };
        self.queue(&mut caller.context(), &applicant).ok_or_else(|| {
            self.settle(now, counted, Verdict::Void);
            (LoginDenial::BUSY, self.config.busy_retry_ms)
        })
    }

    /// Whoever was let in before waits for their own mistakes, not for those of others, and goes before them
    /// until there are too many of those.
    fn admit_known(&mut self, now: Instant, way: u64) -> Result<Rank, Denial> {
        match self.ways.admit(now, way) {
            Admission::Granted { under_way, failures } => {
                let is_trusted = failures <= self.config.account.free_failures;
                let line = if is_trusted { Line::Known } else { Line::Strangers };
                Ok(Rank { line, ahead: under_way.saturating_add(failures) })
            }
            Admission::Blocked { retry_after_ms } => Err((LoginDenial::LOCKED, retry_after_ms)),
            Admission::Crowded => Err((LoginDenial::BUSY, self.config.busy_retry_ms)),
        }
    }

    fn admit_stranger(
        &mut self,
        now: Instant,
        account: u64,
        origin: Origin,
    ) -> Result<Rank, Denial> {
        let busy_ms = self.config.busy_retry_ms;
        let ahead = match self.origins.admit(now, origin) {
            Admission::Granted { under_way, .. } => under_way,
            Admission::Blocked { retry_after_ms } => {
                return Err((LoginDenial::TOO_MANY, retry_after_ms));
            }
            Admission::Crowded => return Err((LoginDenial::TOO_MANY, busy_ms)),
        };
        let refusal = match self.accounts.admit(now, account) {
            Admission::Granted { .. } => return Ok(Rank { line: Line::Strangers, ahead }),
            Admission::Blocked { retry_after_ms } => (LoginDenial::LOCKED, retry_after_ms),
            Admission::Crowded => (LoginDenial::BUSY, busy_ms),
        };
        self.origins.settle(now, origin, Verdict::Void);
        Err(refusal)
    }

    /// How long somebody who is not known would have to wait.
    fn stranger_wait_ms(&mut self, now: Instant, account: u64, origin: Origin) -> u32 {
        self.accounts.wait_ms(now, account).max(self.origins.wait_ms(now, origin))
    }

    /// An attempt is over; answers how long the next one has to wait. The right password says nothing about
    /// an address, where others may guess.
    fn settle(&mut self, now: Instant, counted: Counted, verdict: Verdict) -> u32 {
        match counted {
            Counted::Known { way } => self.ways.settle(now, way, verdict),
            Counted::Stranger { account, origin } => {
                let of_origin = if verdict == Verdict::Succeeded { Verdict::Void } else { verdict };
                let account_ms = self.accounts.settle(now, account, verdict);
                account_ms.max(self.origins.settle(now, origin, of_origin))
            }
        }
    }

    fn origin_of(&self, from: PeerAddress) -> Origin {
        let key = |kind, address: PeerAddress| self.book_key(kind, &address.0, b"");
        let network = from.group().network().map(|network| key(b"network", network.first()));
        Origin { address: key(b"address", from), network }
    }

    /// Nobody who does not know the seed can choose texts with the same key.
    fn book_key(&self, kind: &[u8], text: &[u8], more: &[u8]) -> u64 {
        let digest = Sha256::new().chain_update(self.seed).chain_update(kind);
        let digest = digest.chain_update(text).chain_update(more);
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

    /// If there is no place, or so many wait that there is hardly a connection left, the last in line gives way
    /// to one who goes before.
    fn queue(&mut self, cx: &mut Context<'_, 'a>, applicant: &Applicant<'_>) -> Option<LoginKey> {
        if !self.jobs.has_place(applicant.rank.line) || !cx.sessions.has_room_for_client() {
            let last = self.jobs.last_behind(applicant.rank)?;
            self.push_out(cx, last);
        }
        self.jobs.queue_login(applicant)
    }

    fn push_out(&mut self, cx: &mut Context<'_, 'a>, login: LoginKey) {
        let Some(slot) = self.jobs.remove_login(login) else { return };
        self.settle(cx.now, slot.counted, Verdict::Void);
        let denial = (LoginDenial::BUSY, self.config.busy_retry_ms);
        self.deny(cx, slot.session, (slot.id(), slot.from), denial);
    }

    /// Whoever has gone is not checked, unless somebody is at it.
    pub(super) fn client_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some((key, slot)) = self.jobs.login_at(index) else { return };
        if !slot.is_running
            && let Some(slot) = self.jobs.remove_login(key)
        {
            self.settle(cx.now, slot.counted, Verdict::Void);
        }
    }

    /// The outcome of a [`LoginWork`](super::LoginWork).
    pub fn finish_login(&mut self, cx: &mut Context<'_, 'a>, key: LoginKey, outcome: LoginOutcome) {
        let Some(slot) = self.jobs.remove_login(key) else { return };
        let now = cx.now;
        let verdict = match outcome {
            LoginOutcome::Granted { .. } => Verdict::Succeeded,
            LoginOutcome::Denied(LoginDenial::WRONG)
            | LoginOutcome::Held { reason: LoginDenial::WRONG, .. } => Verdict::Failed,
            LoginOutcome::Denied(_) | LoginOutcome::Held { .. } => Verdict::Void,
        };
        let wait_ms = self.settle(now, slot.counted, verdict);
        let (reason, retry_after_ms) = match outcome {
            LoginOutcome::Granted { uid, ttl_s, generation } => {
                self.ways.remember(now, slot.way);
                self.journal.granted(now, slot.id(), slot.from);
                let device = self.devices.issue(slot.id(), DeviceClaim { uid, generation });
                let (version, token) = (Versions::OURS.to, slot.token);
                let ack = LoginAck { version, uid, token, ttl_s, device };
                self.grant(cx, slot.session, &ack);
                return;
            }
            LoginOutcome::Denied(LoginDenial::UNAVAILABLE) => {
                (LoginDenial::UNAVAILABLE, self.config.busy_retry_ms)
            }
            LoginOutcome::Denied(LoginDenial::LOCKED) => {
                let account = self.book_key(b"account", slot.id().as_bytes(), b"");
                let origin = self.origin_of(slot.from);
                (LoginDenial::LOCKED, self.stranger_wait_ms(now, account, origin))
            }
            LoginOutcome::Denied(reason) => (reason, wait_ms),
            LoginOutcome::Held { reason, retry_after_ms } => (reason, wait_ms.max(retry_after_ms)),
        };
        self.deny(cx, slot.session, (slot.id(), slot.from), (reason, retry_after_ms));
    }

    fn grant(&mut self, cx: &mut Context<'_, 'a>, session: SessionKey, ack: &LoginAck) {
        self.stats.granted.count();
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.send_or_close(cx.now, session, ack);
        cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::GOODBYE));
    }

    pub(super) fn out_of_place(&self, caller: &mut Caller<'_, 'a>, opcode: i32) {
        caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
    }
}

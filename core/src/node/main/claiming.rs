//! Claiming: in a realm of several Mains a user is at the one that it has said hello to last.
//!
//! Purpose: a hello that is known waits for its [`Claim`](crate::node::directory::Claim) before it is let in, and whoever is
//! here and has said hello elsewhere since is told `REPLACED`. Its seat stays where it is, for the Main that has it now: its
//! world hears only that it is elsewhere. Without a directory hellos are let in at once.
//!
//! Contract: whoever carries out what [`Main::next_directory_work`] hands out brings an answer for each, and tells of
//! changes as it hears of them. Whoever has waited is judged once more: it may have been banned or revoked meanwhile. While the directory does not answer, those inside go on, and hellos wait for
//! [`MainConfig::claim_timeout_ms`](super::MainConfig) and are refused with `DIRECTORY_UNAVAILABLE`.

use super::hellos::{Comer, Greeting};
use super::{Authenticator, EntryKey, Main, Place, claim_timer, link};
use crate::node::Context;
use crate::node::directory::{Answer, Verdict, Work};
use crate::protocol::{ClaimNumber, ErrorCode, Revision, Uid};
use crate::session::manager::Farewell;
use crate::session::{AddressKey, Holding, LinkTag, SessionKey};
use crate::stats::Count;

/// Somebody who is known, and may come in.
#[derive(Clone, Debug)]
pub(super) struct Newcomer {
    pub(super) uid: Uid,
    pub(super) revision: Revision,
    /// It was invented for this connection.
    pub(super) is_new_guest: bool,
    pub(super) greeting: Greeting,
}

impl Newcomer {
    /// Who comes by this connection.
    pub(super) const fn comer(&self, session: SessionKey) -> Comer {
        Comer { session, visit: self.greeting.visit, uid: self.uid }
    }
}

/// One who waits for its claim.
#[derive(Clone, Debug)]
pub struct PendingClaim {
    session: SessionKey,
    address: AddressKey,
    newcomer: Newcomer,
}

impl PendingClaim {
    #[cfg(feature = "shares")]
    pub(super) const fn address(&self) -> AddressKey {
        self.address
    }

    const fn comer(&self) -> Comer {
        self.newcomer.comer(self.session)
    }
}

/// Hellos that wait are looked through for those who have waited too long this often at most.
const CLAIM_CHECK_MS: u32 = 100;

impl<'a, A: Authenticator> Main<'a, A> {
    /// What the directory is to be asked next.
    pub fn next_directory_work(&mut self) -> Option<Work> {
        self.claims.next_work()
    }

    /// The directory has answered.
    pub fn directory_answered(&mut self, cx: &mut Context<'_, 'a>, work: Work, answer: Answer) {
        let (verdict, hello) = self.claims.answered(work, answer);
        self.take_verdict(cx, work.uid, verdict, hello);
    }

    /// The directory has this number of a user now: by a claim of this Main in its present life, or by somebody
    /// else, or because a claim has ended. It may be old, and need not be told at all.
    pub fn directory_changed(
        &mut self,
        cx: &mut Context<'_, 'a>,
        uid: Uid,
        number: ClaimNumber,
        is_ours: bool,
    ) {
        let verdict = self.claims.changed(uid, number, is_ours);
        self.take_verdict(cx, uid, verdict, None);
        let number = self.claims.number(uid);
        if let Some(user) = self.users.find(uid).and_then(|key| self.users.get_mut(key))
            && user.claim.0 > 0
            && number.0 > 0
        {
            user.claim = number;
        }
    }

    /// A hello waits until it is known that the user is nowhere else.
    pub(super) fn claim_user(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        newcomer: Newcomer,
    ) {
        let (uid, address) = (newcomer.uid, cx.sessions.address_key(session));
        let comer = newcomer.comer(session);
        let hello = PendingClaim { session, address, newcomer };
        let Ok((slot, before)) = self.claims.want(cx.now, uid, hello) else {
            return self.refuse_hello(cx, comer, ErrorCode::FULL);
        };
        self.log_comer(cx, comer, format_args!("the directory is asked for it"));
        cx.sessions.shares_mut().hold(address, Holding::Question);
        cx.sessions.set_tag(session, LinkTag { kind: link::CLAIMING, index: slot });
        if let Some(before) = before {
            self.claim_ended(cx, &before);
            self.say_replaced(cx, before.session);
        }
        if self.claims.waiting() == 1 {
            self.schedule_claim_check(cx, self.config.claim_timeout_ms);
        }
    }

    fn schedule_claim_check(&self, cx: &mut Context<'_, 'a>, ms: u32) {
        cx.sessions.schedule(claim_timer(self.users.capacity()), cx.now.after_ms(ms));
    }

    fn claim_ended(&self, cx: &mut Context<'_, 'a>, hello: &PendingClaim) {
        cx.sessions.shares_mut().give_back(hello.address, Holding::Question);
    }

    fn say_replaced(&self, cx: &mut Context<'_, 'a>, session: SessionKey) {
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::REPLACED));
    }

    fn take_verdict(
        &mut self,
        cx: &mut Context<'_, 'a>,
        uid: Uid,
        verdict: Verdict,
        hello: Option<PendingClaim>,
    ) {
        if let Some(hello) = &hello {
            self.claim_ended(cx, hello);
        }
        match (verdict, hello) {
            (Verdict::Granted, Some(hello)) => self.granted(cx, hello),
            (Verdict::Refused(code), Some(hello)) => self.refuse_hello(cx, hello.comer(), code),
            (Verdict::Lost(number), _) => self.lose_user(cx, uid, number),
            (Verdict::None | Verdict::Granted | Verdict::Refused(_), _) => {}
        }
    }

    fn granted(&mut self, cx: &mut Context<'_, 'a>, hello: PendingClaim) {
        let PendingClaim { session, newcomer, .. } = hello;
        let uid = newcomer.uid;
        if cx.sessions.is_open(session) && !self.is_turned_away(cx, session, &newcomer) {
            // Who was revoked while it has waited is known already, and may be this one.
            if newcomer.revision < self.login.heard.revision() {
                self.ask_again(cx, session, newcomer.greeting);
            } else {
                self.let_in(cx, session, newcomer);
            }
        }
        if self.users.find(uid).is_none() {
            self.claims.release(uid);
        }
    }

    /// A world has heard of a newer claim of the user than this Main.
    pub(super) fn overtaken(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(uid) = self.users.get(key).map(|user| user.uid) else { return };
        self.set_place(cx, key, Place::Outside);
        self.disarm(cx, key);
        self.claims.overtaken(uid);
        self.lose_user(cx, uid, ClaimNumber(0));
    }

    /// The user has said hello at another Main. What it has here ends, but for its seat.
    fn lose_user(&mut self, cx: &mut Context<'_, 'a>, uid: Uid, number: ClaimNumber) {
        let Some(key) = self.users.find(uid) else { return };
        self.stats.claims_lost.count();
        self.log_overtaken(cx, key, number);
        let session = self.set_session(key, SessionKey::DANGLING);
        self.say_replaced(cx, session);
        if let Some(user) = self.users.get_mut(key) {
            user.wants_in = false;
            // It may have logged in again since.
            user.revision = Revision(0);
        }
        self.drop_wish_if_done(key);
        self.leave_all_channels(cx, key);
        self.give_up(cx, key);
        self.tell_of_newer_claim(cx, key, number);
        self.forget_if_gone(cx, key);
    }

    /// Its world hears that it is elsewhere: whoever is there by an older claim is a ghost.
    fn tell_of_newer_claim(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        number: ClaimNumber,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        user.newer_claim = number;
        if let Some(world) = user.place.world() {
            self.ask_to_detach(cx, key, world, ErrorCode::STALE_CLAIM);
        }
    }

    /// The connection of one who waits has ended.
    pub(super) fn forget_claim(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        if let Some(hello) = self.claims.forget(index) {
            self.claim_ended(cx, &hello);
        }
    }

    /// Gives up those whom the directory has not answered about in time. O(claims) for each.
    pub(super) fn check_claims(&mut self, cx: &mut Context<'_, 'a>) {
        let left_ms = loop {
            match self.claims.overdue(cx.now, self.config.claim_timeout_ms) {
                Err(left_ms) => break left_ms,
                Ok(index) => {
                    let Some(hello) = self.claims.forget(index) else { return };
                    self.claim_ended(cx, &hello);
                    self.refuse_hello(cx, hello.comer(), ErrorCode::DIRECTORY_UNAVAILABLE);
                }
            }
        };
        if self.claims.waiting() > 0 {
            self.schedule_claim_check(cx, left_ms.max(CLAIM_CHECK_MS));
        }
    }
}

//! Users whom Main lets go because their rights have ended: Login says so, or they are banned.
//!
//! ```text
//!             Live, StoreRevision,               the last page, and nothing
//!             a user of whom nothing is known    new meanwhile
//!   knowing ──────────────────────────► asking ──────────────────────────► knowing
//!                                        │  ▲
//!                                        └──┘ a page: on from there; no answer: once more
//! ```
//! Contract: whoever has begun with an older revision than its revocation is out: its connection, its
//! ticket, its world, its channels. A user whom a world has reported, of whom Main does not know with which
//! revision it began, is out unless its account has logged in again since. Its stay in the world is judged for
//! itself: if that may be of an older login than the connection, it ends, and whoever has a good token comes
//! in again by Main. A Main whose link to Login was
//! away asks from where it was. Whoever has waited for its claim meanwhile is looked up once more.
//!
//! In a realm of several Mains the one that has a user's claim judges it, and its stay. Whom only a world has told of, the others judge,
//! too, by what is known of its account or its bans: they tell the world so, which goes by it if the Main that has the claim is gone,
//! and otherwise passes over it. So nothing changes here before the world says that the user has left; and since a Main may be lost
//! before it has judged, all of a world's are judged again behind its list, which it tells anew when it has lost one.

use super::directory::Place;
use super::{Authenticator, EntryKey, Main, WorldKey, link, login_link_timer};
use crate::node::Context;
use crate::protocol::login_to_main::Revocations;
use crate::protocol::main_to_login::RevokedSince;
use crate::protocol::{ClaimNumber, ErrorCode, Revision, Revocation, Uid};
use crate::session::LinkTag;
use crate::session::manager::Farewell;
use crate::storage::Key;

/// After this long without an answer the question is asked again.
const ASK_AGAIN_MS: u32 = 500;

/// How much is known of who was revoked; see the [module](self).
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Heard {
    /// All of this revision,
    revision: Revision,
    /// and of the next ones those up to this uid.
    uid: Uid,
    /// The newest revision that there is.
    newest: Revision,
    is_asking: bool,
    /// Whether somebody is here of whom all of it has to be heard.
    is_incomplete: bool,
}

impl Heard {
    /// The revision up to which everything is known. Whoever has begun with an older one may have been revoked already.
    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// The link to Login is up, or there is a new revision.
    pub(super) fn hear_of_revision(&mut self, cx: &mut Context<'_, 'a>, newest: Revision) {
        let heard = &mut self.login.heard;
        heard.newest = heard.newest.max(newest);
        if !heard.is_asking {
            self.ask_for_revocations(cx);
        }
    }

    /// Somebody is here of whom it is not known with which revision it began.
    pub(super) fn recheck_revocations(&mut self, cx: &mut Context<'_, 'a>) {
        self.login.heard.is_incomplete = true;
        if !self.login.heard.is_asking {
            self.ask_for_revocations(cx);
        }
    }

    /// Somebody has come from another Main, which has sent it to the world that it is in: by which login is not known here.
    pub(super) fn judge_stay_anew(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key).filter(|_| self.claims.is_used()) else { return };
        if user.place.world().is_some() && user.stay_revision == Revision(0) {
            self.recheck_revocations(cx);
        }
    }

    pub(super) fn ask_for_revocations(&mut self, cx: &mut Context<'_, 'a>) {
        let Some(login) = self.login.live() else { return };
        let heard = &mut self.login.heard;
        if core::mem::take(&mut heard.is_incomplete) {
            (heard.revision, heard.uid) = (Revision::default(), Uid::NOBODY);
        }
        heard.is_asking = true;
        heard.newest = Revision::default();
        let question = RevokedSince { revision: heard.revision, uid: heard.uid };
        // What the link does not take is asked again, like what is not answered.
        let _ = cx.sessions.send(login, &question);
        let timer = login_link_timer(self.users.capacity());
        cx.sessions.schedule(timer, cx.now.after_ms(ASK_AGAIN_MS));
    }

    /// The link to Login has ended; what was heard is known still.
    pub(super) fn revocations_interrupted(&mut self) {
        self.login.heard.is_asking = false;
    }

    /// Login has not answered in time.
    pub(super) fn revocations_overdue(&mut self, cx: &mut Context<'_, 'a>) {
        if self.login.heard.is_asking {
            self.ask_for_revocations(cx);
        }
    }

    /// A page has come.
    pub(super) fn hear_revocations(&mut self, cx: &mut Context<'_, 'a>, page: &Revocations) {
        let heard = self.login.heard;
        if !heard.is_asking || (page.after, page.after_uid) != (heard.revision, heard.uid) {
            return;
        }
        for revocation in &page.list {
            self.hear_revocation(cx, revocation);
        }
        let heard = &mut self.login.heard;
        let last = page.list.last().map(|last| (last.revision, last.uid));
        let is_last = last.is_none() || page.complete > Revision::default();
        (heard.revision, heard.uid) = match last {
            Some(place) if !is_last => place,
            // A store that is another one, with lower revisions, is believed.
            _ => (page.complete, Uid::MAX),
        };
        heard.is_asking = !is_last;
        if heard.is_asking || heard.is_incomplete || heard.newest > heard.revision {
            self.ask_for_revocations(cx);
        }
    }

    fn hear_revocation(&mut self, cx: &mut Context<'_, 'a>, revocation: &Revocation) {
        if revocation.uid != Uid::NOBODY {
            if let Some(key) = self.users.find(revocation.uid) {
                self.revoke(cx, key, revocation);
            }
            return;
        }
        for index in 0..self.users.capacity() as u16 {
            if let Some(key) = self.users.key_at(index) {
                self.revoke(cx, key, revocation);
            }
        }
    }

    fn revoke(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, revocation: &Revocation) {
        let Some(user) = self.users.get(key) else { return };
        let is_over = match user.revision {
            Revision(0) => {
                revocation.uid != Uid::NOBODY && revocation.renewed_at < revocation.revision
            }
            began_with => began_with < revocation.revision,
        };
        if !is_over {
            self.end_older_stay(cx, key, revocation.revision);
        } else if self.evict(cx, key, ErrorCode::REVOKED) {
            self.stats.revoked += 1;
        }
    }

    /// The user is welcome, but it may be somebody else, by an older login, who is in the world in its name.
    fn end_older_stay(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, revision: Revision) {
        let Some(user) = self.users.get(key) else { return };
        // Of whom another Main has the claim that one judges the stay.
        if user.is_absent() && self.claims.is_used() {
            return;
        }
        if user.stay_revision < revision
            && let Place::Attaching(world) | Place::Attached(world) | Place::Inside(world) =
                user.place
        {
            self.put_out(cx, key, world, ErrorCode::DETACHED);
        }
    }

    /// Who tells who somebody is; behind a change, [`Main::review_users`].
    pub const fn authenticator_mut(&mut self) -> &mut A {
        &mut self.authenticator
    }

    /// Looks at everybody who is here, because what the authenticator thinks of them has changed.
    pub fn review_users(&mut self, cx: &mut Context<'_, 'a>) {
        for index in 0..self.users.capacity() as u16 {
            if let Some(key) = self.users.key_at(index) {
                self.judge(cx, key);
            }
        }
    }

    /// Whether another Main may have the user's claim: it is known here by the word of its world alone.
    pub(super) fn is_elsewhere(&self, key: EntryKey) -> bool {
        let Some(user) = self.users.get(key) else { return false };
        self.claims.is_used() && user.is_absent() && self.claims.number(user.uid).0 == 0
    }

    /// A world has named all who are there: of those whom another Main has, or had, it is not known whether that has judged them.
    /// O(users) in a realm of several Mains.
    pub(super) fn judge_listed(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey) {
        if !self.claims.is_used() {
            return;
        }
        let mut has_some = false;
        for index in 0..self.users.capacity() as u16 {
            let Some(key) = self.users.key_at(index).filter(|key| self.is_elsewhere(*key)) else {
                continue;
            };
            if self.users.get(key).is_some_and(|user| user.place == Place::Inside(world)) {
                has_some = true;
                self.judge(cx, key);
            }
        }
        if has_some {
            self.recheck_revocations(cx);
        }
    }

    /// Looks at one user, as the authenticator does now.
    fn judge(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        let address = cx.sessions.address(user.session).unwrap_or_default();
        if let Err(reason) = self.authenticator.welcomes(user.uid, address)
            && self.evict(cx, key, reason)
        {
            self.stats.banned += 1;
        }
    }

    /// A user is out of the realm, wherever it is; `false` if it is on its way out, or it is its world's to say.
    pub(super) fn evict(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        reason: ErrorCode,
    ) -> bool {
        if self.is_elsewhere(key) {
            self.tell_verdict(cx, key, reason);
            return false;
        }
        let Some((session, place)) = self.users.get(key).map(|user| (user.session, user.place))
        else {
            return false;
        };
        let is_going = matches!(place, Place::Detaching(_)) && !cx.sessions.is_open(session);
        if !is_going {
            self.log_user(cx, key, format_args!("is out: {}", reason.name()));
        }
        self.set_session(key, Key::DANGLING);
        if let Some(user) = self.users.get_mut(key) {
            user.wants_in = false;
        }
        if is_going {
            return false;
        }
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, session, Farewell::Bye(reason));
        self.count_guest_out(cx, key);
        self.leave_all_channels(cx, key);
        match place.world() {
            Some(world) => {
                self.put_out(cx, key, world, reason);
            }
            None => self.forget_if_gone(cx, key),
        }
        true
    }

    /// The world of somebody whom another Main has, or had, hears what is thought of it here, without a claim.
    fn tell_verdict(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, reason: ErrorCode) {
        let Some(user) = self.users.get_mut(key) else { return };
        user.claim = ClaimNumber(0);
        if let Some(world) = user.place.world() {
            self.ask_to_detach(cx, key, world, reason);
        }
    }

    /// Whoever was judged by a world's word alone has come here, and may: its world is not to hear what was thought of it before.
    pub(super) fn forget_verdict(&mut self, key: EntryKey) {
        let Some(user) = self.users.get_mut(key).filter(|_| self.claims.is_used()) else { return };
        let is_verdict = matches!(user.place, Place::Inside(_)) && user.is_absent();
        if is_verdict && matches!(user.detach_reason, ErrorCode::REVOKED | ErrorCode::BANNED) {
            user.detaches = 0;
        }
    }

    /// Its world has to let it go, and every other one that says that it is there.
    fn put_out(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        reason: ErrorCode,
    ) {
        self.set_place(cx, key, Place::Detaching(world));
        self.ask_to_detach(cx, key, world, reason);
        self.settle_contest(cx, key, world, reason);
        self.arm(cx, key, self.config.attach_timeout_ms);
    }
}

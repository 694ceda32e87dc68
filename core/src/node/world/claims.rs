//! Claims of users by several Mains, as a world fences with them.
//!
//! Purpose: whoever is there by a claim that has been overtaken is a ghost, and so is what its former Main still says.
//! Each member and each ticket has the highest number that was said of its user here.
//!
//! Contract: a Main that says a lower number than this world has heard attaches nobody, and detaches nobody: it is told that whoever is
//! here is not, so that it waits for nothing, and is told who is here with the next report. A higher one ends
//! the connection of whoever is there, and keeps its seat for who comes by it, if its game holds seats. A world knows
//! only of users who are there, or may come: of others it is told by whoever has them, when it names them.
//!
//! The Main that has a user's claim judges it. What another one says of a user's rights, without a claim, counts once the Main that has
//! spoken by the claim is gone from here; until then it is passed over, and changes nothing at whoever has said it. So a world that loses
//! a Main tells the others anew who is here, and so it does when somebody comes by a ticket of one that is gone.
//!
//! Without the cargo feature `mains` there is one Main, whose order is enough, and nothing of this.

use super::World;
use super::attach::{AttachBook, AttachKey};
use super::game::Game;
use super::link;
use super::mains::{Claimant, MainLink};
use super::user::WorldUser;
use crate::node::directory::admits;
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::DetachUser;
use crate::protocol::world_to_main::UserLeft;
use crate::protocol::{ClaimNumber, ErrorCode, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, SessionKey};

impl<'a, G: Game> World<'a, G> {
    fn heard_claim(&self, uid: Uid) -> ClaimNumber {
        let user = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get(key));
        let inside = user.map_or(ClaimNumber(0), |user| user.claim);
        inside.max(self.attaches.claim_of(uid))
    }

    /// The number that Main `main` speaks of this user with.
    pub(super) fn said_claim(&self, main: u16, uid: Uid) -> ClaimNumber {
        self.mains.at(main).map_or(ClaimNumber(0), |link| link.claim_of(uid))
    }

    /// Whether Main `main` speaks for a claim of this user that is not overtaken.
    pub(super) fn is_newest(&self, main: u16, uid: Uid) -> bool {
        admits(self.said_claim(main, uid), self.heard_claim(uid))
    }

    /// A Main has asked something of a user by a claim that was overtaken.
    pub(super) fn note_mistake(&mut self, main: u16, uid: Uid) {
        let is_here = self.rooms.users.find(uid).is_some();
        if let Some(link) = self.mains.at_mut(main) {
            link.is_mistaken |= is_here;
        }
    }

    /// A Main that has made such a mistake is told anew who is here.
    pub(super) fn correct_mistake(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey, main: u16) {
        let Some(link) = self.mains.at_mut(main).filter(|link| link.is_mistaken) else { return };
        link.is_mistaken = false;
        link.next_reported = Some(0);
        cx.sessions.mark_ready_unless_blocked(key);
    }

    /// A Main says that the user is claimed under this number.
    pub(super) fn hear_claim(&mut self, cx: &mut Context<'_, 'a>, uid: Uid, claim: ClaimNumber) {
        if self.attaches.claim_of(uid) < claim {
            self.attaches.speaks_no_more(uid);
            if self.attaches.is_pending(uid) {
                self.expect_user_no_more(cx, uid);
            }
        }
        let Some(key) = self.rooms.users.find(uid) else { return };
        let Some(user) = self.rooms.users.get_mut(key).filter(|user| user.claim < claim) else {
            return;
        };
        (user.claim, user.claimant) = (claim, Claimant::NOBODY);
        let (session, is_away) = (user.session, user.is_away());
        if !is_away {
            self.member_ended(cx, key, ErrorCode::REPLACED);
            cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
            cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::REPLACED));
        }
    }

    /// Somebody has come by its ticket: its claim is that of its seat from now on.
    pub(super) fn keep_claim(&mut self, uid: Uid) {
        let (claim, claimant) = (self.attaches.claim_of(uid), self.attaches.claimant_of(uid));
        let user = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get_mut(key));
        let Some(user) = user.filter(|user| user.claim <= claim) else { return };
        (user.claim, user.claimant) = (claim, claimant);
        if user.is_anybody_s() {
            self.mains.live().for_each(|(link, _)| link.is_mistaken = true);
        }
    }

    /// Whether a Main may not put the user out. One that speaks by a claim that was overtaken is told so; one that has none says what it
    /// thinks of the user's rights.
    pub(super) fn refuses_detach(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &DetachUser,
    ) -> bool {
        let (main, &DetachUser { uid, reason }) = (caller.tag.index, message);
        if self.is_newest(main, uid) {
            return false;
        }
        if is_verdict(reason) && self.said_claim(main, uid).0 == 0 {
            return self.is_spoken_for(uid);
        }
        self.note_mistake(main, uid);
        self.main_link_answer(caller, &UserLeft { uid });
        true
    }

    /// Whether the Main is here that has spoken by the newest claim of the user.
    fn is_spoken_for(&self, uid: Uid) -> bool {
        let user = self.rooms.users.find(uid).and_then(|key| self.rooms.users.get(key));
        user.is_some_and(|user| user.claimant.is_there())
            || self.attaches.claimant_of(uid).is_there()
    }

    /// A Main is gone: of those for whom it has spoken the others hear anew, so that they judge them. O(users + attaches).
    pub(super) fn claimant_is_gone(&mut self, cx: &mut Context<'_, 'a>, main: u16) {
        let gone = Claimant::of(main);
        self.attaches.forget_claimant(gone);
        let mut has_some = false;
        for index in 0..self.rooms.users.capacity() as u16 {
            let Some(user) = self.rooms.users.at_mut(index) else { continue };
            if user.claimant == gone {
                user.claimant = Claimant::NOBODY;
            }
            has_some |= user.is_anybody_s();
        }
        for (link, key) in self.mains.live().filter(|_| has_some) {
            link.next_reported = Some(0);
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }
}

/// What is said of a user's rights, and not of its claim.
const fn is_verdict(reason: ErrorCode) -> bool {
    matches!(reason, ErrorCode::REVOKED | ErrorCode::BANNED | ErrorCode::REMOVED)
}

impl AttachBook<'_> {
    /// The number that `uid` was claimed under when it was attached last; 0 if it is not remembered.
    fn claim_of(&self, uid: Uid) -> ClaimNumber {
        let attach = self.attaches.find(uid).and_then(|key| self.attaches.get(key));
        attach.map_or(ClaimNumber(0), |attach| attach.claim)
    }

    pub(super) fn set_claim(&mut self, entry: AttachKey, claim: ClaimNumber, claimant: Claimant) {
        if let Some(attach) = self.attaches.get_mut(entry) {
            (attach.claim, attach.claimant) = (claim, claimant);
        }
    }

    /// The Main that has attached `uid` last, if it is here and that is remembered.
    fn claimant_of(&self, uid: Uid) -> Claimant {
        let attach = self.attaches.find(uid).and_then(|key| self.attaches.get(key));
        attach.map_or(Claimant::NOBODY, |attach| attach.claimant)
    }

    /// Another Main has the user now.
    fn speaks_no_more(&mut self, uid: Uid) {
        let found = self.attaches.find(uid).and_then(|key| self.attaches.get_mut(key));
        if let Some(attach) = found {
            attach.claimant = Claimant::NOBODY;
        }
    }

    fn forget_claimant(&mut self, gone: Claimant) {
        for index in 0..self.attaches.capacity() as u16 {
            if let Some(attach) = self.attaches.at_mut(index).filter(|it| it.claimant == gone) {
                attach.claimant = Claimant::NOBODY;
            }
        }
    }
}

impl MainLink {
    /// The number that Main has said last of this user; 0 if it has spoken of another one since, or has none.
    pub(super) fn claim_of(&self, uid: Uid) -> ClaimNumber {
        let (named, claim) = self.claimed;
        if named == uid { claim } else { ClaimNumber(0) }
    }

    pub(super) const fn set_claim(&mut self, uid: Uid, claim: ClaimNumber) {
        self.claimed = (uid, claim);
    }
}

impl WorldUser {
    /// The claim that it is here by; 0 where there is no directory.
    pub const fn claim(&self) -> ClaimNumber {
        self.claim
    }

    /// Whether the Main is gone that has spoken by its claim, or has not spoken here: any other one may judge it.
    fn is_anybody_s(&self) -> bool {
        self.claim.0 > 0 && !self.claimant.is_there()
    }
}

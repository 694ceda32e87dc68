//! Expecting: whom Main has announced, until they come or their time is over.
//!
//! Purpose: what Main's attach and detach mean for the world: the places, the [book](super::attach), its timers,
//! and the room that is kept open for whoever is expected there.
//!
//! Contract: members and expected users together are never more than the rooms take. Whoever is expected no more
//! keeps no room open.

use super::super::{Caller, Context};
use super::attach::AttachKey;
use super::game::Game;
#[cfg(feature = "mains")]
use super::mains::Claimant;
use super::{ATTACH_TIMERS, World};
use crate::protocol::main_to_world::AttachUser;
#[cfg(all(feature = "rooms", feature = "mains"))]
use crate::protocol::world_to_main::RoomClaimEnds;
use crate::protocol::world_to_main::{AttachAck, AttachDenied};
use crate::protocol::{ClaimNumber, ErrorCode, Uid};

impl<'a, G: Game> World<'a, G> {
    pub(super) fn arm_attach_timer(&mut self, cx: &mut Context<'_, 'a>, attach: u16) {
        let timer = ATTACH_TIMERS + attach;
        match self.attaches.deadline(cx.now, attach) {
            Some(at) => cx.sessions.schedule(timer, at),
            None => cx.sessions.cancel(timer),
        }
    }

    pub(super) fn attach_timer(&mut self, cx: &mut Context<'_, 'a>, attach: u16) {
        #[cfg(feature = "rooms")]
        let room = self.attaches.room_at(attach);
        #[cfg(feature = "log")]
        self.log_not_come(cx, attach);
        self.attaches.handle_timeout(cx.now, attach);
        self.arm_attach_timer(cx, attach);
        #[cfg(feature = "rooms")]
        if let Some(room) = room {
            self.close_if_empty(cx, room);
        }
    }

    /// A Main asks to let somebody in.
    pub(super) fn hear_attach(&mut self, caller: &mut Caller<'_, 'a>, message: &AttachUser<'_>) {
        let (uid, attempt) = (message.uid, message.attempt);
        let room_claim = self.take_room_claim(caller.tag.index);
        let expected = self.judge_attach(caller, message, room_claim);
        #[cfg(feature = "log")]
        self.log_announced(&caller.context(), message, expected);
        match expected {
            Ok(()) => self.main_link_answer(caller, &AttachAck { uid, attempt }),
            Err(reason) => self.main_link_answer(caller, &AttachDenied { uid, attempt, reason }),
        }
    }

    fn judge_attach(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &AttachUser<'_>,
        room_claim: ClaimNumber,
    ) -> Result<(), ErrorCode> {
        #[cfg(feature = "mains")]
        if !self.is_newest(caller.tag.index, message.uid) {
            self.note_mistake(caller.tag.index, message.uid);
            return Err(ErrorCode::STALE_CLAIM);
        }
        #[cfg(feature = "moving")]
        if self.is_member_of_moving(&mut caller.context(), message.uid) {
            return Err(ErrorCode::MOVED);
        }
        let expected = self.expect_user(&mut caller.context(), message, room_claim);
        #[cfg(all(feature = "rooms", feature = "mains"))]
        if expected.is_err() && self.deny_claim(message.wish.name.as_str(), room_claim) {
            self.main_link_answer(caller, &RoomClaimEnds { claim: room_claim });
        }
        let entry = expected?;
        #[cfg(feature = "mains")]
        {
            let claim = self.said_claim(caller.tag.index, message.uid);
            self.attaches.set_claim(entry, claim, Claimant::of(caller.tag.index));
        }
        self.arm_attach_timer(&mut caller.context(), entry.index());
        Ok(())
    }

    /// What the name of the room is claimed under that a Main's next attach is for.
    fn take_room_claim(&mut self, main: u16) -> ClaimNumber {
        #[cfg(feature = "mains")]
        if let Some(link) = self.mains.at_mut(main) {
            return core::mem::take(&mut link.room_claim);
        }
        let _ = main;
        ClaimNumber(0)
    }

    /// Somebody may come, to the room that Main has named, whose name is claimed under `claim`.
    fn expect_user(
        &mut self,
        cx: &mut Context<'_, 'a>,
        message: &AttachUser<'_>,
        claim: ClaimNumber,
    ) -> Result<AttachKey, ErrorCode> {
        let uid = message.uid;
        if !self.has_place_for(uid) {
            return Err(ErrorCode::FULL);
        }
        #[cfg(feature = "rooms")]
        let room = self.room_for(cx, uid, &message.wish, claim)?;
        #[cfg(feature = "rooms")]
        let former = self.attaches.room_of(uid);
        let entry = self.attaches.attach(cx.now, message);
        #[cfg(feature = "rooms")]
        {
            if let Some(entry) = entry {
                self.attaches.set_wish(entry, room, message.wish.options.as_slice());
            }
            // Its former room has to wait for it no more; the new one does, if there was a place for the attach.
            for room in former.into_iter().chain(room) {
                self.close_if_empty(cx, room);
            }
        }
        #[cfg(not(feature = "rooms"))]
        let _ = claim;
        entry.ok_or(ErrorCode::FULL)
    }

    pub(super) fn expect_user_no_more(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) {
        #[cfg(feature = "rooms")]
        let room = self.attaches.room_of(uid);
        self.attaches.forget(uid);
        #[cfg(feature = "rooms")]
        if let Some(room) = room {
            self.close_if_empty(cx, room);
        }
        let _ = cx;
    }

    /// Whether one more user may be attached.
    fn has_place_for(&self, uid: Uid) -> bool {
        let is_member = |uid| self.rooms.users.find(uid).is_some();
        let taken = self.rooms.users() + self.attaches.pending();
        // Whoever comes back has its place already; who that is matters only where places are short.
        self.attaches.is_pending(uid)
            || is_member(uid)
            || taken < self.rooms.takes()
            || taken - self.attaches.pending_for(is_member) < self.rooms.takes()
    }
}

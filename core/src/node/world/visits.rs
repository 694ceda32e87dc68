//! What the log is told of visits here: whom a Main has announced, who has come, and how that has ended.
//!
//! Contract: every line has the [`Visit`] that its Main has drawn, the user, and its address as far as there is a connection. Of who is
//! refused only a few are told.

use core::fmt;

use super::World;
use super::attach::AttachBook;
use super::game::Game;
use super::user::UserKey;
use crate::node::uid_table::HasUid;
use crate::node::visit::{About, Visit};
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::AttachUser;
use crate::protocol::{ErrorCode, JoinDenial, Uid};
use crate::session::TokenBucket;

impl<'a, G: Game> World<'a, G> {
    /// A line about somebody who is here.
    pub(super) fn log_member(
        &mut self,
        cx: &Context<'_, 'a>,
        key: UserKey,
        text: fmt::Arguments<'_>,
    ) {
        let Some(user) = self.rooms.users.get_mut(key) else { return };
        let (visit, uid) = (user.visit, user.uid);
        let about = About { visit, uid, from: cx.sessions.address(user.session) };
        self.visits.tell(cx.now, &mut user.lines, &about, text);
    }

    /// Somebody has come, or is back.
    pub(super) fn log_joined(&mut self, cx: &Context<'_, 'a>, key: UserKey, what: &str) {
        let Some(user) = self.rooms.users.get_mut(key) else { return };
        let room = user.room;
        user.visit = self.attaches.visit_of(user.uid);
        self.log_member(cx, key, format_args!("{what} room {room}"));
    }

    pub(super) fn log_not_joined(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        uid: Uid,
        why: JoinDenial,
    ) {
        let from = caller.sessions.address(caller.key);
        let about = About { visit: self.attaches.visit_of(uid), uid, from };
        let text = format_args!("does not join: {}", why.name());
        self.visits.refuse(caller.now, &about, text);
    }

    /// A Main has asked to let somebody in.
    pub(super) fn log_announced(
        &mut self,
        cx: &Context<'_, 'a>,
        message: &AttachUser<'_>,
        outcome: Result<(), ErrorCode>,
    ) {
        let about = About { visit: Visit::of(message.key_id), uid: message.uid, from: None };
        let left = &mut TokenBucket::FULL.clone();
        match outcome {
            Ok(()) => self.announced_log.tell(cx.now, left, &about, format_args!("is expected")),
            Err(code) => {
                let text = format_args!("is not expected: {}", code.name());
                self.announced_log.tell(cx.now, left, &about, text);
            }
        }
    }

    /// Somebody has not come in its time.
    pub(super) fn log_not_come(&mut self, cx: &Context<'_, 'a>, entry: u16) {
        let Some((uid, visit)) = self.attaches.pending_at(entry) else { return };
        let about = About { visit, uid, from: None };
        self.visits.refuse(cx.now, &about, format_args!("has not come in time"));
    }
}

impl AttachBook<'_> {
    /// The visit of what is known of `uid`.
    fn visit_of(&self, uid: Uid) -> Visit {
        let attach = self.attaches.find(uid).and_then(|key| self.attaches.get(key));
        attach.map_or(Visit::NONE, |attach| Visit::of(attach.key_id))
    }

    /// Who may still join by entry `index`, and its visit.
    fn pending_at(&self, index: u16) -> Option<(Uid, Visit)> {
        let attach = self.attaches.at(index)?;
        let uid = attach.uid();
        self.is_pending(uid).then_some((uid, Visit::of(attach.key_id)))
    }
}

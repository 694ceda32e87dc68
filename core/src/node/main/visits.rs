//! What the log is told of visits: a hello, and what comes of it here.
//!
//! Contract: every line has the [`Visit`], the user and its address as fields, as far as they are known; the world's lines have the same
//! visit. Never a token or a key.

use core::fmt;

use super::claiming::Newcomer;
use super::hellos::Comer;
use super::{Authenticator, EntryKey, Main, WorldKey};
use crate::node::visit::About;
use crate::node::{Caller, Context};
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::{ClaimNumber, ErrorCode, Uid};
use crate::session::{SessionKey, TokenBucket};

impl<'a, A: Authenticator> Main<'a, A> {
    /// A line about somebody who is here.
    pub(super) fn log_user(
        &mut self,
        cx: &Context<'_, 'a>,
        key: EntryKey,
        text: fmt::Arguments<'_>,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        let (visit, uid) = (user.visit, user.uid);
        let about = About { visit, uid, from: cx.sessions.address(user.session) };
        self.visits.tell(cx.now, &mut user.lines, &about, text);
    }

    /// The same, with a world.
    pub(super) fn log_world(
        &mut self,
        cx: &Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        what: &str,
    ) {
        let Some(id) = self.worlds.get(world).map(|entry| entry.world_id.0) else { return };
        self.log_user(cx, key, format_args!("{what} world {id}"));
    }

    /// A world says where somebody is.
    pub(super) fn log_presence(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        world: WorldKey,
        uid: Uid,
        what: &str,
    ) {
        if let Some(key) = self.users.find(uid) {
            self.log_world(&caller.context(), key, world, what);
        }
    }

    /// A line about somebody who is not in yet.
    pub(super) fn log_comer(
        &mut self,
        cx: &Context<'_, 'a>,
        comer: Comer,
        text: fmt::Arguments<'_>,
    ) {
        let about = comer_of(cx, comer);
        self.visits.tell(cx.now, &mut TokenBucket::FULL.clone(), &about, text);
    }

    pub(super) fn log_refused(&mut self, cx: &Context<'_, 'a>, comer: Comer, code: ErrorCode) {
        let text = format_args!("hello refused: {}", code.name());
        self.visits.refuse(cx.now, &comer_of(cx, comer), text);
    }

    pub(super) fn log_known(
        &mut self,
        cx: &Context<'_, 'a>,
        session: SessionKey,
        newcomer: &Newcomer,
    ) {
        let account = newcomer.greeting.names.account();
        let text = format_args!("Login knows its token, of account {account:?}");
        self.log_comer(cx, newcomer.comer(session), text);
    }

    pub(super) fn log_hello(&mut self, cx: &Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        let (claim, names) = (user.claim, user.names.clone());
        let name = names.nickname();
        match claim {
            ClaimNumber(0) => self.log_user(cx, key, format_args!("hello of {name:?}")),
            ClaimNumber(number) => {
                self.log_user(cx, key, format_args!("hello of {name:?} under claim {number}"));
            }
        }
    }

    /// It has said hello at another Main since.
    pub(super) fn log_overtaken(
        &mut self,
        cx: &Context<'_, 'a>,
        key: EntryKey,
        number: ClaimNumber,
    ) {
        match number {
            ClaimNumber(0) => self.log_user(cx, key, format_args!("it is another Main's")),
            ClaimNumber(number) => {
                self.log_user(cx, key, format_args!("it is another Main's by claim {number}"));
            }
        }
    }

    pub(super) fn log_wish(
        &mut self,
        cx: &Context<'_, 'a>,
        key: EntryKey,
        message: &EnterWorldReq<'_>,
    ) {
        let (region, wish) = (message.region.as_str(), &message.wish);
        let (name, mode) = (wish.name.as_str(), wish.mode.as_str());
        let text = format_args!("asks for region {region:?}, room {name:?}, mode {mode:?}");
        self.log_user(cx, key, text);
    }
}

fn comer_of(cx: &Context<'_, '_>, Comer { session, visit, uid }: Comer) -> About {
    About { visit, uid, from: cx.sessions.address(session) }
}

//! A role that is watched: everything reaches the role itself, and the ends of sessions are noted.

use std::vec::Vec;

use crate::node::{BroadcastTaken, Caller, Context, Role};
use crate::protocol::{Dispatched, ErrorCode};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey, SessionManager};
use crate::time::Instant;
use crate::wire::{Frame, Framing};

/// A role under test, and what it was told of ends.
#[derive(Debug)]
pub(crate) struct Watched<R> {
    pub(crate) role: R,
    pub(crate) ended: Vec<Ended>,
}

impl<R> Watched<R> {
    pub(crate) const fn new(role: R) -> Self {
        Self { role, ended: Vec::new() }
    }
}

impl<'a, R: Role<'a>> Role<'a> for Watched<R> {
    fn own_links(&self) -> u16 {
        self.role.own_links()
    }

    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.role.on_accepted(cx, key);
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.role.on_connected(cx, key);
    }

    fn on_opened(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.role.on_opened(cx, key);
    }

    #[cfg(feature = "websocket")]
    fn accepts_web_sockets(&self) -> bool {
        self.role.accepts_web_sockets()
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.role.on_frame(caller, frame)
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.role.on_error(caller, code, about);
    }

    fn on_unknown(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> bool {
        self.role.on_unknown(caller, frame)
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        self.ended.push(ended);
        self.role.on_ended(cx, ended);
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        self.role.on_timer(cx, timer);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.role.next_deadline()
    }

    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        self.role.on_deadline(cx);
    }

    fn on_shutdown(&mut self, cx: &mut Context<'_, 'a>) {
        self.role.on_shutdown(cx);
    }

    fn address(&self, tag: LinkTag) -> &str {
        self.role.address(tag)
    }

    fn framing(&self, tag: LinkTag) -> Framing {
        self.role.framing(tag)
    }

    fn must_flush_first(&self) -> bool {
        self.role.must_flush_first()
    }

    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        self.role.must_answer_first(sessions, key)
    }

    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        self.role.flush(now, sessions);
    }

    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        self.role.before_transmit(now, sessions, key);
    }

    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        self.role.broadcast(tag)
    }

    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        self.role.broadcast_taken(now, sessions, key, taken);
    }
}

//! `Bent`: a server's role between whose frames somebody stands who breaks one of them, once, or all of a rare kind.
//!
//! Purpose: an honest run bends nothing. A run with a [`Sabotage`] shows that the invariants see what
//! a broken server does.

use tinyrealm_core::node::{BroadcastTaken, Caller, Context, Role};
use tinyrealm_core::protocol::chat_to_main::Broadcast;
use tinyrealm_core::protocol::client_to_main::{ChatLeave, ChatSay, EnterWorldReq};
use tinyrealm_core::protocol::main_to_chat::LeaveChannel;
use tinyrealm_core::protocol::main_to_client::ChatLeft;
use tinyrealm_core::protocol::main_to_world::DetachUser;
use tinyrealm_core::protocol::{Dispatched, ErrorCode, decode};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{Holding, LinkTag, SessionKey, SessionManager};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::{Frame, Framing, Opcode};

use crate::settings::Sabotage;

/// Occasions before the one that is taken.
const OCCASIONS_TO_SABOTAGE: u32 = 20;

/// A role, and what is done to it; see the [module](self).
pub(crate) struct Bent<R> {
    pub(crate) role: R,
    sabotage: Sabotage,
    until_sabotage: u32,
}

/// Which frames a sabotage is about.
const fn victim(sabotage: Sabotage) -> Option<Opcode> {
    match sabotage {
        Sabotage::ChangedMessage => Some(Broadcast::OPCODE),
        Sabotage::UnheardLeave => Some(ChatLeave::OPCODE),
        Sabotage::ForgottenSay => Some(ChatSay::OPCODE),
        Sabotage::KeptMember => Some(LeaveChannel::OPCODE),
        Sabotage::KeptStay => Some(DetachUser::OPCODE),
        Sabotage::UnheldPlace | Sabotage::UncountedPlace => Some(EnterWorldReq::OPCODE),
        _ => None,
    }
}

impl<R> Bent<R> {
    pub(crate) const fn new(role: R, sabotage: Sabotage) -> Self {
        Self { role, sabotage, until_sabotage: OCCASIONS_TO_SABOTAGE }
    }

    fn is_occasion(&mut self, frame: Frame<'_>) -> bool {
        if victim(self.sabotage) != Some(frame.opcode) || self.until_sabotage == 0 {
            return false;
        }
        if self.sabotage == Sabotage::KeptStay {
            return is_for_revoked(frame);
        }
        self.until_sabotage -= 1;
        self.until_sabotage == 0
    }
}

/// Whether somebody is to leave a world because it is revoked.
fn is_for_revoked(frame: Frame<'_>) -> bool {
    let reason = decode(frame.payload).map(|DetachUser { reason, .. }| reason);
    reason == Some(ErrorCode::REVOKED)
}

/// The member believes that it has left.
fn pretend_to_leave(caller: &mut Caller<'_, '_>, frame: Frame<'_>) {
    if let Some(ChatLeave { channel }) = decode(frame.payload) {
        let left = ChatLeft { channel, reason: ErrorCode::GOODBYE };
        caller.sessions.send_or_close(caller.now, caller.key, &left);
    }
}

impl<'a, R: Role<'a>> Role<'a> for Bent<R> {
    fn own_links(&self) -> u16 {
        self.role.own_links()
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.role.on_connected(cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        if !self.is_occasion(frame) {
            return self.role.on_frame(caller, frame);
        }
        match self.sabotage {
            Sabotage::ChangedMessage => {
                let mut payload = frame.payload.to_vec();
                if let Some(last) = payload.last_mut() {
                    *last = b'!';
                }
                self.role.on_frame(caller, Frame { opcode: frame.opcode, payload: &payload })
            }
            Sabotage::UnheldPlace => {
                let address = caller.sessions.address_key(caller.key);
                caller.sessions.shares_mut().hold(address, Holding::Ticket);
                self.role.on_frame(caller, frame)
            }
            Sabotage::UncountedPlace => {
                let address = caller.sessions.address_key(caller.key);
                let dispatched = self.role.on_frame(caller, frame);
                caller.sessions.shares_mut().give_back(address, Holding::Ticket);
                dispatched
            }
            Sabotage::UnheardLeave => {
                pretend_to_leave(caller, frame);
                Dispatched::Handled
            }
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.role.on_error(caller, code, about);
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
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

    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        self.role.must_answer_first(sessions, key)
    }

    fn must_flush_first(&self) -> bool {
        self.role.must_flush_first()
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

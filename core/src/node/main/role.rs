//! Main as a role: what its node calls, and which part of Main that is for.
//!
//! Contract: a session's tag says whose it is; nothing is decided here but who is asked.

use super::authenticator::Authenticator;
use super::{Main, chat_timer, claim_timer, hello_timer, link, login_link_timer};
use crate::node::cluster::Refusals;
use crate::node::{BroadcastTaken, Caller, Context, Role};
#[cfg(feature = "sealed-clients")]
use crate::protocol::client_to_listener;
use crate::protocol::{Dispatched, ErrorCode, chat_to_main, client_to_main, world_to_main};
use crate::session::manager::{Ended, Farewell};
use crate::session::{LinkTag, Session, SessionKey, SessionManager};
use crate::time::Instant;
use crate::wire::Frame;
#[cfg(feature = "sealed-clients")]
use crate::wire::opcode::CLIENT_SEAL;
use crate::wire::opcode::{DIALER, WORLD};

impl<'a, A: Authenticator> Role<'a> for Main<'a, A> {
    /// The links to Login and to chat servers.
    fn own_links(&self) -> u16 {
        u16::from(self.login.is_configured()) + self.chat.map().servers.len() as u16
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let Some(tag) = cx.sessions.get(key).map(Session::tag) else { return };
        match tag.kind {
            link::LOGIN => self.login_link_connected(cx, key),
            link::CHAT => self.chat_connected(cx, key, tag.index),
            _ => {}
        }
    }

    #[inline]
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::CHAT if !self.is_chat_session(caller.tag.index, caller.key) => {
                Dispatched::Handled
            }
            link::CHAT if self.is_chat_proving(caller.tag.index) => self.chat_proves(caller, frame),
            link::CHAT => chat_to_main::dispatch(self, caller, frame),
            link::WORLD | link::PROVEN => world_to_main::dispatch(self, caller, frame),
            // The first message tells what a peer is.
            link::STRANGER if DIALER.contains(frame.opcode) => self.world_proves(caller, frame),
            #[cfg(feature = "sealed-clients")]
            link::STRANGER
                if CLIENT_SEAL.contains(frame.opcode) && caller.sessions.takes_sealed_clients() =>
            {
                client_to_listener::dispatch(self, caller, frame)
            }
            link::STRANGER if WORLD.server_to_peer.contains(frame.opcode) => {
                self.out_of_place(caller, frame.opcode.0);
                Dispatched::Handled
            }
            link::LOGIN => self.login_says(caller, frame),
            link::STRANGER | link::CLIENT | link::GREETING | link::CLAIMING => {
                client_to_main::dispatch(self, caller, frame)
            }
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        match caller.tag.kind {
            link::STRANGER => self.gate.refused_by_peer(caller.now, code),
            link::LOGIN | link::CHAT if Refusals::is_last_word(code, about) => {
                caller.sessions.close(caller.now, caller.key, Farewell::Nothing(code));
            }
            _ => {}
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        match ended.tag.kind {
            link::CLIENT => {
                // The slot may have another user soon, whose channels are none of this session's.
                cx.sessions.set_tag(ended.key, LinkTag { kind: link::LEAVING, index: 0 });
                self.client_ended(cx, ended.tag.index, ended.reason);
            }
            link::CHAT => self.chat_ended(cx, ended.key, ended.tag.index, ended.reason),
            link::WORLD => {
                if let Some(world) = self.worlds.key_at(ended.tag.index) {
                    self.unregister(cx, world, ended.reason);
                }
            }
            link::LOGIN => self.login_link_ended(cx, ended.reason),
            link::GREETING => drop(self.forget_hello(cx, ended.tag.index)),
            link::CLAIMING => self.forget_claim(cx, ended.tag.index),
            _ => {}
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        let users = self.users.capacity();
        if timer == login_link_timer(users) {
            self.login_link_timer(cx);
        } else if timer == hello_timer(users) {
            self.check_hellos(cx);
        } else if timer == chat_timer(users) {
            self.chat_timer_due(cx);
        } else if timer == claim_timer(users) {
            self.check_claims(cx);
        } else if let Some(key) = self.users.key_at(timer) {
            self.enter_timer(cx, key);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.chat.next_flush(), self.announcer.again_at].into_iter().flatten().min()
    }

    fn address(&self, tag: LinkTag) -> &str {
        match tag.kind {
            link::LOGIN => self.login.address(),
            _ => self.chat.address(tag.index),
        }
    }

    fn must_flush_first(&self) -> bool {
        self.chat.must_flush_first()
    }

    #[inline]
    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        self.chat.flush(now, sessions);
        self.announce_again(now, sessions);
    }

    #[inline]
    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        let Some(tag) = sessions.get(key).map(Session::tag) else { return };
        match tag.kind {
            link::CHAT => {
                self.chat.resume_channels(sessions, tag.index);
                self.chat.send_requests(sessions, tag.index);
            }
            link::WORLD => {
                if let Some(world) = self.worlds.key_at(tag.index) {
                    self.tell_world(sessions, world);
                }
            }
            link::LOGIN => self.login.send_questions(sessions),
            _ => {
                self.tell_client_of_mains(sessions, key, tag);
                self.tell_announcement(now, sessions, key, tag);
                self.chat.before_transmit(now, sessions, self.circle_of(tag));
            }
        }
    }

    #[inline]
    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        self.chat.window(self.circle_of(tag))
    }

    #[inline]
    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        let Some(tag) = sessions.get(key).map(Session::tag) else { return };
        let turn = self.chat.advance(now, sessions, key, self.circle_of(tag), taken);
        if let Some(user) = self.users.at_mut(tag.index).filter(|_| tag.kind == link::CLIENT) {
            user.chat = turn;
        }
    }
}

//! A link to a chat server, of one for each: found, opened, resumed, lost.
//!
//! ```text
//!             ┌───────────── back-off ◄─────────┬───────────────┬─────────────┬──────────┐
//!             ▼                                 │ ended         │ ended       │ ended    │ ended
//!        ┌─────────┐ connect ┌────────────┐ connected ┌─────────┐ proven ┌─────────┐     │
//! start ►│ Waiting ├────────►│ Connecting ├──────────►│ Proving ├───────►│ Opening │     │
//!        └─────────┘         └────────────┘           └─────────┘        └────┬────┘     │
//!                                                                             │ Opened   │
//!                                          ┌──────┐ all channels resumed ┌────▼─────┐    │
//!                                          │ Live │◄─────────────────────┤ Resuming ├────┤
//!                                          └──┬───┘                      └──────────┘    │
//!                                             └──────────────────────────────────────────┘
//! ```
//! Memberships stay, whatever this link does. While it is not `Live`, requests are refused. A slot without a server is `Vacant`;
//! a link becomes that again when its server is none of the [map](super::owners)'s any more.

use super::super::link as kind;
use super::super::{Authenticator, Main, chat_timer};
use super::ChatPolicy;
use super::waiting::Requests;
use crate::backoff::Backoff;
use crate::log;
use crate::node::cluster::{Dialer, Heard, ONLY_ID, Refusals};
use crate::node::{Caller, Context};
use crate::protocol::main_to_chat::Open;
use crate::protocol::{ADDRESS_MAX_BYTES, Dispatched, ErrorCode, ServerKind};
use crate::session::{LinkTag, SessionKey, Trust};
use crate::stats::Count;
use crate::time::Instant;
use crate::wire::Frame;

/// Where the link is; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum ChatLinkState {
    Vacant,
    /// Until then.
    Waiting(Instant),
    Connecting(SessionKey),
    Proving(SessionKey),
    Opening(SessionKey),
    /// The channel slot that is resumed next.
    Resuming(SessionKey, u16),
    Live(SessionKey),
}

/// The link to one chat server.
#[derive(Debug)]
pub struct ChatLink {
    state: ChatLinkState,
    pub(super) address: heapless::String<ADDRESS_MAX_BYTES>,
    dialer: Dialer,
    backoff: Backoff,
    /// Attempts that the chat server has refused.
    pub(super) refusals: Refusals,
    /// What waits for it.
    pub(super) requests: Requests,
    /// The chat server that was heard of last; 0 for none.
    instance: u32,
}

impl ChatLink {
    /// To nobody.
    pub const VACANT: Self = Self {
        state: ChatLinkState::Vacant,
        address: heapless::String::new(),
        dialer: Dialer::new(ServerKind::MAIN, ServerKind::CHAT, ONLY_ID),
        backoff: Backoff::new(0, 0),
        refusals: Refusals::NONE,
        requests: Requests::NONE,
        instance: 0,
    };

    /// To whom is at this address, and has not been dialed.
    pub(super) fn to(
        address: heapless::String<ADDRESS_MAX_BYTES>,
        policy: &ChatPolicy,
        now: Instant,
    ) -> Self {
        Self {
            state: ChatLinkState::Waiting(now),
            address,
            backoff: Backoff::new(policy.reconnect_first_ms, policy.reconnect_most_ms),
            ..Self::VACANT
        }
    }

    pub(super) const fn is_vacant(&self) -> bool {
        matches!(self.state, ChatLinkState::Vacant)
    }

    /// The session, if there is one.
    const fn session(&self) -> Option<SessionKey> {
        match self.state {
            ChatLinkState::Vacant | ChatLinkState::Waiting(_) => None,
            ChatLinkState::Connecting(key)
            | ChatLinkState::Proving(key)
            | ChatLinkState::Opening(key)
            | ChatLinkState::Resuming(key, _)
            | ChatLinkState::Live(key) => Some(key),
        }
    }

    /// The session, if the chat server takes requests.
    pub(super) const fn live(&self) -> Option<SessionKey> {
        match self.state {
            ChatLinkState::Live(key) => Some(key),
            _ => None,
        }
    }

    /// The session, if the chat server may know of users of ours.
    pub(super) const fn open(&self) -> Option<SessionKey> {
        match self.state {
            ChatLinkState::Live(key) | ChatLinkState::Resuming(key, _) => Some(key),
            ChatLinkState::Vacant
            | ChatLinkState::Waiting(_)
            | ChatLinkState::Connecting(_)
            | ChatLinkState::Proving(_)
            | ChatLinkState::Opening(_) => None,
        }
    }

    /// The session, and the channel slot that is resumed next.
    pub(super) const fn resuming(&self) -> Option<(SessionKey, u16)> {
        match self.state {
            ChatLinkState::Resuming(key, index) => Some((key, index)),
            _ => None,
        }
    }

    /// The chat server knows of all users of ours in this channel slot.
    pub(super) const fn has_resumed(&mut self, index: u16) {
        if let ChatLinkState::Resuming(key, _) = self.state {
            self.state = ChatLinkState::Resuming(key, index + 1);
        }
    }

    /// The chat server knows of all users of ours.
    pub(super) const fn has_resumed_all(&mut self) {
        if let ChatLinkState::Resuming(key, _) = self.state {
            self.state = ChatLinkState::Live(key);
        }
    }

    /// There are channels that the chat server is to be told of.
    pub(super) const fn resume_again(&mut self) {
        if let ChatLinkState::Resuming(key, _) | ChatLinkState::Live(key) = self.state {
            self.state = ChatLinkState::Resuming(key, 0);
        }
    }

    /// Its server is to be had no more; the session that there was.
    pub(super) const fn retire(&mut self) -> Option<SessionKey> {
        let session = self.session();
        self.state = ChatLinkState::Vacant;
        session
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// The link that a session is, unless it was given up.
    pub(in super::super) fn is_chat_session(&self, at: u16, key: SessionKey) -> bool {
        self.chat.link(at).is_some_and(|link| link.session() == Some(key))
    }

    pub(in super::super) fn is_chat_proving(&self, at: u16) -> bool {
        self.chat.link(at).is_some_and(|link| matches!(link.state, ChatLinkState::Proving(_)))
    }

    pub(super) fn chat_connect(&mut self, cx: &mut Context<'_, 'a>, at: u16) {
        match cx.sessions.connect(cx.now, LinkTag { kind: kind::CHAT, index: at }) {
            Ok(key) => {
                if let Some(link) = self.chat.link_mut(at) {
                    link.state = ChatLinkState::Connecting(key);
                }
            }
            Err(_) => self.chat_wait(cx, at),
        }
    }

    fn chat_wait(&mut self, cx: &mut Context<'_, 'a>, at: u16) {
        let random = cx.turn().random_u32();
        let Some(link) = self.chat.link_mut(at) else { return };
        let delay_ms = link.backoff.next_delay_ms(random);
        link.state = ChatLinkState::Waiting(cx.now.after_ms(delay_ms));
        self.schedule_chat(cx);
    }

    /// One timer for all links: it is due with the first of them.
    fn schedule_chat(&self, cx: &mut Context<'_, 'a>) {
        let waiting = self.chat.links.iter().filter_map(|link| match link.state {
            ChatLinkState::Waiting(until) => Some(until),
            _ => None,
        });
        if let Some(first) = waiting.min() {
            cx.sessions.schedule(chat_timer(self.users.capacity()), first);
        }
    }

    pub(in super::super) fn chat_connected(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: SessionKey,
        at: u16,
    ) {
        let keys = self.secrets.keys_of(ServerKind::CHAT, ONLY_ID);
        let Some(link) = self.chat.link_mut(at).filter(|link| link.session() == Some(key)) else {
            return;
        };
        link.state = ChatLinkState::Proving(key);
        link.dialer.begin(&keys, cx, key);
    }

    pub(in super::super) fn chat_proves(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let keys = self.secrets.keys_of(ServerKind::CHAT, ONLY_ID);
        let newest = self.chat.newest;
        let Some(link) = self.chat.link_mut(caller.tag.index) else { return Dispatched::Handled };
        let heard = link.dialer.hear(&keys, caller, frame);
        if let Heard::Proven(_) = heard {
            let open = Open { instance: link.instance, newest };
            caller.sessions.send_or_close(caller.now, caller.key, &open);
            link.state = ChatLinkState::Opening(caller.key);
        }
        heard.dispatched()
    }

    pub(super) fn chat_opened(&mut self, caller: &mut Caller<'_, 'a>, instance: u32) {
        let at = caller.tag.index;
        let Some(link) = self.chat.link_mut(at) else { return };
        if link.state != ChatLinkState::Opening(caller.key) {
            return;
        }
        log::info!("found the chat server");
        link.instance = instance;
        link.backoff.reset();
        link.state = ChatLinkState::Resuming(caller.key, 0);
        caller.sessions.prove(caller.now, caller.key, Trust::Server);
        self.chat.stats.opened.count();
        self.chat.tell_owners(&mut caller.context(), at);
        self.chat.resume_channels(caller.sessions, at);
    }

    pub(in super::super) fn chat_ended(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: SessionKey,
        at: u16,
        reason: ErrorCode,
    ) {
        if cx.sessions.is_shutting_down() || !self.is_chat_session(at, key) {
            return;
        }
        let Some(link) = self.chat.link_mut(at) else { return };
        let was_open = link.open().is_some();
        match was_open {
            true => link.refusals = Refusals::NONE,
            false => link.refusals.note(reason),
        }
        let address = link.address.as_str();
        if reason == ErrorCode::BAD_PROOF {
            log::warning!(
                "the chat server at {} does not have its key of our realm; trying again",
                address
            );
        } else if was_open {
            log::warning!(
                "lost the chat server ({}) at {}; it is looked for",
                reason.name(),
                address
            );
        } else if link.backoff.attempts() == 0 {
            log::warning!("no chat server at {} ({}); trying again", address, reason.name());
        }
        self.chat_wait(cx, at);
        if was_open {
            self.chat_interrupted(cx, at);
        }
    }

    /// Dials whom it is time for.
    pub(in super::super) fn chat_timer_due(&mut self, cx: &mut Context<'_, 'a>) {
        for at in 0..self.chat.links.len() as u16 {
            let state = self.chat.link(at).map(|link| link.state);
            if matches!(state, Some(ChatLinkState::Waiting(until)) if until <= cx.now) {
                self.chat_connect(cx, at);
            }
        }
        self.schedule_chat(cx);
    }
}

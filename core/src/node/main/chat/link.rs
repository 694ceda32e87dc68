//! The link to the chat server: found, opened, resumed, lost.
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
//! Memberships stay, whatever this link does. While it is not `Live`, requests are refused.

use super::super::link as kind;
use super::super::{Authenticator, Main, chat_timer};
use super::ChatPolicy;
use crate::backoff::Backoff;
use crate::log;
use crate::node::cluster::{Dialer, Heard, ONLY_ID, Refusals};
use crate::node::{Caller, Context};
use crate::protocol::main_to_chat::Open;
use crate::protocol::{Dispatched, ErrorCode, ServerKind};
use crate::session::{LinkTag, SessionKey, Trust};
use crate::stats::Count;
use crate::wire::Frame;

/// Where the link is; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum ChatLinkState {
    Waiting,
    Connecting,
    Proving,
    Opening(SessionKey),
    /// The channel slot that is resumed next.
    Resuming(SessionKey, u16),
    Live(SessionKey),
}

/// The link to the chat server.
#[derive(Debug)]
pub(super) struct ChatLink {
    state: ChatLinkState,
    dialer: Dialer,
    backoff: Backoff,
    /// Attempts that the chat server has refused.
    pub(super) refusals: Refusals,
}

impl ChatLink {
    pub(super) const fn new(policy: &ChatPolicy) -> Self {
        Self {
            state: ChatLinkState::Waiting,
            dialer: Dialer::new(ServerKind::MAIN, ServerKind::CHAT, ONLY_ID),
            backoff: Backoff::new(policy.reconnect_first_ms, policy.reconnect_most_ms),
            refusals: Refusals::NONE,
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
            ChatLinkState::Waiting
            | ChatLinkState::Connecting
            | ChatLinkState::Proving
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

    pub(in super::super) const fn is_proving(&self) -> bool {
        matches!(self.state, ChatLinkState::Proving)
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    pub(in super::super) fn chat_connect(&mut self, cx: &mut Context<'_, 'a>) {
        match cx.sessions.connect(cx.now, LinkTag { kind: kind::CHAT, index: 0 }) {
            Ok(_) => self.chat.link.state = ChatLinkState::Connecting,
            Err(_) => self.chat_wait(cx),
        }
    }

    fn chat_wait(&mut self, cx: &mut Context<'_, 'a>) {
        self.chat.link.state = ChatLinkState::Waiting;
        let delay_ms = self.chat.link.backoff.next_delay_ms(cx.turn().random_u32());
        let timer = chat_timer(self.users.capacity());
        cx.sessions.schedule(timer, cx.now.after_ms(delay_ms));
    }

    pub(in super::super) fn chat_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.chat.link.state = ChatLinkState::Proving;
        let keys = self.secrets.keys_of(ServerKind::CHAT, ONLY_ID);
        self.chat.link.dialer.begin(&keys, cx, key);
    }

    pub(in super::super) fn chat_proves(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let keys = self.secrets.keys_of(ServerKind::CHAT, ONLY_ID);
        let heard = self.chat.link.dialer.hear(&keys, caller, frame);
        if let Heard::Proven(_) = heard {
            let open = Open { instance: self.chat.instance, newest: self.chat.newest };
            caller.sessions.send_or_close(caller.now, caller.key, &open);
            self.chat.link.state = ChatLinkState::Opening(caller.key);
        }
        heard.dispatched()
    }

    pub(super) fn chat_opened(&mut self, caller: &mut Caller<'_, 'a>, instance: u32) {
        if self.chat.link.state != ChatLinkState::Opening(caller.key) {
            return;
        }
        log::info!("found the chat server");
        self.chat.instance = instance;
        caller.sessions.prove(caller.now, caller.key, Trust::Server);
        self.chat.stats.opened.count();
        self.chat.link.backoff.reset();
        self.chat.link.state = ChatLinkState::Resuming(caller.key, 0);
        self.chat.resume_channels(caller.sessions);
    }

    pub(in super::super) fn chat_ended(&mut self, cx: &mut Context<'_, 'a>, reason: ErrorCode) {
        if cx.sessions.is_shutting_down() {
            return;
        }
        let was_open = self.chat.link.open().is_some();
        match was_open {
            true => self.chat.link.refusals = Refusals::NONE,
            false => self.chat.link.refusals.note(reason),
        }
        let address = self.chat.address.as_str();
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
        } else if self.chat.link.backoff.attempts() == 0 {
            log::warning!("no chat server at {} ({}); trying again", address, reason.name());
        }
        self.chat_wait(cx);
        if was_open {
            self.chat_interrupted(cx);
        }
    }

    pub(in super::super) fn chat_timer_due(&mut self, cx: &mut Context<'_, 'a>) {
        if self.chat.link.state == ChatLinkState::Waiting {
            self.chat_connect(cx);
        }
    }
}

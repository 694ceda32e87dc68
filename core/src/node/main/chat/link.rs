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
use super::hub::{ChatHub, LocalChannelKey};
use crate::backoff::Backoff;
use crate::broadcast::FrameClass;
use crate::log;
use crate::node::cluster::{Dialer, Heard, ONLY_ID};
use crate::node::{Caller, Context};
use crate::protocol::main_to_chat::{Open, Resume};
use crate::protocol::main_to_client::ChatGap;
use crate::protocol::{Dispatched, ErrorCode, Seq, ServerKind, Text, Uid};
use crate::session::{LinkTag, SessionKey, SessionManager, Trust};
use crate::stats::Count;
use crate::storage::Link;
use crate::time::Instant;
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
}

impl ChatLink {
    pub(super) const fn new(policy: &ChatPolicy) -> Self {
        Self {
            state: ChatLinkState::Waiting,
            dialer: Dialer::new(ServerKind::MAIN, ServerKind::CHAT, ONLY_ID),
            backoff: Backoff::new(policy.reconnect_first_ms, policy.reconnect_most_ms),
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

    pub(in super::super) const fn is_proving(&self) -> bool {
        matches!(self.state, ChatLinkState::Proving)
    }
}

impl ChatHub<'_> {
    /// Whether there is a chat server to look for.
    pub(in super::super) fn is_configured(&self) -> bool {
        !self.address.is_empty()
    }

    pub(in super::super) const fn is_proving(&self) -> bool {
        self.link.is_proving()
    }

    /// Sends the next pages of memberships, as many as the link takes now.
    pub(in super::super) fn resume_channels(&mut self, sessions: &mut SessionManager<'_>) {
        while let ChatLinkState::Resuming(key, index) = self.link.state {
            if usize::from(index) >= self.channels.capacity() {
                log::info!("the chat server has {} channels of ours", self.channels.len());
                self.link.state = ChatLinkState::Live(key);
                return;
            }
            let page = self.page_to_resume(index);
            let Some(channel) = self.channels.at(index).filter(|_| !page.is_empty()) else {
                self.link.state = ChatLinkState::Resuming(key, index + 1);
                continue;
            };
            // Pushed one by one: collecting into a bounded vector could panic.
            let mut uids = heapless::Vec::<Uid, PAGE>::new();
            for member in page.iter().filter_map(|index| self.members.at(*index)) {
                // There is room for as many as the page has.
                let _ = uids.push(member.uid);
            }
            let channel = Text::truncated(&channel.name);
            let since = self.channels.at(index).map_or(Seq(0), |channel| channel.last_seq);
            if sessions.send(key, &Resume { channel, since, uids }).is_err() {
                return;
            }
            for index in page {
                if let Some(member) = self.members.at_mut(index) {
                    member.is_resumed = true;
                }
            }
        }
    }

    /// The next memberships of a channel that the chat server has not been told of.
    fn page_to_resume(&self, channel: u16) -> heapless::Vec<u16, PAGE> {
        let mut page = heapless::Vec::new();
        let mut link = self.channels.at(channel).map_or(Link::NONE, |channel| channel.first);
        while let Some(index) = link.index() {
            let Some(member) = self.members.at(index) else { break };
            link = member.next;
            if member.is_in && !member.is_resumed && page.push(index).is_err() {
                break;
            }
        }
        page
    }

    /// A channel's next message is `next_seq`. If that is not what its members expect, another Main has
    /// told a restarted chat server of higher numbers, and they are told that something may be missing.
    pub(super) fn goes_on_at(&mut self, now: Instant, key: LocalChannelKey, next_seq: Seq) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let before = channel.last_seq;
        channel.last_seq = before.max(next_seq.minus(1));
        self.newest = self.newest.max(channel.last_seq);
        let had_begun = core::mem::replace(&mut channel.has_begun, true);
        if had_begun && before != channel.last_seq {
            let name = channel.name.clone();
            let gap = ChatGap { channel: Text::truncated(&name), missed: u32::MAX, next_seq };
            self.append(now, key, FrameClass::State, &gap);
        }
    }

    /// A channel goes on at `next_seq`, and what is missing before is announced; `false` if nothing is.
    pub(super) fn resumed(
        &mut self,
        cx: &Context<'_, '_>,
        key: LocalChannelKey,
        next_seq: Seq,
        missed: u32,
    ) -> bool {
        let Some(channel) = self.channels.get_mut(key) else { return false };
        let expected = channel.last_seq.next();
        if next_seq <= expected {
            return false;
        }
        channel.last_seq = next_seq.minus(1);
        self.newest = self.newest.max(channel.last_seq);
        let is_same_epoch = next_seq.epoch() == expected.epoch();
        let counted = if is_same_epoch { next_seq.since(expected) } else { u32::MAX };
        let name = channel.name.clone();
        let (channel, missed) = (Text::truncated(&name), missed.max(counted));
        self.append(cx.now, key, FrameClass::State, &ChatGap { channel, missed, next_seq });
        true
    }
}

const PAGE: usize = crate::protocol::CHAT_PAGE_MEMBERS;

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
        self.chat.link.dialer.begin(cx, key);
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

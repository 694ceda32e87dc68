//! Telling a chat server anew which users are in which channels, and members what they have missed meanwhile.
//!
//! Contract: a page is sent when the link takes it; where the telling stands is the [`link`](super::link)'s.

use super::hub::{ChatHub, LocalChannelKey};
use super::link::ChatLink;
use crate::broadcast::FrameClass;
use crate::log;
use crate::node::Context;
use crate::protocol::main_to_chat::Resume;
use crate::protocol::main_to_client::ChatGap;
use crate::protocol::{CHAT_PAGE_MEMBERS, Seq, Text, Uid};
use crate::session::SessionManager;
use crate::storage::Link;
use crate::time::Instant;

impl ChatHub<'_> {
    /// Sends the next pages of memberships, as many as the link takes now.
    pub(in super::super) fn resume_channels(&mut self, sessions: &mut SessionManager<'_>, at: u16) {
        while let Some((key, index)) = self.link(at).and_then(ChatLink::resuming) {
            if usize::from(index) >= self.channels.capacity() {
                self.has_resumed_all(at);
                return;
            }
            let page = self.page_to_resume(at, index);
            let Some(channel) = self.channels.at(index).filter(|_| !page.is_empty()) else {
                self.has_resumed(at, index);
                continue;
            };
            // Pushed one by one: collecting into a bounded vector could panic.
            let mut uids = heapless::Vec::<Uid, CHAT_PAGE_MEMBERS>::new();
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

    fn has_resumed_all(&mut self, at: u16) {
        let own = self.channels.iter().filter(|(_, place)| place.owner == Link::to(at)).count();
        log::info!("the chat server has {} channels of ours", own);
        if let Some(link) = self.link_mut(at) {
            link.has_resumed_all();
        }
    }

    fn has_resumed(&mut self, at: u16, channel: u16) {
        if let Some(link) = self.link_mut(at) {
            link.has_resumed(channel);
        }
    }

    /// The next memberships of a channel that the chat server has not been told of; none if it is not that one's.
    fn page_to_resume(&self, at: u16, channel: u16) -> heapless::Vec<u16, CHAT_PAGE_MEMBERS> {
        let mut page = heapless::Vec::new();
        let own = self.channels.at(channel).filter(|place| place.owner == Link::to(at));
        let mut link = own.map_or(Link::NONE, |place| place.first);
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

//! Which chat server has which channel: what a Main does when that changes, or when one of them is lost.
//!
//! Contract: a channel is one link's. When all Mains have agreed about another [map](ChatMap), this one gives up the links of
//! servers that are not in it, dials those that are new, and says the map to each before anything else. A channel that another
//! server has now is told to that one with all its members here, who hear how its numbers go on: what was on its way to the
//! former one is answered as if that were lost, and whatever that one still says of it is passed over. All others are told of
//! their channels again.
//!
//! Bounds: as many servers as there are links; a new map costs O(channels and memberships).

use super::super::{Authenticator, Main};
use super::hub::{ChatHub, LocalChannelKey, Unanswered};
use super::link::ChatLink;
use super::server_link::Membership;
use crate::log;
use crate::node::Context;
use crate::node::chat::ChatMap;
use crate::protocol::client_to_main::{ChatHistory, ChatJoin, ChatSay, ChatWho};
use crate::protocol::main_to_chat::Owners;
use crate::protocol::main_to_client::ChatRefused;
use crate::protocol::{CHANNEL_MAX_BYTES, ClaimNumber, ErrorCode, Text};
use crate::session::SessionKey;
use crate::session::manager::Farewell;
use crate::storage::Link;

impl ChatHub<'_> {
    /// The link to whom a channel of this name is, by the map.
    pub(super) fn owner(&self, channel: &str) -> Link {
        let Some(address) = self.map.owner(channel) else { return Link::NONE };
        let is_it = |link: &ChatLink| !link.is_vacant() && link.address == address;
        self.links.iter().position(is_it).map_or(Link::NONE, |at| Link::to(at as u16))
    }

    /// The link to whom a channel is.
    pub(super) fn owner_of(&self, channel: LocalChannelKey) -> Link {
        self.channels.get(channel).map_or(Link::NONE, |place| place.owner)
    }

    /// The session of this link, if its server takes requests.
    pub(super) fn live(&self, link: Link) -> Option<SessionKey> {
        self.link(link.index()?)?.live()
    }

    /// The chat servers, as far as this Main has been told of them.
    pub const fn map(&self) -> &ChatMap {
        &self.map
    }

    /// Says to the server of an open link which of the servers it is, if all Mains have agreed about them.
    pub(super) fn tell_owners(&self, cx: &mut Context<'_, '_>, at: u16) {
        let Some(link) = self.link(at) else { return };
        let (Some(session), false) = (link.open(), self.map.number == ClaimNumber(0)) else {
            return;
        };
        let place = self.map.servers.iter().position(|server| *server == link.address);
        let Some(place) = place else { return };
        let (number, newest, marks) = (self.map.number, self.newest, self.map.marks());
        let owners = Owners { number, newest, place: place as u16, marks };
        cx.sessions.send_or_close(cx.now, session, &owners);
    }

    /// Chat servers are to be told of all memberships: one may have let go of a channel by a map that this Main has not heard
    /// of. Of those that it has, it says nothing.
    fn tell_all_again(&mut self) {
        for index in 0..self.members.capacity() as u16 {
            if let Some(member) = self.members.at_mut(index) {
                member.is_resumed = false;
            }
        }
        self.links.iter_mut().for_each(ChatLink::resume_again);
    }

    fn is_linked(&self, address: &str) -> bool {
        self.links.iter().any(|link| !link.is_vacant() && link.address == address)
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// These are the realm's chat servers from now on. What is older than what is known is passed over.
    pub fn hear_of_chat_servers(&mut self, cx: &mut Context<'_, 'a>, map: ChatMap) {
        if map.number <= self.chat.map.number {
            return;
        }
        log::info!("{} chat servers share the channels", map.servers.len());
        self.chat.map = map;
        for at in 0..self.chat.links.len() as u16 {
            let Some(link) = self.chat.link(at).filter(|link| !link.is_vacant()) else { continue };
            if !self.chat.map.servers.contains(&link.address) {
                self.retire_chat(cx, at);
            }
        }
        self.dial_chat_servers(cx);
        self.move_channels(cx);
        self.chat.tell_all_again();
        for at in 0..self.chat.links.len() as u16 {
            self.chat.tell_owners(cx, at);
            self.chat.resume_channels(cx.sessions, at);
        }
        let own_links = u16::from(self.login.is_configured()) + self.chat.servers();
        cx.sessions.keep_for_own_links(own_links);
    }

    /// Dials whom there is no link to yet, as far as there are links.
    pub(in super::super) fn dial_chat_servers(&mut self, cx: &mut Context<'_, 'a>) {
        for index in 0..self.chat.map.servers.len() {
            let Some(address) = self.chat.map.servers.get(index).cloned() else { return };
            if self.chat.is_linked(&address) {
                continue;
            }
            let vacant = self.chat.links.iter().position(ChatLink::is_vacant);
            let Some(at) = vacant else { return };
            let link = ChatLink::to(address, &self.chat.policy, cx.now);
            if let Some(place) = self.chat.link_mut(at as u16) {
                *place = link;
            }
            self.chat_connect(cx, at as u16);
        }
    }

    /// Gives a link up: its channels are nobody's until they are another one's.
    fn retire_chat(&mut self, cx: &mut Context<'_, 'a>, at: u16) {
        let Some(link) = self.chat.link_mut(at) else { return };
        if let Some(session) = link.retire() {
            cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::GOODBYE));
        }
        self.chat_interrupted(cx, at);
        for index in 0..self.chat.channels.capacity() as u16 {
            if let Some(place) = self.chat.channels.at_mut(index)
                && place.owner == Link::to(at)
            {
                place.owner = Link::NONE;
            }
        }
    }

    /// Gives each channel to whom it is by the map.
    fn move_channels(&mut self, cx: &mut Context<'_, 'a>) {
        let mut moved = 0;
        for index in 0..self.chat.channels.capacity() as u16 {
            let Some(place) = self.chat.channels.at(index) else { continue };
            let owner = self.chat.owner(&place.name);
            let Some(place) = self.chat.channels.at_mut(index) else { continue };
            if core::mem::replace(&mut place.owner, owner) != owner {
                self.interrupt_channel(cx, index);
                moved += 1;
            }
        }
        for at in 0..self.chat.links.len() as u16 {
            self.chat.sort_requests(at);
        }
        log::info!("{} channels of ours have another chat server", moved);
    }

    /// The link has ended: what was on its way is answered, and memberships stay. O(memberships).
    pub(super) fn chat_interrupted(&mut self, cx: &mut Context<'_, 'a>, at: u16) {
        self.chat.forget_requests(at);
        for index in 0..self.chat.channels.capacity() as u16 {
            if self.chat.channels.at(index).is_some_and(|place| place.owner == Link::to(at)) {
                self.interrupt_channel(cx, index);
            }
        }
    }

    /// Whoever had the channel does not answer any more. O(members).
    fn interrupt_channel(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(channel) = self.chat.channels.key_at(index) else { return };
        let Some(place) = self.chat.channels.get(channel) else { return };
        let (name, mut link) = (place.name.clone(), place.first);
        while let Some(member) = link.index().and_then(|index| self.chat.members.key_at(index)) {
            let Some(entry) = self.chat.members.get_mut(member) else { return };
            link = entry.next;
            entry.is_resumed = false;
            let unanswered = core::mem::replace(&mut entry.unanswered, Unanswered::NOTHING);
            let (uid, session, is_in) = (entry.uid, entry.session, entry.is_in);
            tell_interrupted(cx, session, Text::truncated(&name), unanswered);
            if is_in {
                continue;
            }
            refuse(cx, session, Text::truncated(&name), ChatJoin::OPCODE.0);
            if let Some(user) = self.users.find(uid) {
                self.remove_membership(cx.sessions, &Membership { user, channel, member });
            }
        }
    }
}

/// What a member has said and asked is answered.
fn tell_interrupted(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    channel: Text<'_, CHANNEL_MAX_BYTES>,
    mut unanswered: Unanswered,
) {
    while let Some(request) = unanswered.says.pop() {
        let (about, reason) = (ChatSay::OPCODE.0, ErrorCode::CHAT_INTERRUPTED);
        let refused = ChatRefused { channel, about, request, reason };
        cx.sessions.send_or_close(cx.now, session, &refused);
    }
    for _ in 0..unanswered.pasts {
        refuse(cx, session, channel, ChatHistory::OPCODE.0);
    }
    for _ in 0..unanswered.whos {
        refuse(cx, session, channel, ChatWho::OPCODE.0);
    }
}

fn refuse(
    cx: &mut Context<'_, '_>,
    session: SessionKey,
    channel: Text<'_, CHANNEL_MAX_BYTES>,
    about: i32,
) {
    let refused = ChatRefused { channel, about, request: 0, reason: ErrorCode::CHAT_UNAVAILABLE };
    cx.sessions.send_or_close(cx.now, session, &refused);
}

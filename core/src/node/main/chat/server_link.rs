//! What chat servers say to Main.
//!
//! Contract: of a channel counts only what the server says that has it.

use super::super::directory::EntryKey;
use super::super::{Authenticator, Main};
use super::hub::{LocalChannelKey, LocalMemberKey, Unanswered};
use crate::broadcast::FrameClass;
use crate::node::Caller;
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Past, PastEnd,
    Refused, Removed, ResumeDenied, Resumed, Stub,
};
use crate::protocol::client_to_main::{ChatHistory, ChatJoin, ChatSay, ChatWho};
use crate::protocol::main_to_client::{
    ChatBroadcast, ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined, ChatLeft, ChatMembers,
    ChatPast, ChatPastEnd, ChatRefused,
};
use crate::protocol::{ErrorCode, Message, SendError, Text, Uid};
use crate::session::{SessionKey, SessionManager};
use crate::storage::Link;
use crate::wire::Opcode;

/// How many buffers of an answer about the past may wait for a client, besides its other packets.
const PAST_BUFFERS: u16 = crate::node::chat::PAST_PAGE_MAX;

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn opened(&mut self, caller: &mut Caller<'_, 'a>, message: Opened) {
        self.chat_opened(caller, message.instance);
    }

    fn joined(&mut self, caller: &mut Caller<'_, 'a>, message: Joined<'_>) {
        let Joined { uid, channel, attempt, members, oldest, next_seq } = message;
        let Some(found) = self.membership_of(caller, uid, channel.as_str()) else { return };
        self.chat.goes_on_at(caller.now, found.channel, next_seq);
        // What was said before is published first, so that the newcomer begins exactly behind it.
        self.chat.flush_channel(found.channel.index(), caller.sessions);
        let Some(place) = self.chat.channels.get_mut(found.channel) else { return };
        let Some(member) = self.chat.members.get_mut(found.member) else { return };
        if member.is_in || member.attempt != attempt {
            return;
        }
        member.cursor = place.rings.enter(caller.sessions.framing(member.session));
        member.is_in = true;
        member.is_resumed = true;
        // What was said last follows, as if it had asked.
        member.unanswered = Unanswered { pasts: 1, ..Unanswered::NOTHING };
        let session = member.session;
        let joined = ChatJoined { channel, members, oldest, next_seq };
        caller.sessions.send_or_close(caller.now, session, &joined);
    }

    fn channel_denied(&mut self, caller: &mut Caller<'_, 'a>, message: ChannelDenied<'_>) {
        let ChannelDenied { uid, channel, attempt, reason } = message;
        self.chat.answered(caller.sessions, caller.tag.index);
        let Some(found) = self.membership_of(caller, uid, channel.as_str()) else { return };
        let member = self.chat.members.get(found.member);
        let Some(session) =
            member.filter(|m| !m.is_in && m.attempt == attempt).map(|member| member.session)
        else {
            return;
        };
        self.remove_membership(caller.sessions, &found);
        self.chat.stats.refused += 1;
        let about = ChatJoin::OPCODE.0;
        let refused = ChatRefused { channel, about, request: 0, reason };
        caller.sessions.send_or_close(caller.now, session, &refused);
    }

    fn removed(&mut self, caller: &mut Caller<'_, 'a>, message: Removed<'_>) {
        let Removed { uid, channel, reason } = message;
        let Some(found) = self.membership_of(caller, uid, channel.as_str()) else { return };
        let is_in = self.chat.members.get(found.member).is_some_and(|member| member.is_in);
        if is_in && let Some(session) = self.remove_membership(caller.sessions, &found) {
            caller.sessions.send_or_close(caller.now, session, &ChatLeft { channel, reason });
        }
    }

    fn broadcast(&mut self, caller: &mut Caller<'_, 'a>, message: Broadcast<'_>) {
        let Broadcast { channel, seq, uid, request, msg } = message;
        let Some(key) = self.channel_of(caller, channel.as_str()) else { return };
        let Some(place) = self.chat.channels.get_mut(key) else { return };
        if seq <= place.last_seq {
            return;
        }
        let is_next = seq == place.last_seq.next();
        place.last_seq = seq;
        self.chat.newest = self.chat.newest.max(seq);
        self.chat.stats.received += 1;
        self.chat.stats.deliveries += u64::from(place.members);
        if !is_next {
            let gap = ChatGap { channel, missed: u32::MAX, next_seq: seq };
            self.chat.append(caller.now, key, FrameClass::State, &gap);
        }
        let said = ChatBroadcast { channel, seq, uid, request, msg };
        self.chat.append(caller.now, key, FrameClass::Counted, &said);
        self.count_answer(uid, channel.as_str(), ChatSay::OPCODE);
    }

    fn refused(&mut self, caller: &mut Caller<'_, 'a>, message: Refused<'_>) {
        let Refused { uid, channel, about, request, reason } = message;
        self.chat.stats.refused += 1;
        if about != ChatSay::OPCODE.0 {
            self.chat.answered(caller.sessions, caller.tag.index);
        }
        // Whoever has left meanwhile hears nothing more of the channel.
        if self.is_member(caller, uid, channel.as_str()) {
            self.count_answer(uid, channel.as_str(), Opcode(about));
            self.tell_client(caller, uid, &ChatRefused { channel, about, request, reason });
        }
    }

    fn past(&mut self, caller: &mut Caller<'_, 'a>, message: Past<'_>) {
        let Past { to, channel, seq, uid, msg } = message;
        if self.is_member(caller, to, channel.as_str()) {
            self.tell_client(caller, to, &ChatPast { channel, seq, uid, msg });
        }
    }

    fn past_end(&mut self, caller: &mut Caller<'_, 'a>, message: PastEnd<'_>) {
        let PastEnd { to, channel, oldest, next_seq, end_seq } = message;
        self.chat.answered(caller.sessions, caller.tag.index);
        if self.is_member(caller, to, channel.as_str()) {
            self.count_answer(to, channel.as_str(), ChatHistory::OPCODE);
            let end = ChatPastEnd { channel, oldest, next_seq, end_seq };
            self.tell_client(caller, to, &end);
        }
    }

    fn entered(&mut self, caller: &mut Caller<'_, 'a>, message: Entered<'_>) {
        let Entered { channel, uid } = message;
        self.tell_members(caller, channel.as_str(), &ChatEntered { channel, uid });
    }

    fn exited(&mut self, caller: &mut Caller<'_, 'a>, message: Exited<'_>) {
        let Exited { channel, uid } = message;
        self.tell_members(caller, channel.as_str(), &ChatExited { channel, uid });
    }

    fn census(&mut self, caller: &mut Caller<'_, 'a>, message: Census<'_>) {
        let Census { channel, members } = message;
        self.tell_members(caller, channel.as_str(), &ChatCensus { channel, members });
    }

    fn member_page(&mut self, caller: &mut Caller<'_, 'a>, message: MemberPage<'_>) {
        let MemberPage { to, channel, uids, next_after } = message;
        self.chat.answered(caller.sessions, caller.tag.index);
        if self.is_member(caller, to, channel.as_str()) {
            self.count_answer(to, channel.as_str(), ChatWho::OPCODE);
            self.tell_client(caller, to, &ChatMembers { channel, uids, next_after });
        }
    }

    fn resumed(&mut self, caller: &mut Caller<'_, 'a>, message: Resumed<'_>) {
        let Resumed { channel, next_seq, missed, members } = message;
        let Some(key) = self.channel_of(caller, channel.as_str()) else { return };
        let has_gap = self.chat.resumed(&caller.context(), key, next_seq, missed);
        if has_gap && missed == 0 {
            self.interrupt_says(caller, key);
        }
        self.tell_members(caller, channel.as_str(), &ChatCensus { channel, members });
    }

    fn resume_denied(&mut self, caller: &mut Caller<'_, 'a>, message: ResumeDenied<'_>) {
        let ResumeDenied { channel, reason } = message;
        let Some(key) = self.channel_of(caller, channel.as_str()) else { return };
        let mut link = self.chat.channels.get(key).map_or(Link::NONE, |place| place.first);
        while let Some(member) = link.index().and_then(|index| self.chat.members.key_at(index)) {
            let Some(entry) = self.chat.members.get(member) else { return };
            let (uid, is_in) = (entry.uid, entry.is_in);
            link = entry.next;
            let found = self.users.find(uid).map(|user| Membership { user, channel: key, member });
            if let Some(found) = found.filter(|_| is_in)
                && let Some(session) = self.remove_membership(caller.sessions, &found)
            {
                caller.sessions.send_or_close(caller.now, session, &ChatLeft { channel, reason });
            }
        }
    }
}

/// One user's place in one channel.
pub(super) struct Membership {
    pub(super) user: EntryKey,
    pub(super) channel: LocalChannelKey,
    pub(super) member: LocalMemberKey,
}

impl<'a, A: Authenticator> Main<'a, A> {
    pub(super) fn membership(&self, uid: Uid, channel: &str) -> Option<Membership> {
        let user = self.users.find(uid)?;
        let channel = self.chat.find(channel)?;
        let member = self.chat.membership(self.users.get(user)?.chat, channel)?;
        Some(Membership { user, channel, member })
    }

    /// The channel, if it is that server's which says something of it.
    fn channel_of(&self, caller: &Caller<'_, 'a>, channel: &str) -> Option<LocalChannelKey> {
        let key = self.chat.find(channel)?;
        (self.chat.owner_of(key) == Link::to(caller.tag.index)).then_some(key)
    }

    fn membership_of(
        &self,
        caller: &Caller<'_, 'a>,
        uid: Uid,
        channel: &str,
    ) -> Option<Membership> {
        self.channel_of(caller, channel)?;
        self.membership(uid, channel)
    }

    fn is_member(&self, caller: &Caller<'_, 'a>, uid: Uid, channel: &str) -> bool {
        let found = self.membership_of(caller, uid, channel);
        found
            .and_then(|found| self.chat.members.get(found.member))
            .is_some_and(|member| member.is_in)
    }

    /// Takes a user out of a channel, and answers its session.
    pub(super) fn remove_membership(
        &mut self,
        sessions: &mut SessionManager<'a>,
        found: &Membership,
    ) -> Option<SessionKey> {
        let session = self.chat.members.get(found.member)?.session;
        let user = self.users.get_mut(found.user)?;
        user.chat = self.chat.take_out(sessions, user.chat, found.member);
        self.chat.forget_if_empty(found.channel);
        Some(session)
    }

    fn count_answer(&mut self, uid: Uid, channel: &str, about: Opcode) {
        if let Some(found) = self.membership(uid, channel)
            && let Some(member) = self.chat.members.get_mut(found.member)
        {
            member.unanswered.answer(about);
        }
    }

    /// Tells a client what it has asked for. One that does not read its answers is closed.
    fn tell_client<M: Message>(&self, caller: &mut Caller<'_, 'a>, uid: Uid, message: &M) {
        let Some(user) = self.users.find(uid).and_then(|key| self.users.get(key)) else { return };
        let most = caller.sessions.config().send_buffers_per_session.saturating_add(PAST_BUFFERS);
        let sent = caller.sessions.send_within(user.session, message, most);
        if sent.is_err_and(SendError::is_loss) {
            caller.sessions.overflow(caller.now, user.session);
        }
    }

    /// The link has been slow, and whether what members said was heard may be among what is missing. O(members).
    fn interrupt_says(&mut self, caller: &mut Caller<'_, 'a>, key: LocalChannelKey) {
        let Some(place) = self.chat.channels.get(key) else { return };
        let (channel, about) = (Text::truncated(&place.name), ChatSay::OPCODE.0);
        let mut link = place.first;
        while let Some(member) = link.index().and_then(|index| self.chat.members.at_mut(index)) {
            link = member.next;
            while let Some(request) = member.unanswered.says.pop() {
                let reason = ErrorCode::CHAT_INTERRUPTED;
                let refused = ChatRefused { channel, about, request, reason };
                caller.sessions.send_or_close(caller.now, member.session, &refused);
            }
        }
    }

    fn tell_members<M: Message>(&mut self, caller: &Caller<'_, 'a>, channel: &str, message: &M) {
        if let Some(key) = self.channel_of(caller, channel) {
            self.chat.append(caller.now, key, FrameClass::State, message);
        }
    }
}

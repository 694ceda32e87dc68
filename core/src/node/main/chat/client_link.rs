//! What clients want of channels.

use super::super::directory::EntryKey;
use super::super::{Authenticator, Main};
use super::hub::LocalMember;
use super::server_link::Membership;
use super::waiting::Waiting;
use crate::node::{Caller, Context};
use crate::protocol::client_to_main::{ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho};
use crate::protocol::main_to_chat::Say;
use crate::protocol::main_to_client::{ChatLeft, ChatRefused};
use crate::protocol::{CHANNEL_MAX_BYTES, ErrorCode, SendError, Text, Uid};
use crate::session::Holding;
use crate::storage::{Link, Vacant};
use crate::wire::Opcode;

type Name<'m> = Text<'m, CHANNEL_MAX_BYTES>;

impl<'a, A: Authenticator> Main<'a, A> {
    pub(in super::super) fn join_channel(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &ChatJoin<'_>,
    ) {
        let Some(key) = self.caller_entry(caller, ChatJoin::OPCODE.0) else { return };
        let channel = message.channel.as_str();
        let asked = self.ask_to_join(caller, key, message.channel);
        let cx = &caller.context();
        match asked {
            Ok(()) => self.log_user(cx, key, format_args!("joins channel {channel:?}")),
            Err(code) => {
                let code = code.name();
                self.log_user(cx, key, format_args!("does not join channel {channel:?}: {code}"));
            }
        }
        if let Err(reason) = asked {
            self.refuse_chat(caller, message.channel, ChatJoin::OPCODE, 0, reason);
        }
    }

    fn ask_to_join(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: EntryKey,
        name: Name<'_>,
    ) -> Result<(), ErrorCode> {
        let user = self.users.get(key).ok_or(ErrorCode::FULL)?;
        let (uid, start, address) = (user.uid, user.chat, user.address);
        if name.as_str().is_empty() || name.as_str().chars().any(char::is_control) {
            return Err(ErrorCode::BAD_CHANNEL);
        }
        let known = self.chat.find(name.as_str());
        if known.is_some_and(|channel| self.chat.membership(start, channel).is_some()) {
            return Err(ErrorCode::ALREADY_IN_CHANNEL);
        }
        if self.chat.circle(start).count() >= usize::from(self.chat.policy.channels_per_user) {
            return Err(ErrorCode::TOO_MANY_CHANNELS);
        }
        self.chat.live(self.chat.owner(name.as_str())).ok_or(ErrorCode::CHAT_UNAVAILABLE)?;
        self.take_request(caller, key)?;
        let held = caller.sessions.shares().held(address, Holding::Channel);
        if known.is_none() && !self.chat.may_create(name.as_str(), held) {
            return Err(ErrorCode::CHANNELS_FULL);
        }
        let channel = self.chat.find_or_create(name.as_str()).ok_or(ErrorCode::CHANNELS_FULL)?;
        self.chat.next_attempt = self.chat.next_attempt.wrapping_add(1);
        let member = LocalMember {
            uid,
            session: caller.key,
            address,
            channel: channel.index(),
            attempt: self.chat.next_attempt,
            waiting: Waiting::JOINING,
            ..LocalMember::VACANT
        };
        let Some((start, member)) = self.chat.add(start, member) else {
            self.chat.forget_if_empty(channel);
            return Err(ErrorCode::CHANNELS_FULL);
        };
        if let Some(user) = self.users.get_mut(key) {
            user.chat = start;
        }
        if known.is_none() {
            self.chat.find_holder(caller.sessions, channel.index());
        }
        self.chat.list(caller.sessions, member);
        Ok(())
    }

    pub(in super::super) fn leave_channel(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &ChatLeave<'_>,
    ) {
        let Some(key) = self.caller_entry(caller, ChatLeave::OPCODE.0) else { return };
        let channel = message.channel;
        let uid = self.users.get(key).map_or(Uid::NOBODY, |user| user.uid);
        let Some(found) = self.membership(uid, channel.as_str()) else {
            let reason = ErrorCode::NOT_IN_CHANNEL;
            self.refuse_chat(caller, channel, ChatLeave::OPCODE, 0, reason);
            return;
        };
        self.chat.list_leave(caller.sessions, found.member);
        self.remove_membership(caller.sessions, &found);
        let left = ChatLeft { channel, reason: ErrorCode::GOODBYE };
        caller.sessions.send_or_close(caller.now, caller.key, &left);
    }

    pub(in super::super) fn say_in_channel(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &ChatSay<'_>,
    ) {
        let Some(key) = self.caller_entry(caller, ChatSay::OPCODE.0) else { return };
        if let Err(reason) = self.forward_say(caller, key, message) {
            let ChatSay { channel, request, .. } = *message;
            self.refuse_chat(caller, channel, ChatSay::OPCODE, request, reason);
        }
    }

    fn forward_say(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: EntryKey,
        message: &ChatSay<'_>,
    ) -> Result<(), ErrorCode> {
        let ChatSay { request, channel, msg } = *message;
        let (uid, found) = self.own_membership(key, channel)?;
        if msg.as_str().len() > usize::from(self.chat.policy.message_bytes) {
            return Err(ErrorCode::MESSAGE_TOO_LONG);
        }
        let say = Say { uid, channel, request, msg };
        self.forward(caller, key, &found, &say)?;
        self.chat.forwarding.want(caller.now, self.chat.policy.flush_interval_ms);
        self.chat.stats.forwarded += 1;
        Ok(())
    }

    /// Forwards a message with whatever is sent to the chat server next.
    fn forward(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: EntryKey,
        found: &Membership,
        say: &Say<'_>,
    ) -> Result<(), ErrorCode> {
        let owner = self.chat.owner_of(found.channel);
        let link = self.chat.live(owner).ok_or(ErrorCode::CHAT_UNAVAILABLE)?;
        self.take_request(caller, key)?;
        let member = self.chat.members.get_mut(found.member).ok_or(ErrorCode::NOT_IN_CHANNEL)?;
        let mut unanswered = member.unanswered;
        if !unanswered.ask(ChatSay::OPCODE, say.request) {
            return Err(ErrorCode::CHAT_TOO_FAST);
        }
        caller.sessions.send_later(link, say).map_err(not_taken)?;
        member.unanswered = unanswered;
        Ok(())
    }

    pub(in super::super) fn ask_history(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &ChatHistory<'_>,
    ) {
        let ChatHistory { channel, since } = *message;
        self.ask_chat(caller, ChatHistory::OPCODE, channel, &|waiting| waiting.ask_past(since));
    }

    pub(in super::super) fn ask_who(&mut self, caller: &mut Caller<'_, 'a>, message: &ChatWho<'_>) {
        let ChatWho { channel, after } = *message;
        self.ask_chat(caller, ChatWho::OPCODE, channel, &|waiting| waiting.ask_members(after));
    }

    fn ask_chat(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        about: Opcode,
        channel: Name<'_>,
        ask: &dyn Fn(&mut Waiting) -> bool,
    ) {
        let Some(key) = self.caller_entry(caller, about.0) else { return };
        if let Err(reason) = self.list_question(caller, key, (about, ask), channel) {
            self.refuse_chat(caller, channel, about, 0, reason);
        }
    }

    fn list_question(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: EntryKey,
        (about, ask): (Opcode, &dyn Fn(&mut Waiting) -> bool),
        channel: Name<'_>,
    ) -> Result<(), ErrorCode> {
        let (_, found) = self.own_membership(key, channel)?;
        let owner = self.chat.owner_of(found.channel);
        self.chat.live(owner).ok_or(ErrorCode::CHAT_UNAVAILABLE)?;
        self.take_request(caller, key)?;
        let member = self.chat.members.get_mut(found.member).ok_or(ErrorCode::NOT_IN_CHANNEL)?;
        let mut unanswered = member.unanswered;
        if !unanswered.ask(about, 0) || !ask(&mut member.waiting) {
            return Err(ErrorCode::CHAT_TOO_FAST);
        }
        member.unanswered = unanswered;
        self.chat.list(caller.sessions, found.member);
        Ok(())
    }

    /// The membership of a user who is in the channel, and not just wants to be.
    fn own_membership(
        &self,
        key: EntryKey,
        channel: Name<'_>,
    ) -> Result<(Uid, Membership), ErrorCode> {
        let not_in = ErrorCode::NOT_IN_CHANNEL;
        let uid = self.users.get(key).ok_or(not_in)?.uid;
        let found = self.membership(uid, channel.as_str()).ok_or(not_in)?;
        let is_in = self.chat.members.get(found.member).is_some_and(|member| member.is_in);
        if is_in { Ok((uid, found)) } else { Err(not_in) }
    }

    /// One of the requests that the user may make; `CHAT_TOO_FAST` if it has made as many already.
    pub(in crate::node::main) fn take_request(
        &mut self,
        caller: &Caller<'_, 'a>,
        key: EntryKey,
    ) -> Result<(), ErrorCode> {
        let (rate, burst) = (self.chat.policy.requests_per_second, self.chat.policy.request_burst);
        let user = self.users.get_mut(key).ok_or(ErrorCode::FULL)?;
        let is_granted = user.chat_bucket.take(rate, burst, caller.now);
        is_granted.then_some(()).ok_or(ErrorCode::CHAT_TOO_FAST)
    }

    fn refuse_chat(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        channel: Name<'_>,
        about: Opcode,
        request: u32,
        reason: ErrorCode,
    ) {
        self.chat.stats.refused += 1;
        let refused = ChatRefused { channel, about: about.0, request, reason };
        caller.sessions.send_or_close(caller.now, caller.key, &refused);
    }

    /// A user's connection has ended: it is in no channel any more. O(its memberships).
    pub(in super::super) fn leave_all_channels(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        while let Some(user) = self.users.get_mut(key)
            && let Some(member) = user.chat.index().and_then(|at| self.chat.members.key_at(at))
        {
            let Some(entry) = self.chat.members.get(member) else { return };
            let channel = self.chat.channels.key_at(entry.channel);
            self.chat.list_leave(cx.sessions, member);
            user.chat = self.chat.take_out(cx.sessions, user.chat, member);
            if let Some(channel) = channel {
                self.chat.forget_if_empty(channel);
            }
        }
        if let Some(user) = self.users.get_mut(key) {
            user.chat = Link::NONE;
        }
    }
}

/// Why the link to the chat server has not taken a request.
const fn not_taken(error: SendError) -> ErrorCode {
    match error {
        SendError::Full | SendError::TooLong => ErrorCode::BUSY,
        SendError::Closed => ErrorCode::CHAT_UNAVAILABLE,
    }
}

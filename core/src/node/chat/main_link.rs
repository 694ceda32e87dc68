//! Mains of a chat server: who comes, who goes, who says what.

use super::{Caller, ChannelKey, Chat, Context, MainEntry, MainKey, link};
use crate::log;
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Past, PastEnd,
    Refused, Removed, ResumeDenied, Resumed,
};
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::main_to_chat::{
    AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Resume, Say, Stub,
};
use crate::protocol::{CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, ErrorCode, Message, Seq, Text, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Trust};
use crate::stats::Count;
use crate::wire::Opcode;

type Name<'m> = Text<'m, CHANNEL_MAX_BYTES>;

/// What a user asks for, by way of its Main.
#[derive(Copy, Clone)]
struct Asked {
    opcode: Opcode,
    /// What the client has sent.
    about: Opcode,
    request: u32,
}

impl<'a> Stub<Caller<'_, 'a>> for Chat<'a> {
    fn open(&mut self, caller: &mut Caller<'_, 'a>, message: Open) {
        let (now, key) = (caller.now, caller.key);
        if caller.tag.kind != link::PROVEN {
            caller.sessions.violation(now, key, ErrorCode::OUT_OF_PLACE, Open::OPCODE.0);
            return;
        }
        let Ok(main) = self.mains.insert(MainEntry { session: key }) else {
            caller.sessions.close(now, key, Farewell::Bye(ErrorCode::FULL));
            return;
        };
        self.stats.mains_opened.count();
        if self.instance == 0 {
            self.instance = caller.context().turn().random_u32().max(1);
            self.book.seed = caller.context().turn().random_u32();
            self.book.make_reserved(self.config.reserved);
        }
        self.go_on_behind(&mut caller.context(), message);
        caller.sessions.set_tag(key, LinkTag { kind: link::MAIN, index: main.index() });
        caller.sessions.prove(now, key, Trust::Server);
        caller.sessions.send_or_close(now, key, &Opened { instance: self.instance });
        log::info!("a Main has opened, {} are there", self.mains.len());
    }

    fn join_channel(&mut self, caller: &mut Caller<'_, 'a>, message: JoinChannel<'_>) {
        let Some(main) = self.caller_main(caller, JoinChannel::OPCODE) else { return };
        let JoinChannel { uid, channel, attempt } = message;
        match self.admit(&mut caller.context(), main, uid, channel) {
            Ok(key) => self.welcome(&mut caller.context(), main, uid, key, attempt),
            Err(reason) => {
                self.stats.denied.count();
                let denied = ChannelDenied { uid, channel, attempt, reason };
                self.tell(&mut caller.context(), main, &denied);
            }
        }
    }

    fn leave_channel(&mut self, caller: &mut Caller<'_, 'a>, message: LeaveChannel<'_>) {
        let Some(main) = self.caller_main(caller, LeaveChannel::OPCODE) else { return };
        let LeaveChannel { uid, channel } = message;
        let Some(key) = self.book.find(channel.as_str()) else { return };
        let Some(member) = self.book.member(uid, key) else { return };
        let is_its_own = self.book.members.get(member).is_some_and(|m| m.main == main.index());
        if is_its_own && self.book.leave(member).is_some() {
            self.tell_all(&mut caller.context(), key, None, &Exited { channel, uid });
        }
    }

    fn say(&mut self, caller: &mut Caller<'_, 'a>, message: Say<'_>) {
        let Say { uid, channel, request, msg } = message;
        let asked = Asked { opcode: Say::OPCODE, about: ChatSay::OPCODE, request };
        let Some((main, key)) = self.asked(caller, asked, uid, channel) else { return };
        let cx = &mut caller.context();
        let Some(seq) = self.book.append(key, uid, msg.as_str()) else {
            self.refuse(cx, main, asked, uid, channel, ErrorCode::FULL);
            return;
        };
        self.stats.said += 1;
        let said = Broadcast { channel, seq, uid, request, msg };
        self.stats.copies += self.tell_all(cx, key, None, &said);
    }

    fn ask_past(&mut self, caller: &mut Caller<'_, 'a>, message: AskPast<'_>) {
        let AskPast { uid, channel, since } = message;
        let asked = Asked { opcode: AskPast::OPCODE, about: ChatHistory::OPCODE, request: 0 };
        if let Some((main, key)) = self.asked(caller, asked, uid, channel) {
            self.send_past(&mut caller.context(), main, uid, key, since);
        }
    }

    fn ask_members(&mut self, caller: &mut Caller<'_, 'a>, message: AskMembers<'_>) {
        let AskMembers { uid, channel, after } = message;
        let asked = Asked { opcode: AskMembers::OPCODE, about: ChatWho::OPCODE, request: 0 };
        let Some((main, key)) = self.asked(caller, asked, uid, channel) else { return };
        let behind = if after == Uid::NOBODY { None } else { self.book.member(after, key) };
        if behind.is_none() && after != Uid::NOBODY {
            self.refuse(&mut caller.context(), main, asked, uid, channel, ErrorCode::PAGE_LOST);
            return;
        }
        let mut uids = heapless::Vec::new();
        let has_more = self.book.page(self.book.members_behind(key, behind), &mut uids);
        let last = uids.last().copied().filter(|_| has_more);
        let next_after = last.unwrap_or(Uid::NOBODY);
        self.tell(&mut caller.context(), main, &MemberPage { to: uid, channel, uids, next_after });
    }

    fn resume(&mut self, caller: &mut Caller<'_, 'a>, message: Resume<'_>) {
        let Some(main) = self.caller_main(caller, Resume::OPCODE) else { return };
        let Resume { channel, since, uids } = message;
        let cx = &mut caller.context();
        let Some(key) = self.book.find_or_create(channel.as_str()) else {
            let denied = ResumeDenied { channel, reason: ErrorCode::CHANNELS_FULL };
            self.tell(cx, main, &denied);
            return;
        };
        let Some(place) = self.book.channels.get(key) else { return };
        let is_first_page = place.members_of(main.index()) == 0;
        if since > place.last_seq {
            self.book.begin_behind(key, since);
            self.tell_of_jump(cx, key, Some(main));
        }
        for uid in uids {
            if let Err(reason) = self.place(cx, main, uid, key) {
                self.tell(cx, main, &Removed { uid, channel, reason });
            }
        }
        if is_first_page {
            self.send_missed(cx, main, key, since);
        }
        let members = self.book.channels.get(key).map_or(0, |place| place.members);
        self.tell_all(cx, key, Some(main), &Census { channel, members });
    }
}

impl<'a> Chat<'a> {
    /// The Main that the caller is; if it has not opened, it has spoken out of place.
    fn caller_main(&self, caller: &mut Caller<'_, 'a>, opcode: Opcode) -> Option<MainKey> {
        if caller.tag.kind == link::MAIN {
            return self.mains.key_at(caller.tag.index);
        }
        caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode.0);
        None
    }

    /// A Main that has heard numbers of another server with this channels, in our epoch or a later one: ours
    /// go on in the epoch behind it, so that a number never means two messages.
    fn go_on_behind(&mut self, cx: &mut Context<'_, 'a>, heard: Open) {
        let is_of_others = heard.instance != 0 && heard.instance != self.instance;
        if is_of_others && self.book.go_on_behind(heard.newest) {
            for index in 0..self.book.channels.capacity() as u16 {
                if let Some(key) = self.book.channels.key_at(index) {
                    self.tell_of_jump(cx, key, None);
                }
            }
        }
    }

    /// A channel goes on at another number than its members expect: they hear at once that something may be
    /// missing, and not with the next message.
    fn tell_of_jump(&self, cx: &mut Context<'_, 'a>, key: ChannelKey, except: Option<MainKey>) {
        let Some(place) = self.book.channels.get(key) else { return };
        let (next_seq, members) = (place.next_seq(), place.members);
        let channel = Text::truncated(&place.name);
        self.tell_all(cx, key, except, &Resumed { channel, next_seq, missed: u32::MAX, members });
    }

    /// The channel in which the caller's user asks for something; who is not in it is refused.
    fn asked(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        asked: Asked,
        uid: Uid,
        name: Name<'_>,
    ) -> Option<(MainKey, ChannelKey)> {
        let main = self.caller_main(caller, asked.opcode)?;
        let key = self.book.find(name.as_str());
        let member = key.and_then(|key| self.book.members.get(self.book.member(uid, key)?));
        if member.is_some_and(|member| member.main == main.index()) {
            return key.map(|key| (main, key));
        }
        let reason = ErrorCode::NOT_IN_CHANNEL;
        self.refuse(&mut caller.context(), main, asked, uid, name, reason);
        None
    }

    fn refuse(
        &mut self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        asked: Asked,
        uid: Uid,
        channel: Name<'_>,
        reason: ErrorCode,
    ) {
        self.stats.refused += 1;
        let Asked { about, request, .. } = asked;
        self.tell(cx, main, &Refused { uid, channel, about: about.0, request, reason });
    }

    fn tell<M: Message>(&self, cx: &mut Context<'_, 'a>, main: MainKey, message: &M) {
        if let Some(entry) = self.mains.get(main) {
            cx.sessions.send_or_close(cx.now, entry.session, message);
        }
    }

    /// Sends one copy to each Main that has members there, and answers how many. O(Mains).
    fn tell_all<M: Message>(
        &self,
        cx: &mut Context<'_, 'a>,
        key: ChannelKey,
        except: Option<MainKey>,
        message: &M,
    ) -> u64 {
        let Some(channel) = self.book.channels.get(key) else { return 0 };
        let mut copies = 0;
        for (main, entry) in self.mains.iter() {
            if channel.members_of(main.index()) > 0 && Some(main) != except {
                cx.sessions.send_or_close(cx.now, entry.session, message);
                copies += 1;
            }
        }
        copies
    }

    /// Lets a user into a channel, and tells the others.
    fn admit(
        &mut self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        uid: Uid,
        channel: Name<'_>,
    ) -> Result<ChannelKey, ErrorCode> {
        let key = self.book.find_or_create(channel.as_str()).ok_or(ErrorCode::CHANNELS_FULL)?;
        let before = self.book.member(uid, key);
        self.place(cx, main, uid, key)?;
        if before.is_none() {
            self.stats.joined.count();
            // The newcomer's own Main, too, if it has other members: they are told before it is.
            self.tell_others_of_entry(cx, key, main, Entered { channel, uid });
        }
        Ok(key)
    }

    fn tell_others_of_entry(
        &self,
        cx: &mut Context<'_, 'a>,
        key: ChannelKey,
        main: MainKey,
        entered: Entered<'_>,
    ) {
        let of_main = self.book.channels.get(key).map_or(0, |place| place.members_of(main.index()));
        let is_alone = of_main == 1;
        self.tell_all(cx, key, is_alone.then_some(main), &entered);
    }

    /// Puts a user into a channel by this Main. Where it is there by another one, that one is told.
    fn place(
        &mut self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        uid: Uid,
        key: ChannelKey,
    ) -> Result<(), ErrorCode> {
        if let Some(before) = self.book.member(uid, key) {
            let old = self.book.members.get(before).map_or(main.index(), |member| member.main);
            if old == main.index() {
                return Ok(());
            }
            self.book.leave(before);
            if let (Some(old), Some(place)) = (self.mains.key_at(old), self.book.channels.get(key))
            {
                let channel = Text::truncated(&place.name);
                self.tell(cx, old, &Removed { uid, channel, reason: ErrorCode::REPLACED });
            }
        }
        let members = self.book.channels.get(key).map_or(0, |place| place.members);
        let has_room = members < self.config.channel_members;
        let entered = has_room && self.book.enter(uid, key, main);
        entered.then_some(()).ok_or(ErrorCode::CHANNEL_FULL)
    }

    /// Tells a user that it is in, and what was said last.
    fn welcome(
        &mut self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        uid: Uid,
        key: ChannelKey,
        attempt: u32,
    ) {
        let Some(place) = self.book.channels.get(key) else { return };
        let (oldest, next_seq) = (place.oldest_seq(), place.next_seq());
        let channel = Text::truncated(&place.name);
        let members = place.members;
        self.tell(cx, main, &Joined { uid, channel, attempt, members, oldest, next_seq });
        let since = next_seq.minus(self.config.past_page.into());
        self.send_past(cx, main, uid, key, since);
    }

    /// One page of the past for one user.
    fn send_past(
        &self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        to: Uid,
        key: ChannelKey,
        since: Seq,
    ) {
        let Some(place) = self.book.channels.get(key) else { return };
        let channel = Text::truncated(&place.name);
        let (oldest, end_seq) = (place.oldest_seq(), place.next_seq());
        let mut next_seq = since.max(oldest).min(end_seq);
        let mut past = self.book.past(key, next_seq);
        let mut scratch = [0; CHAT_MAX_BYTES];
        for _ in 0..self.config.past_page {
            let Some((uid, msg)) = past.next(&mut scratch) else { break };
            let msg = Text::truncated(msg);
            self.tell(cx, main, &Past { to, channel, seq: next_seq, uid, msg });
            next_seq = next_seq.next();
        }
        self.tell(cx, main, &PastEnd { to, channel, oldest, next_seq, end_seq });
    }

    /// What a Main that comes back has missed: the newest page of it, and how much is lost.
    fn send_missed(&self, cx: &mut Context<'_, 'a>, main: MainKey, key: ChannelKey, since: Seq) {
        let Some(place) = self.book.channels.get(key) else { return };
        let channel = Text::truncated(&place.name);
        let page_seq = place.next_seq().minus(self.config.past_page.into());
        let heard_seq = since.next();
        let mut seq = heard_seq.max(place.oldest_seq()).max(page_seq);
        let missed = if since < place.base_seq { u32::MAX } else { seq.since(heard_seq) };
        let members = place.members;
        self.tell(cx, main, &Resumed { channel, next_seq: seq, missed, members });
        let mut past = self.book.past(key, seq);
        let mut scratch = [0; CHAT_MAX_BYTES];
        while let Some((uid, msg)) = past.next(&mut scratch) {
            // The number that its sender gave it is not kept: whoever was to hear it has been told.
            let said = Broadcast { channel, seq, uid, request: 0, msg: Text::truncated(msg) };
            self.tell(cx, main, &said);
            seq = seq.next();
        }
    }

    /// A Main has gone, and its users with it. O(members and channels).
    pub(super) fn main_ended(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(main) = self.mains.key_at(index) else { return };
        for channel in 0..self.book.channels.capacity() as u16 {
            let Some(key) = self.book.channels.key_at(channel) else { continue };
            if self.book.channels.get(key).is_none_or(|place| place.members_of(index) == 0) {
                continue;
            }
            self.take_out_members_of(index, channel);
            let Some(place) = self.book.channels.get(key) else { continue };
            let census = Census { channel: Text::truncated(&place.name), members: place.members };
            self.tell_all(cx, key, None, &census);
        }
        self.mains.remove(main);
        self.stats.mains_lost.count();
        log::info!("a Main has gone, {} are there", self.mains.len());
    }

    fn take_out_members_of(&mut self, main: u16, channel: u16) {
        let Some(key) = self.book.channels.key_at(channel) else { return };
        let mut link = self.book.members_behind(key, None);
        while let Some(member) = link.index().and_then(|index| self.book.members.key_at(index)) {
            link = self.book.members_behind(key, Some(member));
            if self.book.members.get(member).is_some_and(|member| member.main == main) {
                self.book.leave(member);
            }
        }
    }
}

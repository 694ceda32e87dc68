//! Mains of a chat server: who comes, who goes, who says what.

use super::channel::main_bit;
use super::{Caller, ChannelKey, Chat, Context, MainEntry, MainKey, link};
use crate::log;
use crate::protocol::chat_to_main::{
    Broadcast, Census, ChannelDenied, Entered, Exited, Joined, MemberPage, Opened, Refused,
    Removed, ResumeDenied, Resumed,
};
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::main_to_chat::{
    AskMembers, AskPast, JoinChannel, LeaveChannel, Open, Owners, Resume, Say, Stub,
};
use crate::protocol::{CHANNEL_MAX_BYTES, ErrorCode, SendError, Seq, Text, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Trust, may_take};
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
        // The link has nothing else to say yet.
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
                self.answer(caller.sessions, main, &denied);
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
        if !self.owning.is_certain(cx.now) {
            self.refuse(cx, main, asked, uid, channel, ErrorCode::CHAT_UNAVAILABLE);
            return;
        }
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
        self.answer(caller.sessions, main, &MemberPage { to: uid, channel, uids, next_after });
    }

    fn resume(&mut self, caller: &mut Caller<'_, 'a>, message: Resume<'_>) {
        let Some(main) = self.caller_main(caller, Resume::OPCODE) else { return };
        let Resume { channel, since, uids } = message;
        if !self.owning.has(channel.as_str()) {
            // That Main is about to hear whose it is.
            return;
        }
        let cx = &mut caller.context();
        let Some(key) = self.book.find_or_create(channel.as_str()) else {
            let denied = ResumeDenied { channel, reason: ErrorCode::CHANNELS_FULL };
            self.answer(cx.sessions, main, &denied);
            return;
        };
        if !self.is_believable(since) {
            let denied = ResumeDenied { channel, reason: ErrorCode::BAD_NUMBER };
            self.answer(cx.sessions, main, &denied);
            return;
        }
        let Some(place) = self.book.channels.get(key) else { return };
        let is_first_page = place.members_of(main.index()) == 0;
        if since > place.last_seq {
            self.book.begin_behind(key, self.owning.behind(since));
            self.tell_of_jump(cx, key, Some(main));
        }
        for uid in uids {
            if let Err(reason) = self.place(cx, main, uid, key) {
                self.answer(cx.sessions, main, &Removed { uid, channel, reason });
            }
        }
        if is_first_page {
            self.send_missed(cx.sessions, main, key, since);
        }
        let members = self.book.channels.get(key).map_or(0, |place| place.members);
        self.tell_all(cx, key, Some(main), &Census { channel, members });
    }

    fn owners(&mut self, caller: &mut Caller<'_, 'a>, message: Owners) {
        if self.caller_main(caller, Owners::OPCODE).is_some() {
            self.hear_owners(message);
        }
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
        if is_of_others && !self.is_believable(heard.newest) {
            log::warning!(
                "a Main says that it has heard number {}: no server has given that",
                heard.newest.0
            );
            return;
        }
        if is_of_others && self.book.go_on_behind(heard.newest) {
            for index in 0..self.book.channels.capacity() as u16 {
                if let Some(key) = self.book.channels.key_at(index) {
                    self.tell_of_jump(cx, key, None);
                }
            }
        }
    }

    /// Whether a server of this realm may have given this number. Nobody's word uses up the numbers of others.
    pub(super) const fn is_believable(&self, number: Seq) -> bool {
        number.epoch() <= self.config.epoch_most
    }

    /// A channel goes on at another number than its members expect: they hear at once that something may be
    /// missing, and not with the next message.
    fn tell_of_jump(&mut self, cx: &mut Context<'_, 'a>, key: ChannelKey, except: Option<MainKey>) {
        let Some(place) = self.book.channels.get(key) else { return };
        let (next_seq, members, name) = (place.next_seq(), place.members, place.name.clone());
        let channel = Text::truncated(&name);
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
        let is_ours = self.owning.has(name.as_str());
        let reason = if is_ours { ErrorCode::NOT_IN_CHANNEL } else { ErrorCode::CHAT_UNAVAILABLE };
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
        self.answer(cx.sessions, main, &Refused { uid, channel, about: about.0, request, reason });
    }

    /// Lets a user into a channel, and tells the others.
    fn admit(
        &mut self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        uid: Uid,
        channel: Name<'_>,
    ) -> Result<ChannelKey, ErrorCode> {
        let name = channel.as_str();
        if !self.owning.has(name) {
            return Err(ErrorCode::CHAT_UNAVAILABLE);
        }
        if self.book.find(name).is_none() && !self.may_create(main) {
            return Err(ErrorCode::CHANNELS_FULL);
        }
        let key = self.book.find_or_create(name).ok_or(ErrorCode::CHANNELS_FULL)?;
        let before = self.book.member(uid, key);
        self.place(cx, main, uid, key)?;
        if before.is_none() {
            self.stats.joined.count();
            // The newcomer's own Main, too, if it has other members: they are told before it is.
            self.tell_others_of_entry(cx, key, main, Entered { channel, uid });
        }
        Ok(key)
    }

    /// Whether a Main may have a channel that nobody is in: where there are several, one leaves some to the others.
    /// O(channels).
    fn may_create(&self, main: MainKey) -> bool {
        let whole = self.book.channels.capacity();
        let mut free = whole - self.book.channels.len();
        let mut held = 0;
        for (_, place) in self.book.channels.iter() {
            free += usize::from(place.may_be_forgotten());
            let own = place.members_of(main.index());
            held += usize::from(own > 0 && own == place.members);
        }
        self.mains.len() < 2 || may_take(held, free, whole)
    }

    fn tell_others_of_entry(
        &mut self,
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
            if let (Some(old), Some(place)) = (self.mains.key_at(old), self.book.channels.get(key))
            {
                let channel = Text::truncated(&place.name);
                let removed = Removed { uid, channel, reason: ErrorCode::REPLACED };
                if self.tell(cx.sessions, old, &removed) == Err(SendError::Full) {
                    // It would go on believing that it has it.
                    return Err(ErrorCode::BUSY);
                }
            }
            self.book.leave(before);
        }
        let members = self.book.channels.get(key).map_or(0, |place| place.members);
        let has_room = members < self.config.channel_members && !self.takes_nobody;
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
        self.answer(
            cx.sessions,
            main,
            &Joined { uid, channel, attempt, members, oldest, next_seq },
        );
        let since = next_seq.minus(self.config.past_page.into());
        self.send_past(cx, main, uid, key, since);
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
            if let Some(place) = self.book.channels.get_mut(key) {
                place.behind &= !main_bit(index);
            }
            let Some(place) = self.book.channels.get(key) else { continue };
            let (members, name) = (place.members, place.name.clone());
            let census = Census { channel: Text::truncated(&name), members };
            self.tell_all(cx, key, None, &census);
        }
        self.mains.remove(main);
        self.behind &= !main_bit(index);
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

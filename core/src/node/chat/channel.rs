//! `ChannelBook`: the channels, and who is in which.

use super::history::{History, Messages};
use super::{CHAT_MAIN_COUNT_MAX, ChatStorage, MainKey};
use crate::protocol::{CHANNEL_MAX_BYTES, Seq, Uid};
use crate::storage::{HashIndex, Key, Link, Table, Vacant, hash_bytes, hash_u64};

/// Names one channel for as long as its slot is its own.
pub type ChannelKey = Key<Channel>;

/// One channel; its book keeps it consistent.
#[derive(Debug)]
pub struct Channel {
    pub(super) name: heapless::String<CHANNEL_MAX_BYTES>,
    /// The number of the newest message.
    pub(super) last_seq: Seq,
    /// The number of the newest message before this server has had the channel: what was said up to
    /// there, it does not know.
    pub(super) base_seq: Seq,
    pub(super) members: u16,
    /// It stays without members.
    pub(super) is_reserved: bool,
    /// The newest member.
    first: Link,
    history: History,
    /// Members by Main.
    pub(super) members_of_main: [u16; CHAT_MAIN_COUNT_MAX],
    /// Mains that have not been told everything of it, as bits.
    pub(super) behind: u8,
}

const _: () = assert!(CHAT_MAIN_COUNT_MAX <= u8::BITS as usize, "a bit for each Main");

/// A Main as a bit.
pub(super) const fn main_bit(index: u16) -> u8 {
    1 << (index % CHAT_MAIN_COUNT_MAX as u16)
}

impl Vacant for Channel {
    const VACANT: Self = Self {
        name: heapless::String::new(),
        last_seq: Seq(0),
        base_seq: Seq(0),
        members: 0,
        is_reserved: false,
        first: Link::NONE,
        history: History::EMPTY,
        members_of_main: [0; CHAT_MAIN_COUNT_MAX],
        behind: 0,
    };
}

impl Channel {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn may_be_forgotten(&self) -> bool {
        self.members == 0 && !self.is_reserved
    }

    /// How many members it has.
    pub const fn members(&self) -> u16 {
        self.members
    }

    /// The number of its newest message.
    pub const fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// The number of the oldest message that is kept, or of the next one if none is.
    pub const fn oldest_seq(&self) -> Seq {
        self.next_seq().minus(self.history.messages())
    }

    pub(super) const fn next_seq(&self) -> Seq {
        self.last_seq.next()
    }

    pub(super) fn members_of(&self, main: u16) -> u16 {
        self.members_of_main.get(usize::from(main)).copied().unwrap_or_default()
    }

    /// What came before `last_seq` is not known here.
    const fn begin_behind(&mut self, last_seq: Seq) {
        self.last_seq = last_seq;
        self.base_seq = last_seq;
        self.history = History::EMPTY;
    }
}

/// Somebody in a channel.
#[derive(Debug)]
pub struct Member {
    pub(super) uid: Uid,
    pub(super) channel: u16,
    pub(super) main: u16,
    next: Link,
    previous: Link,
}

impl Vacant for Member {
    const VACANT: Self =
        Self { uid: Uid::NOBODY, channel: 0, main: 0, next: Link::NONE, previous: Link::NONE };
}

impl Member {
    /// Who it is.
    pub const fn uid(&self) -> Uid {
        self.uid
    }

    /// The slot of its channel in [`Chat::channels`](super::Chat::channels).
    pub const fn channel(&self) -> u16 {
        self.channel
    }
}

/// Channels and members; see the [module](self).
#[derive(Debug)]
pub(super) struct ChannelBook<'a> {
    pub(super) channels: Table<'a, Channel>,
    names: HashIndex<'a>,
    pub(super) members: Table<'a, Member>,
    by_member: HashIndex<'a>,
    history_bytes: &'a mut [u8],
    history_bytes_each: usize,
    /// Random, so that nobody can choose names that share a chain.
    pub(super) seed: u32,
    /// No channel of this server has had a larger number, and none that begins has a smaller one: a name
    /// that was forgotten and comes back does not repeat its numbers.
    newest: Seq,
    /// Behind which number this server has begun, or gone on behind another one.
    begun: Seq,
}

/// Members do not choose their uids, nor channels their slots.
const fn member_hash(uid: Uid, channel: u16) -> u32 {
    hash_u64(uid.0 ^ (channel as u64).rotate_left(48))
}

impl<'a> ChannelBook<'a> {
    pub(super) fn new(storage: ChatStorage<'a>) -> (Self, Table<'a, super::MainEntry>) {
        let each = storage.history_bytes.len().checked_div(storage.channels.len()).unwrap_or(0);
        let book = Self {
            channels: Table::new(storage.channels),
            names: HashIndex::new(storage.channel_heads, storage.channel_nexts),
            members: Table::new(storage.members),
            by_member: HashIndex::new(storage.member_heads, storage.member_nexts),
            history_bytes: storage.history_bytes,
            history_bytes_each: each,
            seed: 0,
            newest: Seq(0),
            begun: Seq(0),
        };
        (book, Table::new(storage.mains))
    }

    pub(super) fn find(&self, name: &str) -> Option<ChannelKey> {
        let is_it = |index| self.channels.at(index).is_some_and(|channel| channel.name == name);
        self.channels.key_at(self.names.find(hash_bytes(self.seed, name.as_bytes()), is_it)?)
    }

    /// The channel of that name, a new one if there is none; `None` if there is no room: a channel
    /// without members is forgotten for it first. O(channels) when every slot is taken.
    pub(super) fn find_or_create(&mut self, name: &str) -> Option<ChannelKey> {
        if let Some(key) = self.find(name) {
            return Some(key);
        }
        if self.channels.len() == self.channels.capacity() {
            let empty = self.channels.iter().find(|(_, channel)| channel.may_be_forgotten());
            let (key, _) = empty?;
            self.forget(key);
        }
        let name = heapless::String::try_from(name).ok()?;
        let hash = hash_bytes(self.seed, name.as_bytes());
        let mut channel = Channel { name, ..Channel::VACANT };
        channel.begin_behind(self.newest);
        let key = self.channels.insert(channel).ok()?;
        self.names.insert(hash, key.index());
        Some(key)
    }

    /// Makes the channels that always exist, as far as there is room.
    pub(super) fn make_reserved(&mut self, names: &[&str]) {
        for name in names {
            if let Some(key) = self.find_or_create(name)
                && let Some(channel) = self.channels.get_mut(key)
            {
                channel.is_reserved = true;
            }
        }
    }

    /// Another server may have said this number, or a smaller one, and maybe what this one has said since it
    /// began: then all go on in the epoch behind, as far in it as where this one began.
    pub(super) fn go_on_behind(&mut self, heard: Seq) -> bool {
        let has_met = heard >= self.begun;
        if has_met {
            let epoch = heard.epoch().saturating_add(1);
            self.begin_all_behind(Seq::first_of(epoch).plus(self.begun.0 as u32));
        }
        has_met
    }

    /// Numbers go on behind this one, in every channel. O(channels).
    pub(super) fn begin_all_behind(&mut self, number: Seq) {
        self.newest = self.newest.max(number);
        self.begun = self.newest;
        for index in 0..self.channels.capacity() as u16 {
            if let Some(channel) = self.channels.at_mut(index) {
                channel.begin_behind(self.newest);
            }
        }
    }

    /// Channels that begin from here on begin behind the epoch of what has been heard of any at another server. Those that
    /// are there go on.
    pub(super) fn begin_new_behind(&mut self, heard: Seq) {
        if heard > Seq(0) && heard.epoch() >= self.newest.epoch() {
            let epoch = heard.epoch().saturating_add(1);
            self.newest = Seq::first_of(epoch).plus(self.begun.0 as u32);
        }
    }

    /// A channel is another server's: it has no members any more, and nothing that was said.
    pub(super) fn let_go(&mut self, key: ChannelKey) {
        while let Some(member) = self.members_behind(key, None).index() {
            match self.members.key_at(member) {
                Some(member) => drop(self.leave(member)),
                None => break,
            }
        }
        let newest = self.newest;
        match self.channels.get_mut(key) {
            Some(channel) if channel.is_reserved => {
                channel.begin_behind(newest);
                channel.behind = 0;
            }
            _ => self.forget(key),
        }
    }

    /// A Main has heard more of a channel than this server has said.
    pub(super) fn begin_behind(&mut self, key: ChannelKey, last_seq: Seq) {
        self.newest = self.newest.max(last_seq);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.begin_behind(last_seq);
        }
    }

    fn forget(&mut self, key: ChannelKey) {
        if let Some(channel) = self.channels.remove(key) {
            self.names.remove(hash_bytes(self.seed, channel.name.as_bytes()), key.index());
        }
    }

    pub(super) fn member(&self, uid: Uid, channel: ChannelKey) -> Option<Key<Member>> {
        let is_it = |index| {
            let member = self.members.at(index);
            member.is_some_and(|member| member.uid == uid && member.channel == channel.index())
        };
        self.members.key_at(self.by_member.find(member_hash(uid, channel.index()), is_it)?)
    }

    /// Puts somebody into a channel that it is not in; `false` if there is no room.
    pub(super) fn enter(&mut self, uid: Uid, channel: ChannelKey, main: MainKey) -> bool {
        let Some(place) = self.channels.get_mut(channel) else { return false };
        let (main, next) = (main.index(), place.first);
        let member = Member { uid, channel: channel.index(), main, next, previous: Link::NONE };
        let Ok(key) = self.members.insert(member) else { return false };
        self.by_member.insert(member_hash(uid, channel.index()), key.index());
        place.first = Link::to(key.index());
        place.members += 1;
        if let Some(count) = place.members_of_main.get_mut(usize::from(main)) {
            *count += 1;
        }
        if let Some(after) = next.index().and_then(|index| self.members.at_mut(index)) {
            after.previous = Link::to(key.index());
        }
        true
    }

    pub(super) fn leave(&mut self, key: Key<Member>) -> Option<Member> {
        let member = self.members.remove(key)?;
        self.by_member.remove(member_hash(member.uid, member.channel), key.index());
        let place = self.channels.at_mut(member.channel)?;
        place.members = place.members.saturating_sub(1);
        if let Some(count) = place.members_of_main.get_mut(usize::from(member.main)) {
            *count = count.saturating_sub(1);
        }
        match member.previous.index().and_then(|index| self.members.at_mut(index)) {
            Some(before) => before.next = member.next,
            None => place.first = member.next,
        }
        if let Some(after) = member.next.index().and_then(|index| self.members.at_mut(index)) {
            after.previous = member.previous;
        }
        Some(member)
    }

    /// The members behind `after`, or all of them, newest first.
    pub(super) fn members_behind(&self, channel: ChannelKey, after: Option<Key<Member>>) -> Link {
        match after {
            Some(key) => self.members.get(key).map_or(Link::NONE, |member| member.next),
            None => self.channels.get(channel).map_or(Link::NONE, |channel| channel.first),
        }
    }

    /// Fills a page from `link` on, and answers whether there are more.
    pub(super) fn page<const MOST: usize>(
        &self,
        mut link: Link,
        page: &mut heapless::Vec<Uid, MOST>,
    ) -> bool {
        while let Some(member) = link.index().and_then(|index| self.members.at(index)) {
            if page.push(member.uid).is_err() {
                return true;
            }
            link = member.next;
        }
        false
    }

    /// Gives a message its number and keeps it; `None` if there is no number left.
    pub(super) fn append(&mut self, key: ChannelKey, uid: Uid, message: &str) -> Option<Seq> {
        let range = self.history_range(key);
        let channel = self.channels.get_mut(key)?;
        if channel.last_seq == Seq::MAX {
            return None;
        }
        channel.last_seq = channel.next_seq();
        self.newest = self.newest.max(channel.last_seq);
        let bytes = self.history_bytes.get_mut(range).unwrap_or_default();
        channel.history.append(bytes, uid, message);
        Some(channel.last_seq)
    }

    /// The messages of a channel from `since` on, which is not before the oldest one.
    pub(super) fn past(&self, key: ChannelKey, since: Seq) -> Messages<'_> {
        let bytes = self.history_bytes.get(self.history_range(key)).unwrap_or_default();
        match self.channels.get(key) {
            Some(channel) => channel.history.iter(bytes, since.since(channel.oldest_seq())),
            None => History::EMPTY.iter(bytes, 0),
        }
    }

    fn history_range(&self, key: ChannelKey) -> core::ops::Range<usize> {
        let start = usize::from(key.index()) * self.history_bytes_each;
        start..start + self.history_bytes_each
    }
}

//! ChatServer as a sans-IO role: channels, and one copy of what is said in them for each Main.
//!
//! Purpose: Mains dial it, prove that they are of this realm, and bring their users into channels. It
//! owns the channels: it numbers each channel's messages, keeps the newest ones, and sends each to
//! the Mains that have members there; a Main reaches its own members. It runs as a server of its
//! own, or on a thread of a world's process, or on a device.
//!
//! Contract: every Main hears a channel's messages in the same order, by their numbers. A user is in
//! a channel by one Main: the last one that says so. A Main that comes back resumes where it was: it
//! gets what it has missed, as far as that is kept, or the number of what is lost. One whose link takes nothing
//! is not dropped: it falls behind, channel by channel, and catches up when the link takes bytes again.
//!
//! Bounds: channels, members, Mains and the bytes of the history are what the storage lends. A
//! message costs O(Mains), a page O(its length), the end of a Main O(members).
//!
//! ```
//! use tinyrealm_core::node::chat::ChatConfig;
//! assert!(ChatConfig::DEFAULT.past_page <= tinyrealm_core::node::chat::PAST_PAGE_MAX);
//! ```

mod channel;
mod history;
mod main_link;
mod map;
mod memory;
mod owning;
mod telling;
#[cfg(test)]
mod tests;

pub use channel::{Channel, ChannelKey, Member};
pub use history::{History, Messages, RECORD_HEAD_BYTES};
pub use map::{ChatMap, ServerMarks, mark_of, owner_of};
pub use memory::ChatMemory;

use super::cluster::{ClusterKeys, Gate, Heard};
use super::{Caller, Context, Role};
use crate::protocol::Seq;
use crate::protocol::{
    CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, Dispatched, ErrorCode, ServerKind, main_to_chat,
};
use crate::session::manager::Ended;
use crate::session::{LinkTag, Session, SessionKey, SessionManager};
use crate::storage::{Key, Link, Slot, Table, Vacant};
use crate::time::Instant;
use crate::wire::opcode::{CHAT, DIALER, OPCODE_BYTES};
use crate::wire::{Frame, PacketHeader, VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};
use channel::ChannelBook;
use owning::Owning;

/// The most Mains of one chat server: a channel counts its members by Main.
pub const CHAT_MAIN_COUNT_MAX: usize = 8;
/// The longest body that a Main sends: opcode, uid, name, number, text.
pub const MAIN_BODY_MAX_BYTES: usize =
    OPCODE_BYTES + VARINT_U53_MAX_BYTES + NAME_MAX_BYTES + VARINT_U32_MAX_BYTES + TEXT_MAX_BYTES;
/// The longest frame that a Main gets: prefix, two uids, name, number, text.
pub const PAST_FRAME_MAX_BYTES: usize =
    PacketHeader::BYTES + OPCODE_BYTES + 3 * VARINT_U53_MAX_BYTES + NAME_MAX_BYTES + TEXT_MAX_BYTES;
const NAME_MAX_BYTES: usize = 1 + CHANNEL_MAX_BYTES;
const TEXT_MAX_BYTES: usize = 2 + CHAT_MAX_BYTES;
/// The most messages in one answer about the past.
pub const PAST_PAGE_MAX: u16 = 16;

/// The links of a chat server, as its sessions' tags have them.
mod link {
    /// A peer who has not proven to be a Main.
    pub(super) const STRANGER: u8 = 0;
    /// A Main that has proven itself, and has not opened.
    pub(super) const PROVEN: u8 = 1;
    /// A Main; the tag's index is the one in the table.
    pub(super) const MAIN: u8 = 2;
}

/// A chat server's own settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ChatConfig {
    /// The most members of one channel.
    pub channel_members: u16,
    /// Channels that always exist.
    pub reserved: &'static [&'static str],
    /// Messages in one answer about the past, at most [`PAST_PAGE_MAX`]. All of one answer has to fit
    /// what may wait for a Main.
    pub past_page: u16,
    /// The number behind which its own begin, if no Main knows of a larger one. Whoever has a clock gives one
    /// that rises faster than messages come: then no number is said twice, whoever of a realm starts anew,
    /// and comes first.
    pub first_number: Seq,
    /// The last epoch of which Mains may say that they have heard it: whoever has a clock knows which can have
    /// been given out. No epoch that is the last of all.
    pub epoch_most: u32,
}

impl ChatConfig {
    /// What a server starts with.
    pub const DEFAULT: Self = Self {
        channel_members: 10_000,
        reserved: &[],
        past_page: PAST_PAGE_MAX,
        first_number: Seq(0),
        epoch_most: Seq::MAX.epoch() - 1,
    };
}

/// Names one Main.
pub(crate) type MainKey = Key<MainEntry>;

/// One Main that has opened.
#[derive(Debug)]
pub struct MainEntry {
    session: SessionKey,
}

impl Vacant for MainEntry {
    const VACANT: Self = Self { session: Key::DANGLING };
}

/// Counters of one chat server, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct ChatStats {
    /// Mains that have opened.
    pub mains_opened: u32,
    /// Mains that have gone.
    pub mains_lost: u32,
    /// Users who have come into channels.
    pub joined: u32,
    /// Users who could not.
    pub denied: u32,
    /// Messages that were said.
    pub said: u64,
    /// Messages and questions that were refused.
    pub refused: u64,
    /// Copies of messages that were sent to Mains.
    pub copies: u64,
}

/// The memory of a [`Chat`], without its sessions'.
#[derive(Debug)]
pub struct ChatStorage<'a> {
    /// The channels.
    pub channels: &'a mut [Slot<Channel>],
    /// Chains of `channels`, as many as those.
    pub channel_heads: &'a mut [Link],
    /// Links of `channels`, as many as those.
    pub channel_nexts: &'a mut [Link],
    /// The members of all channels.
    pub members: &'a mut [Slot<Member>],
    /// Chains of `members`, as many as those.
    pub member_heads: &'a mut [Link],
    /// Links of `members`, as many as those.
    pub member_nexts: &'a mut [Link],
    /// Shared equally by the channels' histories.
    pub history_bytes: &'a mut [u8],
    /// The Mains, [`CHAT_MAIN_COUNT_MAX`] at most.
    pub mains: &'a mut [Slot<MainEntry>],
}

/// The role of a chat server; see the [module](self).
#[derive(Debug)]
pub struct Chat<'a> {
    config: ChatConfig,
    gate: Gate<ClusterKeys>,
    book: ChannelBook<'a>,
    owning: Owning,
    mains: Table<'a, MainEntry>,
    /// Mains that have fallen behind in some channel, as bits.
    behind: u8,
    takes_nobody: bool,
    /// Random, so that Mains know it from its predecessors; 0 until the first one opens.
    instance: u32,
    stats: ChatStats,
}

impl<'a> Chat<'a> {
    /// A chat server without channels, which takes Mains that have `keys`.
    pub fn new(mut storage: ChatStorage<'a>, config: ChatConfig, keys: ClusterKeys) -> Self {
        let most = storage.mains.len().min(CHAT_MAIN_COUNT_MAX);
        storage.mains = storage.mains.get_mut(..most).unwrap_or_default();
        let (mut book, mains) = ChannelBook::new(storage);
        book.begin_all_behind(config.first_number);
        let gate = Gate::new(keys, ServerKind::CHAT, ServerKind::MAIN);
        Self {
            config,
            gate,
            book,
            owning: Owning::ALL,
            mains,
            behind: 0,
            takes_nobody: false,
            instance: 0,
            stats: ChatStats::default(),
        }
    }

    /// Its channels, with members or without.
    pub const fn channels(&self) -> &Table<'a, Channel> {
        &self.book.channels
    }

    /// The channel of that name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.book.channels.get(self.book.find(name)?)
    }

    /// Who is in channels, each as often as it is in one.
    pub const fn members(&self) -> &Table<'a, Member> {
        &self.book.members
    }

    /// The session of the Main that a user is in a channel by.
    pub fn main_of(&self, member: &Member) -> Option<SessionKey> {
        self.mains.at(member.main).map(|main| main.session)
    }

    /// How many Mains it serves.
    pub const fn mains(&self) -> usize {
        self.mains.len()
    }

    /// With `true` nobody comes into any channel from here on; its members go on.
    pub const fn takes_nobody(&self) -> bool {
        self.takes_nobody
    }

    /// See [`Chat::takes_nobody`].
    pub const fn set_takes_nobody(&mut self, takes_nobody: bool) {
        self.takes_nobody = takes_nobody;
    }

    /// What it has been through.
    pub const fn stats(&self) -> &ChatStats {
        &self.stats
    }

    fn main_proves(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let heard = self.gate.hear(caller, frame);
        if matches!(heard, Heard::Proven(_)) {
            caller.sessions.set_tag(caller.key, LinkTag { kind: link::PROVEN, index: 0 });
        }
        heard.dispatched()
    }
}

impl<'a> Role<'a> for Chat<'a> {
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::MAIN | link::PROVEN => main_to_chat::dispatch(self, caller, frame),
            _ if DIALER.contains(frame.opcode) => self.main_proves(caller, frame),
            _ if CHAT.peer_to_server.contains(frame.opcode) => {
                let code = ErrorCode::OUT_OF_PLACE;
                caller.sessions.violation(caller.now, caller.key, code, frame.opcode.0);
                Dispatched::Handled
            }
            _ => Dispatched::Unknown,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, _: i32) {
        if caller.tag.kind == link::STRANGER {
            self.gate.refused_by_peer(caller.now, code);
        }
    }

    /// A Main's questions wait in its connection until it has taken enough of the answers, so a short queue
    /// is enough for any number of them, and nobody loses a link for what users ask. A Main goes on
    /// reading while its own words wait, so the two never wait for each other.
    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        let on_buffer = sessions.buffer_bytes() / PAST_FRAME_MAX_BYTES as u16;
        let answer_buffers = (self.config.past_page + 1).div_ceil(on_buffer.max(1));
        let most = sessions.config().send_buffers_per_server;
        // One answer fits behind what is owed, and as much again of what others say.
        sessions.owed_buffers(key) > most.saturating_sub(2 * answer_buffers)
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        if ended.tag.kind == link::MAIN {
            self.main_ended(cx, ended.tag.index);
        }
    }

    fn before_transmit(&mut self, _: Instant, sessions: &mut SessionManager<'a>, key: SessionKey) {
        if let Some(tag) = sessions.get(key).map(Session::tag).filter(|tag| tag.kind == link::MAIN)
        {
            self.catch_up(sessions, tag.index);
        }
    }
}

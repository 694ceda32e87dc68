//! `ChatHub`: which users of this Main are in which channels.

use super::ChatPolicy;
use super::link::ChatLink;
use super::pace::Pace;
use super::waiting::Waiting;
use crate::broadcast::{BroadcastRings, Cursor, RingBytes};
use crate::node::chat::ChatMap;
use crate::node::cluster::Refusals;
use crate::protocol::client_to_main::{ChatHistory, ChatSay, ChatWho};
use crate::protocol::{CHANNEL_MAX_BYTES, Seq, Uid};
use crate::session::{AddressKey, SessionKey};
use crate::storage::{HashIndex, Key, Link, Slot, Table, Vacant, WorkList, hash_bytes};
use crate::time::Instant;
use crate::wire::Opcode;

/// Names one channel for as long as this Main has members there.
pub(in super::super) type LocalChannelKey = Key<LocalChannel>;
/// Names one membership.
pub(in super::super) type LocalMemberKey = Key<LocalMember>;

/// A channel that users of this Main are in, or want in.
#[derive(Debug)]
pub struct LocalChannel {
    pub(super) name: heapless::String<CHANNEL_MAX_BYTES>,
    pub(super) rings: BroadcastRings,
    /// The link to the chat server that has it.
    pub(super) owner: Link,
    /// The newest member.
    pub(super) first: Link,
    pub(super) members: u16,
    /// Memberships that have ended, and of which the chat server is still to be told.
    pub(super) notes: u16,
    /// The chat server has told a number of it.
    pub(super) has_begun: bool,
    /// The number of the newest message that was appended.
    pub(super) last_seq: Seq,
    /// The number of the newest message that is published.
    pub(super) published_seq: Seq,
}

impl Vacant for LocalChannel {
    const VACANT: Self = Self {
        name: heapless::String::new(),
        rings: BroadcastRings::EMPTY,
        owner: Link::NONE,
        first: Link::NONE,
        members: 0,
        notes: 0,
        has_begun: false,
        last_seq: Seq(0),
        published_seq: Seq(0),
    };
}

/// The most messages of one member that may be under way to the chat server.
const SAYS_UNDER_WAY: usize = 32;

/// What the chat server owes a member an answer to.
#[derive(Copy, Clone, Debug)]
pub(super) struct Unanswered {
    /// The numbers of messages that have not come back, the oldest first: they come back in order.
    pub(super) says: Says,
    /// Questions about the past; coming in is one.
    pub(super) pasts: u8,
    /// Questions about who is there.
    pub(super) whos: u8,
}

/// The numbers of messages that are under way, as a ring.
#[derive(Copy, Clone, Debug)]
pub(super) struct Says {
    requests: [u32; SAYS_UNDER_WAY],
    first: u8,
    count: u8,
}

impl Says {
    const NOTHING: Self = Self { requests: [0; SAYS_UNDER_WAY], first: 0, count: 0 };

    /// One more is under way; `false` if there are too many.
    pub(super) fn push(&mut self, request: u32) -> bool {
        let place = (usize::from(self.first) + usize::from(self.count)) % SAYS_UNDER_WAY;
        let is_free = usize::from(self.count) < SAYS_UNDER_WAY;
        if let Some(slot) = self.requests.get_mut(place).filter(|_| is_free) {
            *slot = request;
            self.count += 1;
        }
        is_free
    }

    /// The oldest one is answered.
    pub(super) fn pop(&mut self) -> Option<u32> {
        self.count = self.count.checked_sub(1)?;
        let request = self.requests.get(usize::from(self.first)).copied();
        self.first = (self.first + 1) % SAYS_UNDER_WAY as u8;
        request
    }
}

impl Unanswered {
    pub(super) const NOTHING: Self = Self { says: Says::NOTHING, pasts: 0, whos: 0 };

    /// One more of that kind is asked; `false` if there are too many.
    pub(super) fn ask(&mut self, about: Opcode, request: u32) -> bool {
        let count = match about {
            ChatSay::OPCODE => return self.says.push(request),
            ChatHistory::OPCODE => &mut self.pasts,
            _ => &mut self.whos,
        };
        count.checked_add(1).map(|more| *count = more).is_some()
    }

    /// One of that kind is answered.
    pub(super) fn answer(&mut self, about: Opcode) {
        match about {
            ChatSay::OPCODE => drop(self.says.pop()),
            ChatHistory::OPCODE => self.pasts = self.pasts.saturating_sub(1),
            ChatWho::OPCODE => self.whos = self.whos.saturating_sub(1),
            _ => {}
        }
    }
}

/// One user in one channel.
#[derive(Debug)]
pub struct LocalMember {
    pub(super) uid: Uid,
    pub(super) session: SessionKey,
    pub(super) cursor: Cursor,
    pub(super) channel: u16,
    pub(super) next: Link,
    pub(super) previous: Link,
    /// The next membership of the same user, in a circle.
    pub(super) next_of_user: Link,
    /// The number of the request to come in.
    pub(super) attempt: u32,
    /// What was forwarded and has not been answered.
    pub(super) unanswered: Unanswered,
    /// The chat server has let it in.
    pub(super) is_in: bool,
    /// The ring has gone over its cursor.
    pub(super) is_behind: bool,
    /// The chat server has been told of it, since the link stands.
    pub(super) is_resumed: bool,
    /// What the chat server is to be asked or told of it.
    pub(super) waiting: Waiting,
    /// Its channel counts for its address.
    pub(super) holds: bool,
    /// The address that its user comes from.
    pub(super) address: AddressKey,
}

impl Vacant for LocalMember {
    const VACANT: Self = Self {
        uid: Uid::NOBODY,
        session: Key::DANGLING,
        cursor: Cursor::VACANT,
        channel: 0,
        next: Link::NONE,
        previous: Link::NONE,
        next_of_user: Link::NONE,
        attempt: 0,
        unanswered: Unanswered::NOTHING,
        is_in: false,
        is_behind: false,
        is_resumed: false,
        waiting: Waiting::NOTHING,
        holds: false,
        address: Key::DANGLING,
    };
}

/// The memory of a [`ChatHub`].
#[derive(Debug, Default)]
pub struct MainChatStorage<'a> {
    /// The channels that users of this Main are in.
    pub channels: &'a mut [Slot<LocalChannel>],
    /// Chains of `channels`, as many as those.
    pub channel_heads: &'a mut [Link],
    /// Links of `channels`, as many as those.
    pub channel_nexts: &'a mut [Link],
    /// Shared equally by the channels' rings; use a power of two for each, of
    /// [`CHANNEL_RING_MIN_BYTES`](super::CHANNEL_RING_MIN_BYTES) at least.
    pub ring_bytes: &'a mut [u8],
    /// The same for members that are WebSockets, as many bytes; unused without them.
    pub message_ring_bytes: &'a mut [u8],
    /// Channels with something to flush; as long as `channels`.
    pub dirty_queue: &'a mut [u16],
    /// Whether a channel is in `dirty_queue`; as long as `channels`.
    pub dirty_listed: &'a mut [bool],
    /// Memberships.
    pub members: &'a mut [Slot<LocalMember>],
    /// A link for each chat server.
    pub links: &'a mut [ChatLink],
}

/// Counters of chat at one Main, since its start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct MainChatStats {
    /// Messages forwarded to the chat server.
    pub forwarded: u64,
    /// Requests of clients that were refused.
    pub refused: u64,
    /// Messages that came from the chat server.
    pub received: u64,
    /// Messages, each as often as it had members here.
    pub deliveries: u64,
    /// Messages that members have missed by falling behind.
    pub missed: u64,
    /// Links to the chat server that were opened.
    pub opened: u32,
}

/// Channels, memberships and the link; see the [module](super).
#[derive(Debug)]
pub struct ChatHub<'a> {
    pub(super) policy: ChatPolicy,
    pub(in super::super) map: ChatMap,
    pub(super) links: &'a mut [ChatLink],
    pub(super) channels: Table<'a, LocalChannel>,
    pub(super) names: HashIndex<'a>,
    pub(super) rings: RingBytes<'a>,
    pub(super) dirty: WorkList<'a>,
    pub(super) members: Table<'a, LocalMember>,
    /// When members get what their channels have.
    pub(super) flushing: Pace,
    /// When the chat server gets what users have said.
    pub(super) forwarding: Pace,
    pub(super) must_flush: bool,
    pub(super) next_attempt: u32,
    /// The newest number of a message, in any channel, that was heard of.
    pub(super) newest: Seq,
    /// Random, so that nobody can choose names that share a chain.
    pub(super) seed: u32,
    pub(super) stats: MainChatStats,
}

impl<'a> ChatHub<'a> {
    pub(in super::super) fn new(storage: MainChatStorage<'a>, policy: ChatPolicy) -> Self {
        let channels = storage.channels.len();
        Self {
            policy,
            map: ChatMap::default(),
            links: storage.links,
            channels: Table::new(storage.channels),
            names: HashIndex::new(storage.channel_heads, storage.channel_nexts),
            rings: RingBytes::new(storage.ring_bytes, storage.message_ring_bytes, channels),
            dirty: WorkList::new(storage.dirty_queue, storage.dirty_listed),
            members: Table::new(storage.members),
            flushing: Pace::NEW,
            forwarding: Pace::NEW,
            must_flush: false,
            next_attempt: 0,
            newest: Seq(0),
            seed: 0,
            stats: MainChatStats::default(),
        }
    }

    /// Only while there are no channels yet.
    pub(in super::super) const fn set_seed(&mut self, seed: u32) {
        self.seed = seed;
    }

    /// The chat server that has refused attempts, and what.
    pub(in super::super) fn refusals(&self) -> (&str, Refusals) {
        let refused = |link: &&ChatLink| link.live().is_none() && link.refusals.last().is_some();
        let first = self.links.iter().find(refused).or(self.links.first());
        first.map_or(("", Refusals::NONE), |link| {
            let refusals = if link.live().is_some() { Refusals::NONE } else { link.refusals };
            (&link.address, refusals)
        })
    }

    pub(super) fn link(&self, at: u16) -> Option<&ChatLink> {
        self.links.get(usize::from(at))
    }

    pub(super) fn link_mut(&mut self, at: u16) -> Option<&mut ChatLink> {
        self.links.get_mut(usize::from(at))
    }

    pub(in super::super) fn address(&self, at: u16) -> &str {
        self.link(at).map_or("", |link| &link.address)
    }

    pub(in super::super) fn next_flush(&self) -> Option<Instant> {
        let (flush, forward) = (self.flushing.due(), self.forwarding.due());
        flush.into_iter().chain(forward).min()
    }

    pub(in super::super) const fn must_flush_first(&self) -> bool {
        self.must_flush
    }

    /// How many chat servers there are to look for.
    pub(in super::super) fn servers(&self) -> u16 {
        self.links.iter().filter(|link| !link.is_vacant()).count() as u16
    }

    /// Whether there are chat servers, and all of them take requests now.
    pub fn is_live(&self) -> bool {
        let mut links = self.links.iter().filter(|link| !link.is_vacant()).peekable();
        links.peek().is_some() && links.all(|link| link.live().is_some())
    }

    /// How many chat servers take requests now.
    pub fn live_links(&self) -> usize {
        self.links.iter().filter(|link| link.live().is_some()).count()
    }

    /// Channels that users of this Main are in.
    pub const fn channels(&self) -> usize {
        self.channels.len()
    }

    /// How many channels it has room for.
    pub const fn channel_slots(&self) -> usize {
        self.channels.capacity()
    }

    /// The name of the channel in this slot, and how many members it has here.
    pub(in super::super) fn channel_line(&self, slot: u16) -> Option<(&str, u16)> {
        let channel = self.channels.at(slot)?;
        Some((&channel.name, channel.members))
    }

    /// Memberships, each user as often as it is in a channel.
    pub const fn memberships(&self) -> usize {
        self.members.len()
    }

    /// The address of everybody for whom a channel counts.
    #[cfg(feature = "shares")]
    pub(in super::super) fn holders(&self) -> impl Iterator<Item = AddressKey> {
        let holders = self.members.iter().filter(|(_, member)| member.holds);
        holders.map(|(_, member)| member.address)
    }

    /// What it has been through.
    pub const fn stats(&self) -> &MainChatStats {
        &self.stats
    }

    pub(super) fn find(&self, name: &str) -> Option<LocalChannelKey> {
        let is_it = |index| self.channels.at(index).is_some_and(|channel| channel.name == name);
        self.channels.key_at(self.names.find(hash_bytes(self.seed, name.as_bytes()), is_it)?)
    }

    pub(super) fn find_or_create(&mut self, name: &str) -> Option<LocalChannelKey> {
        if let Some(key) = self.find(name) {
            return Some(key);
        }
        let owner = self.owner(name);
        let name = heapless::String::try_from(name).ok()?;
        let hash = hash_bytes(self.seed, name.as_bytes());
        let key =
            self.channels.insert(LocalChannel { name, owner, ..LocalChannel::VACANT }).ok()?;
        self.names.insert(hash, key.index());
        Some(key)
    }

    /// A channel without members is forgotten. Its ring's next tenant begins anew.
    pub(super) fn forget_if_empty(&mut self, key: LocalChannelKey) {
        if self.channels.get(key).is_some_and(|channel| channel.members + channel.notes == 0)
            && let Some(channel) = self.channels.remove(key)
        {
            self.names.remove(hash_bytes(self.seed, channel.name.as_bytes()), key.index());
        }
    }
}

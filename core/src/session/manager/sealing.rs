//! What a sealed link wants besides: which sessions are sealed, and the records that they send.

use super::SessionManager;
use crate::protocol::{ErrorCode, Message};
use crate::secure::{Broken, Channel, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES};
use crate::session::inlets::WayIn;
use crate::session::manager::Farewell;
use crate::session::seals::{Outlet, RECORD_LEAST_BYTES, SealedKind};
use crate::session::session::{Flags, SessionKey};
use crate::session::state::SessionState;
use crate::storage::Link;
use crate::time::Instant;
use crate::wire::Framing;
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use crate::wire::ws::{FrameHeader, MaskKey, Side, apply_mask};

impl<'a> SessionManager<'a> {
    /// How many bytes of frames a record may have that comes in here; none without memory for sealed links.
    pub(crate) const fn record_bytes(&self) -> u16 {
        self.seals.record_bytes
    }

    /// Whether it is a stream, and nothing of it is sealed: links between servers are no others.
    pub(crate) fn is_clear_stream(&self, key: SessionKey) -> bool {
        let session = self.get(key);
        session.is_some_and(|s| s.seal.is_none() && s.framing() == Framing::Stream)
    }

    /// Whether clients that come to us may seal their links.
    #[cfg(feature = "sealed-clients")]
    pub(crate) const fn takes_sealed_clients(&self) -> bool {
        self.seals.client_links() > 0
    }

    /// What waits goes out in clear, and nothing more until [`SessionManager::seal`]; answers whether there is a place
    /// for a sealed link. Not inlined: what has made the first message has less stack to keep for it.
    #[inline(never)]
    pub(crate) fn await_seal(&mut self, now: Instant, key: SessionKey) -> bool {
        let kind = SealedKind::Server;
        self.make_place(now, kind) && self.claim_outlet(key, kind)
    }

    /// Everything is sealed from here on, as everything that comes has to be: the answer to our first message has come. `id` is
    /// that of the link, and `most_bytes` the most that the other end takes in a record. Answers whether those are terms.
    #[inline(never)]
    pub(crate) fn seal(
        &mut self,
        key: SessionKey,
        channel: Channel,
        (id, most_bytes): (u16, u16),
    ) -> bool {
        self.seal_of(key)
            .is_some_and(|link| self.begin_records(key, link, channel, (id, most_bytes)))
    }

    /// Somebody who has come to us has the key: what waits and the `answer` go out in clear, and everything after it sealed. Answers
    /// whether there is a place, and those are terms; nothing is said if not, for behind an answer nobody hears what is in clear.
    pub(crate) fn answer_seal<M: Message>(
        &mut self,
        (now, key): (Instant, SessionKey),
        kind: SealedKind,
        answer: &M,
        channel: Channel,
        (id, most_bytes): (u16, u16),
    ) -> bool {
        if most_bytes < RECORD_LEAST_BYTES || !self.make_place(now, kind) {
            return false;
        }
        self.send_or_close(now, key, answer);
        self.claim_outlet(key, kind) && self.seal(key, channel, (id, most_bytes))
    }

    fn begin_records(
        &mut self,
        key: SessionKey,
        link: Link,
        channel: Channel,
        (id, most_bytes): (u16, u16),
    ) -> bool {
        let fits_bytes = self.seals.fits_bytes();
        let Some((outlet, _)) = self.seals.outlet(link) else { return false };
        let most_bytes = most_bytes.min(fits_bytes);
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        let most_bytes = if outlet.messages.is_some() {
            most_bytes.min(fits_bytes.saturating_sub(MESSAGES_COST_BYTES))
        } else {
            most_bytes
        };
        (outlet.channel, outlet.is_fresh) = (Some(channel), true);
        (outlet.id, outlet.most_bytes) = (id, most_bytes);
        self.ready.add(key.index());
        most_bytes >= RECORD_LEAST_BYTES
    }

    /// What a peer that has come to us, and has said all in records since, has called itself.
    pub(crate) fn sealed_id(&self, key: SessionKey) -> Option<u16> {
        let session = self.get(key).filter(|session| !session.flags.has(Flags::OUTBOUND))?;
        let outlet = self.seals.outlets.at(session.seal.index()?)?;
        let is_server = outlet.kind == SealedKind::Server && outlet.channel.is_some();
        is_server.then_some(outlet.id)
    }

    pub(super) fn seal_of(&self, key: SessionKey) -> Option<Link> {
        self.get(key).map(|session| session.seal).filter(|link| !link.is_none())
    }

    /// Whether there is a place for one more link of this kind, or somebody gives way.
    fn make_place(&mut self, now: Instant, kind: SealedKind) -> bool {
        !self.seals.is_full_of(kind) || self.displace_unproven(now, kind).is_some()
    }

    /// There is a place, and it is this session's.
    fn claim_outlet(&mut self, key: SessionKey, kind: SealedKind) -> bool {
        let Some(session) = self.table.get_mut(key) else { return false };
        let Ok(clear_bytes) = session.outbox.bytes(&self.pool).try_into() else { return false };
        let outlet = Outlet {
            tenant: key,
            kind,
            clear_bytes,
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            messages: session.stops_messages(),
            ..crate::storage::Vacant::VACANT
        };
        let Ok(outlet) = self.seals.outlets.insert(outlet) else { return false };
        session.seal = Link::to(outlet.index());
        true
    }

    /// Of those who have come to us and not proven that they are there now, the oldest gives way: its first message may
    /// be one that somebody repeats.
    fn displace_unproven(&mut self, now: Instant, kind: SealedKind) -> Option<()> {
        let unproven = |key: SessionKey| {
            let session = self.get(key)?;
            let is_unproven =
                session.state == SessionState::Greeting && !session.flags.has(Flags::OUTBOUND);
            is_unproven.then_some(session.since)
        };
        let outlets = self.seals.outlets.iter().filter(|(_, outlet)| outlet.kind == kind);
        let tenants = outlets.map(|(_, outlet)| outlet.tenant);
        let aged = tenants.filter_map(|key| Some((key, unproven(key)?)));
        let (oldest, _) = aged.max_by_key(|(_, since)| since.age_ms(now))?;
        self.close(now, oldest, Farewell::Nothing(ErrorCode::BUSY));
        self.release_outlet(oldest);
        Some(())
    }

    pub(super) fn release_outlet(&mut self, key: SessionKey) {
        let Some(session) = self.table.get_mut(key) else { return };
        let link = core::mem::take(&mut session.seal);
        if let Some(outlet) = link.index().and_then(|index| self.seals.outlets.key_at(index)) {
            self.seals.outlets.remove(outlet);
        }
    }

    /// Which inlet the bytes of a session go through; none while they are in clear.
    pub(crate) fn way_in(&mut self, key: SessionKey) -> Option<WayIn> {
        let inlet = self.table.get(key)?.seal.index()?;
        let outlet = self.seals.outlets.at_mut(inlet)?;
        outlet.channel.as_ref()?;
        Some(WayIn {
            inlet,
            is_fresh: core::mem::take(&mut outlet.is_fresh),
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            messages: outlet.messages,
        })
    }

    /// Opens a record that has come through an inlet, in place; answers how many bytes of frames are in it.
    pub(crate) fn open(&mut self, inlet: u16, record: &mut [u8]) -> Result<usize, Broken> {
        let outlet = self.seals.outlets.at_mut(inlet).ok_or(Broken)?;
        let frames = outlet.channel.as_mut().ok_or(Broken)?.opener.open(record)?;
        Ok(frames.len())
    }

    /// Whether what this session sends is sealed, or will be.
    #[inline]
    pub fn is_sealing(&self, key: SessionKey) -> bool {
        self.get(key).is_some_and(|session| !session.seal.is_none())
    }

    /// Of the private bytes of a session, those that go out in clear before it is sealed.
    pub(crate) fn clear_outbox(&self, key: SessionKey) -> [&[u8]; 2] {
        let count = self.outlet_of(key).map_or(0, |outlet| usize::from(outlet.clear_bytes));
        let ([first, second], _) = self.outbox(key);
        let (now, later) = (count.min(first.len()), count.saturating_sub(first.len()));
        [
            first.get(..now).unwrap_or_default(),
            second.get(..later.min(second.len())).unwrap_or_default(),
        ]
    }

    fn outlet_of(&self, key: SessionKey) -> Option<&Outlet> {
        self.seals.outlets.at(self.get(key)?.seal.index()?)
    }

    /// So many of the bytes that go out in clear are sent.
    pub(super) fn clear_taken(&mut self, key: SessionKey, bytes: usize) {
        let Some(link) = self.seal_of(key) else { return };
        if let Some((outlet, _)) = self.seals.outlet(link) {
            outlet.clear_bytes = outlet.clear_bytes.saturating_sub(bytes as u16);
        }
    }

    /// The record of a session that is on its way.
    pub(crate) fn unsent_record(&self, key: SessionKey) -> &[u8] {
        self.seals.unsent(self.get(key).map_or(Link::NONE, |session| session.seal))
    }

    /// The transport has taken `bytes` of [`SessionManager::unsent_record`].
    pub(crate) fn record_taken(&mut self, key: SessionKey, bytes: usize) {
        let Some(link) = self.seal_of(key) else { return };
        if let Some((outlet, _)) = self.seals.outlet(link) {
            outlet.start = outlet.start.saturating_add(bytes as u16).min(outlet.end);
        }
    }

    /// Whether something can go out of a session that is sealed or will be, besides what its room says; none of any
    /// other session, or one whose room is to be asked.
    pub(crate) fn has_sealed_outgoing(&self, key: SessionKey) -> Option<bool> {
        let outlet = self.outlet_of(key)?;
        if outlet.clear_bytes > 0 || outlet.start < outlet.end {
            return Some(true);
        }
        outlet.channel.is_none().then_some(false)
    }

    /// Seals what waits, private bytes first and then those of `ring`, as one record. Answers how many bytes of
    /// `ring` are in it. All records before it have been sent.
    pub(crate) fn fill_record(
        &mut self,
        now: Instant,
        key: SessionKey,
        ring: [&[u8]; 3],
    ) -> Result<usize, Broken> {
        let session = self.table.get_mut(key).ok_or(Broken)?;
        let (outlet, buffer) = self.seals.outlet(session.seal).ok_or(Broken)?;
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        let masks = outlet.messages.map(|side| match side {
            Side::Client => [Some(self.mask_keys.draw()), Some(self.mask_keys.draw())],
            Side::Server => [None; 2],
        });
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        let wraps = masks.map_or([Wrap::Stream; 2], |masks| masks.map(Wrap::Message));
        #[cfg(not(all(feature = "sealed-clients", feature = "websocket")))]
        let wraps = [Wrap::Stream; 2];
        let channel = outlet.channel.as_mut().ok_or(Broken)?;
        let mut at = 0;
        if channel.sealer.is_worn(now) {
            let announced = channel.sealer.next_key(now)?;
            at = wraps[0].put(buffer, announced.len(), |record| {
                record.copy_from_slice(&announced);
                Ok(())
            })?;
        }
        let waiting: usize = ring.iter().map(|part| part.len()).sum();
        let private = session.outbox.bytes(&self.pool);
        let filled = (private + waiting).min(outlet.most_bytes.into());
        let place = buffer.get_mut(at..).ok_or(Broken)?;
        let total = wraps[1].put(place, filled + RECORD_EXTRA_BYTES, |record| {
            let mut room = record.get_mut(1..=filled).ok_or(Broken)?;
            loop {
                let [waiting, _] = session.outbox.slices(&self.pool);
                let taken = put(&mut room, waiting);
                if taken == 0 {
                    break;
                }
                session.outbox.consume(&mut self.pool, taken);
            }
            for part in ring {
                put(&mut room, part);
            }
            channel.sealer.seal(record)
        })?;
        (outlet.start, outlet.end) = (0, (at + total) as u16);
        Ok(filled.saturating_sub(private))
    }
}

/// Copies as much of `bytes` as there is room for, and answers how much that is.
fn put(room: &mut &mut [u8], bytes: &[u8]) -> usize {
    let count = bytes.len().min(room.len());
    let Some((place, rest)) = core::mem::take(room).split_at_mut_checked(count) else { return 0 };
    for (place, byte) in place.iter_mut().zip(bytes) {
        *place = *byte;
    }
    *room = rest;
    count
}

/// What records stand in on their transport.
#[derive(Copy, Clone)]
enum Wrap {
    /// Each behind its length.
    Stream,
    /// Each a message of a WebSocket, masked by whoever has opened it.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    Message(Option<MaskKey>),
}

impl Wrap {
    /// A record of `record_bytes`, which `fill` writes, at the start of `buffer`; answers how long it is with what it stands in.
    fn put(
        self,
        buffer: &mut [u8],
        record_bytes: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), Broken>,
    ) -> Result<usize, Broken> {
        let head_bytes = self.put_head(buffer, record_bytes).ok_or(Broken)?;
        let record = buffer.get_mut(head_bytes..head_bytes + record_bytes).ok_or(Broken)?;
        fill(record)?;
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        if let Self::Message(Some(key)) = self {
            apply_mask(record, key, 0);
        }
        Ok(head_bytes + record_bytes)
    }

    fn put_head(self, buffer: &mut [u8], record_bytes: usize) -> Option<usize> {
        match self {
            Self::Stream => {
                *buffer.first_chunk_mut()? = (record_bytes as u16).to_le_bytes();
                Some(RECORD_PREFIX_BYTES)
            }
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            Self::Message(mask) => FrameHeader::message(record_bytes, mask).write(buffer).ok(),
        }
    }
}

/// What two records cost more as messages than behind lengths of two bytes: four more each, and a mask.
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
const MESSAGES_COST_BYTES: u16 = 2 * 6;

//! `AttachBook`: who may join this world, with which key, and until when.
//!
//! ```text
//!   attach ──► Pending ──redeem with the right key──► Used ──┐
//!                 │                                          ├─ retention ─► forgotten
//!                 └────────────── ttl ──────────► Expired ───┘
//! ```
//! A key works once, for one uid, until it expires. Used and expired entries are remembered for a
//! while, so that the refusal can say which of the two it was; new attaches push them out early.

use super::super::Names;
use super::super::uid_table::{HasUid, UidTable};
use super::kept_key::{KEPT_BYTES, KeptKey};
#[cfg(feature = "mains")]
use super::mains::Claimant;
#[cfg(feature = "mains")]
use crate::protocol::ClaimNumber;
#[cfg(any(feature = "sealed-clients", feature = "log"))]
use crate::protocol::KeyId;
#[cfg(feature = "rooms")]
use crate::protocol::ROOM_OPTIONS_MAX_BYTES;
use crate::protocol::main_to_world::AttachUser;
use crate::protocol::{HandshakeKey, JoinDenial, Uid};
#[cfg(feature = "sealed-clients")]
use crate::session::SessionKey;
#[cfg(feature = "rooms")]
use crate::storage::Table;
use crate::storage::{Key, Link, Slot, Vacant};
use crate::time::{Instant, Stamp};

/// Names one attach.
pub type AttachKey = Key<Attach>;

/// Bytes of one attach in its table.
pub const ATTACH_SLOT_BYTES: usize = core::mem::size_of::<Slot<Attach>>();

/// The room that it is for, and where is what is wanted of it.
const ROOM_BYTES: usize = if cfg!(feature = "rooms") { 4 + 8 } else { 0 };
/// What its key is called by.
const KEY_ID_BYTES: usize =
    if cfg!(any(feature = "sealed-clients", feature = "log")) { 8 } else { 0 };
/// Which links were sealed with it.
const SEALED_BYTES: usize = if cfg!(feature = "sealed-clients") { 8 * HANDSHAKES_MAX } else { 0 };
/// The number of its claim.
const CLAIM_BYTES: usize = if cfg!(feature = "mains") { 8 } else { 0 };
/// So many handshakes a ticket is good for.
const HANDSHAKES_MAX: usize = 2;

const _: () = assert!(
    ATTACH_SLOT_BYTES
        <= (24
            + KEPT_BYTES
            + ROOM_BYTES
            + KEY_ID_BYTES
            + SEALED_BYTES
            + CLAIM_BYTES
            + size_of::<Names>())
        .next_multiple_of(8),
    "an attach has grown: say why, and what it costs"
);

/// How long a used or expired key is remembered, at the least number of new attaches.
pub const RETENTION_MS: u32 = 60_000;

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
enum AttachState {
    Pending = 0,
    Used = 1,
    Expired = 2,
}

/// The options of a wish: kept apart, and only for as long as its attach is pending, as few have any.
#[derive(Clone, Debug, Default)]
pub struct WantedOptions {
    #[cfg(feature = "rooms")]
    bytes: heapless::Vec<u8, ROOM_OPTIONS_MAX_BYTES, u8>,
}

impl Vacant for WantedOptions {
    const VACANT: Self = Self {
        #[cfg(feature = "rooms")]
        bytes: heapless::Vec::new(),
    };
}

#[cfg(feature = "rooms")]
impl core::ops::Deref for WantedOptions {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What somebody shows who wants to join.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// The key.
    Key(HandshakeKey),
    /// Nothing: its link is sealed with the key.
    #[cfg(feature = "sealed-clients")]
    Link(SessionKey),
}

/// One user who may join, or might have.
#[derive(Debug)]
pub struct Attach {
    uid: Uid,
    key: KeptKey,
    #[cfg(any(feature = "sealed-clients", feature = "log"))]
    pub(super) key_id: KeyId,
    /// The links that were sealed with the key.
    #[cfg(feature = "sealed-clients")]
    links: [SessionKey; HANDSHAKES_MAX],
    names: Names,
    /// When a pending attach expires; when another one was decided.
    at: Stamp,
    state: AttachState,
    /// The room that it is to come into.
    #[cfg(feature = "rooms")]
    room: Option<u16>,
    /// What it wants of it.
    #[cfg(feature = "rooms")]
    options: Key<WantedOptions>,
    /// The number that its user was claimed under.
    #[cfg(feature = "mains")]
    pub(super) claim: ClaimNumber,
    /// The link of the Main that has attached it.
    #[cfg(feature = "mains")]
    pub(super) claimant: Claimant,
}

impl Vacant for Attach {
    const VACANT: Self = Self {
        uid: Uid::NOBODY,
        key: KeptKey::NONE,
        #[cfg(any(feature = "sealed-clients", feature = "log"))]
        key_id: KeyId([0; 8]),
        #[cfg(feature = "sealed-clients")]
        links: [Key::DANGLING; HANDSHAKES_MAX],
        names: Names::NONE,
        at: Stamp::ZERO,
        state: AttachState::Pending,
        #[cfg(feature = "rooms")]
        room: None,
        #[cfg(feature = "rooms")]
        options: Key::DANGLING,
        #[cfg(feature = "mains")]
        claim: ClaimNumber(0),
        #[cfg(feature = "mains")]
        claimant: Claimant::NOBODY,
    };
}

impl Attach {
    fn is_shown(&self, shown: Shown) -> bool {
        match shown {
            Shown::Key(key) => self.key.is_of(key),
            #[cfg(feature = "sealed-clients")]
            Shown::Link(link) => self.links.contains(&link),
        }
    }
}

impl HasUid for Attach {
    fn uid(&self) -> Uid {
        self.uid
    }
}

/// The attaches of a world; see the [module](self).
#[derive(Debug)]
pub struct AttachBook<'a> {
    pub(super) attaches: UidTable<'a, Attach>,
    #[cfg(feature = "rooms")]
    options: Table<'a, WantedOptions>,
    pending: u16,
}

impl<'a> AttachBook<'a> {
    /// An empty book; `heads`, `nexts` and, where wishes have any, `options` are as many as `slots`.
    pub fn new(
        slots: &'a mut [Slot<Attach>],
        heads: &'a mut [Link],
        nexts: &'a mut [Link],
        options: &'a mut [Slot<WantedOptions>],
    ) -> Self {
        #[cfg(not(feature = "rooms"))]
        let _ = options;
        Self {
            attaches: UidTable::new(slots, heads, nexts),
            #[cfg(feature = "rooms")]
            options: Table::new(options),
            pending: 0,
        }
    }

    /// How many it remembers.
    pub const fn capacity(&self) -> usize {
        self.attaches.table().capacity()
    }

    /// Attaches that may still be redeemed.
    pub const fn pending(&self) -> usize {
        self.pending as usize
    }

    /// Whether `uid` has a key that it may still redeem.
    pub fn is_pending(&self, uid: Uid) -> bool {
        let found = self.attaches.find(uid).and_then(|key| self.attaches.get(key));
        found.is_some_and(|attach| attach.state == AttachState::Pending)
    }

    /// Attaches that may still be redeemed by users of whom this is true. O(attaches).
    pub fn pending_for(&self, is_meant: impl Fn(Uid) -> bool) -> usize {
        let pending = self.attaches.iter().filter(|(_, a)| a.state == AttachState::Pending);
        pending.filter(|(_, attach)| is_meant(attach.uid)).count()
    }

    /// The entry of `uid`.
    pub fn entry_of(&self, uid: Uid) -> Option<u16> {
        self.attaches.find(uid).map(Key::index)
    }

    /// Lets a user join with the key of `message`, for its time, under its names; an earlier key of the same user is void.
    /// Answers the entry whose timer is to be armed, or `None` if every entry is pending.
    pub fn attach(&mut self, now: Instant, message: &AttachUser<'_>) -> Option<AttachKey> {
        let uid = message.uid;
        self.forget(uid);
        if self.attaches.is_full() {
            self.push_out_oldest(now)?;
        }
        let attach = Attach {
            uid,
            key: KeptKey::of(message.handshake_key),
            #[cfg(any(feature = "sealed-clients", feature = "log"))]
            key_id: message.key_id,
            names: Names::new(message.account, message.nickname),
            at: now.stamp_after_ms(message.ttl_ms),
            ..Attach::VACANT
        };
        let entry = self.attaches.insert(attach).ok()?;
        self.pending += 1;
        Some(entry)
    }

    /// The room that `uid` is to come into, if Main has named one.
    #[cfg(feature = "rooms")]
    pub fn room_of(&self, uid: Uid) -> Option<u16> {
        self.attaches.get(self.attaches.find(uid)?)?.room
    }

    #[cfg(feature = "rooms")]
    pub(super) fn set_wish(&mut self, entry: AttachKey, room: Option<u16>, options: &[u8]) {
        let Some(attach) = self.attaches.get_mut(entry) else { return };
        attach.room = room;
        if let Ok(bytes) = heapless::Vec::from_slice(options)
            && !bytes.is_empty()
            && let Ok(key) = self.options.insert(WantedOptions { bytes })
        {
            attach.options = key;
        }
    }

    /// What `uid` wants of its room, until it has come.
    #[cfg(feature = "rooms")]
    pub(super) fn options_of(&self, uid: Uid) -> WantedOptions {
        let attach = self.attaches.find(uid).and_then(|key| self.attaches.get(key));
        attach.and_then(|attach| self.options.get(attach.options)).cloned().unwrap_or_default()
    }

    /// The room of entry `index`.
    #[cfg(feature = "rooms")]
    pub(super) fn room_at(&self, index: u16) -> Option<u16> {
        self.attaches.at(index)?.room
    }

    /// Who may still come into `room`.
    #[cfg(feature = "rooms")]
    pub(super) fn expected(&self, room: u16) -> impl Iterator<Item = Uid> {
        let attaches = self.attaches.iter().map(|(_, attach)| attach);
        let pending = attaches.filter(|attach| attach.state == AttachState::Pending);
        pending.filter(move |attach| attach.room == Some(room)).map(|attach| attach.uid)
    }

    /// How many others than `besides` may still come into `room`. O(attaches).
    #[cfg(feature = "rooms")]
    pub(super) fn expected_in(&self, room: u16, besides: Uid) -> usize {
        self.expected(room).filter(|uid| *uid != besides).count()
    }

    /// How many of those of whom this is true may still come into a room that the world chooses. O(attaches).
    #[cfg(feature = "rooms")]
    pub(super) fn expected_anywhere(&self, is_meant: impl Fn(Uid) -> bool) -> usize {
        let attaches = self.attaches.iter().map(|(_, attach)| attach);
        let pending = attaches.filter(|attach| attach.state == AttachState::Pending);
        pending.filter(|attach| attach.room.is_none() && is_meant(attach.uid)).count()
    }

    /// O(attaches), and only when the book is full.
    fn push_out_oldest(&mut self, now: Instant) -> Option<()> {
        let decided = self.attaches.iter().filter(|(_, a)| a.state != AttachState::Pending);
        let (oldest, _) = decided.max_by_key(|(_, attach)| attach.at.age_ms(now))?;
        self.attaches.remove(oldest);
        Some(())
    }

    /// Forgets whatever `uid` has.
    pub fn forget(&mut self, uid: Uid) {
        if let Some(key) = self.attaches.find(uid) {
            self.decide(key, Stamp::ZERO, AttachState::Expired);
            self.attaches.remove(key);
        }
    }

    fn decide(&mut self, key: AttachKey, at: Stamp, state: AttachState) {
        if let Some(attach) = self.attaches.get_mut(key)
            && attach.state == AttachState::Pending
        {
            self.pending -= 1;
            attach.state = state;
            attach.at = at;
            #[cfg(feature = "rooms")]
            self.options.remove(attach.options);
        }
    }

    /// The entry of this key id, and its key, if one more link may be sealed with it. O(attaches), less than a handshake.
    #[cfg(feature = "sealed-clients")]
    pub(super) fn sealable(
        &self,
        now: Instant,
        key_id: KeyId,
    ) -> Option<(AttachKey, HandshakeKey)> {
        let (entry, attach) = self.attaches.iter().find(|(_, attach)| attach.key_id == key_id)?;
        let is_good = attach.state == AttachState::Pending && attach.at.upcoming(now) > now;
        let is_free = attach.links.contains(&Key::DANGLING);
        (is_good && is_free).then_some((entry, attach.key.whole()))
    }

    /// A link was sealed with the key of this entry.
    #[cfg(feature = "sealed-clients")]
    pub(super) fn note_sealed(&mut self, entry: AttachKey, link: SessionKey) {
        let Some(attach) = self.attaches.get_mut(entry) else { return };
        if let Some(place) = attach.links.iter_mut().find(|place| **place == Key::DANGLING) {
            *place = link;
        }
    }

    /// Uses up the key of `uid`, if it is this one that is shown, and answers what it is called.
    ///
    /// # Errors
    /// Why not; the attach is as it was then.
    pub fn redeem(
        &mut self,
        now: Instant,
        uid: Uid,
        shown: Option<Shown>,
    ) -> Result<Names, JoinDenial> {
        let entry = self.attaches.find(uid).ok_or(JoinDenial::NOT_ATTACHED)?;
        let attach = self.attaches.get(entry).ok_or(JoinDenial::NOT_ATTACHED)?;
        if !shown.is_some_and(|shown| attach.is_shown(shown)) {
            return Err(JoinDenial::WRONG_KEY);
        }
        match attach.state {
            AttachState::Used => Err(JoinDenial::KEY_USED),
            AttachState::Expired => Err(JoinDenial::KEY_EXPIRED),
            // Timers have ticks, and a busy node is late; a key is not good for longer because of it.
            AttachState::Pending if attach.at.upcoming(now) <= now => Err(JoinDenial::KEY_EXPIRED),
            AttachState::Pending => {
                let names = attach.names.clone();
                self.decide(entry, now.stamp(), AttachState::Used);
                Ok(names)
            }
        }
    }

    /// When the timer of entry `index` is due: it expires, or is forgotten; `None` if it is not there.
    pub fn deadline(&self, now: Instant, index: u16) -> Option<Instant> {
        let attach = self.attaches.at(index)?;
        Some(match attach.state {
            AttachState::Pending => attach.at.upcoming(now),
            AttachState::Used | AttachState::Expired => attach.at.after_ms(RETENTION_MS, now),
        })
    }

    /// The timer of entry `index` has fired, at its deadline.
    pub fn handle_timeout(&mut self, now: Instant, index: u16) {
        let Some(key) = self.attaches.key_at(index) else {
            return;
        };
        if self.attaches.get(key).is_some_and(|attach| attach.state == AttachState::Pending) {
            self.decide(key, now.stamp(), AttachState::Expired);
        } else {
            self.attaches.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{KeyId, Text, Wish};
    use crate::time::testing::start;

    const UID: Uid = Uid(7);
    const KEY: HandshakeKey = HandshakeKey([1; 32]);
    const OTHER: HandshakeKey = HandshakeKey([2; 32]);

    fn ticket(uid: Uid, handshake_key: HandshakeKey) -> AttachUser<'static> {
        AttachUser {
            uid,
            key_id: KeyId([uid.0 as u8; 8]),
            handshake_key,
            ttl_ms: 5_000,
            attempt: 1,
            account: Text::EMPTY,
            nickname: Text::EMPTY,
            wish: Wish::ANY,
        }
    }

    fn with_book(test: impl FnOnce(AttachBook<'_>)) {
        let mut slots = [const { Slot::VACANT }; 2];
        let (mut heads, mut nexts) = ([Link::NONE; 2], [Link::NONE; 2]);
        let mut options = [const { Slot::VACANT }; 2];
        test(AttachBook::new(&mut slots, &mut heads, &mut nexts, &mut options));
    }

    #[test]
    fn every_refusal_has_its_reason() {
        with_book(|mut book| {
            let now = start();
            assert_eq!(book.redeem(now, UID, Some(Shown::Key(KEY))), Err(JoinDenial::NOT_ATTACHED));
            book.attach(now, &ticket(UID, KEY)).unwrap();
            assert_eq!(book.redeem(now, UID, Some(Shown::Key(OTHER))), Err(JoinDenial::WRONG_KEY));
            assert_eq!(
                book.redeem(now, Uid(8), Some(Shown::Key(KEY))),
                Err(JoinDenial::NOT_ATTACHED)
            );
            assert_eq!(book.redeem(now, UID, Some(Shown::Key(KEY))), Ok(Names::NONE));
            assert_eq!(book.redeem(now, UID, Some(Shown::Key(KEY))), Err(JoinDenial::KEY_USED));
            assert_eq!(book.pending(), 0);
        });
    }

    #[test]
    fn both_sides_of_the_lifetime() {
        with_book(|mut book| {
            let now = start();
            let entry = book.attach(now, &ticket(UID, KEY)).unwrap().index();
            assert_eq!(book.deadline(now, entry), Some(now.after_ms(5_000)));
            let expiry = now.after_ms(5_000);
            book.handle_timeout(expiry, entry);
            assert_eq!(
                book.redeem(expiry, UID, Some(Shown::Key(KEY))),
                Err(JoinDenial::KEY_EXPIRED)
            );
            let forgotten = book.deadline(expiry, entry).unwrap();
            assert_eq!(forgotten, expiry.after_ms(RETENTION_MS));
            book.handle_timeout(forgotten, entry);
            assert_eq!(
                book.redeem(forgotten, UID, Some(Shown::Key(KEY))),
                Err(JoinDenial::NOT_ATTACHED)
            );
            assert_eq!(book.deadline(forgotten, entry), None);
        });
    }

    #[test]
    fn a_late_timer_makes_no_key_last_longer() {
        with_book(|mut book| {
            let now = start();
            book.attach(now, &ticket(UID, KEY)).unwrap();
            book.attach(now, &ticket(Uid(8), KEY)).unwrap();
            assert_eq!(
                book.redeem(now.after_ms(5_000), UID, Some(Shown::Key(KEY))),
                Err(JoinDenial::KEY_EXPIRED)
            );
            assert_eq!(
                book.redeem(now.after_ms(4_999), Uid(8), Some(Shown::Key(KEY))),
                Ok(Names::NONE)
            );
        });
    }

    #[test]
    fn a_new_key_voids_the_old_one() {
        with_book(|mut book| {
            let now = start();
            book.attach(now, &ticket(UID, KEY)).unwrap();
            book.attach(now, &ticket(UID, OTHER)).unwrap();
            assert_eq!(book.redeem(now, UID, Some(Shown::Key(KEY))), Err(JoinDenial::WRONG_KEY));
            assert_eq!(book.pending(), 1);
        });
    }

    #[test]
    fn a_full_book_forgets_what_is_decided_and_keeps_what_is_pending() {
        with_book(|mut book| {
            let now = start();
            book.attach(now, &ticket(Uid(1), KEY)).unwrap();
            book.attach(now, &ticket(Uid(2), KEY)).unwrap();
            assert!(book.attach(now, &ticket(Uid(3), KEY)).is_none());
            book.redeem(now, Uid(1), Some(Shown::Key(KEY))).unwrap();
            assert!(book.attach(now, &ticket(Uid(3), KEY)).is_some());
            assert_eq!(
                book.redeem(now, Uid(1), Some(Shown::Key(KEY))),
                Err(JoinDenial::NOT_ATTACHED)
            );
            assert_eq!(book.redeem(now, Uid(2), Some(Shown::Key(KEY))), Ok(Names::NONE));
        });
    }

    /// Both sides of how many handshakes a ticket is good for, and of its time.
    #[cfg(feature = "sealed-clients")]
    #[test]
    fn a_ticket_seals_two_links_and_lets_one_of_them_in() {
        with_book(|mut book| {
            let now = start();
            let entry = book.attach(now, &ticket(UID, KEY)).unwrap();
            let id = KeyId([UID.0 as u8; 8]);
            let links = some_links();
            assert_eq!(book.sealable(now, KeyId([9; 8])), None);
            assert_eq!(book.sealable(now.after_ms(5_000), id), None);
            for link in &links[..2] {
                assert_eq!(book.sealable(now, id), Some((entry, KEY)));
                book.note_sealed(entry, *link);
            }
            assert_eq!(book.sealable(now, id), None);
            book.note_sealed(entry, links[2]);
            let redeem =
                |book: &mut AttachBook<'_>, link| book.redeem(now, UID, Some(Shown::Link(link)));
            assert_eq!(redeem(&mut book, links[2]), Err(JoinDenial::WRONG_KEY));
            assert_eq!(book.redeem(now, UID, None), Err(JoinDenial::WRONG_KEY));
            assert_eq!(redeem(&mut book, links[1]), Ok(Names::NONE));
            assert_eq!(redeem(&mut book, links[0]), Err(JoinDenial::KEY_USED));
            assert_eq!(book.sealable(now, id), None);
            // A link that was sealed with a former ticket of the same user shows nothing of the next one.
            book.attach(now, &ticket(UID, OTHER)).unwrap();
            assert_eq!(redeem(&mut book, links[1]), Err(JoinDenial::WRONG_KEY));
        });
    }

    #[cfg(feature = "sealed-clients")]
    fn some_links() -> [SessionKey; 3] {
        let mut slots = [const { Slot::<crate::session::Session>::VACANT }; 3];
        let mut sessions = Table::new(&mut slots);
        [(); 3].map(|()| sessions.insert(Vacant::VACANT).unwrap())
    }

    #[cfg(feature = "rooms")]
    #[test]
    fn options_are_kept_until_they_are_used_or_void() {
        with_book(|mut book| {
            let now = start();
            let wants = [7; ROOM_OPTIONS_MAX_BYTES];
            for round in 0..3 {
                let entry = book.attach(now, &ticket(UID, KEY)).unwrap();
                book.set_wish(entry, None, &wants);
                let other = book.attach(now, &ticket(Uid(8), KEY)).unwrap();
                book.set_wish(other, None, &wants[1..]);
                assert_eq!(*book.options_of(UID), wants);
                assert_eq!(*book.options_of(Uid(8)), wants[1..]);
                match round {
                    0 => drop(book.redeem(now, UID, Some(Shown::Key(KEY))).unwrap()),
                    1 => book.handle_timeout(now.after_ms(5_000), entry.index()),
                    _ => book.forget(UID),
                }
                assert!(book.options_of(UID).is_empty());
                assert_eq!(*book.options_of(Uid(8)), wants[1..]);
            }
        });
    }
}

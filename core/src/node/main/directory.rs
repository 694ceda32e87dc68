//! `UserDirectory`: every user whom Main knows, by session, by world, or both.

use super::super::Names;
use super::super::uid_table::{HasUid, UidTable};
use super::registry::WorldKey;
use super::rooms::{RoomKey, WishKey};
use crate::node::visit::Visit;
use crate::protocol::{
    ClaimNumber, ErrorCode, HandshakeKey, KeyId, REGION_MAX_BYTES, Revision, Uid, Versions,
};
use crate::session::{AddressKey, SessionKey, TokenBucket};
use crate::storage::{Key, Link, Vacant};

/// The users; found by uid.
pub type UserDirectory<'a> = UidTable<'a, UserEntry>;

/// Names one entry of the directory.
pub type EntryKey = Key<UserEntry>;

/// Where a user is, as far as Main knows; [`enter`](super::enter) has the transitions.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Place {
    /// In no world.
    Outside = 0,
    /// A world has been asked to let go of it; then it enters another, if it has asked to.
    Detaching(WorldKey),
    /// A world has been asked to expect it.
    Attaching(WorldKey),
    /// A world expects it, and it has been told where.
    Attached(WorldKey),
    /// In a room of this world.
    Inside(WorldKey),
}

impl Place {
    /// Whether a place in a world is kept for somebody who has not come.
    pub(super) const fn is_ticket(self) -> bool {
        matches!(self, Self::Attaching(_) | Self::Attached(_))
    }

    /// The world that it is about.
    pub const fn world(self) -> Option<WorldKey> {
        match self {
            Self::Outside => None,
            Self::Detaching(world)
            | Self::Attaching(world)
            | Self::Attached(world)
            | Self::Inside(world) => Some(world),
        }
    }
}

/// What a world says of a user who is there.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    /// It has come in, or is back.
    Joined,
    /// It is in a room, and may have been there before.
    Listed,
    /// Its connection is lost, and its seat is held.
    Held,
}

/// What Main remembers of a user.
#[derive(Clone, Debug)]
pub struct UserEntry {
    pub(super) uid: Uid,
    /// The revision of the accounts that it has begun with; 0 if that is not known.
    pub(super) revision: Revision,
    /// The claim that it was let in with; 0 if it was not, or there is no directory.
    pub(super) claim: ClaimNumber,
    /// The claim of another Main that it has left this one for, which its worlds are to hear of.
    pub(super) newer_claim: ClaimNumber,
    /// The user's connection to Main; dangling if it has none.
    pub(super) session: SessionKey,
    /// What the log calls its last hello, and all that has come of it.
    pub(super) visit: Visit,
    /// How many lines about it there may be.
    pub(super) lines: TokenBucket,
    /// What its address holds, of guests, tickets and channels.
    pub(super) address: AddressKey,
    /// It was invented for this connection.
    pub(super) is_new_guest: bool,
    pub(super) place: Place,
    /// The revision of the accounts that its stay in that world has begun with; 0 if that is not known.
    pub(super) stay_revision: Revision,
    /// The same of the present attempt, which may lead back to a stay.
    pub(super) attempt_revision: Revision,
    /// Its world is one that it was not sent to: the world says so, and may have it from an earlier Main.
    pub(super) is_claimed: bool,
    /// More than one world says so. Whichever it is in has to let go before it is sent anywhere.
    pub(super) is_contested: bool,
    /// The versions that it speaks.
    pub(super) versions: Versions,
    /// What it is called.
    pub(super) names: Names,
    /// It only listens to its world, and takes no place there.
    pub(super) is_spectator: bool,
    /// Whether it has asked to enter a world, and has not been answered.
    pub(super) wants_in: bool,
    /// The region that it has asked for.
    pub(super) region: heapless::String<REGION_MAX_BYTES>,
    /// What it has wished for, if that is not any room of any mode.
    pub(super) wish: WishKey,
    /// The room that it is in, or on its way to, as far as Main knows.
    pub(super) room: RoomKey,
    /// What that was claimed under when its world was asked.
    pub(super) room_claim: ClaimNumber,
    /// Rooms that this request has tried, as bits.
    pub(super) tried_rooms: u64,
    /// What it is told when its timer fires, because its secret was wrong.
    pub(super) is_wrong: bool,
    /// The key of the present attempt.
    pub(super) handshake_key: HandshakeKey,
    /// What it is called by, where a link is sealed with it.
    pub(super) key_id: KeyId,
    /// The number of the present attempt.
    pub(super) attempt: u32,
    /// Whether the world of the present attempt has it already: it is to come back to its seat.
    pub(super) is_there: bool,
    /// Whether its connection to its world is lost, and its seat held there.
    pub(super) is_held: bool,
    /// Whether the world of the present attempt has been asked: it waits for room on the link.
    pub(super) is_asked: bool,
    /// Whether it has come into a room since its hello. Before, it may not know which one it was in.
    pub(super) has_joined: bool,
    /// How many of the realm's Mains its connection has been told of.
    pub(super) mains_told: u8,
    /// It has not asked for the present attempt: its seat has moved, and it is to be told where.
    #[cfg(feature = "moving")]
    pub(super) is_moved: bool,
    /// Whether its world has named it since the first page of its list.
    pub(super) is_listed: bool,
    /// Worlds that are still to be told to let go of it, as bits,
    pub(super) detaches: u64,
    /// and why.
    pub(super) detach_reason: ErrorCode,
    /// Worlds that this request has tried, as bits.
    pub(super) tried: u64,
    /// How often this request has waited for its address's share of places.
    pub(super) waits: u16,
    /// Whether one of those did not answer in time.
    pub(super) has_timed_out: bool,
    /// The number of the last announcement that is none of its concern any more.
    pub(super) announced: u8,
    /// The circle of its memberships in channels, at the one whose turn it is.
    pub(super) chat: Link,
    /// What it may say in channels.
    pub(super) chat_bucket: TokenBucket,
}

impl UserEntry {
    pub(super) fn new(uid: Uid, session: SessionKey, place: Place) -> Self {
        Self { uid, session, place, ..Self::VACANT }
    }

    /// Where it is.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The revision of the accounts that it has begun with; 0 if that is not known.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The claim that it was let in with; 0 if it was not, or there is no directory.
    pub const fn claim(&self) -> ClaimNumber {
        self.claim
    }

    /// Whether it has a place in its world: so does whoever is on the way there.
    pub(super) const fn takes_place(&self) -> bool {
        !(self.is_spectator && matches!(self.place, Place::Inside(_)))
    }

    /// The world that has it, in one of its rooms or with its seat held there.
    pub(super) const fn seat(&self) -> Option<WorldKey> {
        match self.place {
            Place::Inside(world) if !self.is_spectator => Some(world),
            Place::Attaching(world) | Place::Attached(world) if self.is_there => Some(world),
            _ => None,
        }
    }

    /// The world of the present attempt has it already. If that was not known, nor is when its stay there began.
    pub(super) fn is_found_there(&mut self) {
        if !core::mem::replace(&mut self.is_there, true) {
            self.stay_revision = Revision(0);
        }
    }

    /// Whether only the word of its world keeps it in the realm.
    pub(super) fn is_absent(&self) -> bool {
        self.session == Key::DANGLING
    }

    /// The user's connection to Main, open or not.
    pub const fn session(&self) -> SessionKey {
        self.session
    }
}

impl Vacant for UserEntry {
    const VACANT: Self = Self {
        uid: Uid::NOBODY,
        revision: Revision(0),
        claim: ClaimNumber(0),
        newer_claim: ClaimNumber(0),
        session: Key::DANGLING,
        address: Key::DANGLING,
        is_new_guest: false,
        place: Place::Outside,
        stay_revision: Revision(0),
        attempt_revision: Revision(0),
        is_claimed: false,
        is_contested: false,
        versions: Versions { from: 0, to: 0 },
        names: Names::NONE,
        is_spectator: false,
        wants_in: false,
        region: heapless::String::new(),
        wish: Key::DANGLING,
        room: Key::DANGLING,
        room_claim: ClaimNumber(0),
        tried_rooms: 0,
        is_wrong: false,
        handshake_key: HandshakeKey([0; 32]),
        key_id: KeyId([0; 8]),
        visit: Visit::NONE,
        lines: TokenBucket::FULL,
        attempt: 0,
        is_there: false,
        is_held: false,
        has_joined: false,
        is_asked: false,
        mains_told: 0,
        #[cfg(feature = "moving")]
        is_moved: false,
        is_listed: false,
        detaches: 0,
        detach_reason: ErrorCode(0),
        tried: 0,
        waits: 0,
        has_timed_out: false,
        announced: 0,
        chat: Link::NONE,
        chat_bucket: TokenBucket::FULL,
    };
}

impl HasUid for UserEntry {
    fn uid(&self) -> Uid {
        self.uid
    }
}

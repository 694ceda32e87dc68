//! `MainLinks`: how far a world is with each of its Mains.
//!
//! Contract: no link waits for another: each has its state, its timer, its place in the list, and what its Main was told
//! of rooms and bans, by its index, which its session's tag and its timer have too.
//!
//! Bounds: [`MAINS_MAX`] links: one without the cargo feature `mains`.

use super::super::cluster::Dialer;
#[cfg(feature = "mains")]
use super::super::cluster::Refusals;
use crate::backoff::Backoff;
#[cfg(feature = "mains")]
use crate::protocol::{ADDRESS_MAX_BYTES, ClaimNumber, Uid};
use crate::protocol::{ServerKind, WorldId};
use crate::session::SessionKey;
#[cfg(feature = "mains")]
use crate::storage::Key;

/// How many Mains a world has links to.
pub const MAINS_MAX: usize = if cfg!(feature = "mains") { 8 } else { 1 };

/// Where the link of this index is. A board's only one is known to be there, which saves it the code for what is not.
pub(super) const fn place_of(index: u16) -> usize {
    if MAINS_MAX == 1 { 0 } else { index as usize }
}

/// Where a link to Main is; see [`main_link`](super::main_link).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum MainLinkState {
    Waiting,
    Connecting,
    Proving,
    Registering(SessionKey),
    Live(SessionKey),
    /// Another server is this world: it is not looked for any more.
    Replaced,
}

/// The Main that has spoken by a user's claim, for as long as its link is there.
#[cfg(feature = "mains")]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Claimant(u8);

#[cfg(feature = "mains")]
impl Claimant {
    /// It has not spoken here yet, or is gone.
    pub(super) const NOBODY: Self = Self(0);

    /// The Main of this link.
    pub(super) const fn of(main: u16) -> Self {
        Self((main as u8).saturating_add(1))
    }

    pub(super) fn is_there(self) -> bool {
        self != Self::NOBODY
    }
}

/// The link to one Main.
#[derive(Debug)]
pub(super) struct MainLink {
    pub(super) state: MainLinkState,
    pub(super) dialer: Dialer,
    pub(super) backoff: Backoff,
    /// The user slot that the next page of the list begins with; none when all are reported.
    pub(super) next_reported: Option<u16>,
    /// The room that Main may have to hear of next; none when it knows all.
    #[cfg(feature = "rooms")]
    pub(super) next_room: Option<u16>,
    /// The user slot from which on Main may have to hear whose seat has come here; none when it knows all.
    #[cfg(feature = "moving")]
    pub(super) next_moved: Option<u16>,
    /// The newest session.
    #[cfg(feature = "mains")]
    pub(super) session: SessionKey,
    /// What this Main is called in the lists of Mains, as far as is known; where it is, if that is not configured.
    #[cfg(feature = "mains")]
    pub(super) announced: heapless::String<ADDRESS_MAX_BYTES>,
    /// Whom Main has named last, with the number of its claim.
    #[cfg(feature = "mains")]
    pub(super) claimed: (Uid, ClaimNumber),
    /// What the name of the room is claimed under that the next attach is for.
    #[cfg(feature = "mains")]
    pub(super) room_claim: ClaimNumber,
    /// Attempts that Main has refused.
    #[cfg(feature = "mains")]
    pub(super) refusals: Refusals,
    /// Whether Main is to hear if the world takes newcomers.
    #[cfg(feature = "draining")]
    pub(super) owes_drain_state: bool,
    /// It has asked something by a claim that was overtaken, of somebody who is here: it is to hear who is here with the next report.
    #[cfg(feature = "mains")]
    pub(super) is_mistaken: bool,
}

impl MainLink {
    const fn new(id: WorldId, reconnect_first_ms: u32, reconnect_most_ms: u32) -> Self {
        let backoff = Backoff::new(reconnect_first_ms, reconnect_most_ms);
        let dialer = Dialer::new(ServerKind::WORLD, ServerKind::MAIN, id.0);
        Self {
            state: MainLinkState::Waiting,
            dialer,
            backoff,
            next_reported: None,
            #[cfg(feature = "rooms")]
            next_room: None,
            #[cfg(feature = "moving")]
            next_moved: None,
            #[cfg(feature = "mains")]
            session: Key::DANGLING,
            #[cfg(feature = "mains")]
            announced: heapless::String::new(),
            #[cfg(feature = "mains")]
            claimed: (Uid::NOBODY, ClaimNumber(0)),
            #[cfg(feature = "mains")]
            room_claim: ClaimNumber(0),
            #[cfg(feature = "mains")]
            refusals: Refusals::NONE,
            #[cfg(feature = "draining")]
            owes_drain_state: false,
            #[cfg(feature = "mains")]
            is_mistaken: false,
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        matches!(self.state, MainLinkState::Live(_))
    }

    pub(super) fn is_live_at(&self, key: SessionKey) -> bool {
        self.state == MainLinkState::Live(key)
    }

    pub(super) const fn is_proving(&self) -> bool {
        matches!(self.state, MainLinkState::Proving)
    }
}

/// The links to all Mains, by the index of their sessions' tags, which is that of their timers as well.
#[derive(Debug)]
pub(super) struct MainLinks {
    links: [MainLink; MAINS_MAX],
}

impl MainLinks {
    pub(super) fn new(id: WorldId, reconnect_first_ms: u32, reconnect_most_ms: u32) -> Self {
        let link = |_| MainLink::new(id, reconnect_first_ms, reconnect_most_ms);
        Self { links: core::array::from_fn(link) }
    }

    pub(super) fn at(&self, index: u16) -> Option<&MainLink> {
        self.links.get(place_of(index))
    }

    pub(super) fn at_mut(&mut self, index: u16) -> Option<&mut MainLink> {
        self.links.get_mut(place_of(index))
    }

    /// A link is on its way, as this session.
    pub(super) fn connects(&mut self, index: u16, key: SessionKey) {
        #[cfg(not(feature = "mains"))]
        let _ = key;
        let Some(link) = self.at_mut(index) else { return };
        link.state = MainLinkState::Connecting;
        #[cfg(feature = "mains")]
        {
            link.session = key;
            // What was said before is no word of who is there now.
            link.claimed = (Uid::NOBODY, ClaimNumber(0));
            link.room_claim = ClaimNumber(0);
        }
    }

    /// Whether one of them is.
    pub(super) fn is_live(&self) -> bool {
        self.links.iter().any(MainLink::is_live)
    }

    pub(super) fn is_live_at(&self, key: SessionKey) -> bool {
        self.links.iter().any(|link| link.is_live_at(key))
    }

    /// The sessions of those that are.
    pub(super) fn live(&mut self) -> impl Iterator<Item = (&mut MainLink, SessionKey)> {
        self.links.iter_mut().filter_map(|link| match link.state {
            MainLinkState::Live(key) => Some((link, key)),
            _ => None,
        })
    }
}

//! `Announced`: the Mains that a world has been told of by those that it has links to, and has links to as well.
//!
//! ```text
//!   a Main's list ──► known ──► dialed: a link of its own ──► gone from every list: let go
//!                       └─────► is here already: the link that is there is its link
//! ```
//! Contract: where the configuration says, a world is looked for always; where a list says, as long as a Main that it has a link to,
//! and has heard the list of, says so. (As long as it has none, nothing is let go: all Mains may have been started again.)
//! The configuration may call a Main otherwise than the list does. Each Main says which of the list it is, so the world has one
//! link to each: a link that is configured goes before one that is not. Until all that are configured have said so, or are
//! not there, nothing of a list is dialed. What happens meanwhile all the same (two links to one Main, which takes the newer)
//! ends with one. A world that another server has replaced somewhere dials nothing of a list.
//!
//! Bounds: [`MAIN_LIST_MAX`] Mains that are known, and [`MAINS_MAX`] links with those that are configured; what is more is passed
//! over.

use super::mains::{MAINS_MAX, MainLink, MainLinkState};
use super::{Game, World, link};
use crate::log;
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::MainAnnounced;
use crate::protocol::{ADDRESS_MAX_BYTES, ErrorCode, MAIN_LIST_MAX, is_place};
use crate::session::LinkTag;
use crate::session::manager::Farewell;
use crate::storage::Key;

type Address = heapless::String<ADDRESS_MAX_BYTES>;

/// Links, as bits.
type LinkSet = u8;

const _: () = assert!(MAINS_MAX <= LinkSet::BITS as usize);

const fn bit_of(index: u16) -> LinkSet {
    1u8.unbounded_shl(index as u32)
}

/// A Main of somebody's list.
#[derive(Debug)]
struct Known {
    address: Address,
    /// Whose list it is on.
    by: LinkSet,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Announced {
    known: heapless::Vec<Known, MAIN_LIST_MAX, u8>,
    /// The links whose whole list has been heard.
    heard: LinkSet,
}

impl Announced {
    pub(super) const NONE: Self = Self { known: heapless::Vec::new(), heard: 0 };

    /// A link's list begins anew.
    fn forget_list_of(&mut self, index: u16) {
        self.heard &= !bit_of(index);
        self.known.iter_mut().for_each(|main| main.by &= !bit_of(index));
    }

    fn note(&mut self, index: u16, address: &str) {
        if let Some(main) = self.known.iter_mut().find(|main| main.address == address) {
            main.by |= bit_of(index);
            return;
        }
        if self.known.is_full() {
            self.known.retain(|main| main.by != 0);
        }
        if let Ok(address) = Address::try_from(address) {
            // One more than there is room for is passed over.
            let _ = self.known.push(Known { address, by: bit_of(index) });
        }
    }

    fn has(&self, address: &str) -> bool {
        self.known.iter().any(|main| main.address == address)
    }
}

impl<'a, G: Game> World<'a, G> {
    /// A Main tells of one of the realm's.
    pub(super) fn hear_of_main(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &MainAnnounced<'_>,
    ) {
        let &MainAnnounced { index: place, count, is_here, addr } = message;
        let index = caller.tag.index;
        let configured = !self.configured_main(index).is_empty();
        let Some(link) = self.mains.at_mut(index).filter(|link| link.is_live_at(caller.key)) else {
            return;
        };
        if place == 0 {
            self.announced.forget_list_of(index);
        }
        if place < count && is_place(addr.as_str()) {
            self.announced.note(index, addr.as_str());
            if is_here && configured {
                link.announced = Address::try_from(addr.as_str()).unwrap_or_default();
            }
        }
        if place.checked_add(1) == Some(count) {
            self.announced.heard |= bit_of(index);
            self.review_mains(&mut caller.context());
        }
    }

    /// Lets go of what is announced no more, and dials what is new.
    pub(super) fn review_mains(&mut self, cx: &mut Context<'_, 'a>) {
        let count = 0..MAINS_MAX as u16;
        let is_live = |index: &u16| self.mains.at(*index).is_some_and(MainLink::is_live);
        let live = count.clone().filter(is_live).fold(0, |set, index| set | bit_of(index));
        let sure = self.announced.heard & live;
        if sure == 0 {
            return;
        }
        self.announced.known.retain(|main| main.by & sure != 0);
        for index in count {
            let address = self.mains.at(index).map_or("", |link| &link.announced);
            let is_of_list = self.configured_main(index).is_empty() && !address.is_empty();
            if is_of_list && (!self.announced.has(address) || self.is_configured(address)) {
                self.let_go(cx, index);
            }
        }
        self.dial_announced(cx);
    }

    /// Whether a link that is configured leads to the Main of this address.
    fn is_configured(&self, address: &str) -> bool {
        (0..MAINS_MAX as u16).any(|index| {
            let configured = self.configured_main(index);
            let announced = self.mains.at(index).map_or("", |link| &link.announced);
            !configured.is_empty() && (configured == address || announced == address)
        })
    }

    fn let_go(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(link) = self.mains.at_mut(index) else { return };
        if link.state == MainLinkState::Replaced {
            return;
        }
        log::info!("Main at {} is announced no more", link.announced.as_str());
        let session = core::mem::replace(&mut link.session, Key::DANGLING);
        link.announced.clear();
        link.state = MainLinkState::Waiting;
        link.next_reported = None;
        self.announced.forget_list_of(index);
        cx.sessions.cancel(index);
        #[cfg(feature = "moving")]
        self.moves_are_cut(cx, index);
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, session, Farewell::Bye(ErrorCode::GOODBYE));
        cx.sessions.keep_for_own_links(self.main_count());
        self.claimant_is_gone(cx, index);
    }

    /// Whether each link that is configured has told all that it will, or leads nowhere for now; and none is another server's.
    fn may_dial_announced(&self) -> bool {
        (0..MAINS_MAX as u16).all(|index| {
            let Some(link) = self.mains.at(index) else { return true };
            match link.state {
                MainLinkState::Replaced => false,
                _ if self.configured_main(index).is_empty() => true,
                MainLinkState::Waiting => true,
                MainLinkState::Live(_) => self.announced.heard & bit_of(index) != 0,
                _ => false,
            }
        })
    }

    fn dial_announced(&mut self, cx: &mut Context<'_, 'a>) {
        if !self.may_dial_announced() {
            return;
        }
        while let Some(address) = self.not_dialed() {
            let free = (0..MAINS_MAX as u16).find(|index| self.main_address(*index).is_empty());
            let Some(index) = free else { return };
            log::info!("Main at {} is announced", address.as_str());
            self.announced.forget_list_of(index);
            if let Some(link) = self.mains.at_mut(index) {
                link.announced = address;
                link.backoff.reset();
            }
            self.main_link_connect(cx, index);
            cx.sessions.keep_for_own_links(self.main_count());
        }
    }

    /// A Main that no link leads to.
    fn not_dialed(&self) -> Option<Address> {
        let has_link = |address: &str| {
            let is_its = |index| self.mains.at(index).is_some_and(|it| it.announced == address);
            (0..MAINS_MAX as u16).any(is_its) || self.is_configured(address)
        };
        let mut known = self.announced.known.iter();
        known.find(|main| !has_link(&main.address)).map(|main| main.address.clone())
    }

    /// A Main that has this world by another link ends the one of this index: the world itself is who has replaced it.
    pub(super) fn has_come_twice(&self, index: u16) -> bool {
        let Some(link) = self.mains.at(index) else { return false };
        let is_configured = !self.configured_main(index).is_empty();
        (0..MAINS_MAX as u16).filter(|other| *other != index).any(|index| {
            let Some(other) = self.mains.at(index) else { return false };
            let is_under_way =
                matches!(other.state, MainLinkState::Registering(_) | MainLinkState::Live(_));
            let is_other_configured = !self.configured_main(index).is_empty();
            let may_be_same = other.announced == link.announced
                || (is_configured && link.announced.is_empty())
                || (is_other_configured && other.announced.is_empty());
            is_under_way && is_configured != is_other_configured && may_be_same
        })
    }
}

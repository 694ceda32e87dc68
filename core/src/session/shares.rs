//! `AddressBook`: what each address holds, and whether it may hold more.
//!
//! Purpose: the one book of shares. Every accepted session counts for the group of its address; what a
//! role gives to strangers (a place, a ticket, a channel) counts there too, as a [`Holding`].
//!
//! Contract: nobody is kept from anything while there is plenty. Of the last eighth of a resource only a
//! group that holds less than an eighth of what is left gets more ([`may_take`]): so two dozen hoarders
//! leave some to whoever comes from elsewhere, and one address can fill nearly all of what nobody else wants. A network (an IPv6
//! /48) counts like one address that may hold [`NETWORK_SHARES`] times as much. An entry lives as long as
//! a session of its address, and what is given back later is not missed.
//!
//! How often an address opens connections is counted apart ([`Openings`]), because that outlives them.
//!
//! Bounds: one entry an address and one a network, as many as there can be sessions. Without any room it
//! counts nothing, and takes everyone; without the cargo feature `shares` it costs nothing, either.
//!
//! ```
//! use tinyrealm_core::session::may_take;
//! assert!(may_take(50, 9, 64)); // there is plenty
//! assert!(may_take(0, 8, 64) && !may_take(1, 8, 64)); // of the last eight
//! assert!(!may_take(0, 0, 64));
//! ```

#[cfg(not(feature = "shares"))]
mod absent;
#[cfg(feature = "shares")]
mod book;
#[cfg(feature = "shares")]
mod openings;
#[cfg(all(test, feature = "shares"))]
mod tests;

#[cfg(not(feature = "shares"))]
pub use absent::{AddressBook, AddressEntry, Opening};
#[cfg(feature = "shares")]
pub use book::{AddressBook, AddressEntry};
#[cfg(feature = "shares")]
pub use openings::{Opening, OpeningRate, Openings};

use crate::storage::{Key, Link, Slot};

/// Names the entry of one address.
pub type AddressKey = Key<AddressEntry>;

/// How many times as much as an address a network may hold.
pub const NETWORK_SHARES: u16 = 2;

/// What an address can hold, besides connections.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Holding {
    /// Connections of peers who have proven nothing.
    Stranger = 0,
    /// Users who have just been invented.
    Guest = 1,
    /// Places in a world for users who have not come there.
    Ticket = 2,
    /// Channels that nobody had before.
    Channel = 3,
    /// Questions to another server, on behalf of strangers.
    Question = 4,
}

#[cfg(feature = "shares")]
impl Holding {
    /// Everything that can be held.
    pub const ALL: [Self; 5] =
        [Self::Stranger, Self::Guest, Self::Ticket, Self::Channel, Self::Question];
}

/// Whether who holds `held` of a resource may have one more, while `free` of the `whole` are left.
pub const fn may_take(held: usize, free: usize, whole: usize) -> bool {
    free > whole / 8 || held * 8 < free
}

/// The memory of one half of an [`AddressBook`].
#[derive(Debug)]
pub struct AddressStorage<'a> {
    /// As many as there can be sessions, or none.
    pub entries: &'a mut [Slot<AddressEntry>],
    /// As many as `entries`.
    pub heads: &'a mut [Link],
    /// As many as `entries`.
    pub nexts: &'a mut [Link],
}

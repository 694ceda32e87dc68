//! The book of a node that counts nothing.

use super::{AddressKey, AddressStorage, Holding};
use crate::session::address::{AddressGroup, PeerAddress};
use crate::storage::Vacant;

/// Nothing.
#[derive(Debug)]
pub struct AddressEntry {}

impl Vacant for AddressEntry {
    const VACANT: Self = Self {};
}

/// Nothing.
#[derive(Debug)]
pub struct Opening {}

impl Vacant for Opening {
    const VACANT: Self = Self {};
}

/// Takes everyone, and knows nobody.
#[derive(Debug)]
pub struct AddressBook<'a> {
    /// What it was lent, and does not use.
    _storage: core::marker::PhantomData<AddressStorage<'a>>,
}

impl<'a> AddressBook<'a> {
    /// An empty book, for good.
    pub const fn new(_: AddressStorage<'a>, _: AddressStorage<'a>, _: u32) -> Self {
        Self { _storage: core::marker::PhantomData }
    }

    /// Takes everyone.
    pub const fn enter(&mut self, _: PeerAddress, _: u16) -> Option<AddressKey> {
        Some(AddressKey::DANGLING)
    }

    /// Nothing was counted.
    pub const fn leave(&mut self, _: AddressKey) {}

    /// Nothing is counted.
    pub const fn hold(&mut self, _: AddressKey, _: Holding) {}

    /// Nothing was counted.
    pub const fn give_back(&mut self, _: AddressKey, _: Holding) {}

    /// Nothing.
    pub const fn held(&self, _: AddressKey, _: Holding) -> u16 {
        0
    }

    /// Nobody is known.
    pub const fn group(&self, _: AddressKey) -> Option<AddressGroup> {
        None
    }

    /// Nobody is known.
    pub const fn addresses(&self) -> usize {
        0
    }
}

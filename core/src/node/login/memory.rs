//! `LoginMemory`: a login server's storage as one value, sized by const generics.

use super::{AttemptEntry, LoginSlot, LoginStorage, VerifySlot};
use crate::storage::Slot;

/// The storage of one login server: like [`NodeMemory`](crate::node::NodeMemory).
#[derive(Debug)]
pub struct LoginMemory<const LOGINS: usize, const VERIFIES: usize, const ATTEMPTS: usize> {
    logins: [Slot<LoginSlot>; LOGINS],
    verifies: [Slot<VerifySlot>; VERIFIES],
    verify_queue: [u16; VERIFIES],
    accounts: [AttemptEntry; ATTEMPTS],
    addresses: [AttemptEntry; ATTEMPTS],
    networks: [AttemptEntry; ATTEMPTS],
    ways: [AttemptEntry; ATTEMPTS],
}

impl<const LOGINS: usize, const VERIFIES: usize, const ATTEMPTS: usize>
    LoginMemory<LOGINS, VERIFIES, ATTEMPTS>
{
    /// Empty storage.
    pub const NEW: Self = Self {
        logins: [const { Slot::VACANT }; LOGINS],
        verifies: [const { Slot::VACANT }; VERIFIES],
        verify_queue: [0; VERIFIES],
        accounts: [AttemptEntry::VACANT; ATTEMPTS],
        addresses: [AttemptEntry::VACANT; ATTEMPTS],
        networks: [AttemptEntry::VACANT; ATTEMPTS],
        ways: [AttemptEntry::VACANT; ATTEMPTS],
    };

    /// The storage as the slices that a login server borrows.
    pub fn storage(&mut self) -> LoginStorage<'_> {
        LoginStorage {
            logins: &mut self.logins,
            verifies: &mut self.verifies,
            verify_queue: &mut self.verify_queue,
            accounts: &mut self.accounts,
            addresses: &mut self.addresses,
            networks: &mut self.networks,
            ways: &mut self.ways,
        }
    }
}

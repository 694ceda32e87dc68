//! Seats of a world that holds none.

use crate::protocol::ErrorCode;
use crate::session::AddressGroup;
use crate::time::Instant;

/// Nothing.
#[derive(Copy, Clone, Debug)]
pub(in super::super) struct Seat {}

impl Seat {
    pub(in super::super) const VACANT: Self = Self {};

    pub(in super::super) const fn take_from(&mut self, _: AddressGroup) {}

    pub(in super::super) const fn shares_address_with(&self, _: &Self) -> bool {
        false
    }

    pub(in super::super) const fn hold(&mut self, now: Instant, _: u32) -> Instant {
        now
    }

    pub(in super::super) const fn end(&self, now: Instant) -> Instant {
        now
    }

    pub(in super::super) const fn end_with(&mut self, _: ErrorCode) {}

    pub(in super::super) const fn ending(&self) -> Option<ErrorCode> {
        None
    }
}

/// Never.
#[derive(Copy, Clone, Debug)]
pub(in super::super) struct NextEnd {}

impl NextEnd {
    pub(in super::super) const NEVER: Self = Self {};

    pub(in super::super) const fn at(&self) -> Option<Instant> {
        None
    }

    pub(in super::super) const fn no_later_than(&mut self, _: Instant) {}
}

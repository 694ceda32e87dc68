//! What is kept of a seat, so that it can be held.

use crate::protocol::ErrorCode;
use crate::session::AddressGroup;
use crate::time::{Instant, Stamp};

/// What a member's seat needs to be held.
#[derive(Copy, Clone, Debug)]
pub(in super::super) struct Seat {
    /// Where its newest connection has come from.
    address: AddressGroup,
    /// Until when it is held.
    until: Stamp,
    /// Why it is held no longer; 0 if it may be.
    ending: ErrorCode,
}

impl Seat {
    /// All-zero bits.
    pub(in super::super) const VACANT: Self =
        Self { address: AddressGroup::VACANT, until: Stamp::ZERO, ending: ErrorCode(0) };

    /// A connection from there has taken it.
    pub(in super::super) const fn take_from(&mut self, address: AddressGroup) {
        self.address = address;
    }

    /// Whether both are of one address. Nobody shares one that is not known.
    pub(in super::super) fn shares_address_with(&self, other: &Self) -> bool {
        self.address != AddressGroup::VACANT && self.address == other.address
    }

    /// Holds it from now on, and answers until when.
    pub(in super::super) const fn hold(&mut self, now: Instant, hold_ms: u32) -> Instant {
        self.until = now.stamp_after_ms(hold_ms);
        self.end(now)
    }

    /// Until when it is held: now, if the time is over.
    pub(in super::super) const fn end(&self, now: Instant) -> Instant {
        if self.ending.0 != 0 { now } else { self.until.upcoming(now) }
    }

    /// It is held no longer, or will not be.
    pub(in super::super) const fn end_with(&mut self, reason: ErrorCode) {
        self.ending = reason;
    }

    /// Why it is held no longer.
    pub(in super::super) fn ending(&self) -> Option<ErrorCode> {
        Some(self.ending).filter(|ending| ending.0 != 0)
    }
}

/// When the next held seat has had its time, or earlier.
#[derive(Copy, Clone, Debug)]
pub(in super::super) struct NextEnd(Option<Instant>);

impl NextEnd {
    pub(in super::super) const NEVER: Self = Self(None);

    pub(in super::super) const fn at(&self) -> Option<Instant> {
        self.0
    }

    pub(in super::super) fn no_later_than(&mut self, at: Instant) {
        self.0 = Some(self.0.map_or(at, |earlier| earlier.min(at)));
    }
}

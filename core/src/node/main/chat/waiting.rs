//! What waits for the chat server: what one membership wants of it, and the queue of those that want something.
//!
//! Contract: plain places; who fills and empties them is [`requests`](super::requests).

use crate::protocol::{Seq, Uid};
use crate::storage::Link;

/// What is wanted of the chat server for one membership.
#[derive(Copy, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each may be wanted or not")]
pub(super) struct Waiting {
    pub(super) next: Link,
    pub(super) is_listed: bool,
    /// The membership has ended, and only its slot is left.
    pub(super) is_note: bool,
    pub(super) is_leaving: bool,
    pub(super) is_joining: bool,
    pub(super) wants_past: bool,
    pub(super) wants_members: bool,
    pub(super) since: Seq,
    pub(super) after: Uid,
}

impl Waiting {
    /// Nothing: all-zero bits.
    pub(super) const NOTHING: Self = Self {
        next: Link::NONE,
        is_listed: false,
        is_note: false,
        is_leaving: false,
        is_joining: false,
        wants_past: false,
        wants_members: false,
        since: Seq(0),
        after: Uid::NOBODY,
    };

    /// It wants to come in.
    pub(super) const JOINING: Self = Self { is_joining: true, ..Self::NOTHING };

    /// `false` if such a question waits already.
    pub(super) const fn ask_past(&mut self, since: Seq) -> bool {
        self.since = since;
        !core::mem::replace(&mut self.wants_past, true)
    }

    /// `false` if such a question waits already.
    pub(super) const fn ask_members(&mut self, after: Uid) -> bool {
        self.after = after;
        !core::mem::replace(&mut self.wants_members, true)
    }

    pub(super) const fn wants_something(&self) -> bool {
        self.is_leaving || self.is_joining || self.wants_past || self.wants_members
    }
}

/// The queue of memberships that want something.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) first: Link,
    pub(super) last: Link,
    /// Questions that have not been answered.
    pub(super) asked: u16,
}

impl Requests {
    pub(super) const NONE: Self = Self { first: Link::NONE, last: Link::NONE, asked: 0 };
}

//! What a ring answers to a member: what it has to get, and what became of what its transport took.

/// What a member has to get.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Window<'r> {
    /// It has everything that is published.
    Nothing,
    /// These bytes, in order.
    Slices([&'r [u8]; 3]),
    /// The ring has gone over its cursor.
    Overrun,
}

/// What [`BroadcastRing::advance`](super::BroadcastRing::advance) did with the bytes that a member's transport took.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Advanced<'r> {
    /// The cursor stands between two frames; there may be more in the window.
    Clean,
    /// The transport took the beginning of a frame: this is its rest, to be sent first.
    Cut(&'r [u8]),
}

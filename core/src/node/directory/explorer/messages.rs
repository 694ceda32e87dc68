//! What is under way between Mains, worlds and their store. It has an order, so that two states that differ in nothing else
//! are one.

use super::super::{Answer, Ask};
use crate::protocol::ClaimNumber;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Message {
    /// On its way to the store.
    Ask { main: usize, life: u8, request: u8, ask: Ordered },
    /// On its way back.
    Answer { main: usize, life: u8, request: u8, answer: Told },
    /// The store tells of its own accord.
    Watch { main: usize, life: u8, number: u64, owner: Option<(usize, u8)> },
    /// To a world: that it may come.
    Attach { world: usize, number: u64 },
    /// To a world: that it is elsewhere.
    Fence { world: usize, number: u64 },
}

/// [`Ask`], in an order.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Ordered {
    Read,
    Write(u64),
    Remove(u64),
}

/// [`Answer`], in an order.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Told {
    Written(u64),
    Removed,
    Conflict,
    Found(u64),
    Unavailable,
}

impl From<Ask> for Ordered {
    fn from(ask: Ask) -> Self {
        match ask {
            Ask::Read => Self::Read,
            Ask::Write { expected } => Self::Write(expected.0),
            Ask::Remove { expected } => Self::Remove(expected.0),
        }
    }
}

impl From<Told> for Answer {
    fn from(told: Told) -> Self {
        match told {
            Told::Written(number) => Self::Written(ClaimNumber(number)),
            Told::Removed => Self::Removed,
            Told::Conflict => Self::Conflict,
            Told::Found(number) => Self::Found(ClaimNumber(number)),
            Told::Unavailable => Self::Unavailable,
        }
    }
}

//! The directory of a realm of several Mains: who is where, decided by numbers that rise.
//!
//! Purpose: a user is claimed by the Main that it has said hello to last. A [`Claim`] is the state machine of one user at
//! one Main, the [`ClaimBook`] has all of them, and what they want to know or to write is handed out as [`Work`], as
//! Login hands out passwords: whoever drives the node asks a store that compares and swaps, and brings the [`Answer`]. The
//! names of rooms are claimed in the same way: a [`NameClaim`] is that of one room, the [`NameBook`] has those that something is
//! asked about, as [`NameWork`].
//!
//! Contract: the store gives every write of a key a number that is higher than all before it (a [`ClaimNumber`]), takes
//! a write or a removal only if the key has the number that is expected (0: it was never written), and answers every
//! question once, with [`Answer::Unavailable`] at the latest. What it tells besides, of its own accord, may be late, missing or
//! told twice. The number of a claim is what [worlds](super::world) fence with: one that knows a higher one of a
//! user takes no lower one.
//!
//! Bounds: as many claims as slots; [`IN_FLIGHT_MAX`] questions at a time.
//!
//! ```
//! use tinyrealm_core::node::directory::{Answer, Claim, Verdict};
//! use tinyrealm_core::protocol::ClaimNumber;
//! let claim = Claim::wanted_anew();
//! let (claim, verdict) = claim.answered(Answer::Written(ClaimNumber(7)));
//! assert_eq!((claim, verdict), (Some(Claim::Held(ClaimNumber(7))), Verdict::Granted));
//! // Somebody has claimed it at another Main since.
//! let (claim, verdict) = claim.unwrap().changed(ClaimNumber(8), false);
//! assert_eq!((claim, verdict), (None, Verdict::Lost(ClaimNumber(8))));
//! ```

mod book;
mod claim;
#[cfg(test)]
mod explorer;
mod name;
mod name_book;
#[cfg(any(test, feature = "simulated-directory"))]
mod simulated;
#[cfg(test)]
mod tests;

pub use book::{ClaimBook, ClaimSlot, ClaimStorage, IN_FLIGHT_MAX};
pub use claim::{Claim, Next, TRIES_MAX, Verdict};
pub use name::{
    NAME_TRIES_MAX, NameAnswer, NameAsk, NameClaim, NameHolder, NameVerdict, NameWish, NextName,
    Wanted,
};
pub use name_book::{NameBook, NameSlot, NameWork, RoomName};
#[cfg(any(test, feature = "simulated-directory"))]
pub use simulated::{Carried, LifeNumber, Reading, SimulatedStore};

use crate::protocol::{ClaimNumber, Uid};

/// What is asked of the store about one user.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// Which number its key has.
    Read,
    /// That it is ours, if its key has this number still.
    Write {
        /// 0 if it was never written.
        expected: ClaimNumber,
    },
    /// That it is nobody's, if its key has this number still.
    Remove {
        /// The one that it was written with.
        expected: ClaimNumber,
    },
}

/// A question that is handed out.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Work {
    /// For the answer.
    pub request: Request,
    /// Whom it is about.
    pub uid: Uid,
    /// What is asked.
    pub ask: Ask,
}

/// The number of a question: since its node's start, and never again.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Request(pub u64);

/// What the store says to it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// It is written, under this number.
    Written(ClaimNumber),
    /// It is removed.
    Removed,
    /// Another one was first, and nothing has changed.
    Conflict,
    /// The key has this number; 0 if it was never written.
    Found(ClaimNumber),
    /// It is not known what has become of it.
    Unavailable,
}

/// Whether a world takes what is said under this number, having heard of that one before. Both are 0 where there is no
/// directory.
#[must_use]
pub const fn admits(said: ClaimNumber, heard: ClaimNumber) -> bool {
    said.0 >= heard.0
}

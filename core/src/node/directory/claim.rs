//! `Claim`: one user's place in the directory, as one Main sees it.
//!
//! ```text
//!              wanted                                          Written(n)
//!   (none) ───────────► Writing ◄──── Found(other's) ──┐  ┌──────────────► Held(n)
//!                        │  │  ▲                       │  │                 │   ▲
//!                        │  │  └──── wanted ───────────┼──┼─────────────────┘   │ Written(n)
//!                        │  └─── Conflict ──► Reading ─┘  │                     │
//!                        │                                │   changed, ours ────┘
//!                        ├─ Written, and another's of a higher number was told meanwhile ─► none: a hello is refused
//!                        ├─ Unavailable, or too many conflicts ► Held, if it was; else none: a hello is refused
//!                        └─ Written, and nobody wants in any more ─► Removing(n) ─► none
//!   Held ── changed or found, another's of a higher number ─► none: whoever is here is told REPLACED
//!   Held ── released ─► Removing(n)
//! ```
//! Nothing is decided by what was read or watched: a write is taken only if it expects what is there, so of two
//! Mains that claim one user at a time one is first, and the other knows. Reads may be old, and watches may stop: both
//! only say what to expect.
//!
//! Bounds: [`TRIES_MAX`] writes for one hello.

use super::{Answer, Ask};
use crate::protocol::{ClaimNumber, ErrorCode};

/// So often a hello is written when others write the same user at the same time.
pub const TRIES_MAX: u8 = 4;

/// One user's place in the directory, as one Main sees it: a state machine that hears answers, changes, and who comes and goes.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Claim {
    /// The user is here, as far as this Main knows.
    Held(ClaimNumber),
    /// A write is under way, for a hello or for nobody any more.
    Writing {
        /// What is held meanwhile; nothing if 0.
        held: ClaimNumber,
        /// What has to be there for it to be taken.
        expected: ClaimNumber,
        /// The highest number of somebody else's that was told meanwhile.
        seen: ClaimNumber,
        /// Whether a hello waits for it.
        is_wanted: bool,
        /// Writes before this one that met another's.
        tries: u8,
    },
    /// Another one was first: what is there now?
    Reading {
        /// What is held meanwhile; nothing if 0.
        held: ClaimNumber,
        /// Whether a hello waits for it.
        is_wanted: bool,
        /// Writes that met another's.
        tries: u8,
    },
    /// The user is gone, and whatever is left of it is on its way out.
    Removing(ClaimNumber),
}

/// What follows for whoever is here, or waits to be.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Nothing yet.
    None,
    /// The hello that waits is let in.
    Granted,
    /// The hello that waits is refused.
    Refused(ErrorCode),
    /// Whoever is here is told that it is elsewhere now, under this number. A hello may still wait.
    Lost(ClaimNumber),
}

/// A claim after something has happened; `None` if nothing of it is left.
pub type Next = (Option<Claim>, Verdict);

const NOTHING: ClaimNumber = ClaimNumber(0);

impl Claim {
    /// Of a user of whom nothing is known.
    pub const fn wanted_anew() -> Self {
        writing(NOTHING, NOTHING, 0)
    }

    /// What the directory is to be asked in this state, if anything.
    pub const fn ask(self) -> Option<Ask> {
        match self {
            Self::Writing { expected, .. } => Some(Ask::Write { expected }),
            Self::Reading { .. } => Some(Ask::Read),
            Self::Held(_) => None,
            Self::Removing(expected) => Some(Ask::Remove { expected }),
        }
    }

    /// The number that whoever is here was let in with; 0 if nobody was.
    pub const fn number(self) -> ClaimNumber {
        match self {
            Self::Writing { held, .. } | Self::Reading { held, .. } | Self::Held(held) => held,
            Self::Removing(_) => NOTHING,
        }
    }

    /// Another hello: a write that is under way is good for it, else there is a new one.
    #[must_use]
    pub const fn wanted(self) -> Self {
        match self {
            Self::Writing { held, expected, seen, tries, .. } => {
                Self::Writing { held, expected, seen, is_wanted: true, tries }
            }
            Self::Reading { held, tries, .. } => Self::Reading { held, is_wanted: true, tries },
            Self::Held(held) => writing(held, held, 0),
            Self::Removing(expected) => writing(NOTHING, expected, 0),
        }
    }

    /// Nobody waits any more.
    #[must_use]
    pub const fn unwanted(self) -> Self {
        match self {
            Self::Writing { held, expected, seen, tries, .. } => {
                Self::Writing { held, expected, seen, is_wanted: false, tries }
            }
            Self::Reading { held, tries, .. } => Self::Reading { held, is_wanted: false, tries },
            Self::Held(_) | Self::Removing(_) => self,
        }
    }

    /// Whoever was here is gone.
    #[must_use]
    pub const fn released(self) -> Self {
        match self {
            Self::Writing { expected, seen, is_wanted, tries, .. } => {
                Self::Writing { held: NOTHING, expected, seen, is_wanted, tries }
            }
            Self::Reading { is_wanted, tries, .. } => {
                Self::Reading { held: NOTHING, is_wanted, tries }
            }
            Self::Held(held) => Self::Removing(held),
            Self::Removing(_) => self,
        }
    }

    /// What was asked last is answered.
    pub const fn answered(self, answer: Answer) -> Next {
        match self {
            Self::Writing { held, seen, is_wanted, tries, .. } => match answer {
                Answer::Written(number) if number.0 < seen.0 => overtaken(is_wanted),
                Answer::Written(number) => written(held, is_wanted, number),
                Answer::Conflict if tries + 1 < TRIES_MAX => {
                    (Some(Self::Reading { held, is_wanted, tries: tries + 1 }), Verdict::None)
                }
                Answer::Conflict => settled(held, is_wanted, ErrorCode::BUSY),
                // What a write has done whose answer is lost is not known: a watch may tell.
                _ => settled(held, is_wanted, ErrorCode::DIRECTORY_UNAVAILABLE),
            },
            Self::Reading { held, is_wanted, tries } => match answer {
                Answer::Found(expected) => found(held, is_wanted, tries, expected),
                _ => settled(held, is_wanted, ErrorCode::DIRECTORY_UNAVAILABLE),
            },
            Self::Held(_) => (Some(self), Verdict::None),
            Self::Removing(_) => (None, Verdict::None),
        }
    }

    /// The directory is said to have this number of the user now: written by this Main in its present life, or by somebody
    /// else, as a claim or as its end. It may be old.
    pub const fn changed(self, number: ClaimNumber, is_ours: bool) -> Next {
        let is_lost = number.0 > self.number().0 && self.number().0 > 0 && !is_ours;
        let lost = if is_lost { Verdict::Lost(number) } else { Verdict::None };
        match self {
            Self::Held(before) if is_ours && number.0 > before.0 => {
                (Some(Self::Held(number)), Verdict::None)
            }
            Self::Held(_) if is_lost => (None, lost),
            Self::Writing { held, expected, seen, is_wanted, tries } if !is_ours => {
                let held = if is_lost { NOTHING } else { held };
                let seen = if number.0 > seen.0 { number } else { seen };
                (Some(Self::Writing { held, expected, seen, is_wanted, tries }), lost)
            }
            Self::Reading { is_wanted, tries, .. } if is_lost => {
                (Some(Self::Reading { held: NOTHING, is_wanted, tries }), lost)
            }
            _ => (Some(self), Verdict::None),
        }
    }
}

const fn writing(held: ClaimNumber, expected: ClaimNumber, tries: u8) -> Claim {
    Claim::Writing { held, expected, seen: NOTHING, is_wanted: true, tries }
}

/// By the time that the answer is here, the user has said hello elsewhere.
const fn overtaken(is_wanted: bool) -> Next {
    (None, if is_wanted { Verdict::Refused(ErrorCode::REPLACED) } else { Verdict::None })
}

const fn written(held: ClaimNumber, is_wanted: bool, number: ClaimNumber) -> Next {
    match (is_wanted, held.0 > 0) {
        (true, _) => (Some(Claim::Held(number)), Verdict::Granted),
        (false, true) => (Some(Claim::Held(number)), Verdict::None),
        (false, false) => (Some(Claim::Removing(number)), Verdict::None),
    }
}

/// Another one was first: so whoever is here by an older number is elsewhere. Whoever waits takes it over, for its hello
/// is the newer one.
const fn found(held: ClaimNumber, is_wanted: bool, tries: u8, expected: ClaimNumber) -> Next {
    let is_lost = held.0 > 0 && held.0 < expected.0;
    let held = if is_lost { NOTHING } else { held };
    let rest = match (is_wanted, held.0 > 0) {
        (true, _) => Some(writing(held, expected, tries)),
        (false, true) => Some(Claim::Held(held)),
        (false, false) => None,
    };
    (rest, if is_lost { Verdict::Lost(expected) } else { Verdict::None })
}

/// There will be no new number.
const fn settled(held: ClaimNumber, is_wanted: bool, code: ErrorCode) -> Next {
    let rest = if held.0 > 0 { Some(Claim::Held(held)) } else { None };
    (rest, if is_wanted { Verdict::Refused(code) } else { Verdict::None })
}

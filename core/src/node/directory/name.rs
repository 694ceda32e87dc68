//! `NameClaim`: the name of one room in the directory, as one Main sees it.
//!
//! ```text
//!             wanted                       Written(n)
//!   (none) ───────────► Writing ─────────────────────► none: Granted(n), at the world that was written
//!                        │   ▲
//!               Conflict │   │ Found: a world that this Main has is followed; one that nobody has, or nothing, is taken over
//!                        ▼   │
//!                       Reading ──► none: Refused, if a new room was wanted, or only other Mains have that world
//!                           │
//!                           └ wanted ──── Removing(n) ◄──── released, or Written(n) of a free name that nobody wants any more
//! ```
//! A name's key has the world that the name is at: so whoever else wants it is led there, also if that world has no room of
//! it yet, or if it is not known what has become of the write. Nothing is decided by what was read: whoever follows a name writes
//! it again, so that who has it removed under the number before does not remove what somebody has come to rely on.
//!
//! Bounds: [`NAME_TRIES_MAX`] writes for one room.

use crate::protocol::{ClaimNumber, ErrorCode, WorldId};

/// So often a name is written when others write it at the same time.
pub const NAME_TRIES_MAX: u8 = 4;

/// What a name is wanted for.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NameWish {
    /// A room that there is not yet.
    New,
    /// A room, wherever it is.
    Any,
    /// A room that its world has, and that was claimed for another one, which it has come from.
    Moved,
    /// A room that its world has, and that nobody has claimed.
    Unclaimed,
}

/// What is asked of the store about one name.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NameAsk {
    /// Whose it is.
    Read,
    /// That it is this world's, if its key has this number still.
    Write {
        /// The world that is to open the room.
        world: WorldId,
        /// 0 if it was never written.
        expected: ClaimNumber,
    },
    /// That it is nobody's, if its key has this number still.
    Remove {
        /// The one that it was written with.
        expected: ClaimNumber,
    },
}

/// Where a name is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct NameHolder {
    /// The number of its key.
    pub number: ClaimNumber,
    /// The world that has it, or is to open it.
    pub world: WorldId,
    /// Whether this Main has that world.
    pub is_here: bool,
    /// Whether another Main of the realm does.
    pub is_elsewhere: bool,
}

/// What the store says to it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NameAnswer {
    /// It is written, under this number.
    Written(ClaimNumber),
    /// It is removed.
    Removed,
    /// Another one was first, and nothing has changed.
    Conflict,
    /// It is this world's.
    Found(NameHolder),
    /// It is nobody's, and its key has this number; 0 if it is not there.
    Free(ClaimNumber),
    /// It is not known what has become of it.
    Unavailable,
}

/// A room that waits for its name.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Wanted {
    /// The world that is to have it.
    pub world: WorldId,
    /// What for.
    pub wish: NameWish,
}

/// One room's name while something is asked about it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NameClaim {
    /// A write is under way.
    Writing {
        /// Which world is written.
        world: WorldId,
        /// What has to be there for it to be taken.
        expected: ClaimNumber,
        /// Who waits for it, if anybody does.
        wanted: Option<Wanted>,
        /// Whether no world that is there has the name so far.
        is_free: bool,
        /// Writes before this one that met another's.
        tries: u8,
    },
    /// Another one was first: which world has it?
    Reading {
        /// Who waits for it, if anybody does.
        wanted: Option<Wanted>,
        /// Writes that met another's.
        tries: u8,
    },
    /// Its room is gone.
    Removing(ClaimNumber),
}

/// What follows for the room that waits.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NameVerdict {
    /// Nothing, yet.
    None,
    /// This world may open it, under this number.
    Granted(ClaimNumber, WorldId),
    /// There is none now.
    Refused(ErrorCode),
}

/// A name after something has happened; `None` if nothing more is asked about it.
pub type NextName = (Option<NameClaim>, NameVerdict);

impl NameClaim {
    /// Of a room that waits; `expected` is what is known of its name, or 0.
    pub const fn wanted_anew(wanted: Wanted, expected: ClaimNumber) -> Self {
        let is_free = matches!(wanted.wish, NameWish::New | NameWish::Any);
        Self::Writing { world: wanted.world, expected, wanted: Some(wanted), is_free, tries: 0 }
    }

    /// What is to be asked.
    pub const fn ask(self) -> NameAsk {
        match self {
            Self::Writing { world, expected, .. } => NameAsk::Write { world, expected },
            Self::Reading { .. } => NameAsk::Read,
            Self::Removing(expected) => NameAsk::Remove { expected },
        }
    }

    /// A room is to be opened by this name.
    #[must_use]
    pub const fn wanted(self, wanted: Wanted, expected: ClaimNumber) -> Self {
        match self {
            // Whose write is under way is not known to be in vain.
            Self::Writing { .. } | Self::Reading { .. } => {
                Self::Reading { wanted: Some(wanted), tries: 0 }
            }
            Self::Removing(number) if expected.0 == 0 => Self::wanted_anew(wanted, number),
            Self::Removing(_) => Self::wanted_anew(wanted, expected),
        }
    }

    /// No room waits any more.
    #[must_use]
    pub const fn unwanted(self) -> Self {
        match self {
            Self::Writing { world, expected, is_free, tries, .. } => {
                Self::Writing { world, expected, wanted: None, is_free, tries }
            }
            Self::Reading { tries, .. } => Self::Reading { wanted: None, tries },
            Self::Removing(_) => self,
        }
    }

    /// What was asked last is answered.
    pub const fn answered(self, answer: NameAnswer) -> NextName {
        match self {
            Self::Removing(_) | Self::Reading { wanted: None, .. } => (None, NameVerdict::None),
            Self::Writing { wanted: None, is_free, .. } => match answer {
                NameAnswer::Written(number) if is_free => {
                    (Some(Self::Removing(number)), NameVerdict::None)
                }
                _ => (None, NameVerdict::None),
            },
            Self::Writing { world, wanted: Some(wanted), tries, .. } => match answer {
                NameAnswer::Written(number) => (None, NameVerdict::Granted(number, world)),
                NameAnswer::Conflict if tries + 1 < NAME_TRIES_MAX => {
                    let wanted = Some(wanted);
                    (Some(Self::Reading { wanted, tries: tries + 1 }), NameVerdict::None)
                }
                NameAnswer::Conflict => refused(ErrorCode::BUSY),
                _ => refused(ErrorCode::DIRECTORY_UNAVAILABLE),
            },
            Self::Reading { wanted: Some(wanted), tries } => match answer {
                NameAnswer::Found(holder) => found(wanted, tries, holder),
                NameAnswer::Free(expected) => taken_over(wanted, tries, expected),
                _ => refused(ErrorCode::DIRECTORY_UNAVAILABLE),
            },
        }
    }
}

const fn found(wanted: Wanted, tries: u8, holder: NameHolder) -> NextName {
    let NameHolder { number, world, is_here, is_elsewhere } = holder;
    match wanted.wish {
        _ if world.0 == wanted.world.0 => followed(wanted, world, tries, number),
        // What is known of a world that has the room counts for more than what was written before it was known.
        NameWish::Unclaimed => followed(wanted, wanted.world, tries, number),
        // Somebody else has come to have it since.
        NameWish::Moved => (None, NameVerdict::None),
        // Its world is lost, and its rooms with it.
        _ if !is_here && !is_elsewhere => taken_over(wanted, tries, number),
        NameWish::New => refused(ErrorCode::ROOM_EXISTS),
        NameWish::Any if is_here => followed(wanted, world, tries, number),
        NameWish::Any => refused(ErrorCode::NO_WORLD),
    }
}

/// Somebody may have the room, or be on its way to it.
const fn followed(wanted: Wanted, world: WorldId, tries: u8, expected: ClaimNumber) -> NextName {
    let (wanted, is_free) = (Some(wanted), false);
    (Some(NameClaim::Writing { world, expected, wanted, is_free, tries }), NameVerdict::None)
}

const fn taken_over(wanted: Wanted, tries: u8, expected: ClaimNumber) -> NextName {
    let (world, wanted, is_free) = (wanted.world, Some(wanted), true);
    (Some(NameClaim::Writing { world, expected, wanted, is_free, tries }), NameVerdict::None)
}

const fn refused(code: ErrorCode) -> NextName {
    (None, NameVerdict::Refused(code))
}

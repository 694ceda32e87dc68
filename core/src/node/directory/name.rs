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

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: WorldId = WorldId(1);
    const OTHER: WorldId = WorldId(2);

    fn wanted(wish: NameWish) -> NameClaim {
        NameClaim::wanted_anew(Wanted { world: OURS, wish }, ClaimNumber(0))
    }

    fn found(world: WorldId, is_here: bool, is_elsewhere: bool) -> NameAnswer {
        NameAnswer::Found(NameHolder { number: ClaimNumber(7), world, is_here, is_elsewhere })
    }

    /// What becomes of a name that another one was first to write, when this is found.
    fn behind_conflict(wish: NameWish, answer: NameAnswer) -> (Option<NameAsk>, NameVerdict) {
        let (reading, verdict) = wanted(wish).answered(NameAnswer::Conflict);
        let reading = reading.expect("it is read");
        assert_eq!((reading.ask(), verdict), (NameAsk::Read, NameVerdict::None));
        let (claim, verdict) = reading.answered(answer);
        (claim.map(NameClaim::ask), verdict)
    }

    fn writes(world: WorldId, expected: u64) -> (Option<NameAsk>, NameVerdict) {
        (Some(NameAsk::Write { world, expected: ClaimNumber(expected) }), NameVerdict::None)
    }

    fn refused(code: ErrorCode) -> (Option<NameAsk>, NameVerdict) {
        (None, NameVerdict::Refused(code))
    }

    #[test]
    fn what_is_found_is_followed_taken_over_or_left() {
        use NameWish::{Any, Moved, New, Unclaimed};
        let (here, elsewhere, lost) =
            (found(OTHER, true, false), found(OTHER, false, true), found(OTHER, false, false));
        assert_eq!(behind_conflict(Any, here), writes(OTHER, 7));
        assert_eq!(behind_conflict(New, here), refused(ErrorCode::ROOM_EXISTS));
        assert_eq!(behind_conflict(Any, elsewhere), refused(ErrorCode::NO_WORLD));
        assert_eq!(behind_conflict(New, elsewhere), refused(ErrorCode::ROOM_EXISTS));
        for wish in [Any, New, Unclaimed] {
            assert_eq!(behind_conflict(wish, lost), writes(OURS, 7));
        }
        for answer in [here, elsewhere, lost] {
            assert_eq!(behind_conflict(Unclaimed, answer), writes(OURS, 7));
            assert_eq!(behind_conflict(Moved, answer), (None, NameVerdict::None));
        }
        for wish in [Any, New, Unclaimed, Moved] {
            assert_eq!(behind_conflict(wish, found(OURS, true, false)), writes(OURS, 7));
            assert_eq!(behind_conflict(wish, NameAnswer::Free(ClaimNumber(0))), writes(OURS, 0));
            let unavailable = refused(ErrorCode::DIRECTORY_UNAVAILABLE);
            assert_eq!(behind_conflict(wish, NameAnswer::Unavailable), unavailable);
        }
    }

    #[test]
    fn both_sides_of_how_often_a_name_is_written() {
        let mut claim = wanted(NameWish::Any);
        for tries in 1..=NAME_TRIES_MAX {
            let (next, verdict) = claim.answered(NameAnswer::Conflict);
            if tries == NAME_TRIES_MAX {
                assert_eq!((next, verdict), (None, NameVerdict::Refused(ErrorCode::BUSY)));
                return;
            }
            let (next, _) = next.expect("once more").answered(NameAnswer::Free(ClaimNumber(0)));
            claim = next.expect("it is written");
        }
    }

    /// Of a name that was followed somebody else may have the room already.
    #[test]
    fn only_a_name_that_was_free_is_given_back_by_who_wants_it_no_more() {
        let written = NameAnswer::Written(ClaimNumber(9));
        let free = wanted(NameWish::Any).unwanted();
        let removal = Some(NameClaim::Removing(ClaimNumber(9)));
        assert_eq!(free.answered(written), (removal, NameVerdict::None));
        assert_eq!(free.answered(NameAnswer::Conflict), (None, NameVerdict::None));
        let (reading, _) = wanted(NameWish::Any).answered(NameAnswer::Conflict);
        let (followed, _) = reading.expect("it is read").answered(found(OTHER, true, false));
        let followed = followed.expect("it is written").unwanted();
        assert_eq!(followed.answered(written), (None, NameVerdict::None));
    }

    #[test]
    fn a_name_that_is_given_back_is_wanted_again_under_what_is_known_of_it() {
        let removing = NameClaim::Removing(ClaimNumber(9));
        let again = Wanted { world: OURS, wish: NameWish::Any };
        let claim = removing.wanted(again, ClaimNumber(0));
        let write = NameAsk::Write { world: OURS, expected: ClaimNumber(9) };
        assert_eq!(claim.ask(), write);
        // What an earlier question has done is read first.
        assert_eq!(claim.wanted(again, ClaimNumber(0)).ask(), NameAsk::Read);
    }
}

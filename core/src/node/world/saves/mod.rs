//! What a room keeps: values under keys, records, and its own state.
//!
//! Purpose: a game asks through its [`RoomContext`]; whatever keeps things (a database, a flash chip) is slow, so
//! each wish is a job, as a login's are: the driver takes jobs with `World::next_job`, carries them out
//! wherever it likes, and brings what has become of them to `World::finish_job`, which tells the game.
//!
//! Contract:
//! - What [`Game::on_saved`] and [`Game::on_recorded`] answer `Ok` is kept, whatever happens next.
//! - What was accepted is carried out, even if its room closes first; then nobody is told.
//! - A value is state: a save that still waits is replaced by the next one of its room and key, and both are
//!   answered once. Records are events: none is replaced, and the same id twice is kept once.
//! - Jobs are handed out in the order in which they were accepted, and carried out in that order for each key.
//! - Keys are the game's, not the room's: all rooms of a world, and of a store that several worlds share, see the
//!   same value.
//! - A room's state ([`Game::save_room`]) is handed out every [`Game::SAVE_INTERVAL_MS`] if it has changed, and at
//!   the node's end, with its name and what it was opened with, and with its seats if the game holds any; what was kept
//!   is given back before anybody is let in: the room is open again under its name, and the seats are held.
//! - Everything is kept with [`Game::VERSION`]. What another version has kept goes through [`Game::migrate`], or
//!   is refused.
//!
//! Bounds: [`Game::SAVES_IN_FLIGHT`] jobs a room, each room its own, so none takes another's; values and records of
//! [`Game::SAVE_BYTES`]; states of [`Game::ROOM_SAVE_BYTES`], 22 bytes a seat, and up to 205 for a name and what it was opened with; keys of [`SAVE_KEY_MAX_BYTES`]. Full is an answer.
//! Without the cargo feature `saves`, or without storage, every wish is answered [`SaveError::NoStore`].
//!
//! ```
//! use tinyrealm_core::node::world::{Game, RoomContext, StoreFailure};
//! use tinyrealm_core::protocol::Uid;
//!
//! /// A room that counts its visitors, for ever.
//! #[derive(Default)]
//! struct Visitors(u32);
//! impl Game for Visitors {
//!     const NAME: &'static str = "visitors";
//!     const SAVE_BYTES: usize = 4;
//!     const SAVES_IN_FLIGHT: usize = 1;
//!     fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) {
//!         self.0 += 1;
//!         // Full is no matter: the next visitor's number is the newer one.
//!         let _ = room.save("visitors", &self.0.to_le_bytes());
//!     }
//! }
//! ```

#[cfg(not(feature = "saves"))]
mod absent;
#[cfg(feature = "saves")]
mod book;
#[cfg(feature = "saves")]
mod carrying;
#[cfg(feature = "saves")]
mod job;
mod keeping;
#[cfg(all(feature = "saves", feature = "rooms"))]
mod labels;
#[cfg(feature = "saves")]
mod memory;
#[cfg(feature = "saves")]
mod room_state;
#[cfg(feature = "saves")]
mod room_states;
#[cfg(feature = "saves")]
mod seats;
#[cfg(all(feature = "saves", not(feature = "rooms")))]
mod unlabelled;

#[cfg(not(feature = "saves"))]
pub use absent::{SaveBook, SaveStorage};
#[cfg(feature = "saves")]
pub use book::{JOB_SLOT_BYTES, JobSlot, SaveBook, SaveStats, SaveStorage};
#[cfg(feature = "saves")]
pub use job::{Found, JobKey, RestoreRefusal, StoreJob, StoreOutcome, StoreTask};
#[cfg(feature = "saves")]
pub use memory::SaveMemory;
#[cfg(feature = "saves")]
pub use room_state::{ROOM_STATE_BYTES, RoomState};
#[cfg(feature = "moving")]
pub(super) use seats::are_kept;
#[cfg(feature = "saves")]
pub use seats::state_bytes;

use sha2::{Digest, Sha256};

#[cfg(doc)]
use super::{Game, RoomContext};

/// Bytes of a key.
pub const SAVE_KEY_MAX_BYTES: usize = 48;
/// The most that [`Game::SAVE_BYTES`] may be.
pub const SAVE_MAX_BYTES: usize = 4_096;
/// The most that [`Game::ROOM_SAVE_BYTES`] may be.
pub const ROOM_SAVE_MAX_BYTES: usize = 4_096;
/// The most that [`Game::SAVES_IN_FLIGHT`] may be.
pub const SAVES_IN_FLIGHT_MAX: usize = 256;

/// Which record it is: the same id is kept once, however often it comes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The id of what the author calls so, in all rooms and for ever: `"cup-7/final"`.
    pub fn of(name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// How much a game keeps.
#[derive(Copy, Clone, Debug)]
#[cfg_attr(
    not(feature = "saves"),
    expect(dead_code, reason = "without the feature there is no place for it")
)]
pub(super) struct SaveSizes {
    /// [`Game::SAVE_BYTES`].
    value_bytes: usize,
    /// [`Game::ROOM_SAVE_BYTES`].
    room_bytes: usize,
    /// [`Game::SAVES_IN_FLIGHT`].
    in_flight: usize,
    /// [`Game::SAVE_INTERVAL_MS`].
    interval_ms: u32,
}

/// Why something is not going to be kept or loaded. Nothing of it will.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SaveError {
    /// This world keeps nothing, or the game's constants ask for no place.
    NoStore,
    /// Keys have 1 to [`SAVE_KEY_MAX_BYTES`] bytes.
    BadKey,
    /// It is over [`Game::SAVE_BYTES`]: it never will.
    TooLong,
    /// The room has as much under way as it may: backpressure.
    Full,
}

/// Why something that was accepted has failed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum StoreFailure {
    /// The store can't be had, or says no: what was there before is there still, or what was to be kept is.
    Failed,
    /// It is there, and this version of the game can't read it.
    Unreadable,
}

/// What a game could not read.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Unreadable;

/// What another version has kept.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kept<'k> {
    /// The value of this key.
    Value(&'k str),
    /// The state of a room.
    Room,
}

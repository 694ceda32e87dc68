//! What rooms keep: the store of a world, and the thread that works on it.
//!
//! Purpose: [`Store`] is what a world needs of a database; [`sqlite`] is the one that is built in, a file a world in
//! `world.data_folder`. [`courier`] carries jobs from the node to it and back.
//!
//! Contract of a store: it is one game's, whose name and fingerprint it was opened with. What a call has answered is
//! on the disk, and survives whatever happens to the process next. Changes of one call are done in order, all or
//! none. Calls block, and come from one thread. Nothing in the trait is one database's: a second one (PostgreSQL) has
//! the same three tables, each method one transaction, and is shared by the worlds of a realm; rooms are then a
//! world's own.
//!
//! Bounds: a value is as long as the game's constants say, at most 4 KiB; records are kept for ever.

pub(crate) mod courier;
pub(crate) mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::protocol::RoomId;

use crate::config::world::WorldSettings;
use crate::secret;
use sqlite::SqliteStore;

/// What was kept, and by which version of the game.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    pub(crate) version: u16,
    pub(crate) bytes: Vec<u8>,
}

/// Something to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// A value, in the place of what is under its key.
    Save(String, Kept),
    /// A record behind all others, unless there is one of this id.
    Record {
        id: RecordId,
        /// The opcode of the game's message that it is.
        kind: u16,
        kept: Kept,
    },
    /// The state of a room, in the place of what is there.
    SaveRoom(RoomId, Kept),
    /// No state of a room.
    ForgetRoom(RoomId),
}

/// Why a store has not done something.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// It is not there any more, or something else is in its place.
    Displaced(PathBuf),
    /// The database says no.
    Database(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Displaced(path) => write!(
                f,
                "{} is gone, or another file is in its place: put it back, and start the world anew",
                path.display()
            ),
            Self::Database(text) => write!(f, "the store of the world: {text}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Where a game's rooms keep things; see the [module](self).
pub(crate) trait Store: Send {
    /// Does all of this, in order, or none of it.
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// What is under a key.
    fn load(&mut self, key: &str) -> Result<Option<Kept>, StoreError>;

    /// The states of this world's rooms.
    fn rooms(&mut self) -> Result<Vec<(RoomId, Kept)>, StoreError>;
}

/// Whose store it is.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) game: &'static str,
    pub(crate) fingerprint: u32,
}

/// The folder with the stores of worlds.
///
/// # Errors
/// If no folder is configured and the user has none.
pub(crate) fn folder(settings: &WorldSettings) -> anyhow::Result<PathBuf> {
    secret::data_folder(&settings.data_folder).context("what rooms keep: set world.data_folder")
}

/// Opens the configured store of a world; makes it if there is none.
///
/// # Errors
/// If it can't be read or made, or another world uses it.
pub(crate) fn open(settings: &WorldSettings, owner: Owner) -> anyhow::Result<Box<dyn Store>> {
    Ok(Box::new(SqliteStore::open(&folder(settings)?, settings.id, owner)?))
}

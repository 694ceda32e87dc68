//! Jobs as whoever keeps things sees them: what is to be done, and what has become of it.

#[cfg(doc)]
use super::super::Game;
use super::book::JobSlot;
use super::{RecordId, SAVE_KEY_MAX_BYTES};
use crate::protocol::RoomId;
use crate::storage::Key;

/// Names one job that was handed out.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum JobKey {
    /// A game's.
    Game(Key<JobSlot>),
    /// The state of a room.
    Room(RoomId),
}

/// Something to do, for whoever keeps things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreJob {
    /// For the outcome.
    pub key: JobKey,
    /// What.
    pub task: StoreTask,
    /// How many bytes it is about.
    pub bytes: usize,
    /// What they are to be kept with: [`Game::VERSION`].
    pub version: u16,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreTask {
    /// Find what is kept under a key.
    Load(heapless::String<SAVE_KEY_MAX_BYTES>),
    /// Keep bytes under a key, in the place of what is there.
    Save(heapless::String<SAVE_KEY_MAX_BYTES>),
    /// Keep bytes behind all others; not if there is a record of this id.
    Record {
        /// Which.
        id: RecordId,
        /// The opcode of the game's message that it is.
        kind: u16,
    },
    /// Keep bytes as the state of a room, in the place of what is there.
    SaveRoom(RoomId),
    /// Keep no state of a room.
    ForgetRoom(RoomId),
}

/// What has become of a job.
#[derive(Debug)]
pub enum StoreOutcome<'b> {
    /// It is done, and whatever happens next does not undo it. For a load: there is nothing.
    Done,
    /// A load has found this.
    Found(Found<'b>),
    /// It is not done, or nobody knows.
    Failed,
}

/// What a store has found.
#[derive(Debug)]
pub struct Found<'b> {
    /// What it was kept with.
    pub version: u16,
    /// It, and room for what [`Game::migrate`] makes of it: as many bytes as any job has.
    pub buffer: &'b mut [u8],
    /// How many of these bytes it has.
    pub bytes: usize,
}

/// Why a room does not go on where it was.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RestoreRefusal {
    /// This world has no such room.
    NoSuchRoom,
    /// [`Game::migrate`] does not take what that version has kept.
    Version(u16),
    /// [`Game::restore_room`] does not take it.
    Unreadable,
}

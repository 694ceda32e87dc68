//! `SaveBook`: the jobs of all rooms, in order.

use core::fmt;

use super::room_state::RoomState;
use super::{RecordId, SAVE_KEY_MAX_BYTES, SaveError, SaveSizes};
use crate::entropy::Entropy;
use crate::protocol::Message;
use crate::rate_limited_log::RateLimitedLog;
use crate::stats::Count;
use crate::storage::{Key, Ring, Slot, Table, Vacant};
use crate::time::Instant;
use crate::wire::BinaryWriter;

/// What is lent for jobs; see [`SaveBook`].
#[derive(Debug, Default)]
pub struct SaveStorage<'a> {
    /// Jobs, shared equally by the rooms.
    pub jobs: &'a mut [Slot<JobSlot>],
    /// As many as `jobs`.
    pub queue: &'a mut [u16],
    /// Values that wait, shared equally by the jobs.
    pub value_bytes: &'a mut [u8],
    /// One a room.
    pub rooms: &'a mut [RoomState],
    /// States that wait, shared equally by the rooms; none if rooms are not kept.
    pub room_bytes: &'a mut [u8],
}

/// What a job is about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Wish {
    Load = 0,
    Save = 1,
    Record = 2,
}

/// A job that waits or was handed out.
#[derive(Clone)]
pub struct JobSlot {
    pub(super) wish: Wish,
    pub(super) is_outside: bool,
    key_bytes: u8,
    pub(super) room: u16,
    pub(super) bytes: u16,
    /// What is recorded: the message's opcode.
    pub(super) kind: u16,
    /// Of its room, when it was accepted.
    pub(super) opening: u32,
    /// When it was accepted, in jobs.
    order: u32,
    pub(super) id: RecordId,
    key: [u8; SAVE_KEY_MAX_BYTES],
}

/// Bytes of one job, without its value.
pub const JOB_SLOT_BYTES: usize = core::mem::size_of::<Slot<JobSlot>>();

const _: () = assert!(JOB_SLOT_BYTES <= 92, "a job has grown: say why, and what it costs");

impl Vacant for JobSlot {
    const VACANT: Self = Self {
        wish: Wish::Load,
        is_outside: false,
        key_bytes: 0,
        room: 0,
        bytes: 0,
        kind: 0,
        opening: 0,
        order: 0,
        id: RecordId([0; 16]),
        key: [0; SAVE_KEY_MAX_BYTES],
    };
}

impl JobSlot {
    fn about(wish: Wish, key: &str) -> Result<Self, SaveError> {
        let mut slot = Self { wish, key_bytes: key.len() as u8, ..Self::VACANT };
        let place = slot.key.get_mut(..key.len()).filter(|place| !place.is_empty());
        place.ok_or(SaveError::BadKey)?.copy_from_slice(key.as_bytes());
        Ok(slot)
    }

    pub(super) fn key(&self) -> &str {
        let key = self.key.get(..usize::from(self.key_bytes)).unwrap_or_default();
        core::str::from_utf8(key).unwrap_or_default()
    }
}

impl fmt::Debug for JobSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSlot")
            .field("wish", &self.wish)
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

/// Counters of what rooms keep, since the world's start.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct SaveStats {
    /// Jobs that were accepted.
    pub accepted: u32,
    /// Saves that took the place of one that still waited.
    pub replaced: u32,
    /// Wishes that were answered [`SaveError::Full`].
    pub refused: u32,
    /// Jobs and states of rooms that were handed out.
    pub handed_out: u32,
    /// Those that have failed.
    pub failed: u32,
    /// Loads whose value this version of the game can't read.
    pub unreadable: u32,
}

/// The jobs of a world's rooms; see the [module](super).
#[derive(Debug)]
pub struct SaveBook<'a> {
    pub(super) jobs: Table<'a, JobSlot>,
    queue: Ring<'a, u16>,
    values: &'a mut [u8],
    pub(super) rooms: &'a mut [RoomState],
    pub(in super::super) room_bytes: &'a mut [u8],
    /// Of the values that are lent, a job's; and what the game may use of it.
    stride: usize,
    value_most: usize,
    /// Of the states that are lent, a room's.
    pub(in super::super) room_most: usize,
    /// Jobs a room.
    share: u16,
    next_order: u32,
    /// States that can be handed out, and where to look for one first.
    pub(super) rooms_ready: u16,
    pub(super) look_at: u16,
    pub(super) interval_ms: u32,
    pub(super) next_round: Option<Instant>,
    pub(super) unreadable_log: RateLimitedLog,
    pub(super) stats: SaveStats,
}

impl<'a> SaveBook<'a> {
    /// An empty book for so many rooms.
    pub(in super::super) fn new(storage: SaveStorage<'a>, rooms: usize, sizes: SaveSizes) -> Self {
        let states = storage.rooms.len().min(rooms);
        let table = Table::new(storage.jobs);
        let jobs = table.capacity().min(storage.queue.len());
        let stride = storage.value_bytes.len().checked_div(jobs).unwrap_or(0);
        let room_most = storage.room_bytes.len().checked_div(states).unwrap_or(0);
        let share = jobs.checked_div(states).unwrap_or(0).min(sizes.in_flight);
        Self {
            jobs: table,
            queue: Ring::new(storage.queue),
            values: storage.value_bytes,
            stride,
            value_most: stride.min(sizes.value_bytes),
            room_most: if sizes.room_bytes > 0 { room_most } else { 0 },
            rooms: storage.rooms.get_mut(..states).unwrap_or_default(),
            room_bytes: storage.room_bytes,
            share: share as u16,
            next_order: 0,
            rooms_ready: 0,
            look_at: 0,
            interval_ms: sizes.interval_ms,
            next_round: None,
            unreadable_log: RateLimitedLog::default(),
            stats: SaveStats::default(),
        }
    }

    /// What has become of the jobs.
    pub const fn stats(&self) -> &SaveStats {
        &self.stats
    }

    /// Jobs that wait or are outside.
    pub const fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// Bytes of a buffer that holds what any job is about.
    pub const fn job_bytes(&self) -> usize {
        if self.value_most > self.room_most { self.value_most } else { self.room_most }
    }

    pub(super) fn save(&mut self, room: u16, key: &str, bytes: &[u8]) -> Result<(), SaveError> {
        let mut job = JobSlot::about(Wish::Save, key)?;
        if bytes.len() > self.value_most {
            return Err(self.too_long());
        }
        job.bytes = bytes.len() as u16;
        if let Some(waiting) = self.waiting_save(room, key) {
            self.write(waiting, bytes);
            if let Some(slot) = self.jobs.get_mut(waiting) {
                slot.bytes = job.bytes;
            }
            self.stats.replaced.count();
            return Ok(());
        }
        let place = self.reserve(room, job)?;
        self.write(place, bytes);
        self.accept(place);
        Ok(())
    }

    pub(super) fn load(&mut self, room: u16, key: &str) -> Result<(), SaveError> {
        let job = JobSlot::about(Wish::Load, key)?;
        let place = self.reserve(room, job)?;
        self.accept(place);
        Ok(())
    }

    /// An id that no record has had: random with the room's opening, then counted.
    pub(super) fn next_record_id(&mut self, room: u16, entropy: &mut dyn Entropy) -> RecordId {
        let mut id = RecordId::default();
        let Some(state) = self.rooms.get_mut(usize::from(room)) else {
            return id;
        };
        if state.records == 0 {
            entropy.fill(&mut state.record_series);
        }
        state.records = state.records.wrapping_add(1);
        let (series, count) = (state.record_series.iter(), state.records.to_le_bytes());
        for (to, from) in id.0.iter_mut().zip(series.copied().chain(count)) {
            *to = from;
        }
        id
    }

    pub(super) fn record<M: Message>(
        &mut self,
        room: u16,
        id: RecordId,
        message: &M,
    ) -> Result<(), SaveError> {
        let job = JobSlot { wish: Wish::Record, id, kind: M::OPCODE.0 as u16, ..JobSlot::VACANT };
        let place = self.reserve(room, job)?;
        let most = self.value_most;
        let value = self.value_mut(place.index()).and_then(|value| value.get_mut(..most));
        let mut writer = BinaryWriter::new(value.unwrap_or_default());
        let written = message.encode_payload(&mut writer).map(|()| writer.written());
        match (written, self.jobs.get_mut(place)) {
            (Ok(bytes), Some(slot)) => slot.bytes = bytes as u16,
            _ => {
                self.remove(place);
                return Err(SaveError::TooLong);
            }
        }
        self.accept(place);
        Ok(())
    }

    /// What is over nothing is not too long: there is no store.
    const fn too_long(&self) -> SaveError {
        if self.share == 0 { SaveError::NoStore } else { SaveError::TooLong }
    }

    /// The last job of this key, if it is a save of this room that still waits.
    fn waiting_save(&self, room: u16, key: &str) -> Option<Key<JobSlot>> {
        let opening = self.rooms.get(usize::from(room))?.opening;
        let of_key = |job: &JobSlot| job.wish != Wish::Record && job.key() == key;
        let last = self.jobs.iter().filter(|(_, job)| of_key(job));
        // The older, the smaller; the count may have wrapped.
        let (last, job) = last.max_by_key(|(_, job)| !self.next_order.wrapping_sub(job.order))?;
        let may_go = job.wish == Wish::Save && !job.is_outside;
        (may_go && (job.room, job.opening) == (room, opening)).then_some(last)
    }

    /// A place for a job of this room, which nobody is told of before it is [accepted](Self::accept).
    fn reserve(&mut self, room: u16, mut job: JobSlot) -> Result<Key<JobSlot>, SaveError> {
        let state = self.rooms.get_mut(usize::from(room)).filter(|_| self.share > 0);
        let state = state.ok_or(SaveError::NoStore)?;
        if state.in_flight >= self.share {
            self.stats.refused.count();
            return Err(SaveError::Full);
        }
        (job.room, job.opening, job.order) = (room, state.opening, self.next_order);
        // Each room's share is there.
        let key = self.jobs.insert(job).map_err(|_| SaveError::Full)?;
        state.in_flight += 1;
        Ok(key)
    }

    fn accept(&mut self, key: Key<JobSlot>) {
        // There is a place for every job.
        let _ = self.queue.push(key.index());
        self.next_order = self.next_order.wrapping_add(1);
        self.stats.accepted.count();
    }

    fn value_mut(&mut self, index: u16) -> Option<&mut [u8]> {
        let start = usize::from(index) * self.stride;
        self.values.get_mut(start..)?.get_mut(..self.stride)
    }

    fn write(&mut self, key: Key<JobSlot>, bytes: &[u8]) {
        if let Some(place) =
            self.value_mut(key.index()).and_then(|value| value.get_mut(..bytes.len()))
        {
            place.copy_from_slice(bytes);
        }
    }

    /// The oldest job that waits is on its way; its value is in `out`, which has room for any.
    pub(super) fn start_job(&mut self, out: &mut [u8]) -> Option<(Key<JobSlot>, &JobSlot)> {
        let key = self.jobs.key_at(self.queue.pop()?)?;
        let bytes = usize::from(self.jobs.get(key)?.bytes);
        if let (Some(value), Some(out)) =
            (self.value_mut(key.index())?.get(..bytes), out.get_mut(..bytes))
        {
            out.copy_from_slice(value);
        }
        self.stats.handed_out.count();
        let job = self.jobs.get_mut(key)?;
        job.is_outside = true;
        Some((key, job))
    }

    /// Takes a job out whose outcome is known.
    pub(super) fn remove(&mut self, key: Key<JobSlot>) -> Option<JobSlot> {
        let job = self.jobs.remove(key)?;
        if let Some(state) = self.rooms.get_mut(usize::from(job.room)) {
            state.in_flight = state.in_flight.saturating_sub(1);
        }
        Some(job)
    }

    /// Whether the room is still the one that has asked.
    pub(super) fn is_open(&self, job: &JobSlot) -> bool {
        self.rooms.get(usize::from(job.room)).is_some_and(|room| room.opening == job.opening)
    }
}

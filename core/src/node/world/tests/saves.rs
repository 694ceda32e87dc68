//! What rooms keep: jobs go out in order and within their bounds, and the game is told once.

#[cfg(feature = "rooms")]
mod named;
mod rooms;
#[cfg(feature = "seats")]
mod seats;
mod values;

use core::cell::RefCell;
use std::borrow::ToOwned;
use std::string::String;

use super::*;
use crate::node::world::saves::{
    Found, JobKey, SaveMemory, SaveStats, StoreJob, StoreOutcome, StoreTask, state_bytes,
};

const SHARE: usize = 4;
const VALUE_BYTES: usize = 40;
const STATE_BYTES: usize = 16;
const INTERVAL_MS: u32 = 5_000;
const VERSION: u16 = 7;
/// What [`Keeper`] makes something of; nothing of older ones.
const OLD_VERSION: u16 = 6;

/// What the game was told.
#[derive(Clone, PartialEq, Debug)]
enum Told {
    Saved(String, Result<(), StoreFailure>),
    Recorded(RecordId, Result<(), StoreFailure>),
    Loaded(String, Result<Option<Vec<u8>>, StoreFailure>),
}

/// Does what the test asks of it through its context, and notes what it is told.
#[derive(Default)]
struct Keeper {
    told: RefCell<Vec<Told>>,
    state: Vec<u8>,
    /// What its room was opened with.
    options: Vec<u8>,
}

impl Game for Keeper {
    const NAME: &'static str = "keeper";
    const VERSION: u16 = VERSION;
    const SAVE_BYTES: usize = VALUE_BYTES;
    const SAVES_IN_FLIGHT: usize = SHARE;
    const ROOM_SAVE_BYTES: usize = STATE_BYTES;
    const SAVE_INTERVAL_MS: u32 = INTERVAL_MS;

    fn on_open(&mut self, _: &mut RoomContext<'_, '_>, options: &[u8]) -> Result<(), BadOptions> {
        self.options = options.to_vec();
        if options == b"no" { Err(BadOptions) } else { Ok(()) }
    }

    fn on_leave(&mut self, _: &mut RoomContext<'_, '_>, _: Uid, _: Left) {
        self.state.clear();
    }

    fn on_loaded(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        key: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        let loaded = loaded.map(|value| value.map(<[u8]>::to_vec));
        self.told.get_mut().push(Told::Loaded(key.to_owned(), loaded));
    }

    fn on_saved(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        key: &str,
        saved: Result<(), StoreFailure>,
    ) {
        self.told.get_mut().push(Told::Saved(key.to_owned(), saved));
    }

    fn on_recorded(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        id: RecordId,
        recorded: Result<(), StoreFailure>,
    ) {
        self.told.get_mut().push(Told::Recorded(id, recorded));
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        if let Some(out) = out.get_mut(..self.state.len()) {
            out.copy_from_slice(&self.state);
        }
        self.state.len()
    }

    fn restore_room(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        if state == b"broken" {
            return Err(Unreadable);
        }
        self.state = state.to_vec();
        Ok(())
    }

    /// Of the old version everything is kept twice now.
    fn migrate(
        &mut self,
        version: u16,
        _: Kept<'_>,
        buffer: &mut [u8],
        bytes: usize,
    ) -> Option<usize> {
        buffer.copy_within(..bytes, bytes);
        (version == OLD_VERSION).then_some(2 * bytes)
    }
}

type Kept2 =
    SaveMemory<{ 2 * SHARE }, { 2 * SHARE * VALUE_BYTES }, 2, { 2 * state_bytes::<Keeper>(0) }>;

/// Runs `test` at the bench of a world of two rooms that keeps what it is asked for.
fn with_keeper(test: impl FnOnce(&mut WorldBench<'_, Keeper>)) {
    with_keeper_as(|world| world, test);
}

/// The same with a world that is finished so.
fn with_keeper_as(
    finish: impl for<'w> FnOnce(World<'w, Keeper>) -> World<'w, Keeper>,
    test: impl FnOnce(&mut WorldBench<'_, Keeper>),
) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| Keeper::default())));
    let mut saves = Box::new(Kept2::NEW);
    let storage = WorldStorage { saves: saves.storage(), ..SETUP.lend(&mut memory) };
    let world = finish(World::new(storage, SETUP.config()));
    let mut bench = Bench::new(SETUP.sizes.lend(&mut node_memory), SETUP.net, world);
    test(&mut bench);
    bench.finish();
}

impl WorldBench<'_, Keeper> {
    /// Lets the game of a room act.
    fn ask<T>(&mut self, room: u16, ask: impl FnOnce(&mut RoomContext<'_, '_>) -> T) -> T {
        self.act(|world, cx| world.with_game(cx, room, |_, room| ask(room)))
            .expect("there is such a room")
    }

    fn save(&mut self, room: u16, key: &str, bytes: &[u8]) -> Result<(), SaveError> {
        self.ask(room, |room| room.save(key, bytes))
    }

    fn load(&mut self, room: u16, key: &str) -> Result<(), SaveError> {
        self.ask(room, |room| room.load(key))
    }

    /// What is to be done next, with its bytes.
    fn next_job(&mut self) -> Option<(StoreJob, Vec<u8>)> {
        let mut out = vec![0; self.role().job_bytes()];
        let job = self.act(|world, _| world.next_job(&mut out))?;
        out.truncate(job.bytes);
        Some((job, out))
    }

    fn finish_job(&mut self, key: JobKey, outcome: StoreOutcome<'_>) {
        self.act(|world, cx| world.finish_job(cx, key, outcome));
    }

    /// Does the next thing.
    fn do_next(&mut self) -> StoreTask {
        let (job, _) = self.next_job().expect("something is to be done");
        self.finish_job(job.key, StoreOutcome::Done);
        job.task
    }

    /// The next thing is a load, which finds this.
    fn find_next(&mut self, version: u16, value: &[u8]) {
        let (job, _) = self.next_job().expect("something is to be done");
        assert!(matches!(job.task, StoreTask::Load(_)));
        let mut buffer = [0; VALUE_BYTES];
        let there = value.len().min(VALUE_BYTES);
        buffer[..there].copy_from_slice(&value[..there]);
        let found = Found { version, buffer: &mut buffer, bytes: value.len() };
        self.finish_job(job.key, StoreOutcome::Found(found));
    }

    /// What the game of a room was told since the last time.
    fn told(&self, room: u16) -> Vec<Told> {
        self.role().game(RoomId(room)).expect("there is such a room").told.take()
    }

    fn save_stats(&self) -> SaveStats {
        *self.role().save_stats()
    }

    fn set_state(&mut self, room: usize, state: &[u8]) {
        let state = state.to_vec();
        self.act(|world, _| world.games[room].state = state);
    }
}

/// A state as it goes out: of a room without a name, in which nobody's seats are held.
fn state(of_game: &[u8]) -> Vec<u8> {
    [&[0, 0, 0], of_game].concat()
}

fn save_of(key: &str) -> StoreTask {
    StoreTask::Save(text(key))
}

fn saved(key: &str) -> Told {
    Told::Saved(key.to_owned(), Ok(()))
}

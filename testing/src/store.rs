//! `MemoryStore`: where a world's rooms keep things on a bench, slow and failing by seed.
//!
//! Contract: what was answered as done is there, whatever happens next. What has failed is there or not, as with a
//! database whose answer was lost. A crash loses what was not answered, but for what had been done already.
//! Jobs are done and answered in their order.

use std::collections::{BTreeMap, VecDeque};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::saves::{Found, JobKey, StoreJob, StoreOutcome, StoreTask};
use tinyrealm_core::node::world::{Game, RecordId, World};
use tinyrealm_core::protocol::RoomId;
use tinyrealm_core::time::Instant;

use crate::Random;

/// How bad a store is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct StoreWeather {
    /// The longest that a job takes, in milliseconds.
    pub delay_most_ms: u32,
    /// How many jobs of a thousand fail.
    pub failures_permille: u32,
}

impl StoreWeather {
    /// Everything is kept at once.
    pub const FINE: Self = Self { delay_most_ms: 0, failures_permille: 0 };
    /// Up to 200 ms, and one job in ten fails.
    pub const ROUGH: Self = Self { delay_most_ms: 200, failures_permille: 100 };
}

/// What is kept, and by which version of the game.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBytes {
    /// The game's version.
    pub version: u16,
    /// What it has kept.
    pub bytes: Vec<u8>,
}

impl KeptBytes {
    /// The same, at the start of a buffer for one job.
    pub fn lend<'b>(&self, buffer: &'b mut [u8]) -> Found<'b> {
        let there = self.bytes.len().min(buffer.len());
        buffer[..there].copy_from_slice(&self.bytes[..there]);
        Found { version: self.version, bytes: self.bytes.len(), buffer }
    }
}

/// What has become of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done; for a load, there is nothing.
    Done,
    /// A load has found this.
    Found(KeptBytes),
    /// It is done or not.
    Failed,
}

impl Answer {
    /// The same, with what was found at the start of a buffer for one job.
    pub fn lend<'b>(&self, buffer: &'b mut [u8]) -> StoreOutcome<'b> {
        match self {
            Self::Done => StoreOutcome::Done,
            Self::Found(kept) => StoreOutcome::Found(kept.lend(buffer)),
            Self::Failed => StoreOutcome::Failed,
        }
    }
}

/// A record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptRecord {
    /// Which.
    pub id: RecordId,
    /// The opcode of the game's message that it is.
    pub kind: u16,
    /// It.
    pub kept: KeptBytes,
}

/// A job under way.
struct Order {
    due: Instant,
    key: JobKey,
    task: StoreTask,
    kept: KeptBytes,
}

/// A store in memory, which is slow and fails by seed. What was answered as done is there, whatever happens next;
/// what has failed is there or not.
pub struct MemoryStore {
    /// How it is.
    pub weather: StoreWeather,
    random: Random,
    values: BTreeMap<String, KeptBytes>,
    records: Vec<KeptRecord>,
    rooms: BTreeMap<u16, KeptBytes>,
    orders: VecDeque<Order>,
}

impl MemoryStore {
    /// An empty store whose accidents come from `random`.
    pub const fn new(weather: StoreWeather, random: Random) -> Self {
        Self {
            weather,
            random,
            values: BTreeMap::new(),
            records: Vec::new(),
            rooms: BTreeMap::new(),
            orders: VecDeque::new(),
        }
    }

    /// What is under a key.
    pub fn value(&self, key: &str) -> Option<&KeptBytes> {
        self.values.get(key)
    }

    /// Puts something under a key, as if it had been kept long ago.
    pub fn set_value(&mut self, key: &str, kept: KeptBytes) {
        self.values.insert(key.to_owned(), kept);
    }

    /// All records, oldest first.
    pub fn records(&self) -> &[KeptRecord] {
        &self.records
    }

    /// The state of a room.
    pub fn room(&self, room: RoomId) -> Option<&KeptBytes> {
        self.rooms.get(&room.0)
    }

    /// How many jobs are under way.
    pub fn waiting(&self) -> usize {
        self.orders.len()
    }

    /// When the next job is answered.
    pub fn next_at(&self) -> Option<Instant> {
        self.orders.front().map(|order| order.due)
    }

    /// Takes the world's jobs, and answers what is due; answers whether there was anything to do.
    pub fn serve<'a, G: Game>(
        &mut self,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
    ) -> bool {
        let mut buffer = vec![0; node.role().job_bytes()];
        let mut is_busy = false;
        while let Some(job) = node.act(turn, |world, _| world.next_job(&mut buffer)) {
            self.take(turn.now, job, &buffer);
            is_busy = true;
        }
        while let Some((key, _, answer)) = self.next_due(turn.now) {
            let outcome = answer.lend(&mut buffer);
            node.act(turn, |world, cx| world.finish_job(cx, key, outcome));
            is_busy = true;
        }
        is_busy
    }

    /// Takes one job; what it is about is at the start of `buffer`.
    pub fn take(&mut self, now: Instant, job: StoreJob, buffer: &[u8]) {
        let StoreJob { key, task, bytes, version } = job;
        let delay_ms = self.random.below(u64::from(self.weather.delay_most_ms) + 1) as u32;
        let last = self.orders.back().map_or(now, |order| order.due);
        let due = now.after_ms(delay_ms).max(last);
        let kept = KeptBytes { version, bytes: buffer[..bytes].to_vec() };
        self.orders.push_back(Order { due, key, task, kept });
    }

    /// The next job that is due, done or failed.
    pub fn next_due(&mut self, now: Instant) -> Option<(JobKey, StoreTask, Answer)> {
        self.next_at().filter(|due| *due <= now)?;
        let order = self.orders.pop_front()?;
        let has_failed = self.random.chance(self.weather.failures_permille);
        if !has_failed || self.random.chance(500) {
            self.carry_out(&order);
        }
        let answer = match &order.task {
            _ if has_failed => Answer::Failed,
            StoreTask::Load(key) => {
                self.values.get(key.as_str()).cloned().map_or(Answer::Done, Answer::Found)
            }
            _ => Answer::Done,
        };
        Some((order.key, order.task, answer))
    }

    fn carry_out(&mut self, order: &Order) {
        let kept = order.kept.clone();
        match &order.task {
            StoreTask::Load(_) => {}
            StoreTask::Save(key) => drop(self.values.insert(key.as_str().to_owned(), kept)),
            StoreTask::Record { id, kind } => {
                if !self.records.iter().any(|record| record.id == *id) {
                    self.records.push(KeptRecord { id: *id, kind: *kind, kept });
                }
            }
            StoreTask::SaveRoom(room) => drop(self.rooms.insert(room.0, kept)),
            StoreTask::ForgetRoom(room) => drop(self.rooms.remove(&room.0)),
        }
    }

    /// The world has ended without a word: of what was not answered some was done.
    pub fn crash(&mut self) {
        let done = self.random.below(self.orders.len() as u64 + 1) as usize;
        for order in std::mem::take(&mut self.orders).iter().take(done) {
            self.carry_out(order);
        }
    }

    /// The rooms of a world that starts again go on where they were.
    ///
    /// # Panics
    /// If one does not: its game does not take what it has kept itself.
    pub fn restore<'a, G: Game>(&self, turn: &mut Turn<'_>, node: &mut Node<'a, World<'a, G>>) {
        for (room, kept) in &self.rooms {
            let mut buffer = vec![0; node.role().job_bytes()];
            let found = kept.lend(&mut buffer);
            let restored = node.act(turn, |world, cx| world.restore_room(cx, RoomId(*room), found));
            if let Err(refusal) = restored {
                panic!("room {room} begins anew: {refusal:?}");
            }
        }
    }
}

//! `Courier`: carries jobs from a world's node to its store, and outcomes back.
//!
//! Purpose: a disk is slow, so the store has a thread of its own. What has piled up there goes into one transaction:
//! a hundred saves cost what one does.
//!
//! Contract: jobs are done in the order in which the node hands them out, each is answered once, and a node that ends
//! is held until all of them are.
//!
//! Bounds: the channels hold as much as the node can have outside.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::saves::{Found, JobKey, StoreJob, StoreOutcome, StoreTask};
use tinyrealm_core::node::world::{Game, World};
use tinyrealm_core::rate_limited_log::RateLimitedLog;
use tinyrealm_std::{Clock, Control, NextStep};
use tokio::sync::mpsc;

use super::{Change, Kept, Store, StoreError};

/// The most changes of one transaction.
const BATCH_MAX: usize = 256;

/// A job with what it is about.
struct Order {
    key: JobKey,
    work: Work,
}

enum Work {
    Write(Change),
    Load(String),
}

/// What has become of an order.
struct Delivery {
    key: JobKey,
    outcome: Outcome,
}

enum Outcome {
    Done,
    Found(Kept),
    Failed,
}

/// A world's way to its store; see the [module](self).
pub(crate) struct Courier<C> {
    inner: C,
    /// `None` when the thread is to end.
    orders: Option<SyncSender<Order>>,
    deliveries: mpsc::Receiver<Delivery>,
    thread: Option<JoinHandle<()>>,
    /// Of one job; as long as any when the first is handed out.
    buffer: Vec<u8>,
}

impl<C> Courier<C> {
    /// Starts the thread of a store, for a world that has at most `most_outside` jobs outside.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub(crate) fn start(
        inner: C,
        store: Box<dyn Store>,
        most_outside: usize,
    ) -> std::io::Result<Self> {
        let (orders, work) = sync_channel(most_outside);
        let (outcomes, deliveries) = mpsc::channel(most_outside.max(1));
        let builder = std::thread::Builder::new().name("store".to_owned());
        let thread = builder.spawn(move || Clerk::new(store, outcomes).serve(&work))?;
        let (orders, thread, buffer) = (Some(orders), Some(thread), Vec::new());
        Ok(Self { inner, orders, deliveries, thread, buffer })
    }

    fn finish<'a, G: Game>(
        &mut self,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
        delivery: Delivery,
    ) {
        let Delivery { key, outcome } = delivery;
        let outcome = match outcome {
            Outcome::Done => StoreOutcome::Done,
            Outcome::Failed => StoreOutcome::Failed,
            Outcome::Found(kept) => StoreOutcome::Found(found(&kept, &mut self.buffer)),
        };
        node.act(turn, |world, cx| world.finish_job(cx, key, outcome));
    }

    fn hand_out<'a, G: Game>(&mut self, turn: &mut Turn<'_>, node: &mut Node<'a, World<'a, G>>) {
        self.buffer.resize(node.role().job_bytes(), 0);
        while let Some(job) = node.act(turn, |world, _| world.next_job(&mut self.buffer)) {
            let (key, order) = (job.key, order(job, &self.buffer));
            let sent = self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok());
            if !sent {
                // The thread has panicked.
                self.finish(turn, node, Delivery { key, outcome: Outcome::Failed });
            }
        }
    }
}

/// What a store has found, at the start of a buffer for one job.
pub(crate) fn found<'b>(kept: &Kept, buffer: &'b mut [u8]) -> Found<'b> {
    let there = kept.bytes.len().min(buffer.len());
    buffer[..there].copy_from_slice(&kept.bytes[..there]);
    Found { version: kept.version, bytes: kept.bytes.len(), buffer }
}

fn order(job: StoreJob, buffer: &[u8]) -> Order {
    let StoreJob { key, task, bytes, version } = job;
    let kept = Kept { version, bytes: buffer[..bytes].to_vec() };
    let work = match task {
        StoreTask::Load(name) => Work::Load(name.as_str().to_owned()),
        StoreTask::Save(name) => Work::Write(Change::Save(name.as_str().to_owned(), kept)),
        StoreTask::Record { id, kind } => Work::Write(Change::Record { id, kind, kept }),
        StoreTask::SaveRoom(room) => Work::Write(Change::SaveRoom(room, kept)),
        StoreTask::ForgetRoom(room) => Work::Write(Change::ForgetRoom(room)),
    };
    Order { key, work }
}

impl<C> Drop for Courier<C> {
    /// Waits for the thread: everything is answered by then, unless the node has not ended in good order.
    fn drop(&mut self) {
        self.orders = None;
        self.deliveries.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the store has panicked");
        }
    }
}

impl<'a, G: Game, C: Control<'a, World<'a, G>>> Control<'a, World<'a, G>> for Courier<C> {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
    ) -> NextStep {
        while let Poll::Ready(Some(delivery)) = self.deliveries.poll_recv(cx) {
            self.finish(turn, node, delivery);
        }
        self.inner.poll_control(cx, turn, node)
    }

    fn finish_turn(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, World<'a, G>>,
    ) {
        self.inner.finish_turn(cx, turn, node);
        self.hand_out(turn, node);
    }

    fn may_end(&self, node: &Node<'a, World<'a, G>>) -> bool {
        node.role().is_all_kept() && self.inner.may_end(node)
    }
}

/// What works on the thread.
struct Clerk {
    store: Box<dyn Store>,
    outcomes: mpsc::Sender<Delivery>,
    clock: Clock,
    complaints: RateLimitedLog,
}

impl Clerk {
    fn new(store: Box<dyn Store>, outcomes: mpsc::Sender<Delivery>) -> Self {
        Self { store, outcomes, clock: Clock::start(), complaints: RateLimitedLog::default() }
    }

    /// Works until nobody sends any more.
    fn serve(mut self, work: &Receiver<Order>) {
        let (mut keys, mut changes) = (Vec::new(), Vec::new());
        while let Ok(first) = work.recv() {
            for Order { key, work } in std::iter::once(first).chain(work.try_iter()) {
                match work {
                    Work::Write(change) => {
                        keys.push(key);
                        changes.push(change);
                    }
                    Work::Load(name) => {
                        // It finds what was to be written before.
                        self.write(&mut keys, &mut changes);
                        self.load(key, &name);
                    }
                }
                if changes.len() >= BATCH_MAX {
                    self.write(&mut keys, &mut changes);
                }
            }
            self.write(&mut keys, &mut changes);
        }
    }

    fn write(&mut self, keys: &mut Vec<JobKey>, changes: &mut Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let written = self.store.write(changes);
        changes.clear();
        let is_done = written.map_err(|error| self.complain("nothing was kept", &error)).is_ok();
        for key in keys.drain(..) {
            self.deliver(key, if is_done { Outcome::Done } else { Outcome::Failed });
        }
    }

    fn load(&mut self, key: JobKey, name: &str) {
        let outcome = match self.store.load(name) {
            Ok(Some(kept)) => Outcome::Found(kept),
            Ok(None) => Outcome::Done,
            Err(error) => {
                self.complain("nothing was loaded", &error);
                Outcome::Failed
            }
        };
        self.deliver(key, outcome);
    }

    fn deliver(&self, key: JobKey, outcome: Outcome) {
        // Whoever does not wait for it any more has ended.
        let _ = self.outcomes.blocking_send(Delivery { key, outcome });
    }

    fn complain(&mut self, what: &str, error: &StoreError) {
        if let Some(count) = self.complaints.admit(self.clock.now()) {
            tracing::error!("{what}: {error} ({count} since the last line)");
        }
    }
}

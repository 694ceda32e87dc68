//! `ReadyQueue`: which connections the runtime has woken, without a task for each.
//!
//! tokio wakes a connection through the waker that it was last polled with. Here that waker is three
//! words: it lists its connection once and wakes the driver, which is the only task.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// The woken connections of one driver.
#[derive(Default)]
pub(super) struct ReadyQueue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    woken: Vec<u16>,
    driver: Option<Waker>,
    /// The driver has had its turn, and is to be woken.
    is_resting: bool,
}

/// Wakes the driver for one connection's sake.
struct ConnectionWaker {
    index: u16,
    is_listed: AtomicBool,
    queue: Arc<ReadyQueue>,
}

/// The two ends of a connection's waker.
#[derive(Clone)]
pub(super) struct ConnectionSignal {
    source: Arc<ConnectionWaker>,
    pub(super) waker: Waker,
}

impl ConnectionSignal {
    pub(super) fn new(index: u16, queue: &Arc<ReadyQueue>) -> Self {
        let source = Arc::new(ConnectionWaker {
            index,
            is_listed: AtomicBool::new(false),
            queue: Arc::clone(queue),
        });
        Self { waker: Waker::from(Arc::clone(&source)), source }
    }

    /// From now on a wake lists the connection again. Before it is polled, or a wake is lost.
    pub(super) fn rearm(&self) {
        self.source.is_listed.store(false, Ordering::Release);
    }

    /// Lists the connection, as the runtime would.
    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_listed.swap(true, Ordering::AcqRel) {
            self.queue.push(self.index);
        }
    }
}

impl ReadyQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        // The lock is held for a push or a swap only; neither leaves it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, index: u16) {
        let mut state = self.state();
        state.woken.push(index);
        if std::mem::take(&mut state.is_resting)
            && let Some(driver) = &state.driver
        {
            driver.wake_by_ref();
        }
    }

    /// Moves the woken connections into `batch`, which is empty.
    pub(super) fn take_into(&self, batch: &mut Vec<u16>) {
        std::mem::swap(&mut self.state().woken, batch);
    }

    /// The driver has had its turn: from now on a wake is for `driver`. `false` if a connection has
    /// been woken during the turn, so that there is no resting.
    pub(super) fn rest(&self, driver: &Waker) -> bool {
        let mut state = self.state();
        match &mut state.driver {
            Some(known) => known.clone_from(driver),
            none => *none = Some(driver.clone()),
        }
        state.is_resting = state.woken.is_empty();
        state.is_resting
    }
}

/// Has the task polled again after the runtime has looked at its sockets.
pub(super) fn yield_to_sockets(cx: &mut Context<'_>) {
    let yielding = std::pin::pin!(tokio::task::yield_now());
    // It is pending once, which is all that is wanted of it.
    let _ = yielding.poll(cx);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_listed_once_until_it_is_rearmed() {
        let queue = Arc::new(ReadyQueue::default());
        let signal = ConnectionSignal::new(7, &queue);
        signal.wake();
        signal.wake();
        let mut batch = Vec::new();
        queue.take_into(&mut batch);
        assert_eq!(batch, [7]);
        batch.clear();
        signal.wake();
        queue.take_into(&mut batch);
        assert!(batch.is_empty());
        signal.rearm();
        signal.wake();
        queue.take_into(&mut batch);
        assert_eq!(batch, [7]);
    }

    #[test]
    fn a_wake_during_the_turn_leaves_no_rest() {
        let queue = Arc::new(ReadyQueue::default());
        let signal = ConnectionSignal::new(7, &queue);
        assert!(queue.rest(Waker::noop()));
        signal.wake();
        assert!(!queue.rest(Waker::noop()));
        queue.take_into(&mut Vec::new());
        assert!(queue.rest(Waker::noop()));
    }
}

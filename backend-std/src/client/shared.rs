//! `Shared`: what a session and its two threads know of each other.
//!
//! Contract: one lock, held for a copy and never for a call that waits. A thread belongs to one
//! attempt to connect; when the session has gone on to the next one, or has given up, the thread is
//! stale: what it reports is not heard, and it ends.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::Socket;
use tinyrealm_core::net::{CloseCode, NetErrorKind, NetState};

use super::ended::Ended;
use super::queue::{Inbox, Outbox};
use super::transport::Masks;

/// What stays free of the outbox for goodbyes and answers to pings.
pub(super) const CONTROL_RESERVE_BYTES: usize = 512;

/// What the writing thread has to do, besides writing what there is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Wait for more.
    Send,
    /// Nothing more comes from us: wait for the peer's end until the deadline.
    Close,
    /// Nothing more comes from either side: end it.
    Flush,
    /// End it at once.
    Stop,
}

/// What both threads and the session share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Written under the lock, read without it.
    visible: AtomicU8,
    sender_wakes: Condvar,
    receiver_wakes: Condvar,
}

pub(super) struct State {
    pub(super) attempt: u32,
    pub(super) order: Order,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox,
    pub(super) masks: Masks,
    /// As long as the longest body: what does not fit here never fits.
    pub(super) scratch: Box<[u8]>,
    /// Which of the offered sub-protocols the peer has chosen.
    pub(super) protocol: Option<u8>,
    /// The connection stands, which may not have been told yet.
    pub(super) is_opened: bool,
    /// What is received is of no interest any more.
    pub(super) is_discarding: bool,
    /// The connection is over, which is still to be told.
    pub(super) ended: Option<Ended>,
    /// What the caller has closed with.
    pub(super) closing: Option<(CloseCode, String)>,
    /// When the end has to have come, if it was asked for.
    pub(super) deadline: Instant,
    /// What has to be broken off to wake the threads.
    pub(super) socket: Option<Arc<Socket>>,
    is_sender_waiting: bool,
    is_receiver_waiting: bool,
}

impl Shared {
    pub(super) fn new(outbox: Outbox, inbox: Inbox, frame_limit_bytes: u32) -> Self {
        let state = State {
            attempt: 0,
            order: Order::Stop,
            outbox,
            inbox,
            masks: Masks::new(),
            scratch: vec![0; frame_limit_bytes as usize].into(),
            protocol: None,
            is_opened: false,
            is_discarding: false,
            ended: None,
            closing: None,
            deadline: Instant::now(),
            socket: None,
            is_sender_waiting: false,
            is_receiver_waiting: false,
        };
        Self {
            state: Mutex::new(state),
            visible: AtomicU8::new(NetState::Idle as u8),
            sender_wakes: Condvar::new(),
            receiver_wakes: Condvar::new(),
        }
    }

    /// A caller's `encode` that panics leaves the outbox as it was.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the session is, as its caller has been told.
    pub(super) fn visible(&self) -> NetState {
        const STATES: [NetState; 6] = [
            NetState::Idle,
            NetState::Connecting,
            NetState::Waiting,
            NetState::Open,
            NetState::Closing,
            NetState::Closed,
        ];
        let index = usize::from(self.visible.load(Ordering::Acquire));
        STATES.get(index).copied().unwrap_or_default()
    }

    /// To be called with the lock.
    pub(super) fn show(&self, _: &mut State, visible: NetState) {
        self.visible.store(visible as u8, Ordering::Release);
    }

    /// The writing thread has something to do.
    pub(super) fn wake_sender(&self, state: &mut State) {
        if std::mem::take(&mut state.is_sender_waiting) {
            self.sender_wakes.notify_one();
        }
    }

    /// The reading thread has room again, or nothing more to wait for.
    pub(super) fn wake_receiver(&self, state: &mut State) {
        if std::mem::take(&mut state.is_receiver_waiting) {
            self.receiver_wakes.notify_one();
        }
    }

    /// The writing thread waits, for `patience` at most.
    pub(super) fn wait_as_sender<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        patience: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        state.is_sender_waiting = true;
        let Some(patience) = patience else {
            return self.sender_wakes.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        let waited = self.sender_wakes.wait_timeout(state, patience);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The reading thread waits for room.
    pub(super) fn wait_as_receiver<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
    ) -> MutexGuard<'s, State> {
        state.is_receiver_waiting = true;
        self.receiver_wakes.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every thread of this attempt stale, and wakes it.
    pub(super) fn abandon(&self, state: &mut State) {
        state.attempt = state.attempt.wrapping_add(1);
        state.break_off();
        self.wake_sender(state);
        self.wake_receiver(state);
    }

    /// Begins the next attempt and answers its number.
    pub(super) fn begin(&self, state: &mut State) -> u32 {
        self.abandon(state);
        state.order = Order::Stop;
        state.outbox.clear();
        state.inbox.clear();
        state.is_opened = false;
        state.protocol = None;
        state.is_discarding = false;
        state.ended = None;
        state.closing = None;
        self.show(state, NetState::Connecting);
        state.attempt
    }

    /// The reading thread has come to its end.
    pub(super) fn end(&self, attempt: u32, ended: Ended) {
        let mut state = self.lock();
        if state.attempt != attempt {
            return;
        }
        state.ended.get_or_insert(ended);
        if state.order != Order::Flush {
            state.order = Order::Stop;
        }
        state.socket = None;
        self.wake_sender(&mut state);
    }
}

impl State {
    /// Whether the end was asked for, and should have come by now.
    pub(super) fn is_overdue(&self) -> bool {
        matches!(self.order, Order::Close | Order::Flush) && Instant::now() >= self.deadline
    }

    /// The peer has had its time.
    pub(super) fn give_up(&mut self) {
        let text = "the peer has not closed its side in time";
        self.ended.get_or_insert_with(|| Ended::failed(NetErrorKind::CloseTimeout, text));
    }

    /// Wakes whoever reads, writes or connects.
    pub(super) fn break_off(&mut self) {
        if let Some(socket) = self.socket.take() {
            // It may not be connected, or not any more.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

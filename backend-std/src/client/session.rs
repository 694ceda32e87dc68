//! `ThreadedSession`: a session whose connection is run by threads.
//!
//! Contract: the caller's side of [the module](super). The state that a caller sees changes in its own
//! calls alone: in `connect`, `close` and `tick`.

use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::backoff::Backoff;
use tinyrealm_core::net::{
    CloseCode, NetError, NetErrorKind, NetHandler, NetOutbound, NetSender, NetSession,
    NetSessionId, NetState, TICK_BYTES_MAX, TICK_EVENTS_MAX,
};
use tinyrealm_core::protocol::{Encode, SendError};
use tinyrealm_core::wire::ws::header::HEADER_MAX_BYTES;

use super::ended::Ended;
use super::options::NetOptions;
use super::plan::Plan;
use super::queue::{Inbox, Outbox};
use super::receive;
use super::shared::{CONTROL_RESERVE_BYTES, Order, Shared, State};
use super::transport::{Transport, random};

/// How much later than its thread a session gives up connecting: the thread knows what it waits for.
const CONNECT_GRACE: Duration = Duration::from_millis(250);
/// An end may be two events: an error and the end itself.
const END_EVENTS: usize = 2;

/// The sending half of a [`ThreadedSession`]; may be sent from any thread.
pub struct ThreadedHandle<T> {
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    transport: PhantomData<fn() -> T>,
}

impl<T> Clone for ThreadedHandle<T> {
    fn clone(&self) -> Self {
        let (shared, plan) = (Arc::clone(&self.shared), Arc::clone(&self.plan));
        Self { shared, plan, transport: PhantomData }
    }
}

/// A session whose connection is run by threads.
#[allow(private_bounds, reason = "the transports are the connectors' own")]
pub struct ThreadedSession<T: Transport> {
    handle: ThreadedHandle<T>,
    inbox: Inbox,
    backoff: Option<Backoff>,
    connect_deadline: Instant,
    retry_at: Instant,
    last_error: String,
}

#[allow(private_bounds, reason = "the transports are the connectors' own")]
impl<T: Transport> ThreadedSession<T> {
    pub(super) fn new(plan: Plan) -> Self {
        let NetOptions { frame_limit_bytes, send_queue_bytes, receive_queue_bytes, .. } =
            plan.options;
        let longest = HEADER_MAX_BYTES + frame_limit_bytes as usize;
        let outbox = Outbox::new(send_queue_bytes.max(longest) + CONTROL_RESERVE_BYTES);
        let inbox = Inbox::new(receive_queue_bytes, frame_limit_bytes);
        let shared = Arc::new(Shared::new(outbox, inbox, frame_limit_bytes));
        Self {
            inbox: Inbox::new(receive_queue_bytes, frame_limit_bytes),
            backoff: plan.options.reconnect.clone(),
            connect_deadline: Instant::now(),
            retry_at: Instant::now(),
            last_error: String::new(),
            handle: ThreadedHandle { shared, plan: Arc::new(plan), transport: PhantomData },
        }
    }

    /// The sub-protocol that the peer has chosen, of those that were offered.
    pub fn sub_protocol(&self) -> Option<&str> {
        let chosen = self.handle.shared.lock().protocol?;
        self.handle.plan.sub_protocols.get(usize::from(chosen)).map(String::as_str)
    }

    fn begin(&mut self) {
        let ThreadedHandle { shared, plan, .. } = &self.handle;
        let patience = Duration::from_millis(u64::from(plan.options.connect_timeout_ms));
        self.connect_deadline = Instant::now() + patience + CONNECT_GRACE;
        self.inbox.clear();
        let mut state = shared.lock();
        let attempt = shared.begin(&mut state);
        let (its_shared, its_plan) = (Arc::clone(shared), Arc::clone(plan));
        let spawned = thread::Builder::new()
            .name("net-receive".to_owned())
            .spawn(move || receive::run::<T>(&its_shared, &its_plan, attempt));
        if let Err(error) = spawned {
            state.ended = Some(Ended::failed(NetErrorKind::Resources, error.to_string()));
        }
    }

    /// Tells of the opening, when it has come; tries again, when it is time.
    fn tell_opening(&mut self, handler: &mut dyn NetHandler) -> usize {
        let shared = &self.handle.shared;
        match shared.visible() {
            NetState::Waiting if Instant::now() >= self.retry_at => {
                self.begin();
                return 0;
            }
            NetState::Connecting => {}
            _ => return 0,
        }
        let mut state = shared.lock();
        if !state.is_opened {
            if state.ended.is_none() && Instant::now() >= self.connect_deadline {
                // The thread may hang where nothing can break it off: in a resolver.
                let text = "nobody has answered in time";
                state.ended = Some(Ended::failed(NetErrorKind::Connect, text));
                shared.abandon(&mut state);
            }
            return 0;
        }
        shared.show(&mut state, NetState::Open);
        drop(state);
        if let Some(backoff) = &mut self.backoff {
            backoff.reset();
        }
        let mut sender = NetSender::new(&mut self.handle);
        handler.on_open(&mut sender);
        note(&mut self.last_error, sender.failure());
        1
    }

    fn tell_frames(&mut self, handler: &mut dyn NetHandler, mut told: usize) -> usize {
        let mut told_bytes = 0;
        while told < TICK_EVENTS_MAX && self.handle.state() == NetState::Open {
            if self.inbox.is_empty() && !self.refill() {
                break;
            }
            let next_bytes = self.inbox.next_bytes().unwrap_or_default();
            if told_bytes > 0 && told_bytes + next_bytes > TICK_BYTES_MAX {
                break;
            }
            told_bytes += next_bytes;
            if let Some(body) = self.inbox.pop() {
                let mut sender = NetSender::new(&mut self.handle);
                handler.on_frame(&mut sender, body);
                note(&mut self.last_error, sender.failure());
                told += 1;
            }
        }
        told
    }

    /// Fetches what has come; answers whether that is anything.
    fn refill(&mut self) -> bool {
        let shared = &self.handle.shared;
        let mut state = shared.lock();
        if state.inbox.is_empty() {
            return false;
        }
        self.inbox.refill_from(&mut state.inbox);
        shared.wake_receiver(&mut state);
        true
    }

    /// Tells of the end, when it has come and everything before it was told.
    fn tell_end(&mut self, handler: &mut dyn NetHandler) -> usize {
        let visible = self.handle.state();
        if !matches!(visible, NetState::Connecting | NetState::Open | NetState::Closing) {
            return 0;
        }
        let Some(ended) = self.take_end(visible) else { return 0 };
        let retry_ms = match &mut self.backoff {
            Some(backoff) if visible != NetState::Closing && ended.code.may_come_back() => {
                let mut bytes = [0; 4];
                random(&mut bytes);
                Some(backoff.next_delay_ms(u32::from_ne_bytes(bytes)))
            }
            _ => None,
        };
        let next = if retry_ms.is_some() { NetState::Waiting } else { NetState::Closed };
        let shared = &self.handle.shared;
        shared.show(&mut shared.lock(), next);
        let retried = retry_ms.map(|_| NetErrorKind::Lost);
        let mut told = 0;
        if let Some(kind) = ended.error.or(retried) {
            self.last_error.clear();
            self.last_error.push_str(&ended.reason);
            if ended.reason.is_empty() {
                self.last_error = format!("the peer has closed with {}", ended.code.0);
            }
            handler.on_error(NetError { kind, text: &self.last_error });
            told += 1;
        }
        match retry_ms {
            Some(ms) => self.retry_at = Instant::now() + Duration::from_millis(u64::from(ms)),
            None => {
                handler.on_close(ended.code, &ended.reason);
                told += 1;
            }
        }
        told
    }

    fn take_end(&self, visible: NetState) -> Option<Ended> {
        let shared = &self.handle.shared;
        let mut state = shared.lock();
        if visible == NetState::Closing {
            if state.is_overdue() {
                state.give_up();
                shared.abandon(&mut state);
            }
        } else if !self.inbox.is_empty() || !state.inbox.is_empty() {
            return None;
        }
        state.ended.take()
    }
}

/// Keeps what a handler has found wrong.
fn note(last_error: &mut String, failure: Option<&'static str>) {
    if let Some(text) = failure {
        last_error.clear();
        last_error.push_str(text);
    }
}

impl<T: Transport> NetOutbound for ThreadedHandle<T> {
    fn session_id(&self) -> NetSessionId {
        self.plan.id
    }

    fn state(&self) -> NetState {
        self.shared.visible()
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        let mut state = self.shared.lock();
        if self.shared.visible() != NetState::Open || state.order != Order::Send {
            return Err(SendError::Closed);
        }
        let State { outbox, masks, scratch, .. } = &mut *state;
        let room = outbox.room(CONTROL_RESERVE_BYTES);
        let Ok(used) = T::write_frame(room, scratch.len(), masks, encode) else {
            // What fits nowhere will not fit later either.
            let will_fit = encode(scratch).is_ok();
            return Err(if will_fit { SendError::Full } else { SendError::TooLong });
        };
        outbox.commit(used);
        self.shared.wake_sender(&mut state);
        Ok(())
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        let shared = &self.shared;
        let mut state = shared.lock();
        match shared.visible() {
            NetState::Idle | NetState::Closing | NetState::Closed => return,
            NetState::Connecting | NetState::Waiting => {
                let reason = "closed before it was open";
                state.ended = Some(Ended::closed(CloseCode::ABNORMAL, reason));
                shared.abandon(&mut state);
            }
            NetState::Open => {
                state.is_discarding = true;
                if state.order == Order::Send {
                    let State { outbox, masks, .. } = &mut *state;
                    let used = T::write_close(outbox.room(0), masks, code, reason);
                    outbox.commit(used);
                    state.order = Order::Close;
                    state.deadline = self.plan.close_deadline();
                    state.closing = Some((code, reason.to_owned()));
                }
                shared.wake_sender(&mut state);
                shared.wake_receiver(&mut state);
            }
        }
        shared.show(&mut state, NetState::Closing);
    }
}

impl<T: Transport> NetOutbound for ThreadedSession<T> {
    fn session_id(&self) -> NetSessionId {
        self.handle.session_id()
    }

    fn state(&self) -> NetState {
        self.handle.state()
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        self.handle.send_body(encode)
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        self.handle.close(code, reason);
    }
}

impl<T: Transport> NetSession for ThreadedSession<T> {
    type Handle = ThreadedHandle<T>;

    fn handle(&self) -> Self::Handle {
        self.handle.clone()
    }

    fn url(&self) -> &str {
        &self.handle.plan.url
    }

    fn last_error(&self) -> &str {
        &self.last_error
    }

    fn connect(&mut self) {
        if matches!(self.state(), NetState::Idle | NetState::Closed) {
            self.backoff.clone_from(&self.handle.plan.options.reconnect);
            self.begin();
        }
    }

    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize {
        let opening = self.tell_opening(handler);
        let told = self.tell_frames(handler, opening);
        if told + END_EVENTS > TICK_EVENTS_MAX {
            return told;
        }
        told + self.tell_end(handler)
    }
}

/// The threads go on until the peer has answered the goodbye, or for as long as it may take.
impl<T: Transport> Drop for ThreadedSession<T> {
    fn drop(&mut self) {
        self.handle.close(CloseCode::GOING_AWAY, "");
    }
}

//! The reading thread: finds the peer, greets it, then decodes what comes into the inbox.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::Socket;
use tinyrealm_core::net::{CloseCode, NetErrorKind, NetState, NetUrl};

use super::dial::dial;
use super::ended::Ended;
use super::keep_alive::{Due, Watch};
use super::link::Link;
use super::pause::is_pause;
use super::plan::Plan;
use super::send;
use super::shared::{Order, Shared, State};
use super::transport::{Opened, Received, Transport};
#[cfg(feature = "tls")]
use crate::trust::{HTTP, OWN};

/// What one read takes at most.
const READ_BYTES: usize = 64 * 1_024;

/// A connection that stands.
struct Greeted<T> {
    link: Arc<Link>,
    transport: T,
    buffer: Box<[u8]>,
    /// Bytes of `buffer` that came with the greeting.
    leftover: Range<usize>,
    watch: Watch,
}

/// Connects and reads until the connection is over, then reports why.
pub(super) fn run<T: Transport>(shared: &Arc<Shared>, plan: &Plan, attempt: u32) {
    let ended = match greet::<T>(shared, plan, attempt) {
        Ok(greeted) => receive(shared, plan, attempt, greeted),
        Err(ended) => ended,
    };
    shared.end(attempt, ended);
}

fn greet<T: Transport>(
    shared: &Arc<Shared>,
    plan: &Plan,
    attempt: u32,
) -> Result<Greeted<T>, Ended> {
    let options = &plan.options;
    let deadline = Instant::now() + Duration::from_millis(u64::from(options.connect_timeout_ms));
    let url = NetUrl::parse(&plan.url)
        .map_err(|error| Ended::failed(NetErrorKind::Resolve, error.text()))?;
    let socket = dial(&url, options, deadline, || shared.lock().attempt == attempt)?;
    let socket = Arc::new(socket);
    let mut state = shared.lock();
    if state.attempt == attempt {
        // From now on breaking it off is what wakes this thread.
        state.socket = Some(Arc::clone(&socket));
    }
    drop(state);
    let link = secure(plan, &url, socket, deadline)?;
    let mut buffer: Box<[u8]> = vec![0; READ_BYTES].into();
    let Opened { transport, leftover, protocol } =
        T::open(&link, &url, plan, deadline, &mut buffer)?;
    let watch = Watch::begin(options.keep_alive, Instant::now());
    link.set_read_timeout(watch.patience()).map_err(|error| Ended::lost(&error))?;
    let link = Arc::new(link);
    start_sender::<T>(shared, attempt, &link, protocol)?;
    Ok(Greeted { link, transport, buffer, leftover, watch })
}

/// The socket as it is, or with TLS over it.
#[cfg(feature = "tls")]
fn secure(
    plan: &Plan,
    url: &NetUrl<'_>,
    socket: Arc<Socket>,
    deadline: Instant,
) -> Result<Link, Ended> {
    let protocol = match url.scheme {
        "wss" => HTTP,
        "tls" => OWN,
        _ => return Ok(Link::Plain(socket)),
    };
    let link = super::tls::TlsLink::open(socket, (url.host, protocol), &plan.trust, deadline)?;
    Ok(Link::Tls(Box::new(link)))
}

/// Without the feature `tls` no connector takes an address that would need it.
#[cfg(not(feature = "tls"))]
fn secure(_: &Plan, _: &NetUrl<'_>, socket: Arc<Socket>, _: Instant) -> Result<Link, Ended> {
    Ok(Link::Plain(socket))
}

/// The connection stands: from now on there are two threads.
fn start_sender<T: Transport>(
    shared: &Arc<Shared>,
    attempt: u32,
    link: &Arc<Link>,
    protocol: Option<u8>,
) -> Result<(), Ended> {
    let mut state = shared.lock();
    if state.attempt != attempt || shared.visible() != NetState::Connecting {
        return Err(Ended::closed(CloseCode::ABNORMAL, ""));
    }
    let own = state.outbox.sibling();
    let (for_sender, its_link) = (Arc::clone(shared), Arc::clone(link));
    let spawned = thread::Builder::new().name("net-send".to_owned()).spawn(move || {
        send::run(&for_sender, &its_link, attempt, own, T::SHUTS_ITS_SIDE);
    });
    spawned.map_err(|error| Ended::failed(NetErrorKind::Resources, error.to_string()))?;
    state.order = Order::Send;
    state.is_opened = true;
    state.protocol = protocol;
    Ok(())
}

fn receive<T: Transport>(shared: &Shared, plan: &Plan, attempt: u32, greeted: Greeted<T>) -> Ended {
    let Greeted { link, mut transport, mut buffer, leftover, mut watch } = greeted;
    let mut filled = leftover;
    loop {
        if let Some(ended) = deliver(shared, plan, attempt, &mut transport, &buffer[filled]) {
            return ended;
        }
        filled = match link.read(&mut buffer) {
            Ok(0) => {
                let state = shared.lock();
                let closing = state.closing.as_ref();
                return transport.end_of_stream(closing.map(|(code, text)| (*code, text.as_str())));
            }
            Ok(count) => {
                if watch.hear(Instant::now()) {
                    let _ = link.set_read_timeout(watch.patience());
                }
                0..count
            }
            Err(error) if is_pause(&error) => {
                match watch.look(Instant::now()) {
                    Due::Nothing => {}
                    Due::Ask => ask::<T>(shared, attempt),
                    Due::Lost(text) => return Ended::failed(NetErrorKind::Lost, text),
                }
                let _ = link.set_read_timeout(watch.patience());
                0..0
            }
            Err(error) => return Ended::lost(&error),
        };
    }
}

/// Asks the peer whether it is there. Where there is no room for that it does not read either.
fn ask<T: Transport>(shared: &Shared, attempt: u32) {
    let mut state = shared.lock();
    if state.attempt != attempt || state.order != Order::Send {
        return;
    }
    let State { outbox, masks, .. } = &mut *state;
    let used = T::write_ping(outbox.room(PONG_RESERVE_BYTES), masks);
    outbox.commit(used);
    shared.wake_sender(&mut state);
}

/// Takes everything out of `input`; answers why there will be no more, if so.
fn deliver<T: Transport>(
    shared: &Shared,
    plan: &Plan,
    attempt: u32,
    transport: &mut T,
    mut input: &[u8],
) -> Option<Ended> {
    let mut state = shared.lock();
    if state.attempt != attempt || state.ended.is_some() {
        // Given up: a socket that is shut still reads what a peer floods it with.
        return Some(Ended::closed(CloseCode::ABNORMAL, ""));
    }
    loop {
        match transport.next(&mut input) {
            Received::NeedMore => return None,
            Received::Nothing => {}
            Received::Body(body) => {
                while state.attempt == attempt
                    && !state.is_discarding
                    && state.inbox.push(body).is_err()
                {
                    state = shared.wait_as_receiver(state);
                }
                if state.attempt != attempt {
                    return Some(Ended::closed(CloseCode::ABNORMAL, ""));
                }
            }
            Received::Ping(payload) if state.order == Order::Send => {
                let State { outbox, masks, .. } = &mut *state;
                // Without room there is no answer: only the newest ping is owed one anyway.
                let used = T::write_pong(outbox.room(PONG_RESERVE_BYTES), masks, payload);
                outbox.commit(used);
                shared.wake_sender(&mut state);
            }
            Received::Ping(_) => {}
            Received::Close(code, reason) => {
                say_goodbye::<T>(shared, plan, attempt, &mut state, code);
                return Some(Ended::closed(code, reason));
            }
            Received::Invalid(code, text) => {
                say_goodbye::<T>(shared, plan, attempt, &mut state, code);
                let text = format!("the peer broke the protocol: {text}");
                let ended = Ended::failed(NetErrorKind::Protocol, text);
                return Some(Ended { code, ..ended });
            }
        }
    }
}

/// Room that pongs leave for the goodbye.
const PONG_RESERVE_BYTES: usize = super::shared::CONTROL_RESERVE_BYTES / 2;

/// The last thing that the peer hears, unless it has heard it already.
fn say_goodbye<T: Transport>(
    shared: &Shared,
    plan: &Plan,
    attempt: u32,
    state: &mut State,
    code: CloseCode,
) {
    if state.attempt != attempt || state.order != Order::Send {
        return;
    }
    let State { outbox, masks, .. } = state;
    let used = T::write_close(outbox.room(0), masks, code, "");
    outbox.commit(used);
    state.order = Order::Flush;
    state.deadline = plan.close_deadline();
    shared.wake_sender(state);
}

//! The tokio driver: runs any node of the core on a current-thread runtime.
//!
//! Purpose: a driver is one future, and the only task of its node. The runtime wakes it when any of
//! the node's [`Sockets`] has news; each turn it serves the connections that have some, lets time act,
//! writes what the node has to send, and does what the node asks of its transports.
//!
//! Contract: a turn hands the node everything that has come before anything is written, so one flush
//! answers all of it. A flush is one pass with one non-blocking vectored write a session: no task is
//! woken, no timer armed and no byte copied for it. A full socket is passed over until it drains.
//!
//! Bounds: one read buffer a node; [`READS_PER_TURN`] reads a connection and [`ACCEPTS_PER_TURN`]
//! accepts before everyone else has a turn; the node bounds the rest.
//!
//! ```text
//!  socket ─── read ────► buffer ─► node.handle_received ─► role … ring, queues
//!  socket ◄ writev ◄──── slices ◄─ node.poll_transmit ◄─────────────┘
//! ```

mod accepting;
mod arrivals;
mod connection;
mod control;
mod dial;
mod handing_over;
mod inbound;
mod places;
mod sockets;
mod text_stream;
pub mod tls;

pub use arrivals::ARRIVALS_MAX;
pub use control::{Control, NextStep};
pub use dial::{DialOptions, Scheme};
pub use handing_over::{Elsewhere, HandedOver};
pub use sockets::{EVENTS_PER_LOOK, Sockets};
pub use text_stream::TextStream;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::{Node, Request, Role};
use tinyrealm_core::rate_limited_log::RateLimitedLog;
use tinyrealm_core::session::SessionKey;
use tinyrealm_core::time::Instant;
use tokio::task::JoinSet;
use tokio::time::Sleep;

use crate::clock::Clock;
use crate::entropy::OsEntropy;
use crate::proxies::TrustedProxies;
use arrivals::Arrivals;
use connection::{Layer, Scratch};
use dial::{Dialed, Unreached, dial};
use places::{Link, Place, Places};
use sockets::{News, Source, Watch};
use tls::{Greetings, TlsOptions};

/// Reads of one connection before the others have their turn.
pub const READS_PER_TURN: usize = 4;
/// Connections accepted before the others have their turn.
pub const ACCEPTS_PER_TURN: usize = 64;

const READ_BUFFER_BYTES: usize = 64 * 1024;
/// How long accepting rests when the process has no file descriptor left.
const ACCEPT_REST_MS: u32 = 100;

/// Options of a driver's sockets.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct SocketOptions {
    /// The kernel's send buffer of one connection, in bytes; 0 for the system's own choice.
    pub send_buffer_bytes: usize,
}

/// Runs one node; see the [module](self).
pub struct Driver<'a, R> {
    node: Node<'a, R>,
    sockets: Sockets,
    arrivals: Arrivals,
    /// Set while accepting rests.
    accept_again_at: Option<Instant>,
    places: Places,
    batch: Vec<u16>,
    dials: JoinSet<(SessionKey, Result<Dialed, Unreached>)>,
    dialing: DialOptions,
    /// A dial has begun in this turn.
    has_dialed: bool,
    dial_log: RateLimitedLog,
    /// Of those who have sent more than there are buffers for.
    stuck_log: RateLimitedLog,
    /// Who we are for whoever asks by TLS, and who has to.
    tls: Option<TlsOptions>,
    greetings: Greetings,
    /// What somebody else serves at this port.
    elsewhere: Option<Elsewhere>,
    scratch: Scratch,
    /// What records had in them.
    text: Vec<u8>,
    buffer: Box<[u8]>,
    clock: Clock,
    entropy: Box<dyn Entropy + Send>,
    sleep: Option<Pin<Box<Sleep>>>,
    options: SocketOptions,
    is_shutting_down: bool,
}

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// A driver for the node that `make` makes, on `sockets`.
    pub fn new(
        sockets: Sockets,
        options: SocketOptions,
        make: impl FnOnce(&mut Turn<'_>) -> Node<'a, R>,
    ) -> Self {
        Self::with_entropy(sockets, options, Box::new(OsEntropy), make)
    }

    /// [`Driver::new`] with randomness from elsewhere than the operating system: for tests.
    pub fn with_entropy(
        sockets: Sockets,
        options: SocketOptions,
        mut entropy: Box<dyn Entropy + Send>,
        make: impl FnOnce(&mut Turn<'_>) -> Node<'a, R>,
    ) -> Self {
        let clock = Clock::start();
        let node = make(&mut Turn { now: clock.now(), entropy: &mut *entropy });
        Self {
            sockets,
            arrivals: Arrivals::default(),
            accept_again_at: None,
            places: Places::with_capacity(node.sessions().capacity()),
            batch: Vec::new(),
            dials: JoinSet::new(),
            dialing: DialOptions::default(),
            has_dialed: false,
            dial_log: RateLimitedLog::default(),
            stuck_log: RateLimitedLog::default(),
            tls: None,
            greetings: Greetings::default(),
            elsewhere: None,
            scratch: Scratch::default(),
            text: Vec::new(),
            buffer: vec![0; READ_BUFFER_BYTES].into_boxed_slice(),
            clock,
            entropy,
            sleep: None,
            options,
            is_shutting_down: false,
            node,
        }
    }

    /// The same driver, which believes these proxies: nobody, unless it is told. One may take as long to say whom it speaks for as a
    /// peer may to prove who it is.
    #[must_use]
    pub fn behind_proxies(mut self, trusted: TrustedProxies) -> Self {
        self.arrivals = Arrivals::of(trusted);
        self
    }

    /// The same driver, which speaks TLS with whoever begins so.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsOptions) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The same driver, which hands over who asks for what is served elsewhere.
    #[must_use]
    pub fn handing_over(mut self, elsewhere: Elsewhere) -> Self {
        self.elsewhere = Some(elsewhere);
        self
    }

    /// The same driver, which reaches others so; in clear, unless it is told.
    #[must_use]
    pub fn dialing(mut self, options: DialOptions) -> Self {
        self.dialing = options;
        self
    }

    /// Runs until `control` wants to shut down, every peer has been told, and `control` has nothing left to do; answers the node. Spawn
    /// it: a task is woken by its own runtime without a system call, a runtime's root is not.
    pub async fn run(mut self, mut control: impl Control<'a, R>) -> Node<'a, R> {
        // The driver shares its time among its connections itself.
        tokio::task::unconstrained(poll_fn(|cx| self.poll_turn(cx, &mut control))).await;
        self.node
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>, control: &mut impl Control<'a, R>) -> Poll<()> {
        // Lent to the turn; what stands in for it meanwhile is nothing on the heap.
        let mut entropy = std::mem::replace(&mut self.entropy, Box::new(OsEntropy));
        let outcome = self.take_turn(
            cx,
            &mut Turn { now: self.clock.now(), entropy: &mut *entropy },
            control,
        );
        self.entropy = entropy;
        outcome
    }

    fn take_turn(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        control: &mut impl Control<'a, R>,
    ) -> Poll<()> {
        self.obey(cx, turn, control);
        let (places, arrivals) = (&mut self.places, &mut self.arrivals);
        self.sockets.look(cx, |source, news| match source {
            Source::Session(index) => places.tell(index, news),
            Source::Arrival(number) => arrivals.tell(number, news.is_ending),
        });
        let has_more_to_accept = self.accept(turn);
        self.admit_arrivals(turn);
        self.finish_dials(cx, turn);
        self.finish_greetings(cx, turn);
        self.serve_woken(turn);
        if self.node.poll_timeout().is_some_and(|at| at <= turn.now) {
            self.node.handle_timeout(turn);
        }
        control.finish_turn(cx, turn, &mut self.node);
        self.transmit(turn);
        self.fulfil_requests(turn);
        let node = &self.node;
        self.places.list_heard(|key| node.is_waiting(key));
        let has_dialed = std::mem::take(&mut self.has_dialed);
        let has_greeted = self.greetings.have_begun();
        if self.node.is_finished() && control.may_end(&self.node) {
            return Poll::Ready(());
        }
        let is_due = self.poll_sleep(cx).is_ready();
        // A dial, and a handshake's step, wake the driver once they have been polled for, which the next turn does.
        if is_due || has_more_to_accept || has_dialed || has_greeted || self.places.has_listed() {
            yield_to_sockets(cx);
        }
        Poll::Pending
    }

    fn obey(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        control: &mut impl Control<'a, R>,
    ) {
        let step = control.poll_control(cx, turn, &mut self.node);
        if step == NextStep::ShutDown && !self.is_shutting_down {
            self.is_shutting_down = true;
            self.sockets.stop_listening();
            self.arrivals.clear();
            self.node.handle_shutdown(turn);
        }
    }

    fn finish_dials(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>) {
        while let Poll::Ready(Some(finished)) = self.dials.poll_join_next(cx) {
            // A dial that was given up is cancelled: its session is gone.
            let Ok((key, dialed)) = finished else { continue };
            if self.node.sessions().get(key).is_none() {
                continue;
            }
            match dialed {
                Ok(Dialed { stream, secure }) => {
                    let stream = mio::net::TcpStream::from_std(stream);
                    self.open(key, stream, Watch::New, Layer::Clear, turn);
                    let Link::Open(connection) = &mut self.places.at(key).link else { continue };
                    connection.is_for_node = true;
                    let text = secure.map(|(session, text)| {
                        connection.secure(session);
                        text
                    });
                    self.node.handle_connected(turn, key);
                    if let Some(text) = text {
                        self.receive(turn, key, &text);
                    }
                }
                Err(Unreached { failure, text }) => {
                    if let Some(count) = self.dial_log.admit(turn.now) {
                        log::warn!("{text} ({count} since the last line)");
                    }
                    self.places.at(key).link = Link::Vacant;
                    self.node.handle_connect_failed(turn, key, failure);
                }
            }
        }
    }

    fn drop_link(&mut self, index: usize) {
        if let Some(place) = self.places.get(index) {
            place.link = Link::Vacant;
        }
    }

    /// Writes what the node has to send, one write a session; answers whether there was any.
    fn transmit(&mut self, turn: &mut Turn<'_>) -> bool {
        let mut has_transmitted = false;
        while let Some(transmit) = self.node.poll_transmit(turn.now) {
            has_transmitted = true;
            let (key, bytes) = (transmit.key(), transmit.bytes());
            let place = self.places.get(usize::from(key.index()));
            let Some(Place { link: Link::Open(connection), .. }) = place else {
                self.node.handle_transmitted(turn.now, 0);
                continue;
            };
            let written = connection.write(&transmit, &mut self.scratch);
            let taken = *written.as_ref().unwrap_or(&0);
            let is_blocked = match taken < bytes || connection.has_outgoing() {
                true => connection.block(&self.sockets),
                false => Ok(()),
            };
            self.node.handle_transmitted(turn.now, taken);
            if written.and(is_blocked).is_err() {
                // A broken connection shows when it is read, which it is at once.
                let ending = News { is_readable: true, is_ending: true, is_writable: false };
                self.places.tell(key.index(), ending);
            }
        }
        has_transmitted
    }

    fn fulfil_requests(&mut self, turn: &mut Turn<'_>) {
        while let Some(request) = self.node.poll_request() {
            match request {
                Request::Connect { key, address } => {
                    let (address, options) = (address.to_owned(), self.dialing.clone());
                    let abort =
                        self.dials.spawn(async move { (key, dial(address, options).await) });
                    self.has_dialed = true;
                    self.places.at(key).link = Link::Dialing(abort);
                }
                Request::Shutdown { key } => {
                    if let Link::Open(connection) = &mut self.places.at(key).link
                        && connection.shut(&self.sockets).is_err()
                    {
                        self.drop_link(usize::from(key.index()));
                        self.node.handle_disconnected(turn, key);
                    }
                }
                Request::Drop { key } => {
                    let place = self.places.at(key);
                    if let Link::Dialing(abort) = &place.link {
                        abort.abort();
                    }
                    place.link = Link::Vacant;
                }
            }
        }
    }

    /// Waits for the node's next deadline; ready if it has passed already.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let others = [self.accept_again_at, self.arrivals.deadline()];
        let Some(at) = others.into_iter().flatten().chain(self.node.poll_timeout()).min() else {
            self.sleep = None;
            return Poll::Pending;
        };
        let deadline = self.clock.to_tokio(at);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}

/// Has the task polled again after the runtime has looked at its sockets.
fn yield_to_sockets(cx: &mut Context<'_>) {
    let yielding = std::pin::pin!(tokio::task::yield_now());
    // It is pending once, which is all that is wanted of it.
    let _ = yielding.poll(cx);
}

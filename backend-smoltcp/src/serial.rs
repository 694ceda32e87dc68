//! The serial driver: a node on a board that has a UART and no network.
//!
//! Purpose: the channels of a line ([`Mux`]) are the node's links, over any `embedded-io-async` stream. At the other end is
//! `tinyrealm serial`: what it opens are the node's players, what the node connects to, it dials.
//!
//! Contract: [`run`] ends only when the node has closed down. Reads and writes that are given up before they end have done nothing,
//! which embassy's drivers promise for their own. Link `n` is channel `n`, so the engine listens on as many links as the line's options say.
//! Main is where the desktop says: a node whose Main is at `0.0.0.0:0` reaches it. Without the other end there is no way anywhere.
//!
//! Bounds: [`READ_BYTES`] on the stack; the rest is the line's.

use core::future::{Future, poll_fn};
use core::net::{Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::{Context, Poll};

use embedded_io_async::{Read, Write};
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::Role;
use tinyrealm_core::session::PeerAddress;
use tinyrealm_core::time::Instant;
pub use tinyrealm_serial::{Channel, ChannelState, End, Mux, Options, Stats};

use crate::bank::{SocketBank, SocketState};
use crate::engine::Engine;

/// Bytes that are read from the stream at once.
pub const READ_BYTES: usize = 64;

/// A board's clock.
pub trait Clock {
    /// The time.
    fn now(&self) -> Instant;

    /// Waits until then.
    fn until(&self, at: Instant) -> impl Future<Output = ()>;
}

/// Runs `engine` over the line until its node has closed down. `act` is called before every turn, for whoever acts on the node
/// from outside; it answers when it wants to be called again at the latest. Waking the task makes a turn.
pub async fn run<'a, R: Role<'a>, S: Read + Write>(
    engine: &mut Engine<'a, R>,
    line: &mut SerialBank<'_, S>,
    clock: &impl Clock,
    entropy: &mut dyn Entropy,
    mut act: impl FnMut(&mut Engine<'a, R>, &mut Turn<'_>) -> Option<Instant>,
) {
    loop {
        let now = clock.now();
        line.now = now;
        let mut turn = Turn { now, entropy };
        let next_act = act(engine, &mut turn);
        engine.turn(&mut turn, line);
        if engine.is_finished() && line.is_silent() {
            return;
        }
        let due = engine.next_turn().into_iter().chain(next_act).chain(line.next_turn()).min();
        wait(line, clock, due).await;
    }
}

/// Waits until the stream has moved something, the time has come, or somebody has woken the task.
async fn wait<S: Read + Write>(
    line: &mut SerialBank<'_, S>,
    clock: &impl Clock,
    due: Option<Instant>,
) {
    let mut timer = pin!(async {
        match due {
            Some(due) => clock.until(due).await,
            None => core::future::pending().await,
        }
    });
    let mut is_woken = false;
    poll_fn(|cx| {
        let is_due = timer.as_mut().poll(cx).is_ready();
        line.now = clock.now();
        let has_moved = line.poll_stream(cx);
        // Whatever has woken the task, the next turn looks at everything.
        let is_ready = is_due || has_moved || is_woken;
        is_woken = true;
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A line and its stream, as a bank of as many sockets as the line has channels.
pub struct SerialBank<'b, S> {
    stream: S,
    mux: Mux<'b>,
    now: Instant,
    /// The stream itself has ended.
    is_over: bool,
}

/// The core's time as the line has it.
fn line_ms(now: Instant) -> u32 {
    (now.micros() / 1_000) as u32
}

impl<'b, S: Read + Write> SerialBank<'b, S> {
    /// The bank of `mux`, over `stream`.
    pub const fn new(stream: S, mux: Mux<'b>) -> Self {
        Self { stream, mux, now: Instant::ZERO, is_over: false }
    }

    /// What the line has seen.
    pub const fn stats(&self) -> Stats {
        self.mux.stats()
    }

    fn next_turn(&self) -> Option<Instant> {
        (!self.is_over).then(|| self.now.after_ms(self.mux.next_ms(line_ms(self.now))))
    }

    /// Whether nothing waits for the line.
    fn is_silent(&mut self) -> bool {
        self.is_over || self.mux.to_send(line_ms(self.now)).is_empty()
    }

    /// Moves what can be moved; answers whether anything was.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> bool {
        let has_sent = !self.is_over && self.poll_send(cx);
        let has_received = !self.is_over && self.poll_receive(cx);
        has_sent || has_received
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> bool {
        let now_ms = line_ms(self.now);
        let mut has_sent = false;
        while !self.is_over {
            let bytes = self.mux.to_send(now_ms);
            if bytes.is_empty() {
                break;
            }
            let written = pin!(self.stream.write(bytes)).poll(cx);
            match written {
                Poll::Pending => break,
                Poll::Ready(Ok(count @ 1..)) => self.mux.sent(count),
                Poll::Ready(Ok(0) | Err(_)) => self.is_over = true,
            }
            has_sent = true;
        }
        has_sent
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> bool {
        let mut bytes = [0; READ_BYTES];
        let read = pin!(self.stream.read(&mut bytes)).poll(cx);
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(count @ 1..)) => {
                let received = bytes.get(..count).unwrap_or_default();
                self.mux.received(received, line_ms(self.now));
            }
            Poll::Ready(Ok(0) | Err(_)) => self.is_over = true,
        }
        true
    }
}

impl<S: Read + Write> SocketBank for SerialBank<'_, S> {
    fn state(&mut self, number: usize) -> SocketState {
        match self.mux.state(number) {
            ChannelState::Idle => SocketState::Idle,
            ChannelState::Listening => SocketState::Listening,
            ChannelState::Asked => {
                self.mux.accept(number);
                SocketState::Open
            }
            ChannelState::Opening => SocketState::Connecting,
            ChannelState::Open if self.mux.has_ended(number) => SocketState::Ended,
            ChannelState::Open => SocketState::Open,
            ChannelState::Resetting => SocketState::Resetting,
        }
    }

    fn listen(&mut self, number: usize) {
        self.mux.listen(number);
    }

    fn connect(&mut self, number: usize, address: SocketAddr) -> bool {
        let SocketAddr::V4(address) = address else { return false };
        let [a, b, c, d] = address.ip().octets();
        let [high, low] = address.port().to_be_bytes();
        self.mux.open(number, [a, b, c, d, high, low], line_ms(self.now))
    }

    fn peer(&self, number: usize) -> PeerAddress {
        let [a, b, c, d, ..] = self.mux.address(number);
        let address = Ipv4Addr::new(a, b, c, d);
        match address.is_unspecified() {
            true => PeerAddress::default(),
            false => PeerAddress(address.to_ipv6_mapped().octets()),
        }
    }

    fn receive(&mut self, number: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize {
        let held = self.mux.held(number);
        let lay_there = held.len();
        if lay_there > 0 {
            let taken = take(held);
            self.mux.take(number, taken);
        }
        lay_there
    }

    fn room(&self, number: usize) -> usize {
        self.mux.room(number)
    }

    fn capacity(&self, _: usize) -> usize {
        self.mux.capacity()
    }

    fn send(&mut self, number: usize, bytes: &[u8]) {
        self.mux.send(number, bytes, line_ms(self.now));
    }

    fn shut(&mut self, number: usize) {
        self.mux.shut(number);
    }

    fn abort(&mut self, number: usize) {
        self.mux.abort(number, line_ms(self.now));
    }
}

//! The embassy-net driver: one future, whatever the number of sockets.
//!
//! Purpose: runs a node on embassy's executor. The future polls its sockets without waiting in any of
//! them; each of them, and the timer, wakes the one task.
//!
//! Contract: [`run`] ends only when the node has closed down. It has to be a task of its own, beside
//! the one that runs the network: every wake of its task is a turn, and every turn wakes the network.
//! embassy-net's types stay in here.

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::{Context, Poll};

use embassy_net::tcp::TcpSocket;
use embassy_time::Timer;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::Role;
use tinyrealm_core::session::PeerAddress;
use tinyrealm_core::time::Instant;

use crate::bank::{SocketBank, SocketState};
use crate::engine::{Engine, Link};
use crate::tcp_state::{peer_address, socket_state};

/// embassy's clock as the core has it.
pub fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}

/// Runs `engine` on `sockets`, which are its links' in order, until its node has closed down. `act` is
/// called before every turn, for whoever acts on the node from outside; it answers when it wants to be
/// called again at the latest. Waking the task makes a turn.
pub async fn run<'a, R: Role<'a>>(
    engine: &mut Engine<'a, R>,
    sockets: &mut [TcpSocket<'_>],
    port: u16,
    entropy: &mut dyn Entropy,
    mut act: impl FnMut(&mut Engine<'a, R>, &mut Turn<'_>) -> Option<Instant>,
) {
    for socket in sockets.iter_mut() {
        // A flush is one write already; what follows must not wait for its acknowledgement.
        socket.set_nagle_enabled(false);
    }
    loop {
        let next_act = {
            let mut turn = Turn { now: now(), entropy };
            let next_act = act(engine, &mut turn);
            engine.turn(&mut turn, &mut EmbassyBank { sockets, port });
            next_act
        };
        if engine.is_finished() {
            return;
        }
        let due = engine.next_turn().into_iter().chain(next_act).min();
        wait(engine.links(), sockets, due).await;
    }
}

/// Waits until a socket has something, or the time has come.
async fn wait(links: &[Link], sockets: &mut [TcpSocket<'_>], due: Option<Instant>) {
    let due = due.map(|at| embassy_time::Instant::from_micros(at.micros()));
    let mut timer = pin!(async {
        match due {
            Some(due) => Timer::at(due).await,
            None => core::future::pending().await,
        }
    });
    let mut is_first = true;
    poll_fn(|cx| {
        let is_due = timer.as_mut().poll(cx).is_ready();
        for (socket, link) in sockets.iter_mut().zip(links) {
            register(socket, link.is_blocked(), cx);
        }
        // Whatever has woken the task, the next turn looks at everything.
        let is_woken = !core::mem::take(&mut is_first);
        if is_due || is_woken { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Has the socket wake the task when it changes.
fn register(socket: &mut TcpSocket<'_>, is_blocked: bool, cx: &mut Context<'_>) {
    let _ = pin!(socket.wait_read_ready()).poll(cx);
    if is_blocked || !socket.may_send() {
        // Pending while something is on its way, and woken when some of it has arrived.
        let _ = pin!(socket.flush()).poll(cx);
    }
}

/// embassy-net's sockets as a bank.
struct EmbassyBank<'b, 's> {
    sockets: &'b mut [TcpSocket<'s>],
    port: u16,
}

impl<'s> EmbassyBank<'_, 's> {
    fn socket(&self, number: usize) -> Option<&TcpSocket<'s>> {
        self.sockets.get(number)
    }

    /// Polls a future of a socket once. What it starts goes on without it; what it would wait for is
    /// seen in the socket's state later.
    fn start<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(core::task::Waker::noop()))
    }
}

impl SocketBank for EmbassyBank<'_, '_> {
    fn state(&mut self, number: usize) -> SocketState {
        let Some(socket) = self.socket(number) else { return SocketState::Resetting };
        let has_peer = socket.remote_endpoint().is_some();
        socket_state(socket.state(), has_peer, socket.can_recv())
    }

    fn listen(&mut self, number: usize) {
        let port = self.port;
        if let Some(socket) = self.sockets.get_mut(number) {
            // It is idle, and the port is not 0; whether a peer has come is asked later.
            let _ = Self::start(socket.accept(port));
        }
    }

    fn connect(&mut self, number: usize, address: SocketAddr) -> bool {
        let SocketAddr::V4(address) = address else { return false };
        let Some(socket) = self.sockets.get_mut(number) else { return false };
        !matches!(Self::start(socket.connect(address)), Poll::Ready(Err(_)))
    }

    fn peer(&self, number: usize) -> PeerAddress {
        peer_address(self.socket(number).and_then(TcpSocket::remote_endpoint))
    }

    fn receive(&mut self, number: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize {
        let Some(socket) = self.sockets.get_mut(number) else { return 0 };
        if !socket.can_recv() {
            return 0;
        }
        let received = Self::start(socket.read_with(|bytes| (take(bytes), bytes.len())));
        match received {
            Poll::Ready(Ok(lay_there)) => lay_there,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        }
    }

    fn room(&self, number: usize) -> usize {
        let socket = self.socket(number).filter(|socket| socket.may_send());
        socket.map_or(0, |socket| socket.send_capacity() - socket.send_queue())
    }

    fn capacity(&self, number: usize) -> usize {
        self.socket(number).map_or(0, TcpSocket::send_capacity)
    }

    fn send(&mut self, number: usize, bytes: &[u8]) {
        if let Some(socket) = self.sockets.get_mut(number) {
            // There is room for it; a connection that has just broken needs nothing.
            let _ = Self::start(socket.write(bytes));
        }
    }

    fn shut(&mut self, number: usize) {
        if let Some(socket) = self.sockets.get_mut(number) {
            socket.close();
        }
    }

    fn abort(&mut self, number: usize) {
        if let Some(socket) = self.sockets.get_mut(number) {
            socket.abort();
        }
    }
}

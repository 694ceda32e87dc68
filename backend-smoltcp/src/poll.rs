//! The plain smoltcp driver: no executor, called in a loop.
//!
//! Purpose: for firmware with a main loop of its own, and for tests on the host over smoltcp's loopback
//! device.
//!
//! Contract: call [`PollDriver::poll`] when the device has something, or when the time that it answered
//! has come. It polls the interface and takes a turn until neither has more to do.
//!
//! Bounds: [`ROUNDS_PER_POLL`] rounds; if there is more to do after them, the answer is "now".

use core::net::SocketAddr;

use smoltcp::iface::{Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::Device;
use smoltcp::socket::tcp::Socket;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::session::PeerAddress;
use tinyrealm_core::time::Instant;

use crate::bank::{SocketBank, SocketState};
use crate::engine::Engine;
use crate::tcp_state::{peer_address, socket_state};

/// The first port of connections of our own (RFC 6335's dynamic range).
const FIRST_LOCAL_PORT: u16 = 49_152;
/// Turns of the engine before whoever calls the driver has a turn.
pub const ROUNDS_PER_POLL: usize = 16;

/// An engine on plain smoltcp; see the [module](self).
pub struct PollDriver<'a, R> {
    engine: Engine<'a, R>,
    interface: Interface,
    sockets: SocketSet<'a>,
    handles: &'a [SocketHandle],
    port: u16,
    /// Drawn at the first poll: after a restart the peer may still hold a connection from the last one.
    next_local_port: Option<u16>,
}

impl<'a, R: Role<'a>> PollDriver<'a, R> {
    /// A driver that listens at `port`; `handles` are the links' sockets in `sockets`, in order.
    pub fn new(
        engine: Engine<'a, R>,
        interface: Interface,
        mut sockets: SocketSet<'a>,
        handles: &'a [SocketHandle],
        port: u16,
    ) -> Self {
        for handle in handles {
            // A flush is one write already; what follows must not wait for its acknowledgement.
            sockets.get_mut::<Socket<'_>>(*handle).set_nagle_enabled(false);
        }
        Self { engine, interface, sockets, handles, port, next_local_port: None }
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine<'a, R> {
        &self.engine
    }

    /// The engine, to act on its node from outside.
    pub const fn engine_mut(&mut self) -> &mut Engine<'a, R> {
        &mut self.engine
    }

    /// Does everything that can be done now, and answers when to come back at the latest.
    pub fn poll(&mut self, turn: &mut Turn<'_>, device: &mut impl Device) -> Option<Instant> {
        let now = smoltcp::time::Instant::from_micros(turn.now.micros() as i64);
        self.next_local_port.get_or_insert_with(|| random_local_port(turn));
        self.interface.poll(now, device, &mut self.sockets);
        for _ in 0..ROUNDS_PER_POLL {
            self.take_turn(turn);
            // What was said goes out, and more may come in.
            let outcome = self.interface.poll(now, device, &mut self.sockets);
            let is_due = self.engine.next_turn().is_some_and(|at| at <= turn.now);
            if outcome == PollResult::None && !is_due {
                return self.next_poll(now);
            }
        }
        Some(turn.now)
    }

    fn take_turn(&mut self, turn: &mut Turn<'_>) {
        let mut bank = SmoltcpBank {
            interface: &mut self.interface,
            sockets: &mut self.sockets,
            handles: self.handles,
            port: self.port,
            next_local_port: &mut self.next_local_port,
        };
        self.engine.turn(turn, &mut bank);
    }

    fn next_poll(&mut self, now: smoltcp::time::Instant) -> Option<Instant> {
        let network = self.interface.poll_at(now, &self.sockets);
        let network = network.map(|at| Instant::from_micros(at.total_micros().max(0) as u64));
        network.into_iter().chain(self.engine.next_turn()).min()
    }
}

fn random_local_port(turn: &mut Turn<'_>) -> u16 {
    FIRST_LOCAL_PORT | u16::from_le_bytes(turn.random())
}

/// Sockets of a smoltcp set.
struct SmoltcpBank<'b, 'a> {
    interface: &'b mut Interface,
    sockets: &'b mut SocketSet<'a>,
    handles: &'b [SocketHandle],
    port: u16,
    next_local_port: &'b mut Option<u16>,
}

impl<'a> SmoltcpBank<'_, 'a> {
    fn socket(&self, number: usize) -> Option<&Socket<'a>> {
        self.handles.get(number).map(|handle| self.sockets.get::<Socket<'_>>(*handle))
    }

    fn socket_mut(&mut self, number: usize) -> Option<&mut Socket<'a>> {
        self.handles.get(number).map(|handle| self.sockets.get_mut::<Socket<'_>>(*handle))
    }

    fn local_port(&mut self) -> u16 {
        let port = self.next_local_port.unwrap_or(FIRST_LOCAL_PORT);
        *self.next_local_port = Some(port.checked_add(1).unwrap_or(FIRST_LOCAL_PORT));
        port
    }
}

impl SocketBank for SmoltcpBank<'_, '_> {
    fn state(&mut self, number: usize) -> SocketState {
        self.socket(number).map_or(SocketState::Resetting, |socket| {
            socket_state(socket.state(), socket.remote_endpoint().is_some(), socket.can_recv())
        })
    }

    fn listen(&mut self, number: usize) {
        let port = self.port;
        if let Some(socket) = self.socket_mut(number) {
            // It is idle, and the port is not 0.
            let _ = socket.listen(port);
        }
    }

    fn connect(&mut self, number: usize, address: SocketAddr) -> bool {
        let local_port = self.local_port();
        let Some(handle) = self.handles.get(number) else { return false };
        let socket = self.sockets.get_mut::<Socket<'_>>(*handle);
        let SocketAddr::V4(address) = address else { return false };
        socket.connect(self.interface.context(), address, local_port).is_ok()
    }

    fn peer(&self, number: usize) -> PeerAddress {
        peer_address(self.socket(number).and_then(Socket::remote_endpoint))
    }

    fn receive(&mut self, number: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize {
        let Some(socket) = self.socket_mut(number) else { return 0 };
        let received = socket.recv(|bytes| {
            let taken = if bytes.is_empty() { 0 } else { take(bytes) };
            (taken, bytes.len())
        });
        received.unwrap_or(0)
    }

    fn room(&self, number: usize) -> usize {
        let socket = self.socket(number).filter(|socket| socket.may_send());
        socket.map_or(0, |socket| socket.send_capacity() - socket.send_queue())
    }

    fn capacity(&self, number: usize) -> usize {
        self.socket(number).map_or(0, Socket::send_capacity)
    }

    fn send(&mut self, number: usize, bytes: &[u8]) {
        if let Some(socket) = self.socket_mut(number) {
            // There is room for it; a connection that has just broken needs nothing.
            let _ = socket.send_slice(bytes);
        }
    }

    fn shut(&mut self, number: usize) {
        if let Some(socket) = self.socket_mut(number) {
            socket.close();
        }
    }

    fn abort(&mut self, number: usize) {
        if let Some(socket) = self.socket_mut(number) {
            socket.abort();
        }
    }
}

//! `Remote`: the other side of the network, as many TCP peers as a test wants, on plain smoltcp.

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};
use tinyrealm_core::time::Instant;

use crate::clock;
use crate::hub::Port;

/// The address of the node under test.
pub const NODE_ADDRESS: [u8; 4] = [10, 0, 0, 1];
/// The address of all peers.
pub const REMOTE_ADDRESS: [u8; 4] = [10, 0, 0, 2];
/// The prefix of both.
pub const PREFIX_BITS: u8 = 24;
/// Where the node listens.
pub const NODE_PORT: u16 = 7_200;
/// Where peers listen that the node connects to.
pub const REMOTE_PORT: u16 = 7_100;

const BUFFER_BYTES: usize = 2_048;
const FIRST_LOCAL_PORT: u16 = 50_000;

/// An interface on `port` with this address.
pub fn interface(port: &mut Port, address: [u8; 4]) -> Interface {
    let [a, b, c, d] = address;
    let hardware = EthernetAddress(port.hardware_address());
    let now = smoltcp::time::Instant::from_micros(clock::now().micros() as i64);
    let mut interface = Interface::new(Config::new(hardware.into()), port, now);
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::v4(a, b, c, d), PREFIX_BITS));
    });
    interface
}

struct Peer {
    socket: SocketHandle,
    to_send: Vec<u8>,
    shuts: bool,
    reads: bool,
    received: Vec<u8>,
    has_ended: bool,
}

/// The peers; see the [module](self).
pub struct Remote {
    port: Port,
    interface: Interface,
    sockets: SocketSet<'static>,
    peers: Vec<Peer>,
}

impl Remote {
    /// Nobody yet.
    pub fn new(port: Port) -> Self {
        Self::new_at(port, REMOTE_ADDRESS)
    }

    /// Nobody yet, elsewhere.
    pub fn new_at(mut port: Port, address: [u8; 4]) -> Self {
        let interface = interface(&mut port, address);
        Self { port, interface, sockets: SocketSet::new(Vec::new()), peers: Vec::new() }
    }

    fn add(&mut self) -> usize {
        let buffer = || SocketBuffer::new(vec![0; BUFFER_BYTES]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        self.peers.push(Peer {
            socket: self.sockets.add(socket),
            to_send: Vec::new(),
            shuts: false,
            reads: true,
            received: Vec::new(),
            has_ended: false,
        });
        self.peers.len() - 1
    }

    /// A peer that connects to the node.
    pub fn connect(&mut self) -> usize {
        let number = self.add();
        let [a, b, c, d] = NODE_ADDRESS;
        let local_port = FIRST_LOCAL_PORT + number as u16;
        let socket = self.sockets.get_mut::<Socket<'_>>(self.peers[number].socket);
        let node = (IpAddress::v4(a, b, c, d), NODE_PORT);
        socket.connect(self.interface.context(), node, local_port).expect("an address");
        number
    }

    /// A peer whom the node can connect to, at [`REMOTE_PORT`] and `offset`.
    pub fn listen(&mut self, offset: u16) -> usize {
        let number = self.add();
        let socket = self.sockets.get_mut::<Socket<'_>>(self.peers[number].socket);
        socket.listen(REMOTE_PORT + offset).expect("a port");
        number
    }

    /// Has a peer say something.
    pub fn send(&mut self, peer: usize, bytes: &[u8]) {
        self.peers[peer].to_send.extend_from_slice(bytes);
    }

    /// Has a peer shut its side, behind all that it has to say.
    pub fn shut(&mut self, peer: usize) {
        self.peers[peer].shuts = true;
    }

    /// Has a peer stop reading.
    pub fn stop_reading(&mut self, peer: usize) {
        self.peers[peer].reads = false;
    }

    /// Has a peer read again.
    pub fn read_again(&mut self, peer: usize) {
        self.peers[peer].reads = true;
    }

    /// Has a peer reset its connection.
    pub fn reset(&mut self, peer: usize) {
        self.sockets.get_mut::<Socket<'_>>(self.peers[peer].socket).abort();
    }

    /// Everything that a peer has received.
    pub fn received(&self, peer: usize) -> &[u8] {
        &self.peers[peer].received
    }

    /// Whether a peer has come to the end of what it receives.
    pub fn has_ended(&self, peer: usize) -> bool {
        self.peers[peer].has_ended
    }

    /// Whether a peer's connection stands.
    pub fn is_connected(&self, peer: usize) -> bool {
        self.sockets.get::<Socket<'_>>(self.peers[peer].socket).state() == State::Established
    }

    /// Does everything that can be done now; answers when to come back at the latest.
    pub fn poll(&mut self) -> Option<Instant> {
        let now = smoltcp::time::Instant::from_micros(clock::now().micros() as i64);
        self.interface.poll(now, &mut self.port, &mut self.sockets);
        for peer in &mut self.peers {
            peer.serve(self.sockets.get_mut::<Socket<'_>>(peer.socket));
        }
        self.interface.poll(now, &mut self.port, &mut self.sockets);
        let at = self.interface.poll_at(now, &self.sockets)?;
        Some(Instant::from_micros(at.total_micros().max(0) as u64))
    }
}

impl Peer {
    fn serve(&mut self, socket: &mut Socket<'_>) {
        if socket.can_send() && !self.to_send.is_empty() {
            let sent = socket.send_slice(&self.to_send).unwrap_or(0);
            self.to_send.drain(..sent);
        }
        while self.reads && socket.can_recv() {
            let received = &mut self.received;
            let _ = socket.recv(|bytes| {
                received.extend_from_slice(bytes);
                (bytes.len(), ())
            });
        }
        let is_over = matches!(
            socket.state(),
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait | State::Closed
        );
        self.has_ended |= is_over && !socket.can_recv();
        if self.shuts && self.to_send.is_empty() && socket.may_send() {
            socket.close();
        }
    }
}

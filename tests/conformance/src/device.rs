//! What a [`Lab`](crate::lab::Lab) has on its bench: a node on the poll driver or on embassy's.

use std::cell::Cell;
use std::rc::Rc;

use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Address, Ipv4Cidr, StackResources, StaticConfigV4};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::time::Instant;
use tinyrealm_smoltcp::poll::PollDriver;
use tinyrealm_smoltcp::{Engine, Link, embassy};

use crate::clock;
use crate::hub::{LatePort, Port};
use crate::random::SameBytes;
use crate::remote::{NODE_ADDRESS, NODE_PORT, PREFIX_BITS, interface};
use crate::tasks::Tasks;

/// How much a device has.
#[derive(Copy, Clone, Debug)]
pub struct Sizes {
    /// Sockets that listen.
    pub listeners: usize,
    /// Sockets for connections of its own.
    pub own_links: usize,
    /// Bytes of one socket's receive buffer.
    pub receive_bytes: usize,
    /// Bytes of one socket's send buffer.
    pub send_bytes: usize,
}

impl Sizes {
    const fn sockets(self) -> usize {
        self.listeners + self.own_links
    }
}

/// A node that is driven in virtual time.
pub trait Device {
    /// Does everything that can be done now; answers when to come back at the latest.
    fn poll(&mut self) -> Option<Instant>;

    /// Has the node close down.
    fn shut_down(&mut self);

    /// Whether it has.
    fn is_finished(&self) -> bool;

    /// How often its driver has had a turn.
    fn turns(&self) -> usize;
}

fn lent<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn links(sizes: Sizes) -> &'static mut [Link] {
    vec![Link::CLOSED; sizes.sockets()].leak()
}

/// A node on the poll driver.
pub struct PollDevice<R: 'static> {
    driver: PollDriver<'static, R>,
    port: LatePort,
    entropy: SameBytes,
    turns: usize,
}

impl<R: Role<'static>> PollDevice<R> {
    /// The node that `make` makes, on `port`.
    pub fn new(
        mut port: Port,
        sizes: Sizes,
        make: impl FnOnce(&mut Turn<'_>) -> Node<'static, R>,
    ) -> Self {
        let mut entropy = SameBytes::default();
        let node = make(&mut Turn { now: clock::now(), entropy: &mut entropy });
        let engine = Engine::new(node, links(sizes), sizes.listeners);
        let mut sockets = SocketSet::new(Vec::new());
        let handles: Vec<SocketHandle> = (0..sizes.sockets())
            .map(|_| {
                let receive = SocketBuffer::new(vec![0; sizes.receive_bytes]);
                sockets.add(Socket::new(receive, SocketBuffer::new(vec![0; sizes.send_bytes])))
            })
            .collect();
        let interface = interface(&mut port, NODE_ADDRESS);
        let driver = PollDriver::new(engine, interface, sockets, handles.leak(), NODE_PORT);
        Self { driver, port: LatePort::new(port), entropy, turns: 0 }
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine<'static, R> {
        self.driver.engine()
    }
}

impl<R: Role<'static>> Device for PollDevice<R> {
    fn poll(&mut self) -> Option<Instant> {
        self.turns += 1;
        let mut turn = Turn { now: clock::now(), entropy: &mut self.entropy };
        self.driver.poll(&mut turn, &mut self.port)
    }

    fn shut_down(&mut self) {
        let mut turn = Turn { now: clock::now(), entropy: &mut self.entropy };
        self.driver.engine_mut().node_mut().handle_shutdown(&mut turn);
    }

    fn is_finished(&self) -> bool {
        self.driver.engine().is_finished()
    }

    fn turns(&self) -> usize {
        self.turns
    }
}

/// A node on the embassy driver: two tasks, the network's and its own.
pub struct EmbassyDevice {
    tasks: Tasks,
    driver: usize,
    is_closing: Rc<Cell<bool>>,
}

const STACK_SOCKETS: usize = 16;

impl EmbassyDevice {
    /// The node that `make` makes, on `port`.
    pub fn new<R: Role<'static> + 'static>(
        port: Port,
        sizes: Sizes,
        make: impl FnOnce(&mut Turn<'_>) -> Node<'static, R>,
    ) -> Self {
        let [a, b, c, d] = NODE_ADDRESS;
        let config = embassy_net::Config::ipv4_static(StaticConfigV4 {
            address: Ipv4Cidr::new(Ipv4Address::new(a, b, c, d), PREFIX_BITS),
            gateway: None,
            dns_servers: heapless::Vec::new(),
        });
        let resources = lent(StackResources::<STACK_SOCKETS>::new());
        let (stack, runner) = embassy_net::new(port, config, resources, 7);
        let runner = lent(runner);
        let sockets: Vec<TcpSocket<'static>> = (0..sizes.sockets())
            .map(|_| {
                let receive = vec![0; sizes.receive_bytes].leak();
                TcpSocket::new(stack, receive, vec![0; sizes.send_bytes].leak())
            })
            .collect();
        let entropy = lent(SameBytes::default());
        let node = make(&mut Turn { now: clock::now(), entropy });
        let engine = Engine::new(node, links(sizes), sizes.listeners);
        let is_closing = Rc::new(Cell::new(false));
        let mut tasks = Tasks::default();
        tasks.spawn(async move { runner.run().await });
        let driver = tasks.spawn(drive(engine, sockets, entropy, Rc::clone(&is_closing)));
        Self { tasks, driver, is_closing }
    }
}

async fn drive<R: Role<'static>>(
    mut engine: Engine<'static, R>,
    mut sockets: Vec<TcpSocket<'static>>,
    entropy: &mut SameBytes,
    is_closing: Rc<Cell<bool>>,
) {
    let act = |engine: &mut Engine<'static, R>, turn: &mut Turn<'_>| {
        if is_closing.replace(false) {
            engine.node_mut().handle_shutdown(turn);
        }
        None
    };
    embassy::run(&mut engine, &mut sockets, NODE_PORT, entropy, act).await;
}

impl Device for EmbassyDevice {
    fn poll(&mut self) -> Option<Instant> {
        while self.tasks.poll_woken() {}
        clock::next_alarm()
    }

    fn shut_down(&mut self) {
        self.is_closing.set(true);
        self.tasks.wake(self.driver);
    }

    fn is_finished(&self) -> bool {
        self.tasks.is_done(self.driver)
    }

    fn turns(&self) -> usize {
        self.tasks.polls(self.driver)
    }
}

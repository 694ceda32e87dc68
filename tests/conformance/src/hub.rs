//! `Hub`: an Ethernet in memory, in virtual time, with faults from a seed.
//!
//! A [`Port`] is a device for smoltcp and for embassy-net. What one port sends arrives at all others.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};

use tinyrealm_core::time::Instant;

use crate::clock;
use tinyrealm_testing::Random;

/// An Ethernet frame has 1,514 bytes at most.
const MTU_BYTES: usize = 1_514;
const DELAY_MICROS: u64 = 100;

/// What a network does to its packets, in packets of a thousand.
#[derive(Copy, Clone, Default, Debug)]
pub struct Faults {
    /// That get lost.
    pub lost: u32,
    /// That arrive twice.
    pub duplicated: u32,
    /// That are overtaken by others.
    pub delayed: u32,
}

impl Faults {
    /// None.
    pub const NONE: Self = Self { lost: 0, duplicated: 0, delayed: 0 };
}

struct Packet {
    at: Instant,
    to: usize,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Mailbox {
    arrived: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
    is_cut: bool,
}

struct Wire {
    random: Random,
    faults: Faults,
    travelling: Vec<Packet>,
    mailboxes: Vec<Mailbox>,
}

/// The Ethernet; see the [module](self).
#[derive(Clone)]
pub struct Hub {
    wire: Rc<RefCell<Wire>>,
}

impl Hub {
    /// A network with these faults.
    pub fn new(faults: Faults, seed: u64) -> Self {
        let random = Random::new(seed);
        let wire = Wire { random, faults, travelling: Vec::new(), mailboxes: Vec::new() };
        Self { wire: Rc::new(RefCell::new(wire)) }
    }

    /// One more place to plug in.
    pub fn port(&self) -> Port {
        let mut wire = self.wire.borrow_mut();
        wire.mailboxes.push(Mailbox::default());
        Port { hub: self.clone(), number: wire.mailboxes.len() - 1 }
    }

    /// Cuts the cable of a port: nothing arrives there, and nothing comes from there.
    pub fn cut(&self, port: usize) {
        self.wire.borrow_mut().mailboxes[port].is_cut = true;
    }

    /// Mends the cable of a port.
    pub fn mend(&self, port: usize) {
        self.wire.borrow_mut().mailboxes[port].is_cut = false;
    }

    /// Hands over what has arrived by now; answers whether anything has.
    pub fn deliver(&self) -> bool {
        let mut wire = self.wire.borrow_mut();
        let now = clock::now();
        let due: Vec<Packet> = wire.travelling.extract_if(.., |packet| packet.at <= now).collect();
        for packet in &due {
            let mailbox = &mut wire.mailboxes[packet.to];
            if !mailbox.is_cut {
                mailbox.arrived.push_back(packet.bytes.clone());
                mailbox.waker.take().inspect(Waker::wake_by_ref);
            }
        }
        !due.is_empty()
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.wire.borrow().travelling.iter().map(|packet| packet.at).min()
    }

    fn send(&self, from: usize, bytes: Vec<u8>) {
        let wire = &mut *self.wire.borrow_mut();
        if wire.mailboxes[from].is_cut {
            return;
        }
        for to in (0..wire.mailboxes.len()).filter(|to| *to != from) {
            if wire.random.chance(wire.faults.lost) {
                continue;
            }
            let copies = 1 + u64::from(wire.random.chance(wire.faults.duplicated));
            for _ in 0..copies {
                let is_delayed = wire.random.chance(wire.faults.delayed);
                let late_micros = if is_delayed { wire.random.below(5_000) } else { 0 };
                let micros = clock::now().micros() + DELAY_MICROS + late_micros;
                let at = Instant::from_micros(micros);
                wire.travelling.push(Packet { at, to, bytes: bytes.clone() });
            }
        }
    }
}

/// A place to plug in.
pub struct Port {
    hub: Hub,
    number: usize,
}

impl Port {
    /// Its number, from 0.
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Its Ethernet address.
    pub const fn hardware_address(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, self.number as u8]
    }

    fn take(&self) -> Option<Vec<u8>> {
        self.hub.wire.borrow_mut().mailboxes[self.number].arrived.pop_front()
    }
}

/// A packet that has arrived.
pub struct Arrived(Vec<u8>);

/// A packet that may be sent.
pub struct ToSend<'p>(&'p Port);

impl ToSend<'_> {
    fn fill<T>(self, bytes: usize, fill: impl FnOnce(&mut [u8]) -> T) -> T {
        let mut packet = vec![0; bytes];
        let outcome = fill(&mut packet);
        self.0.hub.send(self.0.number, packet);
        outcome
    }
}

impl smoltcp::phy::RxToken for Arrived {
    fn consume<T, F: FnOnce(&[u8]) -> T>(self, look: F) -> T {
        look(&self.0)
    }
}

impl smoltcp::phy::TxToken for ToSend<'_> {
    fn consume<T, F: FnOnce(&mut [u8]) -> T>(self, bytes: usize, fill: F) -> T {
        self.fill(bytes, fill)
    }
}

impl smoltcp::phy::Device for Port {
    type RxToken<'p> = Arrived;
    type TxToken<'p> = ToSend<'p>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Arrived, ToSend<'_>)> {
        self.take().map(|bytes| (Arrived(bytes), ToSend(self)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<ToSend<'_>> {
        Some(ToSend(self))
    }

    fn capabilities(&self) -> smoltcp::phy::DeviceCapabilities {
        let mut capabilities = smoltcp::phy::DeviceCapabilities::default();
        capabilities.medium = smoltcp::phy::Medium::Ethernet;
        capabilities.max_transmission_unit = MTU_BYTES;
        capabilities
    }
}

impl embassy_net_driver::RxToken for Arrived {
    fn consume<T, F: FnOnce(&mut [u8]) -> T>(mut self, look: F) -> T {
        look(&mut self.0)
    }
}

impl embassy_net_driver::TxToken for ToSend<'_> {
    fn consume<T, F: FnOnce(&mut [u8]) -> T>(self, bytes: usize, fill: F) -> T {
        self.fill(bytes, fill)
    }
}

impl embassy_net_driver::Driver for Port {
    type RxToken<'p> = Arrived;
    type TxToken<'p> = ToSend<'p>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Arrived, ToSend<'_>)> {
        let arrived = self.take();
        if arrived.is_none() {
            let mailboxes = &mut self.hub.wire.borrow_mut().mailboxes;
            mailboxes[self.number].waker = Some(cx.waker().clone());
        }
        arrived.map(|bytes| (Arrived(bytes), ToSend(self)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<ToSend<'_>> {
        Some(ToSend(self))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> embassy_net_driver::LinkState {
        embassy_net_driver::LinkState::Up
    }

    fn capabilities(&self) -> embassy_net_driver::Capabilities {
        let mut capabilities = embassy_net_driver::Capabilities::default();
        capabilities.max_transmission_unit = MTU_BYTES;
        capabilities
    }

    fn hardware_address(&self) -> embassy_net_driver::HardwareAddress {
        embassy_net_driver::HardwareAddress::Ethernet(Port::hardware_address(self))
    }
}

/// A port whose packets arrive while its driver is at work: every other look finds nothing at first.
pub struct LatePort {
    port: Port,
    hides: bool,
}

impl LatePort {
    /// The same port, but late.
    pub const fn new(port: Port) -> Self {
        Self { port, hides: true }
    }
}

impl smoltcp::phy::Device for LatePort {
    type RxToken<'p> = Arrived;
    type TxToken<'p> = ToSend<'p>;

    fn receive(&mut self, now: smoltcp::time::Instant) -> Option<(Arrived, ToSend<'_>)> {
        if std::mem::take(&mut self.hides) {
            return None;
        }
        let received = smoltcp::phy::Device::receive(&mut self.port, now);
        self.hides = received.is_none();
        received
    }

    fn transmit(&mut self, now: smoltcp::time::Instant) -> Option<ToSend<'_>> {
        smoltcp::phy::Device::transmit(&mut self.port, now)
    }

    fn capabilities(&self) -> smoltcp::phy::DeviceCapabilities {
        smoltcp::phy::Device::capabilities(&self.port)
    }
}

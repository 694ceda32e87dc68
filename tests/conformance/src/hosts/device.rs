//! A device and its peers on a network in memory: the host of the poll driver and of embassy's.

use super::{Addresses, Host, Place};
use crate::device::Device;
use crate::hub::{Faults, Port};
use crate::lab::Lab;
use crate::remote::REMOTE_PORT;

/// Virtual time until a script has waited in vain.
const LIMIT_MS: u32 = 10_000;

/// The host; its module says what it does.
pub struct DeviceHost {
    lab: Lab,
    /// The remote's peers by the script's numbers.
    peers: Vec<usize>,
    /// Whoever listens for the node, by place.
    listeners: [usize; 2],
}

impl DeviceHost {
    /// The device that `make` makes, on a network without faults. Its Main is at [`Self::main`].
    pub fn new<D: Device + 'static>(make: impl FnOnce(Port) -> D) -> Self {
        let mut lab = Lab::new(Faults::NONE, 0, make);
        let listeners = [0, 1].map(|offset| lab.remote.listen(offset));
        Self { lab, peers: Vec::new(), listeners }
    }

    /// Where a device looks for Main.
    pub fn main() -> String {
        address_of(Place::Main)
    }
}

fn address_of(place: Place) -> String {
    format!("10.0.0.2:{}", REMOTE_PORT + place as u16)
}

impl Host for DeviceHost {
    fn addresses(&self) -> Addresses {
        Addresses { main: address_of(Place::Main), world: address_of(Place::World) }
    }

    fn connect(&mut self) {
        let peer = self.lab.remote.connect();
        let stands = self.lab.wait_until(LIMIT_MS, |lab| lab.remote.is_connected(peer));
        assert!(stands, "the node does not accept");
        self.peers.push(peer);
    }

    fn accept(&mut self, place: Place) -> bool {
        let peer = self.listeners[place as usize];
        self.peers.push(peer);
        let stands = self.lab.wait_until(LIMIT_MS, |lab| lab.remote.is_connected(peer));
        self.listeners[place as usize] = self.lab.remote.listen(place as u16);
        stands
    }

    fn send(&mut self, peer: usize, bytes: &[u8]) {
        self.lab.remote.send(self.peers[peer], bytes);
        // What is said on its own arrives on its own.
        self.lab.pass_ms(1);
    }

    fn shut(&mut self, peer: usize) {
        self.lab.remote.shut(self.peers[peer]);
    }

    fn await_more(&mut self, peer: usize) -> bool {
        if self.has_ended(peer) {
            return false;
        }
        let peer = self.peers[peer];
        let known = self.lab.remote.received(peer).len();
        self.lab.wait_until(LIMIT_MS, |lab| {
            lab.remote.received(peer).len() > known || lab.remote.has_ended(peer)
        })
    }

    fn received(&self, peer: usize) -> &[u8] {
        self.lab.remote.received(self.peers[peer])
    }

    fn has_ended(&self, peer: usize) -> bool {
        self.lab.remote.has_ended(self.peers[peer])
    }

    fn shut_down(&mut self) {
        self.lab.device.shut_down();
    }

    fn join(&mut self) -> bool {
        self.lab.wait_until(LIMIT_MS, |lab| lab.device.is_finished())
    }
}

//! `Lab`: one node on a device, its peers, the network between them, and the time that all share.
//!
//! Contract: nothing happens but through [`Lab::step`]; time goes forward when nothing else can.

use tinyrealm_core::time::Instant;

use crate::clock;
use crate::device::Device;
use crate::hub::{Faults, Hub, Port};
use crate::remote::Remote;

/// The bench; see the [module](self).
pub struct Lab {
    /// The node under test.
    pub device: Box<dyn Device>,
    /// Its peers.
    pub remote: Remote,
    /// What is between them. The device has port 0.
    pub hub: Hub,
}

impl Lab {
    /// A device that `make` puts a node on, on a network with faults.
    pub fn new<D: Device + 'static>(
        faults: Faults,
        seed: u64,
        make: impl FnOnce(Port) -> D,
    ) -> Self {
        let hub = Hub::new(faults, seed);
        let device = Box::new(make(hub.port()));
        let remote = Remote::new(hub.port());
        Self { device, remote, hub }
    }

    /// Lets everything happen that can happen now, then sets the clock to what happens next; `false`
    /// if that is after `until`, where the clock stands then.
    pub fn step(&mut self, until: Instant) -> bool {
        self.hub.deliver();
        let device = self.device.poll();
        let remote = self.remote.poll();
        let next = [device, remote, self.hub.next_arrival()].into_iter().flatten().min();
        let next = next.filter(|at| *at <= until);
        clock::advance_to(next.unwrap_or(until));
        next.is_some()
    }

    /// Steps until `is_so`; answers whether it came to that within `limit_ms`.
    pub fn wait_until(&mut self, limit_ms: u32, is_so: impl Fn(&mut Self) -> bool) -> bool {
        let until = clock::now().after_ms(limit_ms);
        while !is_so(self) {
            if !self.step(until) {
                return is_so(self);
            }
        }
        true
    }

    /// Lets time pass.
    pub fn pass_ms(&mut self, ms: u32) {
        let until = clock::now().after_ms(ms);
        while self.step(until) {}
    }
}

//! `OriginBook`: wrong guesses by where they come from: an address, and the network around it.
//!
//! Contract: an IPv6 /64 counts as one address, as everywhere; its /48 counts beside it, with
//! [`NETWORK_SHARES`] times as much of everything that is free. So whoever has 65,536 addresses has hardly more
//! guesses than whoever has one. An IPv4 address is in no network.
//!
//! Bounds: two [`AttemptBook`]s'.

use super::{Admission, AttemptBook, AttemptEntry, AttemptPolicy, Verdict};
use crate::session::NETWORK_SHARES;
use crate::time::Instant;

/// Where an attempt is counted: the keys of its address, and of that's network if it is in one.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub(super) address: u64,
    pub(super) network: Option<u64>,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct OriginBook<'a> {
    addresses: AttemptBook<'a>,
    networks: AttemptBook<'a>,
}

impl<'a> OriginBook<'a> {
    pub(super) const fn new(
        addresses: &'a mut [AttemptEntry],
        networks: &'a mut [AttemptEntry],
        policy: AttemptPolicy,
    ) -> Self {
        let of_network = AttemptPolicy {
            free_failures: policy.free_failures.saturating_mul(NETWORK_SHARES),
            most_under_way: policy.most_under_way.saturating_mul(NETWORK_SHARES),
            ..policy
        };
        Self {
            addresses: AttemptBook::new(addresses, policy),
            networks: AttemptBook::new(networks, of_network),
        }
    }

    /// Asks for an attempt. What is under way is the address's, or its part of the network's if that is more.
    pub(super) fn admit(&mut self, now: Instant, origin: Origin) -> Admission {
        let of_network = match origin.network.map(|key| self.networks.admit(now, key)) {
            None => 0,
            Some(Admission::Granted { under_way, .. }) => under_way / NETWORK_SHARES,
            Some(refused) => return refused,
        };
        match self.addresses.admit(now, origin.address) {
            Admission::Granted { under_way, failures } => {
                Admission::Granted { under_way: under_way.max(of_network), failures }
            }
            refused => {
                if let Some(key) = origin.network {
                    self.networks.settle(now, key, Verdict::Void);
                }
                refused
            }
        }
    }

    /// An attempt that was granted is over; answers how long the next one has to wait.
    pub(super) fn settle(&mut self, now: Instant, origin: Origin, verdict: Verdict) -> u32 {
        let network_ms = origin.network.map_or(0, |key| self.networks.settle(now, key, verdict));
        network_ms.max(self.addresses.settle(now, origin.address, verdict))
    }

    /// How long an attempt would have to wait.
    pub(super) fn wait_ms(&mut self, now: Instant, origin: Origin) -> u32 {
        let network_ms = origin.network.map_or(0, |key| self.networks.wait_ms(now, key));
        network_ms.max(self.addresses.wait_ms(now, origin.address))
    }
}

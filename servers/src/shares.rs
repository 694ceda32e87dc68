//! `Shares`: places that many may have, and nobody too many of.
//!
//! Contract: an address (an IPv6 /64) has so many, and of the last eighth less than an eighth of what is left.
//! A place that is dropped is free.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tinyrealm_core::session::{AddressGroup, PeerAddress, may_take};

/// As the core has it.
pub(crate) fn peer_address(address: IpAddr) -> PeerAddress {
    PeerAddress(match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
        IpAddr::V6(six) => six.octets(),
    })
}

/// The group of addresses that count as this one.
pub(crate) fn group_of(address: IpAddr) -> AddressGroup {
    peer_address(address).group()
}

#[derive(Default)]
struct Held {
    count: usize,
    by_address: HashMap<[u8; 16], usize>,
}

/// See the [module](self).
pub(crate) struct Shares {
    whole: usize,
    of_address: usize,
    held: Mutex<Held>,
}

/// One place, until it is dropped.
pub(crate) struct Place {
    shares: Arc<Shares>,
    key: [u8; 16],
}

impl Shares {
    pub(crate) fn new(whole: u16, of_address: u16) -> Arc<Self> {
        let (whole, of_address) = (whole.into(), of_address.into());
        Arc::new(Self { whole, of_address, held: Mutex::default() })
    }

    /// A place for `address`, if it may have one more.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        self.take_of(address, self.of_address)
    }

    /// A place for somebody who speaks for many.
    pub(crate) fn take_for_many(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        self.take_of(address, self.whole)
    }

    fn take_of(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Place> {
        let key = group_of(address).first().0;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.by_address.get(&key).copied().unwrap_or(0);
        let free = self.whole - held.count;
        let is_granted =
            own < most && free > 0 && (most == self.whole || may_take(own, free, self.whole));
        if !is_granted {
            return None;
        }
        held.count += 1;
        held.by_address.insert(key, own + 1);
        Some(Place { shares: Arc::clone(self), key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shares.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.count -= 1;
        let own = held.by_address.get(&self.key).map_or(0, |own| own - 1);
        match own {
            0 => held.by_address.remove(&self.key),
            own => held.by_address.insert(self.key, own),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_and_leaves_some_to_others() {
        let shares = Shares::new(64, 8);
        let take = |address: &str| shares.take(ip(address));
        let own: Vec<_> = (0..9).map(|_| take("192.0.2.1")).collect();
        assert_eq!(own.iter().flatten().count(), 8);
        let sites: Vec<_> = (0..9).map(|host| take(&format!("2001:db8::{host}"))).collect();
        assert_eq!(sites.iter().flatten().count(), 8, "one household");
        drop(own);
        assert!(take("192.0.2.1").is_some());
        let mut hoards = Vec::new();
        for host in 2..12 {
            hoards.extend((0..8).map_while(|_| take(&format!("192.0.2.{host}"))));
        }
        assert_eq!(hoards.len(), 6 * 8 + 4, "of the last eight, one each");
        assert!(take("198.51.100.1").is_some());
        assert!(shares.take_for_many(ip("10.0.0.1")).is_some());
    }

    #[test]
    fn the_whole_is_the_end_for_everybody() {
        let shares = Shares::new(2, 8);
        let both = [shares.take_for_many(ip("::1")), shares.take_for_many(ip("::1"))];
        assert!(both.iter().all(Option::is_some) && shares.take_for_many(ip("::1")).is_none());
    }
}

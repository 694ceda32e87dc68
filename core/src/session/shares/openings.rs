//! How often connections are opened.

use crate::session::TokenBucket;
use crate::session::address::{AddressGroup, PeerAddress};
use crate::storage::Vacant;
use crate::time::Instant;

use super::NETWORK_SHARES;

/// What some addresses may open.
#[derive(Debug)]
pub struct Opening(TokenBucket);

impl Vacant for Opening {
    const VACANT: Self = Self(TokenBucket::FULL);
}

/// How often one address may open a connection.
#[derive(Copy, Clone, Debug)]
pub struct OpeningRate {
    /// In the long run.
    pub per_second: u16,
    /// At once.
    pub burst: u16,
}

/// The openings of all addresses, in buckets that each has in common with a few others.
///
/// An address has two of them, chosen by random seeds, and may open while either has a token: whoever shares one with
/// somebody who floods has the other. So nothing has to be forgotten to make room, and an allowance outlives
/// the connections that have used it.
#[derive(Debug)]
pub struct Openings<'a> {
    halves: [&'a mut [Opening]; 2],
    seed: u32,
}

impl<'a> Openings<'a> {
    /// Nobody has opened anything. Without any bucket everybody may, always.
    pub fn new(buckets: &'a mut [Opening], seed: u32) -> Self {
        let (first, second) = buckets.split_at_mut(buckets.len() / 2);
        Self { halves: [first, second], seed }
    }

    /// Counts a connection that `address` opens; `false` if it, or its network, opens too many.
    pub fn open(&mut self, address: PeerAddress, rate: OpeningRate, now: Instant) -> bool {
        let group = address.group();
        let of_network = OpeningRate {
            per_second: rate.per_second.saturating_mul(NETWORK_SHARES),
            burst: rate.burst.saturating_mul(NETWORK_SHARES),
        };
        // A network is not its first household.
        let network = group.network().map(|network| (network, self.seed ^ 1));
        network.is_none_or(|(network, seed)| self.take(network, seed, of_network, now))
            && self.take(group, self.seed, rate, now)
    }

    fn take(&mut self, group: AddressGroup, seed: u32, rate: OpeningRate, now: Instant) -> bool {
        let mut is_granted = self.halves.iter().any(|half| half.is_empty());
        for (half, seed) in self.halves.iter_mut().zip([seed, !seed]) {
            let place = (group.hash(seed) as usize).checked_rem(half.len());
            if let Some(bucket) = place.and_then(|place| half.get_mut(place)) {
                is_granted |= bucket.0.take(rate.per_second, rate.burst, now);
            }
        }
        is_granted
    }
}

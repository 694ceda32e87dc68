//! Addresses, and what of them counts as one: the only notion of "the same place" that limits have.
//!
//! An IPv4 address counts whole. Of an IPv6 address the /64 counts, because one household has that many
//! of them; and its /48, because one customer has 65,536 of those.
//!
//! ```
//! use tinyrealm_core::session::PeerAddress;
//! let of = |text: &str| PeerAddress(text.parse::<core::net::Ipv6Addr>().unwrap().octets());
//! let group = of("2001:db8:1:2::3").group();
//! assert_eq!(group, of("2001:db8:1:2:ffff::").group());
//! assert_ne!(group, of("2001:db8:1:3::3").group());
//! assert_eq!(group.network(), of("2001:db8:1:3::3").group().network());
//! assert_eq!(of("::ffff:192.0.2.7").group().network(), None);
//! ```

#[cfg(feature = "shares")]
use crate::storage::hash_u32;

/// A peer's network address, IPv4 as `::ffff:a.b.c.d`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct PeerAddress(pub [u8; 16]);

/// The addresses that count as one; as an address, the first of them.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct AddressGroup(PeerAddress);

impl PeerAddress {
    /// The group that this address is in: itself alone, or its /64.
    pub const fn group(self) -> AddressGroup {
        AddressGroup(match self.0 {
            [_, _, _, _, _, _, _, _, 0, 0, 0xFF, 0xFF, ..] => self,
            [a, b, c, d, e, f, g, h, ..] => Self([a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0]),
        })
    }
}

impl AddressGroup {
    /// No group: all-zero bits.
    #[cfg(any(feature = "shares", feature = "seats"))]
    pub(crate) const VACANT: Self = Self(PeerAddress([0; 16]));

    /// The first address of the group.
    pub const fn first(self) -> PeerAddress {
        self.0
    }

    /// The wider group that this one is in, a /48; an IPv4 address is in none.
    pub const fn network(self) -> Option<Self> {
        match self.0.0 {
            [_, _, _, _, _, _, _, _, 0, 0, 0xFF, 0xFF, ..] => None,
            [a, b, c, d, e, f, ..] => {
                Some(Self(PeerAddress([a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])))
            }
        }
    }

    #[cfg(feature = "shares")]
    pub(super) fn hash(self, seed: u32) -> u32 {
        let (words, _) = self.0.0.as_chunks::<4>();
        words.iter().fold(seed, |hash, word| hash_u32(hash ^ u32::from_le_bytes(*word)))
    }
}

/// As people write it.
impl core::fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let address = core::net::Ipv6Addr::from(self.0);
        match address.to_ipv4_mapped() {
            Some(address) => address.fmt(f),
            None => address.fmt(f),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for PeerAddress {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_people_do() {
        let mapped = PeerAddress(core::net::Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped().octets());
        assert_eq!(std::format!("{mapped}"), "192.0.2.7");
        let six: core::net::Ipv6Addr = "2001:db8::7".parse().unwrap();
        assert_eq!(std::format!("{}", PeerAddress(six.octets())), "2001:db8::7");
    }
}

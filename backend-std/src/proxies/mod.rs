//! Proxies that are believed: who of their clients stands behind a connection.
//!
//! Purpose: behind a proxy everybody has one address, and what is counted by address counts nobody. A proxy
//! says whom it speaks for, by a PROXY header in front of the connection (versions 1 and 2) or by
//! `X-Forwarded-For` or `Forwarded` (RFC 7239) in a request's head. From here on that address is the peer's.
//!
//! Contract: only a peer of a listed network is believed, and of a chain only as far as the proxies in it are
//! listed: the client is the last one who is not. From anybody else a PROXY header is no frame, and what
//! a head says of other addresses means nothing. A listed peer that introduces nobody stands for itself, so
//! servers may share a machine with a proxy. A proxy has to overwrite, extend or remove what its clients
//! send of these; two headers that contradict each other are refused.
//!
//! ```
//! use std::net::IpAddr;
//! use tinyrealm_std::proxies::{TrustedProxies, client_address};
//! let trusted = TrustedProxies::parse(["10.0.0.0/8", "::1"]).unwrap();
//! let [proxy, client]: [IpAddr; 2] = ["10.1.2.3", "192.0.2.7"].map(|text| text.parse().unwrap());
//! let head = [("X-Forwarded-For", &b"203.0.113.9, 192.0.2.7"[..])];
//! assert_eq!(client_address(proxy, &trusted, head), Ok(client));
//! assert_eq!(client_address(client, &trusted, head), Ok(client));
//! ```

mod forwarded;
mod introduction;

pub use forwarded::{Contradiction, client_address};
pub(crate) use introduction::{Introduction, READ_MAX_BYTES, read_introduction};

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// The networks of the proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Networks like `10.0.0.0/8`, and single addresses.
    ///
    /// # Errors
    /// The first text that is neither.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, &'t str> {
        let networks = texts.into_iter().map(|text| {
            let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
            text.parse().ok().or_else(address).ok_or(text)
        });
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether who has this address is believed.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether nobody listens in between us and who has this address: this machine, or a proxy that is believed.
    pub fn is_near(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback() || self.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_network() {
        let trusted = TrustedProxies::parse(["10.0.0.0/31", "2001:db8::/48", "192.0.2.7"]).unwrap();
        for (address, expected) in [
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("::ffff:10.0.0.1", true),
            ("2001:db8:0:ffff::1", true),
            ("2001:db8:1::1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
        ] {
            assert_eq!(trusted.contains(address.parse().unwrap()), expected, "{address}");
        }
        let nobody = TrustedProxies::default();
        for (address, is_near) in
            [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.2", true), ("10.0.0.1", false)]
        {
            let address = address.parse().unwrap();
            assert_eq!((nobody.contains(address), nobody.is_near(address)), (false, is_near));
        }
        assert!(trusted.is_near("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["", "proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert_eq!(TrustedProxies::parse(["::1", wrong]).err(), Some(wrong));
        }
    }
}

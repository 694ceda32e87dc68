//! `Settings`: what a unit may have of its own. What is `None` is as its image has it.

use core::fmt::{self, Debug, Formatter};
use core::net::{Ipv4Addr, SocketAddrV4};
use core::num::NonZero;

use crate::key::{DEMONSTRATION_KEYS, Key};
use crate::wrong::Wrong;

/// A unit's settings, with the names of `device.toml`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings<'s> {
    /// `network.mac`.
    pub mac: Option<[u8; 6]>,
    /// `network.addressing`, with `network.address` and `network.gateway`.
    pub addressing: Option<Addressing>,
    /// `main.address`.
    pub main_address: Option<SocketAddrV4>,
    /// `main.world_key`.
    pub world_key: Option<Key>,
    /// `main.chat_key`.
    pub chat_key: Option<Key>,
    /// `world.world_id`.
    pub world_id: Option<NonZero<u16>>,
    /// `world.region`.
    pub region: Option<&'s str>,
    /// `world.public_address`.
    pub public_address: Option<&'s str>,
    /// `login.address`.
    pub login_address: Option<SocketAddrV4>,
    /// `client.region`.
    pub client_region: Option<&'s str>,
    /// `client.account` with `client.password`, or `client.device_key`.
    pub account: Option<Account<'s>>,
}

/// Where a unit's address comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Addressing {
    /// From the network.
    Dhcp,
    /// From here.
    Static {
        /// The unit's own.
        address: Ipv4Addr,
        /// The bits of its network.
        prefix_bits: u8,
        /// The way out of that.
        gateway: Ipv4Addr,
    },
}

/// Who a client is.
#[derive(Copy, Clone, PartialEq, Eq)]
pub enum Account<'s> {
    /// Whom Login knows.
    Password {
        /// What the account is called.
        id: &'s str,
        /// Its password.
        password: &'s str,
    },
    /// Whom Main knows by this key.
    DeviceKey(Key),
}

impl Debug for Account<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { id, .. } => write!(f, "Password of {id}"),
            Self::DeviceKey(_) => f.write_str("DeviceKey"),
        }
    }
}

/// As long as messages have them.
const REGION_MAX_BYTES: usize = 16;
const PUBLIC_ADDRESS_MAX_BYTES: usize = 64;
const ACCOUNT_MAX_BYTES: usize = 32;
const PASSWORD_MAX_BYTES: usize = 128;

impl Settings<'_> {
    /// Whether a board may have them.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        let holds = |is_right: bool, wrong| if is_right { Ok(()) } else { Err(wrong) };
        let fits = |text: Option<&str>, most, wrong| {
            holds(text.is_none_or(|text| text.len() <= most), wrong)
        };
        holds(self.mac.is_none_or(is_one_device), Wrong::Mac)?;
        self.addressing.map_or(Ok(()), Addressing::check)?;
        holds(self.main_address.is_none_or(is_dialed), Wrong::MainAddress)?;
        holds(self.world_key.is_none_or(is_secret), Wrong::WorldKey)?;
        holds(self.chat_key.is_none_or(is_secret), Wrong::ChatKey)?;
        fits(self.region, REGION_MAX_BYTES, Wrong::Region)?;
        holds(self.public_address.is_none_or(is_public), Wrong::PublicAddress)?;
        holds(self.login_address.is_none_or(is_dialed), Wrong::LoginAddress)?;
        fits(self.client_region, REGION_MAX_BYTES, Wrong::ClientRegion)?;
        match self.account {
            Some(Account::Password { id, password }) => {
                holds((1..=ACCOUNT_MAX_BYTES).contains(&id.len()), Wrong::Account)?;
                holds((1..=PASSWORD_MAX_BYTES).contains(&password.len()), Wrong::Password)
            }
            Some(Account::DeviceKey(_)) | None => Ok(()),
        }
    }
}

impl Addressing {
    fn check(self) -> Result<(), Wrong> {
        let Self::Static { address, prefix_bits, gateway } = self else { return Ok(()) };
        if !is_host(address) || !(1..=32).contains(&prefix_bits) {
            return Err(Wrong::Address);
        }
        let network = |address: Ipv4Addr| address.to_bits() >> (32 - u32::from(prefix_bits));
        let is_near = network(address) == network(gateway);
        if is_near && address != gateway { Ok(()) } else { Err(Wrong::Gateway) }
    }
}

fn is_one_device(mac: [u8; 6]) -> bool {
    mac[0] & 1 == 0 && mac != [0; 6]
}

fn is_host(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_multicast() || address.is_broadcast())
}

fn is_dialed(address: SocketAddrV4) -> bool {
    is_host(*address.ip()) && address.port() > 0
}

fn is_secret(key: Key) -> bool {
    !DEMONSTRATION_KEYS.contains(&key)
}

/// As `device.toml` has it: nothing, a scheme alone, or a host and a port.
fn is_public(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    let is_whole = port.is_some_and(|port| port.parse::<NonZero<u16>>().is_ok());
    text.len() <= PUBLIC_ADDRESS_MAX_BYTES && (matches!(text, "" | "tcp://" | "ws://") || is_whole)
}

//! `Wrong`: a setting that no board may have.

use core::fmt::{self, Display, Formatter};

/// Which setting is wrong.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// `network.mac`
    Mac,
    /// `network.address`
    Address,
    /// `network.gateway`
    Gateway,
    /// `main.address`
    MainAddress,
    /// `main.world_key`
    WorldKey,
    /// `main.chat_key`
    ChatKey,
    /// `world.region`
    Region,
    /// `world.public_address`
    PublicAddress,
    /// `login.address`
    LoginAddress,
    /// `client.region`
    ClientRegion,
    /// `client.account`
    Account,
    /// `client.password`
    Password,
}

impl Wrong {
    /// All of them, in the order of their numbers on the line.
    pub(crate) const ALL: [Self; 12] = [
        Self::Mac,
        Self::Address,
        Self::Gateway,
        Self::MainAddress,
        Self::WorldKey,
        Self::ChatKey,
        Self::Region,
        Self::PublicAddress,
        Self::LoginAddress,
        Self::ClientRegion,
        Self::Account,
        Self::Password,
    ];

    /// Where it stands in `device.toml`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mac => "network.mac",
            Self::Address => "network.address",
            Self::Gateway => "network.gateway",
            Self::MainAddress => "main.address",
            Self::WorldKey => "main.world_key",
            Self::ChatKey => "main.chat_key",
            Self::Region => "world.region",
            Self::PublicAddress => "world.public_address",
            Self::LoginAddress => "login.address",
            Self::ClientRegion => "client.region",
            Self::Account => "client.account",
            Self::Password => "client.password",
        }
    }
}

impl core::error::Error for Wrong {}

impl Display for Wrong {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mac => "is the address of a group, or none: its first byte is even, like 02:00:00:00:71:01",
            Self::Address => "is no device's address: like 192.168.1.3/24",
            Self::Gateway => "is not another device of the address's network",
            Self::MainAddress | Self::LoginAddress => {
                "is nowhere: an IPv4 address and a port, like 192.168.1.2:7000"
            }
            Self::WorldKey | Self::ChatKey => {
                "is of the demonstration's secret, which everyone knows: put what `tinyrealm key` prints for your realm"
            }
            Self::Region | Self::ClientRegion => "has more than 16 bytes",
            Self::PublicAddress => {
                "is neither empty, nor tcp:// or ws://, nor what clients dial, like 192.168.1.3:7100, in up to 64 bytes"
            }
            Self::Account => "is empty, or has more than 32 bytes",
            Self::Password => "is empty, or has more than 128 bytes",
        })
    }
}

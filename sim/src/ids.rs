//! Who is who in a simulated realm: hosts, and the two sides of a connection.

use tinyrealm_core::session::PeerAddress;

/// Worlds of a simulated realm.
pub(crate) const WORLDS: usize = 2;

/// One machine: Main, a world, or a visitor's. A visitor's number is never used again; Main and the
/// worlds keep theirs when they restart.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct HostId(pub(crate) u16);

/// What a host is for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Main,
    World(usize),
    Visitor(usize),
}

impl HostId {
    pub(crate) const MAIN: Self = Self(0);

    pub(crate) const fn world(number: usize) -> Self {
        Self(1 + number as u16)
    }

    pub(crate) const fn visitor(number: usize) -> Self {
        Self((1 + WORLDS + number) as u16)
    }

    pub(crate) const fn role(self) -> Role {
        match self.0 as usize {
            0 => Role::Main,
            number if number <= WORLDS => Role::World(number - 1),
            number => Role::Visitor(number - 1 - WORLDS),
        }
    }

    pub(crate) const fn is_visitor(self) -> bool {
        matches!(self.role(), Role::Visitor(_))
    }

    /// Where it is found, as `host:port`.
    pub(crate) fn address(self) -> String {
        format!("host-{}:7000", self.0)
    }

    pub(crate) fn at_address(address: &str) -> Option<Self> {
        address.strip_prefix("host-")?.strip_suffix(":7000")?.parse().ok().map(Self)
    }

    /// The address that its peers see: an IPv4 of its own.
    pub(crate) const fn peer_address(self) -> PeerAddress {
        let [high, low] = self.0.to_be_bytes();
        PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, high, low])
    }
}

/// Names one connection for the whole simulation.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ConnectionId(pub(crate) u32);

/// One of the two ends of a connection.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Side {
    Dialer = 0,
    Acceptor = 1,
}

impl Side {
    pub(crate) const fn peer(self) -> Self {
        match self {
            Self::Dialer => Self::Acceptor,
            Self::Acceptor => Self::Dialer,
        }
    }
}

//! Who is who in a simulated realm: hosts, and the two sides of a connection.

use tinyrealm_core::session::PeerAddress;

/// The most Mains of a simulated realm.
pub(crate) const MAINS: usize = 3;
/// Worlds of a simulated realm.
pub(crate) const WORLDS: usize = 4;
/// Mains, worlds, Login and the chat server.
pub(crate) const SERVERS: usize = MAINS + WORLDS + 2;

/// Addresses that visitors come from: each is that of many.
const HOUSEHOLDS: usize = 10;
/// The first visitors, who are there to take what they can get,
pub(crate) const HOARDERS: usize = 4;
/// and the addresses that they come from.
pub(crate) const HOARDS: usize = 2;

/// One machine: a server's, or a visitor's. A visitor's number is never used again; servers keep
/// theirs when they restart.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct HostId(pub(crate) u16);

/// What a host is for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Main(usize),
    World(usize),
    Login,
    Chat,
    Visitor(usize),
}

impl HostId {
    pub(crate) const LOGIN: Self = Self((MAINS + WORLDS) as u16);
    pub(crate) const CHAT: Self = Self((MAINS + WORLDS + 1) as u16);

    pub(crate) const fn main(number: usize) -> Self {
        Self(number as u16)
    }

    pub(crate) const fn world(number: usize) -> Self {
        Self((MAINS + number) as u16)
    }

    pub(crate) const fn visitor(number: usize) -> Self {
        Self((SERVERS + number) as u16)
    }

    /// Every server that there may be, in the order of their numbers.
    pub(crate) fn servers() -> impl Iterator<Item = Self> {
        (0..SERVERS as u16).map(Self)
    }

    pub(crate) const fn role(self) -> Role {
        match self.0 as usize {
            number if number < MAINS => Role::Main(number),
            number if number < MAINS + WORLDS => Role::World(number - MAINS),
            number if number == MAINS + WORLDS => Role::Login,
            number if number < SERVERS => Role::Chat,
            number => Role::Visitor(number - SERVERS),
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

    /// The address that its peers see: a server's own, or that of a visitor's household. Half of the
    /// households have an IPv4 in common, the others are a /64 each of one /48.
    pub(crate) const fn peer_address(self) -> PeerAddress {
        let [high, low] = self.0.to_be_bytes();
        match self.role() {
            Role::Visitor(number) if number < HOARDERS => v4([10, 2, 0, (number % HOARDS) as u8]),
            Role::Visitor(number) => match (number % HOUSEHOLDS) as u8 {
                home if (home as usize) < HOUSEHOLDS / 2 => v4([10, 1, 0, home]),
                home => {
                    PeerAddress([0x20, 1, 0x0D, 0xB8, 0, 0, 0, home, 0, 0, 0, 0, 0, 0, high, low])
                }
            },
            _ => v4([10, 0, high, low]),
        }
    }
}

const fn v4([a, b, c, d]: [u8; 4]) -> PeerAddress {
    PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d])
}

/// The regions of worlds: each Main has worlds of each.
pub(crate) const REGIONS: [&str; 2] = ["left", "right"];

/// The region of a world.
pub(crate) const fn region_of(world: usize) -> &'static str {
    REGIONS[world / (WORLDS / REGIONS.len())]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_one_number() {
        let roles: Vec<Role> = HostId::servers().map(HostId::role).collect();
        let mains = (0..MAINS).map(|main| (HostId::main(main), Role::Main(main)));
        let worlds = (0..WORLDS).map(|world| (HostId::world(world), Role::World(world)));
        let others = [(HostId::LOGIN, Role::Login), (HostId::CHAT, Role::Chat)];
        let expected: Vec<(HostId, Role)> = mains.chain(worlds).chain(others).collect();
        assert_eq!(roles, expected.iter().map(|(_, role)| *role).collect::<Vec<_>>());
        assert!(expected.iter().all(|(id, role)| id.role() == *role && !id.is_visitor()));
        assert_eq!(HostId::visitor(3).role(), Role::Visitor(3));
        assert_eq!(HostId::at_address(&HostId::CHAT.address()), Some(HostId::CHAT));
    }
}
